"""Folding the log into snapshots: nothing is lost, whoever opens the document meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import random
from contextlib import suppress
from datetime import timedelta

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from collab.documents.orphans import remove_orphans
from collab.durable.entries import LogEntry, NewClient
from collab.durable.snapshots import ContentLost
from collab.replicas.edits import TextEdit
from collab.rooms.rooms import Rooms
from storage import Storage
from tests.collab.rooms_helpers import Client, Crash, Crashing, eventually, new_document


async def test_compaction_keeps_every_word_and_empties_the_log(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        for i in range(30):
            room.edit([TextEdit(0, 0, f"line {i}\n")], "user:ann")
            await room.durable()
        text = room.text
        assert await rooms.snapshots.compact(document)
        assert await rooms.updates.read(document) == []
        room.edit([TextEdit(0, 0, "after\n")], "user:ann")
        await room.durable()
    fresh = Rooms(storage)
    async with fresh.open(document) as room:
        assert room.text == "after\n" + text
    await fresh.close()


async def test_of_two_compactions_at_once_one_wins_and_nothing_is_lost(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        for round_ in range(5):
            for i in range(5):
                room.edit([TextEdit(0, 0, f"{round_}.{i} ")], "user:ann")
                await room.durable()
            text = room.text
            await asyncio.gather(*(rooms.snapshots.compact(document) for _ in range(3)))
            loaded = await rooms.snapshots.load(document)
            assert str(loaded.replica.text) == text
            assert loaded.waiting == []


async def test_a_crash_between_any_two_steps_loses_nothing(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.durable.entries.LARGEST_RECORD", 0)  # so there is an object of each entry
    for steps in itertools.count():
        document = await new_document(storage)
        async with rooms.open(document) as room:
            room.edit([TextEdit(0, 0, "in the old snapshot")], "user:ann")
            await room.durable()
            await rooms.snapshots.compact(document)
            room.edit([TextEdit(3, 10, "a new")], "user:bob")
            await room.durable()
            with monkeypatch.context() as dying, suppress(Crash):
                methods = {type(storage.objects): ("put", "delete"), AsyncCollection: ("update_one", "delete_many")}
                store = Crashing(dying, methods)
                store.left = steps
                await rooms.snapshots.compact(document)
        async with other.open(document) as room:
            assert room.text == "in a new snapshot", f"after {steps} steps"
            room.edit([TextEdit(0, 0, "still ")], "user:ann")
            await room.durable()
            assert await other.snapshots.compact(document)
        assert await other.updates.read(document) == []
        assert str((await other.snapshots.load(document)).replica.text) == "still in a new snapshot"
        if store.left >= 0:
            break
    assert steps == 4  # put, swing, delete the record of the entry, delete the old snapshot


async def test_a_snapshot_remembers_the_numbers_of_who_was_silent_for_a_moment(
    storage: Storage, rooms: Rooms, other: Rooms
) -> None:
    """A message of theirs may still be on its way, and would be taken for one that must be looked for in the log."""
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        for room in (here, there):
            room.edit([TextEdit(0, 0, "word ")], "user:ann")
            await room.durable()
            assert await rooms.snapshots.compact(document)
        assert await rooms.snapshots.covered(document) == {here.writer: 1, there.writer: 1}


async def test_opening_while_compacting_never_sees_a_hole(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    seeded = random.Random(5)
    async with rooms.open(document) as room:
        stop = asyncio.Event()

        async def compact() -> None:
            while not stop.is_set():
                await rooms.snapshots.compact(document)
                await asyncio.sleep(seeded.random() * 0.005)

        compacting = asyncio.create_task(compact())
        try:
            for i in range(40):
                room.edit([TextEdit(0, 0, f"{i} ")], "user:ann")
                await room.durable()
                loaded = await rooms.snapshots.load(document)
                assert str(loaded.replica.text) == room.text
        finally:
            stop.set()
            await compacting


async def test_an_entry_that_rests_on_missing_text_stays_in_the_log(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    ann = Client()
    first = ann.insert(0, "a")
    second = ann.insert(1, "b")
    await rooms.updates.append([LogEntry(document, "p", 2, 2, second)])
    assert not await rooms.snapshots.compact(document)
    await rooms.updates.append([LogEntry(document, "p", 1, 1, first)])
    assert await rooms.snapshots.compact(document)
    loaded = await rooms.snapshots.load(document)
    assert str(loaded.replica.text) == "ab"


async def test_a_document_whose_snapshot_is_lost_is_never_opened_as_empty(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    await rooms.create([(document, "precious", "user:ann")])
    await rooms.snapshots.compact(document)
    [key] = [info.key async for info in storage.objects.list(f"snapshots/{document}/")]
    backup = await storage.objects.get(key)
    await storage.objects.delete(key)
    for _ in range(2):
        with pytest.raises(ContentLost):
            async with rooms.open(document):
                raise AssertionError
    with pytest.raises(ContentLost):
        await rooms.snapshots.compact(document)
    await storage.objects.put(key, backup)
    async with rooms.open(document) as room:
        assert room.text == "precious"


async def test_a_commit_sent_twice_is_one(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    entry = LogEntry(document, "p", 1, 1, Client().insert(0, "once"))
    for _ in range(2):
        await rooms.updates.append([entry], [NewClient(document, 7, "user:ann")])
    assert await rooms.updates.read(document) == [entry]


async def test_a_large_update_goes_to_the_object_store_until_it_is_folded(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    text = "0123456789abcdef" * (600 * 1024)
    await rooms.create([(document, text, "user:ann")])
    keys = [info.key async for info in storage.objects.list(f"log/{document}/")]
    assert len(keys) == 1
    async with rooms.open(document) as room:
        assert room.text == text
    assert await rooms.snapshots.compact(document)
    monkeypatch.setattr("collab.documents.orphans.AGE", timedelta(0))
    await remove_orphans(storage)
    assert [info.key async for info in storage.objects.list(f"log/{document}/")] == []
    loaded = await rooms.snapshots.load(document)
    assert str(loaded.replica.text) == text


async def test_a_log_as_large_as_its_snapshot_is_folded_by_itself(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 0, "x" * 400_000)], "user:ann")
        await room.durable()

        async def folded() -> bool:
            return await rooms.updates.read(document) == []

        await eventually(folded)
        room.edit([TextEdit(0, 0, "more ")], "user:ann")
        await room.durable()
        loaded = await rooms.snapshots.load(document)
        assert str(loaded.replica.text) == room.text
