"""The hunks of one attempt at an edit: from a stream of new text to what is shown and what is stored.

The base is a replica that stands still from the attempt's beginning, so positions and anchors do not move while the
model writes; people type on in the document meanwhile. Pure but for the random ids.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from pycrdt import Doc

from ai import streaming_diff
from ai.hunks import Hunk, HunkState
from ai.streaming_diff import Changes, StreamingDiff
from collab.positions import range_anchors


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What has to be stored: hunks that have no record yet, hunks whose record differs, and records to delete."""

    added: tuple[Hunk, ...]
    changed: tuple[Hunk, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


class Proposal:
    """`blank` is a hunk without text: what all hunks of the attempt have in common.

    `replica` is the document, in which the text to be replaced, `base`, begins at `start` (UTF-16 code units).
    """

    def __init__(self, replica: Doc[Any], start: int, base: str, blank: Hunk) -> None:
        self._replica = replica
        self._start = start
        self._blank = blank
        self._diff = StreamingDiff(base)
        self._hunks: dict[int, streaming_diff.Hunk] = {}
        self._records: dict[int, Hunk] = {}
        self._outdated: set[int] = set()
        self._unshown: set[int] = set()
        self._unsaved: set[int] = set()
        self._saved: set[int] = set()
        self._gone_unshown: list[str] = []
        self._gone_unsaved: list[str] = []
        self.ended = False

    @property
    def empty(self) -> bool:
        return not self._hunks

    def push(self, text: str) -> bool:
        """Take the next piece of the new text; whether there is something new to show."""
        return self._take(self._diff.push(text))

    def finish(self) -> None:
        """The new text is complete."""
        self.ended = True
        self._take(self._diff.finish())

    def stop(self) -> None:
        """The new text broke off: what came in full lines stays proposed."""
        self.ended = True
        self._take(self._diff.stop())

    def _take(self, changes: Changes) -> bool:
        for hunk in changes.changed:
            self._hunks[hunk.id] = hunk
            for marks in (self._outdated, self._unshown, self._unsaved):
                marks.add(hunk.id)
        for number in changes.removed:
            self._forget(number)
        return bool(changes)

    def _forget(self, number: int) -> None:
        del self._hunks[number]
        for marks in (self._outdated, self._unshown, self._unsaved):
            marks.discard(number)
        # One that was made and dropped between two messages has no record; nobody knows of it.
        if (record := self._records.pop(number, None)) is not None:
            self._gone_unshown.append(record.id)
            if number in self._saved:
                self._gone_unsaved.append(record.id)

    def take_unshown(self) -> tuple[list[Hunk], list[str]]:
        """What people have not been told: hunks as they are now, and the ids of hunks that are gone."""
        changed, removed = self._ordered(self._unshown), self._gone_unshown
        self._unshown, self._gone_unshown = set(), []
        return changed, removed

    def take_unsaved(self) -> Unsaved:
        """What is not stored yet. A settled hunk is handed out as pending: from then on people decide it.

        So people are told that a hunk is pending only after it has a record that they can decide.
        """
        self._bring_up_to_date()
        for number in self._unsaved:
            if self._hunks[number].settled:
                self._records[number] = replace(self._records[number], state=HunkState.PENDING)
                self._unshown.add(number)
        added = self._ordered(self._unsaved - self._saved)
        changed = self._ordered(self._unsaved & self._saved)
        removed = self._gone_unsaved
        self._saved |= self._unsaved
        self._unsaved, self._gone_unsaved = set(), []
        return Unsaved(tuple(added), tuple(changed), tuple(removed))

    def _ordered(self, numbers: Iterable[int]) -> list[Hunk]:
        self._bring_up_to_date()
        return sorted((self._records[number] for number in numbers), key=lambda hunk: hunk.ord)

    def _bring_up_to_date(self) -> None:
        outdated = sorted(self._outdated)
        moved = [number for number in outdated if not self._stands_still(number)]
        ranges = [self._range(number) for number in moved]
        # All at once: anchors cost as much as the document is long, however many are asked for.
        anchors = dict(zip(moved, range_anchors(self._replica, ranges) if ranges else (), strict=True))
        for number in outdated:
            hunk = self._hunks[number]
            before = self._records.get(number)
            record = before or replace(self._blank, id=uuid4().hex)
            if number in anchors:
                start, end = self._range(number)
                first, last = anchors[number]
                record = replace(record, start=start, end=end, ord=start, anchors=(first.encode(), last.encode()))
            self._records[number] = replace(record, base=hunk.base, proposed=hunk.proposed)
        self._outdated.clear()

    def _range(self, number: int) -> tuple[int, int]:
        hunk = self._hunks[number]
        return self._start + hunk.start, self._start + hunk.end

    def _stands_still(self, number: int) -> bool:
        record = self._records.get(number)
        return record is not None and (record.start, record.end) == self._range(number)
