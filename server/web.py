"""What a browser enforces, and what we must check so that it can: hosts, origins, cookies, headers, body sizes."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from server.problems import Problem, close_with, refuse

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

JSON_BODY = 1 << 20
"""Bytes of a body that a route reads whole."""

BODY_PATIENCE = 30.0
"""Seconds for a body that a route reads whole, and for each piece of a larger one."""

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\s]+)(:\d+)?")


@dataclass(frozen=True)
class WebAddress:
    """Under which names and which port browsers know this server."""

    port: int
    """That we listen on."""
    public_url: str | None = None
    """An origin such as ``https://write.example.org``, when it differs from where we listen."""
    allowed_hosts: Iterable[str] = field(default=())

    @cached_property
    def _names(self) -> frozenset[str]:
        machine = socket.gethostname().lower()
        public = urlsplit(self.public_url).hostname if self.public_url else None
        return frozenset({"localhost", machine, f"{machine}.local", *self.allowed_hosts, *filter(None, [public])})

    def allows_host(self, host: str) -> bool:
        """Whether a ``Host`` header names us.

        A page of evil.example whose name suddenly resolves to 127.0.0.1 (DNS rebinding) is same-origin with us, but
        still sends its own name here. An address in place of a name cannot be rebound.
        """
        match = _HOST.fullmatch(host.strip())
        if match is None:
            return False
        name = match[1].lower().strip("[]")
        try:
            ip_address(name)
        except ValueError:
            return name in self._names or name.endswith(".localhost")
        return True

    def base_url(self, connection: HTTPConnection) -> str:
        """Where the person behind ``connection`` reaches us, for links that are handed to other people."""
        return self.public_url or f"{_http_scheme(connection)}://{connection.headers.get('host', '')}"

    def is_own_origin(self, connection: HTTPConnection, origin: str) -> bool:
        return origin in {self.public_url, f"{_http_scheme(connection)}://{connection.headers.get('host', '')}"}

    @property
    def cookie_name(self) -> str:
        """Cookies ignore ports, so two servers on one machine would sign each other's people out.

        Behind one public address it is that address' port: its processes, each on its own, must know the same cookie.
        """
        return f"scriptorium_{_port_of(self.public_url) if self.public_url else self.port}"

    def is_secure(self, connection: HTTPConnection) -> bool:
        host = connection.headers.get("host", "")
        return _http_scheme(connection) == "https" or self.public_url == f"https://{host}"

    def set_session(self, connection: HTTPConnection, response: Response, token: str, *, days: int) -> None:
        response.set_cookie(
            self.cookie_name,
            token,
            max_age=days * 86400,
            httponly=True,
            samesite="lax",
            secure=self.is_secure(connection),
            path="/",
        )

    def clear_session(self, connection: HTTPConnection, response: Response) -> None:
        response.delete_cookie(
            self.cookie_name, path="/", httponly=True, samesite="lax", secure=self.is_secure(connection)
        )


def _port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _http_scheme(connection: HTTPConnection) -> str:
    return {"ws": "http", "wss": "https"}.get(connection.url.scheme, connection.url.scheme)


CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        # CodeMirror and the dialogs set styles at run time; a style cannot run code or reach another host here.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self'",
        "worker-src 'self'",
        # The page that draws diagrams, which is sandboxed.
        "frame-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer that does not say otherwise."""


class FrontDoor:
    """Middleware: turns away requests that are not addressed to us, and puts security headers on every answer."""

    def __init__(self, app: ASGIApp, address: WebAddress) -> None:
        self._app = app
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        problem = self._objection(scope)
        is_http = scope["type"] == "http"
        if problem is None:
            # A socket has no headers to add to, and each of its frames would pass through here.
            await self._app(scope, receive, send_with_headers if is_http else send)
        elif is_http:
            await refuse(send_with_headers, problem)
        else:
            await close_with(WebSocket(scope, receive, send), problem)

    def _objection(self, scope: Scope) -> Problem | None:
        connection = HTTPConnection(scope)
        host = connection.headers.get("host", "")
        if not self._address.allows_host(host):
            return Problem(
                421, f"This server does not answer to the name {host!r}. SCRIPTORIUM_ALLOWED_HOSTS can allow it."
            )
        try:
            path = unquote_to_bytes(scope["raw_path"]).decode()
        except UnicodeDecodeError:
            return Problem(422, "The address is not valid UTF-8.")
        if _CONTROL.search(path):
            return Problem(422, "The address holds a control character.")
        return None


class BodyLimit:
    """Middleware: no route reads more than `JSON_BODY`, unless it asks with `read_body`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[_BODY_LIMIT] = JSON_BODY
        received = 0
        complete = False
        clock = asyncio.get_running_loop().time
        began = clock()

        async def receive_within() -> Message:
            nonlocal received, complete
            _check_announced(scope)
            if complete:  # what comes now is the end of the connection, whenever that is
                return await receive()
            try:
                async with asyncio.timeout_at((began if scope[_BODY_LIMIT] == JSON_BODY else clock()) + BODY_PATIENCE):
                    message = await receive()
            except TimeoutError:
                raise Problem(408, "The body did not arrive in time.") from None
            complete = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > scope[_BODY_LIMIT]:
                raise _too_large(scope[_BODY_LIMIT])
            return message

        await self._app(scope, receive_within, send)


_BODY_LIMIT = "scriptorium.body_limit"


async def read_body(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body in pieces as they arrive; Problem 413 when it is larger than ``limit`` bytes."""
    request.scope[_BODY_LIMIT] = limit
    async for chunk in request.stream():
        yield chunk


def _check_announced(scope: Scope) -> None:
    announced = Request(scope).headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > scope[_BODY_LIMIT]:
        raise _too_large(scope[_BODY_LIMIT])


def _too_large(limit: int) -> Problem:
    return Problem(413, f"The body is larger than the {limit} bytes that this address takes.", limit=limit)
