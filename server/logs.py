"""Structured logs: JSON lines, or colours when a person watches. Never a token, a query string or anybody's text."""

import logging
import sys
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.metrics import Metrics

log = structlog.get_logger("server.access")

_SECRET_PARAMETERS = {"code"}


def configure() -> None:
    """Send our logs and those of the libraries to stderr, the same way."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    watched = sys.stderr.isatty()
    renderer: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if watched
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries speak up from warnings on. uvicorn's own lines of information would hold sockets' query strings.
    root.setLevel(logging.WARNING)
    for ours in ("server", "ai", "collab", "storage"):
        logging.getLogger(ours).setLevel(logging.INFO)


class AccessLog:
    """Middleware: one line and one count per answered request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.request(scope["method"], route, status, seconds)
            log.info("request", method=scope["method"], path=_path(scope), status=status, ms=round(seconds * 1000, 1))


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    for name in _SECRET_PARAMETERS & scope.get("path_params", {}).keys():
        path = path.replace(scope["path_params"][name], "…")
    return path
