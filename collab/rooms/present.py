"""A shared text as it is at a moment, whether somebody has it open or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collab.durable.snapshots import Loaded
from collab.rooms.room import Room


@dataclass(frozen=True, slots=True)
class Present:
    text: str
    state: Mapping[int, int]
    """Yjs client id → clock, of all that went into it."""
    whole: bool
    """False when something of the log cannot be taken: people go on with the rest, which replaces no good copy."""

    @classmethod
    def of(cls, loaded: Loaded) -> Present:
        text = str(loaded.replica.text)  # first: only now is it seen what the CRDT library does not take
        return cls(text, loaded.replica.state, not loaded.spoilt and not loaded.replica.set_aside)

    @classmethod
    def in_room(cls, room: Room) -> Present:
        return cls(room.text, dict(room.state), room.whole)
