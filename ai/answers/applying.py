"""Where a piece of an answer belongs in a text: from the two texts to the ranges to replace.

Pure. A piece is what stands in one code block, or a whole answer. In the order in which they are tried, it is

- search/replace blocks, or the hunks of a unified diff: each names the lines that it replaces;
- the whole text anew, when most of it is there again, from its beginning to its end;
- a part: its sections (a line with what is indented below it, a heading with what it heads) are looked for by their
  first lines, and stand in place of what the text has there.

Indentation never decides whether lines are the same. A place that is not the only one is no place: a proposal in the
wrong place is worse than none, and whoever asked can say which one is meant.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ai.answers.blocks import BlockReader, Replacing, Searched
from ai.answers.left_out import stands_for_others
from ai.answers.matching import Ambiguous, Fitting, Place, locate
from ai.answers.unified_diff import HUNK, diff_hunks

MOST_LINES = 50_000
MOST_EDITS = 50
"""Of the text, and changes in one piece: both may be hostile, and looking for lines takes the one times the other."""

_WHOLE = 0.75
"""The share of a text's lines that has to be there again for a piece to count as the whole text."""

_GOES_ON = re.compile(
    r"[)\]}]|</|(?:else|elif|except|finally|catch|end|fi|done|esac|then|rescue|ensure)\b", re.IGNORECASE
)
_HEADING = re.compile(r"(#{1,6})\s+\S")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
# How a line begins, up to where its details do: "def price(", "const total =", "lights,".
_HEAD = re.compile(r"[^(=:{,;|]*[^\s(=:{,;|]")


class CannotApply(ValueError):
    """There is no one place for the piece; the message says why, to people."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """`text` instead of what stands from `start` to `end` (code points)."""

    start: int
    end: int
    text: str


def replacements(text: str, piece: str) -> list[Replacement]:
    """What `piece` changes in `text`: in order, apart from each other, and none that changes nothing.

    Raises:
        CannotApply
    """
    if text.count("\n") > MOST_LINES:
        raise CannotApply(f"The file has more than {MOST_LINES:,} lines, too many to find the place.")
    return in_order(text, list(_found(text, piece)))


def in_order(text: str, changes: Sequence[Replacement]) -> list[Replacement]:
    """`changes` of `text`, without those that change nothing. Raises CannotApply where two of them meet."""
    ordered = sorted(changes, key=lambda change: (change.start, change.end))
    for before, after in pairwise(ordered):
        if after.start < before.end or after.start == before.start:
            raise CannotApply("Two parts of it belong to the same place of the file.")
    return [change for change in ordered if text[change.start : change.end] != change.text]


def _found(whole: str, piece: str) -> Iterator[Replacement]:
    edits = _edits(piece)
    if len(edits) > MOST_EDITS:
        raise CannotApply(f"It has more than {MOST_EDITS} changes, too many for one proposal.")
    if edits:
        for search, replace in edits:
            yield _sought(whole, search, replace)
        return
    text, lines = _Text(whole), _without_blank_ends(piece.split("\n"))
    if not lines:
        raise CannotApply("There is nothing in it.")
    if any(stands_for_others(line) and _key(line) not in text.by_key for line in lines):
        raise CannotApply("It leaves parts of the file out, so it cannot take their place. Ask for it in full.")
    if not any(text.keys) or _is_whole(text.keys, [_key(line) for line in lines]):
        yield text.replaced(0, len(text.lines), lines)
    else:
        yield _part(text, lines)


# ---- lines


class _Text:
    """`keys` are what lines are compared by; an empty one is that of a blank line."""

    def __init__(self, text: str) -> None:
        self.whole = text
        self.lines = text.split("\n")
        if self.lines[-1] == "":
            self.lines.pop()
        self.keys = [_key(line) for line in self.lines]
        self.by_key = _numbers(self.keys)
        self.by_head = _numbers([_head(key) for key in self.keys])
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def replaced(self, first: int, last: int, by: Sequence[str]) -> Replacement:
        """Lines `first` to before `last` give way to `by`. The text's last line keeps having an end, or none."""
        start, end = self._starts[first], min(self._starts[last], len(self.whole))
        new = "".join(f"{line}\n" for line in by)
        if end == len(self.whole) and not self.whole.endswith("\n") and self.whole:
            new = new.removesuffix("\n")
        return Replacement(start, end, new)


def _key(line: str) -> str:
    return " ".join(line.split())


def _head(key: str) -> str:
    found = _HEAD.match(key)
    return found[0] if found and _says(found[0]) else ""


def _numbers(keys: Sequence[str]) -> Mapping[str, Sequence[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for number, key in enumerate(keys):
        if key:
            found[key].append(number)
    return found


def _says(key: str) -> bool:
    """Whether a line tells anything: a lone bracket stands everywhere."""
    return any(character.isalnum() for character in key)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _width(line: str) -> int:
    return len(_indent(line).expandtabs(4))


def _without_blank_ends(lines: Sequence[str]) -> list[str]:
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return list(lines[first:last])


def _moved(lines: Sequence[str], from_indent: str, to_indent: str) -> list[str]:
    """`lines` as far in as the text has them, where the model has them further out or in."""
    if from_indent == to_indent:
        return list(lines)
    return [to_indent + line[len(from_indent) :] if line.startswith(from_indent) else line for line in lines]


# ---- search and replace


def _edits(piece: str) -> list[tuple[list[str], list[str]]]:
    """The (search, replace) pairs that a piece consists of; none when it is of another form."""
    reader = BlockReader()
    said = [*reader.push(piece), *reader.finish()]
    if reader.blocks == 0:
        lines = piece.split("\n")
        return list(diff_hunks(lines)) if any(HUNK.match(line) for line in lines) else []
    if reader.broken:
        raise CannotApply("It breaks off in the middle of a change.")
    edits: list[tuple[list[str], list[str]]] = []
    for part in said:
        if isinstance(part, Searched):
            edits.append((list(part.lines), []))
        elif isinstance(part, Replacing):
            edits[-1][1].append(part.line)
    return edits


def _sought(text: str, search: Sequence[str], replace: Sequence[str]) -> Replacement:
    first = next((line for line in search if line.strip()), None)
    if first is None:
        if text.strip():
            raise CannotApply("It does not say which lines of the file it is to replace.")
        return Replacement(0, len(text), "".join(replace))
    place = locate(text, search)
    if not isinstance(place, Place):
        raise _no_place(place.places if isinstance(place, Ambiguous) else 0, first)
    fitting = Fitting(place, search)
    written = "".join(map(fitting.push, replace))
    line_end = place.whole_lines and text[place.start : place.end].endswith("\n")
    return Replacement(place.start, place.end, written + fitting.finish(line_end=line_end))


def _no_place(count: int, line: str) -> CannotApply:
    shown = _key(line)
    shown = shown if len(shown) <= 60 else shown[:59].rstrip() + "…"
    if count:
        return CannotApply(f"“{shown}” is in the file {count} times, so the place is not clear.")
    return CannotApply(f"“{shown}” is not in the file, so there is no place for it.")


# ---- the whole text


def _is_whole(old: Sequence[str], new: Sequence[str]) -> bool:
    old, new = [key for key in old if _says(key)], [key for key in new if _says(key)]
    if (Counter(old) & Counter(new)).total() < max(1.0, _WHOLE * len(old)):
        return False
    # One long function out of two is most of a file as well, but then what is missing is all at one end.
    missing = max(2, len(old) // 20)
    again = set(new)
    there = [number for number, key in enumerate(old) if key in again]
    return there[0] <= missing and len(old) - 1 - there[-1] <= missing


# ---- a part


@dataclass(frozen=True, slots=True)
class _Section:
    first: int
    last: int
    """Behind its last line."""


def _section_at(lines: Sequence[str], first: int) -> _Section:
    """The line `first` with what belongs to it."""
    heading = _HEADING.match(lines[first])
    width = _width(lines[first])
    last, fenced = first + 1, False
    for number in range(first + 1, len(lines)):
        line = lines[number]
        if heading:
            fenced ^= bool(_FENCE.match(line))
            other = None if fenced else _HEADING.match(line)
            if other and len(other[1]) <= len(heading[1]):
                break
        elif line.strip() and (_width(line) < width or (_width(line) == width and not _GOES_ON.match(line.lstrip()))):
            break
        if line.strip():
            last = number + 1
    return _Section(first, last)


def _sections(lines: Sequence[str]) -> list[_Section]:
    found: list[_Section] = []
    at = 0
    while at < len(lines):
        if lines[at].strip():
            found.append(_section_at(lines, at))
            at = found[-1].last
        else:
            at += 1
    return found


def _part(text: _Text, lines: Sequence[str]) -> Replacement:
    """`lines` stand for one stretch of the text, from the first section that both have to the last."""
    pairs: list[tuple[_Section, _Section]] = []  # in the piece, in the text
    doubtful: tuple[int, str] | None = None
    below = 0
    for section in _sections(lines):
        head = lines[section.first]
        places = _places(text, head)
        first_below = bisect_left(places, below)
        count = len(places) - first_below
        if count == 1:
            theirs = _section_at(text.lines, places[first_below])
            pairs.append((section, theirs))
            below = theirs.last
        elif count and doubtful is None:
            doubtful = count, head
    if not pairs:
        raise _no_place(*(doubtful or (0, lines[0])))
    first, last = pairs[0], pairs[-1]
    from_indent, to_indent = _indent(lines[first[0].first]), _indent(text.lines[first[1].first])
    new = list(lines[: first[0].first])
    for number, (mine, _) in enumerate(pairs):
        if number:
            new += _between(text, lines, pairs[number - 1], pairs[number])
        new += lines[mine.first : mine.last]
    new += lines[last[0].last :]
    return text.replaced(first[1].first, last[1].last, _moved(new, from_indent, to_indent))


def _between(
    text: _Text, lines: Sequence[str], before: tuple[_Section, _Section], after: tuple[_Section, _Section]
) -> Sequence[str]:
    """What stands between two sections that the piece has in a row: a section that it leaves out is not deleted."""
    mine = lines[before[0].last : after[0].first]
    theirs = text.lines[before[1].last : after[1].first]
    has_body = any(section.last - section.first > 1 for section in _sections(theirs))
    return theirs if has_body and not any(line.strip() for line in mine) else mine


def _places(text: _Text, head: str) -> Sequence[int]:
    """The lines of the text that begin what `head` begins: those that are equal, else those that begin like it."""
    key = _key(head)
    if not _says(key):
        return ()
    return text.by_key.get(key) or (text.by_head.get(begins, ()) if (begins := _head(key)) else ())
