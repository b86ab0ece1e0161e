"""While the update log is away: people go on, nothing is called durable that is not, and memory stays bounded."""

import asyncio
from contextlib import suppress

import pytest

from collab.limits import Limits
from collab.refusals import Overloaded
from collab.replicas.edits import TextEdit
from collab.rooms import replication
from collab.rooms.connection import MOST_BARRIERS
from collab.rooms.rooms import EditsLost, Rooms
from collab.yjs.codec import encode_update
from collab.yjs.update import read_update
from storage import Storage
from tests.collab.rooms_helpers import Client, eventually, joined, log_away, log_hangs, losing, new_document


async def test_no_barrier_is_answered_for_text_that_rests_on_unlogged_text_of_another_process(
    storage: Storage, rooms: Rooms, other: Rooms
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        [bob] = await joined(there, "bob")
        with log_away(other):
            with log_away(rooms):
                here.edit([TextEdit(0, 0, "base")], "user:ann")
                await eventually(lambda: bob.text == "base")
                await bob.type(4, " and more")
                await bob.barrier()
                await eventually(lambda: here.text == "base and more")
            await here.durable()
            # All of it is in the log by now, through the first process, but the second has no word of that yet.
            assert bob.answers == []
        await eventually(lambda: bob.answers == [b"t"])


async def test_text_of_a_process_that_dies_unlogged_is_kept_by_whoever_was_shown_it_with_its_author(
    storage: Storage, rooms: Rooms, other: Rooms
) -> None:
    document = await new_document(storage)
    with log_away(rooms):
        async with rooms.open(document) as here, other.open(document) as there:
            [bob] = await joined(there, "bob")
            with log_away(other):
                for word in ("one ", "two "):  # the second update comes from a client that is known already
                    here.edit([TextEdit(0, 0, word)], "user:ann")
                await eventually(lambda: bob.text == "two one ")
                await bob.barrier()
            await eventually(lambda: bob.answers == [b"t"])
            loaded = await other.snapshots.load(document)
            assert str(loaded.replica.text) == "two one "
            authors = await other.updates.authors(document)
            assert {authors.get(client) for client in loaded.replica.state} == {"user:ann"}


async def test_text_that_comes_before_what_it_rests_on_is_shown_and_kept_once_that_is_there(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that it comes from is not asked again: it may have died meanwhile."""
    third = Rooms(storage)
    rooms._keeping_up.stop()  # or its numbers would bring the base first
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there, third.open(document) as elsewhere:
        losing(monkeypatch, elsewhere, here.writer)
        here.edit([TextEdit(0, 0, "base")], "user:ann")
        await eventually(lambda: there.text == "base")
        with log_away(rooms), log_away(other):
            there.edit([TextEdit(4, 4, " and more")], "user:bob")
            await eventually(lambda: elsewhere.text == "base and more")
            await elsewhere.durable()
            loaded = await third.snapshots.load(document)
            assert str(loaded.replica.text) == "base and more"
    await third.close()


async def test_a_log_that_hangs_counts_as_away(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped database keeps its connections open: the driver gives it up after twenty seconds only."""
    monkeypatch.setattr("collab.durable.commits.PATIENCE", 0.05)
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        with log_hangs(rooms):
            here.edit([TextEdit(0, 0, "while it hangs")], "user:ann")
            saved = asyncio.create_task(here.durable())
            await eventually(lambda: there.text == "while it hangs")
            assert rooms.log_away
            assert not saved.done()
        await asyncio.wait_for(saved, 10)
        await eventually(lambda: not rooms.log_away)


async def test_a_slow_commit_is_not_sent_twice(storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab.durable.commits.PATIENCE", 0.01)
    document = await new_document(storage)
    async with rooms.open(document) as room:
        with log_hangs(rooms) as given:
            room.edit([TextEdit(0, 0, "slow")], "user:ann")
            await eventually(lambda: rooms.log_away)
            await asyncio.sleep(0.1)
        await room.durable()
        assert len(given) == 1


async def test_the_memory_for_waiting_edits_is_bounded_and_everything_in_it_is_written(storage: Storage) -> None:
    limit = 20_000
    small = Rooms(storage, Limits(backlog=limit))
    document = await new_document(storage)
    async with small.open(document) as room:
        taken = 0
        with log_away(small):
            with suppress(Overloaded):
                for _ in range(1_000):
                    room.edit([TextEdit(0, 0, "x" * 100)], "user:ann")
                    taken += 1
            assert taken < 1_000
            assert limit / 2 < small.backlog <= limit
            assert room.text == "x" * 100 * taken  # what was refused is not shown either
        await room.durable()
        assert small.backlog == 0
        room.edit([TextEdit(0, 0, "again")], "user:ann")
        await room.durable()
    assert str((await small.snapshots.load(document)).replica.text) == "again" + "x" * 100 * taken
    await small.close()


async def test_what_waits_to_be_shown_takes_memory_too(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 20_000
    small = Rooms(storage, Limits(backlog=limit))
    document = await new_document(storage)
    async with small.open(document) as room:
        [ann] = await joined(room, "ann")
        monkeypatch.setattr(room._window, "delay", lambda now: 60)  # a busy machine, on which much comes at once
        monkeypatch.setattr("collab.rooms.room.UNSUSPICIOUS", 1_000)
        with log_away(small):
            room.edit([TextEdit(0, 0, "before")], "user:ann")
            room.flush()
            with suppress(Overloaded):
                for _ in range(100):
                    update = ann.insert(0, "x" * 1_000)
                    room.accept(update, read_update(update, "text"), ann.author, ann.connection)
            room.flush()
            assert limit / 2 < small.backlog <= limit
        await room.durable()
        assert small.backlog == 0
    await small.close()


async def test_an_edit_larger_than_that_memory_is_taken_when_nothing_else_waits(storage: Storage) -> None:
    small = Rooms(storage, Limits(backlog=100))
    document = await new_document(storage)
    async with small.open(document) as room:
        room.edit([TextEdit(0, 0, "x" * 1_000)], "user:ann")
        await room.durable()
        with log_away(small):
            room.edit([TextEdit(0, 0, "y" * 1_000)], "user:ann")
            with pytest.raises(Overloaded):
                room.edit([TextEdit(0, 0, "z")], "user:ann")
        await room.durable()
        assert room.text == "y" * 1_000 + "x" * 1_000
    await small.close()


async def test_what_waits_is_announced_once_and_merged_as_it_grows(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    heard: list[replication.Replica] = []
    unsubscribe = await storage.bus.subscribe(
        replication.channel_of(document), lambda payload: heard.append(replication.decode(payload))
    )
    keystrokes = 3_000
    async with rooms.open(document) as room:
        [ann] = await joined(room, "ann")
        with log_away(rooms):
            for _ in range(keystrokes):
                await ann.type(0, "x")
                room.flush()
                await asyncio.sleep(0)
            assert room._outbox.waiting <= 256
            await eventually(lambda: sum(isinstance(message, replication.Unlogged) for message in heard) >= keystrokes)
        await room.durable()
        assert rooms.backlog == 0
    assert sum(isinstance(message, replication.Unlogged) for message in heard) == keystrokes
    entries = await rooms.updates.read(document)
    assert [entry.first for entry in entries] == [1, *(entry.last + 1 for entry in entries[:-1])]
    assert entries[-1].last == keystrokes
    assert str((await rooms.snapshots.load(document)).replica.text) == "x" * keystrokes
    await unsubscribe()


async def test_what_others_cannot_log_does_not_outgrow_our_memory(storage: Storage, rooms: Rooms) -> None:
    limit = 5_000
    small = Rooms(storage, Limits(backlog=limit))
    document = await new_document(storage)
    async with rooms.open(document) as here, small.open(document) as there:
        with log_away(small):
            with log_away(rooms):
                for _ in range(100):
                    here.edit([TextEdit(0, 0, "x" * 100)], "user:ann")
                await eventually(lambda: there.length > 1_000)
                await asyncio.sleep(0.2)
                assert small.backlog <= limit
                assert there.length < here.length
            # Nothing was forgotten: what was not shown is read from the log once that has it.
            await here.durable()
            await eventually(lambda: there.text == here.text)
    await small.close()


async def test_who_floods_with_barriers_meanwhile_is_sent_away(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, bob = await joined(room, "ann", "bob")
        with log_away(rooms):
            await ann.type(0, "a")
            await bob.barrier(b"bob's")
            for _ in range(MOST_BARRIERS):
                await ann.barrier()
            with pytest.raises(Overloaded):
                await ann.barrier()
        await eventually(lambda: len(ann.answers) == MOST_BARRIERS)
        assert bob.answers == [b"bob's"]
        await ann.barrier(b"later")
        await eventually(lambda: ann.answers[-1] == b"later")


async def test_who_floods_with_barriers_while_text_is_missing_is_sent_away(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, stranger = Client(), Client(user="bob")
        ann.join(room)
        await ann.pump()
        stranger.insert(0, "lost")
        await ann.connection.receive(encode_update(stranger.insert(4, "!")))
        for _ in range(MOST_BARRIERS):
            await ann.barrier()
        with pytest.raises(Overloaded):
            await ann.barrier()
        assert ann.answers == []


async def test_closing_gives_up_on_a_log_that_stays_away(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab.rooms.rooms.CLOSE_PATIENCE", 0.2)
    rooms = Rooms(storage)
    document = await new_document(storage)
    async with rooms.open(document) as room:
        with log_away(rooms):
            room.edit([TextEdit(0, 0, "never logged")], "user:ann")
            with pytest.raises(EditsLost):
                await asyncio.wait_for(rooms.close(), 10)


async def test_closing_waits_for_a_log_that_comes_back(storage: Storage) -> None:
    rooms = Rooms(storage)
    document = await new_document(storage)
    async with rooms.open(document) as room:
        with log_away(rooms):
            room.edit([TextEdit(0, 0, "logged late")], "user:ann")
            await eventually(lambda: rooms.log_away)
            closing = asyncio.create_task(rooms.close())
            await asyncio.sleep(0.3)
            assert not closing.done()
        await asyncio.wait_for(closing, 10)
    assert str((await rooms.snapshots.load(document)).replica.text) == "logged late"
