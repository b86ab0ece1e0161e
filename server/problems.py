"""Errors as RFC 9457 problem documents on HTTP, and as close codes on sockets.

A route or a rule raises `Problem`; how it reaches the caller depends on what the caller has open. The stock
y-websocket client gives up for good on 4400-4499 and comes back after anything else, so the two kinds of errors on
sockets differ in what the other side should do, not in how bad they are.
"""

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from obstore.exceptions import BaseError as ObjectStoreError
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Match, Route
from starlette.types import Message, Scope
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from uvicorn.protocols.utils import ClientDisconnected

from collab.commenting.comments import TextChanged, ThreadNotFound
from collab.commenting.threads import CannotComment, MessageNotFound, NotYours
from collab.durable.snapshots import ContentLost, DocumentGone, DocumentNotFound
from collab.files.archive import InvalidArchive
from collab.files.files import FileNotFound, FileTooLarge, InvalidPath, PathConflict
from collab.history.versions import VersionNotFound
from collab.refusals import DocumentTooLarge, Overloaded, RoomClosed, RoomRebuilding
from collab.searching.finding import InvalidQuery
from collab.searching.replacing import TextNotFound
from collab.tree.trash import NotInTrash
from collab.yjs.offsets import OffsetInsideSurrogatePair, OffsetOutsideText
from server.webhooks.webhooks import TooManyWebhooks, WebhookNotFound
from storage.leases import LeaseUnavailable

log = structlog.get_logger(__name__)

NOT_SIGNED_IN = 4401
NOT_ALLOWED = 4403
NOT_FOUND = 4404
GONE = 4410
TOO_LARGE = 4413
TOO_SLOW = 4508
TOO_FAST = 4529
MALFORMED = 1007
RESTARTING = 1012
TRY_AGAIN = 1013
FAILED = 1011

_CLOSE_CODES = {401: NOT_SIGNED_IN, 403: NOT_ALLOWED, 404: NOT_FOUND, 410: GONE, 413: TOO_LARGE, 429: TOO_FAST}

STORAGE_AWAY = "Storage does not answer. Try again in a moment."

_STATUS: dict[type[Exception], tuple[int, str | None]] = {
    InvalidPath: (422, None),
    FileNotFound: (404, None),
    PathConflict: (409, None),
    NotInTrash: (404, None),
    OffsetInsideSurrogatePair: (422, "A position lies inside a surrogate pair; positions are UTF-16 code units."),
    OffsetOutsideText: (422, "A position lies outside the text; positions are UTF-16 code units."),
    CannotComment: (422, None),
    TextChanged: (409, None),
    ThreadNotFound: (404, None),
    MessageNotFound: (404, None),
    NotYours: (403, None),
    InvalidQuery: (422, None),
    TextNotFound: (404, None),
    FileTooLarge: (413, None),
    InvalidArchive: (422, None),
    DocumentNotFound: (404, "There is no such document in this workspace."),
    DocumentGone: (410, "This document is gone."),
    WebhookNotFound: (404, "There is no such webhook in this workspace."),
    TooManyWebhooks: (409, "A workspace can have 20 webhooks."),
    VersionNotFound: (404, "This file has no such version."),
    ContentLost: (500, "The object store has lost the content of this document. Restore it from a backup."),
    RoomClosed: (503, "This document is being closed. Try again in a moment."),
    RoomRebuilding: (503, "This document is being read anew. Try again in a moment."),
    DocumentTooLarge: (413, "The document would become larger than a text document may be."),
    Overloaded: (503, "The database is away, and the memory for edits that wait for it is full."),
    LeaseUnavailable: (503, "Somebody else is changing the files. Try again in a moment."),
}
"""What the rooms below raise, and the sentence where theirs is not for people."""


class Problem(HTTPException):
    """An error that the caller can act on: ``detail`` is a sentence for a person, ``members`` are for programs."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> None:
        super().__init__(status, detail, headers)
        self.members = members

    @property
    def close_code(self) -> int:
        """What a socket is closed with for it."""
        if self.status_code in _CLOSE_CODES:
            return _CLOSE_CODES[self.status_code]
        return 4400 if self.status_code < 500 else TRY_AGAIN


def problem_response(problem: Problem) -> JSONResponse:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status_code).phrase,
        "status": problem.status_code,
        "detail": problem.detail,
        **problem.members,
    }
    return JSONResponse(body, problem.status_code, problem.headers, media_type="application/problem+json")


async def close_with(socket: WebSocket, problem: Problem) -> None:
    """Close ``socket`` for ``problem``, accepting it first: a refused handshake reaches a browser as a bare 1006."""
    if socket.application_state is WebSocketState.CONNECTING:
        await socket.accept()
    if socket.application_state is WebSocketState.CONNECTED:
        await socket.close(problem.close_code, close_reason(problem.detail))


def close_reason(sentence: str) -> str:
    """``sentence`` cut to the 123 bytes that a close frame has room for."""
    return sentence.encode()[:123].decode(errors="ignore")


def install(app: FastAPI) -> None:
    """Let every error of ``app`` leave as a problem."""
    handlers: dict[type[Exception], Any] = {
        HTTPException: _http_error,
        RequestValidationError: _invalid,
        WebSocketRequestValidationError: _invalid,
        **dict.fromkeys((PyMongoError, ObjectStoreError, OSError), _storage_error),
        ClientDisconnected: _gone,
        **dict.fromkeys(_STATUS, _refused),
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _deliver(connection: Request | WebSocket, problem: Problem) -> JSONResponse | None:
    if isinstance(connection, WebSocket):
        with suppress(ClientDisconnected, WebSocketDisconnect):
            await close_with(connection, problem)
        return None
    return problem_response(problem)


async def _gone(connection: Request | WebSocket, error: Exception) -> None:
    """The other side left while its socket was being accepted. An OSError to uvicorn, but no fault of any storage."""


async def _http_error(connection: Request | WebSocket, error: Exception) -> JSONResponse | None:
    if isinstance(error, Problem):
        return await _deliver(connection, error)
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else {}
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods_of(connection)))
    detail = {404: "There is nothing at this address.", 405: "This address does not answer to that method."}
    return await _deliver(
        connection,
        Problem(
            error.status_code,
            detail.get(error.status_code, str(error.detail)),
            headers=headers,
        ),
    )


def _methods_of(connection: Request | WebSocket) -> set[str]:
    """All that this address answers to. Each method has a route of its own, and the first of them raises the error."""
    routes = [route for route in connection.app.routes if isinstance(route, Route)]
    return {m for route in routes if route.matches(connection.scope)[0] is not Match.NONE for m in route.methods or ()}


async def _invalid(connection: Request | WebSocket, error: Exception) -> JSONResponse | None:
    assert isinstance(error, RequestValidationError | WebSocketRequestValidationError)
    errors = error.errors()
    if any(error["type"] == "json_invalid" for error in errors):
        return await _deliver(connection, Problem(400, "The body is not valid JSON."))
    if (refused := connection.scope.get(_BODY_REFUSED)) is not None:
        return await _deliver(connection, Problem(422, refused))
    # What was sent is not sent back: it may hold a secret, and a browser console is no place for one.
    found = [{"in": str(e["loc"][0]), "pointer": _pointer(e["loc"][1:]), "detail": e["msg"]} for e in errors]
    where = "; ".join(f"{f['in']}{f['pointer']}: {f['detail']}" for f in found)
    sentence = f"The request is not what this address takes ({where})."
    return await _deliver(connection, Problem(422, sentence, errors=found))


_BODY_REFUSED = "scriptorium.body_refused"


def refuse_body(scope: Scope, sentence: str) -> None:
    """Say that of the body, should the request be refused for it."""
    scope[_BODY_REFUSED] = sentence


def _pointer(location: Sequence[str | int]) -> str:
    """An RFC 6901 JSON pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)


REFUSALS = tuple(_STATUS)
"""What is refused with a sentence for people."""


def refusal(error: Exception) -> Problem:
    """What to say of one of `REFUSALS`."""
    status, sentence = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    return Problem(status, sentence or str(error))


async def _refused(connection: Request | WebSocket, error: Exception) -> JSONResponse | None:
    return await _deliver(connection, refusal(error))


async def _storage_error(connection: Request | WebSocket, error: Exception) -> JSONResponse | None:
    log.error("storage failed", error=str(error))
    return await _deliver(connection, Problem(503, STORAGE_AWAY, headers={"Retry-After": "2"}))


async def _unexpected(connection: Request | WebSocket, error: Exception) -> JSONResponse | None:
    return await _deliver(connection, Problem(500, "Something went wrong here. The server's log has the details."))


async def refuse(send: Any, problem: Problem) -> None:
    """Answer an HTTP request with ``problem`` below any framework, for middleware."""
    response = problem_response(problem)
    start: Message = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    await send(start)
    await send({"type": "http.response.body", "body": response.body})
