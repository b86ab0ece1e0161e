"""Group commit: everything that all rooms of this process have to log goes to the log in one write.

A write costs the database about the same for one room as for many, so writes are tens of milliseconds apart; a waiting
barrier hurries the next one. While the log is away the same batch is tried again until it is taken (the log ignores
what it already has), and what rooms gather meanwhile waits in them, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from obstore.exceptions import BaseError as ObjectStoreError
from pymongo.errors import PyMongoError

from collab.log import LogEntry, NewClient, UpdateLog

log = structlog.get_logger(__name__)

ALONE = 0.09
"""Seconds between the beginnings of two commits for which nobody waits. A commit costs a process and its database a
millisecond of CPU, whatever is in it."""

SHARED = 0.03
"""The same where other processes hear of an update, which they do after its commit: what people see of each other."""

HURRIED = 0.01
"""The same when a barrier waits. The barriers of fifty people would otherwise make as many commits."""

LONGEST_BACKOFF = 2.0


class Committing(Protocol):
    """What the group commit needs of a room."""

    def take_unlogged(self) -> tuple[LogEntry, list[NewClient]] | None:
        """What is to be logged now, merged; None when there is nothing. The room forgets nothing until `logged`."""

    def logged(self, entry: LogEntry) -> None:
        """``entry`` is durable."""

    def log_is_away(self) -> None:
        """A commit failed; it will be tried again."""


class GroupCommit:
    def __init__(self, updates: UpdateLog, interval: float) -> None:
        """``interval``: `ALONE` or `SHARED`."""
        self._updates = updates
        self._interval = interval
        self._dirty: dict[Committing, None] = {}
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.away = False
        """True from the first failed commit until one succeeds."""
        self.backlog = 0
        """Bytes of updates that wait in the rooms of this process."""
        self._task = asyncio.create_task(self._run(), name="group commit")

    def mark(self, room: Committing) -> None:
        """``room`` has something to log."""
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
            rooms, self._dirty = self._dirty, {}
            batch = [(room, *taken) for room in rooms if (taken := room.take_unlogged()) is not None]
            if batch:
                await self._write(batch)
                for room, entry, _ in batch:
                    room.logged(entry)
            if not self._dirty:
                self._idle.set()

    async def _write(self, batch: Sequence[tuple[Committing, LogEntry, list[NewClient]]]) -> None:
        entries = [entry for _, entry, _ in batch]
        clients = [client for _, _, seen in batch for client in seen]
        backoff = 0.1
        while True:
            try:
                await self._updates.append(entries, clients)
            except (PyMongoError, ObjectStoreError, OSError) as error:
                if not self.away:
                    log.error("the update log is away; edits are kept in memory", error=str(error))
                self.away = True
                for room in {room: None for room, _, _ in batch} | self._dirty:
                    room.log_is_away()
                await asyncio.sleep(backoff)
                backoff = min(LONGEST_BACKOFF, backoff * 2)
                continue
            if self.away:
                log.info("the update log is back", entries=len(entries))
            self.away = False
            return

    async def drain(self) -> None:
        """Wait until everything marked so far is durable."""
        self.hurry()
        await self._idle.wait()

    async def close(self) -> None:
        """Drain, then end. Waits as long as the log is away: what was acknowledged to people must reach it."""
        await self.drain()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
