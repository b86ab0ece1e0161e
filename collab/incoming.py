"""What one room has admitted and is about to integrate: merged, so that it is applied once and sent as one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collab.outbox import merge
from collab.peer import Sender


@dataclass(slots=True)
class Incoming:
    update: bytes
    parts: int
    """Its structs and delete ranges."""
    cuts: bool
    """Whether it cuts surrogate pairs (`collab.surrogates`)."""
    sender: Sender | None
    """None also when several sent it."""
    announce: bool
    """Whether it is ours to tell other processes about while the log is away; not so what one of them told us."""
    unlogged: bytes | None
    """What of it the log does not have from another process."""
    seen: tuple[int, ...] = ()
    """Client ids that it brings for the first time."""


def merged(incoming: Sequence[Incoming]) -> Incoming:
    """All of one or more as one."""
    if len(incoming) == 1:
        return incoming[0]
    update = merge([item.update for item in incoming])
    senders = {item.sender for item in incoming}
    ours = [item.unlogged for item in incoming if item.unlogged is not None]
    return Incoming(
        update,
        sum(item.parts for item in incoming),
        any(item.cuts for item in incoming),
        senders.pop() if len(senders) == 1 else None,
        any(item.announce for item in incoming),
        update if len(ours) == len(incoming) else merge(ours) if ours else None,
        tuple(client for item in incoming for client in item.seen),
    )
