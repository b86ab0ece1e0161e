"""What following others costs, and how it ends."""

from __future__ import annotations

import asyncio

import pytest

from collab.documents.records import Heir, now
from collab.durable.entries import LogEntry
from collab.durable.snapshots import Loaded
from collab.replicas.edits import first_update
from collab.rooms import following as following_module
from collab.rooms import replication
from collab.rooms.rooms import Rooms
from storage import Storage
from tests.collab.files_helpers import Process
from tests.collab.rooms_helpers import eventually, following, new_document
from tests.collab.yjs_bytes import text, update


async def test_who_once_logged_what_never_fits_is_not_read_from_the_beginning_with_each_edit(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    waits = update((9, 0, [text("waits", origin=(8, 0))]))  # what it rests on is spoilt, or lost
    await rooms.updates.append([LogEntry(document, "p", 1, 1, waits)])
    async with rooms.open(document) as room:
        loads, load = 0, rooms.snapshots.load

        async def counted(document: str) -> Loaded:
            nonlocal loads
            loads += 1
            return await load(document)

        monkeypatch.setattr(rooms.snapshots, "load", counted)
        for number in range(2, 22):
            data = first_update(f"{number} ", 100 + number)
            await rooms.updates.append([LogEntry(document, "p", number, number, data)])
            storage.bus.publish(
                replication.channel_of(document), replication.encode(replication.Logged("p", number, number, data))
            )
            await asyncio.sleep(0.01)
        await eventually(lambda: all(f"{number} " in room.text for number in range(2, 22)))
        assert loads <= 4


async def test_a_process_ends_although_a_room_waits_to_read_again(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pauses grow to half a minute while nothing comes of it."""
    monkeypatch.setattr(following_module, "READ_AGAIN", 15.0)
    document = await new_document(storage)
    process = Rooms(storage)
    room, leave = await process.enter(document)
    await rooms.updates.append([LogEntry(document, "p", 1, 1, update((9, 0, [text("x", origin=(8, 0))])))])
    read, once = process.updates.read, asyncio.Event()

    async def noted(document: str) -> list[LogEntry]:
        entries = await read(document)
        once.set()
        return entries

    monkeypatch.setattr(process.updates, "read", noted)
    following(process, room).take(replication.Heartbeat("p", 1))
    await once.wait()
    leave()
    async with asyncio.timeout(5):
        await process.close()


async def test_a_process_ends_at_once_although_a_renewal_of_somebody_else_is_watched(
    one: Process, two: Process
) -> None:
    document = await one.write("notes/a.md", b"text")
    heir = await two.write("notes/b.md", b"")
    await one.files.delete("w", "notes/a.md", "user:ann")
    await one.files.contents.documents.set_heir(document, Heir(heir, "log/x/brought", {"w.1": 3}, "one", now(), now()))
    await two.files.renewal.finish("w")
    async with asyncio.timeout(3):
        await two.files.renewal.close()
