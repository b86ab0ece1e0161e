"""Every limit of a running server: what is within it passes, what is beyond it gets its close code or its problem.

All are set small here, so each row also shows that its setting works; the defaults are below.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict
from pathlib import Path

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from collab.durable.entries import LARGEST_RECORD
from collab.limits import KIB, MIB, Limits
from collab.tree.paths import MAX_NAME_BYTES, MAX_PATH_BYTES
from collab.yjs.codec import encode_barrier
from server import rate
from server.settings import Settings
from tests.support.server import Server, running_server
from tests.support.sync_client import SyncClient, close_code, sync_client

pytestmark = pytest.mark.asyncio(loop_scope="module")

SET = {
    "frame": 60_000,
    "text_document": 20_000,
    "binary_file": 30_000,
    "presence_state": 1_000,
    "updates_per_second": 200,
    "update_bytes_per_second": 100_000,
    "burst_seconds": 1.0,
    "connections_per_document": 3,
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    settings = {f"SCRIPTORIUM_LIMIT_{name.upper()}": str(value) for name, value in SET.items()}
    async with running_server(tmp_path_factory.mktemp("limits"), settings) as server:
        yield server


async def open_document(server: Server, path: str, text: bytes = b"") -> str:
    """The address of the sync socket of a new file."""
    answer = await server.owner.http.put(f"{server.workspace_path}/files/{path}", content=text)
    assert answer.status_code == 201, answer.text
    return server.owner.socket(f"/sync/{server.workspace}/{await server.document(path)}")


Send = Callable[[SyncClient], Awaitable[object]]

SOCKET: dict[str, tuple[Send, Send, int]] = {
    "frame": (
        lambda client: client.socket.send(encode_barrier(b"x" * 256)),
        lambda client: client.socket.send(b"\x00" * (SET["frame"] + 1)),  # type: ignore[operator]
        1009,
    ),
    "text document": (
        lambda client: client.type("x" * 19_000),
        lambda client: client.type("y" * 21_000),
        4413,
    ),
    "presence": (
        lambda client: client.show_presence({"note": "x" * 900}),
        lambda client: client.show_presence({"note": "x" * 1_000}, clock=2),
        1007,
    ),
}
"""Limit → what is within it, what is beyond it, and the code of the end."""


@pytest.mark.parametrize("limit", SOCKET)
async def test_what_goes_over_a_socket(server: Server, limit: str) -> None:
    within, beyond, code = SOCKET[limit]
    url = await open_document(server, f"{limit}.md")
    async with sync_client(url) as client, sync_client(url) as other:
        await within(client)
        await client.barrier()
        with suppress(ConnectionClosed):  # it may be refused while it is still being sent
            await beyond(client)
        assert await client.closed() == code
        await other.type("nobody else noticed ")
        await other.barrier()


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("binary.bin", b"\0" * 30_000, 201),
        ("binary.bin2", b"\0" * 30_001, 413),
        ("long.md", b"x" * 20_000, 201),
        ("/".join(["d" * 200] * 4) + "/" + "f" * 96, b"x", 201),  # 900 bytes
        ("/".join(["d" * 200] * 4) + "/" + "f" * 97, b"x", 422),
        ("n" * 255, b"x", 201),
        ("n" * 256, b"x", 422),
        ("é" * 128, b"x", 422),  # bytes count, not characters
        ("a/%2E%2E/b", b"x", 422),
        ("a/%2E/b", b"x", 422),
        ("a%00b", b"x", 422),
        ("a%0Ab", b"x", 422),
        ("a%7Fb", b"x", 422),
        ("a%1B[31mb", b"x", 422),
    ],
)
async def test_what_goes_over_http(server: Server, path: str, content: bytes, status: int) -> None:
    # In a workspace of its own: in the other one, texts of the tests before are still settling.
    made = (await server.owner.http.post("/api/workspaces", json={"name": "Limits"})).raise_for_status().json()
    workspace = f"/api/workspaces/{made['id']}"
    before = (await server.owner.http.get(f"{workspace}/tree")).json()
    answer = await server.owner.http.put(f"{workspace}/files/{path}", content=content)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert problem["detail"]
        assert (await server.owner.http.get(f"{workspace}/tree")).json() == before


async def test_a_shared_text_does_not_grow_beyond_its_limit_by_a_file_either(server: Server) -> None:
    await open_document(server, "shared.md", b"shared")
    answer = await server.owner.http.put(f"{server.workspace_path}/files/shared.md", content=b"x" * 20_001)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await server.owner.http.get(f"{server.workspace_path}/files/shared.md")).text == "shared"


async def test_connections_of_one_document(server: Server) -> None:
    url = await open_document(server, "full.md")
    async with AsyncExitStack() as stack:
        for _ in range(SET["connections_per_document"]):  # type: ignore[arg-type]
            await stack.enter_async_context(sync_client(url))
        assert await close_code(url) == 1013
    async with sync_client(url) as client:  # there is room again
        await client.barrier()


@pytest.mark.parametrize("of", ["frames", "bytes"])
async def test_who_sends_too_fast_is_slowed_down_first_and_nobody_with_them(server: Server, of: str) -> None:
    url = await open_document(server, f"fast {of}.md")
    clock = asyncio.get_running_loop().time
    async with sync_client(url) as fast, sync_client(url) as other:
        began = clock()
        for _ in range(600 if of == "frames" else 6):
            await fast.socket.send(encode_barrier(b"t") if of == "frames" else b"\x01" + frame_of(50_000))
        await other.type("meanwhile ")
        await other.barrier()
        others_took = clock() - began
        await fast.barrier(within=30)
        # 200 frames, or 100,000 bytes, pass at once; the other two thirds take two seconds.
        assert clock() - began > 1.5
        assert others_took < clock() - began


def frame_of(size: int) -> bytes:
    """The rest of an awareness frame that says nothing, of about ``size`` bytes: ``size`` of padding in a state."""
    from collab.yjs.codec import write_var_bytes, write_var_uint

    payload = bytearray()
    write_var_uint(payload, 0)
    payload += b" " * size
    out = bytearray()
    write_var_bytes(out, bytes(payload))
    return bytes(out)


async def test_who_goes_on_too_fast_is_closed(tmp_path: Path) -> None:
    # A pause of half a burst's time is a recovery. With the short bursts above it would be one when a busy machine lets
    # the server wait for half a second, and it would end this connection for pings whose answers lie behind the flood.
    limits = {"SCRIPTORIUM_LIMIT_UPDATES_PER_SECOND": "10", "SCRIPTORIUM_LIMIT_BURST_SECONDS": "60"}
    async with running_server(tmp_path, limits) as server:
        url = await open_document(server, "too fast.md")
        async with sync_client(url) as fast, asyncio.timeout(rate.PATIENCE + 30):
            with suppress(ConnectionClosed):
                while True:
                    await fast.socket.send(encode_barrier(b"t"))
                    await asyncio.sleep(0)  # sending alone need not let it read why it is closed
            assert await fast.closed() == 4529


async def test_the_defaults_are_those_that_are_documented() -> None:
    assert asdict(Limits()) == {
        "frame": 20 * MIB,
        "text_document": 16 * MIB,
        "binary_file": 256 * MIB,
        "backlog": 256 * MIB,
        "presence_state": 16 * KIB,
        "updates_per_second": 500,
        "update_bytes_per_second": 8 * MIB,
        "burst_seconds": 4.0,
        "connections_per_document": 1_000,
        "unanswered_connections": 16,
    }
    assert Settings(limits=Limits()).outgoing_bytes == 16 * MIB
    assert LARGEST_RECORD == 8 * MIB
    assert (MAX_PATH_BYTES, MAX_NAME_BYTES) == (900, 255)
