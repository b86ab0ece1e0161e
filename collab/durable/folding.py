"""Folding a log into a snapshot, as far as that is work on bytes: for threads and for processes of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from collab.durable.entries import LogEntry
from collab.replicas.replica import Replica
from collab.replicas.trial import PATIENCE, PATIENCE_TIMES_READING, Structs, at_most, build, most_structs, reading
from collab.steps import at_a_stretch
from collab.yjs.claims import Claim, contradiction
from collab.yjs.known import NOTHING
from collab.yjs.surrogates import may_hold_pairs
from collab.yjs.update import InvalidUpdate, Kind, encode_state_vector, read_steps, read_update

log = structlog.get_logger(__name__)

SALVAGING = 60.0
"""Seconds of CPU for reading a text that takes too long to build, once, before it goes on under a new id."""

MOST_STRUCTS = 100_000
"""Structs and delete ranges of a text: 400,000 keystrokes of recorded sessions leave so many. Finding out which of them
somebody lacks takes up to 45 ms, at a stretch."""


class TooManyStructs(Exception):
    """The text has more than `MOST_STRUCTS`."""


class Contradicted(Exception):
    """A client id says two things in a text's log (`collab.yjs.claims`). The snapshot would keep one of them, and some
    processes have the other: the text must go on under a new id."""


@dataclass(slots=True)
class Integrated:
    done: list[tuple[LogEntry, bytes]]
    """And what was taken of them."""
    waiting: list[LogEntry]
    """They rest on text that is not there (yet)."""
    spoilt: list[LogEntry]
    """They can never be taken. They are left in the log, for somebody to look at."""
    claims: list[Claim]
    """What entries say at clocks that others before them, or the snapshot, brought as well."""


def integrate(replica: Replica, entries: Iterable[LogEntry]) -> Integrated:
    """Take in every entry that has no gap, in whatever order they fit.

    `Doc` keeps an update with a gap aside and drops it from `Doc.get_update`, so nothing with a gap may reach it.
    """
    return at_a_stretch(integrating(replica, entries))


def integrating(replica: Replica, entries: Iterable[LogEntry]) -> Generator[None, None, Integrated]:
    """`integrate` in steps of some milliseconds at most."""
    waiting = list(entries)
    done: list[tuple[LogEntry, bytes]] = []
    spoilt: list[LogEntry] = []
    claims: list[Claim] = []
    progress = True
    while progress and waiting:
        progress, rest = False, []
        for entry in waiting:
            yield
            try:
                header = yield from read_steps(entry.update, replica.kind)
                if replica.gap(header):
                    rest.append(entry)
                    continue
                claim = replica.claim(entry.update, header)
                taken = replica.admit(entry.update, header, logged=True)
            except InvalidUpdate as error:
                log.error("left an entry of the log out", entry=entry.id, why=str(error))
                spoilt.append(entry)
                continue
            if claim is not None:
                claims.append(claim)
            replica.defer(taken.update, header.parts, cuts=taken.cuts)
            done.append((entry, taken.update))
            progress = True
        waiting = rest
    return Integrated(done, waiting, spoilt, claims)


@dataclass(frozen=True, slots=True)
class Folded:
    """A new snapshot, and what the pointer says of it so that opening it need not find out."""

    snapshot: bytes
    hash: str
    """SHA-256, hex."""
    state: bytes
    """Its state vector."""
    paired: bool
    """What `may_hold_pairs` says of it."""
    structs: Structs
    entries: list[int]
    """The indexes of those that are in it."""


def attempt(kind: Kind, previous: bytes | None, entries: Sequence[LogEntry]) -> Folded | None:
    """As `fold`; ends the process when that, or building the new snapshot, takes unbearably long.

    Raises:
        TooManyStructs, Contradicted
    """
    replica = Replica(kind, previous)
    integrated = integrate(replica, entries)
    taken = reading(previous or NOTHING, *(update for _, update in integrated.done))
    with at_most(PATIENCE + PATIENCE_TIMES_READING * taken):
        _ = replica.doc
    if (folded := _fold(replica, integrated, entries)) is None:
        return None
    build(folded.snapshot)
    return replace(folded, structs=Structs(most_structs(folded.snapshot, len(replica.text))))


def fold(kind: Kind, previous: bytes | None, structs: Structs, entries: Sequence[LogEntry]) -> Folded | None:
    """``previous``, which has ``structs``, with all ``entries`` that fit onto it; None when none does.

    Raises:
        TooManyStructs, Contradicted
    """
    replica = Replica(kind, previous, structs=structs)
    return _fold(replica, integrate(replica, entries), entries)


def _fold(replica: Replica, integrated: Integrated, entries: Sequence[LogEntry]) -> Folded | None:
    # The document's own encoding rather than `merge_updates` of the parts: it is squashed and rid of deleted
    # text, several times smaller. It drops only what does not integrate, and `integrate` let nothing such in.
    snapshot = replica.doc.get_update()
    done = {id(entry) for entry, update in integrated.done if update not in replica.set_aside}
    if not done:
        return None
    if replica.kind == "text" and integrated.claims and contradiction("text", integrated.claims, snapshot, []):
        raise Contradicted
    if replica.kind == "text" and _too_many(snapshot, len(replica.text)):
        raise TooManyStructs
    return Folded(
        snapshot,
        hashlib.sha256(snapshot).hexdigest(),
        encode_state_vector(replica.state),
        may_hold_pairs(snapshot),
        replica.structs,
        [index for index, entry in enumerate(entries) if id(entry) in done],
    )


def _too_many(snapshot: bytes, text_bytes: int) -> bool:
    # They are counted only when there may be as many: that takes a microsecond for each.
    return most_structs(snapshot, text_bytes) > MOST_STRUCTS and read_update(snapshot, "text").parts > MOST_STRUCTS


def salvage(previous: bytes | None, entries: Sequence[LogEntry]) -> str:
    """The text; ends the process when that takes longer than `SALVAGING`."""
    replica = Replica("text", previous)
    integrate(replica, entries)
    with at_most(SALVAGING):
        return str(replica.text)


def counted(structs: Structs, entries: Iterable[LogEntry]) -> Structs:
    """Of a text of ``structs`` with ``entries`` on top."""
    for entry in entries:
        with suppress(InvalidUpdate):  # it stays out
            structs = structs.more(read_update(entry.update, "text").parts)
    return structs
