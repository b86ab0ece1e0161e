"""The bus over Redis pub/sub: one listening and one sending connection per process."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from storage.bus import Receiver, Unsubscribe
from storage.bus_memory import deliver

log = structlog.get_logger(__name__)

_ANSWER_SECONDS = 1.0
_PING_SECONDS = 5.0
_RETRY_SECONDS = 0.25
_MOST_WAITING = 100_000
"""Also whoever is told that something was dropped speaks at once, two messages for each room: these must have a place,
or they would be dropped too.
"""
_MOST_WAITING_BYTES = 64 * 1024 * 1024
_GROUP = 500
_FAULTS = (RedisError, OSError, TimeoutError)


class _Channel:
    def __init__(self) -> None:
        self.receivers: list[Receiver] = []
        self.in_force = asyncio.Event()


class RedisBus:
    """A `Bus`. Channels are private to the database number of the URL, although Redis itself does not part them.

    Of messages lost on their way out only their own process is told, which may die before it has said them again:
    publishers number what must not be missed, or others look for it.
    """

    def __init__(self, url: str) -> None:
        """Raises `ValueError` for a URL that is none of redis://, rediss://, unix://. Call `start` next."""
        self._pool = ConnectionPool.from_url(
            url,
            protocol=2,
            socket_connect_timeout=_ANSWER_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),  # both loops below do their own
        )
        self._prefix = f"scriptorium:{self._pool.connection_kwargs.get('db') or 0}:"
        self._channels: dict[str, _Channel] = {}
        self._unconfirmed: Counter[str] = Counter()  # SUBSCRIBE commands on the way, by channel
        self._listener: AbstractConnection | None = None
        self._connected = asyncio.Event()
        self._reconnected: list[Callable[[], None]] = []
        self._waiting: list[tuple[str, bytes]] = []
        self._waiting_bytes = 0
        self._to_send = asyncio.Event()
        self._all_sent = asyncio.Event()
        self._all_sent.set()
        self._may_send = True
        self._dropped = 0
        self._untold = False
        """Whether messages were dropped since `on_reconnect` was last told of it."""
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Connects; when Redis is away it goes on trying, and this returns after a second."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._send())]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._connected.wait()

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    async def ping(self) -> None:
        # On a connection of its own: answers on the others belong to whoever sends and listens there.
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await connection.connect()  # type: ignore[no-untyped-call]
                await connection.send_command("PING", check_health=False)
                await connection.read_response()
        finally:
            await _disconnect(connection)

    @property
    def dropped(self) -> int:
        return self._dropped

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._reconnected.append(callback)

    async def close(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._all_sent.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self) -> AbstractConnection:
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        await connection.connect()  # type: ignore[no-untyped-call]
        return connection

    # Sending

    @property
    def spans_processes(self) -> bool:
        return True

    def has_others(self, channel: str) -> bool:
        return True

    def publish(self, channel: str, payload: bytes) -> None:
        full = len(self._waiting) >= _MOST_WAITING or self._waiting_bytes + len(payload) > _MOST_WAITING_BYTES
        if full or not self._may_send:
            self._dropped += 1
            self._untold = True
            return
        # Through one queue and one connection: publishing from several connections at once would lose the order.
        self._waiting.append((channel, payload))
        self._waiting_bytes += len(payload)
        self._to_send.set()
        self._all_sent.clear()

    async def _send(self) -> None:
        connection: AbstractConnection | None = None
        failed = False
        try:
            while True:
                if not failed:
                    await self._to_send.wait()
                group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
                self._waiting_bytes -= sum(len(payload) for _, payload in group)
                try:
                    async with asyncio.timeout(_ANSWER_SECONDS):
                        if connection is None:
                            connection = await self._connect()
                        if failed:
                            # A Redis that was merely stopped leaves all connections open: nobody else notices.
                            await connection.send_command("PING", check_health=False)
                            await connection.read_response()
                        await self._publish(connection, group)
                    failed = False
                    if self._untold and len(self._waiting) <= _GROUP:  # or what is said again would be dropped again
                        if self.connected:  # otherwise the listener tells, once it is
                            self._tell_of_outage()
                        # Afterwards: who has more to say than may wait must not be asked for it again and again.
                        self._untold = False
                except _FAULTS as error:
                    log.warning("messages dropped, Redis does not take them", error=str(error))
                    self._dropped += len(group) + len(self._waiting)
                    self._waiting, self._waiting_bytes = [], 0
                    self._may_send, self._untold, failed = False, True, True
                    await _disconnect(connection)
                    connection = None
                if not self._waiting:
                    self._to_send.clear()
                    self._all_sent.set()
                if not self._may_send:
                    await asyncio.sleep(_RETRY_SECONDS)
                    self._may_send = True
        finally:
            await _disconnect(connection)

    async def _publish(self, connection: AbstractConnection, group: list[tuple[str, bytes]]) -> None:
        commands = [("PUBLISH", self._prefix + channel, payload) for channel, payload in group]
        await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
        for _ in group:
            await connection.read_response()

    # Receiving

    async def subscribe(self, channel: str, receive: Receiver) -> Unsubscribe:
        new = channel not in self._channels
        entry = self._channels.setdefault(channel, _Channel())
        entry.receivers.append(receive)

        async def unsubscribe() -> None:
            if receive in entry.receivers:
                entry.receivers.remove(receive)
            if not entry.receivers and self._channels.get(channel) is entry:
                del self._channels[channel]
                await self._command("UNSUBSCRIBE", channel)

        try:
            if new:
                await self._subscribe([channel])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await entry.in_force.wait()
        except BaseException:
            await unsubscribe()
            raise
        return unsubscribe

    async def _subscribe(self, channels: list[str]) -> None:
        self._unconfirmed.update(channels)
        await self._command("SUBSCRIBE", *channels)

    async def _command(self, name: str, *channels: str) -> None:
        """Does nothing without a connection: the next one begins with subscribing to all."""
        if self._listener is None:
            return
        try:
            await self._listener.send_command(name, *(self._prefix + c for c in channels), check_health=False)
        except _FAULTS as error:
            log.warning("Redis connection lost", error=str(error))
            await _disconnect(self._listener)  # wakes the reader, which connects again

    async def _listen(self) -> None:
        again = False
        connection: AbstractConnection | None = None
        try:
            while True:
                try:
                    connection = await self._connect()
                    await self._resubscribe(connection)
                    self._connected.set()
                    if again:
                        log.info("Redis is back")
                        self._tell_of_outage()
                    again = True
                    while True:
                        self._handle(await self._next(connection))
                except _FAULTS as error:
                    if self._connected.is_set() or not again:
                        log.warning("Redis is away, messages between processes are delayed", error=str(error))
                    again = True
                self._disconnected()
                await _disconnect(connection)
                await asyncio.sleep(_RETRY_SECONDS)
        finally:
            self._disconnected()
            await _disconnect(connection)

    def _tell_of_outage(self) -> None:
        for callback in self._reconnected:
            try:
                callback()
            except Exception:
                log.exception("who was told of an outage has failed")

    async def _resubscribe(self, connection: AbstractConnection) -> None:
        self._unconfirmed.clear()
        self._listener = connection
        if not self._channels:
            return
        await self._subscribe(list(self._channels))
        while any(not entry.in_force.is_set() for entry in self._channels.values()):
            async with asyncio.timeout(_ANSWER_SECONDS):
                self._handle(await self._next(connection))

    async def _next(self, connection: AbstractConnection) -> list[Any]:
        """The next message. Raises when Redis stays silent through a ping too: such a connection is dead."""
        for _ in range(2):
            message: list[Any] | None
            message = await connection.read_response(timeout=_PING_SECONDS, disconnect_on_error=False)
            if message is not None:
                return message
            if not connection.is_connected:
                break  # or it would be connected again, without its subscriptions
            await connection.send_command("PING", check_health=False)
        raise TimeoutError("Redis does not answer")

    def _handle(self, message: list[Any]) -> None:
        kind = message[0]
        if kind not in (b"message", b"subscribe"):
            return
        channel = message[1].decode().removeprefix(self._prefix)
        entry = self._channels.get(channel)
        if kind == b"message":
            for receive in list(entry.receivers) if entry else ():
                deliver(receive, channel, message[2])
            return
        self._unconfirmed[channel] -= 1
        if self._unconfirmed[channel] > 0:
            return  # of SUBSCRIBE, UNSUBSCRIBE, SUBSCRIBE in quick succession only the last answer means what it says
        del self._unconfirmed[channel]
        if entry:
            entry.in_force.set()

    def _disconnected(self) -> None:
        self._listener = None
        self._connected.clear()
        for entry in self._channels.values():
            entry.in_force.clear()


async def _disconnect(connection: AbstractConnection | None) -> None:
    if connection is not None:
        with contextlib.suppress(*_FAULTS):
            await connection.disconnect(nowait=True)
