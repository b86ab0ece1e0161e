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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import process_time

from pycrdt import Doc, Text, merge_updates

from collab.known import NOTHING

BEARABLE = 0.02
"""Seconds of CPU that any text may take."""

TIMES_READING = 12

AT_STAKE = 0.02
"""Seconds of CPU that building may at worst take more than at the last trial, without another one."""

PER_PAIR = 3e-7
"""Seconds, measured, that it takes to compare two structs."""

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

    @property
    def doubtful(self) -> bool:
        """Whether building it, or a copy of it, may not be bearable any more and needs a trial first.

        Each fresh one is compared with all there are at most, and cuts two others, which all the others are compared
        with.
        """
        return PER_PAIR * self.fresh * (4 * self.proven + 3 * self.fresh) > AT_STAKE

    def more(self, count: int) -> Structs:
        return Structs(self.proven, self.fresh + count)

    def tried(self, fresh: int) -> Structs:
        """After a trial of what it was with ``fresh`` ones that none had seen."""
        return Structs(self.proven + fresh, self.fresh - fresh)


def build(content: bytes) -> None:
    """Ends the process when that takes too long."""
    with at_most(allowed(content)):
        doc: Doc[Text] = Doc()
        doc.get("text", type=Text)
        doc.apply_update(content)


def allowed(*updates: bytes) -> float:
    """Seconds of CPU for building a text of ``updates``."""
    began = process_time()
    for update in updates:
        merge_updates(update, NOTHING)
    return BEARABLE + TIMES_READING * (process_time() - began)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Ends the process when the body has used that much CPU time: by a signal, since the CRDT library stops for nothing
    else."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
