"""Group commit: everything that all rooms of this process have to log goes to the log in one write.

A write costs the database about the same for one room as for many, so writes are tens of milliseconds apart; a waiting
barrier hurries the next one. While the log is away the same batch is tried again until it is taken (the log ignores
what it already has), and what rooms gather meanwhile waits in them, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from obstore.exceptions import BaseError as ObjectStoreError
from pymongo.errors import PyMongoError

from collab.log import LogEntry, NewClient, UpdateLog
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
        loop = asyncio.get_running_loop()
        while True:
            slow = loop.call_later(PATIENCE, self._log_is_away, batch, "no answer")
            try:
                await self._updates.append(entries, clients)
            except (PyMongoError, ObjectStoreError, OSError) as error:
                self._log_is_away(batch, str(error))
                await asyncio.sleep(backoff)
                backoff = min(LONGEST_BACKOFF, backoff * 2)
                continue
            finally:
                slow.cancel()
            if self.away:
                log.info("the update log is back", entries=len(entries))
            self.away = False
            return

    def _log_is_away(self, batch: Iterable[tuple[Committing, LogEntry, list[NewClient]]], why: str) -> None:
        if not self.away:
            log.error("the update log is away; edits are kept in memory", error=why)
        self.away = True
        for room in {room: None for room, _, _ in batch} | self._dirty:
            room.log_is_away()

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
            await end([self._task])
