"""When the logs of open rooms are folded into snapshots: as they grow, and as rooms leave memory."""

import asyncio
from collections.abc import Callable

import structlog

from collab.durable.folding import Contradicted
from collab.durable.snapshots import DocumentNotFound, Snapshots, TooCostly
from collab.faults import is_fault
from collab.rooms.room import Room
from storage.errors import STORAGE_AWAY

log = structlog.get_logger(__name__)

COMPACT_ENTRIES = 400
COMPACT_BYTES = 256 * 1024
COMPACT_STRUCTS = 8_000

COMPACT_AGAIN = 10.0
"""Seconds after a failure: each attempt reads all of the log, and what is in the way may stay there."""

CLOSE_ENTRIES = 40
CLOSE_BYTES = 32 * 1024
"""Of the log, worth a snapshot when a room leaves memory: opening it again reads one object then and merges nothing."""


def outgrown(room: Room) -> bool:
    """Whether its log is due while people are in it.

    The log may grow as large as the snapshot: then each byte is folded a bounded number of times. Folding also finds
    out whether a text has become too many structs.
    """
    crowded = room.kind == "text" and room.added > COMPACT_STRUCTS
    return crowded or room.entries >= COMPACT_ENTRIES or room.log_size > max(COMPACT_BYTES, room.snapshot_size)


def worth_folding(room: Room) -> bool:
    """Whether it leaves a snapshot behind when it leaves memory."""
    return not room.unbearable and (room.entries >= CLOSE_ENTRIES or room.log_size >= CLOSE_BYTES)


class Compacting:
    """``too_costly`` is told of a room whose text takes too long to build, ``contradicted`` of one in whose text a
    client id says two things."""

    def __init__(
        self, snapshots: Snapshots, too_costly: Callable[[Room], None], contradicted: Callable[[Room], None]
    ) -> None:
        self._snapshots = snapshots
        self._too_costly = too_costly
        self._contradicted = contradicted
        self._under_way: set[str] = set()
        self._not_yet: set[str] = set()
        """Documents whose log could not be folded a moment ago."""

    async def compact(self, room: Room) -> None:
        """Fold the log of ``room``, unless that is under way. What fails is tried again as the log grows further."""
        if room.document in self._under_way or room.document in self._not_yet or room.unbearable:
            return
        self._under_way.add(room.document)
        try:
            entries, size, added = room.entries, room.log_size, room.added
            if await self._snapshots.compact(room.document):
                room.folded(entries, size, added)
        except TooCostly:
            self._too_costly(room)
        except Contradicted:
            self._contradicted(room)
        except BaseException as error:
            if not is_fault(error):
                raise
            expected = isinstance(error, (*STORAGE_AWAY, DocumentNotFound))
            say = log.warning if expected else log.error
            say("compaction put off", document=room.document, error=repr(error))
            self._not_yet.add(room.document)
            asyncio.get_running_loop().call_later(COMPACT_AGAIN, self._not_yet.discard, room.document)
        finally:
            self._under_way.discard(room.document)
