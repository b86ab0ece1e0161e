"""Which parts of the outside world answer, and since when one does not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog

from collab.rooms.rooms import Rooms
from storage import Storage

log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds within which a part must answer."""

INTERVAL = 5.0
"""Seconds between two looks when nobody asks, so that the beginning of an outage is known when somebody does."""

NEEDED = ("database", "object_store", "log")
"""Parts that keep people's work. Without the bus everything is later, and nothing is lost."""


class Health:
    def __init__(self, storage: Storage, rooms: Rooms) -> None:
        self._storage = storage
        self._rooms = rooms
        self.since: dict[str, datetime] = {}
        """When each part that is away now was first found so."""

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(INTERVAL)

    async def look(self) -> dict[str, str]:
        """Each part's name: "ok", or what is the matter. Takes `PATIENCE` at most."""
        storage = self._storage
        database, objects, bus = await asyncio.gather(
            self._ask("database", lambda: storage.db.command("ping")),
            self._ask("object_store", storage.objects.ping),
            self._ask("bus", storage.bus.ping),
        )
        parts = {
            "database": database,
            "object_store": objects,
            "log": "edits wait in memory to be written" if self._rooms.log_away else "ok",
            "bus": bus,
        }
        if not storage.bus.connected:  # it may answer by now, and what others say does not arrive yet
            parts["bus"] = "not connected"
        if parts["bus"] != "ok":
            parts["bus"] += ": changes reach other processes late"
        for name, state in parts.items():
            if state == "ok":
                if (since := self.since.pop(name, None)) is not None:
                    log.info("a part is back", part=name, since=since.isoformat())
            elif name not in self.since:
                self.since[name] = datetime.now(UTC)
                log.warning("a part is away", part=name, state=state)
        return parts

    async def _ask(self, name: str, ping: Callable[[], Awaitable[object]]) -> str:
        try:
            await asyncio.wait_for(ping(), PATIENCE)
        except Exception as error:  # whatever it is: a part that cannot be asked is away, and the log says why, once
            if name not in self.since:
                log.warning("no answer", part=name, error=str(error) or type(error).__name__)
            return "does not answer"
        return "ok"
