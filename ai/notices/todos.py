"""What people have left to the assistant in a text: TODOs that are addressed to it. Pure.

`TODO(assistant): …` and `TODO @assistant …`, in whatever a language has for comments; `scriptorium` and `ai` are names
of it as well. Others are addressed to people, and none of its business.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from collab.yjs.offsets import codepoint_to_utf16

_NAME = r"(?:assistant|scriptorium|ai)\b"
_TODO = re.compile(rf"\bTODO(?:[ \t]*\(@?{_NAME}\)|:?[ \t]+@{_NAME})[ \t]*:?[ \t]*([^\n]*)", re.IGNORECASE)
_ENDS_OF_COMMENTS = ("*/", "-->", "*)", "}}", "%}", "#}")
_BEFORE = re.compile(r"(?:^|(?<=[\s*]))[^\w\s\"'`]*[ \t]*$")
_MARK = re.compile(r"\s*([^\w\s]+)")

MOST_LINES = 150
"""Of what is to be written anew for one of them."""

MOST_SAID = 300
"""Letters of what is to be done."""


@dataclass(frozen=True, slots=True)
class Todo:
    """`what` is to be done at `at`; `start` to `end` is what it may be about. Code points."""

    at: int
    what: str
    start: int
    end: int

    def selection(self, text: str) -> tuple[int, int]:
        """In UTF-16 code units."""
        return codepoint_to_utf16(text, self.start), codepoint_to_utf16(text, self.end)


def todos(text: str) -> Iterator[Todo]:
    """Those that stand in a comment or at the beginning of a line and say something, but for those that are about what
    another one is about already."""
    lines: Sequence[str] = ()
    starts: Sequence[int] = ()
    end = -1
    for at, what in _said(text):
        lines = lines or text.split("\n")
        starts = starts or [0, *accumulate(len(line) + 1 for line in lines)]
        first, last = _about(lines, text.count("\n", 0, at))
        if starts[first] <= end:
            continue  # when that is done the text rests again
        end = starts[last + 1] - 1
        yield Todo(at, what, starts[first], end)


def _said(text: str) -> Iterator[tuple[int, str]]:
    for match in _TODO.finditer(text):
        line = text.rfind("\n", 0, match.start()) + 1
        before = text[max(line, match.start() - 20) : match.start()]
        what = match[1][: MOST_SAID + 20].strip()
        for end in _ENDS_OF_COMMENTS:
            what = what.removesuffix(end).rstrip()
        # Text that tells of such a thing is none, nor is a string of a program.
        if what and _BEFORE.search(before) and (not before.strip() or not before.strip()[-1].isalnum()):
            yield match.start(), what[:MOST_SAID]


def _about(lines: Sequence[str], row: int) -> tuple[int, int]:
    """The first and the last line of what stands with line `row`: the rest of its paragraph and of what it is in.

    A comment that stands alone is about the paragraph behind it.
    """
    indent, mark = _indent(lines[row]), _mark(lines[row])
    first = last = row
    for at in range(row - 1, max(-1, row - MOST_LINES // 2), -1):
        if not lines[at].strip() or _indent(lines[at]) < indent:
            break
        first = at
    alone = all(_mark(line) == mark for line in lines[first:row]) if mark else first == row
    for at in range(row + 1, min(len(lines), first + MOST_LINES)):
        line = lines[at]
        if not line.strip():
            continue
        # Behind an empty line: what is further in belongs to it, and so does the first paragraph behind it alone.
        if _indent(line) < indent or (at > last + 1 and _indent(line) == indent and not alone):
            break
        alone = alone and bool(mark) and _mark(line) == mark
        last = at
    return first, last


def _mark(line: str) -> str:
    """What a line begins with, as a comment does."""
    found = _MARK.match(line)
    return found[1] if found else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
