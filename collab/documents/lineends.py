"""Line ends of a file whose shared text holds only "\\n".

A file with one kind of line end is that kind. A mixed file is its most frequent kind, and a record of the lines that
are otherwise. The record names those lines by their **content**, not by their number, so that it needs no base text
and survives edits:

* a line that nobody changed keeps its line end, wherever it has moved;
* a new or changed line gets the most frequent kind;
* of several equal lines the first keeps what the first had, and so on.

As text: for each such content its hash, then the line ends of its occurrences up to the last that is not of the
frequent kind, run-length encoded: "a1b2c3d4e5f6:2nr" is LF, LF, CR. A mixed file of more than `MOST_LINES` is left to
be binary, and so is one whose record would not fit `MAX_RECORD` (a log full of progress bars, for instance).
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import repeat
from typing import Any, AnyStr

MAX_RECORD = 256 * 1024
"""Characters of the record of one mixed file, 16 thousand lines: records are read with every list of documents."""

MOST_LINES = 2_000_000
"""Of one mixed file: each is looked at whenever the file is read or written, which takes a second for a million."""

PORTION = 256 * 1024
"""Characters, or bytes, that one call works on: it keeps the interpreter to itself, and all other threads wait."""

_LEAST = 13
"""Characters of the record of one line at least, but for the runs that follow its first."""

_REMEMBERED = 1024
"""Hashes of lines, for those that come again and again."""

_ANY = re.compile("\r\n|\r|\n")
_RUN = re.compile("([0-9]*)([nrb])")
_LETTERS = {"\n": "n", "\r": "r", "\r\n": "b"}
_ENDS = {letter: end for end, letter in _LETTERS.items()}
_NAMES = {"\n": "lf", "\r\n": "crlf", "\r": "cr"}
_BY_NAME = {name: end for end, name in _NAMES.items()}


@dataclass(frozen=True, slots=True)
class LineEnds:
    usual: str = "\n"
    exceptions: str = ""

    @property
    def name(self) -> str:
        """ "lf", "crlf", "cr" or "mixed"."""
        return "mixed" if self.exceptions else _NAMES[self.usual]

    def to_record(self) -> dict[str, Any]:
        record = {"line_ending": _NAMES[self.usual]}
        return record | {"exceptions": self.exceptions} if self.exceptions else record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> LineEnds:
        return cls(_BY_NAME[record["line_ending"]], record.get("exceptions", ""))

    def restore(self, text: str) -> str:
        """``text`` with the file's line ends in place of "\\n"."""
        written = io.StringIO()  # a list of millions of lines is joined, and thrown away, in one call: see `PORTION`
        if not self.exceptions:
            if self.usual == "\n":
                return text
            for portion in in_portions(text):
                written.write(portion.replace("\n", self.usual))
            return written.getvalue()
        remembered = {entry[:12]: _unpack(entry[13:]) for entry in self.exceptions.split(" ")}
        start, before = 0, ""
        while (stop := text.find("\n", start)) >= 0:
            line = text[start:stop]
            end = next(remembered.get(_hash(line), iter(())), self.usual)
            # An edit may have brought together what would now read as one line end instead of two.
            if line == "" and end == "\n" and before == "\r":
                written.write("\n")
            written.write(line)
            written.write(end)
            start, before = stop + 1, end
        written.write(text[start:])
        return written.getvalue()


def in_portions(whole: AnyStr, start: int = 0) -> Iterator[AnyStr]:
    """What is in ``whole`` from ``start`` on."""
    for at in range(start, len(whole), PORTION):
        yield whole[at : at + PORTION]


def shared(characters: str) -> str:
    """The text of a file with "\\n" alone."""
    return characters.replace("\r\n", "\n").replace("\r", "\n") if "\r" in characters else characters


def ends_of(portions: Sequence[str], text: str) -> LineEnds | None:
    """How to restore a file's characters exactly from ``text``, which is `shared` of them; None when that is too much
    to remember. No "\\r\\n" is cut by the end of a portion.
    """
    if not any("\r" in portion for portion in portions):
        return LineEnds()
    found = {end: sum(portion.count(end) for portion in portions) for end in _LETTERS}
    both = found["\r\n"]
    counts = {"\r\n": both, "\n": found["\n"] - both, "\r": found["\r"] - both}
    usual = max(counts, key=lambda end: counts[end])
    if counts[usual] == sum(counts.values()):
        return LineEnds(usual)
    if sum(counts.values()) > MOST_LINES:
        return None
    otherwise = _otherwise(portions, _LETTERS[usual])
    exceptions = None if otherwise is None else _exceptions(portions, _LETTERS[usual], otherwise)
    if exceptions is None or len(exceptions) > MAX_RECORD:
        return None
    ends = LineEnds(usual, exceptions)
    # Two contents with one hash would give back other bytes. It has never been seen; it costs little to be sure.
    return ends if ends.restore(text) == "".join(portions) else None


def _lines(portions: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each line and the letter of its end, one by one as in `LineEnds.restore`."""
    begun = ""
    for portion in portions:
        start = 0
        for found in _ANY.finditer(portion):
            yield begun + portion[start : found.start()], _LETTERS[found[0]]
            begun, start = "", found.end()
        begun += portion[start:]


def _otherwise(portions: Sequence[str], usual: str) -> Collection[str] | None:
    """The lines that do not always end as usual; None as soon as it is certain that their record will be too long."""
    last: dict[str, str] = {}
    size = 0
    for line, end in _lines(portions):
        before = last.get(line, usual)
        if end == before:
            continue
        size += 1 if line in last else _LEAST
        if size > MAX_RECORD:
            return None
        last[line] = end
    return last


def _exceptions(portions: Sequence[str], usual: str, otherwise: Collection[str]) -> str:
    runs: dict[str, list[tuple[str, int]]] = {line: [] for line in otherwise}
    for line, end in _lines(portions):
        if (of_line := runs.get(line)) is not None:
            if of_line and of_line[-1][0] == end:
                of_line[-1] = (end, of_line[-1][1] + 1)
            else:
                of_line.append((end, 1))
    return " ".join(f"{_hash(line)}:{_pack(of_line, usual)}" for line, of_line in runs.items())


@lru_cache(_REMEMBERED)
def _hash(line: str) -> str:
    return blake2b(line.encode(), digest_size=6).hexdigest()


def _pack(runs: list[tuple[str, int]], usual: str) -> str:
    kept = runs[:-1] if runs[-1][0] == usual else runs
    return "".join(f"{count if count > 1 else ''}{letter}" for letter, count in kept)


def _unpack(packed: str) -> Iterator[str]:
    for run in _RUN.finditer(packed):
        yield from repeat(_ENDS[run[2]], int(run[1] or 1))
