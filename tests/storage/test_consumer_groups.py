"""Every event reaches every group, in order, whoever crashes and whatever wake-ups are lost."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from storage import Storage, consumer_groups
from storage.consumer_groups import Consumer, ConsumerGroups
from storage.event_tail import Event
from storage.wakeups import LocalTopic
from tests.support.waiting import until

THINGS = frozenset({"thing"})


class DeafTopic(LocalTopic):
    """Loses every wake-up, as one may."""

    async def wake(self, about: str = "") -> None:
        return


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer_groups, "LEASE", 0.6)
    monkeypatch.setattr(consumer_groups, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(consumer_groups, "SWEEP_EVERY", 0.1)
    monkeypatch.setattr(consumer_groups, "BACK_OFF", (0.05, 0.1))


class Taken:
    """What a group was given, and who was at it."""

    def __init__(self) -> None:
        self.calls: list[list[Event]] = []
        self.at_it: defaultdict[str, int] = defaultdict(int)
        self.pause = 0.0

    async def take(self, events: Sequence[Event]) -> None:
        stream = events[0].stream
        self.at_it[stream] += 1
        assert self.at_it[stream] == 1, "two calls for one stream at the same time"
        try:
            await asyncio.sleep(self.pause)
            self.calls.append(list(events))
        finally:
            self.at_it[stream] -= 1

    def numbers(self, stream: str = "w") -> list[int]:
        return [event.data["n"] for call in self.calls for event in call if event.stream == stream]


@asynccontextmanager
async def working(storage: Storage, *consumers: Consumer, topic: LocalTopic | None = None) -> AsyncIterator[Any]:
    """A process with these consumers; it has its own wake-ups unless a `topic` is given."""
    groups = ConsumerGroups(storage.db, storage.events, topic or LocalTopic())
    for consumer in consumers:
        groups.add(consumer)
    await groups.ensure_indexes()
    task = asyncio.create_task(groups.run())
    try:
        yield groups
    finally:
        task.cancel()
        await asyncio.wait({task})


async def store(storage: Storage, count: int, stream: str = "w", type: str = "thing", first: int = 0) -> None:
    for number in range(first, first + count):
        await storage.events.append(stream, type, {"n": number})


async def test_every_group_is_given_every_event_of_its_types_in_order(storage: Storage) -> None:
    things, all_of_them, outside = Taken(), Taken(), Taken()
    async with working(
        storage,
        Consumer("things", THINGS, things.take),
        Consumer("all", frozenset({"thing", "other"}), all_of_them.take),
        Consumer("outside", frozenset({"external.*"}), outside.take),
    ):
        for number in range(6):
            await store(
                storage,
                1,
                f"w{number % 2}",
                ("thing", "other", "external.x", "external", "externality")[number % 5],
                number,
            )
        await until(lambda: len(all_of_them.calls) == 3 and len(things.calls) == 2 and len(outside.calls) == 1)
    assert things.numbers("w0") == [0]
    assert things.numbers("w1") == [5]
    assert all_of_them.numbers("w1") == [1, 5]
    assert outside.numbers("w0") == [2]


async def test_a_group_that_was_away_catches_up_and_several_events_come_at_once(storage: Storage) -> None:
    await store(storage, 25)
    await store(storage, 3, "v")
    taken = Taken()
    async with working(storage, Consumer("late", THINGS, taken.take, most=10)) as groups:
        await until(lambda: len(taken.numbers()) == 25 and len(taken.numbers("v")) == 3)
        assert [len(call) for call in taken.calls if call[0].stream == "w"] == [10, 10, 5]
        assert taken.numbers() == list(range(25))
        await until(lambda: groups.waiting["late"] == (0, 0.0))
    await store(storage, 1, first=25)
    async with working(storage, Consumer("late", THINGS, taken.take, most=10)):
        await until(lambda: len(taken.numbers()) == 26)
        await asyncio.sleep(0.3)
    assert taken.numbers() == list(range(26)), "what was done is not done again"


async def test_events_that_nobody_was_woken_for_are_found(storage: Storage) -> None:
    taken = Taken()
    async with working(storage, Consumer("deaf", THINGS, taken.take), topic=DeafTopic()):
        for number in range(3):
            await store(storage, 1, first=number)
            await until(lambda: taken.numbers() == list(range(number + 1)))  # noqa: B023


async def test_what_fails_is_tried_again_and_then_set_aside_and_holds_up_no_other_stream(storage: Storage) -> None:
    taken = Taken()
    tries: list[int] = []

    async def picky(events: Sequence[Event]) -> None:
        if any(event.data["n"] == 2 and event.stream == "w" for event in events):
            tries.append(len(events))
            raise ValueError("somebody's text")
        await taken.take(events)

    with capture_logs() as logs:
        async with working(storage, Consumer("picky", THINGS, picky, most=5)):
            await store(storage, 5)
            await store(storage, 5, "v")
            await until(lambda: taken.numbers() == [0, 1, 3, 4] and taken.numbers("v") == list(range(5)))
    assert tries[-3:] == [1, 1, 1], "by itself, and as often as there are pauses and once more"
    [aside] = await storage.db["events_set_aside"].find({}).to_list()
    assert (aside["group"], aside["stream"], aside["type"], aside["error"]) == ("picky", "w", "thing", "ValueError")
    assert aside["number"] == 3
    assert "somebody's text" not in str(logs)
    assert "somebody's text" not in str(aside)


async def test_a_process_that_dies_over_an_event_leaves_it_to_another_one(storage: Storage) -> None:
    begun = asyncio.Event()

    async def dies(events: Sequence[Event]) -> None:
        begun.set()
        await asyncio.sleep(60)

    taken = Taken()
    async with working(storage, Consumer("g", THINGS, dies), topic=DeafTopic()):
        await store(storage, 2)
        await begun.wait()
        async with working(storage, Consumer("g", THINGS, taken.take)):
            await asyncio.sleep(1.5)
            assert taken.calls == [], "the first one is alive, and at it"
    async with working(storage, Consumer("g", THINGS, taken.take)):
        await until(lambda: taken.numbers() == [0, 1])


async def test_who_has_lost_a_stream_does_not_set_back_what_another_has_done(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, begun = asyncio.Event(), asyncio.Event()

    async def slow(events: Sequence[Event]) -> None:
        begun.set()
        await goes_on.wait()

    async def never(self: object, claim: object) -> None:
        await asyncio.sleep(60)

    taken = Taken()
    monkeypatch.setattr(consumer_groups._Group, "_keep", never)  # a process that stands still renews nothing
    async with working(storage, Consumer("g", THINGS, slow)):
        await store(storage, 3)
        await begun.wait()
        async with working(storage, Consumer("g", THINGS, taken.take)):
            await until(lambda: taken.numbers() == [0, 1, 2])
            goes_on.set()
            await asyncio.sleep(0.3)
    record = await storage.db["offsets"].find_one({"_id": "g:w"})
    assert record is not None
    assert record["number"] == 3
    assert taken.numbers() == [0, 1, 2]


async def test_what_is_too_old_for_a_group_is_passed_over(storage: Storage) -> None:
    await store(storage, 2)
    await storage.db["events"].update_one({"number": 1}, {"$set": {"time": datetime.now(UTC) - timedelta(hours=1)}})
    taken = Taken()
    async with working(storage, Consumer("news", THINGS, taken.take, stale_after=60.0)):
        await until(lambda: taken.numbers() == [1])


async def test_two_consumers_of_one_name_are_refused(storage: Storage) -> None:
    groups = ConsumerGroups(storage.db, storage.events, LocalTopic())
    groups.add(Consumer("g", THINGS, Taken().take))
    with pytest.raises(ValueError, match="'g'"):
        groups.add(Consumer("g", THINGS, Taken().take))


@pytest.mark.parametrize("seed", range(6))
async def test_at_random(storage: Storage, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Processes come, die and fail while events are stored; wake-ups reach whom they like."""
    monkeypatch.setattr(consumer_groups, "BACK_OFF", (0.05,) * 20)
    rng = random.Random(seed)
    done: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    running: set[tuple[str, str]] = set()

    def consumer(group: str) -> Consumer:
        async def take(events: Sequence[Event]) -> None:
            key = group, events[0].stream
            assert key not in running
            running.add(key)
            try:
                if rng.random() < 0.1:
                    raise RuntimeError("now and then")
                await asyncio.sleep(rng.random() * 0.01)
                done[key].extend(event.data["n"] for event in events)
                if rng.random() < 0.1:
                    raise RuntimeError("after it was done")
            finally:
                running.discard(key)

        return Consumer(group, THINGS, take, most=rng.choice((1, 4)))

    async def lives() -> None:
        while True:
            names = [name for name in ("a", "b", "c") if rng.random() < 0.8]
            topic = LocalTopic() if rng.random() < 0.7 else DeafTopic()
            async with working(storage, *map(consumer, names), topic=topic):
                await asyncio.sleep(rng.random() * 0.5)

    processes = [asyncio.create_task(lives()) for _ in range(3)]
    written = dict.fromkeys(("u", "v", "w"), 0)
    for _ in range(60):
        stream = rng.choice(sorted(written))
        await store(storage, 1, stream, first=written[stream])
        written[stream] += 1
        await asyncio.sleep(rng.random() * 0.03)
    everything = {(group, stream): set(range(count)) for group in ("a", "b", "c") for stream, count in written.items()}
    try:
        await until(lambda: all(set(done[key]) >= numbers for key, numbers in everything.items()), 60)
    finally:
        for process in processes:
            process.cancel()
        await asyncio.wait(processes)
    assert await storage.db["events_set_aside"].find({}).to_list() == []
    for key, numbers in done.items():
        first_times = list(dict.fromkeys(numbers))
        assert first_times == sorted(first_times), key


async def test_one_look_is_enough_for_all_processes(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    look = consumer_groups._Group._left_since

    async def counted(self: consumer_groups._Group, since: datetime) -> tuple[list[str], datetime]:
        nonlocal looks
        looks += 1
        return await look(self, since)

    monkeypatch.setattr(consumer_groups._Group, "_left_since", counted)
    monkeypatch.setattr(consumer_groups, "SWEEP_EVERY", 0.5)
    taken = Taken()
    consumer = Consumer("things", THINGS, taken.take)
    async with AsyncExitStack() as processes:
        for _ in range(4):
            await processes.enter_async_context(working(storage, consumer, topic=DeafTopic()))
            await asyncio.sleep(0.6)  # of one that looks at the same moment as another there is nothing to be seen yet
        looks, began = 0, time.monotonic()
        await asyncio.sleep(2.5)
        assert looks <= (time.monotonic() - began) / 0.5 + 2
        await store(storage, 1)
        await until(lambda: taken.numbers() == [0])
