"""The sync socket of a real server."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from pycrdt import Doc, Map
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from collab.yjs.codec import encode_barrier, encode_sync_step_1, encode_update
from server.sync import is_write
from tests.collab.test_rooms import FRAMES
from tests.collab.yjs_bytes import text, update
from tests.support.server import Person, Server, running_server
from tests.support.sync_client import close_code, open_socket, sync_client
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def editor(server: Server) -> Person:
    return await server.join("editor", "Ada")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def viewer(server: Server) -> Person:
    return await server.join("viewer", "Vera")


async def read_to_the_end(socket: ClientConnection) -> None:
    async with asyncio.timeout(10):
        try:
            async for _ in socket:
                pass
        except ConnectionClosed:
            return


async def new_document(server: Server, path: str, text: str = "") -> str:
    """The path of the sync socket of a new file."""
    answer = await server.owner.http.put(f"{server.workspace_path}/files/{path}", content=text.encode())
    assert answer.status_code == 201, answer.text
    return f"/sync/{server.workspace}/{await server.document(path)}"


async def test_what_one_types_the_other_sees(server: Server, editor: Person) -> None:
    path = await new_document(server, "two.md", "world")
    async with sync_client(server.owner.socket(path)) as one, sync_client(editor.socket(path)) as two:
        assert one.text == two.text == "world"
        await one.type("hello ")
        await two.shows("hello world")
        await two.type("!", at=11)
        await one.shows("hello world!")
        await one.barrier()
    answer = await server.owner.http.get(f"{server.workspace_path}/files/two.md")
    assert answer.text == "hello world!"


async def test_the_tree_is_a_document_too(server: Server, viewer: Person) -> None:
    async with sync_client(viewer.socket(f"/sync/{server.workspace}/tree")) as client:
        nodes = client.doc.get("nodes", type=Map).to_py()
        assert nodes is not None
        assert "Welcome.md" in [node["name"] for node in nodes.values()]


@pytest.mark.parametrize("path", ["/sync/{workspace}/{document}", "/api/workspaces/{workspace}/events"])
async def test_who_may_not_come_in_is_told_so_by_a_code(server: Server, path: str) -> None:
    path = path.format(workspace=server.workspace, document=await server.document("Welcome.md"))
    assert await close_code(f"{server.url.replace('http', 'ws')}{path}") == 4401
    assert await close_code(f"{server.url.replace('http', 'ws')}{path}?token=wrong") == 4401
    assert await close_code((await server.stranger()).socket(path)) == 4403


async def test_what_is_not_there(server: Server, editor: Person) -> None:
    assert await close_code(editor.socket(f"/sync/{server.workspace}/{'0' * 32}")) == 4404
    assert await close_code(editor.socket("/no/such/socket")) == 4404
    other = (await server.owner.http.post("/api/workspaces", json={"name": "Other"})).json()["id"]
    document = await server.document("Welcome.md")
    assert await close_code(server.owner.socket(f"/sync/{other}/{document}")) == 4404


async def test_a_binary_file_is_no_shared_document(server: Server, editor: Person) -> None:
    path = f"{server.workspace_path}/files/picture.png"
    await server.owner.http.put(path, content=b"\x89PNG\r\n\x1a\n\0\0\0")
    document = await server.document("picture.png")
    assert await close_code(editor.socket(f"/sync/{server.workspace}/{document}")) == 4404


async def test_a_socket_with_a_cookie_must_come_from_our_own_page(server: Server) -> None:
    http = server.http()
    await server.stop()
    await server.restart()
    signed_in = await http.post("/api/signin", json={"code": server.link.split("#signin=")[1]})
    cookie = "; ".join(f"{name}={value}" for name, value in signed_in.cookies.items())
    url = f"ws://127.0.0.1:{server.port}/sync/{server.workspace}/{await server.document('Welcome.md')}"
    with_cookie = {"Cookie": cookie}
    assert await close_code(url, additional_headers=with_cookie) == 4403
    assert await close_code(url, additional_headers=with_cookie, origin="http://evil.example") == 4403
    assert await close_code(url, additional_headers=with_cookie, origin=f"http://127.0.0.1:{server.port + 1}") == 4403
    async with sync_client(url, additional_headers=with_cookie, origin=server.url) as client:
        assert "Welcome" in client.text


async def test_a_host_that_is_not_ours_gets_no_socket(server: Server) -> None:
    url = server.owner.socket(f"/sync/{server.workspace}/tree")
    assert await close_code(url.replace("127.0.0.1", "evil.example"), host="127.0.0.1") == 4400


async def test_a_viewer_changes_nothing_and_is_seen(server: Server, editor: Person, viewer: Person) -> None:
    path = await new_document(server, "read-only.md", "as it was")
    async with sync_client(viewer.socket(path)) as reader, sync_client(editor.socket(path)) as writer:
        await reader.type("my opinion")
        await reader.show_presence({"user": {"name": "Somebody else"}})
        for frame, answers in FRAMES.values():
            if not answers:
                await reader.socket.send(frame)
        with pytest.raises(TimeoutError):
            await reader.barrier(within=0.5)
        await until(lambda: any(b"Vera" in frame for frame in writer.presence))
        assert not any(b"Somebody else" in frame for frame in writer.presence)
        await writer.type("still ")
        await writer.barrier()
        await writer.shows("still as it was")
    assert (await viewer.http.get(f"{server.workspace_path}/files/read-only.md")).text == "still as it was"


@pytest.mark.parametrize("kind", FRAMES)
async def test_what_a_viewer_gets_no_answer_to_is_a_write(kind: str) -> None:
    frame, answers = FRAMES[kind]
    assert is_write(frame) is not bool(answers)


@pytest.mark.parametrize(
    "frame",
    [b"", b"\xff", b"\x00", b"\x00\x02", b"\x00\x02\x01\xff", b"\x07", b"\x66\xff\xff\xff\xff", b"\x00" * 1_000],
)
async def test_a_malformed_frame_closes_its_own_connection_alone(server: Server, editor: Person, frame: bytes) -> None:
    path = f"/sync/{server.workspace}/{await server.document('Welcome.md')}"
    async with sync_client(editor.socket(path)) as other, sync_client(editor.socket(path)) as bad:
        await bad.socket.send(frame)
        assert await bad.closed() == 1007
        await other.type("x")
        await other.barrier()


async def test_frames_that_are_no_frames_of_ours(server: Server, editor: Person) -> None:
    path = editor.socket(f"/sync/{server.workspace}/tree")
    async with sync_client(path) as client:
        await client.socket.send("text")
        assert await client.closed() == 1003
    async with sync_client(path) as client:
        # It is refused by its announced size, while it is still being sent.
        with suppress(ConnectionClosed):
            await client.socket.send(b"\x00" * (20 * 2**20 + 1))
        assert await client.closed() == 1009


async def test_whoever_is_removed_is_out_within_two_seconds(server: Server) -> None:
    person = await server.join("editor")
    path = f"/sync/{server.workspace}/tree"
    async with (
        sync_client(person.socket(path)) as client,
        open_socket(person.socket(f"{server.workspace_path}/events")) as events,
    ):
        removed = time.monotonic()
        await server.owner.http.delete(f"{server.workspace_path}/members/{person.id}")
        assert await client.closed() == 4403
        await read_to_the_end(events)
        assert events.close_code == 4403
        assert time.monotonic() - removed < 2
    assert await close_code(person.socket(path)) == 4403


@pytest.mark.parametrize("how", ["removed", "made a viewer"])
async def test_who_may_not_write_any_more_writes_no_more_of_what_is_being_taken(server: Server, how: str) -> None:
    person = await server.join("editor")
    path = await new_document(server, f"{how}.md")
    member = f"{server.workspace_path}/members/{person.id}"
    letters = list(range(30_000))
    base = update((5, 0, [text("x" * (len(letters) + 1))]))
    random.Random(1).shuffle(letters)
    scattered = update((6, 0, [text("y", (5, at), (5, at + 1)) for at in letters]))
    async with sync_client(server.owner.socket(path)) as watcher, sync_client(person.socket(path)) as client:
        await client.socket.send(encode_update(base))
        await until(lambda: len(watcher.text) == len(letters) + 1)
        await client.socket.send(encode_update(scattered))
        await until(lambda: "y" in watcher.text)
        if how == "removed":
            await server.owner.http.delete(member)
        else:
            await server.owner.http.patch(member, json={"role": "viewer"})
        # A right may be lost only with the next round of the watch.
        revoked, taken = time.monotonic(), -1
        while taken < (taken := watcher.text.count("y")):
            await asyncio.sleep(0.5)
            await watcher.barrier()
        assert time.monotonic() - revoked < 2 + 0.5
        assert taken < len(letters)
        await asyncio.sleep(1)
        await watcher.barrier()
        assert watcher.text.count("y") == taken


async def test_a_revoked_token_closes_what_it_opened(server: Server, editor: Person) -> None:
    made = (await editor.http.post("/api/tokens", json={"name": "script"})).json()
    script = server.person(editor.id, made["token"])
    async with sync_client(script.socket(f"/sync/{server.workspace}/tree")) as client:
        revoked = time.monotonic()
        await editor.http.delete(f"/api/tokens/{made['id']}")
        assert await client.closed() == 4401
        assert time.monotonic() - revoked < 2


async def test_another_name_and_role_are_shown_without_a_word_from_whoever_has_them(server: Server) -> None:
    ann = await server.join("editor", "Ann")
    path = await new_document(server, "names.md")
    async with sync_client(ann.socket(path)) as mine, sync_client(server.owner.socket(path)) as other:
        await mine.show_presence({"cursor": 1})
        await until(lambda: any(b'"Ann"' in frame for frame in other.presence))
        (await ann.http.patch("/api/me", json={"name": "Anna Karenina"})).raise_for_status()
        await until(lambda: b'"cursor":1,' in other.presence[-1] and b'"Anna Karenina"' in other.presence[-1], within=2)
        # She has not heard of the clock at which that was shown.
        await mine.show_presence({"cursor": 2}, clock=2)
        await until(lambda: b'"cursor":2,' in other.presence[-1])
        assert b'"Anna Karenina"' in other.presence[-1]
        member = f"{server.workspace_path}/members/{ann.id}"
        (await server.owner.http.patch(member, json={"role": "viewer"})).raise_for_status()
        await until(lambda: b'"cursor":2,' in other.presence[-1] and b'"role":"viewer"' in other.presence[-1], within=2)


async def test_a_change_of_role_reaches_open_sockets(server: Server) -> None:
    person = await server.join("editor")
    path = await new_document(server, "roles.md")
    member = f"{server.workspace_path}/members/{person.id}"
    async with sync_client(person.socket(path)) as client:
        await client.type("a")
        await client.barrier()
        await server.owner.http.patch(member, json={"role": "viewer"})
        await asyncio.sleep(1.5)
        await client.type("b")
        with pytest.raises(TimeoutError):
            await client.barrier(within=0.5)
    assert (await server.owner.http.get(f"{server.workspace_path}/files/roles.md")).text == "a"
    async with sync_client(person.socket(path)) as client:
        await server.owner.http.patch(member, json={"role": "editor"})
        await asyncio.sleep(1.5)
        await client.type("c")
        await client.barrier()


async def test_who_may_write_again_is_asked_for_what_was_dropped_before_a_barrier_is_answered(server: Server) -> None:
    person = await server.join("viewer")
    path = await new_document(server, "promoted.md")
    async with sync_client(person.socket(path)) as client:
        await client.type("typed as a viewer")
        await server.owner.http.patch(f"{server.workspace_path}/members/{person.id}", json={"role": "editor"})
        await asyncio.sleep(1.5)
        await client.barrier()
        assert (await server.owner.http.get(f"{server.workspace_path}/files/promoted.md")).text == "typed as a viewer"


async def test_a_deleted_file_sends_everybody_away_and_lets_nobody_in(server: Server, editor: Person) -> None:
    path = await new_document(server, "folder/deleted.md")
    async with sync_client(editor.socket(path)) as client:
        await client.type("kept in the trash")
        await client.barrier()
        await server.owner.http.delete(f"{server.workspace_path}/folders/folder")
        assert await client.closed() == 4410
    assert await close_code(editor.socket(path)) == 4410


async def test_a_text_replaced_by_a_binary_file_sends_everybody_away(server: Server, editor: Person) -> None:
    path = await new_document(server, "replaced.md")
    async with sync_client(editor.socket(path)) as client:
        await client.barrier()
        await server.owner.http.put(f"{server.workspace_path}/files/replaced.md", content=b"\0binary")
        assert await client.closed() == 4410


async def test_what_a_barrier_has_answered_survives_kill_9(server: Server, editor: Person) -> None:
    path = await new_document(server, "durable.md")
    async with sync_client(editor.socket(path)) as client:
        for i in range(50):
            await client.type(f"{i} ")
        await client.barrier()
        server.kill()
    await server.restart()
    async with sync_client(editor.socket(path)) as client:
        assert client.text == "".join(f"{i} " for i in reversed(range(50)))


async def test_a_graceful_end_loses_nothing_and_tells_clients_to_come_back(server: Server, editor: Person) -> None:
    path = await new_document(server, "graceful.md")
    async with sync_client(editor.socket(path)) as client, sync_client(server.owner.socket(path)) as other:
        await client.type("typed just before the end")
        await other.shows("typed just before the end")
        assert await server.stop() == 0
        assert await client.closed() == 1012
    assert not (server.data_dir / "server.json").exists()
    await server.restart()
    answer = await server.owner.http.get(f"{server.workspace_path}/files/graceful.md")
    assert answer.text == "typed just before the end"


async def test_many_connect_at_once_from_one_address(server: Server, editor: Person) -> None:
    url = editor.socket(f"/sync/{server.workspace}/tree")

    async def visit() -> None:
        async with sync_client(url):
            pass

    await asyncio.gather(*(visit() for _ in range(100)))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """With small limits, so that they are reached soon."""
    limits = {
        "SCRIPTORIUM_LIMIT_TEXT_DOCUMENT": "20000000",
        "SCRIPTORIUM_OUTGOING_BYTES": "1000000",
        "SCRIPTORIUM_LIMIT_CONNECTIONS_PER_DOCUMENT": "8",
        "SCRIPTORIUM_LIMIT_UPDATES_PER_SECOND": "100",
    }
    async with running_server(tmp_path_factory.mktemp("strict"), limits) as server:
        yield server


@pytest.mark.alone
async def test_a_slow_reader_is_closed_and_the_others_do_not_notice(strict: Server) -> None:
    worst = []
    for number in range(3):
        url = strict.owner.socket(await new_document(strict, f"slow {number}.md"))
        async with sync_client(url) as writer, sync_client(url) as reader, open_socket(url, max_queue=1) as slow:
            await slow.send(encode_sync_step_1(Doc().get_state()))  # type: ignore[var-annotated]
            worst.append(0.0)
            for _ in range(60):
                sent = time.monotonic()
                await writer.type("x" * 200_000)
                await until(lambda: len(reader.text) == len(writer.text))
                worst[-1] = max(worst[-1], time.monotonic() - sent)
            await read_to_the_end(slow)
            assert slow.close_code == 4508
            assert not reader.socket.close_code
    # What closing a connection costs the others it costs each time; a busy machine comes and goes.
    assert min(worst) < 0.2


async def test_who_sends_too_fast_is_slowed_down(strict: Server) -> None:
    path = await new_document(strict, "fast.md")
    async with sync_client(strict.owner.socket(path)) as client:
        began = time.monotonic()
        for _ in range(600):
            await client.socket.send(encode_barrier(b"t"))
        await client.barrier(within=20)
        # 400 at once, the rest at 100 a second.
        assert 1.5 < time.monotonic() - began < 6


async def test_a_full_document_asks_to_come_back_later(strict: Server) -> None:
    url = strict.owner.socket(await new_document(strict, "full.md"))
    async with asyncio.TaskGroup() as group:
        clients = [sync_client(url) for _ in range(8)]
        for client in clients:
            group.create_task(client.__aenter__())
    assert await close_code(url) == 1013
    for client in clients:
        await client.__aexit__(None, None, None)


async def test_a_document_does_not_outgrow_its_limit(strict: Server) -> None:
    url = strict.owner.socket(await new_document(strict, "large.md"))
    async with sync_client(url) as client:
        await client.type("x" * 19_000_000)
        await client.barrier()
        await client.type("x" * 2_000_000)
        assert await client.closed() == 4413
    async with sync_client(url) as client:
        assert len(client.text) == 19_000_000


@pytest.mark.alone
async def test_a_client_that_never_reads_does_not_hold_up_the_end(strict: Server) -> None:
    url = strict.owner.socket(await new_document(strict, "stalled.md"))
    async with sync_client(url) as writer, open_socket(url, max_queue=1, close_timeout=0.1):
        for _ in range(60):
            await writer.type("x" * 200_000)
        await writer.barrier()
        began = time.monotonic()
        assert await strict.stop() == 0
        assert time.monotonic() - began < 8


async def test_the_log_names_no_token(server: Server, editor: Person) -> None:
    async with sync_client(editor.socket(f"/sync/{server.workspace}/tree")):
        pass
    await server.owner.http.get("/api/me", params={"token": "in-a-query"})
    code = server.link.split("#signin=")[1]
    for secret in (editor.token, server.owner.token, "in-a-query", code):
        assert secret not in server.log
