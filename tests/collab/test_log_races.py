"""The log: entries that come again after they were folded, and readings that are not of one moment."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from collab.durable.entries import LARGEST_RECORD, LogEntry, NewClient
from collab.durable.log import UpdateLog, records_of
from collab.replicas.edits import TextEdit, first_update
from collab.rooms.rooms import Rooms
from storage import Storage
from tests.collab.rooms_helpers import eventually, joined, new_document


async def test_a_large_edit_that_is_logged_again_while_it_is_folded_can_still_be_read(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first attempt was stored and the answer lost; another process folds it in before the second attempt."""
    document = await new_document(storage)
    append, delete = rooms.updates.append, storage.objects.delete
    attempts = 0
    stored, folding, put_again, removed = (asyncio.Event() for _ in range(4))

    async def answer_is_lost(entries: Sequence[LogEntry], clients: Sequence[NewClient] = ()) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            await append(entries, clients)
            stored.set()
            await folding.wait()
            raise AutoReconnect("connection closed")
        await append(entries, clients)

    insert = rooms.updates._insert

    async def noted(collection: str, records: list[dict[str, Any]]) -> None:
        if collection == "updates" and attempts > 1:
            put_again.set()
            await removed.wait()
        await insert(collection, records)

    async def late(key: str) -> None:
        if key.startswith("log/"):
            folding.set()  # the record is deleted by now
            await put_again.wait()
            await delete(key)
            removed.set()
        else:
            await delete(key)

    monkeypatch.setattr(rooms.updates, "append", answer_is_lost)
    monkeypatch.setattr(rooms.updates, "_insert", noted)
    monkeypatch.setattr(storage.objects, "delete", late)
    async with asyncio.timeout(60):
        async with rooms.open(document) as room:
            room.apply(first_update("x" * (LARGEST_RECORD + 1), 7), "user:ann")
            await stored.wait()
            folded = asyncio.create_task(other.snapshots.compact(document))
            # Also of a compaction that leaves the object to `collab.documents.orphans`.
            folded.add_done_callback(lambda _: (folding.set(), removed.set()))
            await room.durable()
            assert await folded
        assert len(str((await other.snapshots.load(document)).replica.text)) == LARGEST_RECORD + 1


def not_of_one_moment(monkeypatch: pytest.MonkeyPatch, updates: UpdateLog, split: str, meanwhile: Any) -> None:
    """The next reading of ``updates`` is a MongoDB cursor's: what is stored behind its back is missed, what is stored
    in front of it is seen. ``meanwhile`` happens when it has come to the name ``split``.
    """
    done = False

    async def read(document: str) -> list[LogEntry]:
        nonlocal done
        if done:
            return await original(document)
        done = True
        first = await updates._updates.find(
            {**records_of([document]), "_id": {"$gte": f"{document}:", "$lt": split}}
        ).to_list()
        await meanwhile()
        rest = await updates._updates.find({"_id": {"$gte": split, "$lt": f"{document};"}}).to_list()
        return await updates._entries([*first, *rest])

    original = updates.read
    monkeypatch.setattr(updates, "read", read)


async def test_who_opens_while_others_log_misses_nothing(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here:
        ann, bob = await joined(here, "ann", "bob")
        await ann.type(0, "a")
        await bob.type(0, "b")
        await here.durable()
        for _ in range(96):
            here.edit([TextEdit(0, 0, ".")], "user:zoe")
            await here.durable()
        while here.sequence < 99:
            here.edit([TextEdit(0, 0, ".")], "user:zoe")
            await here.durable()

        # Names are in the order of their letters: …:100 comes before …:98, and …:101 … too. So let 199 and 200 come.
        while here.sequence < 198:
            here.edit([TextEdit(0, 0, ".")], "user:zoe")
            await here.durable()

        async def meanwhile() -> None:
            await ann.type(0, "ANN ")
            here.flush()
            await here.durable()
            await bob.type(len(bob.text), " BOB ")
            here.flush()
            await here.durable()
            assert here.sequence == 200

        not_of_one_moment(monkeypatch, other.updates, f"{document}:{here.writer}:2", meanwhile)
        async with other.open(document) as there:
            for process in (rooms, other):
                for room in process.open_rooms:
                    room.heartbeat(everything=True)
            await other.catch_up(there)
            assert sorted(there.text) == sorted(here.text)


async def test_a_room_that_is_rebuilt_while_it_logs_misses_nothing(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here:
        ann, bob = await joined(here, "ann", "bob")
        while here.sequence < 198:
            here.edit([TextEdit(0, 0, ".")], "user:zoe")
            await here.durable()

        # Two entries wait for the log when the room has to be rebuilt: they are given one after the other meanwhile.
        go, append = asyncio.Event(), rooms.updates.append
        given: list[int] = []

        async def slow(entries: Sequence[LogEntry], clients: Sequence[NewClient] = ()) -> None:
            await go.wait()
            await append(entries, clients)
            given.extend(entry.last for entry in entries)

        monkeypatch.setattr(rooms.updates, "append", slow)
        await ann.type(0, "ANN ")
        here.flush()
        await eventually(lambda: here._outbox._leaving is not None)
        await bob.type(len(bob.text), " BOB ")
        here.flush()

        async def meanwhile() -> None:
            go.set()
            await eventually(lambda: here.logged_sequence == 200)

        not_of_one_moment(monkeypatch, rooms.updates, f"{document}:{here.writer}:2", meanwhile)
        await ann.barrier()
        here._rebuild_without(RuntimeError("as if the library panicked"))
        await asyncio.wait_for(here.ready(), 10)
        await eventually(lambda: ann.answers == [b"t"])
        assert "BOB " in here.text
        assert "ANN " in here.text
