"""Durable consumer groups over event streams: every stored event of its types reaches every group, at least once.

How far a group has come in a stream is a record of the database (collection ``offsets``), and so is the claim of the
process that is at it. Wake-ups say when to look and hold nothing that may be lost: what they forget is found by looking
every few seconds. Events of one stream reach a group in their order, one call at a time on all processes together;
streams do not wait for each other, nor do groups.

Redis Streams as the log itself were the alternative. They would be a second truth beside the database, one that a
flush takes away, and an event would be in another place than the one that the event socket resumes from.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import structlog
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from storage.event_tail import Event
from storage.events import EventLog
from storage.faults import fault
from storage.mongo import Database, Document
from storage.waiting import end
from storage.wakeups import Topic, Wakeups

log = structlog.get_logger(__name__)

TOPIC = "scriptorium.events"

LEASE = 6.0
"""Seconds for which a process claims a stream; renewed meanwhile."""

LOOK_EVERY = 2.0
"""Seconds after which a group looks for streams that are due: their claim ran out, or they are to be tried again."""

SWEEP_EVERY = 10.0
"""Seconds after which it looks for events that nobody was woken for, and counts what waits."""

MOST_AT_ONCE = 8
"""Streams that one process is at for one group."""

BACK_OFF = (1.0, 5.0, 30.0, 120.0)
"""Seconds before each further attempt. After the last one an event is set aside (collection ``events_set_aside``), and
the group goes on behind it."""

MOST_SWEPT = 10_000
"""Events of one sweep; the next one goes on behind them."""

_SLACK = timedelta(minutes=1)
"""An event is stored that much later than its time at most: clocks differ, and writings wait for a database."""


def is_among(type: str, names: Collection[str]) -> bool:
    """``names`` are whole ones, or beginnings that end with ``.*``."""
    return type in names or any(name.endswith(".*") and type.startswith(name[:-1]) for name in names)


@dataclass(frozen=True)
class Consumer:
    """What a group does with events of some types. `types` are whole names, or beginnings that end with ``.*``."""

    group: str
    types: frozenset[str]
    take: Callable[[Sequence[Event]], Awaitable[None]]
    """After a crash, or when it has raised, it is given events again that it has had: doing a thing twice must come to
    the same as doing it once."""
    most: int = 1
    """Events of one call. When a call with several raises, they are given again one by one."""
    stale_after: float | None = None
    """Seconds after which nobody cares for an event any more: older ones are passed over."""
    streams: Collection[str] | None = None
    """The only ones that it looks at, None for all. It may change meanwhile, in each process up to a minute late
    (`_SLACK`): what was stored before then is found nevertheless."""

    def wants(self, type: str) -> bool:
        return is_among(type, self.types)

    def looks_at(self, stream: str) -> bool:
        return self.streams is None or stream in self.streams

    def query(self) -> Document:
        """Of collection ``events``: those of its types."""
        whole: Document = {"type": {"$in": sorted(name for name in self.types if not name.endswith(".*"))}}
        # "/" comes right after ".".
        begun = [{"type": {"$gte": name[:-1], "$lt": f"{name[:-2]}/"}} for name in self.types if name.endswith(".*")]
        return {"$or": [whole, *begun]} if begun else whole


class ConsumerGroups:
    """The consumers that this process works for. Others may have the same ones, or others: groups scale apart."""

    def __init__(self, db: Database, events: EventLog, topic: Topic) -> None:
        self._db = db
        self._topic = topic
        self._groups: dict[str, _Group] = {}
        self._waking: set[asyncio.Task[None]] = set()
        events.on_stored(self._stored)

    async def ensure_indexes(self) -> None:
        await self._db["offsets"].create_index([("group", 1), ("due", 1)])

    def add(self, consumer: Consumer) -> None:
        """Raises ValueError for a group that is there already."""
        if consumer.group in self._groups:
            raise ValueError(f"two consumers are called {consumer.group!r}")
        self._groups[consumer.group] = _Group(consumer, self._db, self._topic.group(consumer.group))

    async def run(self) -> None:
        """Until cancelled."""
        tasks = [asyncio.create_task(group.run(), name=f"consumers {name}") for name, group in self._groups.items()]
        tasks.append(asyncio.create_task(self._look(), name="consumers look"))
        try:
            await asyncio.gather(*tasks)
        finally:
            await end(tasks)

    async def _look(self) -> None:
        """For all groups at once: each for itself would ask ten times as often, mostly for nothing."""
        offsets, away = self._db["offsets"], False
        while True:
            try:
                # One that has much to do is full then, and leaves the next look to the others.
                idle = [name for name, group in self._groups.items() if group.room > 0]
                due = {"group": {"$in": idle}, "due": {"$lte": time.time()}}
                found = offsets.find(due, {"group": 1, "stream": 1}).limit(MOST_AT_ONCE * len(self._groups))
                for record in await found.to_list():
                    if (group := self._groups[record["group"]]).room > 0:
                        group.begin(record["stream"])
                away = False
            except PyMongoError as error:
                if not away:
                    log.warning("nobody can look for what is due", error=str(error))
                away = True
            await asyncio.sleep(LOOK_EVERY)

    async def watch(self) -> None:
        """Keep `waiting` up to date in a process that does none of the work itself, until cancelled."""
        while True:
            for group in self._groups.values():
                await group.measure()
            await asyncio.sleep(SWEEP_EVERY)

    async def forget(self, stream: str) -> None:
        """What is kept about a stream that is gone."""
        await self._db["offsets"].delete_many({"stream": stream})
        await self._db["events_set_aside"].delete_many({"stream": stream})

    @property
    def waiting(self) -> dict[str, tuple[int, float]]:
        """By group, as of its last sweep: events that it has not done with, and the age of the oldest in seconds."""
        return {name: group.waiting for name, group in self._groups.items()}

    def _stored(self, event: Event) -> None:
        if not any(group.wants(event.type, event.stream) for group in self._groups.values()):
            return
        waking = asyncio.create_task(self._topic.wake(f"{event.type} {event.stream}"))
        self._waking.add(waking)
        waking.add_done_callback(self._waking.discard)


@dataclass
class _Claim:
    """Of one stream for one group, by one process."""

    id: str
    stream: str
    token: str
    number: int
    """Of the last event that the group has done with."""
    attempts: int
    """How often the next one was tried in vain."""
    singly: int = 0
    """Events that are given one by one, because all together were refused."""


class _Group:
    def __init__(self, consumer: Consumer, db: Database, wakeups: Wakeups) -> None:
        self._consumer = consumer
        self._events = db["events"]
        self._offsets = db["offsets"]
        self._aside = db["events_set_aside"]
        self._wakeups = wakeups
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._ended = asyncio.Event()
        self._away = False
        self.waiting = 0, 0.0

    def wants(self, type: str, stream: str) -> bool:
        return self._consumer.looks_at(stream) and self._consumer.wants(type)

    async def run(self) -> None:
        sweeping = asyncio.create_task(self._sweep())
        try:
            while True:
                while self.room <= 0:
                    self._ended.clear()
                    await self._ended.wait()
                async with self._wakeups.waiting(LOOK_EVERY) as about:
                    event_type, _, stream = (about or "").partition(" ")
                    if stream and self.wants(event_type, stream):
                        self.begin(stream)
        finally:
            await end([sweeping, *self._running.values()])

    @property
    def room(self) -> int:
        """For how many more streams."""
        return MOST_AT_ONCE - len(self._running)

    def begin(self, stream: str) -> asyncio.Task[None]:
        if (running := self._running.get(stream)) is not None:
            self._again.add(stream)
            return running
        task = self._running[stream] = asyncio.create_task(self._see_to(stream))
        return task

    async def _see_to(self, stream: str) -> None:
        try:
            while True:
                self._again.discard(stream)
                await self._drain(stream)
                self._away = False
                if stream not in self._again:
                    return
        except PyMongoError as error:
            self._note_away(error)  # the claim runs out, and is due then
        finally:
            del self._running[stream]
            self._again.discard(stream)
            self._ended.set()

    # ---- what nobody was woken for

    async def _sweep(self) -> None:
        """Looks through the events since the last sweep whose every event was seen to, by whatever process."""
        name = self._consumer.group
        while True:
            try:
                looked = await self._looked()
                if not self._is_fresh(looked):
                    streams, reached = await self._left_since(looked - _SLACK)
                    for stream in streams:
                        await self._begin_when_there_is_room(stream)
                    if reached > looked:
                        await self._offsets.update_one({"_id": name}, {"$max": {"looked": reached}}, upsert=True)
            except PyMongoError as error:
                self._note_away(error)
            await asyncio.sleep(SWEEP_EVERY)

    async def measure(self) -> None:
        try:
            if not self._is_fresh(looked := await self._looked()):
                await self._left_since(looked - _SLACK)
        except PyMongoError as error:
            self._note_away(error)

    async def _looked(self) -> datetime:
        record = await self._offsets.find_one({"_id": self._consumer.group})
        looked: datetime = record["looked"] if record else datetime.fromtimestamp(0, UTC) + _SLACK
        return looked

    def _is_fresh(self, looked: datetime) -> bool:
        """Whether another process has just found that nothing is left: one look is enough for all of them, and dear
        where the database has no index for it."""
        if datetime.now(UTC) - looked >= timedelta(seconds=SWEEP_EVERY):
            return False
        self.waiting = 0, 0.0
        return True

    async def _left_since(self, since: datetime) -> tuple[list[str], datetime]:
        """Streams with something to do, and the moment before which nothing is left."""
        began = datetime.now(UTC)
        if self._consumer.streams is not None and not self._consumer.streams:
            self.waiting = 0, 0.0
            return [], began
        wanted = {"time": {"$gte": since}, **self._consumer.query()}
        if self._consumer.streams is not None:
            wanted["stream"] = {"$in": list(self._consumer.streams)}
        found = self._events.find(wanted, {"stream": 1, "number": 1, "time": 1}).sort("time", 1).limit(MOST_SWEPT)
        numbers: defaultdict[str, list[int]] = defaultdict(list)
        oldest: dict[tuple[str, int], datetime] = {}
        rows = await found.to_list()
        for row in rows:
            numbers[row["stream"]].append(row["number"])
            oldest[row["stream"], row["number"]] = row["time"]
        done = await self._numbers(list(numbers))
        left = {stream: [number for number in some if number > done.get(stream, 0)] for stream, some in numbers.items()}
        ages = [began - oldest[stream, number] for stream, some in left.items() for number in some]
        self.waiting = len(ages), max((age.total_seconds() for age in ages), default=0.0)
        if ages:
            # Until a later sweep finds that nothing was left.
            return [stream for stream, some in left.items() if some], since + _SLACK
        return [], rows[-1]["time"] if len(rows) == MOST_SWEPT else began

    async def _numbers(self, streams: Sequence[str]) -> dict[str, int]:
        numbers = {}
        for first in range(0, len(streams), 500):
            ids = [self._id(stream) for stream in streams[first : first + 500]]
            for record in await self._offsets.find({"_id": {"$in": ids}}, {"stream": 1, "number": 1}).to_list():
                numbers[record["stream"]] = record["number"]
        return numbers

    async def _begin_when_there_is_room(self, stream: str) -> None:
        while self.room <= 0 and stream not in self._running:
            self._ended.clear()
            await self._ended.wait()
        self.begin(stream)

    # ---- one stream

    async def _drain(self, stream: str) -> None:
        while (claim := await self._claim(stream)) is not None:
            keeping = asyncio.create_task(self._keep(claim))
            try:
                if not await self._work(claim):
                    return
            finally:
                await end([keeping])
            # Whoever was woken before the claim was given back has gone away again.
            if not await self._read(claim):
                return

    async def _claim(self, stream: str) -> _Claim | None:
        """None while another process has it, and before it is to be tried again."""
        now, token = time.time(), uuid4().hex
        taken = {"token": token, "due": now + LEASE}
        free = {"_id": self._id(stream), "$or": [{"due": None}, {"due": {"$lte": now}}]}
        record = await self._offsets.find_one_and_update(free, {"$set": taken}, return_document=ReturnDocument.AFTER)
        if record is None:
            fields = {"group": self._consumer.group, "stream": stream, "number": 0, "attempts": 0}
            record = {"_id": self._id(stream), **fields, **taken}
            try:
                await self._offsets.insert_one(record)
            except DuplicateKeyError:
                return None
        return _Claim(record["_id"], stream, token, record["number"], record["attempts"])

    async def _work(self, claim: _Claim) -> bool:
        """Whether the claim was given back with nothing left to do."""
        while events := await self._read(claim):
            # Nothing is told of one that fails but its kind: messages of errors hold people's text.
            try:
                if wanted := [event for event in events if not self._is_stale(event)]:
                    await self._consumer.take(wanted)
            except PyMongoError:
                raise
            except Exception as error:
                if len(events) > 1:
                    claim.singly = len(events)
                    continue
                if claim.attempts < len(BACK_OFF):
                    await self._try_later(claim, error)
                    return False
                await self._set_aside(claim, events[0], error)
            assert events[-1].id is not None
            claim.number, claim.attempts = events[-1].id, 0
            claim.singly = max(0, claim.singly - len(events))
            if not await self._commit(claim, {"number": claim.number, "attempts": 0}):
                return False
        return await self._commit(claim, {"due": None, "token": None})

    async def _read(self, claim: _Claim) -> list[Event]:
        most = 1 if claim.singly or claim.attempts else self._consumer.most
        after = {"stream": claim.stream, "number": {"$gt": claim.number}, **self._consumer.query()}
        return [
            Event(stored["number"], claim.stream, stored["type"], stored["time"], stored["data"])
            for stored in await self._events.find(after).sort("number", 1).limit(most).to_list()
        ]

    def _is_stale(self, event: Event) -> bool:
        after = self._consumer.stale_after
        return after is not None and datetime.now(UTC) - event.time > timedelta(seconds=after)

    async def _commit(self, claim: _Claim, fields: Document) -> bool:
        """False when another process has taken the stream over: nothing was written then."""
        written = await self._offsets.update_one({"_id": claim.id, "token": claim.token}, {"$set": fields})
        return written.matched_count == 1

    async def _try_later(self, claim: _Claim, error: Exception) -> None:
        wait = BACK_OFF[claim.attempts]
        log.warning("an event is tried again", **self._about(claim), seconds=wait, error=fault(error))
        later = {"attempts": claim.attempts + 1, "due": time.time() + wait, "token": None}
        await self._commit(claim, later)

    async def _set_aside(self, claim: _Claim, event: Event, error: Exception) -> None:
        log.error("an event is set aside", **self._about(claim), number=event.id, error=fault(error))
        record = {
            "group": self._consumer.group,
            "stream": event.stream,
            "number": event.id,
            "type": event.type,
            "time": datetime.now(UTC),
            "error": type(error).__name__,
        }
        await self._aside.replace_one({"_id": f"{claim.id}:{event.id}"}, record, upsert=True)

    async def _keep(self, claim: _Claim) -> None:
        while True:
            await asyncio.sleep(LEASE / 3)
            try:
                async with asyncio.timeout(LEASE / 3):
                    await self._commit(claim, {"due": time.time() + LEASE})
            except (PyMongoError, TimeoutError) as error:
                self._note_away(error)

    def _about(self, claim: _Claim) -> dict[str, object]:
        return {"group": self._consumer.group, "stream": claim.stream, "attempt": claim.attempts + 1}

    def _id(self, stream: str) -> str:
        return f"{self._consumer.group}:{stream}"

    def _note_away(self, error: BaseException) -> None:
        if not self._away:
            self._away = True
            log.warning("events cannot be looked at now", group=self._consumer.group, error=str(error))
