"""A part of the outside world is away, stopped or killed; real processes, real services."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conftest import Services
from tests.e2e.helpers import eventually
from tests.services.launchers import Mongo, Redis
from tests.support.server import Server, running_server
from tests.support.sync_client import SyncClient, close_code, sync_client
from tests.support.waiting import until

pytestmark = pytest.mark.thorough

CONVERGED_WITHIN = 5.0
"""Seconds after Redis is back."""

GONE_WITHIN = 35.0
"""Seconds after which nobody sees the people of a process that was killed."""

ENDED_WITHIN = 60.0
"""Seconds for a process that is told to stop while nothing answers."""


async def new_document(server: Server, path: str) -> str:
    answer = await server.owner.http.put(f"{server.workspace_path}/files/{path}", content=b"")
    answer.raise_for_status()
    return f"/sync/{server.workspace}/{await server.document(path)}"


@asynccontextmanager
async def two_servers(services: Services, redis: Redis, tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    environment = {
        "SCRIPTORIUM_MONGO_URL": services.mongo.database(f"outages{next(services.numbers)}"),
        "SCRIPTORIUM_OBJECT_STORE_URL": services.s3.bucket("outages"),
        "SCRIPTORIUM_REDIS_URL": redis.url,
        **services.s3.credentials,
    }
    async with (
        running_server(tmp_path / "one", environment) as one,
        running_server(tmp_path / "two", environment) as two,
    ):
        yield one, two


@pytest.mark.parametrize("outage", ["killed", "hung"])
async def test_without_redis_each_process_goes_on_and_all_are_the_same_soon_after(
    services: Services, redis_service: Redis, tmp_path: Path, outage: str
) -> None:
    async with two_servers(services, redis_service, tmp_path) as (one, two):
        path = await new_document(one, "a.md")
        async with sync_client(one.owner.socket(path)) as here, sync_client(two.owner.socket(path)) as there:
            await here.type("before ")
            await there.shows("before ")
            await asyncio.to_thread(redis_service.kill if outage == "killed" else redis_service.pause)
            await here.type("here ")
            await there.type("there ")
            await asyncio.gather(here.barrier(), there.barrier())  # Saved needs no Redis
            await asyncio.sleep(3)  # the heartbeat that would tell of it is lost too
            await asyncio.to_thread(redis_service.start if outage == "killed" else redis_service.resume)
            await until(lambda: here.text == there.text, CONVERGED_WITHIN)
            assert sorted(here.text.split()) == ["before", "here", "there"]


async def test_without_redis_nothing_is_written_to_what_was_moved_or_deleted_elsewhere(
    services: Services, redis_service: Redis, tmp_path: Path
) -> None:
    async with two_servers(services, redis_service, tmp_path) as (one, two):
        here, there, files = one.owner.http, two.owner.http, f"{one.workspace_path}/files"
        for name in ("moved", "deleted"):
            (await here.put(f"{files}/{name}", content=b"old")).raise_for_status()
            assert (await there.get(f"{files}/{name}")).content == b"old"
        await asyncio.to_thread(redis_service.kill)
        move = {"from": "moved", "to": "kept"}
        (await here.post(f"{one.workspace_path}/moves", json=move)).raise_for_status()
        (await here.delete(f"{files}/deleted")).raise_for_status()
        for name in ("moved", "deleted"):
            assert (await there.put(f"{files}/{name}", content=b"new")).status_code == 201
            assert (await here.get(f"{files}/{name}")).content == b"new"
        assert (await here.get(f"{files}/kept")).content == b"old"


async def test_nobody_sees_the_people_of_a_killed_process_for_long(
    services: Services, redis_service: Redis, tmp_path: Path
) -> None:
    async with two_servers(services, redis_service, tmp_path) as (one, two):
        path = await new_document(one, "a.md")
        async with sync_client(one.owner.socket(path)) as here, sync_client(two.owner.socket(path)) as there:
            await here.show_presence({"cursor": 1})
            await until(lambda: state_of(here, there) not in (None, b"null"))
            one.kill()
            await until(lambda: state_of(here, there) == b"null", GONE_WITHIN)


def state_of(person: SyncClient, seen_by: SyncClient) -> bytes | None:
    """The newest state of ``person`` that ``seen_by`` was sent."""
    from collab.yjs.codec import Awareness, Decoder, decode_frame

    for frame in reversed(seen_by.presence):
        message = decode_frame(frame)
        assert isinstance(message, Awareness)
        decoder = Decoder(message.payload)
        for _ in range(decoder.var_uint()):
            client, _, state = decoder.var_uint(), decoder.var_uint(), decoder.var_bytes(1 << 20)
            if client == person.doc.client_id:
                return state
    return None


@asynccontextmanager
async def with_database(mongo: Mongo | None, tmp_path: Path, **settings: str) -> AsyncIterator[Server]:
    environment = {f"SCRIPTORIUM_{name.upper()}": value for name, value in settings.items()}
    if mongo is not None:
        environment["SCRIPTORIUM_MONGO_URL"] = mongo.url
    async with running_server(tmp_path / "server", environment) as server:
        yield server


async def backlog(server: Server) -> float:
    figures = (await server.http().get("/metrics")).text
    found = re.search(r"^scriptorium_log_backlog_bytes ([0-9.e+]+)$", figures, re.MULTILINE)
    assert found is not None
    return float(found[1])


async def test_while_the_database_hangs_memory_is_bounded_and_all_of_it_is_written_later(tmp_path: Path) -> None:
    limit = 100_000
    async with with_database(None, tmp_path, limit_backlog=str(limit)) as server:
        path = await new_document(server, "a.md")
        url = server.owner.socket(path)
        database = server.database
        async with sync_client(url) as writer, sync_client(url) as reader:
            os.kill(database, signal.SIGSTOP)
            try:
                await writer.type("typed meanwhile ")
                await reader.shows("typed meanwhile ")
                with pytest.raises(TimeoutError):
                    await reader.barrier(within=1)
                state = await eventually(
                    lambda: readiness(server), lambda state: set(state["since"]) == {"database", "log"}, within=20
                )
                assert not state["ready"]
                with suppress(ConnectionClosed):  # it may be closed between the look and the next letter
                    while not writer.has_ended:
                        await writer.type("x" * 1_000)
                        await asyncio.sleep(0.005)
                assert await writer.closed() == 1013
                assert limit / 2 < await backlog(server) <= limit
                # Whoever does not flood stays, and small edits still find room.
                await reader.type("y")
            finally:
                os.kill(database, signal.SIGCONT)
            await reader.barrier(within=30)
            assert await backlog(server) == 0
            await eventually(lambda: readiness(server), lambda state: state["ready"], within=20)
            assert (await readiness(server))["since"] == {}
        async with sync_client(url) as again:
            assert again.text == reader.text
            await again.type("z")
            await again.barrier()


async def readiness(server: Server) -> dict[str, dict[str, str]]:
    answer: dict[str, dict[str, str]] = (await server.http().get("/readyz")).json()
    return answer


@pytest.mark.parametrize("outage", ["killed", "hung"])
async def test_a_stop_while_the_database_is_away_ends_and_says_what_was_given_up(
    mongo_service: Mongo, tmp_path: Path, outage: str
) -> None:
    async with with_database(mongo_service, tmp_path) as server:
        path = await new_document(server, "a.md")
        url = server.owner.socket(path)
        async with sync_client(url) as client:
            await client.type("saved ")
            await client.barrier()
            await asyncio.to_thread(mongo_service.kill if outage == "killed" else mongo_service.pause)
            await client.type("unsaved ")
            assert await ended(server) == 1
            assert await client.closed() == 1012
            held = client.doc.get_update()
        assert "edits were given up" in server.log
        await asyncio.to_thread(mongo_service.start if outage == "killed" else mongo_service.resume)
        await server.restart()
        async with sync_client(url) as again:
            # A database that only hung may have taken it, and nobody can tell.
            assert again.text in {"saved "} | ({"unsaved saved "} if outage == "hung" else set())
            # The browser comes back with what it holds.
            again.doc.apply_update(held)
            await again.send_all()
            await again.barrier()
        answer = await server.owner.http.get(f"{server.workspace_path}/files/a.md")
        assert answer.text == "unsaved saved "


async def test_a_socket_is_told_to_come_again_while_the_database_hangs(mongo_service: Mongo, tmp_path: Path) -> None:
    async with with_database(mongo_service, tmp_path) as server:
        paths = [await new_document(server, "a.md"), f"{server.workspace_path}/events"]
        await asyncio.to_thread(mongo_service.pause)
        try:
            codes = await asyncio.gather(*(close_code(server.owner.socket(path)) for path in paths))
        finally:
            await asyncio.to_thread(mongo_service.resume)
        assert codes == [1013, 1013]


async def test_a_stop_while_the_database_is_away_and_all_is_saved_is_an_ordinary_one(
    mongo_service: Mongo, tmp_path: Path
) -> None:
    async with with_database(mongo_service, tmp_path) as server:
        async with sync_client(server.owner.socket(await new_document(server, "a.md"))) as client:
            await client.type("saved")
            await client.barrier()
        await asyncio.to_thread(mongo_service.kill)
        assert await ended(server) == 0


async def ended(server: Server) -> int:
    os.kill(server.pid, signal.SIGTERM)
    await until(lambda: not server.is_running, ENDED_WITHIN)
    return await server.stop()
