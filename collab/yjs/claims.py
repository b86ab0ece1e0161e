"""What an update says at clocks that a document knows already, held against what the document says there.

A client writes each clock once. So all that brings a clock says the same of it: what stood in front of it and behind it
when it was written, and what it is. That holds however an update was cut and joined on its way: behind the first unit
of a struct, the origin of each is the unit before (Yjs `Item.splitItem`), and structs are joined only where it is
(`Item.mergeWith`). Whoever forges updates can say one thing to one process and another to the next, and each keeps what
it heard first.

Content is compared unit by unit, as far as it is there on both sides: what is deleted keeps its place and nothing else.
A half of a surrogate pair that was cut is U+FFFD wherever the cut is known (`collab.yjs.surrogates`), so it is taken
for the half that it was.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pycrdt import get_state, get_update, merge_updates

from collab.yjs.codec import read_var_uint
from collab.yjs.update import (
    ANY,
    DELETED,
    GC,
    KEY,
    ORIGIN,
    RIGHT_ORIGIN,
    STRING,
    Kind,
    UpdateHeader,
    decode_state_vector,
    encode_state_vector,
    read_update,
    string_end,
    struct_of_keystroke,
)

MOST_CLAIMED = 4 * 1024 * 1024
"""Bytes of updates that wait to be compared. What comes beyond them is compared when the log is folded."""

Id = tuple[int, int]
"""A client and a clock."""

_FLAGS = ORIGIN | RIGHT_ORIGIN | KEY

_REPLACED = ord("\ufffd")
_HALVES = range(0xD800, 0xE000)
_FLOATS = {124: ">f", 123: ">d"}
_INTEGER = 125


@dataclass(frozen=True, slots=True)
class Claim:
    update: bytes
    structs: Mapping[int, Sequence[tuple[int, int, int]]]
    """By client, those that begin at known clocks: (clock, start, end), start and end as `UpdateHeader.structs`."""


class Claims:
    """Those that wait to be compared, `MOST_CLAIMED` bytes at most."""

    def __init__(self) -> None:
        self._claims: list[Claim] = []
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._claims)

    def add(self, claim: Claim) -> None:
        if self._bytes + len(claim.update) <= MOST_CLAIMED:
            self._claims.append(claim)
            self._bytes += len(claim.update)

    def take(self) -> list[Claim]:
        taken, self._claims, self._bytes = self._claims, [], 0
        return taken


def claim_of(update: bytes, header: UpdateHeader, state: Mapping[int, int]) -> Claim | None:
    """What an update says at clocks that are known in ``state``; None when it brings none of them."""
    known = [client for client, ranges in header.ranges.items() if ranges[0][0] < state.get(client, 0)]
    if not known:
        return None
    structs = _structs(update, header)
    return Claim(update, {c: [one for one in structs[c] if one[0] < state[c]] for c in known})


def _structs(update: bytes, header: UpdateHeader) -> dict[int, list[tuple[int, int, int]]]:
    return header.structs or (struct_of_keystroke(update) if header.ranges else {})


def deleted_in(claim: Claim, state: Mapping[int, int]) -> dict[int, list[tuple[int, int]]]:
    """What of it is deleted, at clocks that are known in ``state``: (clock, length) of each client, ascending.

    Where it is not deleted, as far as ``state`` goes, it has to be: nothing else says so to who knew these clocks.
    """
    deleted: dict[int, list[tuple[int, int]]] = {}
    for client, structs in claim.structs.items():
        for clock, start, end in structs:
            if claim.update[start] & ~_FLAGS in (GC, DELETED):
                run = _Run(claim.update, clock, start, end)
                deleted.setdefault(client, []).append((clock, min(run.length, state[client] - clock)))
    return deleted


def contradiction(kind: Kind, claims: Iterable[Claim], content: bytes, updates: Sequence[bytes]) -> Id | None:
    """A client and a clock at which one of ``claims`` says something else than the document, which is ``content`` with
    ``updates`` on top; None when there is none. Takes some microseconds for each struct of the clients in question.
    """
    claims = list(claims)
    whole = merge_updates(content, *updates) if updates else content
    state = decode_state_vector(get_state(whole))
    claimed = {client for claim in claims for client in claim.structs}
    # All of their structs, since to begin at a clock would cut the one that it is in.
    content = get_update(whole, encode_state_vector({c: clock for c, clock in state.items() if c not in claimed}))
    structs = _structs(content, read_update(content, kind))
    runs = {client: [_Run(content, *one) for one in structs[client]] for client in claimed if client in structs}
    clocks = {client: [run.clock for run in here] for client, here in runs.items()}
    for claim in claims:
        for client, claimed_structs in claim.structs.items():
            here = runs.get(client, [])
            for one in claimed_structs:
                theirs = _Run(claim.update, *one)
                number = max(0, bisect_right(clocks.get(client, []), theirs.clock) - 1)
                while number < len(here) and here[number].clock < theirs.end:
                    run = here[number]
                    if run.end > theirs.clock and _differ(client, theirs, run):
                        return client, max(run.clock, theirs.clock)
                    number += 1
    return None


class _Run:
    """One struct: units that were written in one go, or that follow each other as if they had been."""

    def __init__(self, update: bytes, clock: int, start: int, end: int) -> None:
        self._update = update
        self.clock = clock
        info = update[start]
        self.content = info & ~_FLAGS
        at = start + 1
        origins: list[Id | None] = []
        for flag in (ORIGIN, RIGHT_ORIGIN):
            if info & flag:
                client, at = read_var_uint(update, at)
                other, at = read_var_uint(update, at)
                origins.append((client, other))
            else:
                origins.append(None)
        self._origin, self.right = origins
        self.place = b""
        """Without any origin, where it stands: its parent and the key there."""
        if self.content != GC and origins == [None, None]:
            place = at
            named, at = read_var_uint(update, at)
            if named:
                at = string_end(update, at)
            else:
                for _ in range(2):
                    _, at = read_var_uint(update, at)
            if info & KEY:
                at = string_end(update, at)
            self.place = update[place:at]
        self._at = at
        self._end = end

    @cached_property
    def length(self) -> int:
        """In clocks."""
        if self.content in (GC, DELETED):
            return read_var_uint(self._update, self._at)[0]
        if self.content == STRING:
            return len(self._units) // 2 if self._units is not None else len(self._ascii)
        return 1

    @property
    def end(self) -> int:
        """The clock behind it."""
        return self.clock + self.length

    def origin(self, client: int, clock: int) -> Id | None:
        """Of the unit at ``clock``, which is one of it."""
        return self._origin if clock == self.clock else (client, clock - 1)

    @property
    def gone(self) -> bool:
        """Whether its content is no more."""
        return self.content in (GC, DELETED)

    @cached_property
    def _ascii(self) -> bytes:
        """The bytes of its string."""
        _, at = read_var_uint(self._update, self._at)
        return self._update[at : self._end]

    @cached_property
    def _units(self) -> bytes | None:
        """Its string in UTF-16, little end first; None when it is ASCII."""
        return None if self._ascii.isascii() else self._ascii.decode().encode("utf-16-le")

    def units(self, start: int, end: int) -> bytes:
        """Of the string between two clocks, in UTF-16."""
        start, end = start - self.clock, end - self.clock
        if self._units is None:
            return self._ascii[start:end].decode().encode("utf-16-le")
        return self._units[2 * start : 2 * end]

    @property
    def value(self) -> object:
        """What is no string: a number has several encodings."""
        if self.content != ANY:
            return self._update[self._at : self._end]
        at = self._at + 1
        tag = self._update[at]
        if tag == _INTEGER:
            return "number", float(_signed(self._update, at + 1))
        if tag in _FLOATS:
            (number,) = struct.unpack_from(_FLOATS[tag], self._update, at + 1)
            return "number", number if number == number else "not a number"
        return self._update[at : self._end]


def _signed(data: bytes, at: int) -> int:
    """An integer as lib0 writes those with a sign: in the second bit of the first byte."""
    first = data[at]
    value, shift = first & 0x3F, 6
    while data[at] & 0x80:
        at += 1
        value |= (data[at] & 0x7F) << shift
        shift += 7
    return -value if first & 0x40 else value


def _differ(client: int, theirs: _Run, here: _Run) -> bool:
    """Whether two that share clocks of ``client`` say different things at one of them."""
    if GC in (theirs.content, here.content):
        return False
    start, end = max(theirs.clock, here.clock), min(theirs.end, here.end)
    if theirs.origin(client, start) != here.origin(client, start) or theirs.right != here.right:
        return True
    if start == theirs.clock == here.clock and theirs.place != here.place:
        return True
    if theirs.gone or here.gone:
        return False
    if theirs.content != here.content:
        return True
    if theirs.content != STRING:
        return theirs.value != here.value
    said, shown = theirs.units(start, end), here.units(start, end)
    return said != shown and not _halved(said, shown)


def _halved(said: bytes, shown: bytes) -> bool:
    """Whether they differ in halves of pairs alone, which were cut here and not yet there."""
    units = zip(struct.iter_unpack("<H", said), struct.iter_unpack("<H", shown), strict=True)
    return all(a == b or (b == _REPLACED and a in _HALVES) for (a,), (b,) in units)
