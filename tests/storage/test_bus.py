"""One acceptance suite for both buses, and what Redis may do to one."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from redis.exceptions import RedisError

from storage import bus_redis
from storage.bus import Bus
from storage.bus_memory import MemoryBus
from storage.bus_redis import RedisBus
from tests.services.launchers import Redis
from tests.support.waiting import until


@pytest.fixture(params=["memory", "redis"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    if request.param == "memory":
        yield MemoryBus()
        return
    async with redis_bus(request.getfixturevalue("redis_service").url) as opened:
        yield opened


@asynccontextmanager
async def redis_bus(url: str) -> AsyncIterator[RedisBus]:
    bus = RedisBus(url)
    await bus.start()
    try:
        yield bus
    finally:
        await bus.close()


async def test_messages_arrive_in_order_at_all_who_subscribed(bus: Bus) -> None:
    one: list[bytes] = []
    other: list[bytes] = []
    elsewhere: list[bytes] = []
    await bus.subscribe("room é", one.append)
    await bus.subscribe("room é", other.append)
    await bus.subscribe("room", elsewhere.append)
    sent = [bytes([n % 256]) * (n + 1) for n in range(2_000)]
    for payload in sent:
        bus.publish("room é", payload)
    await until(lambda: len(one) == len(other) == 2_000)
    assert one == other == sent
    assert elsewhere == []
    assert bus.connected
    assert bus.dropped == 0


async def test_a_subscription_is_in_force_when_subscribe_returns(bus: Bus) -> None:
    for n in range(50):
        received: list[bytes] = []
        unsubscribe = await bus.subscribe("again", received.append)
        bus.publish("again", str(n).encode())
        await until(lambda received=received: len(received) == 1)  # type: ignore[misc]
        assert received == [str(n).encode()]
        await unsubscribe()


async def test_nothing_arrives_after_unsubscribing(bus: Bus) -> None:
    left: list[bytes] = []
    stayed: list[bytes] = []
    unsubscribe = await bus.subscribe("room", left.append)
    await bus.subscribe("room", stayed.append)
    await unsubscribe()
    await unsubscribe()
    bus.publish("room", b"x")
    await until(lambda: stayed == [b"x"])
    assert left == []


async def test_a_receiver_that_fails_disturbs_nobody(bus: Bus) -> None:
    def fail(payload: bytes) -> None:
        raise RuntimeError("on purpose")

    received: list[bytes] = []
    await bus.subscribe("room", fail)
    await bus.subscribe("room", received.append)
    bus.publish("room", b"1")
    bus.publish("room", b"2")
    await until(lambda: received == [b"1", b"2"])


async def test_receivers_never_run_inside_publish(bus: Bus) -> None:
    inside = False
    seen: list[bool] = []
    await bus.subscribe("room", lambda payload: seen.append(inside))
    inside = True
    bus.publish("room", b"x")
    inside = False
    await until(lambda: bool(seen))
    assert seen == [False]


async def test_processes_hear_each_other_but_not_other_databases(redis_service: Redis) -> None:
    async with (
        redis_bus(redis_service.database(1)) as here,
        redis_bus(redis_service.database(1)) as there,
        redis_bus(redis_service.database(2)) as stranger,
    ):
        heard: list[bytes] = []
        overheard: list[bytes] = []
        await there.subscribe("room", heard.append)
        await stranger.subscribe("room", overheard.append)
        here.publish("room", b"hello")
        await until(lambda: heard == [b"hello"])
        stranger.publish("room", b"own")
        await until(lambda: overheard == [b"own"])


async def test_flushed_redis_loses_nothing(redis_service: Redis) -> None:
    async with redis_bus(redis_service.url) as bus:
        received: list[bytes] = []
        await bus.subscribe("room", received.append)
        connection = await bus._connect()
        await connection.send_command("FLUSHALL")
        assert await connection.read_response() == b"OK"
        await connection.disconnect()
        bus.publish("room", b"x")
        await until(lambda: received == [b"x"])


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_subscriptions_come_back_with_redis(redis_service: Redis, how: str) -> None:
    async with redis_bus(redis_service.url) as bus:
        returns: list[bool] = []
        received: list[bytes] = []
        await bus.subscribe("room", received.append)
        bus.on_reconnect(lambda: returns.append(bus.connected))
        await asyncio.to_thread(getattr(redis_service, how))
        await until(lambda: not bus.connected)
        began = time.monotonic()
        for _ in range(100):
            bus.publish("room", b"lost")
        late: list[bytes] = []
        await bus.subscribe("subscribed meanwhile", late.append)
        assert time.monotonic() - began < 1.5
        await asyncio.to_thread(redis_service.start)
        await until(lambda: bool(returns))
        assert all(returns)
        assert bus.dropped > 0
        # The sending connection may notice a moment after the listening one.
        while not received or not late:
            bus.publish("room", b"back")
            bus.publish("subscribed meanwhile", b"back")
            await asyncio.sleep(0.05)
        assert set(received) == set(late) == {b"back"}


async def test_redis_that_was_never_there(redis_service: Redis) -> None:
    await asyncio.to_thread(redis_service.stop)
    began = time.monotonic()
    async with redis_bus(redis_service.url) as bus:
        received: list[bytes] = []
        await bus.subscribe("room", received.append)
        assert time.monotonic() - began < 2.5
        assert not bus.connected
        await asyncio.to_thread(redis_service.start)
        await until(lambda: bus.connected)
        while not received:
            bus.publish("room", b"x")
            await asyncio.sleep(0.05)


async def test_redis_that_hangs_holds_nobody_up(redis_service: Redis) -> None:
    async with redis_bus(redis_service.url) as bus:
        await asyncio.to_thread(redis_service.pause)
        began = time.monotonic()
        for _ in range(20):
            bus.publish("room", b"x" * 1000)
        assert time.monotonic() - began < 0.5
        await until(lambda: bus.dropped == 20)
        began = time.monotonic()
    assert time.monotonic() - began < 3


async def test_after_redis_hung_everybody_is_asked_to_say_again_what_was_dropped(redis_service: Redis) -> None:
    async with redis_bus(redis_service.url) as bus:
        received: list[bytes] = []
        await bus.subscribe("room", received.append)
        bus.on_reconnect(lambda: bus.publish("room", b"again"))
        await asyncio.to_thread(redis_service.pause)
        bus.publish("room", b"x")
        await until(lambda: bus.dropped)
        assert bus.connected  # too short for whoever merely listens to notice
        await asyncio.to_thread(redis_service.resume)
        await until(lambda: b"again" in received)


@pytest.mark.parametrize("limit", ["_MOST_WAITING", "_MOST_WAITING_BYTES"])
async def test_who_says_more_at_once_than_may_wait_is_asked_to_say_it_again(
    redis_service: Redis, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(bus_redis, limit, 100)
    async with redis_bus(redis_service.url) as bus:
        received: list[bytes] = []
        await bus.subscribe("room", received.append)
        bus.on_reconnect(lambda: bus.publish("room", b"again"))
        for _ in range(200):
            bus.publish("room", b"x")
        assert bus.dropped == 100
        await until(lambda: received[-1:] == [b"again"])
        assert received.count(b"x") == 100


async def test_who_always_has_more_to_say_than_may_wait_is_asked_once(
    redis_service: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_redis, "_MOST_WAITING", 100)
    async with redis_bus(redis_service.url) as bus:
        received: list[bytes] = []
        asked: list[int] = []

        def say_all() -> None:
            asked.append(len(received))
            for _ in range(200):
                bus.publish("room", b"x")

        await bus.subscribe("room", received.append)
        bus.on_reconnect(say_all)
        say_all()
        await until(lambda: len(received) == 200)
        bus.publish("room", b"later")
        await until(lambda: received[-1:] == [b"later"])
        assert len(received) == 201
        assert len(asked) == 2


async def test_a_bus_that_is_asked_whether_it_answers_says_so(bus: Bus) -> None:
    for _ in range(20):
        await bus.ping()


async def test_a_redis_that_hangs_is_found_out_by_asking_and_leaves_no_connection_behind(redis_service: Redis) -> None:
    async with redis_bus(redis_service.url) as bus:
        await bus.ping()
        await asyncio.to_thread(redis_service.pause)
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises((TimeoutError, RedisError)):
                await bus.ping()
            assert time.monotonic() - began < 1.5
        assert bus.connected  # too short for whoever merely listens to notice
        await asyncio.to_thread(redis_service.resume)
        await bus.ping()
        connection = await bus._connect()
        await connection.send_command("CLIENT", "LIST")
        clients = (await connection.read_response()).decode().splitlines()
        await connection.disconnect()
        assert len(clients) <= 3  # who listens, who sends, who asks this


class PanicException(BaseException):
    """As pyo3 raises it."""


async def test_one_receivers_panic_does_not_end_the_bus_for_the_others(redis_service: Redis) -> None:
    async with redis_bus(redis_service.url) as bus:
        heard: list[bytes] = []

        def panics(payload: bytes) -> None:
            raise PanicException("called `Option::unwrap()` on a `None` value")

        await bus.subscribe("document:one", panics)
        await bus.subscribe("document:other", heard.append)
        bus.publish("document:one", b"poison")
        bus.publish("document:other", b"hello")
        await until(lambda: heard == [b"hello"])
        assert bus.connected


async def test_channels_of_the_past_are_forgotten(redis_service: Redis) -> None:
    async with redis_bus(redis_service.url) as bus:
        for n in range(50):
            unsubscribe = await bus.subscribe(f"document:{n}", print)
            await unsubscribe()
        assert not bus._channels
        assert len(bus._unconfirmed) < 10


async def test_who_is_cancelled_while_subscribing_leaves_nothing_behind(redis_service: Redis) -> None:
    async with redis_bus(redis_service.url) as bus:
        await asyncio.to_thread(redis_service.stop)
        async with asyncio.timeout(15):
            await until(lambda: not bus.connected)
        for _ in range(5):
            task = asyncio.create_task(bus.subscribe("events:w", print))
            await until(lambda: "events:w" in bus._channels and print in bus._channels["events:w"].receivers)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        left = bus._channels.get("events:w")
        assert left is None or not left.receivers
