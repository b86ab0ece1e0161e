"""What was refused, mended or left in the log: nobody is told that it is saved, and nothing is counted for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pycrdt import Doc

import collab.rooms.incoming
from collab.durable.entries import LogEntry
from collab.durable.snapshots import Loaded
from collab.replicas.building import StandIn
from collab.replicas.edits import TextEdit
from collab.rooms import following as following_module
from collab.rooms import replication
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_barrier
from collab.yjs.update import read_update
from storage import Storage
from tests.collab.rooms_helpers import Client, eventually, following, joined, log_away, new_document
from tests.collab.test_log_races import not_of_one_moment
from tests.collab.yjs_bytes import text, update

POISON = b"poison"


class PanicException(BaseException):
    pass


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    apply = Doc.apply_update
    flag = {"on": True}

    def panicking(doc: Doc, update: bytes) -> None:
        if flag["on"] and POISON in update:
            raise PanicException("called `Option::unwrap()` on a `None` value")
        apply(doc, update)

    monkeypatch.setattr(Doc, "apply_update", panicking)
    return flag


def send_together(room: Room, *sent: tuple[Client, bytes]) -> None:
    for client, data in sent:
        room.accept(data, read_update(data, "text"), client.author, client.connection)
    room.flush()


# ---- a snapshot's numbers


async def test_a_snapshot_names_no_number_behind_one_that_it_lacks(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    third = Rooms(storage)
    try:
        async with rooms.open(document) as here:
            ann, bob = await joined(here, "ann", "bob")
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

            # A compaction elsewhere reads the log with a cursor that misses …:199 and sees …:200.
            not_of_one_moment(monkeypatch, other.updates, f"{document}:{here.writer}:2", meanwhile)
            read, done = third.updates.read, False

            async def before_that(document: str) -> list[LogEntry]:
                """Whoever opens the document has read the log just before, and reads the pointer just after."""
                nonlocal done
                entries = await read(document)
                if not done:
                    done = True
                    assert await other.snapshots.compact(document)
                return entries

            monkeypatch.setattr(third.updates, "read", before_that)
            async with third.open(document) as there:
                for room in (here, there):
                    room.heartbeat(everything=True)
                await asyncio.sleep(0)
                await third.catch_up(there)
                assert sorted(there.text) == sorted(here.text)
    finally:
        await third.close()


# ---- without any trick


async def test_who_comes_again_is_not_told_that_what_was_refused_is_saved(
    storage: Storage, rooms: Rooms, poison: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        [eve] = await joined(room, "eve")
        load, go = rooms.snapshots.load, asyncio.Event()

        async def slow(document: str) -> Loaded:
            loaded = await load(document)
            await go.wait()
            return loaded

        monkeypatch.setattr(rooms.snapshots, "load", slow)
        poison["on"] = False
        data = eve.insert(0, "poison")
        poison["on"] = True
        send_together(room, (eve, data))
        assert not room.sound.is_set()
        eve.connection.detach()  # her connection breaks
        again = Client(user="eve")
        poison["on"] = False
        again.doc.apply_update(eve.doc.get_update())
        poison["on"] = True
        again.join(room)
        # As a browser does: step 1, the answer to ours, a barrier; the frames arrive while the document is rebuilt.
        frames = [again._outbox[1], again._outbox[0], encode_barrier(b"saved")]
        again._outbox.clear()

        async def arrive() -> None:
            for frame in frames:
                await again.connection.receive(frame)

        arriving = asyncio.create_task(arrive())
        await asyncio.sleep(0)
        go.set()
        await arriving
        await rooms._commits.drain()
        assert room.text == ""
        assert again.answers == [], "it is told that all is saved"


# ---- mending makes `known` anew while others wait one by one


def unmergeable_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits together cannot be merged, and is taken one by one."""
    merge, once = collab.rooms.incoming.merge, True

    def panicking(updates: list[bytes]) -> bytes:
        nonlocal once
        if len(updates) > 1 and once:
            once = False
            raise PanicException("as if")
        return merge(updates)

    monkeypatch.setattr(collab.rooms.incoming, "merge", panicking)


BETWEEN = update((6, 0, [text("X", origin=(5, 1), right=(5, 2))]))


async def test_what_waits_behind_what_is_mended_stays_known(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.apply(update((5, 0, [text("a😀b")])), "user:zoe")
        await room.durable()
        bob, carl = await joined(room, "bob", "carl")
        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        unmergeable_once(monkeypatch)
        send_together(room, (bob, BETWEEN), (carl, carl.insert(0, "carl ")))
        await room.idle()
        assert "carl" in room.text
        asked = carl.asked
        await carl.type(5, "goes on ")
        room.flush()
        assert carl.doc.client_id in room.state
        assert carl.asked == asked, "what he typed before is not known any more"
        assert "goes on" in room.text


async def test_a_joiner_is_sent_no_wrong_state_vector_after_mending(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.apply(update((5, 0, [text("a😀b")])), "user:zoe")
        await room.durable()
        bob, carl = await joined(room, "bob", "carl")
        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        unmergeable_once(monkeypatch)
        send_together(room, (bob, BETWEEN), (carl, carl.insert(0, "carl ")))
        await room.idle()
        assert room.encode_state_vector() == room.doc.get_state() or carl.doc.client_id in room.state


async def test_what_panics_is_found_also_beside_what_cuts_a_pair(
    storage: Storage, rooms: Rooms, poison: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.apply(update((5, 0, [text("a😀b")])), "user:zoe")
        await room.durable()
        bob, eve = await joined(room, "bob", "eve")
        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        poison["on"] = False
        bad = eve.insert(0, "poison")
        poison["on"] = True
        send_together(room, (bob, BETWEEN), (eve, bad))
        await room.idle()
        await room.durable()
        try:
            assert room.text == "a\ufffdX\ufffdb"
            room.edit([TextEdit(0, 0, "on ")], "user:zoe")
            await room.durable()
        except PanicException:
            pytest.fail("nobody can read or write it any more")
    assert "poison" not in str((await rooms.snapshots.load(document)).replica.text)


# ---- a large message that is held


async def test_a_large_message_that_is_held_is_not_read_again_with_each_edit(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room, other.open(document) as there:
        bridge = following(rooms, room)
        large = update((9, 0, [text("x" * 200_000, origin=(8, 0))]))
        assert len(large) > following_module.LARGE
        reads = 0
        read = following_module.read_update_cooperatively

        async def counted(data: bytes, *more: Any) -> Any:
            nonlocal reads
            reads += data == large
            return await read(data, *more)

        monkeypatch.setattr(following_module, "read_update_cooperatively", counted)
        bridge.receive(replication.Unlogged("q", large))
        await eventually(lambda: bool(bridge._held) and not bridge.busy)
        before = reads
        for number in range(10):
            there.edit([TextEdit(0, 0, f"{number} ")], "user:ann")
            await there.durable()
            await eventually(lambda number=number: f"{number} " in room.text and not bridge.busy)  # type: ignore[misc]
        assert reads - before <= 1


# ---- catch_up


async def test_who_has_caught_up_has_all_although_the_room_was_rebuilt_meanwhile(
    storage: Storage, rooms: Rooms, other: Rooms, poison: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        [eve] = await joined(here, "eve")
        poison["on"] = False
        data = eve.insert(0, "poison")
        more = eve.insert(6, " and more")
        load, go, first = rooms.snapshots.load, asyncio.Event(), True

        async def slow(document: str) -> Loaded:
            nonlocal first
            if not first:
                return await load(document)
            first = False
            loaded = await load(document)
            await go.wait()
            return loaded

        monkeypatch.setattr(rooms.snapshots, "load", slow)
        poison["on"] = True
        send_together(here, (eve, data))  # panics here
        assert not here.sound.is_set()
        await asyncio.sleep(0.05)  # the log is read by now
        poison["on"] = False  # not so elsewhere
        there.apply(data, "user:eve")
        there.apply(more, "user:eve")
        await there.durable()
        assert await other.snapshots.compact(document)
        catching = asyncio.create_task(rooms.catch_up(here))
        await eventually(lambda: not first)
        await asyncio.sleep(0.2)  # it has loaded, and waits for the room
        monkeypatch.setattr(StandIn, "takes", takes_nothing)
        go.set()
        await catching
        assert here.text == "poison and more"


async def takes_nothing(copy: StandIn, update: bytes) -> bool:
    return False


# ---- what is counted twice


async def test_memory_of_a_client_that_comes_again_after_mending_is_given_back(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.apply(update((5, 0, [text("a😀b")])), "user:zoe")
        await room.durable()
        bob, carl = await joined(room, "bob", "carl")
        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        unmergeable_once(monkeypatch)
        with log_away(rooms):
            room.edit([TextEdit(0, 0, "0")], "user:zoe")
            await eventually(lambda: rooms.log_away)  # one entry is on its way, the next ones wait
            send_together(room, (bob, BETWEEN), (carl, carl.insert(0, "carl ")))
            await room.idle()
            await carl.type(5, "goes on ")
            await carl.pump()
            room.flush()
        await room.durable()
        assert rooms.backlog == 0


# ---- what waits for the log, on top of a log that has lost something


async def test_what_rests_on_an_entry_that_cannot_be_read_any_more_is_asked_for(
    storage: Storage, rooms: Rooms, poison: dict[str, bool]
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        await ann.type(0, "one ")
        await room.durable()
        await storage.db["updates"].update_one({"document": document}, {"$set": {"update": b"\x07\x07\x07"}})
        with log_away(rooms):
            await ann.type(4, "two ")
            room.flush()
            poison["on"] = False
            bad = eve.insert(0, "poison")
            poison["on"] = True
            send_together(room, (eve, bad))
            await room.idle()
        await room.durable()
        assert ann.closed == (1012, "the document was rebuilt")
        again = Client(user="ann")
        again.doc.apply_update(ann.doc.get_update())
        again.join(room)
        await again.pump()
        await again.type(8, "three ")
        await again.barrier()
        await again.pump()
        await eventually(lambda: again.answers == [b"t"])
        assert room.text == again.text == "one two three "
