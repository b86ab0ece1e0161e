"""Event streams: no number missing, none twice, in order; whoever crashes, and whatever the bus loses."""

import asyncio
import os
import signal
import sys
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from storage import Storage
from storage.bus_memory import MemoryBus
from storage.event_tail import Event, Follower
from storage.events import EventLog
from tests.conftest import Backend
from tests.services.launchers import Redis
from tests.support.waiting import until


class DeafBus(MemoryBus):
    """Loses every message, as a bus may."""

    def publish(self, channel: str, payload: bytes) -> None:
        return


async def take(log: EventLog, stream: str, count: int, after: int | None = 0) -> list[Event]:
    async with asyncio.timeout(20), aclosing(log.follow(stream, after)) as events:
        taken = []
        async for event in events:
            taken.append(event)
            if len(taken) == count:
                break
        return taken


async def following(log: EventLog, stream: str, seen: list[Event], after: int | None = None) -> "asyncio.Task[None]":
    """A task that collects; returns when it follows."""

    async def collect() -> None:
        async with aclosing(log.follow(stream, after)) as events:
            async for event in events:
                seen.append(event)  # noqa: PERF401 — one by one, others look meanwhile

    task = asyncio.create_task(collect())
    await until(lambda: stream in log._tails and log._tails[stream]._ready.done())
    await asyncio.sleep(0.1)
    return task


async def test_events_are_numbered_stored_and_announced(storage: Storage) -> None:
    seen: list[Event] = []
    task = await following(storage.events, "w", seen)
    assert await storage.events.append("w", "first", {"a": [1, {"b": None}], "é": "😀"}) == 1
    assert await storage.events.append("other", "first", {}) == 1
    await storage.events.transient("w", "passing", {"n": 1})
    assert await storage.events.append("w", "second", {"time": datetime(2026, 1, 1, tzinfo=UTC)}) == 2
    await until(lambda: len(seen) == 3)
    assert [(event.id, event.type, event.stream) for event in seen] == [
        (1, "first", "w"),
        (None, "passing", "w"),
        (2, "second", "w"),
    ]
    assert seen[0].data == {"a": [1, {"b": None}], "é": "😀"}
    assert timedelta(0) <= datetime.now(UTC) - seen[0].time < timedelta(seconds=20)
    again = await take(storage.events, "w", 2)
    assert again == [seen[0], seen[2]]  # what was announced is what was stored, to the millisecond
    task.cancel()


async def test_following_resumes_after_a_number(storage: Storage) -> None:
    for n in range(1, 8):
        await storage.events.append("w", "t", {"n": n})
    assert [event.id for event in await take(storage.events, "w", 3, after=4)] == [5, 6, 7]
    seen: list[Event] = []
    task = await following(storage.events, "w", seen)
    await storage.events.append("w", "t", {})
    await until(lambda: bool(seen))
    assert [event.id for event in seen] == [8]
    task.cancel()


async def test_long_histories_come_whole(storage: Storage) -> None:
    documents = [
        {"_id": f"w:{n}", "stream": "w", "number": n, "type": "t", "time": datetime.now(UTC), "data": {}}
        for n in range(1, 1202)
    ]
    await storage.db.events.insert_many(documents)
    assert [event.id for event in await take(storage.events, "w", 1201)] == [*range(1, 1202)]


@pytest.mark.parametrize("bus", ["shared", "deaf"])
async def test_many_writers_and_followers_miss_and_repeat_nothing(storage: Storage, bus: str) -> None:
    """Each `EventLog` stands for a process: they share the database, and a bus that may lose everything."""
    logs = [EventLog(storage.db, storage.bus if bus == "shared" else DeafBus()) for _ in range(3)]
    total = 3 * 5 * 8
    early: list[list[Event]] = [[] for _ in logs]
    tasks = [await following(log, "w", seen) for log, seen in zip(logs, early, strict=True)]

    async def write(log: EventLog, writer: int) -> list[int]:
        return [await log.append("w", "t", {"writer": writer, "n": n}) for n in range(8)]

    async def join_late(log: EventLog, after: int) -> list[int | None]:
        await asyncio.sleep(0.05 * after)
        return [event.id for event in await take(log, "w", total - after, after=after)]

    late = [asyncio.create_task(join_late(log, after)) for after, log in enumerate(logs * 2)]
    numbers = await asyncio.gather(*(write(log, writer) for log in logs for writer in range(5)))
    assert sorted(number for of_writer in numbers for number in of_writer) == [*range(1, total + 1)]
    assert all(of_writer == sorted(of_writer) for of_writer in numbers)
    await until(lambda: all(len(seen) == total for seen in early), within=20)
    for seen in early:
        assert [event.id for event in seen] == [*range(1, total + 1)]
    for after, ids in enumerate(await asyncio.gather(*late)):
        assert ids == [*range(after + 1, total + 1)]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(log._tails == {} for log in logs)


CRASHING_WRITER = """
import asyncio, sys
from storage.bus_memory import MemoryBus
from storage.events import EventLog
from storage.mongo import connect

async def main():
    log = EventLog(connect(sys.argv[1]), MemoryBus())
    async def write(writer):
        while True:
            print(await log.append("w", "t", {"writer": writer}), flush=True)
    await asyncio.gather(*map(write, range(4)))

asyncio.run(main())
"""


async def test_killed_writers_leave_no_hole(storage: Storage) -> None:
    host, port = next(iter(storage.db.client.nodes)) if storage.db.client.nodes else (None, None)
    if host is None:
        await storage.db.command("ping")
        host, port = next(iter(storage.db.client.nodes))
    address = host.replace("/", "%2F") if port is None else f"{host}:{port}"
    url = f"mongodb://{address}/{storage.db.name}"
    seen: list[Event] = []
    task = await following(storage.events, "w", seen, after=0)
    acknowledged: list[int] = []
    for _ in range(3):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CRASHING_WRITER, url, stdout=asyncio.subprocess.PIPE
        )
        assert writer.stdout is not None
        acknowledged += [int(await writer.stdout.readline()) for _ in range(20)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += map(int, (await writer.stdout.read()).split(b"\n")[:-1])
        await writer.wait()
    last = await storage.events.append("w", "t", {})
    assert last > max(acknowledged)
    await until(lambda: bool(seen) and seen[-1].id == last)
    assert [event.id for event in seen] == [*range(1, last + 1)]
    assert len(set(acknowledged)) == len(acknowledged)
    task.cancel()


async def test_events_too_large_for_the_bus_arrive_all_the_same(storage: Storage) -> None:
    seen: list[Event] = []
    task = await following(storage.events, "w", seen)
    await storage.events.append("w", "large", {"text": "x" * 1_000_000})
    await storage.events.append("w", "small", {})
    await until(lambda: len(seen) == 2)
    assert [event.id for event in seen] == [1, 2]
    assert len(seen[0].data["text"]) == 1_000_000
    task.cancel()


async def test_a_slow_follower_misses_transient_events_only(storage: Storage) -> None:
    async with aclosing(storage.events.follow("w")) as events:
        first = asyncio.create_task(anext(events))
        await until(lambda: "w" in storage.events._tails and storage.events._tails["w"]._ready.done())
        await asyncio.sleep(0.1)
        await storage.events.append("w", "t", {})
        assert (await first).id == 1
        for _ in range(3_000):
            await storage.events.transient("w", "delta", {})
        for _ in range(30):
            await storage.events.append("w", "t", {})
        await asyncio.sleep(0.2)
        stored: list[int] = []
        passing = 0
        async with asyncio.timeout(10):
            while len(stored) < 30:
                event = await anext(events)
                if event.id is None:
                    passing += 1
                else:
                    stored.append(event.id)
    assert stored == [*range(2, 32)]
    assert passing <= 1_000


async def test_expired_events_go_and_numbers_do_not_start_again(storage: Storage) -> None:
    for _ in range(3):
        await storage.events.append("w", "t", {})
    await storage.events.append("single", "t", {})
    assert await storage.events.expire(timedelta(minutes=1)) == 0
    await storage.db.events.update_many({}, {"$set": {"time": datetime.now(UTC) - timedelta(days=9)}})
    assert await storage.events.expire(timedelta(days=1)) == 2
    assert [event.id for event in await take(storage.events, "w", 1)] == [3]
    restarted = EventLog(storage.db, storage.bus)
    assert await restarted.append("w", "t", {}) == 4
    assert await restarted.append("single", "t", {}) == 2


async def test_lost_announcements_are_made_up_for_when_redis_is_back(backend: Backend, redis_service: Redis) -> None:
    lasting = Backend(backend.name, backend.data_dir, backend.mongo_url, backend.object_store_url, redis_service.url)
    async with lasting.open() as storage:
        seen: list[Event] = []
        task = await following(storage.events, "w", seen)
        await storage.events.append("w", "t", {})
        await until(lambda: len(seen) == 1)
        await asyncio.to_thread(redis_service.kill)
        for _ in range(5):
            await storage.events.append("w", "t", {})
        await asyncio.to_thread(redis_service.start)
        await until(lambda: len(seen) == 6)
        assert [event.id for event in seen] == [*range(1, 7)]
        task.cancel()


def event(number: int | None) -> Event:
    return Event(number, "w", "t", datetime.now(UTC), {})


@pytest.mark.parametrize("flood", [0, 5_000])
async def test_the_queue_of_a_follower_is_bounded(flood: int) -> None:
    follower = Follower()
    for _ in range(flood):
        follower.offer(event(None))
    for number in range(1, 1_001):
        follower.offer(event(number))
    for number in range(1, 1_001):
        next_event = await follower.next()
        assert next_event is not None
        assert next_event.id == number
    for number in range(2_000):
        follower.offer(event(number))
    assert await follower.next() is None
    assert await follower.next() is None
    follower.catch_up()
    follower.offer(event(3_000))
    next_event = await follower.next()
    assert next_event is not None
    assert next_event.id == 3_000


async def test_one_event_that_cannot_be_written_does_not_take_the_others_with_it(storage: Storage) -> None:
    first, bad, good = await asyncio.gather(
        storage.events.append("w", "t", {"n": 1}),
        storage.events.append("w", "t", {"n": "\ud800"}),
        storage.events.append("w", "t", {"n": 2}),
        return_exceptions=True,
    )
    assert first == 1
    assert isinstance(bad, Exception)
    assert good == 2


async def test_a_listener_hears_what_its_own_process_has_stored(storage: Storage) -> None:
    heard: list[tuple[str, int | None, dict[str, object]]] = []

    def fails(_: Event) -> None:
        raise RuntimeError

    storage.events.on_stored(fails)
    storage.events.on_stored(lambda event: heard.append((event.stream, event.id, event.data)))
    await storage.events.append("one", "some", {"a": 1})
    await storage.events.append("two", "other", {"a": 2})
    elsewhere = EventLog(storage.db, storage.bus)
    await elsewhere.append("one", "some", {"a": 3})
    await storage.events.transient("one", "some", {"a": 4})
    assert heard == [("one", 1, {"a": 1}), ("two", 1, {"a": 2})]
