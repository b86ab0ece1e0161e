"""The trash on real storage: what it lists, and how things come back."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pycrdt import Doc, Map
from pymongo.asynchronous.collection import AsyncCollection

from collab.documents.records import tree_id
from collab.drive.drive import Drive
from collab.durable.entries import LogEntry
from collab.durable.snapshots import Loaded
from collab.files.files import FileNotFound, Files
from collab.replicas.edits import fresh_client_id, recorded
from collab.rooms.rooms import Rooms
from collab.tree.edits import NodeChange, TreeDraft, create, move
from collab.tree.trash import NotInTrash
from collab.yjs.update import InvalidUpdate
from storage import Storage
from tests.collab.rooms_helpers import Client, eventually, following, joined

ANN, BOB = "user:ann", "user:bob"


async def paths(files: Files) -> set[str]:
    return {entry.path for entry in await files.list("w")}


async def trashed(files: Files) -> dict[str, str]:
    return {entry.path: entry.id for entry in await files.trash.list("w")}


async def by_socket(rooms: Rooms, *changes: NodeChange) -> None:
    """As a client changes the shared tree by itself."""
    async with rooms.open(tree_id("w")) as room:
        room.apply(TreeDraft(room.doc).update(changes, fresh_client_id(room.clients)), BOB)
        await room.durable()


async def test_what_was_deleted_is_listed_newest_first(files: Files) -> None:
    await files.write("w", "d/old.txt", b"old", ANN)
    folder = await files.write("w", "d/e/f.txt", b"inside", ANN)
    await files.write("w", "new.png", b"\x89PNG\0", ANN)
    await files.delete("w", "d/old.txt", ANN)
    await asyncio.sleep(0.002)
    await files.delete_folder("w", "d/e", BOB)
    await asyncio.sleep(0.002)
    await files.delete("w", "new.png", BOB)
    png, e, old = await files.trash.list("w")
    assert (png.path, png.kind, png.size, png.by) == ("new.png", "binary", 5, BOB)
    assert (e.path, e.kind, e.size, e.by) == ("d/e", "folder", None, BOB)
    assert (old.path, old.kind, old.size, old.by) == ("d/old.txt", "text", 3, ANN)
    assert old.deleted_at is not None
    assert datetime.now(UTC) - old.deleted_at < timedelta(minutes=1)
    assert folder.id not in {entry.id for entry in await files.trash.list("w")}, "it comes back with its folder"


async def test_a_file_comes_back_to_its_folder_wherever_that_is_now(files: Files) -> None:
    written = await files.write("w", "d/a.txt", b"kept", ANN)
    await files.write("w", "d/b.txt", b"", ANN)
    await files.delete("w", "d/a.txt", ANN)
    await files.move("w", "d", "moved/here", ANN)
    assert await trashed(files) == {"moved/here/a.txt": written.id}
    restored = await files.trash.restore("w", written.id, BOB)
    assert (restored.id, restored.path) == (written.id, "moved/here/a.txt")
    assert await (await files.read("w", "moved/here/a.txt")).plain.bytes() == b"kept"
    assert await trashed(files) == {}


async def test_a_folder_that_holds_nothing_else_comes_back_with_its_file(files: Files) -> None:
    written = await files.write("w", "d/e/a.txt", b"kept", ANN)
    ids = {entry.path: entry.id for entry in await files.list("w")}
    await files.delete("w", "d/e/a.txt", ANN)
    await files.delete_folder("w", "d/e", ANN)
    await files.delete_folder("w", "d", BOB)
    await files.trash.restore("w", written.id, BOB)
    assert {entry.path: entry.id for entry in await files.list("w")} == ids
    assert await trashed(files) == {}


async def test_a_folder_brings_back_what_it_held_and_only_that(files: Files) -> None:
    await files.write("w", "d/e/a", b"a", ANN)
    before = await files.write("w", "d/e/b", b"b", ANN)
    await files.delete("w", "d/e/b", ANN)
    await files.delete_folder("w", "d", ANN)
    listed = await trashed(files)
    assert set(listed) == {"d", "d/e/b"}
    await files.trash.restore("w", listed["d"], ANN)
    assert await paths(files) == {"d", "d/e", "d/e/a"}
    assert await trashed(files) == {"d/e/b": before.id}


async def test_folders_that_are_gone_are_made_anew(files: Files) -> None:
    await files.write("w", "d/e/a", b"a", ANN)
    file = await files.write("w", "d/e/b", b"b", ANN)
    await files.delete("w", "d/e/b", ANN)
    await files.delete_folder("w", "d", ANN)
    assert (await files.trash.restore("w", file.id, ANN)).path == "d/e/b"
    assert await paths(files) == {"d", "d/e", "d/e/b"}
    listed = await trashed(files)
    await files.trash.restore("w", listed["d"], ANN)
    assert await paths(files) == {"d", "d/e", "d/e/b", "d (2)", "d (2)/e", "d (2)/e/a"}


async def test_a_name_that_is_taken_gets_a_number(files: Files) -> None:
    first = await files.write("w", "d/a.txt", b"1", ANN)
    await files.delete("w", "d/a.txt", ANN)
    await files.write("w", "d/a.txt", b"2", ANN)
    assert (await files.trash.restore("w", first.id, ANN)).path == "d/a (2).txt"
    second = await files.write("w", "d/a (2).txt", b"1!", ANN)
    assert second.id == first.id
    await files.delete_folder("w", "d", ANN)
    await files.write("w", "d", b"now a file", ANN)
    await files.delete("w", "d", ANN)
    await files.write("w", "d", b"and another", ANN)
    restored = {(await files.trash.restore("w", entry.id, ANN)).path for entry in await files.trash.list("w")}
    assert restored == {"d (2)", "d (3)"}


async def test_a_file_where_a_folder_has_to_be_made_anew(files: Files) -> None:
    file = await files.write("w", "d/e/a", b"a", ANN)
    await files.delete("w", "d/e/a", ANN)
    await files.delete_folder("w", "d", ANN)
    await files.write("w", "d", b"in the way", ANN)
    assert (await files.trash.restore("w", file.id, ANN)).path == "d (2)/e/a"


async def test_what_is_not_in_the_trash(files: Files) -> None:
    await files.create_workspace("other")
    foreign = await files.write("other", "x", b"x", ANN)
    await files.delete("other", "x", ANN)
    visible = await files.write("w", "a", b"a", ANN)
    inside = await files.write("w", "d/b", b"b", ANN)
    await files.delete_folder("w", "d", ANN)
    for node in (foreign.id, visible.id, inside.id, "0" * 32, "", "../x"):
        with pytest.raises(NotInTrash):
            await files.trash.restore("w", node, ANN)
    assert await paths(files) == {"a"}


async def test_a_node_in_the_trash_grants_nothing(files: Files, rooms: Rooms) -> None:
    await files.create_workspace("other")
    secret = await files.write("other", "secret", b"secret", BOB)
    stolen = create(secret.id, "stolen", None, "text")
    await by_socket(rooms, NodeChange(secret.id, {**stolen.fields, "deleted_at": "now"}, new=True))
    assert await files.trash.list("w") == []
    with pytest.raises(NotInTrash):
        await files.trash.restore("w", secret.id, ANN)


@pytest.mark.parametrize("written", ["", "yesterday", "0001-01-01T00:00:00+14:00", "9999-99-99", "x" * 4000])
async def test_a_client_may_write_anything_as_the_time(files: Files, rooms: Rooms, written: str) -> None:
    file = await files.write("w", "a", b"a", ANN)
    await files.delete("w", "a", ANN)
    await by_socket(rooms, NodeChange(file.id, {"deleted_at": written}))
    [entry] = await files.trash.list("w")
    assert (entry.deleted_at, entry.by) == (None, None)
    assert (await files.trash.restore("w", file.id, ANN)).path == "a"


async def test_restored_by_two_at_once(files: Files, elsewhere: Files) -> None:
    for number in range(4):
        file = await files.write("w", f"{number}", b"", ANN)
        await files.delete("w", f"{number}", ANN)
        results = await asyncio.gather(
            files.trash.restore("w", file.id, ANN), elsewhere.trash.restore("w", file.id, BOB), return_exceptions=True
        )
        assert sorted(type(result).__name__ for result in results) == ["Node", "NotInTrash"]
        assert f"{number}" in await paths(files)


async def test_whoever_is_in_a_text_that_any_client_deletes_is_sent_away(files: Files, rooms: Rooms) -> None:
    inside = await files.write("w", "d/a.txt", b"a", ANN)
    other = await files.write("w", "b.txt", b"b", ANN)
    folder = (await files.entry("w", "d")).id
    async with rooms.open(inside.id) as room, rooms.open(other.id) as stays:
        there, elsewhere = Client(), Client()
        there.join(room)
        elsewhere.join(stays)
        await by_socket(rooms, NodeChange(folder, {"deleted_at": "2026-01-02T03:04:05Z"}))
        await eventually(lambda: there.closed is not None)
        assert there.closed == (4410, "this file was deleted")
        assert not await files.shows("w", inside.id)
        await files.trash.restore("w", folder, ANN)
        assert await files.shows("w", inside.id)
        again = Client()
        again.join(room)
        await by_socket(rooms, move(inside.id, None))
        await asyncio.sleep(0.05)
        assert (again.closed, elsewhere.closed) == (None, None)


async def test_whoever_is_in_a_text_that_is_deleted_elsewhere_is_sent_away_although_the_bus_loses_it_all(
    files: Files, elsewhere: Files, rooms: Rooms
) -> None:
    gone = await files.write("w", "d/a.txt", b"a", ANN)
    other = await files.write("w", "b.txt", b"b", ANN)
    there = elsewhere.trees._rooms
    async with there.open(gone.id) as room, there.open(other.id) as stays, there.open(tree_id("w")) as tree:
        [ann], [bob] = await joined(room, "ann"), await joined(stays, "bob")
        for one in (room, tree):
            following(there, one).take = lambda message: None  # type: ignore[method-assign]
        await files.delete_folder("w", "d", ANN)
        assert ann.closed is None
        await elsewhere.trees.send_away_from_deleted()
        assert ann.closed == (4410, "this file was deleted")
        assert bob.closed is None


async def test_a_workspace_whose_tree_is_closed_keeps_nobody_in_the_deleted_files_of_the_others(
    files: Files, elsewhere: Files, rooms: Rooms
) -> None:
    there = elsewhere.trees._rooms
    async with AsyncExitStack() as stack:
        people = []
        for workspace in ("closed", "other"):
            await files.create_workspace(workspace)
            written = await files.write(workspace, "a.txt", b"a", ANN)
            room = await stack.enter_async_context(there.open(written.id))
            people += await joined(room, "ann")
            following(there, room).take = lambda message: None  # type: ignore[method-assign]
            await files.delete(workspace, "a.txt", ANN)
        tree, leave = await there.enter(tree_id("closed"))
        tree.close(1012, "the document could not be rebuilt")
        await elsewhere.trees.send_away_from_deleted()
        assert [one.closed is not None for one in people] == [False, True]
        leave()
        await there._expire(tree_id("closed"), there._slots[tree_id("closed")])  # and so it can be opened anew
        await elsewhere.trees.send_away_from_deleted()
        assert people[0].closed == (4410, "this file was deleted")


async def test_a_tree_that_lacks_for_good_what_the_log_has_is_not_loaded_with_every_look_for_deleted_files(
    files: Files, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await files.write("w", "a.txt", b"a", ANN)
    async with rooms.open(file.id) as room, rooms.open(tree_id("w")) as tree:
        [ann] = await joined(room, "ann")
        theirs: Doc[Any] = Doc()
        with recorded(theirs) as updates:
            for name in ("lost", "rests on it"):
                theirs.get("nodes", type=Map)[name] = Map({"name": name, "kind": "folder"})
        await rooms.updates.append([LogEntry(tree.document, "lost.1", 1, 1, updates[1])])
        loads: list[str] = []
        load = rooms.snapshots.load

        async def counted(document: str) -> Loaded:
            loads.append(document)
            return await load(document)

        monkeypatch.setattr(rooms.snapshots, "load", counted)
        await files.trees.send_away_from_deleted()
        assert loads
        loads.clear()
        for _ in range(3):
            await files.trees.send_away_from_deleted()
        assert not loads
        assert ann.closed is None


async def test_looking_for_deleted_files_costs_as_many_queries_for_one_workspace_as_for_many(
    files: Files, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = 0
    find = AsyncCollection.find

    def counted(*arguments: Any, **more: Any) -> Any:
        nonlocal queries
        queries += 1
        return find(*arguments, **more)

    async with AsyncExitStack() as stack:
        for number in range(5):
            await files.create_workspace(f"w{number}")
            written = await files.write(f"w{number}", "a.txt", b"a", ANN)
            await joined(await stack.enter_async_context(rooms.open(written.id)), "ann")
        await files.trees.send_away_from_deleted()
        monkeypatch.setattr(AsyncCollection, "find", counted)
        await files.trees.send_away_from_deleted()
    assert queries == 2


async def test_the_drive_follows(storage: Storage, rooms: Rooms, files: Files) -> None:
    drive = Drive(storage, rooms, files)

    async def on_drive() -> set[str]:
        await drive.settle_due()
        return {info.key.removeprefix("drive/w/") async for info in storage.objects.list("drive/w/")}

    await files.write("w", "d/a.txt", b"a", ANN)
    await files.write("w", "d/b.png", b"\0", ANN)
    assert await on_drive() == {"d/a.txt", "d/b.png"}
    await files.delete_folder("w", "d", ANN)
    assert await on_drive() == set()
    await files.write("w", "d/a.txt", b"another", ANN)
    assert await on_drive() == {"d/a.txt"}
    [entry] = await files.trash.list("w")
    await files.trash.restore("w", entry.id, ANN)
    assert await on_drive() == {"d/a.txt", "d (2)/a.txt", "d (2)/b.png"}


@pytest.mark.parametrize("seed", range(3))
async def test_at_random_in_two_processes(files: Files, elsewhere: Files, seed: int) -> None:
    """Deletions, restorations, moves and new files at the same time: every file stays somewhere, exactly once."""
    rng = random.Random(seed)
    ids = {(await files.write("w", f"d{n % 3}/e/f{n}", b"%d" % n, ANN)).id for n in range(9)}

    async def act(side: Files) -> None:
        for _ in range(12):
            listed, entries = await side.trash.list("w"), await side.list("w")
            try:
                match rng.randrange(4):
                    case 0 if listed:
                        await side.trash.restore("w", rng.choice(listed).id, ANN)
                    case 1 if entries:
                        entry = rng.choice(entries)
                        delete = side.delete_folder if entry.kind == "folder" else side.delete
                        await delete("w", entry.path, ANN)
                    case 2 if entries:
                        await side.move("w", rng.choice(entries).path, f"m{rng.randrange(3)}/n{rng.randrange(3)}", BOB)
                    case 3:
                        ids.add((await side.write("w", f"d{rng.randrange(3)}/g{rng.randrange(3)}", b"new", BOB)).id)
            except (FileNotFound, NotInTrash, ValueError):
                continue  # somebody was quicker

    await asyncio.gather(act(files), act(elsewhere))
    for _ in range(100):  # folders in the trash hold others that were deleted before
        if not (listed := await files.trash.list("w")):
            break
        await files.trash.restore("w", listed[-1].id, ANN)
    entries = await files.list("w")
    assert {entry.id for entry in entries if entry.kind != "folder"} == ids
    assert len({entry.path for entry in entries}) == len(entries)
    assert await paths(elsewhere) <= await paths(files)
    assert (await elsewhere.trees.read("w", fresh=True)).nodes == (await files.tree("w")).nodes


async def test_what_was_deleted_is_in_the_trash_or_it_is_not_deleted(files: Files, rooms: Rooms) -> None:
    written = await files.write("w", "a.txt", b"a", ANN)
    async with rooms.open(tree_id("w")) as room:
        replica: Doc[Any] = Doc(client_id=fresh_client_id(room.clients))
        replica.apply_update(room.doc.get_update())
        with recorded(replica) as updates:
            del replica.get("nodes", type=Map)[written.id]
        with pytest.raises(InvalidUpdate):
            room.apply(updates[0], BOB)
    assert await paths(files) == {"a.txt"}
