"""Event streams: numbered, durable, resumable; announced over the bus."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.errors import DuplicateKeyError

from storage.bus import Bus
from storage.event_tail import Event, Tail, announcement, channel
from storage.mongo import Database

__all__ = ["Event", "EventLog"]

_MOST_POSITIONS = 10_000
_PAGE = 500
_MOST_BUS_BYTES = 256 * 1024


@dataclass
class _Position:
    """What this process believes to be the last number of a stream, None when it must ask."""

    last: int | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class EventLog:
    """Streams of events in the collection `events`: `{_id: "<stream>:<number>", stream, number, type, time, data}`.

    The number is part of the key, and a writer takes the number after the last one that it knows to be stored. So the
    numbers of a stream are 1, 2, 3… without holes, whoever crashes when, and without a counter beside them: of two
    writers that want the same number one is refused, and takes the next.
    """

    def __init__(self, db: Database, bus: Bus) -> None:
        self._events = db.events
        self._bus = bus
        self._positions: OrderedDict[str, _Position] = OrderedDict()
        self._tails: dict[str, Tail] = {}
        bus.on_reconnect(self._look)

    async def ensure_indexes(self) -> None:
        await self._events.create_index([("stream", 1), ("number", 1)], unique=True)
        await self._events.create_index([("time", 1)])

    async def append(self, stream: str, type: str, data: dict[str, Any]) -> int:
        """Stores the event, announces it, and returns its number. Raises `PyMongoError`.

        After a broken connection the event may be stored nevertheless, as with any write.
        """
        position = self._position(stream)
        async with position.lock:  # else all writers of this process would race for the same number
            while True:
                event = Event(await self._next(stream, position), stream, type, _now(), data)
                try:
                    await self._insert(event)
                    break
                except DuplicateKeyError:
                    continue  # another process was faster
            position.last = event.id
            self._bus.publish(channel(stream), announcement(event, _MOST_BUS_BYTES))  # in order, hence in here
        assert event.id is not None
        return event.id

    async def transient(self, stream: str, type: str, data: dict[str, Any]) -> None:
        """Announces an event to those who follow now. It is never stored, and may be lost."""
        event = Event(None, stream, type, _now(), data)
        self._bus.publish(channel(stream), announcement(event, _MOST_BUS_BYTES))

    async def follow(self, stream: str, after: int | None = None) -> AsyncIterator[Event]:
        """The stored events after number `after` (None: those stored from now on), then those that come, without end.

        Numbers come in order, none missing and none twice, except that expired ones are gone. Transient events come
        between them. Whoever reads too slowly misses transient events and nothing else. Raises `PyMongoError` when the
        database is away while old events are read; follow again from the last number that was seen.
        Close the iterator (`contextlib.aclosing`), or it goes on collecting.
        """
        tail = self._tails.get(stream)
        if tail is None:
            tail = self._tails[stream] = Tail(stream, self._bus, self.newest, self._stored)
        try:
            follower = await tail.join()
            try:
                position = await self.newest(stream) if after is None else after
                while True:
                    # The follower has been collecting since before this reading, so nothing lies between the two.
                    async for event in self._stored(stream, position):
                        position = event.id or position
                        yield event
                    while next_event := await follower.next():
                        if next_event.id is None or next_event.id > position:
                            position = next_event.id or position
                            yield next_event
                    follower.catch_up()
            finally:
                tail.leave(follower)
        finally:
            if not tail.followed and self._tails.get(stream) is tail:
                del self._tails[stream]
                await tail.stop()

    async def expire(self, older_than: timedelta) -> int:
        """Deletes what is older and returns how many; each stream keeps its last event, which holds the number."""
        old = {"time": {"$lt": datetime.now(UTC) - older_than}}
        deleted = 0
        for stream in await self._events.distinct("stream", old):
            before_last = {"$lt": await self.newest(stream)}
            deleted += (await self._events.delete_many({"stream": stream, "number": before_last, **old})).deleted_count
        return deleted

    async def close(self) -> None:
        tails, self._tails = self._tails, {}
        for tail in tails.values():
            await tail.stop()

    def _look(self) -> None:
        for tail in self._tails.values():
            tail.look()

    async def _next(self, stream: str, position: _Position) -> int:
        last, position.last = position.last, None  # believed again only when the insertion succeeds
        return (await self.newest(stream) if last is None else last) + 1

    async def _insert(self, event: Event) -> None:
        key = {"_id": f"{event.stream}:{event.id}", "stream": event.stream, "number": event.id}
        await self._events.insert_one({**key, "type": event.type, "time": event.time, "data": event.data})

    async def newest(self, stream: str) -> int:
        """The number of the newest stored event; 0 when there is none."""
        newest = await self._events.find_one({"stream": stream}, {"number": 1}, sort=[("number", -1)])
        return int(newest["number"]) if newest else 0

    async def _stored(self, stream: str, after: int) -> AsyncIterator[Event]:
        while True:
            page = self._events.find({"stream": stream, "number": {"$gt": after}}).sort("number", 1).limit(_PAGE)
            documents = await page.to_list()
            for stored in documents:
                after = int(stored["number"])
                yield Event(after, stream, stored["type"], stored["time"], stored["data"])
            if len(documents) < _PAGE:
                return

    def _position(self, stream: str) -> _Position:
        position = self._positions.setdefault(stream, _Position())
        self._positions.move_to_end(stream)
        if len(self._positions) > _MOST_POSITIONS:
            oldest = next(iter(self._positions))
            if not self._positions[oldest].lock.locked():
                del self._positions[oldest]
        return position


def _now() -> datetime:
    """With milliseconds, as it will come back from the database."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
