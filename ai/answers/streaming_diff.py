"""The difference between a known text and a new one while a model is still writing the new one.

Pure: text goes in, hunks come out. Every hunk is at any moment a valid proposal on its own, hunks never overlap and are
apart by unchanged text, and all hunks together turn the base into what has been written so far followed by the part of
the base that has not been reached yet. A settled hunk never changes again.
"""

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ai.answers.alignment import Alignment, Pair
from ai.answers.word_diff import Edit, akin, cut_at_line_ends, growing_edits, joined, may_still_join, word_edits

# A unit ends with its line; in prose, where a paragraph is one line, also with a sentence. The rule looks at nothing
# but the text around the end itself, so that both texts fall into the same units wherever they are the same.
_UNIT_END = re.compile(r"\n|[.!?…][\"')\]]*[ \t]+(?=[^ \t\n])|[。！？]")
# For generated files whose lines are longer than any sentence.
_FINE_UNIT_END = re.compile(r"\n|[.!?…,;{}\[\]][ \t]*(?=[^ \t\n])|[。！？]")
_LONG_LINE = 1_000
_MAX_UNIT = 4_000


@dataclass(frozen=True, slots=True)
class Hunk:
    """Replace `base`, found from `start` to `end` of the base text (UTF-16 code units), by `proposed`."""

    id: int
    start: int
    end: int
    base: str
    proposed: str
    settled: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """Hunks that are new or not as they were, in order of position, and the ids of hunks that are gone."""

    changed: tuple[Hunk, ...]
    removed: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


class StreamingDiff:
    """Feed it with `push`, then call `finish` once, or `stop` if the new text broke off.

    A chunk costs what it changes: about 5 µs inside of unchanged text, tens of µs inside of a rewritten line.
    """

    def __init__(self, base: str, *, by_line: bool = False) -> None:
        """`by_line`: what changes in a line, and in lines next to each other, is one hunk, as code is read."""
        self._base = base
        self._by_line = by_line
        self._unit_end = _FINE_UNIT_END if _has_long_line(base) else _UNIT_END
        units, rest = _split(base, self._unit_end)
        self._alignment = Alignment([*units, rest] if rest else units)
        self._starts = [0]
        for unit in self._alignment.base:
            self._starts.append(self._starts[-1] + len(unit))
        self._astral = [] if base.isascii() else [i for i, char in enumerate(base) if char > "\uffff"]
        self._unfinished = ""
        self._committed = Pair(0, 0)  # the first units behind the committed pairs
        self._waiting: list[Edit] = []  # committed edits that later ones may have to be joined to: at most one
        self._open: list[Edit] = []  # edits between committed pairs and the end of the best path so far
        self._frontier = Pair(0, 0)  # the first units behind that path
        self._refined: dict[Pair, list[Edit]] = {}
        self._kinship: dict[Pair, bool] = {}
        self._settled: list[Hunk] = []
        self._streaming: list[Hunk] = []
        self._next_id = 0
        self._ended = False

    @property
    def hunks(self) -> tuple[Hunk, ...]:
        return (*self._settled, *self._streaming)

    def push(self, text: str) -> Changes:
        """Takes the next piece of the new text."""
        if self._ended:
            raise RuntimeError("the new text has ended already")
        units, self._unfinished = _split(self._unfinished + text, self._unit_end)
        settled: list[Edit] = []
        for unit in units:
            settled += self._commit(self._alignment.append(unit))
        if units:
            self._follow_path(self._alignment.path())
        return self._show(settled, self._joined_with_waiting([*self._open, *self._growing()]))

    def finish(self) -> Changes:
        """The new text is complete: all hunks settle, and what of the base was not written again is deleted."""
        self._end()
        settled = self._commit(self._alignment.append(self._unfinished)) if self._unfinished else []
        pairs = self._alignment.finish()
        ends = Pair(len(self._alignment.base), len(self._alignment.new))
        edits = [*self._edits_of(self._committed, pairs), *self._gap(self._behind(pairs), ends)]
        return self._show([*settled, *self._joined_with_waiting(edits)], [])

    def stop(self) -> Changes:
        """The new text broke off: its complete lines are kept and settle, what they did not reach of the base stays."""
        self._end()
        self._unfinished = ""
        return self._show(self._joined_with_waiting([*self._open, *self._growing()]), [])

    def _end(self) -> None:
        if self._ended:
            raise RuntimeError("the new text has ended already")
        self._ended = True

    def _commit(self, pairs: Sequence[Pair]) -> list[Edit]:
        """Makes the pairs final; returns the edits that nothing later can be joined to."""
        if not pairs:
            return []
        edits = self._joined_with_waiting(self._edits_of(self._committed, pairs))
        self._committed = self._frontier = self._behind(pairs)
        self._open = []
        if len(pairs) > 1 or edits:
            self._refined = {pair: edits for pair, edits in self._refined.items() if pair.base >= self._committed.base}
            self._kinship = {pair: kin for pair, kin in self._kinship.items() if pair.base >= self._committed.base}
        reached = self._starts[self._committed.base]
        keep = 1 if edits and may_still_join(self._base, edits[-1], reached, self._by_line) else 0
        self._waiting = edits[len(edits) - keep :]
        return edits[: len(edits) - keep]

    def _follow_path(self, path: Sequence[Pair]) -> None:
        self._open = list(self._edits_of(self._committed, path))
        self._frontier = self._behind(path)

    def _behind(self, pairs: Sequence[Pair]) -> Pair:
        return Pair(pairs[-1].base + 1, pairs[-1].new + 1) if pairs else self._committed

    def _growing(self) -> list[Edit]:
        """The edits behind the path: units that nothing was found for, and the unit that is being written."""
        base_units, (base, new) = self._alignment.base, self._frontier
        edits: list[Edit] = []
        # Too little in common for the alignment, which looks at all the units around, is enough for who comes next:
        # where the text breaks off here, a line that was rewritten must not stand beside what it was.
        while new < len(self._alignment.new) and base < len(base_units) and self._akin(pair := Pair(base, new)):
            edits += _moved(self._refine(pair), self._starts[base])
            base, new = base + 1, new + 1
        place = self._starts[base]
        written = "".join(self._alignment.new[new:])
        if self._unfinished and base < len(base_units):
            unit = base_units[base]
            if unit.startswith(self._unfinished):
                return [*edits, Edit(place, place, written)] if written else edits
            if not written:
                return [*edits, *_moved(growing_edits(unit, self._unfinished, self._by_line), place)]
        written += self._unfinished
        return [*edits, Edit(place, place, written)] if written else edits

    def _akin(self, pair: Pair) -> bool:
        if pair not in self._kinship:
            self._kinship[pair] = akin(self._alignment.base[pair.base], self._alignment.new[pair.new])
        return self._kinship[pair]

    def _refine(self, pair: Pair) -> list[Edit]:
        if pair not in self._refined:
            self._refined[pair] = word_edits(
                self._alignment.base[pair.base], self._alignment.new[pair.new], self._by_line
            )
        return self._refined[pair]

    def _edits_of(self, begin: Pair, pairs: Iterable[Pair]) -> Iterator[Edit]:
        base_units, new_units = self._alignment.base, self._alignment.new
        for pair in pairs:
            yield from self._gap(begin, pair)
            if base_units[pair.base] != new_units[pair.new]:
                yield from _moved(self._refine(pair), self._starts[pair.base])
            begin = Pair(pair.base + 1, pair.new + 1)

    def _gap(self, begin: Pair, end: Pair) -> list[Edit]:
        """Units on both sides that have no partner."""
        start, stop = self._starts[begin.base], self._starts[end.base]
        new = "".join(self._alignment.new[begin.new : end.new])
        return _moved(word_edits(self._base[start:stop], new, self._by_line), start) if start < stop or new else []

    def _joined_with_waiting(self, edits: Iterable[Edit]) -> list[Edit]:
        return joined(self._base, (*self._waiting, *edits), self._by_line)

    def _show(self, settled: Sequence[Edit], streaming: Sequence[Edit]) -> Changes:
        """Turns edits into hunks that keep their ids, and tells what is not as it was."""
        before = {hunk.id: hunk for hunk in self._streaming}
        gone: list[int] = []
        free = deque(self._streaming)
        after: list[Hunk] = []
        final, growing = self._cut(settled), self._cut(streaming)
        for number, edit in enumerate((*final, *growing)):
            proposed_for = self._base[edit.start : edit.end]
            if proposed_for == edit.text:
                continue
            start, end = self._utf16(edit.start), self._utf16(edit.end)
            while free and free[0].end < start:
                gone.append(free.popleft().id)
            if free and free[0].start <= end:
                name = free.popleft().id
            else:
                name = self._next_id
                self._next_id += 1
            after.append(Hunk(name, start, end, proposed_for, edit.text, settled=number < len(final)))
        self._settled += [hunk for hunk in after if hunk.settled]
        self._streaming = [hunk for hunk in after if not hunk.settled]
        gone += [hunk.id for hunk in free]
        return Changes(tuple(hunk for hunk in after if before.get(hunk.id) != hunk), tuple(gone))

    def _cut(self, edits: Iterable[Edit]) -> list[Edit]:
        return [part for edit in edits for part in cut_at_line_ends(self._base, edit, self._by_line)]

    def _utf16(self, position: int) -> int:
        return position + bisect_left(self._astral, position) if self._astral else position


def diff(base: str, new: str, *, by_line: bool = False) -> tuple[Hunk, ...]:
    """The hunks that turn `base` into `new`, all settled."""
    whole = StreamingDiff(base, by_line=by_line)
    whole.push(new)
    whole.finish()
    return whole.hunks


def apply_hunks(base: str, hunks: Iterable[Hunk]) -> str:
    """The base with these hunks of it, in order of position, carried out."""
    units = base.encode("utf-16-le")
    parts, reached = [], 0
    for hunk in hunks:
        parts += [units[2 * reached : 2 * hunk.start].decode("utf-16-le"), hunk.proposed]
        reached = hunk.end
    return "".join(parts) + units[2 * reached :].decode("utf-16-le")


def _has_long_line(text: str) -> bool:
    return any(len(line) > _LONG_LINE for line in text.split("\n"))


def _split(text: str, unit_end: re.Pattern[str]) -> tuple[list[str], str]:
    """The complete units of the text, and what is left of it."""
    units, begin = [], 0
    for match in unit_end.finditer(text):
        while match.end() - begin > _MAX_UNIT:
            units.append(text[begin : begin + _MAX_UNIT])
            begin += _MAX_UNIT
        if match.end() > begin:
            units.append(text[begin : match.end()])
            begin = match.end()
    while len(text) - begin > _MAX_UNIT:
        units.append(text[begin : begin + _MAX_UNIT])
        begin += _MAX_UNIT
    return units, text[begin:]


def _moved(edits: Iterable[Edit], by: int) -> list[Edit]:
    return [Edit(edit.start + by, edit.end + by, edit.text) for edit in edits]
