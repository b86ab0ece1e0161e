"""While Redis is away: each process goes on by itself, and within 5 s of its return all are the same again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collab.replicas.edits import TextEdit
from collab.rooms.rooms import Rooms
from storage import Storage, open_storage
from storage.bus_redis import RedisBus
from tests.collab.rooms_helpers import Client, eventually, following, log_away, new_document
from tests.services.launchers import Redis
from tests.torture.links import Link

pytestmark = pytest.mark.thorough

CONVERGED_WITHIN = 5.0


class Later:
    """A loop whose clock is ahead."""

    def __init__(self, loop: asyncio.AbstractEventLoop, by: float) -> None:
        self._loop = loop
        self._by = by

    def time(self) -> float:
        return self._loop.time() + self._by

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


@pytest.fixture
async def storage(redis_service: Redis, tmp_path: Path) -> AsyncIterator[Storage]:
    """On a Redis that the test may do anything to."""
    async with open_storage(
        mongo_url=None, object_store_url=None, redis_url=redis_service.url, data_dir=tmp_path / "data"
    ) as opened:
        yield opened


@pytest.mark.parametrize("outage", ["killed", "hung"])
async def test_they_converge_when_it_is_back(
    storage: Storage, rooms: Rooms, other: Rooms, redis_service: Redis, outage: str
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        here.edit([TextEdit(0, 0, "before ")], "user:ann")
        await eventually(lambda: there.text == "before ")
        await asyncio.to_thread(redis_service.kill if outage == "killed" else redis_service.pause)
        for room, word in ((here, "here "), (there, "there ")):
            room.edit([TextEdit(0, 0, word)], "user:ann")
            await room.durable()
        await asyncio.sleep(3)  # the heartbeat that would tell of it is lost too
        assert here.text == "here before "
        assert there.text == "there before "
        await asyncio.to_thread(redis_service.start if outage == "killed" else redis_service.resume)
        await eventually(lambda: here.text == there.text, CONVERGED_WITHIN)
        assert sorted(here.text.split()) == ["before", "here", "there"]


async def test_also_while_the_log_is_away_too(
    storage: Storage, rooms: Rooms, other: Rooms, redis_service: Redis
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        with log_away(rooms), log_away(other):
            await asyncio.to_thread(redis_service.kill)
            for room, word in ((here, "here "), (there, "there ")):
                room.edit([TextEdit(0, 0, word)], "user:ann")
            await eventually(lambda: rooms.log_away and other.log_away)
            await asyncio.to_thread(redis_service.start)
            await eventually(lambda: here.text == there.text, CONVERGED_WITHIN)
            assert sorted(here.text.split()) == ["here", "there"]
        await asyncio.gather(here.durable(), there.durable())


async def test_who_is_here_is_told_again(storage: Storage, rooms: Rooms, other: Rooms, redis_service: Redis) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        await asyncio.to_thread(redis_service.kill)
        ann = Client()
        ann.join(here)
        here.audience.presence.announce(ann.connection, 7, {"cursor": None}, ann.identity)
        here.audience.schedule_presence()
        await asyncio.sleep(0.5)
        assert there.audience.presence.all_states() is None
        await asyncio.to_thread(redis_service.start)
        await eventually(lambda: there.audience.presence.all_states() is not None, CONVERGED_WITHIN)


@asynccontextmanager
async def through_a_link(storage: Storage, redis: Redis, folder: Path) -> AsyncIterator[tuple[Link, RedisBus, Rooms]]:
    """The only way from another process to Redis, its bus, and its rooms."""
    way = folder / "redis.sock"
    link = Link(lambda: asyncio.open_connection("127.0.0.1", redis.port))
    relay = await asyncio.start_unix_server(link.relay, way)
    bus = RedisBus(f"unix://{way}?db=0")
    await bus.start()
    away = Rooms(replace(storage, bus=bus))
    try:
        yield link, bus, away
    finally:
        await away.close()
        await bus.close()
        relay.close()


async def test_who_alone_was_cut_off_reads_what_the_others_said_meanwhile(
    storage: Storage, rooms: Rooms, redis_service: Redis, tmp_path: Path
) -> None:
    """The others have noticed nothing, so they say nothing again."""
    rooms._keeping_up.stop()  # or, ten seconds later, it would
    document = await new_document(storage)
    async with (
        through_a_link(storage, redis_service, tmp_path) as (link, bus, away),
        rooms.open(document) as here,
        away.open(document) as there,
    ):
        link.sever()
        await eventually(lambda: not bus.connected)
        here.edit([TextEdit(0, 0, "meanwhile ")], "user:ann")
        await here.durable()
        assert there.text == ""
        link.mend()
        await eventually(lambda: there.text == "meanwhile ", CONVERGED_WITHIN)


async def test_the_last_words_of_a_process_that_stops_while_it_is_cut_off_are_read_by_the_others(
    storage: Storage, rooms: Rooms, redis_service: Redis, tmp_path: Path
) -> None:
    """It logs them after the others have looked into the log, and nobody will ever say their numbers."""
    document = await new_document(storage)
    async with through_a_link(storage, redis_service, tmp_path) as (link, bus, away), rooms.open(document) as here:
        async with away.open(document) as there:
            there.edit([TextEdit(0, 0, "first ")], "user:bob")
            await eventually(lambda: here.text == "first ")
            link.sever()
            await asyncio.to_thread(redis_service.kill)
            await eventually(lambda: not storage.bus.connected and not bus.connected)
            await asyncio.to_thread(redis_service.start)
            await eventually(lambda: storage.bus.connected)
            await eventually(lambda: not following(rooms, here)._reading)
            there.edit([TextEdit(0, 0, "last ")], "user:bob")
            await there.durable()
        await away.close()
        assert here.text == "first "
        await eventually(lambda: here.text == "last first ", CONVERGED_WITHIN)


async def test_what_a_process_logged_as_it_died_is_read_once_its_people_are_missed(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.keeping_up.HEARTBEAT", 0.1)
    document = await new_document(storage)
    dies = Rooms(storage)
    others = Rooms(storage)
    try:
        async with others.open(document) as here, dies.open(document) as there:
            others._keeping_up.stop()  # its rounds are made here
            bob = Client(user="bob")
            bob.join(there)
            there.audience.presence.announce(bob.connection, 7, {"cursor": None}, bob.identity)
            there.audience.schedule_presence()
            await eventually(lambda: here.audience.presence.all_states() is not None)
            dies._keeping_up.stop()
            monkeypatch.setattr(there, "_publish", lambda payload: None)
            there.edit([TextEdit(0, 0, "logged, not told")], "user:bob")
            await there.durable()
            await asyncio.sleep(0.3)
            here.heartbeat(everything=True)
            assert here.text == ""
            monkeypatch.setattr(here, "_loop", Later(here._loop, 3600))
            here.heartbeat(everything=True)
            monkeypatch.undo()
            await eventually(lambda: here.text == "logged, not told")
    finally:
        await dies.close()
        await others.close()
