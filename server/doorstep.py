"""Connections that have not asked for anything yet: how many of one address, and for how long.

uvicorn waits for ever for the first line of a request, so anybody could hold as many connections open as the machine
has room for, without ever signing in (and slowly sent header lines do the same).
"""

import asyncio
from collections import defaultdict
from typing import Any, Protocol

from uvicorn.protocols.http.auto import AutoHTTPProtocol

PATIENCE = 10.0
"""Seconds within which the head of a request must be complete."""

SILENT = 1.0
"""Seconds after which a connection counts as silent: after a restart hundreds come back in one moment, each is accepted
before the first is read, and none of them is to be sent away for that."""


class Silent(Protocol):
    """A connection that waits at the doorstep."""

    def send_away(self) -> None: ...


class Doorstep:
    """Apart from any socket. Of too many silent connections of an address the oldest goes, not the newest: browsers
    open some in advance, and do not mind losing them."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._silent: defaultdict[str, dict[Silent, None]] = defaultdict(dict)

    @property
    def addresses(self) -> int:
        """How many addresses have somebody here."""
        return len(self._silent)

    def arrive(self, address: str, connection: Silent) -> None:
        silent = self._silent[address]
        silent[connection] = None
        if len(silent) > self._places:
            oldest = next(iter(silent))
            del silent[oldest]
            oldest.send_away()

    def leave(self, address: str, connection: Silent) -> None:
        """It has asked for something, or gone. May be called again and again."""
        if (silent := self._silent.get(address)) is not None:
            silent.pop(connection, None)
            if not silent:
                del self._silent[address]


class HttpProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # which of two is chosen by what is installed
    def __init__(self, *args: Any, doorstep: Doorstep, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._doorstep = doorstep
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline = self.loop.call_later(SILENT, self._arrive)

    def connection_lost(self, exc: Exception | None) -> None:
        self._answered()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._answered()
        elif self._deadline is None and self.transport.get_protocol() is self:
            self._expect_head()  # the next request on a connection that is kept open

    def handle_websocket_upgrade(self, *args: Any) -> None:
        self._answered()
        super().handle_websocket_upgrade(*args)

    def send_away(self) -> None:
        self.transport.close()

    def _arrive(self) -> None:
        self._doorstep.arrive(self._address, self)
        self._deadline = self.loop.call_later(PATIENCE - SILENT, self.send_away)

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(PATIENCE, self.send_away)

    def _answered(self) -> None:
        self._doorstep.leave(self._address, self)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
