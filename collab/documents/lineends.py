"""Line ends of a file whose shared text holds only "\\n".

A file with one kind of line end is that kind. A mixed file is its most frequent kind, and a record of the lines that
are otherwise. The record names those lines by their **content**, not by their number, so that it needs no base text
and survives edits:

* a line that nobody changed keeps its line end, wherever it has moved;
* a new or changed line gets the most frequent kind;
* of several equal lines the first keeps what the first had, and so on.

As text: for each such content its hash, then the line ends of its occurrences up to the last that is not of the
frequent kind, run-length encoded: "a1b2c3d4e5f6:2nr" is LF, LF, CR. A file whose record would not fit `MAX_RECORD` is
left to be binary (a log full of progress bars, for instance).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

MAX_RECORD = 256 * 1024
"""Characters of the record of one mixed file, 16 thousand lines: records are read with every list of documents."""

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
        if not self.exceptions:
            return text if self.usual == "\n" else text.replace("\n", self.usual)
        remembered = {entry[:12]: _unpack(entry[13:]) for entry in self.exceptions.split(" ")}
        lines = text.split("\n")
        ends = [next(remembered.get(_hash(line), iter(())), self.usual) for line in lines[:-1]]
        for at in range(len(ends) - 1):
            # An edit may have brought together what would now read as one line end instead of two.
            if ends[at] == "\r" and ends[at + 1] == "\n" and lines[at + 1] == "":
                ends[at] = "\r\n"
        return "".join(itertools.chain.from_iterable(zip(lines, ends, strict=False))) + lines[-1]


def parse(characters: str) -> tuple[str, LineEnds] | None:
    """The text with "\\n" alone, and how to restore it exactly; None when a mixed file has too much to remember."""
    if "\r" not in characters:
        return characters, LineEnds()
    text = characters.replace("\r\n", "\n").replace("\r", "\n")
    both = characters.count("\r\n")
    counts = {"\r\n": both, "\n": characters.count("\n") - both, "\r": characters.count("\r") - both}
    usual = max(counts, key=lambda end: counts[end])
    if counts[usual] == sum(counts.values()):
        return text, LineEnds(usual)
    exceptions = _exceptions(text, characters, usual)
    if len(exceptions) > MAX_RECORD:
        return None
    ends = LineEnds(usual, exceptions)
    # Two contents with one hash would give back other bytes. It has never been seen; it costs little to be sure.
    return (text, ends) if ends.restore(text) == characters else None


def _exceptions(text: str, characters: str, usual: str) -> str:
    lines = text.split("\n")[:-1]
    ends = [_LETTERS[end] for end in _ANY.findall(characters)]
    letter = _LETTERS[usual]
    occurrences: dict[str, list[str]] = {line: [] for line, end in zip(lines, ends, strict=True) if end != letter}
    for line, end in zip(lines, ends, strict=True):
        if line in occurrences:
            occurrences[line].append(end)
    return " ".join(f"{_hash(line)}:{_pack(''.join(seen).rstrip(letter))}" for line, seen in occurrences.items())


def _hash(line: str) -> str:
    return blake2b(line.encode(), digest_size=6).hexdigest()


def _pack(letters: str) -> str:
    runs = ((letter, sum(1 for _ in run)) for letter, run in itertools.groupby(letters))
    return "".join(f"{count if count > 1 else ''}{letter}" for letter, count in runs)


def _unpack(packed: str) -> Iterator[str]:
    for count, letter in _RUN.findall(packed):
        yield from itertools.repeat(_ENDS[letter], int(count or 1))
