"""What a process does so that its open rooms do not stay behind: it repeats its numbers, and looks for what the bus may
have lost, and for documents that are gone.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

from pymongo.errors import PyMongoError

from collab.rooms.room import Room
from storage import Storage

HEARTBEAT = 2.0
FULL_HEARTBEAT = 5
"""Every so many heartbeats quiet rooms repeat their numbers too, and who is in them."""

LAST_WORDS = 3.0
"""Seconds after the return of the bus, in which a process that is being stopped has written what it had."""


class KeepingUp:
    """Begins at once, on the event loop, and goes on until `stop`."""

    def __init__(
        self,
        storage: Storage,
        open_rooms: Callable[[], list[Room]],
        missed: Callable[[Room], None],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._documents = storage.db["documents"]
        self._open_rooms = open_rooms
        self._missed = missed
        self._spawn = spawn
        self._written: set[str] = set()
        """Documents that this process has logged something of since it last looked whether they are gone."""
        storage.bus.on_reconnect(self._meet_again)
        self._heart = asyncio.create_task(self._beat(), name="room heartbeat")

    def stop(self) -> None:
        self._heart.cancel()

    def wrote(self, document: str) -> None:
        """This process has logged something of ``document``."""
        self._written.add(document)

    def left(self, document: str) -> None:
        """``document`` is not open here any more."""
        self._written.discard(document)

    async def _beat(self) -> None:
        """Repeat the newest numbers, so that a lost message is noticed also when nothing follows it.

        Once soon after the last update, and then rarely: a lost heartbeat only makes it late.
        """
        for beat in itertools.count(1):
            await asyncio.sleep(HEARTBEAT)
            for room in self._open_rooms():
                room.heartbeat(everything=beat % FULL_HEARTBEAT == 0)
            if beat % FULL_HEARTBEAT == 0 and self._written:
                self._spawn(self.leave_what_is_gone())

    async def leave_what_is_gone(self) -> None:
        """Close rooms whose documents are gone, of those that were written to lately: the bus may not have said so, and
        what is written there is seen by nobody else.
        """
        written, self._written = self._written, set()
        try:
            query = {"_id": {"$in": list(written)}, "gone_at": {"$ne": None}}
            gone = {record["_id"] async for record in self._documents.find(query, {"_id": 1})}
        except PyMongoError:
            self._written |= written
            return
        for room in self._open_rooms():
            if room.document in gone:
                room.close(4410, "this document is gone")

    def _meet_again(self) -> None:
        """The bus was away: what we said may have been lost, and what others said."""
        for room in self._open_rooms():
            room.heartbeat(everything=True)
            room.announce_again()
        self._spawn(self._read_what_was_missed())

    async def _read_what_was_missed(self) -> None:
        """Twice: a process that stops just now may log its last edits after the first time, and be gone before its own
        connection to the bus is back. Nobody would ever say their numbers.
        """
        for wait in (0.0, LAST_WORDS):
            await asyncio.sleep(wait)
            for room in self._open_rooms():
                self._missed(room)
