"""A panic of the CRDT library: the document is rebuilt from the log, and only its causer pays.

A real panic is rare (about 1 in 9,000 mutated updates), so one is raised by hand where the library would.
"""

import asyncio
from contextlib import nullcontext
from datetime import timedelta

import pytest
from pycrdt import Doc
from pymongo.errors import AutoReconnect

from collab.durable.entries import LogEntry
from collab.durable.snapshots import Loaded
from collab.refusals import RoomClosed, RoomRebuilding
from collab.replicas.building import MOST, empty
from collab.replicas.edits import TextEdit
from collab.rooms.present import text_of
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.update import LARGE, Kind, read_update
from storage import Storage
from tests.collab.rooms_helpers import (
    Client,
    eventually,
    integrated_in_each_turn,
    joined,
    log_away,
    new_document,
    of_many_structs,
    read_at_a_stretch,
    rebuilt_from,
)

POISON = b"poison"


class PanicException(BaseException):
    pass


@pytest.fixture(autouse=True)
def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """An update with `POISON` in it panics wherever it is applied, except to a client's own document."""
    apply = Doc.apply_update

    def panicking(doc: Doc, update: bytes) -> None:
        if POISON in update:
            raise PanicException("called `Option::unwrap()` on a `None` value")
        apply(doc, update)

    monkeypatch.setattr(Doc, "apply_update", panicking)


def send_together(room: Room, *sent: tuple[Client, bytes]) -> None:
    for client, update in sent:
        room.accept(update, read_update(update, "text"), client.author, client.connection)
    room.flush()


async def test_only_its_causer_pays(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 0, "before ")], "user:ann")
        ann, eve = await joined(room, "ann", "eve")
        # Both in one flush, so that the culprit has to be found among them.
        send_together(room, (ann, ann.insert(0, "good ")), (eve, eve.insert(0, "poison")))
        assert not room.sound.is_set()
        await asyncio.wait_for(room.sound.wait(), 10)
        assert sorted(room.text.split()) == ["before", "good"]
        assert eve.closed is not None
        assert eve.closed[0] == 1007
        assert ann.closed is None
        await ann.barrier()
        await eventually(lambda: ann.answers == [b"t"])
    loaded = await rooms.snapshots.load(document)
    assert sorted(str(loaded.replica.text).split()) == ["before", "good"]


async def test_what_panics_only_when_merged_is_taken_one_by_one(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = Doc.apply_update

    def panicking(doc: Doc, update: bytes) -> None:
        if b"left" in update and b"right" in update:
            raise PanicException("as if")
        apply(doc, update)

    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        rebuilds = rebuilt_from(monkeypatch, room)
        with monkeypatch.context() as patched:
            patched.setattr(Doc, "apply_update", panicking)
            send_together(room, (ann, ann.insert(0, "left")), (eve, eve.insert(0, "right")))
            await asyncio.wait_for(room.idle(), 10)
            assert not room._incoming
        assert room.text in ("leftright", "rightleft")
        assert ann.closed is eve.closed is None
        assert len(rebuilds) == 1
        frames = len(ann.frames)
        send_together(room, (ann, ann.insert(0, "1")), (eve, eve.insert(0, "2")))
        assert len(ann.frames) == frames + 1  # merged again


async def test_who_waited_behind_what_panics_one_by_one_loses_nothing(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = Doc.apply_update

    document = await new_document(storage)
    async with rooms.open(document) as room:

        def panicking(doc: Doc, update: bytes) -> None:
            # Not by a copy.
            if b"right" in update and (b"left" in update or (doc is room.doc and b"left" in doc.get_update())):
                raise PanicException("as if")
            apply(doc, update)

        ann, eve, zoe = await joined(room, "ann", "eve", "zoe")
        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        rebuilds = rebuilt_from(monkeypatch, room)
        monkeypatch.setattr(Doc, "apply_update", panicking)
        send_together(
            room, (ann, ann.insert(0, "left ")), (eve, eve.insert(0, "right ")), (zoe, zoe.insert(0, "behind "))
        )
        await zoe.barrier()
        await eventually(lambda: zoe.answers == [b"t"])
        assert sorted(room.text.split()) == ["behind", "left"]
        assert eve.closed is not None
        assert eve.closed[0] == 1007
        assert ann.closed is zoe.closed is None
        assert len(rebuilds) == 3  # eve's was refused twice by itself
    assert sorted(str((await rooms.snapshots.load(document)).replica.text).split()) == ["behind", "left"]


async def test_who_waits_for_an_edit_of_the_server_that_is_refused_is_told(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 0, "before ")], "user:ann")
        await room.durable()
        room.edit([TextEdit(0, 0, "poison ")], "job:format")
        with pytest.raises(RoomRebuilding):
            await asyncio.wait_for(room.durable(), 10)
        room.edit([TextEdit(0, 0, "after ")], "job:format")
        await asyncio.wait_for(room.durable(), 10)
        assert room.text == "after before "


async def test_what_the_log_did_not_have_yet_is_in_the_rebuilt_document(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        [ann, eve] = await joined(room, "ann", "eve")
        with log_away(rooms):
            await ann.type(0, "one ")
            await eventually(lambda: rooms.log_away)  # one entry is being committed, the next ones wait
            await ann.type(0, "two ")
            room.flush()
            send_together(room, (eve, eve.insert(0, "poison")))
            await asyncio.wait_for(room.sound.wait(), 10)
            assert room.text == "two one "
        await room.durable()
    assert str((await rooms.snapshots.load(document)).replica.text) == "two one "


async def test_what_is_logged_while_the_log_is_read_is_not_lost(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        load = rooms.snapshots.load

        async def slow_load(document: str) -> Loaded:
            loaded = await load(document)
            await eventually(lambda: room.logged_sequence == room.sequence)
            return loaded

        monkeypatch.setattr(rooms.snapshots, "load", slow_load)
        with log_away(rooms):
            await ann.type(0, "kept")
            room.flush()
            send_together(room, (eve, eve.insert(0, "poison")))
            await asyncio.sleep(0.05)  # the log has been read by now, and did not have it
        await asyncio.wait_for(room.sound.wait(), 10)
        assert room.text == "kept"


async def test_the_room_of_a_process_that_snapshots_have_forgotten_is_rebuilt_too(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.durable.snapshots.FORGET_PROCESS", timedelta(0))  # a day in which only others wrote
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        for room, word in ((here, "ours "), (there, "theirs ")):
            room.edit([TextEdit(0, 0, word)], "user:ann")
            await room.durable()
            await rooms.snapshots.compact(document)
        assert here.writer not in await rooms.snapshots.covered(document)
        await eventually(lambda: here.text == "theirs ours ")
        [eve] = await joined(here, "eve")
        send_together(here, (eve, eve.insert(0, "poison")))
        await asyncio.wait_for(here.sound.wait(), 10)
        assert here.text == "theirs ours "


async def test_who_waits_for_durability_meanwhile_is_answered(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        send_together(room, (ann, ann.insert(0, "good ")), (eve, eve.insert(0, "poison")))
        assert not room.sound.is_set()
        with pytest.raises(RoomRebuilding):
            room.edit([TextEdit(0, 0, "too early")], "user:ann")
        await asyncio.wait_for(room.durable(), 10)
        assert room.text == "good "
        assert str((await rooms.snapshots.load(document)).replica.text) == "good "


async def test_what_others_logged_meanwhile_is_read_at_once(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    for process in (rooms, other):
        process._keeping_up.stop()  # or its numbers would repair it later
    async with rooms.open(document) as here, other.open(document) as there:
        there.edit([TextEdit(0, 0, "before ")], "user:bob")
        await there.durable()
        await eventually(lambda: here.text == "before ")
        load = rooms.snapshots.load

        async def slow(document: str) -> Loaded:
            loaded = await load(document)
            there.edit([TextEdit(0, 0, "meanwhile ")], "user:bob")
            await eventually(lambda: here.announced.get(there.writer) == 2)
            return loaded

        [eve] = await joined(here, "eve")
        with monkeypatch.context() as patch:
            patch.setattr(rooms.snapshots, "load", slow)
            send_together(here, (eve, eve.insert(0, "poison")))
            await asyncio.wait_for(here.sound.wait(), 10)
        await eventually(lambda: here.text == "meanwhile before ")


class Lingering(Client):
    """Hears what it is sent although it was sent away."""

    sent_away: tuple[int, str] | None = None

    def close(self, code: int, reason: str) -> None:
        self.sent_away = (code, reason)


@pytest.mark.parametrize("open_still", [False, True])
async def test_a_process_that_ends_meanwhile_calls_nothing_saved_that_it_gives_up(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch, open_still: bool
) -> None:
    process = Rooms(storage)
    document = await new_document(storage)
    room, leave = await process.enter(document)
    clients = ann, bob, eve = Lingering(user="ann"), Client(user="bob"), Client(user="eve")
    for client in clients:
        client.join(room)
        await client.pump()
    asked = asyncio.Event()

    async def away(document: str) -> Loaded:
        asked.set()
        raise AutoReconnect("connection refused")

    monkeypatch.setattr(process.snapshots, "load", away)
    monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
    for client, word in ((ann, "good "), (bob, "good "), (eve, "poison")):
        update = client.insert(0, word)
        room.accept(update, read_update(update, "text"), client.author, client.connection)
    await ann.barrier()  # flushes, and waits for the rebuild
    waiting = asyncio.create_task(room.durable())
    await asyncio.wait_for(asked.wait(), 10)
    # An edit in turns keeps connections open until it is whole.
    with room.in_turns() if open_still else nullcontext():
        closing = asyncio.create_task(process.close())
        await asyncio.wait_for(room.sound.wait(), 10)
        assert bob.closed is not None
        assert bob.closed[0] == 1012
        with pytest.raises(RoomClosed):
            await waiting
    await asyncio.wait_for(closing, 30)
    leave()
    assert await text_of(rooms, document) == ""
    assert ann.sent_away is not None
    assert ann.answers == bob.answers == []


async def test_a_large_document_is_built_and_copied_in_turns_and_copied_once_for_all_who_are_suspected(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    await rooms.updates.append([LogEntry(document, "before.0", 1, 1, of_many_structs(9_000, "😀"))])
    assert await rooms.snapshots.compact(document)
    async with rooms.open(document) as room:
        ann, bob, eve = await joined(room, "ann", "bob", "eve")
        room.apply(of_many_structs(1, "z", client=2), "user:zoe")
        copies, sizes, turns = 0, read_at_a_stretch(monkeypatch), integrated_in_each_turn(monkeypatch)

        def counted(kind: Kind) -> Doc:
            nonlocal copies
            copies += 1
            return empty(kind)

        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        honest = [(client, client.insert(0, client.author[5])) for client in 10 * (ann, bob)]
        send_together(room, *honest, (eve, eve.insert(0, "poison")), (ann, ann.insert(0, "a")))
        monkeypatch.setattr("collab.replicas.building.empty", counted)
        await asyncio.wait_for(room.idle(), 20)
        assert eve.closed is not None
        assert ann.closed is bob.closed is None
        assert room.text.count("a") == 11
        assert room.text.count("b") == 10
        assert copies == 3  # the document, a copy, and another behind eve's
        assert all(size <= LARGE for size in sizes)
        assert sum(turns) > 3 * 9_000
        assert max(turns) <= MOST
