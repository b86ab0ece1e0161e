"""What goes to the log, when, in which order, and who is told only afterwards."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest
from bson.errors import InvalidDocument
from pymongo import AsyncMongoClient
from pymongo.errors import AutoReconnect
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from collab.durable.entries import LogEntry, NewClient
from collab.durable.log import UpdateLog
from collab.replicas.edits import TextEdit
from collab.rooms import replication
from collab.rooms.rooms import Rooms
from storage import Storage, mongo
from tests.collab.rooms_helpers import Client, eventually, joined, log_hangs, new_document
from tests.collab.yjs_bytes import text, update
from tests.conftest import Backend


class Given:
    """What the log was given, append by append."""

    def __init__(self, rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[list[LogEntry]] = []
        self.most_at_once = 0
        self._running = 0
        self._append = rooms.updates.append
        monkeypatch.setattr(rooms.updates, "append", self._take)

    async def _take(self, entries: Sequence[LogEntry], clients: Sequence[NewClient] = ()) -> None:
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        self.batches.append(list(entries))
        try:
            await self._append(entries, clients)
        finally:
            self._running -= 1


async def test_one_commit_serves_all_rooms(storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Given(rooms, monkeypatch)
    documents = [await new_document(storage) for _ in range(20)]
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(rooms.open(document)) for document in documents]
        for room in opened:
            for word in ("one ", "two "):
                room.edit([TextEdit(0, 0, word)], "user:ann")
        await asyncio.gather(*(room.durable() for room in opened))
    [batch] = given.batches
    assert sorted(entry.document for entry in batch) == sorted(documents)


async def test_a_barrier_hurries_the_commit(storage: Storage, rooms: Rooms) -> None:
    rooms._commits._interval = 3600
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 0, "at once, after a quiet moment ")], "user:ann")
        await room.durable()
        room.edit([TextEdit(0, 0, "late, unless somebody waits ")], "user:ann")
        await asyncio.sleep(0.1)
        assert len(await rooms.updates.read(document)) == 1
        await asyncio.wait_for(room.durable(), 10)
        assert len(await rooms.updates.read(document)) == 2


async def test_without_a_barrier_it_comes_by_itself(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 0, "soon")], "user:ann")

        async def logged() -> bool:
            return bool(await rooms.updates.read(document))

        await eventually(logged)


async def test_entries_follow_the_order_in_which_updates_were_shown(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.durable.commits.HURRIED", 0.0)
    rooms._commits._interval = 0.0
    given = Given(rooms, monkeypatch)
    document = await new_document(storage)
    async with rooms.open(document) as room:
        shown: list[bytes] = []
        room.audience.observe(shown.append)
        for number in range(60):
            room.edit([TextEdit(room.length, room.length, f"{number} ")], "user:ann")
            if number % 20 == 19:
                await room.durable()  # or one commit of a slow database would have all the others behind it
            elif number % 3:
                await asyncio.sleep(0.001)
        await room.durable()
    assert given.most_at_once == 1
    entries = [entry for batch in given.batches for entry in batch]
    assert len(entries) > 3
    assert [entry.first for entry in entries] == [1, *(entry.last + 1 for entry in entries[:-1])]
    assert entries[-1].last == len(shown)


async def test_who_joins_with_nothing_new_costs_the_log_nothing(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        [ann] = await joined(room, "ann")
        await ann.type(0, "text")
        await room.durable()
        [bob] = await joined(room, "bob")
        assert bob.text == "text"
        await bob.barrier()
        await eventually(lambda: bob.answers == [b"t"])
        assert room.sequence == 1
    assert len(await rooms.updates.read(document)) == 1


async def test_nobody_elsewhere_hears_of_an_update_before_the_log_has_it(
    storage: Storage, rooms: Rooms, other: Rooms
) -> None:
    document = await new_document(storage)
    heard: list[replication.Replica] = []
    unsubscribe = await storage.bus.subscribe(
        replication.channel_of(document), lambda payload: heard.append(replication.decode(payload))
    )
    async with rooms.open(document) as here, other.open(document) as there:
        [ann] = await joined(here, "ann")
        with log_hangs(rooms) as given:
            here.edit([TextEdit(0, 0, "not yet")], "user:bob")
            await eventually(lambda: ann.text == "not yet")  # in this process at once
            await eventually(lambda: bool(given))
            await asyncio.sleep(0.2)
            assert there.text == ""
            assert not [message for message in heard if isinstance(message, replication.Logged | replication.Unlogged)]
        await eventually(lambda: there.text == "not yet")
    await unsubscribe()


async def test_who_wrote_is_stored_no_later_than_what_they_wrote(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    client = Client()
    entry = LogEntry(document, "p", 1, 1, client.insert(0, "text"))

    database = rooms.updates._db
    command = type(database).command

    async def fail(_: object, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("insert") == "updates":
            raise AutoReconnect("connection refused")
        return await command(database, body)

    monkeypatch.setattr(type(database), "command", fail)
    with pytest.raises(AutoReconnect):
        await rooms.updates.append([entry], [NewClient(document, client.doc.client_id, "user:ann")])
    assert await rooms.updates.authors(document) == {client.doc.client_id: "user:ann"}


async def test_more_client_ids_than_one_command_takes_are_logged_while_others_save(
    storage: Storage, rooms: Rooms
) -> None:
    flooded, quiet = await new_document(storage), await new_document(storage)
    async with rooms.open(flooded) as room, rooms.open(quiet) as other:
        with log_hangs(rooms) as given:  # so that all of them come in one commit
            other.edit([TextEdit(0, 0, "first")], "user:bob")
            await eventually(lambda: bool(given))
            room.apply(update((1, 0, [text("a")])), "user:eve")
            for start in range(2, 99_001, 3_000):
                one_behind_the_other = [(who, 0, [text("a", (who - 1, 0))]) for who in range(start, start + 3_000)]
                room.apply(update(*one_behind_the_other), "user:eve")
        other.edit([TextEdit(0, 0, "meanwhile ")], "user:bob")
        await asyncio.wait_for(other.durable(), 10)
        assert room.logged_sequence == 0  # the flood is still on its way
        await asyncio.wait_for(room.durable(), 120)
        other.edit([TextEdit(0, 0, "afterwards ")], "user:bob")
        await asyncio.wait_for(other.durable(), 10)
    assert len(await rooms.updates.authors(flooded)) == 99_001
    assert rooms.backlog == 0


async def test_a_fault_in_writing_ends_saving_for_nobody(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, failed = rooms.updates.append, False

    async def fail_once(entries: Sequence[LogEntry], clients: Sequence[NewClient] = ()) -> None:
        nonlocal failed
        if not failed:
            failed = True
            raise InvalidDocument("too large, or whatever nobody has thought of")
        await append(entries, clients)

    monkeypatch.setattr(rooms.updates, "append", fail_once)
    async with rooms.open(await new_document(storage)) as room:
        room.edit([TextEdit(0, 0, "text")], "user:ann")
        await eventually(lambda: rooms.log_away)
        await asyncio.wait_for(room.durable(), 10)
        assert not rooms.log_away


async def test_a_paste_that_the_object_store_does_not_take_holds_up_nobody_else(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above `LARGEST_RECORD` an entry lies in the object store, which is away."""
    monkeypatch.setattr("collab.durable.entries.LARGEST_RECORD", 1_000)
    monkeypatch.setattr("collab.durable.commits.LARGEST_RECORD", 1_000)
    put, away = storage.objects.put, True

    async def broken(key: str, data: bytes) -> None:
        if away:
            raise OSError("no store")
        await put(key, data)

    monkeypatch.setattr(storage.objects, "put", broken)
    pasted, quiet = await new_document(storage), await new_document(storage)
    async with rooms.open(pasted) as room, rooms.open(quiet) as beside, other.open(pasted) as there:
        room.edit([TextEdit(0, 0, "x" * 5_000)], "user:ann")
        await eventually(lambda: rooms.log_away)
        beside.edit([TextEdit(0, 0, "small")], "user:bob")
        await asyncio.wait_for(beside.durable(), 10)
        assert rooms.log_away  # also after somebody else was saved: /readyz and the editor go on saying so
        room.edit([TextEdit(0, 0, "and more ")], "user:ann")
        await eventually(lambda: there.text == "and more " + "x" * 5_000)  # people go on seeing each other
        waiting = asyncio.create_task(room.durable())
        await asyncio.sleep(0.3)
        assert not waiting.done()
        away = False
        await asyncio.wait_for(waiting, 10)
        assert not rooms.log_away
        assert (await rooms.snapshots.load(pasted)).replica.text.to_py() == room.text
    assert rooms.backlog == 0


class Sent(CommandListener):
    """What goes over the wire to the database."""

    def __init__(self) -> None:
        self.commands: list[Mapping[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append(event.command)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


async def test_the_database_is_asked_to_have_it_on_the_disks_of_a_majority(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Sent()
    monkeypatch.setattr(mongo, "AsyncMongoClient", partial(AsyncMongoClient, event_listeners=[sent]))
    async with backend.open() as storage:
        document = await new_document(storage)
        entry = LogEntry(document, "p", 1, 1, Client().insert(0, "text"))
        sent.commands.clear()
        await UpdateLog(storage.db, storage.objects).append([entry], [NewClient(document, 7, "user:ann")])
        # What a compaction swings, and all else that is written, goes by what was agreed for the connection.
        await storage.db["documents"].update_one({"_id": document}, {"$set": {"snapshot": None}})
    writes = [command for command in sent.commands if "insert" in command or "update" in command]
    assert [command.get("insert") or command["update"] for command in writes] == ["clients", "updates", "documents"]
    assert [command["writeConcern"] for command in writes] == [{"w": "majority", "j": True}] * 3
