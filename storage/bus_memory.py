"""The bus inside one process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from storage.bus import Receiver, Unsubscribe

log = structlog.get_logger(__name__)


class MemoryBus:
    """A `Bus` that is always connected and loses nothing."""

    spans_processes = False
    connected = True
    dropped = 0

    def __init__(self) -> None:
        self._receivers: dict[str, list[Receiver]] = {}

    def publish(self, channel: str, payload: bytes) -> None:
        loop = asyncio.get_running_loop()
        for receive in self._receivers.get(channel, ()):
            # Never inside the publisher's own call: over Redis a receiver runs later too, and code that is written
            # against a re-entrant bus breaks there.
            loop.call_soon(deliver, receive, channel, payload)

    def has_others(self, channel: str) -> bool:
        return len(self._receivers.get(channel, ())) > 1

    async def subscribe(self, channel: str, receive: Receiver) -> Unsubscribe:
        self._receivers.setdefault(channel, []).append(receive)

        async def unsubscribe() -> None:
            receivers = self._receivers.get(channel, [])
            if receive in receivers:
                receivers.remove(receive)
            if not receivers:
                self._receivers.pop(channel, None)

        return unsubscribe

    async def ping(self) -> None:
        """There is nobody to ask."""

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Never called: there is no outage."""

    async def close(self) -> None:
        self._receivers.clear()


def deliver(receive: Receiver, channel: str, payload: bytes) -> None:
    """Hands one message over; a receiver's fault stays its own, a panic of a native library among them."""
    try:
        receive(payload)
    except (KeyboardInterrupt, SystemExit, asyncio.CancelledError):
        raise
    except BaseException:
        log.exception("a receiver failed", channel=channel)
