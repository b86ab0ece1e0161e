"""Event streams: numbered, durable, resumable; announced over the bus."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from storage.bus import Bus
from storage.event_tail import Event, Tail, announcement, channel
from storage.mongo import Database

__all__ = ["Event", "EventLog"]

log = structlog.get_logger(__name__)

_MOST_STREAMS = 10_000
"""Whose numbers are remembered."""
_PAGE = 500
_MOST_AT_ONCE = 100
"""Events in one writing."""
_DUPLICATE = 11_000
_MOST_BUS_BYTES = 256 * 1024


@dataclass
class _Queue:
    """Events of one stream on their way to the database, and the number after which they come."""

    last: int | None = None
    """What this process believes to be the last number of the stream, None when it must ask."""
    waiting: list[tuple[Event, asyncio.Future[int]]] = field(default_factory=list)
    writer: asyncio.Task[None] | None = None
    """Who writes what waits, while anything does."""


class EventLog:
    """Streams of events in the collection `events`: `{_id: "<stream>:<number>", stream, number, type, time,
    data}`, and `key` where it has one.

    The number is part of the key, and a writer takes the number after the last one that it knows to be stored. So the
    numbers of a stream are 1, 2, 3… without holes, whoever crashes when, and without a counter beside them: of two
    writers that want the same number one is refused, and takes the next.
    """

    def __init__(self, db: Database, bus: Bus) -> None:
        self._events = db.events
        self._bus = bus
        self._queues: OrderedDict[str, _Queue] = OrderedDict()
        self._tails: dict[str, Tail] = {}
        self._listeners: list[Callable[[Event], None]] = []
        bus.on_reconnect(self._look)

    async def ensure_indexes(self) -> None:
        await self._events.create_index([("stream", 1), ("number", 1)], unique=True)
        await self._events.create_index([("time", 1)])
        await self._events.create_index([("stream", 1), ("key", 1)])

    async def append(self, stream: str, type: str, data: dict[str, Any], *, key: str | None = None) -> int:
        """Stores the event, announces it, and returns its number. Raises `PyMongoError`.

        After a broken connection the event may be stored nevertheless, as with any write. `numbered` finds it by `key`.
        """
        queue = self._queue(stream)
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        queue.waiting.append((Event(None, stream, type, _now(), data, key), stored))
        if queue.writer is None:
            # Nobody's own task: whoever waits here may be cancelled, and others wait for the same writing.
            queue.writer = asyncio.create_task(self._write(stream, queue))
        return await stored

    async def transient(self, stream: str, type: str, data: dict[str, Any]) -> None:
        """Announces an event to those who follow now. It is never stored, and may be lost."""
        event = Event(None, stream, type, _now(), data)
        self._bus.publish(channel(stream), announcement(event, _MOST_BUS_BYTES))

    def on_stored(self, callback: Callable[[Event], None]) -> None:
        """Calls `callback` with every event, of whatever stream, that this process has stored.

        So of all processes exactly one hears of each, and none of one whose writer died at that moment: what must
        hear of every event is a consumer (`storage.consumer_groups`).
        """
        self._listeners.append(callback)

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
        for writer in [queue.writer for queue in self._queues.values() if queue.writer is not None]:
            await asyncio.wait({writer})
        tails, self._tails = self._tails, {}
        for tail in tails.values():
            await tail.stop()

    def _tell(self, event: Event) -> None:
        for callback in self._listeners:
            try:
                callback(event)
            except Exception:
                log.exception("a listener failed", type=event.type)  # what is stored is stored

    def _look(self) -> None:
        for tail in self._tails.values():
            tail.look()

    async def _write(self, stream: str, queue: _Queue) -> None:
        """The first goes at once, and what comes meanwhile goes together: nobody waits for more than two writings."""
        try:
            while queue.waiting:
                batch, queue.waiting = queue.waiting[:_MOST_AT_ONCE], queue.waiting[_MOST_AT_ONCE:]
                await self._write_batch(stream, queue, batch)
        finally:
            queue.writer = None

    async def _write_batch(self, stream: str, queue: _Queue, batch: list[tuple[Event, asyncio.Future[int]]]) -> None:
        while batch:
            last, queue.last = queue.last, None  # believed again only when the insertion succeeds
            try:
                first = (await self.newest(stream) if last is None else last) + 1
                events = [replace(event, id=first + place) for place, (event, _) in enumerate(batch)]
                count = await self._insert(events)
            except BaseException as error:
                if isinstance(error, Exception) and not isinstance(error, PyMongoError) and len(batch) > 1:
                    for one in batch:  # one of them cannot be written down
                        await self._write_batch(stream, queue, [one])
                    return
                for _, stored in batch:
                    if not isinstance(error, Exception):
                        stored.cancel()
                    elif not stored.done():
                        stored.set_exception(error)
                        stored.exception()  # whoever waited for it may be gone
                if not isinstance(error, Exception):
                    raise
                return
            if count == len(events):
                queue.last = events[-1].id
            # With fewer of them another process was faster, and they take the numbers behind its own.
            for event, (_, stored) in zip(events[:count], batch, strict=False):
                self._bus.publish(channel(stream), announcement(event, _MOST_BUS_BYTES))  # in order, hence in here
                assert event.id is not None
                if not stored.done():
                    stored.set_result(event.id)
                self._tell(event)
            batch = batch[count:]

    async def _insert(self, events: Sequence[Event]) -> int:
        """How many of them, from the first on, are stored: all, or those before a number that was taken already."""
        records = [
            {
                "_id": f"{event.stream}:{event.id}",
                "stream": event.stream,
                "number": event.id,
                "type": event.type,
                "time": event.time,
                "data": event.data,
                **({"key": event.key} if event.key is not None else {}),
            }
            for event in events
        ]
        try:
            if len(records) == 1:
                await self._events.insert_one(records[0])
            else:
                await self._events.insert_many(records, ordered=True)
        except DuplicateKeyError:
            return 0
        except BulkWriteError as error:
            failed = error.details["writeErrors"]
            if [one["code"] for one in failed] != [_DUPLICATE]:
                raise
            return int(failed[0]["index"])
        return len(records)

    async def newest(self, stream: str) -> int:
        """The number of the newest stored event; 0 when there is none."""
        newest = await self._events.find_one({"stream": stream}, {"number": 1}, sort=[("number", -1)])
        return int(newest["number"]) if newest else 0

    async def read(self, stream: str, number: int) -> Event | None:
        """None for one that expired, or never was."""
        stored = await self._events.find_one({"stream": stream, "number": number})
        return Event(number, stream, stored["type"], stored["time"], stored["data"]) if stored else None

    async def numbered(self, stream: str, key: str) -> int | None:
        """The number of a stored event that was given `key`."""
        found = await self._events.find_one({"stream": stream, "key": key}, {"number": 1})
        return int(found["number"]) if found else None

    async def _stored(self, stream: str, after: int) -> AsyncIterator[Event]:
        while True:
            page = self._events.find({"stream": stream, "number": {"$gt": after}}).sort("number", 1).limit(_PAGE)
            documents = await page.to_list()
            for stored in documents:
                after = int(stored["number"])
                yield Event(after, stream, stored["type"], stored["time"], stored["data"])
            if len(documents) < _PAGE:
                return

    def _queue(self, stream: str) -> _Queue:
        queue = self._queues.setdefault(stream, _Queue())
        self._queues.move_to_end(stream)
        if len(self._queues) > _MOST_STREAMS:
            oldest = next(iter(self._queues))
            if self._queues[oldest].writer is None:
                del self._queues[oldest]
        return queue


def _now() -> datetime:
    """With milliseconds, as it will come back from the database."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
