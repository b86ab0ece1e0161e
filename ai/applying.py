"""Where a piece of an answer belongs in a text: from the two texts to the ranges to replace.

Pure. A piece is what stands in one code block, or a whole answer. In the order in which they are tried, it is

- search/replace blocks, or the hunks of a unified diff: each names the lines that it replaces;
- the whole text anew, when most of it is there again, from its beginning to its end;
- a part: its sections (a line with what is indented below it, a heading with what it heads) are looked for by their
  first lines, and stand in place of what the text has there.

White space never decides whether lines are the same. A place that is not the only one is no place: a proposal in the
wrong place is worse than none, and whoever asked can say which one is meant.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_LINES = 50_000
MOST_EDITS = 200
"""Of the text, and search/replace blocks in one piece: both may be hostile, and looking for lines that are all alike
takes the one times the other."""

_WHOLE = 0.75
"""The share of a text's lines that has to be there again for a piece to count as the whole text."""

_SEARCH = re.compile(r"^[ \t]*<{5,9}[ \t]*(?:SEARCH|ORIGINAL|HEAD)\b.*$", re.IGNORECASE)
_DIVIDER = re.compile(r"^[ \t]*={5,9}[ \t]*$")
_REPLACE = re.compile(r"^[ \t]*>{5,9}[ \t]*(?:REPLACE|UPDATED)\b.*$", re.IGNORECASE)
_DIFF_HUNK = re.compile(r"^@@.*@@|^@@[ \t]*$")
_DIFF_FILE = re.compile(r"^(?:diff |index |--- |\+\+\+ )")
_LONGEST_MARK = 200
# What stands for lines that are not written out: "# ... existing code ...", "// … rest of the file", "[unchanged]".
_LEFT_OUT = re.compile(
    r"^[^\w\n]*(?:\.{3}|…)[^\w\n]*$"
    r"|^[^\w\n]*(?:\.{3}|…)?[^\w\n]*(?:the )?"
    r"(?:rest|remaining|remainder|existing|other|previous|same|unchanged|omitted)\b"
    r"[\w ,'-]{0,60}(?:\.{3}|…|unchanged|as before|stays? the same|remains?|omitted|same as)[^\w\n]*$",
    re.IGNORECASE,
)
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
    found = sorted(_found(_Text(text), piece), key=lambda change: (change.start, change.end))
    for before, after in pairwise(found):
        if after.start < before.end or after.start == before.start:
            raise CannotApply("Two parts of it belong to the same place of the file.")
    return [change for change in found if text[change.start : change.end] != change.text]


def _found(text: "_Text", piece: str) -> Iterator[Replacement]:
    edits = list(_edits(piece.split("\n")))
    if len(edits) > MOST_EDITS:
        raise CannotApply(f"It has more than {MOST_EDITS} changes, too many for one proposal.")
    if edits:
        for search, replace in edits:
            yield _sought(text, search, replace)
        return
    lines = _without_blank_ends(piece.split("\n"))
    if not lines:
        raise CannotApply("There is nothing in it.")
    if any(_leaves_out(line) and _key(line) not in text.by_key for line in lines):
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
        self.numbers = [number for number, key in enumerate(self.keys) if key]
        """Of the lines that are not blank."""
        self.written = [self.keys[number] for number in self.numbers]
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


def _leaves_out(line: str) -> bool:
    return len(line) <= _LONGEST_MARK and _LEFT_OUT.match(line) is not None


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


def _edits(lines: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """The (search, replace) pairs that a piece consists of; none when it is of another form."""
    if any(_SEARCH.match(line) for line in lines):
        yield from _search_replace(lines)
    elif any(_DIFF_HUNK.match(line) for line in lines):
        yield from _diff_hunks(lines)


def _search_replace(lines: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    search: list[str] | None = None
    replace: list[str] | None = None
    for line in lines:
        if search is None:
            search = [] if _SEARCH.match(line) else None
        elif replace is None:
            if _DIVIDER.match(line):
                replace = []
            else:
                search.append(line)
        elif _REPLACE.match(line):
            yield search, replace
            search = replace = None
        else:
            replace.append(line)
    if search is not None:
        raise CannotApply("It breaks off in the middle of a change.")


def _diff_hunks(lines: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    old: list[str] = []
    new: list[str] = []
    for line in [*lines, "@@"]:
        if _DIFF_HUNK.match(line):
            if old != new:
                yield old, new
            old, new = [], []
        elif _DIFF_FILE.match(line):
            continue
        elif line.startswith("-"):
            old.append(line[1:])
        elif line.startswith("+"):
            new.append(line[1:])
        elif not line.startswith("\\"):
            old.append(line.removeprefix(" "))
            new.append(line.removeprefix(" "))


def _sought(text: _Text, search: Sequence[str], replace: Sequence[str]) -> Replacement:
    wanted = _without_blank_ends(search)
    if not wanted:
        if any(text.keys):
            raise CannotApply("It does not say which lines of the file it is to replace.")
        return text.replaced(0, len(text.lines), replace)
    places = _windows(text, wanted)
    if len(places) > 1:
        # The same words at several depths: the one that is written exactly so, if there is one.
        places = [place for place in places if text.lines[place[0] : place[1]] == wanted] or places
    if len(places) == 1:
        [(first, last)] = places
        kept = _without_blank_ends(replace) if len(wanted) < len(search) else replace
        return text.replaced(first, last, _moved(kept, _indent(wanted[0]), _indent(text.lines[first])))
    if not places:
        # In prose a paragraph is one line, and what is to be replaced may be a sentence of it.
        sentence = "\n".join(wanted).strip()
        if text.whole.count(sentence) == 1:
            start = text.whole.index(sentence)
            return Replacement(start, start + len(sentence), "\n".join(replace).strip())
    raise _no_place(len(places), wanted[0])


def _windows(text: _Text, wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Where the lines `wanted` stand in a row; blank lines count neither here nor there."""
    keys = [key for key in map(_key, wanted) if key]
    found = []
    for number in text.by_key.get(keys[0], ()):
        at = bisect_left(text.numbers, number)
        if text.written[at : at + len(keys)] == keys:
            found.append((number, text.numbers[at + len(keys) - 1] + 1))
    return found


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
