"""Finds out whether a text is bearable to build, in a process that ends if it is not.

A `Doc` is built of bytes in one call, which nobody can interrupt and which holds up everybody in the process. Most take
two to four times as long as reading the bytes does. But whoever forges references makes histories that were cheap to
take, struct by struct, and of which 36 KB take 6 s to build: when they came, what they are compared with was a few
long strings, and by now it is in pieces. No bound follows from what the bytes say: honest ones look the same. So it is
tried (`collab.aside.Aside.attempt`), and held against reading the same bytes, because machines differ.

Trees need no trial: a value of a map cannot be cut into pieces, and theirs are built sooner than they were taken.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import process_time

from pycrdt import Doc, Text, merge_updates

from collab.yjs.known import NOTHING

BEARABLE = 0.05
"""Seconds of CPU that any text may take: as long as a turn of the loop."""

TIMES_READING = 12

PATIENCE, PATIENCE_TIMES_READING = 1.5, 50
"""The same for building a text as it was written, once: many keystrokes in one update, or edits all over one long
string, take long and leave something that does not."""

AT_STAKE = 0.02
"""Seconds of CPU that building may at worst take more than at the last trial, without another one."""

PER_PAIR, PER_BYTE = 3e-7, 2e-9
"""Seconds, measured, that it takes to compare two structs, and to cut a string, for each of its bytes."""

BYTES_PER_STRUCT = 4
"""At least, apart from its text."""


def most_structs(content: bytes, text_bytes: int = 0) -> int:
    """That an update can hold, whose strings have ``text_bytes`` at least."""
    return max(0, len(content) - text_bytes) // BYTES_PER_STRUCT


@dataclass(frozen=True, slots=True)
class Structs:
    """How many a text has, at most."""

    proven: int = 0
    """When a trial last built it."""
    fresh: int = 0
    """That no trial has seen."""

    @classmethod
    def unknown(cls, content: bytes) -> Structs:
        return cls(0, most_structs(content))

    def doubtful(self, size: int) -> bool:
        """Whether building it, or a copy of it, may not be bearable any more and needs a trial first.

        Each fresh one is compared with all there are at most, cuts two others, which all the others are compared with,
        and cuts a string of ``size`` bytes.
        """
        compared = 4 * self.proven + 3 * self.fresh
        return self.fresh * (PER_PAIR * compared + PER_BYTE * size) > AT_STAKE

    def more(self, count: int) -> Structs:
        return Structs(self.proven, self.fresh + count)

    def tried(self, fresh: int) -> Structs:
        """After a trial of what it was with ``fresh`` ones that none had seen."""
        return Structs(self.proven + fresh, self.fresh - fresh)


def build(content: bytes) -> None:
    """Ends the process when that takes too long. ``content``: as a `Doc` encodes it."""
    with at_most(BEARABLE + TIMES_READING * reading(content)):
        doc: Doc[Text] = Doc()
        doc.get("text", type=Text)
        doc.apply_update(content)


def squash(content: bytes, updates: Sequence[bytes]) -> bytes:
    """``content``, as a `Doc` encodes it, with ``updates``, again as a `Doc` encodes it. Ends the process when that, or
    building the result, takes too long."""
    if not updates:
        build(content)
        return content
    with at_most(PATIENCE + PATIENCE_TIMES_READING * reading(content, *updates)):
        doc: Doc[Text] = Doc()
        doc.get("text", type=Text)
        for update in (content, *updates):
            doc.apply_update(update)
    squashed = doc.get_update()
    build(squashed)
    return squashed


def reading(*updates: bytes) -> float:
    """Seconds of CPU that it takes to read ``updates`` and write them again."""
    began = process_time()
    for update in updates:
        merge_updates(update, NOTHING)
    return process_time() - began


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Ends the process when the body has used that much CPU time: by a signal, since the CRDT library stops for nothing
    else."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
