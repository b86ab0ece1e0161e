"""The plain files that backup tools and people with S3 clients see."""

from urllib.parse import quote

import pytest

from tests.e2e.helpers import eventually, file_text, new_document
from tests.e2e.stores import Store
from tests.support.server import Server
from tests.support.sync_client import sync_client

pytestmark = pytest.mark.asyncio(loop_scope="session")


"""Seconds; a document settles when it has been quiet for two."""


async def test_the_plain_file_is_what_the_editors_show(server: Server, store: Store) -> None:
    files = await workspace(server, "drive")
    await put(server, files, "notes/plan.md", b"\xef\xbb\xbf# Plan\r\n")
    document = next(n["id"] for n in (await server.owner.http.get(f"{files}/tree")).json() if n["kind"] == "text")
    async with sync_client(server.owner.socket(f"/sync/{files.rsplit('/')[-1]}/{document}")) as client:
        assert client.text == "# Plan\n"
        await client.type("état 😀\n", at=7)
        await client.barrier()
        expected = b"\xef\xbb\xbf# Plan\r\n\xc3\xa9tat \xf0\x9f\x98\x80\r\n"
        await shows(store, files, {"notes/plan.md": expected})
        # Again, and while somebody still has it open.
        await client.type("> ")
        await client.barrier()
        await shows(store, files, {"notes/plan.md": expected.replace(b"# Plan", b"> # Plan")})
    assert (await server.owner.http.get(f"{files}/files/notes/plan.md")).content == expected.replace(b"#", b"> #")


async def test_the_drive_follows_renames_moves_and_deletions(server: Server, store: Store) -> None:
    files = await workspace(server, "moving")
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    await put(server, files, "a/one.txt", b"one\n")
    await put(server, files, "a/b/two.txt", b"two\n")
    await put(server, files, "a/picture.png", picture)
    await put(server, files, "Zürich 100% #1.txt", b"")
    everything = {
        "a/one.txt": b"one\n",
        "a/b/two.txt": b"two\n",
        "a/picture.png": picture,
        "Zürich 100% #1.txt": b"",
    }
    await shows(store, files, everything)

    await move(server, files, "a", "c d")
    await move(server, files, "c d/one.txt", "c d/b/eins.txt")
    moved = {
        "c d/b/eins.txt": b"one\n",
        "c d/b/two.txt": b"two\n",
        "c d/picture.png": picture,
        "Zürich 100% #1.txt": b"",
    }
    await shows(store, files, moved)

    assert (await server.owner.http.delete(f"{files}/folders/c d/b")).status_code == 204
    assert (await server.owner.http.delete(f"{files}/files/Zürich 100%25 %231.txt")).status_code == 204
    await shows(store, files, {"c d/picture.png": picture})


async def test_what_settles_while_the_server_is_away_is_written_when_it_is_back(server: Server, store: Store) -> None:
    document = await new_document(server, "late.md")
    async with sync_client(server.owner.socket(f"/sync/{server.workspace}/{document}")) as client:
        await client.type("typed in the last moment")
        await client.barrier()
        server.kill()
    await server.restart()
    await eventually(
        lambda: store.drive(server.workspace),
        lambda files: files.get("late.md") == b"typed in the last moment",
    )
    assert await file_text(server, "late.md") == "typed in the last moment"


async def workspace(server: Server, name: str) -> str:
    """The path of a new workspace."""
    made = (await server.owner.http.post("/api/workspaces", json={"name": name})).raise_for_status().json()
    return f"/api/workspaces/{made['id']}"


async def put(server: Server, files: str, path: str, content: bytes) -> None:
    assert (await server.owner.http.put(f"{files}/files/{quote(path)}", content=content)).status_code == 201


async def move(server: Server, files: str, source: str, target: str) -> None:
    answer = await server.owner.http.post(f"{files}/moves", json={"from": source, "to": target})
    assert answer.is_success, answer.text


async def shows(store: Store, files: str, expected: dict[str, bytes]) -> None:
    name = files.rsplit("/")[-1]
    await eventually(lambda: store.drive(name), lambda found: found == expected)
