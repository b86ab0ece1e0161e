"""What routes read as JSON holds nothing that cannot be written down anywhere."""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from server.problems import Problem

_HALF = re.compile(r"\\u[dD](?:[89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..\\u[dD])[c-fC-F])")
"""The escape of one half of a surrogate pair without the other."""

MOST = 2**53 - 1
"""The largest number that every reader of JSON takes for itself (RFC 8259, section 6), and MongoDB has room for."""


class Route(APIRoute):
    """Answers 422 to JSON with half of a surrogate pair: JSON can spell one, but no encoding can store it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_whole(request: Request) -> Response:
            return await handle(_WholeCharacters(request.scope, request.receive))

        return handle_whole


class _WholeCharacters(Request):
    async def json(self) -> Any:
        value = await super().json()
        if _holds_half(await self.body()):
            raise Problem(422, "The body holds half of a surrogate pair, which is no character.")
        return value


def _holds_half(body: bytes) -> bool:
    """``body`` is valid JSON, perhaps with halves: written as escapes, or encoded like whole characters."""
    try:
        text = body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        return True
    # Without the backslashes that stand for themselves, each one begins an escape.
    return _HALF.search(text.replace("\\\\", "__")) is not None
