"""A text in pieces that are found, read and paid for one by one: along its structure, and stable.

Each line has a rank by what stands there (`ai.knowledge.outlines`). What is too long is cut in front of the line of the
lowest rank, and then so are both parts; among lines of the same rank their hash decides. Nothing is counted from the
beginning, so an edit moves only cuts around it, and all other pieces are known again by their content.
"""

import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ai.knowledge.code import LANGUAGES, MOST_PARSED, code_outline
from ai.knowledge.outlines import INSIDE, UNWANTED, Outline, is_blank, markdown_outline, plain_outline

MOST = 2_400
"""Characters of a chunk: some 700 tokens. Models of embeddings take in more, but blur what more of it is about."""

_ENOUGH = 1_800
"""What is as long stays together; the parts of what is longer have some 1,100 on the average. One thing alone, as a
function or a paragraph is, stays together up to the most."""

_LEAST = 500
"""No cut leaves less, wherever there is a choice: a line alone tells little."""

_PROSE = frozenset({None, "text", "restructuredtext", "asciidoc", "latex", "typst"})
# Of a line that is too long.
_PIECE = re.compile(r".{100,2000}?[\s;,})\]>]|.{1,2000}")


@dataclass(frozen=True, slots=True)
class Chunk:
    """`text` is as it stands there: whole lines, where these are not longer than a chunk may be."""

    text: str
    first: int
    last: int
    """Lines of the file, counted from 1; both belong to it."""
    within: tuple[str, ...]
    """What all of it is in, outermost first: headings, classes and functions."""


def chunks(text: str, language: str | None, line: int = 1, within: tuple[str, ...] = ()) -> list[Chunk]:
    """Ascending, of all lines that are not blank. `line` is the number of the first, and all is `within`."""
    lines = text.split("\n")
    outline = _outline(text, lines, language)
    found = []
    for run in _runs(lines, outline.ranks):
        for low, high in run.cut():
            first, last = run.rows[low], run.rows[high - 1]
            piece = text[run.starts[low] : run.ends[high - 1]]
            path = _common(outline.within[first : last + 1])
            found.append(Chunk(piece, line + first, line + last, within + path))
    return found


def _outline(text: str, lines: list[str], language: str | None) -> Outline:
    if language == "markdown":
        return markdown_outline(lines)
    if language in LANGUAGES and len(text) <= MOST_PARSED:
        return code_outline(text, lines, language)
    return plain_outline(lines, language in _PROSE)


def _common(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    lowest, highest = min(paths), max(paths)
    same = next((at for at, (a, b) in enumerate(zip(lowest, highest, strict=False)) if a != b), len(lowest))
    return lowest[:same]


# ---- cutting

_FAN = 64
_HASHED = 200


class _Run:
    """Lines that are not blank, or the pieces of one that is too long, with what ranks them."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self._ranks: list[int] = []
        self._hashes: list[int] = []

    def add(self, row: int, start: int, line: str, rank: int) -> None:
        if is_blank(line):
            return
        self.rows.append(row)
        self.starts.append(start)
        self.ends.append(start + len(line))
        self._ranks.append(rank)
        self._hashes.append(zlib.crc32(line[:_HASHED].strip().encode("utf-8", "replace")))

    def cut(self) -> Iterator[tuple[int, int]]:
        """In order: each from a line of these to before another one."""
        levels = [self._keys()]
        while len(levels[-1]) > _FAN:
            levels.append([min(levels[-1][at : at + _FAN]) for at in range(0, len(levels[-1]), _FAN)])
        parts = [(0, len(self.rows))] if self.rows else []
        while parts:
            low, high = parts.pop()
            start, end = self.starts[low], self.ends[high - 1]
            if end - start > _ENOUGH and high - low > 1:
                left = max(low + 1, bisect_left(self.starts, start + _LEAST, low, high))
                right = min(high, bisect_right(self.starts, end - _LEAST, low, high))
                if left >= right:
                    left, right = low + 1, high
                at = _least(levels, left, right) % len(self.rows)
                if end - start > MOST or self._ranks[at] < INSIDE:
                    parts += [(at, high), (low, at)]
                    continue
            yield low, high

    def _keys(self) -> list[int]:
        """By the rank, then by what it begins with, as lines like "}" are many; the place tells whose key it is."""
        count = len(self.rows)
        hashes = [one ^ (other >> 1) for one, other in pairwise([*self._hashes, 0])]
        return [
            ((rank << 32 | hashed) * count) + at
            for at, (rank, hashed) in enumerate(zip(self._ranks, hashes, strict=True))
        ]


def _least(levels: list[list[int]], low: int, high: int) -> int:
    """The least key from `low` to before `high`, in the time that a few rows of _FAN take."""
    least: list[int] = []
    for level in levels:
        left, right = -(-low // _FAN), high // _FAN
        if left >= right:
            return min([*least, *level[low:high]])
        least += level[low : left * _FAN] + level[right * _FAN : high]
        low, high = left, right
    return min(least)


def _runs(lines: list[str], ranks: list[int]) -> Iterator[_Run]:
    run = _Run()
    start = 0
    for row, line in enumerate(lines):
        if len(line) <= MOST:
            run.add(row, start, line, ranks[row])
        elif not is_blank(line):
            yield run
            run = _Run()
            for piece in _PIECE.finditer(line):
                run.add(row, start + piece.start(), piece[0], UNWANTED)
            yield run
            run = _Run()
        start += len(line) + 1
    yield run
