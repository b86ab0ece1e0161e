"""The end of a process."""

from __future__ import annotations

import asyncio

import pytest

from collab.durable.snapshots import Loaded
from collab.refusals import RoomClosed
from collab.replicas.edits import TextEdit
from collab.rooms.rooms import EditsLost, Rooms
from storage import Storage
from tests.collab.rooms_helpers import new_document


async def test_who_opens_a_room_while_the_process_ends_is_refused(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = Rooms(storage)
    document = await new_document(storage)
    load, began, go = rooms.snapshots.load, asyncio.Event(), asyncio.Event()

    async def slow(document: str) -> Loaded:
        began.set()
        await go.wait()
        return await load(document)

    monkeypatch.setattr(rooms.snapshots, "load", slow)
    entering = asyncio.create_task(rooms.enter(document))
    await began.wait()
    await rooms.close()
    go.set()
    with pytest.raises(RoomClosed):  # or what it takes would never be logged
        await entering


async def test_what_is_gathered_when_the_process_ends_is_logged_or_called_lost(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit in turns waits for its next turn; what somebody else has typed meanwhile waits for it."""
    monkeypatch.setattr("collab.rooms.rooms.CLOSE_PATIENCE", 0.2)
    rooms, again = Rooms(storage), Rooms(storage)
    document = await new_document(storage)
    room, _ = await rooms.enter(document)
    said = False
    with room.gathering():
        room.edit([TextEdit(0, 0, "accepted")], "user:ann")
        try:
            await rooms.close()
        except EditsLost:
            said = True
    assert said or str((await again.snapshots.load(document)).replica.text) == "accepted"
    await again.close()


async def test_a_process_that_ends_does_so_although_one_document_cannot_be_folded(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.compacting.CLOSE_ENTRIES", 1)
    rooms = Rooms(storage)
    documents = [await new_document(storage) for _ in range(2)]
    compact = rooms.snapshots.compact
    leaves = []
    for document in documents:
        room, leave = await rooms.enter(document)
        leaves.append(leave)
        room.edit([TextEdit(0, 0, "a")], "user:ann")
        await room.durable()

    async def damaged(document: str) -> bool:
        if document == documents[0]:
            raise ValueError("Cannot decode update")
        return await compact(document)

    monkeypatch.setattr(rooms.snapshots, "compact", damaged)
    await rooms.close()
    assert (await storage.db["documents"].find_one({"_id": documents[1]}))["snapshot"] is not None  # type: ignore[index]
