"""The bus port: messages between processes that may be lost.

Nothing may depend on a message arriving: whoever needs a fact reads it from the database, and the bus only says when.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

Receiver = Callable[[bytes], None]
Unsubscribe = Callable[[], Awaitable[None]]


class Bus(Protocol):
    """Channels of byte strings. Messages of one publisher on one channel arrive in order or not at all.

    A publisher receives its own messages.
    """

    def publish(self, channel: str, payload: bytes) -> None:
        """Best effort: never raises and never waits. What cannot be sent is counted and dropped."""

    @property
    def spans_processes(self) -> bool:
        """Whether what is published here may reach another process."""

    def has_others(self, channel: str) -> bool:
        """False when surely nobody hears ``channel`` but one receiver in this process: no need to publish then."""

    async def subscribe(self, channel: str, receive: Receiver) -> Unsubscribe:
        """Returns once the subscription is in force, so that a caller can subscribe first and read the log then.

        When the bus is away it returns within a second and takes force later; `on_reconnect` tells when.
        `receive` is called in the event loop, is quick, and what it raises is logged.
        """

    @property
    def connected(self) -> bool: ...

    async def ping(self) -> None:
        """Raises when the bus does not answer within a second. It may be `connected` all the same: one that hangs
        leaves connections open, and who merely listens takes ten seconds to notice."""

    @property
    def dropped(self) -> int:
        """Messages that could not be sent since the start."""

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Called after every outage: read what was missed, and say again what others must know.

        That is when all subscriptions are in force again, and when messages can be sent again after some were dropped.
        """

    async def close(self) -> None: ...
