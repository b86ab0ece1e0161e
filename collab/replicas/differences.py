"""What differs between two texts, in bounded time.

Lines first: those that occur once on both sides are anchors (patience diff), which is quick on real files and keeps
blocks whole. Where there are none, a shortest edit script (Myers), as long as it is short. Lines that are left over are
compared word by word in the same way. Everything draws on one budget of steps; once it is spent, what has not been
compared is replaced as a whole, so that unlike files of many megabytes cost no more than like ones.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

STEPS = 3_000_000
"""Elements looked at in one call: at most a second."""

PORTION = 1 << 15
"""Characters that are cut into lines, and lines that are counted, in one call: a thread that does it lets others in
only between two calls."""

_LONGEST_SCRIPT = 256
"""Insertions and deletions of the longest edit script that is still worth having."""

MOST = 4_000
"""Differences in one result. Each is a place at which every replica of the document has to cut it."""

_WORDS = re.compile(r"\w+|\W", re.DOTALL)
_LINES = re.compile(r"[^\n]*\n|[^\n]+")

Block = tuple[int, int, int, int]
"""(a_start, a_end, b_start, b_end): these elements of `a` stand where those of `b` do."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`old[start:end]` has become `text`, in code points."""

    start: int
    end: int
    text: str


class _Budget:
    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int) -> bool:
        """Whether so many steps were left."""
        self._left -= steps
        return self._left >= 0


def differences(old: str, new: str) -> list[Difference]:
    """What to replace in `old` to make it `new`: at most `MOST`, ascending, disjoint, and never next to each other."""
    budget = _Budget(STEPS)
    prefix, suffix = _common_ends(old, new)
    # Whole lines, for it is among lines that anchors are found.
    start = old.rfind("\n", 0, prefix) + 1
    stop = old.find("\n", len(old) - suffix) + 1 or len(old)
    found: list[Difference] = []
    for lines in _compare(old[start:stop], new[start : len(new) - len(old) + stop], _LINES, budget):
        before = old[start + lines.start : start + lines.end]
        for words in _compare(before, lines.text, _WORDS, budget):
            prefix, suffix = _common_ends(before[words.start : words.end], words.text)
            at = start + lines.start
            text = words.text[prefix : len(words.text) - suffix]
            found.append(Difference(at + words.start + prefix, at + words.end - suffix, text))
    return found if len(found) <= MOST else _joined(old, found)


@dataclass(frozen=True, slots=True)
class LineDifference:
    """Whole lines, each with its line end: `removed` begins at line `old_start`, `added` has line `new_start` of the
    other text for its place. Lines are numbered from 0."""

    old_start: int
    new_start: int
    removed: list[str]
    added: list[str]


def line_differences(old: str, new: str) -> list[LineDifference]:
    """Which lines differ: ascending, disjoint, and never next to each other. For people to read."""
    a, b = lines_of(old), lines_of(new)
    return [LineDifference(i, k, a[i:j], b[k:m]) for i, j, k, m in _blocks(a, b, _Budget(STEPS))]


def lines_of(text: str) -> list[str]:
    """Each with its line end."""
    lines: list[str] = []
    at = 0
    while at < len(text):
        end = text.find("\n", at + PORTION) + 1 or len(text)
        lines += _LINES.findall(text, at, end)
        at = end
    return lines


def _joined(old: str, found: list[Difference]) -> list[Difference]:
    """At most `MOST` of them, joined where the least of `old` lies between two."""
    between = sorted((after.start - before.end for before, after in pairwise(found)), reverse=True)
    joined = found[:1]
    for difference in found[1:]:
        last = joined[-1]
        if difference.start - last.end > between[MOST - 1]:
            joined.append(difference)
        else:
            text = last.text + old[last.end : difference.start] + difference.text
            joined[-1] = Difference(last.start, difference.end, text)
    return joined


def _common_ends(a: str, b: str) -> tuple[int, int]:
    """Lengths of the common beginning and of the common end behind it."""
    shorter = min(len(a), len(b))
    prefix = _common(shorter, lambda i, j: a[i:j] == b[i:j])
    suffix = _common(shorter - prefix, lambda i, j: a[len(a) - j : len(a) - i] == b[len(b) - j : len(b) - i])
    return prefix, suffix


def _common(limit: int, equal: Callable[[int, int], bool]) -> int:
    """The greatest n up to `limit` for which the first n elements are equal, by halving: slices compare at C speed."""
    low, high = 0, limit + 1
    while high - low > 1:
        middle = (low + high) // 2
        if equal(low, middle):
            low = middle
        else:
            high = middle
    return low


def _compare(old: str, new: str, split: re.Pattern[str], budget: _Budget) -> Iterator[Difference]:
    if not old or not new:
        if old or new:
            yield Difference(0, len(old), new)
        return
    a, b = split.findall(old), split.findall(new)
    a_offsets, b_offsets = [0, *accumulate(map(len, a))], [0, *accumulate(map(len, b))]
    for a_start, a_end, b_start, b_end in _blocks(a, b, budget):
        yield Difference(a_offsets[a_start], a_offsets[a_end], new[b_offsets[b_start] : b_offsets[b_end]])


def _blocks(a: Sequence[str], b: Sequence[str], budget: _Budget) -> list[Block]:
    """The blocks in which `a` and `b` differ, ascending."""
    found: list[Block] = []
    todo: list[Block] = [(0, len(a), 0, len(b))]
    while todo:
        a_start, a_end, b_start, b_end = todo.pop()
        while a_start < a_end and b_start < b_end and a[a_start] == b[b_start]:
            a_start += 1
            b_start += 1
        while a_start < a_end and b_start < b_end and a[a_end - 1] == b[b_end - 1]:
            a_end -= 1
            b_end -= 1
        block = (a_start, a_end, b_start, b_end)
        if a_start == a_end or b_start == b_end:
            found += [block] if a_end - a_start or b_end - b_start else []
        elif between := _between_anchors(a, b, block, budget):
            todo.extend(reversed(between))
        else:
            found += _shortest_script(a, b, block, budget) or [block]
    return found


def _between_anchors(a: Sequence[str], b: Sequence[str], block: Block, budget: _Budget) -> list[Block]:
    """What lies between the elements that are unique on both sides and in the same order; empty without any."""
    a_start, a_end, b_start, b_end = block
    if not budget.spend(a_end - a_start + b_end - b_start):
        return []
    here, there = _counted(a, a_start, a_end), _counted(b, b_start, b_end)
    places = {b[j]: j for j in range(b_start, b_end) if there[b[j]] == 1 and here[b[j]] == 1}
    pairs = [(i, places[a[i]]) for i in range(a_start, a_end) if a[i] in places]
    anchors = _longest_ascent(pairs)
    if not anchors:
        return []
    edges = [(a_start - 1, b_start - 1), *anchors, (a_end, b_end)]
    return [(i + 1, k, j + 1, m) for (i, j), (k, m) in pairwise(edges)]


def _counted(elements: Sequence[str], start: int, end: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    for at in range(start, end, PORTION):
        counts.update(elements[at : min(at + PORTION, end)])
    return counts


def _longest_ascent(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence in which the second numbers ascend too (patience sorting)."""
    piles: list[int] = []
    tops: list[int] = []
    below: list[int] = []
    for index, (_, j) in enumerate(pairs):
        pile = bisect_left(piles, j)
        below.append(tops[pile - 1] if pile else -1)
        if pile == len(piles):
            piles.append(j)
            tops.append(index)
        else:
            piles[pile] = j
            tops[pile] = index
    ascent: list[tuple[int, int]] = []
    index = tops[-1] if tops else -1
    while index >= 0:
        ascent.append(pairs[index])
        index = below[index]
    return ascent[::-1]


def _shortest_script(a: Sequence[str], b: Sequence[str], block: Block, budget: _Budget) -> list[Block]:
    """The blocks that a shortest edit script changes (E. W. Myers, 1986); empty when it is long or costs too much."""
    a_start, a_end, b_start, b_end = block
    n, m = a_end - a_start, b_end - b_start
    reach = {1: 0}
    trace: list[dict[int, int]] = []
    for changes in range(min(n + m, _LONGEST_SCRIPT) + 1):
        trace.append(reach)
        reach = dict(reach)
        for diagonal in range(-changes, changes + 1, 2):
            if diagonal == -changes or (diagonal != changes and reach[diagonal - 1] < reach[diagonal + 1]):
                x = reach[diagonal + 1]
            else:
                x = reach[diagonal - 1] + 1
            begin = x
            while x < n and x - diagonal < m and a[a_start + x] == b[b_start + x - diagonal]:
                x += 1
            if not budget.spend(1 + x - begin):
                return []
            reach[diagonal] = x
            if x >= n and x - diagonal >= m:
                return _changed_blocks(trace, n, m, a_start, b_start)
    return []


def _changed_blocks(trace: list[dict[int, int]], x: int, y: int, a_start: int, b_start: int) -> list[Block]:
    """Walks an edit script back from its end."""
    found: list[Block] = []
    for changes in range(len(trace) - 1, 0, -1):
        reach = trace[changes]
        diagonal = x - y
        down = diagonal == -changes or (diagonal != changes and reach[diagonal - 1] < reach[diagonal + 1])
        before = reach[diagonal + 1] if down else reach[diagonal - 1] + 1
        # Back along the diagonal that both sides have in common, then one step back over what was changed.
        y -= x - before
        x = before
        end_x, end_y = x, y
        x, y = (x, y - 1) if down else (x - 1, y)
        block = (a_start + x, a_start + end_x, b_start + y, b_start + end_y)
        if found and found[-1][0] == block[1] and found[-1][2] == block[3]:
            last = found.pop()
            block = (block[0], last[1], block[2], last[3])
        found.append(block)
    return found[::-1]
