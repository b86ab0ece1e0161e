"""What routes read as JSON holds nothing that cannot be written down anywhere, and is read in a few milliseconds."""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from server.problems import Problem, refuse_body

_HALF = re.compile(r"\\u[dD](?:[89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..\\u[dD])[c-fC-F])")
"""The escape of one half of a surrogate pair without the other."""

MOST = 2**53 - 1
"""The largest number that every reader of JSON takes for itself (RFC 8259, section 6), and MongoDB has room for."""

MOST_VALUES = 1 << 15
"""Of a body: a decision on 10,000 hunks has three for each. Reading one takes a microsecond, of 1 MiB of empty lists a
third of a second in all, and nobody else gets a turn."""

SEVERAL = 1_000
"""Values of a body from which not all that is wrong with them is told: that takes ten times as long as finding it."""

TOLD = 20


class Route(APIRoute):
    """Answers 413 to JSON with more than `MOST_VALUES`, and 422 to JSON with half of a surrogate pair: JSON can spell
    one, but no encoding can store it.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        field = self.body_field
        shape: TypeAdapter[Any] | None = (
            TypeAdapter(cast(Any, field.field_info.annotation)) if field is not None else None
        )

        async def handle_whole(request: Request) -> Response:
            return await handle(_Bounded(request.scope, request.receive, shape))

        return handle_whole


class _Bounded(Request):
    def __init__(self, scope: Scope, receive: Receive, shape: TypeAdapter[Any] | None) -> None:
        super().__init__(scope, receive)
        self._shape = shape

    async def json(self) -> Any:
        """What the body says; of one with very many values what its route takes, which then is not looked at again."""
        body = await self.body()
        try:
            text = body.decode(json.detect_encoding(body), "surrogatepass")
        except UnicodeDecodeError as error:
            raise _no_json(error) from None
        # Without the backslashes that stand for themselves, each one begins an escape.
        plain = text.replace("\\\\", "__")
        count = _values(plain)
        if count > MOST_VALUES:
            raise Problem(413, f"The body holds more than {MOST_VALUES} values.")
        try:
            value = json.loads(text)
        except (RecursionError, ValueError) as error:  # too deep, or a number of very many digits
            raise _no_json(error) from None
        if _holds_half(plain):
            raise Problem(422, "The body holds half of a surrogate pair, which is no character.")
        return value if count < SEVERAL or self._shape is None else self._shaped(value, self._shape)

    def _shaped(self, value: Any, shape: TypeAdapter[Any]) -> Any:
        try:
            return shape.validate_python(value)
        except ValidationError as error:
            if error.error_count() <= TOLD:
                return value
            refuse_body(self.scope, f"The body is wrong in {error.error_count()} places.")
            return 0  # what no route takes, so that it is refused when all else of the request has been looked at


def _no_json(error: Exception) -> json.JSONDecodeError:
    return json.JSONDecodeError(str(error), "", 0)


def _values(plain: str) -> int:
    """How many values a JSON text has at most, counting the keys of an object as none.

    ``plain``: without escaped backslashes.
    """
    unescaped = plain.replace('\\"', "__")
    if unescaped.count('"') > 4 * MOST_VALUES:  # each value is a string, and so is its key
        return MOST_VALUES + 1
    between = "".join(unescaped.split('"')[::2])
    return 1 + between.count(",") + between.count("[") + between.count("{")


def _holds_half(plain: str) -> bool:
    """Whether a JSON text holds halves: written as escapes, or encoded like whole characters.

    ``plain``: without escaped backslashes.
    """
    try:
        plain.encode()
    except UnicodeEncodeError:
        return True
    return _HALF.search(plain) is not None
