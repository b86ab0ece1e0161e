"""The event socket of a real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection

from tests.support.server import Server, running_server
from tests.support.sync_client import close_code, open_socket

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


async def next_event(socket: ClientConnection, type: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            event: dict[str, Any] = json.loads(await socket.recv())
            if event["type"] == type:
                return event


async def rename(server: Server, name: str) -> None:
    (await server.owner.http.patch(server.workspace_path, json={"name": name})).raise_for_status()


async def test_events_are_cloud_events_and_come_to_everybody(server: Server) -> None:
    viewer = await server.join("viewer")
    path = f"{server.workspace_path}/events"
    async with open_socket(viewer.socket(path)) as one, open_socket(server.owner.socket(path)) as two:
        await rename(server, "Renamed")
        first, second = [await next_event(socket, "scriptorium.workspace.changed") for socket in (one, two)]
    assert first == second
    assert first["specversion"] == "1.0"
    assert first["source"] == server.workspace_path
    assert first["datacontenttype"] == "application/json"
    assert first["data"] == {"name": "Renamed"}
    assert first["id"].isdecimal()
    assert first["time"].endswith(("Z", "+00:00"))


async def test_what_was_missed_is_told_in_order(server: Server) -> None:
    path = f"{server.workspace_path}/events"
    async with open_socket(server.owner.socket(path)) as socket:
        await rename(server, "Before")
        seen = await next_event(socket, "scriptorium.workspace.changed")
    for name in ("one", "two", "three"):
        await rename(server, name)
    async with open_socket(server.owner.socket(f"{path}?after={seen['id']}")) as socket:
        events = [await next_event(socket, "scriptorium.workspace.changed") for _ in range(3)]
        assert [event["data"]["name"] for event in events] == ["one", "two", "three"]
        # Others may be in between: a text settles when it likes.
        ids = [int(event["id"]) for event in [seen, *events]]
        assert ids == sorted(set(ids))


async def test_other_workspaces_are_not_heard(server: Server) -> None:
    other = (await server.owner.http.post("/api/workspaces", json={"name": "Other"})).json()["id"]
    async with open_socket(server.owner.socket(f"/api/workspaces/{other}/events")) as socket:
        await rename(server, "Not heard")
        await server.owner.http.patch(f"/api/workspaces/{other}", json={"name": "Heard"})
        assert json.loads(await socket.recv())["data"] == {"name": "Heard"}


async def test_whoever_comes_in_has_the_texts_read_before_searching(server: Server) -> None:
    async def kept() -> int:
        figures = (await server.http().get("/metrics")).text
        return int(float(figures.split("\nscriptorium_search_bytes ")[1].split()[0]))

    put = await server.owner.http.put(f"{server.workspace_path}/files/large.txt", content=b"x" * 100_000)
    put.raise_for_status()
    before = await kept()
    async with open_socket(server.owner.socket(f"{server.workspace_path}/events")):
        for _ in range(300):
            if await kept() >= before + 100_000:
                break
            await asyncio.sleep(0.1)
        assert await kept() >= before + 100_000


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9007199254740992", "9223372036854775808"])
async def test_a_bad_number_is_refused(server: Server, after: str) -> None:
    assert await close_code(server.owner.socket(f"{server.workspace_path}/events?after={after}")) == 4400


async def test_who_talks_is_shown_out(server: Server) -> None:
    async with open_socket(server.owner.socket(f"{server.workspace_path}/events")) as socket:
        await socket.send("hello?")
        await asyncio.wait_for(socket.wait_closed(), 10)
        assert socket.close_code == 1008


async def test_a_stop_of_the_server_ends_it_with_come_again(server: Server) -> None:
    async with open_socket(server.owner.socket(f"{server.workspace_path}/events")) as socket:
        await asyncio.sleep(0.2)
        assert await server.stop() == 0
        await asyncio.wait_for(socket.wait_closed(), 10)
        assert socket.close_code == 1012
    await server.restart()
