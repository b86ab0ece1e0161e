"""The live end of an event stream within one process: one reader for all that follow the stream here."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import bson
import structlog
from bson.codec_options import CodecOptions
from pymongo.errors import PyMongoError

from storage.bus import Bus
from storage.waiting import end

log = structlog.get_logger(__name__)

_MOST_WAITING = 1000
# The bus may lose an announcement, for example when its sender dies between storing and announcing.
_LOOK_SECONDS = 4.0
_CODEC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    """`id` counts the stored events of `stream` from 1; None for an event that was never stored. `time` is UTC.

    `key` is what whoever stores it calls it; it is not read back.
    """

    id: int | None
    stream: str
    type: str
    time: datetime
    data: dict[str, Any]
    key: str | None = None


class Follower:
    """Events that wait for one reader, in bounded memory."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._changed = asyncio.Event()
        self._behind = False

    def offer(self, event: Event) -> None:
        if self._behind:
            return  # will be read from the log, or is transient
        if len(self._waiting) >= _MOST_WAITING:
            if event.id is None:
                return
            self._waiting = deque(waiting for waiting in self._waiting if waiting.id is not None)
            if len(self._waiting) >= _MOST_WAITING:
                self._waiting.clear()
                self._behind = True
        if not self._behind:
            self._waiting.append(event)
        self._changed.set()

    async def next(self) -> Event | None:
        """None when too much had piled up: read the log from your own position on, after `catch_up`."""
        while not self._waiting and not self._behind:
            self._changed.clear()
            await self._changed.wait()
        return None if self._behind else self._waiting.popleft()

    def catch_up(self) -> None:
        self._behind = False


class Tail:
    """Follows one stream on the bus, and in the log where the bus leaves a gap."""

    def __init__(
        self,
        stream: str,
        bus: Bus,
        last: Callable[[str], Awaitable[int]],
        stored: Callable[[str, int], AsyncIterator[Event]],
    ) -> None:
        self.stream = stream
        self._bus = bus
        self._last_stored = last
        self._stored = stored
        self._last = 0
        self._followers: set[Follower] = set()
        self._look = asyncio.Event()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run())

    async def join(self) -> Follower:
        """A follower that is offered every event stored after this call began. Raises `PyMongoError`."""
        follower = Follower()
        self._followers.add(follower)
        try:
            await asyncio.shield(self._ready)
        except BaseException:
            self._followers.discard(follower)
            raise
        return follower

    def leave(self, follower: Follower) -> None:
        self._followers.discard(follower)

    @property
    def followed(self) -> bool:
        return bool(self._followers)

    def look(self) -> None:
        """Reads the log soon: an announcement may have been lost."""
        self._look.set()

    async def stop(self) -> None:
        await end([self._task])
        del self._task  # its cancellation, with a traceback, refers back here: a circle that the collector finds late

    async def _run(self) -> None:
        # First the bus, then the log: what is stored between the two is announced.
        unsubscribe = await self._bus.subscribe(channel(self.stream), self._receive)
        try:
            try:
                self._last = await self._last_stored(self.stream)
            except PyMongoError as error:
                self._ready.set_exception(error)
                self._ready.exception()  # whoever waited may be gone
                return
            self._ready.set_result(None)
            while True:
                try:
                    async with asyncio.timeout(_LOOK_SECONDS * random.uniform(0.8, 1.2)):
                        await self._look.wait()
                except TimeoutError:
                    pass  # nothing was announced, look all the same
                self._look.clear()
                await self._read()
        finally:
            await unsubscribe()

    async def _read(self) -> None:
        try:
            async for event in self._stored(self.stream, self._last):
                self._deliver(event)
        except PyMongoError as error:
            log.warning("an event stream cannot be read now", stream=self.stream, error=str(error))

    def _receive(self, payload: bytes) -> None:
        message = bson.decode(payload, _CODEC)
        number = message["id"]
        if not self._ready.done():
            self.look()  # stored after the log was asked for its end, perhaps; transient ones nobody waits for yet
        elif "data" in message and (number is None or number == self._last + 1):
            self._deliver(Event(number, self.stream, message["type"], message["time"], message["data"]))
        elif number > self._last:
            self.look()

    def _deliver(self, event: Event) -> None:
        if event.id is not None:
            if event.id <= self._last:
                return  # came over the bus while the log was being read
            self._last = event.id
        for follower in self._followers:
            follower.offer(event)


def channel(stream: str) -> str:
    return f"events:{stream}"


def announcement(event: Event, most_bytes: int) -> bytes:
    """What goes over the bus: the whole event, or only its number when it is stored and large."""
    raw = bson.encode({"id": event.id, "type": event.type, "time": event.time, "data": event.data})
    return bson.encode({"id": event.id}) if len(raw) > most_bytes and event.id is not None else raw
