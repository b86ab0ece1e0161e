"""Who is shown what happens in one room: its connections, what observes it, and all of them each other's presence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

import structlog

from collab.faults import is_fault
from collab.limits import Limits
from collab.rooms import replication
from collab.rooms.peer import NOT_SENT, Sender
from collab.rooms.presence import Presence
from collab.yjs.codec import encode_awareness, encode_update

log = structlog.get_logger(__name__)

PRESENCE_INTERVAL = 0.033
"""Seconds between two presence frames: 30 a second look continuous, and each replaces all states before it."""


class Audience:
    def __init__(
        self, *, writer: str, publish: Callable[[bytes], None], heard: Callable[[], bool], limits: Limits
    ) -> None:
        """``publish`` tells the other processes, if ``heard`` says that one of them listens."""
        self.presence = Presence(limits)
        self._writer = writer
        self._publish = publish
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._connections: dict[Sender, Callable[[bytes], None]] = {}
        """With what sends to each: looked up once, because every flush calls it for all."""
        self._observers: dict[Callable[[bytes], None], None] = {}
        self._presence_timer: asyncio.TimerHandle | None = None
        self._presence_sent = float("-inf")

    @property
    def connections(self) -> Collection[Sender]:
        return self._connections.keys()

    def join(self, connection: Sender) -> None:
        self._connections[connection] = connection.peer.send

    def leave(self, connection: Sender) -> None:
        self._connections.pop(connection, None)
        self.presence.detach(connection)
        self.schedule_presence()

    def observe(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        """Call ``callback`` with every update that changes the room from now on; the result stops that."""
        self._observers[callback] = None
        return lambda: self._observers.pop(callback, None)

    def show(self, update: bytes, but: Sender | None = None) -> None:
        self._send(encode_update(update), but)
        if self._observers:
            for observe in list(self._observers):
                try:
                    observe(update)
                except BaseException as error:  # of whoever looks on, while the room is in the middle of a flush
                    if not is_fault(error):
                        raise
                    log.exception("who observes a room has failed")

    def _send(self, frame: bytes, but: Sender | None = None) -> None:
        for connection, send in self._connections.items():
            if connection is not but:
                try:
                    send(frame)
                except Exception:
                    log.exception("a peer cannot be sent to")
                    connection.peer.close(1011, NOT_SENT)

    def send_away(self, code: int, reason: str) -> None:
        """Close every connection with a WebSocket close code."""
        for connection in list(self._connections):
            connection.peer.close(code, reason)

    # ---- presence

    def schedule_presence(self) -> None:
        """Send the latest states soon: the first change after a quiet moment at once, then thirty times a second."""
        if self._presence_timer is None:
            wait = max(0.0, self._presence_sent + PRESENCE_INTERVAL - self._loop.time())
            self._presence_timer = self._loop.call_later(wait, self._send_presence)

    def _send_presence(self) -> None:
        self._presence_timer = None
        changes = self.presence.take_changes()
        if changes is None:
            return
        self._presence_sent = self._loop.time()
        self._send(encode_awareness(changes.payload))
        if changes.ours is not None and self._heard():
            self._publish(replication.encode(replication.PresenceStates(self._writer, changes.ours)))

    def publish_presence(self) -> None:
        """Tell other processes who is here: when they ask, and again and again, or our people expire in their rooms."""
        if (payload := self.presence.our_states()) is not None:
            self._publish(replication.encode(replication.PresenceStates(self._writer, payload)))

    def merge_presence(self, process: str, payload: bytes) -> None:
        """As `Presence.merge`."""
        self.presence.merge(process, payload, self._loop.time())
        self.schedule_presence()

    def expire_presence(self) -> None:
        """As `Presence.expire`."""
        if self.presence.expire(self._loop.time()):
            self.schedule_presence()

    def stop(self) -> None:
        """The room leaves memory."""
        if self._presence_timer is not None:
            self._presence_timer.cancel()
