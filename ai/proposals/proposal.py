"""The hunks of one attempt at an edit of one document: from a stream of new text to what is shown and what is stored.

The base is a replica that stands still from the attempt's beginning, so positions and anchors do not move while the
model writes; people type on in the document meanwhile. Pure but for the random ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from pycrdt import Doc

from ai.answers import streaming_diff
from ai.answers.streaming_diff import Changes, StreamingDiff
from ai.languages import is_prose
from ai.proposals.hunks import Hunk, HunkState
from collab.replicas.positions import range_anchors
from collab.yjs.offsets import utf16_length


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What has to be stored: hunks that have no record yet, hunks whose record differs, and records to delete."""

    added: tuple[Hunk, ...]
    changed: tuple[Hunk, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


Key = tuple[int, int]
"""A hunk: the number of its region, and its number there."""


class Proposal:
    """`blank` is a hunk without text: what all hunks of the attempt have in common in one document.

    `replica` is the document. What is to be replaced in it are its regions, which do not overlap.
    """

    def __init__(self, replica: Doc[Any], blank: Hunk) -> None:
        self._replica = replica
        self._blank = blank
        self._regions: list[Region] = []
        self._hunks: dict[Key, streaming_diff.Hunk] = {}
        self._records: dict[Key, Hunk] = {}
        self._outdated: set[Key] = set()
        self._unshown: set[Key] = set()
        self._unsaved: set[Key] = set()
        self._saved: set[Key] = set()
        self._gone_unshown: list[str] = []
        self._gone_unsaved: list[str] = []

    @property
    def document(self) -> str:
        return self._blank.document

    @property
    def empty(self) -> bool:
        return not self._hunks

    @property
    def saved(self) -> bool:
        """Whether nothing waits for `take_unsaved`."""
        return not self._unsaved and not self._gone_unsaved

    def region(self, start: int, base: str) -> Region | None:
        """The text `base`, which begins at `start` (UTF-16 code units), is written anew. None where a region is."""
        end = start + utf16_length(base)
        if any(start < other.end and other.start < end for other in self._regions):
            return None
        region = Region(self, len(self._regions), start, end, self._diff(base))
        self._regions.append(region)
        return region

    def _diff(self, base: str) -> StreamingDiff:
        return StreamingDiff(base, by_line=not is_prose(self._blank.path))

    def stop(self) -> None:
        """As `Region.stop`, for all that has not ended."""
        for region in self._regions:
            if not region.ended:
                region.stop()

    def take(self, region: Region, changes: Changes) -> bool:
        """Of `region`; whether there is something new to show."""
        for hunk in changes.changed:
            key = (region.number, hunk.id)
            self._hunks[key] = hunk
            for marks in (self._outdated, self._unshown, self._unsaved):
                marks.add(key)
        for number in changes.removed:
            self._forget((region.number, number))
        return bool(changes)

    def _forget(self, key: Key) -> None:
        del self._hunks[key]
        for marks in (self._outdated, self._unshown, self._unsaved):
            marks.discard(key)
        # One that was made and dropped between two messages has no record; nobody knows of it.
        if (record := self._records.pop(key, None)) is not None:
            self._gone_unshown.append(record.id)
            if key in self._saved:
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
        for key in self._unsaved:
            if self._hunks[key].settled:
                self._records[key] = replace(self._records[key], state=HunkState.PENDING)
                self._unshown.add(key)
        added = self._ordered(self._unsaved - self._saved)
        changed = self._ordered(self._unsaved & self._saved)
        removed = self._gone_unsaved
        self._saved |= self._unsaved
        self._unsaved, self._gone_unsaved = set(), []
        return Unsaved(tuple(added), tuple(changed), tuple(removed))

    def _ordered(self, keys: Iterable[Key]) -> list[Hunk]:
        self._bring_up_to_date()
        return sorted((self._records[key] for key in keys), key=lambda hunk: hunk.ord)

    def _bring_up_to_date(self) -> None:
        outdated = sorted(self._outdated)
        moved = [key for key in outdated if not self._stands_still(key)]
        ranges = [self._range(key) for key in moved]
        # All at once: anchors cost as much as the document is long, however many are asked for.
        anchors = dict(zip(moved, range_anchors(self._replica, ranges) if ranges else (), strict=True))
        for key in outdated:
            hunk = self._hunks[key]
            before = self._records.get(key)
            record = before or replace(self._blank, id=uuid4().hex)
            if key in anchors:
                start, end = self._range(key)
                first, last = anchors[key]
                record = replace(record, start=start, end=end, ord=start, anchors=(first.encode(), last.encode()))
            self._records[key] = replace(record, base=hunk.base, proposed=hunk.proposed)
        self._outdated.clear()

    def _range(self, key: Key) -> tuple[int, int]:
        region, hunk = self._regions[key[0]], self._hunks[key]
        return region.start + hunk.start, region.start + hunk.end

    def _stands_still(self, key: Key) -> bool:
        record = self._records.get(key)
        return record is not None and (record.start, record.end) == self._range(key)


@dataclass(slots=True)
class Region:
    """A piece of the document, [start, end) in UTF-16 code units, that is written anew.

    Each of its methods returns whether there is something new to show.
    """

    proposal: Proposal
    number: int
    start: int
    end: int
    diff: StreamingDiff
    ended: bool = False

    def push(self, text: str) -> bool:
        """Take the next piece of the new text."""
        return self.proposal.take(self, self.diff.push(text))

    def finish(self) -> bool:
        """The new text is complete."""
        self.ended = True
        return self.proposal.take(self, self.diff.finish())

    def stop(self) -> bool:
        """The new text broke off: what came in full lines stays proposed."""
        self.ended = True
        return self.proposal.take(self, self.diff.stop())
