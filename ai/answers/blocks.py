"""Search/replace blocks: how a model changes a long text without writing all of it again.

    <<<<<<< SEARCH
    lines that are there
    =======
    lines that are to stand there
    >>>>>>> REPLACE

Pure: what a model says goes in piece by piece, what its blocks say comes out. Models put fences and sentences around
blocks, indent them, forget the last mark and vary its words; all of that is read past. Whether the lines of a block are
there is not judged here (`ai.answers.matching`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from typing import Literal

MARK = 7
"""Characters of a mark, unless the text has lines that look like one."""

_LONGEST = 200
"""Characters of a line that may be a mark. Patterns with several runs of blanks take long for lines without an end."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A block's search is complete: `lines`, each with its line end, are to be replaced."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replacing:
    """The next line of the replacement of the block that was searched last, with its line end."""

    line: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The block is over. `whole`: it came to its end; otherwise the answer broke off in it."""

    whole: bool


Said = Searched | Replacing | Ended


def mark_for(text: str) -> int:
    """How many characters the marks must have that no line of `text` can be taken for."""
    longest = max((len(run) for run in re.findall(r"^[ \t]*([<=>]{5,})", text, re.MULTILINE)), default=0)
    return MARK if longest < MARK - 1 else longest + 4


def instructions(mark: int) -> str:
    """How a model is told to answer in blocks, by an example."""
    return (
        f"{'<' * mark} SEARCH\nlines of the selection, exactly as they are there\n{'=' * mark}\n"
        f"lines that are to stand in their place\n{'>' * mark} REPLACE"
    )


def _perhaps_mark(line: str) -> str:
    """The line as marks are looked for in it; "" where it is too long for one."""
    mark = line.strip()
    return mark if len(mark) <= _LONGEST else ""


class BlockReader:
    """Feed it with `push`, then call `finish` once. `mark` is as `mark_for` gave it for the prompt."""

    def __init__(self, mark: int = MARK) -> None:
        some = f"{{{mark - 1},{mark + 2}}}"
        self._begin = re.compile(rf"\s*<{some}\s*(?:SEARCH|ORIGINAL|FIND|OLD)?\b[\s:]*$|\s*<{some}\s*$", re.IGNORECASE)
        self._middle = re.compile(rf"\s*={some}\s*$")
        self._end = re.compile(rf"\s*>{some}\s*(?:REPLACE|UPDATED|NEW)?\W*$", re.IGNORECASE)
        self._unfinished = ""
        self._state: Literal["outside", "search", "replace"] = "outside"
        self._search: list[str] = []
        self._held: list[str] = []
        """Lines of a replacement that may be no part of it: a fence, and what is empty before it."""
        self.blocks = 0
        """That have begun."""
        self.broken = 0
        """That were left before their replacement began."""

    def push(self, text: str) -> list[Said]:
        """Takes the next piece of the answer; returns what is certain by now."""
        *lines, self._unfinished = (self._unfinished + text).split("\n")
        return [said for line in lines for said in self._line(line)]

    def finish(self, *, cut_off: bool = False) -> list[Said]:
        """The answer is complete, or was `cut_off`. A block that lacks nothing but its last mark is whole."""
        rest, self._unfinished = self._unfinished, ""
        said: list[Said] = []
        if rest and (not cut_off or self._end.match(_perhaps_mark(rest))):
            said += self._line(rest)
        if self._state == "search":
            self.broken += 1
        elif self._state == "replace":
            said += self._close(whole=not cut_off)
        self._state = "outside"
        return said

    def _line(self, line: str) -> Iterator[Said]:
        line = line.removesuffix("\r")
        mark = _perhaps_mark(line)
        if self._begin.match(mark):
            if self._state == "search":
                self.broken += 1
            elif self._state == "replace":  # its last mark was forgotten
                yield from self._close(whole=True)
            self._state, self._search = "search", []
            self.blocks += 1
        elif self._state == "search" and self._middle.match(mark):
            self._state = "replace"
            yield Searched(tuple(self._search))
        elif self._state == "search" and self._end.match(mark):
            self._state = "outside"
            self.broken += 1
        elif self._state == "replace" and self._end.match(mark):
            held, self._held = self._held, []
            yield from (Replacing(line) for line in held)
            self._state = "outside"
            yield Ended(whole=True)
        elif self._state == "search":
            self._search.append(line + "\n")
        elif self._state == "replace":
            yield from self._replacement(line + "\n")

    def _replacement(self, line: str) -> Iterator[Said]:
        if line.strip() in ("", "```", "~~~"):
            self._held.append(line)
            return
        held, self._held = self._held, []
        yield from (Replacing(line) for line in held)
        yield Replacing(line)

    def _close(self, *, whole: bool) -> Iterator[Said]:
        """The last mark is missing: a fence behind the block was not meant, nor more empty lines than were searched."""
        held, self._held = self._held, []
        searched = len(self._search) - len([*dropwhile(str.isspace, reversed(self._search))])
        yield from (Replacing(line) for line in [*takewhile(str.isspace, held)][:searched])
        yield Ended(whole)
