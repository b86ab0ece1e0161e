"""Group commit: everything that all rooms of this process have to log goes to the log in one write.

A write costs the database about the same for one room as for many, so writes are tens of milliseconds apart; a waiting
barrier hurries the next one. While the log is away the same batch is tried again until it is taken (the log ignores
what it already has), and what rooms gather meanwhile waits in them, in order.

What takes longer than a record, because it goes to the object store or brings thousands of client ids, is written by
itself beside the others: nobody waits for what somebody pasted elsewhere, nor for a store that only the paste needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

import structlog
from pymongo.errors import PyMongoError

from collab.durable.entries import LARGEST_RECORD, LogEntry, NewClient
from collab.durable.log import CLIENTS_AT_ONCE, UpdateLog
from collab.durable.outbox import Backlog
from collab.faults import is_fault
from storage.errors import STORAGE_AWAY
from storage.waiting import end

log = structlog.get_logger(__name__)

ALONE = 0.09
"""Seconds between the beginnings of two commits for which nobody waits. A commit costs a process and its database a
millisecond of CPU, whatever is in it."""

SHARED = 0.05
"""The same where other processes hear of an update, which they do after its commit: what people see of each other."""

HURRIED = 0.01
"""The same when a barrier waits. The barriers of fifty people would otherwise make as many commits."""

LONGEST_BACKOFF = 2.0

PATIENCE = 3.0
"""Seconds without an answer after which the log counts as away: a stopped database keeps its connections open, and its
driver gives up after 20 s only. The write is not given up with it, so a log that is merely slow is asked once."""


LONG_PATIENCE = 20.0
"""The same for one room's large commit: twenty megabytes may be on their way to a bucket."""


class Committing(Protocol):
    """What the group commit needs of a room."""

    def take_unlogged(self) -> tuple[LogEntry, list[NewClient]] | None:
        """What is to be logged now, merged; None when there is nothing. The room forgets nothing until `logged`."""

    def logged(self, entry: LogEntry) -> None:
        """``entry`` is durable."""

    def log_is_away(self) -> None:
        """A commit failed; it will be tried again."""


class _Taken(NamedTuple):
    """What one room has to log."""

    room: Committing
    entry: LogEntry
    clients: list[NewClient]

    @property
    def heavy(self) -> bool:
        return len(self.entry.update) > LARGEST_RECORD or len(self.clients) > CLIENTS_AT_ONCE


class GroupCommit:
    def __init__(self, updates: UpdateLog, interval: float) -> None:
        """``interval``: `ALONE` or `SHARED`."""
        self._updates = updates
        self._interval = interval
        self._dirty: dict[Committing, None] = {}
        self._apart: dict[Committing, asyncio.Task[None]] = {}
        """Rooms whose commit goes by itself. What else they have to log waits for it."""
        self._stuck: set[Committing] = set()
        """Those of them whose commit has failed so far."""
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.away = False
        """True from the first commit that failed until one succeeds, unless what failed is one room's alone."""
        self.backlog = Backlog()
        self._task = asyncio.create_task(self._run(), name="group commit")
        self._task.add_done_callback(self._ended)

    def mark(self, room: Committing) -> None:
        """``room`` has something to log."""
        if room not in self._dirty:
            self._dirty[room] = None
            self._idle.clear()
            self._wake.set()

    def hurry(self) -> None:
        """Somebody waits for what has been marked: commit at once."""
        if self._dirty:
            self._hurry.set()

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        began = float("-inf")
        while True:
            await self._wake.wait()
            # The first update after a quiet moment is committed at once.
            if (wait := began + self._interval - clock()) > 0 and not self._hurry.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._hurry.wait()
            if (wait := began + HURRIED - clock()) > 0:
                await asyncio.sleep(wait)
            began = clock()
            self._hurry.clear()
            self._wake.clear()
            rooms, self._dirty = self._dirty, {room: None for room in self._dirty if room in self._apart}
            taken = [one for room in rooms if room not in self._apart and (one := self._taken(room))]
            for one in taken:
                if one.heavy:
                    self._apart[one.room] = asyncio.create_task(self._write_apart(one), name="large commit")
            if batch := [one for one in taken if not one.heavy]:
                await self._write(batch)
            self._look_whether_idle()

    def _taken(self, room: Committing) -> _Taken | None:
        try:
            found = room.take_unlogged()
        except BaseException as error:
            if not is_fault(error):
                raise
            log.exception("a room failed to say what is to be logged")  # which is no reason not to save the others
            self.mark(room)
            return None
        return _Taken(room, *found) if found else None

    async def _write_apart(self, one: _Taken) -> None:
        try:
            await self._write([one])
        finally:
            del self._apart[one.room]
            self._stuck.discard(one.room)
            if one.room in self._dirty:
                self._wake.set()
                self._hurry.set()
            self._look_whether_idle()

    def _look_whether_idle(self) -> None:
        if not self._dirty and not self._apart:
            self._idle.set()

    async def _write(self, batch: Sequence[_Taken]) -> None:
        backoff = 0.1
        loop = asyncio.get_running_loop()
        while True:
            slow = loop.call_later(LONG_PATIENCE if batch[0].heavy else PATIENCE, self._failed, batch, "no answer")
            try:
                await self._updates.append(
                    [one.entry for one in batch], [client for one in batch for client in one.clients]
                )
                break
            except STORAGE_AWAY as error:
                self._failed(batch, str(error), database=isinstance(error, PyMongoError))
            except Exception:
                # Not an outage but a fault of ours. Giving up would silently end saving for everybody until a restart,
                # so it is tried again as well, and operators see that something is not being saved.
                log.exception("a commit cannot be written")
                self._failed(batch, "a fault of this server")
            finally:
                slow.cancel()
            await asyncio.sleep(backoff)
            backoff = min(LONGEST_BACKOFF, backoff * 2)
        if self.away:
            log.info("the update log is back", entries=len(batch))
        self.away = False
        for one in batch:
            try:
                one.room.logged(one.entry)
            except Exception:  # one room's fault must not keep the others from hearing that they are saved
                log.exception("a room failed to take in that it is logged", document=one.entry.document)

    def _failed(self, batch: Sequence[_Taken], why: str, *, database: bool = False) -> None:
        rooms: Iterable[Committing] = [one.room for one in batch]
        if batch[0].heavy and not database:
            if not self._stuck.issuperset(rooms):
                log.error("a large edit cannot be stored yet", document=batch[0].entry.document, error=why)
            self._stuck.update(rooms)
        else:
            if not self.away:
                log.error("the update log is away; edits are kept in memory", error=why)
            self.away = True
            rooms = dict.fromkeys(rooms) | self._dirty
        for room in rooms:
            room.log_is_away()

    @property
    def withheld(self) -> bool:
        """Whether something that people were shown cannot be stored."""
        return self.away or bool(self._stuck)

    def away_from(self, room: Committing) -> bool:
        """Whether what ``room`` has to log waits for something that is away."""
        return self.away or room in self._stuck

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self.away = True  # for /readyz: whoever runs this process must start it again
            log.critical("saving has ended; restart this process", exc_info=task.exception())

    async def drain(self) -> None:
        """Wait until everything marked so far is durable."""
        self.hurry()
        await self._idle.wait()

    async def close(self, patience: float) -> None:
        """Drain, then end. Raises TimeoutError when the log stays away for ``patience`` seconds."""
        try:
            async with asyncio.timeout(patience):
                await self.drain()
        finally:
            await end([self._task, *self._apart.values()])
