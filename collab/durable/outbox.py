"""What one room has shown to people and the log does not have yet.

Updates are numbered as they were shown, and leave as entries of the log in that order. Nothing is forgotten before the
log has it: an entry on its way stays here, because a rebuild, and other processes while the log is away, need it.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pycrdt import merge_updates

from collab.faults import is_fault

_MERGED, _MERGED_PARTS = 64 * 1024, 256
"""Bytes and updates, of which one of both suffices for an entry of the log: merging many at once would hold up the
loop."""

_CONDENSE = 256
"""So many updates that wait for a log that is away are merged into one."""

_CONDENSED = 64 * 1024
"""Bytes of one that is not merged any more, or each byte would be merged again and again."""

BYTES_PER_CLIENT = 128
"""Of memory, while the author of a client id waits to be recorded."""


class Backlog:
    """Bytes of memory that wait for the log in all rooms of a process."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


@dataclass(slots=True)
class _Part:
    """Updates ``first..last``, merged."""

    first: int
    last: int
    update: bytes
    seen: tuple[int, ...]
    """Client ids that they bring for the first time."""
    together: bool
    """Whether they belong into one entry with the next ones."""


@dataclass(slots=True)
class _Leaving:
    last: int
    parts: list[_Part]
    authors: dict[int, str]


@dataclass(frozen=True, slots=True)
class Leaving:
    """Updates ``first..last``, merged into one; and client id → author of those that the log has not been given yet."""

    first: int
    last: int
    update: bytes
    authors: dict[int, str]


class Outbox:
    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self.sequence = 0
        """The newest number."""
        self.logged = 0
        """The newest number that the log has."""
        self._parts: list[_Part] = []
        self._unannounced: list[_Part] = []
        """Those of them that other processes have to hear of should the log be away."""
        self._leaving: _Leaving | None = None
        self._authors: dict[int, str] = {}
        self._gathering = 0
        self._barriers: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def first_seen(self, client: int, author: str) -> None:
        """``author`` goes to the log with the next entry."""
        if client not in self._authors:
            self._backlog.bytes += BYTES_PER_CLIENT
        self._authors[client] = author

    def forget(self, clients: Iterable[int]) -> None:
        """What brought them for the first time is not taken after all."""
        for client in clients:
            if self._authors.pop(client, None) is not None:
                self._backlog.bytes -= BYTES_PER_CLIENT

    def add(self, update: bytes, seen: tuple[int, ...], *, announce: bool) -> None:
        """``update`` was shown; it brings the client ids ``seen``.

        ``announce``: whether it is ours to tell other processes about while the log is away.
        """
        self.sequence += 1
        part = _Part(self.sequence, self.sequence, update, seen, self._gathering > 0)
        self._parts.append(part)
        if announce:
            self._unannounced.append(part)
        self._backlog.bytes += len(update)

    def condense(self) -> None:
        """Merge the newest of what waits: a keystroke takes ten times its size in memory while it waits by itself."""
        newest = list(itertools.takewhile(lambda part: len(part.update) < _CONDENSED, reversed(self._parts)))[::-1]
        if len(newest) >= _CONDENSE:
            try:
                merged = merge([part.update for part in newest])
            except BaseException as error:
                if not is_fault(error):
                    raise
                return
            self._backlog.bytes += len(merged) - sum(len(part.update) for part in newest)
            seen = tuple(client for part in newest for client in part.seen)
            first, last = newest[0], newest[-1]
            self._parts[-len(newest) :] = [_Part(first.first, last.last, merged, seen, last.together)]

    def gather(self) -> None:
        """What is added from now on leaves in one entry, once `gathered` was called as often."""
        self._gathering += 1

    def gathered(self) -> None:
        self._gathering -= 1

    @property
    def waiting(self) -> int:
        """How many updates, some of them merged, are not on their way yet."""
        return len(self._parts)

    def take(self) -> Leaving | None:
        """The next entry, which then is on its way until `arrived`; None when there is nothing to send."""
        if not self._parts or self._gathering:
            return None
        parts = self._parts[: _enough(self._parts)]
        try:
            update = merge([part.update for part in parts])
        except BaseException as error:
            if not is_fault(error):
                raise
            # All of it was applied, one by one, and people were shown it: it has to go to the log.
            parts = parts[:1]
            update = parts[0].update
        del self._parts[: len(parts)]
        authors, self._authors = self._authors, {}
        self._leaving = _Leaving(parts[-1].last, parts, authors)
        return Leaving(parts[0].first, parts[-1].last, update, authors)

    def arrived(self) -> None:
        """The log has what was taken last."""
        assert self._leaving is not None
        leaving, self._leaving = self._leaving, None
        self._backlog.bytes -= sum(len(part.update) for part in leaving.parts) + len(leaving.authors) * BYTES_PER_CLIENT
        if self._unannounced:
            self._unannounced = [part for part in self._unannounced if part.first > leaving.last]
        self.logged = leaving.last

    def unlogged(self) -> Iterator[bytes]:
        """All updates that the log does not have, in order."""
        return (part.update for part in self._all())

    def _all(self) -> list[_Part]:
        return [*(self._leaving.parts if self._leaving else ()), *self._parts]

    def announce_again(self) -> None:
        """`take_unannounced` begins anew: what was announced may not have arrived."""
        self._unannounced = self._all()

    def take_unannounced(self) -> list[tuple[bytes, tuple[tuple[int, str], ...]]]:
        """Updates that other processes have not been told of, each with (client id, author) of whom it brings."""
        parts, self._unannounced = self._unannounced, []
        leaving = self._leaving.authors if self._leaving else {}
        return [
            (
                part.update,
                tuple(
                    (client, author)
                    for client in part.seen
                    if (author := self._authors.get(client) or leaving.get(client)) is not None
                ),
            )
            for part in parts
        ]

    def when_logged(self, call: Callable[[], None]) -> bool:
        """Whether the log has all that was added so far; if not, `due` returns ``call`` once it does."""
        if self.logged >= self.sequence:
            return True
        heapq.heappush(self._barriers, (self.sequence, next(self._order), call))
        return False

    def withdraw(self, calls: Collection[Callable[[], None]]) -> None:
        """`due` is not to return them any more."""
        self._barriers = [waiting for waiting in self._barriers if waiting[2] not in calls]
        heapq.heapify(self._barriers)

    def due(self) -> Iterator[Callable[[], None]]:
        """What waited for what the log has by now, in order."""
        while self._barriers and self._barriers[0][0] <= self.logged:
            yield heapq.heappop(self._barriers)[2]

    @property
    def awaited(self) -> bool:
        """Whether anybody waits for the log."""
        return bool(self._barriers)


def _enough(parts: Sequence[_Part]) -> int:
    """How many of ``parts``, from the first on, are enough for one entry of the log."""
    size = 0
    for count, part in enumerate(parts, 1):
        size += len(part.update)
        if not part.together and (size >= _MERGED or count >= _MERGED_PARTS):
            return count
    return len(parts)


def merge(updates: list[bytes]) -> bytes:
    """One update of several; of a single one that itself."""
    return updates[0] if len(updates) == 1 else merge_updates(*updates)
