"""Rooms in which the CRDT library, a peer or whoever looks on fails, and all others go on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pycrdt import Doc

import collab.durable.outbox
import collab.replicas.replica
import collab.yjs.known
from collab.durable.entries import LogEntry
from collab.durable.snapshots import Loaded
from collab.replicas.building import StandIn
from collab.replicas.edits import TextEdit, first_update
from collab.replicas.replica import Replica
from collab.rooms import following as following_module
from collab.rooms import replication
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_awareness, encode_barrier, is_awareness, write_var_bytes
from collab.yjs.update import read_update
from storage import Storage
from tests.collab.rooms_helpers import Client, eventually, following, joined, log_away, new_document

POISON = b"poison"


class PanicException(BaseException):
    pass


def send_together(room: Room, *sent: tuple[Client, bytes]) -> None:
    for client, update in sent:
        room.accept(update, read_update(update, "text"), client.author, client.connection)
    room.flush()


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    apply = Doc.apply_update

    def panicking(doc: Doc, update: bytes) -> None:
        if POISON in update:
            raise PanicException("called `Option::unwrap()` on a `None` value")
        apply(doc, update)

    monkeypatch.setattr(Doc, "apply_update", panicking)


# ---- resync, and the answer to the step 1 before it


async def test_no_barrier_is_answered_before_who_came_again_has_brought_what_was_refused(
    storage: Storage, rooms: Rooms, poison: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        # ann's text rests on eve's, whose own is refused; ann comes again while the document is rebuilt.
        culprit = eve.insert(0, "poison")
        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        mine = ann.insert(0, "mine ")
        once = True

        takes = StandIn.takes

        async def refuses_once(copy: StandIn, content: bytes) -> bool:
            nonlocal once
            if b"mine" in content and once:
                once = False  # what panics beside the culprit only
                return False
            return await takes(copy, content)

        monkeypatch.setattr(StandIn, "takes", refuses_once)
        load, go = rooms.snapshots.load, asyncio.Event()

        async def slow(document: str) -> Loaded:
            loaded = await load(document)
            await go.wait()
            return loaded

        monkeypatch.setattr(rooms.snapshots, "load", slow)
        send_together(room, (ann, mine), (eve, culprit))
        assert not room.sound.is_set()
        ann.connection.detach()  # her connection breaks
        again = Client(user="ann")
        again.doc.apply_update(ann.doc.get_update())
        again.join(room)
        assert again.asked == 1
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
        await asyncio.wait_for(room.sound.wait(), 10)
        await rooms._commits.drain()
        assert again.answers == [], "it is told that all is saved"
        assert room.text == ""
        assert again.closed == (1012, "the document was rebuilt")
        again = Client(user="ann")
        again.doc.apply_update(ann.doc.get_update())
        again.join(room)
        await again.pump()
        await again.barrier(b"saved")
        await eventually(lambda: again.answers == [b"saved"])
        assert room.text == "mine "


# ---- condensing while the log is away


async def test_who_reads_along_sees_what_cannot_be_condensed(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge = collab.durable.outbox.merge_updates

    def panicking(*updates: bytes) -> bytes:
        if len(updates) > 2 and any(b"left" in one for one in updates):
            raise PanicException("as if")
        return merge(*updates)

    document = await new_document(storage)
    monkeypatch.setattr(collab.durable.outbox, "_CONDENSE", 4)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        monkeypatch.setattr(collab.durable.outbox, "merge_updates", panicking)
        with log_away(rooms):
            await ann.type(0, "0")
            await eventually(lambda: rooms.log_away)
            try:
                for word in ("left ", "b", "c", "d", "e", "f"):
                    await ann.type(0, word)
                    room.flush()
            except PanicException:
                pass
            assert room.text == eve.text
        await room.durable()


# ---- a logged update whose cutting panics


def cutting_panics(monkeypatch: pytest.MonkeyPatch, flag: dict[str, bool]) -> None:
    cut = collab.yjs.known.pycrdt.get_update

    def panicking(update: bytes, state: bytes = b"\x00") -> bytes:
        if flag["on"] and POISON in update:
            raise PanicException("as if")
        return cut(update, state)

    monkeypatch.setattr(collab.yjs.known.pycrdt, "get_update", panicking)


async def test_what_panicked_once_when_it_came_over_the_bus_is_read_again(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        take, failed = room.take_logged, asyncio.Event()

        def panicking(*arguments: Any) -> None:
            if not failed.is_set():
                failed.set()
                raise PanicException("as if")
            take(*arguments)

        monkeypatch.setattr(room, "take_logged", panicking)
        whole = first_update("and more", 7)
        await rooms.updates.append([LogEntry(document, "p", 1, 1, whole)])
        storage.bus.publish(replication.channel_of(document), replication.encode(replication.Logged("p", 1, 1, whole)))
        await failed.wait()
        assert not room.covers({"p": 1})
        await rooms.catch_up(room)
        assert room.text == "and more"


async def test_one_entry_that_panics_does_not_keep_others_from_being_read(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        flag = {"on": False}
        cutting_panics(monkeypatch, flag)
        room.apply(first_update("poison", 7), "user:ann")
        await room.durable()
        flag["on"] = True
        await rooms.updates.append(
            [
                LogEntry(document, "p", 1, 1, first_update("poison and more", 7)),
                LogEntry(document, "q", 1, 1, first_update("innocent ", 8)),
            ]
        )
        for process in ("p", "q"):
            storage.bus.publish(replication.channel_of(document), replication.encode(replication.Heartbeat(process, 1)))
        await eventually(lambda: "innocent" in room.text, 5)


async def test_a_document_with_an_entry_that_panics_when_it_is_cut_opens(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    cutting_panics(monkeypatch, {"on": True})
    await rooms.updates.append(
        [
            LogEntry(document, "p", 1, 1, first_update("poison", 7)),
            LogEntry(document, "q", 1, 1, first_update("poison and more", 7)),
            LogEntry(document, "r", 1, 1, first_update("innocent ", 8)),
        ]
    )
    try:
        async with other.open(document) as room:
            assert "innocent" in room.text
    except PanicException:
        pytest.fail("it cannot be opened at all")


# ---- an opening that fails after it has subscribed


async def test_an_opening_that_fails_leaves_nobody_listening(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    take_waiting = following_module.Following.take_waiting

    async def fails(self: Any, pending: Any = None) -> None:
        raise PanicException("as if")

    monkeypatch.setattr(following_module.Following, "take_waiting", fails)
    for _ in range(3):
        with pytest.raises(PanicException):
            await rooms.enter(document)
    monkeypatch.setattr(following_module.Following, "take_waiting", take_waiting)
    heard: list[bytes] = []
    monkeypatch.setattr(replication, "decode", heard.append)
    for payload in (b"one", b"two"):
        storage.bus.publish(replication.channel_of(document), payload)
    await asyncio.sleep(0.2)
    assert heard == []


# ---- take_waiting after a panic


async def test_what_waits_behind_a_message_that_panics_is_taken(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        there = following(rooms, room)
        take = following_module.Following.take

        def panicking(self: Any, message: replication.Replica) -> Any:
            if isinstance(message, replication.Logged) and POISON in message.update:
                raise PanicException("as if")
            return take(self, message)

        monkeypatch.setattr(following_module.Following, "take", panicking)
        there._waiting.append(replication.Logged("p", 1, 1, first_update("poison", 7)))
        there._waiting.append(replication.Unlogged("q", first_update("waiting", 8)))
        task = asyncio.create_task(there.take_waiting())
        await asyncio.wait({task})
        assert not there._waiting
        assert "waiting" in room.text


# ---- refused by the room's own document, and by no copy


async def test_an_update_that_only_the_document_itself_refuses_is_given_up_some_time(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    integrate = Replica.integrate

    def panicking(self: Replica, update: bytes, parts: int) -> None:
        if POISON in update:
            raise PanicException("as if")
        integrate(self, update, parts)

    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        await ann.type(0, "before ")
        await room.durable()
        monkeypatch.setattr(Replica, "integrate", panicking)
        rebuilds, enough = 0, asyncio.Event()
        rebuilt = room.rebuilt

        async def counted(loaded: Loaded) -> None:
            nonlocal rebuilds
            rebuilds += 1
            if rebuilds > 50:
                enough.set()
                monkeypatch.setattr(Replica, "integrate", integrate)
            await rebuilt(loaded)

        monkeypatch.setattr(room, "rebuilt", counted)
        send_together(room, (eve, eve.insert(0, "poison")))
        await room.idle()
        assert not enough.is_set(), "it would be rebuilt for ever"


# ---- a refused message of another process, and whoever waits for an edit of our own


async def test_an_edit_of_our_own_is_not_called_refused_because_one_from_elsewhere_was(
    storage: Storage, rooms: Rooms, poison: None
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        with log_away(rooms):
            room.edit([TextEdit(0, 0, "ours ")], "job:format")
            waiting = asyncio.create_task(room.durable())
            await eventually(lambda: rooms.log_away)
            following(rooms, room).receive(replication.Unlogged("q", first_update("poison", 8)))
            assert not room.sound.is_set()
            late = asyncio.create_task(room.durable())
            await asyncio.wait_for(room.sound.wait(), 10)
        await asyncio.wait({waiting, late})
        assert room.text == "ours "
        assert "ours" in str((await rooms.snapshots.load(document)).replica.text)
        assert waiting.exception() is None
        assert late.exception() is None


# ---- a send that raises


async def test_a_peer_that_cannot_be_sent_to_keeps_nobody_else_from_seeing(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, bad, eve = await joined(room, "ann", "bad", "eve")

        def raising(frame: bytes) -> None:
            raise RuntimeError("Cannot call write() after write_eof()")

        room.audience._connections[bad.connection] = raising
        try:
            await ann.type(0, "seen")
            room.flush()
        except RuntimeError:
            pass
        await room.durable()
        assert eve.text == "seen"
        assert bad.closed is not None
        assert bad.closed[0] == 1011


class Broken(Client):
    """Whose transport takes nothing any more, once it is broken."""

    broken = False

    def send(self, frame: bytes) -> None:
        if self.broken:
            raise RuntimeError("Cannot call write() after write_eof()")
        super().send(frame)


async def with_one_broken(room: Room) -> tuple[Broken, Client, Client]:
    clients = Broken(user="bad"), Client(user="ann"), Client(user="eve")
    for client in clients:
        client.join(room)
        await client.pump()
    return clients


async def test_a_peer_that_cannot_be_answered_keeps_nobody_else_waiting(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    committed: list[str] = []
    rooms.on_change(lambda workspace, document: committed.append(document))
    async with rooms.open(document) as room:
        bad, ann, _ = await with_one_broken(room)
        await ann.type(0, "text")
        await bad.barrier()
        await ann.barrier()
        bad.broken = True
        await eventually(lambda: ann.answers == [b"t"] and committed == [document])
        assert bad.closed is not None
        assert bad.closed[0] == 1011


async def test_a_peer_that_cannot_be_shown_presence_keeps_nobody_else_from_it(
    storage: Storage, rooms: Rooms, other: Rooms
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room, other.open(document) as there:
        bad, ann, eve = await with_one_broken(room)
        [bob] = await joined(there, "bob")
        bad.broken = True
        payload = bytearray(b"\x01\x05\x01")  # one state, of client 5, at clock 1
        write_var_bytes(payload, b'{"cursor":1}')
        await ann.connection.receive(encode_awareness(bytes(payload)))
        await eventually(lambda: all(any(map(is_awareness, client.frames)) for client in (eve, bob)))
        assert bad.closed is not None
        assert bad.closed[0] == 1011


# ---- deferred updates that cannot be merged


async def test_a_document_opens_whose_log_cannot_be_merged(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge = collab.replicas.replica.merge_updates

    def panicking(*updates: bytes) -> bytes:
        if len(updates) > 1 and any(b"left" in one for one in updates) and any(b"right" in one for one in updates):
            raise PanicException("as if")
        return merge(*updates)

    monkeypatch.setattr(collab.replicas.replica, "merge_updates", panicking)
    document = await new_document(storage)
    async with rooms.open(document) as room:
        for word in ("left ", "right "):
            room.edit([TextEdit(0, 0, word)], "user:ann")
            await room.durable()
    room, leave = await other.enter(document)
    try:
        ann = Client()
        ann.join(room)
        try:
            await ann.pump()
        except PanicException:
            pytest.fail("nobody who comes is told what is in it")
        assert ann.text == "right left "
    finally:
        leave()


async def test_who_looks_on_and_panics_is_no_affair_of_who_writes(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:

        def panics(update: bytes) -> None:
            raise PanicException("as if")

        seen: list[bytes] = []
        room.audience.observe(panics)
        room.audience.observe(seen.append)
        try:
            room.edit([TextEdit(0, 0, "text")], "user:ann")
        except PanicException:
            pytest.fail("who writes is told that it failed")
        await room.durable()
        assert len(seen) == 1
