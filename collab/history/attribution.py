"""Who wrote what stands in a shared text, unit by unit.

A character belongs to the Yjs client id that inserted it, and (document, client id) names one author for ever. What the
CRDT library does not tell is which client's characters stand where. But an update says which client inserted which
string, and where a string stands depends on ids alone, never on what is in it. So every string of the document's
encoding is overwritten with as many signs as it has UTF-16 units, one sign for each author, and integrated: the text of
that replica is the list of authors. The other way, to rebuild the order of structs here, would be a second integration
algorithm that had to agree with the library's in every detail.

When something was written nobody records. But a version knows how far each client had come, so whatever the one holds
and the one before does not was written in between: there is one sign for each author and version.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from pycrdt import Doc, Text

from collab.yjs.codec import read_var_uint, write_var_uint
from collab.yjs.offsets import utf16_length
from collab.yjs.update import decode_state_vector

_ORIGIN, _RIGHT_ORIGIN = 0x80, 0x40
_DELETED, _STRING, _SKIP = 1, 4, 10
_TEXT_ROOT = b"\x01\x04text"

# Signs take one unit each, none of them NUL; the first 127 take one byte, so that most texts keep their size.
_SIGNS = range(1, 0xD800)
_MANY = 50_000
"""Signs from which on moments are told no more, so that authors are."""

_RUNS = re.compile(r"(.)\1*", re.DOTALL)
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Run:
    """The units, or the lines, from `start` up to `end` are `author`'s; None where nobody was recorded."""

    start: int
    end: int
    author: str | None
    at: datetime | None = None
    """When they were there at the latest; None where no moment tells."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What there was at a time."""

    at: datetime
    state: bytes
    """Encoded Yjs state vector."""


@dataclass(frozen=True, slots=True)
class Attribution:
    length: int
    """UTF-16 units of the text."""
    runs: list[Run]
    """Of UTF-16 units, by author alone."""
    lines: list[Run]
    """Of lines: `by_line`."""


def attribution(content: bytes, authors: Mapping[int, str], moments: Sequence[Moment] = ()) -> Attribution:
    """All of it; `content`, `authors` and `moments` as `attribute` takes them."""
    runs = attribute(content, authors, moments)
    doc: Doc[Any] = Doc()
    text = doc.get("text", type=Text)
    doc.apply_update(content)
    return Attribution(runs[-1].end if runs else 0, _by_author(runs), by_line(str(text), runs))


def attribute(content: bytes, authors: Mapping[int, str], moments: Sequence[Moment] = ()) -> list[Run]:
    """Runs of UTF-16 units that cover the present text of a text document, ascending; neighbours differ.

    `content` is an update of all that the document holds, as we encode it ourselves; `authors` says who wrote under
    each Yjs client id, `moments`, oldest first, how far each had come. Takes about as long as opening the document: use
    a thread for large ones.
    """
    signs = _Signs(authors, moments)
    replica: Doc[Any] = Doc()
    text = replica.get("text", type=Text)
    replica.apply_update(_signed(content, signs))
    return [Run(run.start(), run.end(), *signs.meaning(run[1])) for run in _RUNS.finditer(str(text))]


def _by_author(runs: Sequence[Run]) -> list[Run]:
    merged: list[Run] = []
    for author, same in groupby(runs, lambda run: run.author):
        first, *rest = same
        merged.append(Run(first.start, (rest[-1] if rest else first).end, author))
    return merged


class _Signs:
    """A sign for each author and moment that occur together."""

    def __init__(self, authors: Mapping[int, str], moments: Sequence[Moment]) -> None:
        named = set(sorted(set(authors.values()))[: len(_SIGNS) - 1])
        self._authors = {client: name for client, name in authors.items() if name in named}
        self._moments = moments
        self._steps: dict[int, tuple[list[int], list[int]]] = {}
        """By client: clocks, ascending, and the numbers of the moments at which it had come so far."""
        for number, moment in enumerate(moments):
            for client, clock in decode_state_vector(moment.state).items():
                clocks, numbers = self._steps.setdefault(client, ([], []))
                if not clocks or clocks[-1] < clock:
                    clocks.append(clock)
                    numbers.append(number)
        self._meanings: list[tuple[str | None, int | None]] = [(None, None)]
        self._known = {meaning: number for number, meaning in enumerate(self._meanings)}

    def meaning(self, sign: str) -> tuple[str | None, datetime | None]:
        author, number = self._meanings[_SIGNS.index(ord(sign))]
        return author, None if number is None else self._moments[number].at

    def of(self, client: int, clock: int, units: int) -> Iterator[tuple[str, int]]:
        """What stands for so many units of `client` from `clock` on: signs, each with how many of it."""
        author = self._authors.get(client)
        clocks, numbers = self._steps.get(client, ([], []))
        end = clock + units
        for index in range(bisect_right(clocks, clock), len(clocks)):
            if clock == end:
                return
            reached = min(end, clocks[index])
            yield self._sign(author, numbers[index]), reached - clock
            clock = reached
        if clock < end:
            yield self._sign(author, None), end - clock

    def _sign(self, author: str | None, number: int | None) -> str:
        meaning: tuple[str | None, int | None] = (author, number if author is not None else None)
        if meaning not in self._known and len(self._meanings) >= _MANY:
            meaning = author, None
        if meaning not in self._known and len(self._meanings) < len(_SIGNS):
            self._known[meaning] = len(self._meanings)
            self._meanings.append(meaning)
        return chr(_SIGNS[self._known.get(meaning, 0)])


def _signed(content: bytes, signs: _Signs) -> bytes:
    """The update with every string overwritten by signs of its client. The encoding is told in `collab.yjs.update`."""
    out = bytearray()
    done = 0
    sections, at = read_var_uint(content, 0)
    for _ in range(sections):
        count, at = read_var_uint(content, at)
        client, at = read_var_uint(content, at)
        clock, at = read_var_uint(content, at)
        for _ in range(count):
            info = content[at]
            at += 1
            if info == _SKIP:
                units, at = read_var_uint(content, at)
                clock += units
                continue
            for side in (_ORIGIN, _RIGHT_ORIGIN):
                if info & side:
                    _, at = read_var_uint(content, at)
                    _, at = read_var_uint(content, at)
            if info < _RIGHT_ORIGIN:
                at += len(_TEXT_ROOT)
            if info & 0x1F == _STRING:
                out += content[done:at]
                length, at = read_var_uint(content, at)
                units = utf16_length(content[at : at + length].decode())
                signed = b"".join(sign.encode() * count for sign, count in signs.of(client, clock, units))
                write_var_uint(out, len(signed))
                out += signed
                at = done = at + length
            elif info & 0x1F == _DELETED:
                units, at = read_var_uint(content, at)
            else:
                raise ValueError(f"struct {info} in a text")
            clock += units
    return bytes(out + content[done:])


def by_line(text: str, runs: Sequence[Run]) -> list[Run]:
    """Of `attribute`'s runs of units of `text` those of its lines, numbered from 0: each is its main author's.

    That is who wrote the most of it, of several the first; its line end counts where there is nothing else. The
    moment is that of the newest of what this author wrote of it, None where that is newer than all moments.
    """
    lines: list[Run] = []
    index = start = 0
    length = len if text.isascii() else utf16_length
    for number, found in enumerate(_LINES.finditer(text)):
        line = found[0]
        end = start + length(line)
        shown = max(start + 1, end - line.endswith("\n"))
        while runs[index].end <= start:  # of the line end before, where that counted for nothing
            index += 1
        run = runs[index]
        if run.start <= start and run.end >= shown:  # as most are: counting takes four times as long
            author, at = run.author, run.at
        else:
            share: Counter[str | None] = Counter()
            times: dict[str | None, datetime | None] = {}
            while index < len(runs) and runs[index].start < shown:
                run = runs[index]
                share[run.author] += min(run.end, shown) - max(run.start, start)
                times[run.author] = _newer(times.get(run.author, run.at), run.at)
                if run.end > end:  # it goes on in the next line
                    break
                index += 1
            [(author, _)] = share.most_common(1)
            at = times[author]
        if lines and (lines[-1].author, lines[-1].at) == (author, at):
            lines[-1] = Run(lines[-1].start, number + 1, author, at)
        else:
            lines.append(Run(number, number + 1, author, at))
        start = end
    return lines


def _newer(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)
