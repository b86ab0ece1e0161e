"""The far end of a connection, as rooms and what belongs to them see it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

NOT_SENT = "what happens here could not be sent to you"
"""Why a peer is closed that cannot be sent to: others must not wait for the frame that failed."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is shown to the others; set by the server, never by the client."""

    user: str
    name: str
    color: str
    role: str


class Peer(Protocol):
    """The far end of a connection."""

    author: str
    """``user:<id>``"""
    identity: Identity
    """May change while the connection stands; `collab.rooms.connection.Connection.show_identity` tells the others."""
    can_write: bool
    """May change while the connection stands (a role was changed). Looked at again between the portions of an update,
    also of one whose sender has left: false for whoever was sent away."""

    @property
    def send(self) -> Callable[[bytes], None]:
        """Queues a frame; never waits. A peer that cannot keep up is disconnected, never skipped."""

    def close(self, code: int, reason: str) -> None:
        """Close with a WebSocket close code; never waits, and may be called more than once."""


class Sender(Hashable, Protocol):
    """A peer's place in a room: `collab.rooms.connection.Connection`."""

    peer: Peer
    cost: float
    """Seconds of CPU that integrating took, where it took more than is usual. Whoever reads it may set it back."""

    def resync(self) -> None:
        """See `collab.rooms.connection.Connection.resync`."""
