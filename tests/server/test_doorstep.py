"""Connections that say nothing, or too slowly: nobody else is kept out by them."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from server import web
from server.doorstep import PATIENCE, Doorstep
from tests.server.conftest import House
from tests.support.server import Server, running_server
from tests.support.sync_client import sync_client

pytestmark = [pytest.mark.thorough, pytest.mark.asyncio(loop_scope="module")]


class Visitor:
    def __init__(self) -> None:
        self.sent_away = False

    def send_away(self) -> None:
        self.sent_away = True


async def test_of_too_many_the_oldest_goes() -> None:
    door = Doorstep(3)
    visitors = [Visitor() for _ in range(5)]
    for visitor in visitors:
        door.arrive("10.0.0.1", visitor)
    stranger = Visitor()
    door.arrive("10.0.0.2", stranger)
    assert [visitor.sent_away for visitor in visitors] == [True, True, False, False, False]
    door.leave("10.0.0.1", visitors[2])
    late = Visitor()
    door.arrive("10.0.0.1", late)
    assert not any(visitor.sent_away for visitor in (visitors[2], visitors[3], late, stranger))
    for visitor in (*visitors, late, late):
        door.leave("10.0.0.1", visitor)
    door.leave("10.0.0.2", stranger)
    assert door.addresses == 0


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_server(
        tmp_path_factory.mktemp("server"), {"SCRIPTORIUM_LIMIT_UNANSWERED_CONNECTIONS": "5"}
    ) as server:
        yield server


async def test_a_crowd_that_says_nothing_holds_no_more_than_its_places(server: Server) -> None:
    path = server.owner.socket(f"/sync/{server.workspace}/{await server.document('Welcome.md')}")
    streams = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(40)]
    try:
        async with sync_client(path) as client, asyncio.timeout(10):
            await client.type("all the same ")
            await client.barrier()
            await asyncio.gather(*(reader.read() for reader, _ in streams[:-5]))  # closed by the server
        assert not any(reader.at_eof() for reader, _ in streams[-4:])  # the client needed a place too, for a moment
    finally:
        for _, writer in streams:
            writer.close()


@pytest.mark.parametrize("first", [b"", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"], ids=["first", "next"])
async def test_header_lines_that_never_end_are_cut_off(server: Server, first: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(first)
    if first:
        await reader.readuntil(b'"alive"}')
    began = time.monotonic()
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    async with asyncio.timeout(PATIENCE + 10):
        while not reader.at_eof():
            try:
                writer.write(b"X-More: and more\r\n")
                await asyncio.wait_for(reader.read(1), 0.5)
            except TimeoutError:
                continue
            except OSError:
                break
    writer.close()
    assert time.monotonic() - began > 1  # it was given its time


async def test_a_connection_with_a_request_under_way_may_take_its_time(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(
            f"PUT {server.workspace_path}/files/slow.md HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {server.owner.token}\r\nContent-Length: 2\r\n\r\na".encode()
        )
        await asyncio.sleep(PATIENCE + 1)
        raw.sendall(b"b")
        raw.settimeout(10)
        assert b" 201 " in await asyncio.to_thread(raw.recv, 4096)


async def test_a_body_that_does_not_come_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "BODY_PATIENCE", 0.2)

    async def drip():  # type: ignore[no-untyped-def]
        for _ in range(20):
            yield b" "
            await asyncio.sleep(0.05)

    headers = {"Content-Type": "application/json"}
    answer = await house.http("owner").post("/api/workspaces", content=drip(), headers=headers)
    assert answer.status_code == 408
    assert answer.headers["content-type"] == "application/problem+json"
    # A file may come as slowly as it likes, as long as it comes.
    answer = await house.http("owner").put(f"/api/workspaces/{house.workspace}/files/drip.md", content=drip())
    assert answer.status_code == 201
