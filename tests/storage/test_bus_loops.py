"""What ends the loops of the Redis bus."""

import asyncio
from typing import Any

import pytest

from storage import bus_redis
from storage.bus_redis import RedisBus
from tests.services.launchers import Redis
from tests.storage.test_bus import redis_bus
from tests.support.waiting import until


async def hears(bus: RedisBus, received: list[bytes]) -> None:
    """Until something that is published now arrives."""

    async def go_on() -> None:
        while not received:
            bus.publish("room", b"x")
            await asyncio.sleep(0.05)

    await asyncio.wait_for(go_on(), 5)


async def test_who_hears_of_an_outage_and_fails_does_not_end_the_bus(redis_service: Redis) -> None:
    async with redis_bus(redis_service.url) as bus:
        received: list[bytes] = []
        told = asyncio.Event()

        def fails() -> None:
            told.set()
            raise RuntimeError("on purpose")

        await bus.subscribe("room", received.append)
        bus.on_reconnect(fails)
        assert bus._listener is not None
        await bus._listener.disconnect(nowait=True)
        await asyncio.wait_for(told.wait(), 5)
        await asyncio.sleep(0)
        await hears(bus, received)


async def test_who_hears_of_an_outage_and_fails_does_not_end_sending(redis_service: Redis) -> None:
    async with redis_bus(redis_service.url) as bus:
        received: list[bytes] = []
        told = asyncio.Event()

        def fails() -> None:
            told.set()
            raise RuntimeError("on purpose")

        await bus.subscribe("room", received.append)
        bus.on_reconnect(fails)
        publish = bus._publish

        async def once(*_: Any) -> None:
            bus._publish = publish  # type: ignore[method-assign]
            raise ConnectionResetError("on purpose")

        bus._publish = once  # type: ignore[method-assign]
        bus.publish("room", b"lost")
        await asyncio.wait_for(told.wait(), 5)
        await hears(bus, received)


async def test_a_ping_does_not_bring_back_a_connection_without_its_subscriptions(
    redis_service: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that cannot be sent closes the connection in the turn in which the reader's patience ends."""
    monkeypatch.setattr(bus_redis, "_PING_SECONDS", 0.2)
    async with redis_bus(redis_service.url) as bus:
        received: list[bytes] = []
        await bus.subscribe("room", received.append)
        connection = bus._listener
        assert connection is not None
        read, once = connection.read_response, asyncio.Event()

        async def ends_at_once(*arguments: Any, **named: Any) -> Any:
            answer = await read(*arguments, **named)
            if answer is None and not once.is_set():
                once.set()
                await bus_redis._disconnect(connection)  # as `_command` does
            return answer

        monkeypatch.setattr(connection, "read_response", ends_at_once)
        await asyncio.wait_for(once.wait(), 5)
        await hears(bus, received)


async def test_a_cancelled_subscription_leaves_the_other_of_its_channel_in_force(redis_service: Redis) -> None:
    async with redis_bus(redis_service.url) as bus:
        received: list[bytes] = []
        first = asyncio.create_task(bus.subscribe("room", lambda _: None))
        await asyncio.sleep(0)
        second = asyncio.create_task(bus.subscribe("room", received.append))
        await asyncio.sleep(0)
        first.cancel()
        await second
        await hears(bus, received)


_ = until
