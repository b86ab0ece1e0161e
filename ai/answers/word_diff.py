"""Differences between two short texts, word by word, in the way a person would mark them.

Positions here are code points of the Python strings; `ai.answers.streaming_diff` turns them into UTF-16.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

# Scripts that are written without spaces are compared by character; marks stay with the character they modify.
_TOKEN = re.compile(
    r"(?:[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|(?:(?![\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])\w)+|[^\S\n]+|.)"
    r"[\u0300-\u036f\u200d\ufe0e\ufe0f]*",
    re.DOTALL,
)
_BETWEEN_PARAGRAPHS = re.compile(r"(\n(?:[ \t]*\n)+)")
_SEPARATES = re.compile(r"\w{3}|[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{2}|(?:\S\s*){5}")

# The table of the longest common subsequence is filled in pure Python at about 0.1 µs a cell: 1 ms at most.
_MAX_CELLS = 10_000
# The same in letters, of which most tokens have several.
_MAX_SQUARES = 16 * _MAX_CELLS

# About a screenful of lines: what is moved to the right further down can be decided by itself.
_LONG_BLOCK = 2_000


class Edit(NamedTuple):
    """Replace `start` to `end` of the old text by `text`."""

    start: int
    end: int
    text: str


def tokens(text: str) -> list[str]:
    """Words, runs of blanks, line ends and single characters; joined they are the text again."""
    return _TOKEN.findall(text)


def separates(unchanged: str) -> bool:
    """Whether this unchanged text between two edits lets people see two: a few letters, or the end of a line."""
    return "\n" in unchanged or _SEPARATES.search(unchanged) is not None


def word_edits(old: str, new: str, by_line: bool = False) -> list[Edit]:
    """The edits that turn `old` into `new`, ordered, apart from each other by text that `separates`, or `by_line` by a
    line that stays.

    Texts that have little in common become one edit rather than many small ones.
    """
    a, b = tokens(old), tokens(new)
    head = _common_head(a, b)
    tail = _common_head(a[head:][::-1], b[head:][::-1])
    start = sum(map(len, a[:head]))
    a, b = a[head : len(a) - tail], b[head : len(b) - tail]
    if not a and not b:
        return []
    whole = [Edit(start, start + sum(map(len, a)), "".join(b))]
    if not a or not b or len(a) * len(b) > _MAX_CELLS:
        return whole
    edits = joined(old, _edits(a, b, _matches(a, b), start), by_line)
    changed = sum(max(edit.end - edit.start, len(edit.text)) for edit in edits)
    return edits if _kept(old, a, edits) * 3 >= changed else whole


def _kept(old: str, differing: Sequence[str], edits: Sequence[Edit]) -> int:
    """How much stays of what differs. Every text has line ends: that they are the same says nothing."""
    ends = sum(old.count("\n", one.end, two.start) for one, two in pairwise(edits))
    return sum(map(len, differing)) - sum(edit.end - edit.start for edit in edits) - ends


def cut_at_line_ends(old: str, edit: Edit, by_line: bool = False) -> list[Edit]:
    """The change without the line ends at its borders that stay, and cut where paragraphs begin if as many stay."""
    if _indents(old, edit):
        return [edit]
    base, text = old[edit.start : edit.end], edit.text
    head = min(_line_ends(base), _line_ends(text))
    base, text = base[head:], text[head:]
    tail = min(_line_ends(base[::-1]), _line_ends(text[::-1]))
    base, text = base[: len(base) - tail], text[: len(text) - tail]
    start = edit.start + head
    before, after = _BETWEEN_PARAGRAPHS.split(base), _BETWEEN_PARAGRAPHS.split(text)
    if len(before) == 1 or before[1::2] != after[1::2]:
        return [Edit(start, start + len(base), text)]
    few = sum(len(x) * len(y) for x, y in zip(before, after, strict=True)) <= _MAX_SQUARES
    parts: list[Edit] = []
    for x, y in zip(before, after, strict=True):
        edits = word_edits(x, y, by_line) if few else [Edit(0, len(x), y)] if x != y else []
        parts += [Edit(start + part.start, start + part.end, part.text) for part in edits]
        start += len(x)
    return parts


def _line_ends(text: str) -> int:
    return len(text) - len(text.lstrip("\n"))


def akin(old: str, new: str) -> bool:
    """Whether `new` reads as another form of `old`: two fifths of what is written in it stands in `old`, in order."""
    a, b = tokens(old), tokens(new)
    head = _common_head(a, b)
    return _enough(b[:head], b[head:], _matches(a[head : head + _MAX_CELLS // max(1, len(b) - head)], b[head:]))


def growing_edits(old: str, unfinished: str, by_line: bool = False) -> list[Edit]:
    """The edits by which `unfinished`, of which more will come, begins to rewrite `old`.

    What of `old` has not been reached counts as unchanged. Texts with little in common share their beginning at most.
    """
    if old.startswith(unfinished):
        return []
    a, b = tokens(old), tokens(unfinished)
    head = _common_head(a, b)
    start = sum(map(len, a[:head]))
    a, rest = a[head:], b[head:]
    matches = _matches(a[: _MAX_CELLS // len(rest)], rest, free_end=True)
    if not _enough(b[:head], rest, matches):
        matches = []
    reached_a, reached_b = (matches[-1][0] + 1, matches[-1][1] + 1) if matches else (0, 0)
    edits = _edits(a[:reached_a], rest[:reached_b], matches, start)
    reach = start + sum(map(len, a[:reached_a]))
    left = "".join(rest[reached_b:])
    if not old.startswith(left, reach):
        edits.append(Edit(reach, reach, left))
    return joined(old, edits, by_line)


def joined(old: str, edits: Iterable[Edit], by_line: bool = False) -> list[Edit]:
    """The same change with edits taken together where too little unchanged text lies between them."""
    result: list[Edit] = []
    for edit in edits:
        if result and joins(old, result[-1], edit, by_line):
            result[-1] = join(old, result[-1], edit)
        else:
            result.append(edit)
    return result


def joins(old: str, first: Edit, second: Edit, by_line: bool = False) -> bool:
    between = old[first.end : second.start]
    if by_line and _touch(old, first, second.start):
        return True
    if not separates(between):
        return True
    # A block that is moved to the right is one change, not one per line.
    next_line = between.endswith("\n") and "\n" not in between.strip()
    return next_line and len(first.text) < _LONG_BLOCK and _indents(old, first) and _indents(old, second)


def _touch(old: str, edit: Edit, next_edit: int) -> bool:
    """Whether no whole line stays between an edit and the next one: code is read in blocks of lines."""
    if max(edit.end - edit.start, len(edit.text), next_edit - edit.end) >= _LONG_BLOCK:
        return False
    at_line = edit.end == 0 or old[edit.end - 1] == "\n"
    return old.count("\n", edit.end, next_edit) < (1 if at_line else 2)


def join(old: str, first: Edit, second: Edit) -> Edit:
    return Edit(first.start, second.end, first.text + old[first.end : second.start] + second.text)


def may_still_join(old: str, edit: Edit, end: int, by_line: bool = False) -> bool:
    """Whether an edit at or after `end` could have to be joined to `edit`."""
    between = old[edit.end : end]
    if not separates(between) or (by_line and _touch(old, edit, end)):
        return True
    return "\n" not in between.strip() and len(edit.text) < _LONG_BLOCK and _indents(old, edit)


def _indents(old: str, edit: Edit) -> bool:
    """Whether the edit changes only the blanks at the beginnings of lines, under lines that come or go: `if …:`."""
    if edit.start and old[edit.start - 1] not in "\n \t":
        return False
    begins = old.rfind("\n", 0, edit.start) + 1
    if old[begins : edit.start].strip(" \t"):
        return False
    before, after = old[begins : edit.end].split("\n"), (old[begins : edit.start] + edit.text).split("\n")
    lines = min(len(before), len(after))
    if len(before) != len(after) and before[-1] == after[-1]:
        return False
    return all(x.lstrip(" \t") == y.lstrip(" \t") for x, y in zip(before[-lines:], after[-lines:], strict=True))


def _common_head(a: Sequence[str], b: Sequence[str]) -> int:
    count = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        count += 1
    return count


def _ink(parts: Sequence[str]) -> int:
    return sum(len(part) for part in parts if not part.isspace())


def _enough(head: Sequence[str], rest: Sequence[str], matches: Sequence[tuple[int, int]]) -> bool:
    """Whether a text of `head` and `rest` has much in common with one that has its head and what `matches` it."""
    shared, ink = _ink(head), _ink(rest)
    return 5 * (shared + _ink([rest[j] for _, j in matches])) >= 2 * (shared + ink)


def _weight(token: str) -> int:
    if token.isspace():
        return 1
    return 2 + 2 * min(len(token), 8) if token[0].isalnum() or token[0] == "_" else 2


def _matches(a: Sequence[str], b: Sequence[str], *, free_end: bool = False) -> list[tuple[int, int]]:
    """Pairs of equal tokens, a heaviest common subsequence. `free_end`: prefer one that ends early in `a`."""
    weights = [_weight(token) for token in b]
    rows = [[0] * (len(b) + 1)]
    for token in a:
        above = rows[-1]
        row = [0]
        left = diagonal = 0
        for j, other in enumerate(b):
            up = above[j + 1]
            if token == other:
                match = diagonal + weights[j]
                left = max(match, up, left)
            elif up > left:
                left = up
            diagonal = up
            row.append(left)
        rows.append(row)
    i = len(a)
    if free_end:
        i = max(range(len(rows)), key=lambda k: (2 * rows[k][-1] - k, -k))
    j = len(b)
    matches: list[tuple[int, int]] = []
    while i and j:
        if rows[i][j] == rows[i - 1][j]:
            i -= 1
        elif rows[i][j] == rows[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            matches.append((i, j))
    matches.reverse()
    return matches


def _edits(a: Sequence[str], b: Sequence[str], matches: Sequence[tuple[int, int]], start: int) -> list[Edit]:
    edits: list[Edit] = []
    i = j = 0
    for next_i, next_j in (*matches, (len(a), len(b))):
        end = start + sum(map(len, a[i:next_i]))
        if i < next_i or j < next_j:
            edits.append(Edit(start, end, "".join(b[j:next_j])))
        start = end + (len(a[next_i]) if next_i < len(a) else 0)
        i, j = next_i + 1, next_j + 1
    return edits
