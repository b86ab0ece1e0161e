"""An answer that holds several files: each begins with a line that names it.

    === FILE: src/main.py ===
    the text of the file

Pure. Many models put a heading with the name and a fence in its place, whatever they are told; that is understood, too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ai.answers.answer import AnswerStream, TextCleaner

INSTRUCTIONS = "=== FILE: relative/path/of/the/file ===\nthe text of the file"

_MARK = re.compile(r"={3,}\s*FILE\s*:(?P<path>[^=]+)=*", re.IGNORECASE)
_HEADING = re.compile(
    r"\s*(?:#{1,6}\s+|\*\*|[-*]\s+|\d+\.\s+)?(?:File\s*:?\s*)?(?:\*\*)?[`\"]?(?P<path>[\w.@+-]+(?:[/ ][\w.@+-]+)*\.\w+)"
    r"[`\"]?(?:\*\*)?\s*:?(?:\*\*)?\s*$",
    re.IGNORECASE,
)
_QUOTES = frozenset("`'\"")
_FENCE = re.compile(r"\s*(?P<fence>`{3,}|~{3,})")
_LONGEST = 400
"""Characters of a line that may name a file."""


@dataclass(frozen=True, slots=True)
class FileBegun:
    path: str
    """As the model says; anything may stand here."""


@dataclass(frozen=True, slots=True)
class FileText:
    text: str


FileSaid = FileBegun | FileText


def _marked(line: str) -> str | None:
    """The path that a line names between marks. Without backtracking: a model may say anything."""
    mark = _MARK.fullmatch(line.strip()) if len(line) <= _LONGEST else None
    if mark is None:
        return None
    path = mark["path"].strip()
    path = path[1:] if path[:1] in _QUOTES else path
    path = path[:-1] if path[-1:] in _QUOTES else path
    return path if path and not _QUOTES & set(path) else None


class FilesReader:
    """Feed it with `push`, then call `finish` once. Text belongs to the file that was begun last."""

    def __init__(self) -> None:
        self._cleaner = TextCleaner()
        self._line = ""
        self._named: str | None = None
        """By a heading, until the next line shows whether a fence follows it."""
        self._form: Literal["marks", "headings"] | None = None
        self._fence = ""
        self._answer: AnswerStream | None = None
        self._written = False
        """Whether something of the present file was handed out."""
        self._goes_on = False
        """Whether the beginning of the present line was handed out already."""

    def push(self, text: str) -> list[FileSaid]:
        *lines, self._line = (self._line + self._cleaner.push(text)).split("\n")
        said = [part for line in lines for part in self._read(line + "\n")]
        # A long line that can name nothing need not wait for its end.
        if self._answer is not None and self._form == "marks" and self._line and not self._may_name(self._line):
            said += self._text(self._line)
            self._line = ""
            self._goes_on = True
        return said

    def finish(self) -> list[FileSaid]:
        rest, self._line = self._line + self._cleaner.finish(), ""
        said = list(self._read(rest)) if rest else []
        return said + list(self._end())

    def _may_name(self, line: str) -> bool:
        start = line.lstrip()
        return len(line) <= _LONGEST and (not start or start.startswith("=") or "=".startswith(start[:1]))

    def _read(self, line: str) -> Iterator[FileSaid]:
        if self._goes_on:
            self._goes_on = False
            yield from self._text(line)
        elif self._form != "headings" and (path := _marked(line)) is not None:
            self._form = "marks"
            yield from self._begin(path)
        elif self._form == "marks":
            yield from self._text(line)
        else:
            yield from self._read_under_headings(line)

    def _read_under_headings(self, line: str) -> Iterator[FileSaid]:
        fence = _FENCE.match(line)
        if self._answer is not None:
            bare = fence is not None and not line.strip().strip("`~")
            if fence and bare and fence["fence"][0] == self._fence[0] and len(fence["fence"]) >= len(self._fence):
                yield from self._end()
            else:
                yield from self._text(line)
        elif fence and self._named is not None:
            self._form, self._fence = "headings", fence["fence"]
            yield from self._begin(self._named)
            self._named = None
        elif len(line) <= _LONGEST and (heading := _HEADING.match(line)):
            self._named = heading["path"]
        elif line.strip():
            self._named = None

    def _begin(self, path: str) -> Iterator[FileSaid]:
        yield from self._end()
        self._answer = AnswerStream()
        yield FileBegun(path.strip())

    def _text(self, text: str) -> Iterator[FileSaid]:
        if self._answer is not None and (clean := self._answer.push(text)):
            self._written = True
            yield FileText(clean)

    def _end(self) -> Iterator[FileSaid]:
        answer, self._answer = self._answer, None
        rest = answer.finish().rstrip("\n") if answer is not None else ""
        if rest or self._written:
            self._written = False
            yield FileText(rest + "\n")
