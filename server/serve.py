"""One server process, from its first log line to its last."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import structlog
import uvicorn

from server import local
from server.app import create_app, open_services
from server.collecting import collect_regularly
from server.commands.failure import CommandFailed
from server.core import running
from server.doorstep import Doorstep, HttpProtocol
from server.first_start import ensure_owner
from server.protocol import SocketProtocol
from server.settings import Settings, warn_of_unknown

log = structlog.get_logger(__name__)

GRACE = 10
"""Seconds that requests have to end by themselves when the server stops."""


def bind(host: str, port: int) -> socket.socket:
    """A socket on ``host`` and ``port`` (0: any free one). Raises CommandFailed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CommandFailed(
            f"Cannot listen on {host} port {port}: {error.strerror}. Choose another with --port."
        ) from None
    return listener


async def serve(
    settings: Settings, listener: socket.socket, *, proxy_headers: bool, ready: Callable[[str], None]
) -> None:
    """Serve on ``listener`` until SIGINT or SIGTERM. ``ready`` gets the owner's sign-in link once all is up.

    At the end: sockets are closed with 1012, requests end, then `open_services` makes all durable. A second signal
    does not wait for requests.
    """
    warn_of_unknown(os.environ)
    host, port = listener.getsockname()[:2]
    async with open_services(settings, port=port) as services, running(collect_regularly()):
        server = _Server(
            uvicorn.Config(
                create_app(services),
                loop="none",  # it runs already
                lifespan="off",
                http=partial(HttpProtocol, doorstep=Doorstep(settings.limits.unanswered_connections)),  # type: ignore[arg-type]
                ws=SocketProtocol,
                ws_max_size=settings.limits.frame,
                ws_per_message_deflate=False,
                proxy_headers=proxy_headers,
                server_header=False,
                access_log=False,
                log_config=None,
                timeout_graceful_shutdown=GRACE,
            )
        )
        url = settings.public_url or _url(host, port)
        owner = await ensure_owner(services)
        await local.keep_token(settings.data_dir, services.identity, owner)
        link = f"{url}/#signin={await services.identity.links.create(owner.id)}"

        def started() -> None:
            local.write_server(settings.data_dir, _url(host, port))
            log.info("serving", url=url)
            ready(link)

        server.on_started = started
        try:
            await server.serve(sockets=[listener])
        finally:
            local.forget_server(settings.data_dir)
    log.info("stopped")


def _url(host: str, port: int) -> str:
    """Where this machine itself reaches the server."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


class _Server(uvicorn.Server):
    on_started: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but it does not raise the signal anew at the end: that would kill us before we have saved."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            # A third one, while all is made durable, ends the process at once.
            for number in signals:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
