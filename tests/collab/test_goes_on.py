"""What goes on after something has failed, or somebody has left: the sweep, folding, counters."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest

from collab.aside import AsideFailed
from collab.documents.records import tree_id
from collab.drive import drive as drive_module
from collab.durable.snapshots import ContentLost
from collab.refusals import RoomClosed
from collab.replicas.edits import TextEdit
from collab.rooms import connection as connection_module
from collab.rooms import rooms as rooms_module
from collab.rooms.replication import Unlogged
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_sync_step_2, encode_update
from collab.yjs.update import LARGE, InvalidUpdate
from storage import Storage
from tests.collab.files_helpers import Process, on_drive
from tests.collab.rooms_helpers import eventually, following, joined, log_away, new_document
from tests.collab.yjs_bytes import text, update


async def test_an_idle_room_whose_folding_fails_leaves_memory(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms_module, "IDLE", 0.0)
    monkeypatch.setattr("collab.rooms.compacting.CLOSE_ENTRIES", 1)
    expired = asyncio.Event()
    document = await new_document(storage)

    async def killed(document: str) -> bool:
        expired.set()
        raise AsideFailed("fold ended with -9")  # the machine had no memory for it

    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 0, "a")], "user:ann")
        await room.durable()
        monkeypatch.setattr(rooms.snapshots, "compact", killed)
    await expired.wait()
    await eventually(lambda: document not in rooms._slots, 3)


async def test_the_sweep_goes_on_behind_a_workspace_that_cannot_be_swept(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one.files.create_workspace("broken")
    monkeypatch.setattr(drive_module, "FIRST_SWEEP", 0.01)
    monkeypatch.setattr(drive_module, "RETRY_BROKEN", 0.01)
    swept: list[str] = []
    twice = asyncio.Event()

    async def workspaces() -> list[str]:
        return ["broken", "w"]

    async def sweep(workspace: str) -> None:
        swept.append(workspace)
        if swept.count("broken") > 1:
            twice.set()
        if workspace == "broken":
            raise ContentLost("snapshots/… of its tree is not in the object store")

    monkeypatch.setattr(one.drive._documents, "workspaces", workspaces)
    monkeypatch.setattr(one.drive, "sweep", sweep)
    running = asyncio.create_task(one.drive._sweep_regularly())
    await twice.wait()
    running.cancel()
    assert "w" in swept


async def test_the_sweep_survives_a_tree_that_is_closed(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree whose room could not be rebuilt is closed and in memory for as long as somebody is in it."""
    monkeypatch.setattr(drive_module, "FIRST_SWEEP", 0.01)
    room, leave = await one.rooms.enter(tree_id("w"))
    room.close(1012, "the document could not be rebuilt")
    running = asyncio.create_task(one.drive._sweep_regularly())
    sweep, began = one.drive.sweep, asyncio.Event()

    async def noted(workspace: str) -> None:
        began.set()
        await sweep(workspace)

    monkeypatch.setattr(one.drive, "sweep", noted)
    await began.wait()
    done, _ = await asyncio.wait({running}, timeout=2)
    leave()
    assert not done, running.exception()
    running.cancel()


async def test_settling_is_soon_tried_again_after_a_tree_was_closed(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive_module, "QUIET", 0.01)
    monkeypatch.setattr(drive_module, "RETRY", 0.1)
    monkeypatch.setattr(drive_module, "FIRST_SWEEP", 3600.0)  # which would settle it too
    await one.write("a", b"a")
    room, leave = await one.rooms.enter(tree_id("w"))
    room.close(1012, "the document could not be rebuilt")
    nodes, refused = one.drive._nodes, asyncio.Event()

    async def noted(workspace: str) -> Any:
        try:
            return await nodes(workspace)
        except RoomClosed:
            refused.set()
            raise

    monkeypatch.setattr(one.drive, "_nodes", noted)
    running = asyncio.create_task(one.drive.run())
    await asyncio.wait_for(refused.wait(), 5)
    leave()
    await one.rooms._expire(tree_id("w"), one.rooms._slots[tree_id("w")])  # and so it can be opened anew

    async def settled() -> bool:
        return await on_drive(one.storage) == {"a": b"a"}

    try:
        await eventually(settled, 10)
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_barriers_of_who_has_left_are_given_back_while_the_log_is_away(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        with log_away(rooms):
            for _ in range(20):
                [ann] = await joined(room, "ann")
                await ann.type(0, "a")
                for _ in range(50):
                    await ann.barrier()
                ann.connection.detach()
            assert len(room._outbox._barriers) + len(room._after_rebuild) <= 50


async def test_folding_is_not_tried_at_every_commit_while_it_fails(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.compacting.COMPACT_ENTRIES", 10)
    document = await new_document(storage)
    attempts = []
    read = rooms.updates.read

    async def away(key: str, data: bytes) -> None:
        raise OSError("no bucket")

    async def counted(document: str) -> Any:
        entries = await read(document)
        attempts.append(len(entries))
        return entries

    async with rooms.open(document) as room:
        monkeypatch.setattr(storage.objects, "put", away)
        monkeypatch.setattr(rooms.updates, "read", counted)
        for _ in range(40):
            room.edit([TextEdit(0, 0, "a")], "user:ann")
            await room.durable()
            if rooms._tasks:
                await asyncio.gather(*rooms._tasks)
        assert len(attempts) < 10, attempts


async def test_the_backlog_is_given_back_of_an_update_that_contradicts(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.apply(update((5, 0, [text("a\U0001f600b")])), "user:ann")
        await room.durable()
        assert rooms.backlog == 0
        # Another process has shown other text under the same clocks, and with it somebody new.
        contradicts = update((5, 0, [text("abc\U0001f600")]), (6, 0, [text("new")]))
        with pytest.raises(InvalidUpdate):
            following(rooms, room).receive(Unlogged("elsewhere", contradicts, ((6, "user:bob"),)))
        assert rooms.backlog == 0
        assert not room._outbox._authors


async def test_what_is_due_is_settled_although_the_tree_could_not_be_read_once(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pyo3's: what `Trees.read` lets through when the CRDT library panics while the tree is built."""

    class PanicException(BaseException):
        pass

    monkeypatch.setattr(drive_module, "RETRY_BROKEN", 0.01)
    monkeypatch.setattr(drive_module, "QUIET", 0.01)
    monkeypatch.setattr(drive_module, "TICK", 0.01)
    await one.write("a.md", b"kept")
    nodes, panicked = one.drive._nodes, []

    async def once(workspace: str) -> Any:
        if not panicked:
            panicked.append(workspace)
            raise PanicException("as if")
        return await nodes(workspace)

    monkeypatch.setattr(one.drive, "_nodes", once)
    running = asyncio.create_task(one.drive.run())
    await eventually(lambda: bool(panicked))

    async def settled() -> bool:
        return await on_drive(one.storage) == {"a.md": b"kept"}

    try:
        await eventually(settled, 3)
    finally:
        running.cancel()
        await asyncio.wait({running})


GAP = update((9, 5, [text("x" * 100, (9, 4 + 100 * n)) for n in range(0, 1)]))


def large_with_a_gap() -> bytes:
    structs, clock = [], 5
    while sum(map(len, structs)) <= 3 * LARGE:
        structs.append(text("y" * 50, (9, clock - 1)))
        clock += 50
    return update((9, 5, structs))


@pytest.mark.parametrize("encode", [encode_update, encode_sync_step_2])
async def test_who_has_left_is_not_asked_for_ever(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch, encode: object
) -> None:
    """A second tab pastes a page that rests on what the first one never sent, and is closed while that is read."""
    monkeypatch.setattr(connection_module, "ASK_AGAIN", 0.01)
    monkeypatch.setattr(rooms_module, "IDLE", 0.0)
    document = await new_document(storage)
    room, leave = await rooms.enter(document)
    [ann] = await joined(room, "ann")
    pending = ann.connection.take(encode(large_with_a_gap()))  # type: ignore[operator]
    assert pending is not None
    taking = asyncio.create_task(pending)  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert not taking.done()
    ann.connection.detach()  # the socket is gone
    await taking
    leave()  # only now: a room that closes meanwhile refuses the rest, and nothing is asked for either way
    await eventually(lambda: document not in rooms._slots)
    asked = ann.asked
    room_gone = weakref.ref(room)
    del room, taking, pending, leave
    for _ in range(50):
        await asyncio.sleep(0.01)
        if ann.asked > asked + 3:
            break
    assert ann.asked <= asked + 1, "asked again and again, though gone, of a room that has left memory"
    _ = room_gone, gc
