"""What one room has admitted and is about to integrate: merged, so that it is applied once and sent as one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collab.durable.outbox import merge
from collab.rooms.peer import Sender


@dataclass(slots=True)
class Incoming:
    update: bytes
    parts: int
    """Its structs and delete ranges."""
    cuts: bool
    """Whether it cuts surrogate pairs (`collab.yjs.surrogates`)."""
    sender: Sender | None
    """None also when several sent it."""
    announce: bool
    """Whether it is ours to tell other processes about while the log is away; not so what one of them told us."""
    unlogged: bytes | None
    """What of it the log does not have from another process."""
    seen: tuple[int, ...] = ()
    """Client ids that it brings for the first time."""
    failures: int = 0
    """How often the CRDT library has not taken it by itself."""

    @property
    def author(self) -> str | None:
        """Of what came over a socket."""
        return self.sender.peer.author if self.sender is not None else None


class Gathered:
    """What waits for the next flush, in order."""

    __slots__ = ("items", "parts", "unlogged")

    def __init__(self) -> None:
        self.items: list[Incoming] = []
        self.parts = 0
        """Structs and delete ranges in all of it."""
        self.unlogged = 0
        """Bytes of it that the log does not have."""

    def __bool__(self) -> bool:
        return bool(self.items)

    def add(self, item: Incoming) -> None:
        self.items.append(item)
        self.parts += item.parts
        self.unlogged += len(item.unlogged or b"")

    def take(self, most: int | None = None) -> list[Incoming]:
        """The first ``most``, or all, which do not wait any more."""
        taken, self.items = self.items[:most], self.items[len(self.items) if most is None else most :]
        for item in taken:
            self.parts -= item.parts
            self.unlogged -= len(item.unlogged or b"")
        return taken


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
