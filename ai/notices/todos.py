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
_END_OF_COMMENT = re.compile(r"[ \t]*(?:\*/|-->|\*\)|[}%#]\})?[ \t]*$")
_MARK = re.compile(r"\s*([^\w\s]+)")

MOST_LINES = 150
"""Of what is to be written anew for one of them."""

MOST_SAID = 300
"""Letters of what is to be done."""

MOST = 3
"""Of one text at a time: each asks a model."""


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


def todos(text: str) -> list[Todo]:
    """The first `MOST`, but for those that say nothing, and those about what another is about already."""
    found: list[Todo] = []
    lines: Sequence[str] = ()
    starts: Sequence[int] = ()
    for at, what in _said(text):
        if len(found) == MOST:
            break
        lines = lines or text.split("\n")
        starts = starts or [0, *accumulate(len(line) + 1 for line in lines)]
        first, last = _about(lines, text.count("\n", 0, at))
        if found and starts[first] <= found[-1].end:
            continue  # when that is done the text rests again
        found.append(Todo(at, what, starts[first], starts[last + 1] - 1))
    return found


def _said(text: str) -> Iterator[tuple[int, str]]:
    for match in _TODO.finditer(text):
        if what := _END_OF_COMMENT.sub("", match[1]).strip()[:MOST_SAID]:
            yield match.start(), what


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
