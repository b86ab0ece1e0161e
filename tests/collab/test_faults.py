"""Where the CRDT library, or whoever looks on, fails at other moments than while a room integrates (`test_rebuild`)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pycrdt import Doc, merge_updates

from collab.durable.snapshots import Loaded
from collab.limits import Limits
from collab.refusals import RoomRebuilding
from collab.replicas.edits import TextEdit
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_barrier
from collab.yjs.update import read_update
from storage import Storage
from tests.collab.costly import Unwatched
from tests.collab.files_helpers import Process, on_drive
from tests.collab.rooms_helpers import Client, eventually, joined, log_away, new_document, rebuilt_from
from tests.collab.yjs_bytes import node, update, value


class PanicException(BaseException):
    pass


def panicking(*updates: bytes) -> bytes:
    if any(b"poison" in update for update in updates):
        raise PanicException("as if the library did not merge it")
    return merge_updates(*updates)


def send(room: Room, *sent: tuple[Client, bytes]) -> None:
    for client, made in sent:
        room.accept(made, read_update(made, "text"), client.author, client.connection)


async def test_what_was_gathered_with_what_cannot_be_merged_is_not_lost(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        monkeypatch.setattr("collab.durable.outbox.merge_updates", panicking)
        send(room, (ann, ann.insert(0, "good ")), (eve, eve.insert(0, "poison ")))
        room.flush()
        await ann.barrier()
        await eventually(lambda: ann.answers == [b"t"])
        assert "good " in room.text
    assert "good " in str((await rooms.snapshots.load(document)).replica.text)


async def test_one_rooms_panic_does_not_end_saving_for_the_others(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = await new_document(storage), await new_document(storage)
    async with rooms.open(bad) as spoilt, rooms.open(good) as room:
        ann = (await joined(room, "ann"))[0]
        [eve] = await joined(spoilt, "eve")
        monkeypatch.setattr("collab.durable.outbox.merge_updates", panicking)
        await eve.type(0, "poison ")
        spoilt.flush()
        await eve.type(0, "more ")
        spoilt.flush()  # two parts, which the group commit merges
        await asyncio.sleep(0)
        await eventually(lambda: not rooms._commits._dirty or rooms._commits._task.done())
        await ann.type(0, "good ")
        await ann.barrier()
        await eventually(lambda: ann.answers == [b"t"], 3)


async def test_one_rooms_observer_does_not_end_saving_for_the_others(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same with an Exception: who looks on fails while the group commit flushes."""
    bad, good = await new_document(storage), await new_document(storage)
    async with rooms.open(bad) as spoilt, rooms.open(good) as room:
        [ann] = await joined(room, "ann")
        [eve] = await joined(spoilt, "eve")

        def fails(update: bytes) -> None:
            if b"second" in update:
                raise RuntimeError("an observer fails")

        spoilt.audience.observe(fails)
        await eve.type(0, "first ")  # flushed at once, marked
        monkeypatch.setattr(spoilt._window, "delay", lambda now: 60)
        await eve.type(0, "second ")  # waits, and is flushed by the commit
        await eventually(lambda: not spoilt._incoming)
        await ann.type(0, "good ")
        await ann.barrier()
        await eventually(lambda: ann.answers == [b"t"], 3)


async def test_an_observer_that_fails_behind_a_mend_does_not_hold_the_room_up_for_ever(
    storage: Storage, rooms: Rooms
) -> None:
    from tests.collab.test_held_up import BETWEEN, EMOJI

    document = await new_document(storage)
    room, leave = await rooms.enter(document)
    room.apply(EMOJI, "user:ann")
    await room.durable()

    def fails(update: bytes) -> None:
        raise RuntimeError("an observer fails")

    stop = room.audience.observe(fails)
    room.apply(BETWEEN, "user:eve")
    assert not room.sound.is_set()
    held = room._held_up
    assert held is not None
    await asyncio.wait({held})
    stop()
    await asyncio.wait_for(room.ready(), 3)
    leave()


async def test_what_waits_when_the_first_flush_after_a_rebuild_fails_is_not_lost(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rebuilt` empties `_suspects`, then `_go_on` flushes; when that raises all is done once more."""
    from pycrdt import Doc

    apply = Doc.apply_update

    def poisoned(doc: Any, update: bytes) -> None:
        if b"poison" in update:
            raise PanicException("as if")
        apply(doc, update)

    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, bob, eve = await joined(room, "ann", "bob", "eve")
        monkeypatch.setattr(room._window, "delay", lambda now: 60)
        monkeypatch.setattr(Doc, "apply_update", poisoned)
        failed = []
        rebuilds = rebuilt_from(monkeypatch, room)

        def fails_once(update: bytes) -> None:
            if not failed:
                failed.append(update)
                raise RuntimeError("an observer fails")

        with log_away(rooms):
            await ann.type(0, "before ")
            room.flush()
            await eventually(lambda: rooms.log_away)  # the group commit tries again, and flushes nothing meanwhile
            send(room, (ann, ann.insert(0, "one ")), (eve, eve.insert(0, "poison ")), (bob, bob.insert(0, "two ")))
            room.audience.observe(fails_once)
            room.flush()
            assert not room.sound.is_set()
            await eventually(
                lambda: len(rebuilds) == 2 or bool(failed and room.sound.is_set() and not room._incoming), 5
            )
            await room.idle()
        await bob.barrier()
        await eventually(lambda: bob.answers == [b"t"], 5)
        assert bob.closed is None
        assert "one " in room.text
        assert "two " in room.text
    assert "two " in str((await rooms.snapshots.load(document)).replica.text)


def half_taken(monkeypatch: pytest.MonkeyPatch, room: Room) -> None:
    """An update with "poison" in it panics when the document has taken most of it."""
    apply = Doc.apply_update

    def panicking(doc: Any, content: bytes) -> None:
        if b"poison" in content:
            if doc is room.doc:
                apply(doc, content)
            raise PanicException("as if")
        apply(doc, content)

    monkeypatch.setattr(Doc, "apply_update", panicking)


async def test_nobody_reads_what_a_panic_has_left(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that settles just now: its plain file must not keep what nobody was shown."""
    document = await one.write("a.md", b"kept\n")
    room, leave = await one.rooms.enter(document)
    await room.readable()
    load, go = one.rooms.snapshots.load, asyncio.Event()

    async def slow(document: str) -> Loaded:
        await go.wait()
        return await load(document)

    room.edit([TextEdit(0, 0, "good ")], "user:ann")
    await room.durable()
    assert room.built
    half_taken(monkeypatch, room)
    monkeypatch.setattr(one.rooms.snapshots, "load", slow)
    eve = Client(user="eve")
    bad = Client().insert(0, "poison ")
    eve.join(room)
    eve.frames.clear()
    room.accept(bad, read_update(bad, "text"), "user:eve", eve.connection)
    room.flush()
    assert not room.sound.is_set()
    settling = asyncio.create_task(one.drive.settle_due())
    await asyncio.wait({settling}, timeout=1)
    go.set()
    await settling
    await room.ready()
    assert room.text == "good kept\n"
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {"a.md": b"good kept\n"}
    leave()


async def test_who_comes_again_during_a_rebuild_is_not_told_that_what_is_refused_is_saved(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 0, "before ")], "user:ann")
        await room.durable()
        [eve] = await joined(room, "eve")
        half_taken(monkeypatch, room)
        load, go = rooms.snapshots.load, asyncio.Event()

        async def slow(document: str) -> Loaded:
            await go.wait()
            return await load(document)

        monkeypatch.setattr(rooms.snapshots, "load", slow)
        bad = eve.insert(0, "poison ")
        room.accept(bad, read_update(bad, "text"), eve.author, eve.connection)
        room.flush()
        assert not room.sound.is_set()
        eve.connection.detach()  # her network went away, and she is back at once
        eve.join(room)
        pumping = asyncio.create_task(eve.pump())
        await asyncio.sleep(0)
        go.set()
        await pumping
        await room.idle()
        monkeypatch.undo()
        await eve.barrier()
        for _ in range(20):
            await eve.pump()
            await asyncio.sleep(0.01)
        assert not eve.answers or "poison" in room.text


async def test_what_is_accepted_while_measuring_makes_the_library_panic_is_not_lost(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree near its limit: measuring it flushes what waits, which panics; the update that was measured is admitted
    behind that, and let go by `rebuilt`."""
    rooms = Rooms(storage, Limits(text_document=1200))
    document = await new_document(storage, "tree")
    apply = Doc.apply_update

    def panicking(doc: Any, content: bytes) -> None:
        if b"poison" in content:
            raise PanicException("as if")
        apply(doc, content)

    room, leave = await rooms.enter(document)
    ann, eve = Unwatched(user="ann"), Unwatched(user="eve")
    ann.join(room)
    eve.join(room)
    # Replaced values make the bound, which only grows, outgrow the document.
    filler = update((4, 0, [node("filler")]))
    room.accept(filler, read_update(filler, "tree"), "user:ann", ann.connection)
    clock = 1
    while room._size.most < 1100:
        origin = (4, clock - 1) if clock > 1 else None
        change = update(
            (4, clock, [value(b"w\x20" + b"x" * 32, None if origin else (4, 0), None if origin else "name", origin)])
        )
        room.accept(change, read_update(change, "tree"), "user:ann", ann.connection)
        clock += 1
    await room.durable()
    monkeypatch.setattr(room._window, "delay", lambda now: 60)
    monkeypatch.setattr(Doc, "apply_update", panicking)
    bad, good = update((6, 0, [node("poison")])), update((7, 0, [node("good" * 30)]))
    room.accept(bad, read_update(bad, "tree"), "user:eve", eve.connection)
    try:
        room.accept(good, read_update(good, "tree"), "user:ann", ann.connection)
    except RoomRebuilding:  # then she is sent away, and comes again with it
        await room.ready()
        leave()
        await rooms.close()
        return
    await ann.connection.receive(encode_barrier(b"t"))
    await eventually(lambda: any(frame[0] == 102 for frame in ann.frames))
    assert ann.closed is None
    assert "good" * 30 in room.nodes
    leave()
    await rooms.close()
