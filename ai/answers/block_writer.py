"""Search/replace blocks for a change that is known: the answer that a model should have given. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ai.answers.blocks import BlockReader, Ended
from ai.answers.matching import Place, lines_of, locate

MOST_LOOKED = 3_000_000
"""Lines that are looked at for one answer: a second. What takes more has hundreds of changes in a hundred thousand
lines."""

Piece = tuple[int, int, str]
"""Replace [start, end) of the text, in code points, by a text."""


@dataclass(frozen=True, slots=True)
class _Run:
    """The lines [first, last) of a text, and what changes in them."""

    first: int
    last: int
    pieces: tuple[Piece, ...]


def in_blocks(text: str, pieces: Sequence[Piece], mark: int) -> str | None:
    """`text` with `pieces`, in order, as blocks with marks of `mark` characters.

    Each block repeats as few whole lines as are found in one place alone (`ai.answers.matching.locate`). None where
    nothing changes, where no lines can be found or `MOST_LOOKED` are not enough, and where some would be taken for
    marks.
    """
    writer = _Writer(text)
    runs = [writer.run_of(piece) for piece in pieces if text[piece[0] : piece[1]] != piece[2]]
    while True:
        wide = [writer.widened(run) for run in _apart(runs)]
        if not wide or None in wide:
            return None
        runs = [run for run in wide if run is not None]
        if all(run.last <= following.first for run, following in pairwise(runs)):
            break
    answer = "".join(writer.block(run, mark) for run in runs)
    reader = BlockReader(mark)
    ended = [said for said in reader.push(answer) + reader.finish() if isinstance(said, Ended)]
    return answer if (len(ended), reader.blocks, reader.broken) == (len(runs), len(runs), 0) else None


def _apart(runs: Sequence[_Run]) -> list[_Run]:
    """With those that overlap taken together."""
    apart: list[_Run] = []
    for run in runs:
        if apart and run.first < apart[-1].last:
            before = apart.pop()
            run = _Run(before.first, max(before.last, run.last), before.pieces + run.pieces)
        apart.append(run)
    return apart


class _Writer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = lines_of(text)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._left = MOST_LOOKED

    def run_of(self, piece: Piece) -> _Run:
        start, end, _ = piece
        first = bisect_right(self._starts, start, hi=max(len(self._lines), 1)) - 1
        return _Run(first, max(bisect_left(self._starts, end), first), (piece,))

    def widened(self, run: _Run) -> _Run | None:
        """With as many lines around it as are needed for a block; None where all of the text is not enough."""
        while not self._stands(run):
            first, last = max(run.first - 1, 0), min(run.last + 1, len(self._lines))
            if (first, last) == (run.first, run.last) or self._left < 0:
                return None
            run = _Run(first, last, run.pieces)
        return run

    def _stands(self, run: _Run) -> bool:
        new = self._new(run)
        if run.first == run.last or (new and not new.endswith("\n") and run.last < len(self._lines)):
            return False
        self._left -= len(self._lines)
        place = locate(self._text, self._lines[run.first : run.last])
        wanted = self._starts[run.first], self._starts[run.last]
        return isinstance(place, Place) and place.whole_lines and (place.start, place.end) == wanted

    def _new(self, run: _Run) -> str:
        parts, reached = [], self._starts[run.first]
        for start, end, text in run.pieces:
            parts += [self._text[reached:start], text]
            reached = end
        return "".join(parts) + self._text[reached : self._starts[run.last]]

    def block(self, run: _Run, mark: int) -> str:
        halves = "".join(self._lines[run.first : run.last]), self._new(run)
        search, replacement = (half + "\n" if half and not half.endswith("\n") else half for half in halves)
        return f"{'<' * mark} SEARCH\n{search}{'=' * mark}\n{replacement}{'>' * mark} REPLACE\n"
