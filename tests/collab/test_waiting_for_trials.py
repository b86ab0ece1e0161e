"""Rooms whose history may be costly to build: they wait for a trial, and nobody else waits with them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from collab.aside import Aside, AsideFailed
from collab.durable.entries import LogEntry
from collab.refusals import RoomClosed
from collab.replicas.edits import TextEdit
from collab.replicas.trial import Structs
from collab.rooms.present import present_of, presents_of, text_of
from collab.rooms.room import RENEWED, Room
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_update
from collab.yjs.update import encode_state_vector
from storage import Storage
from tests.collab.costly import (
    BASE,
    COMPARED_WITH_ALL,
    HOSTILE,
    STRUCTS,
    Unwatched,
    attack,
    keystrokes,
    logged,
    typed_at_random,
)
from tests.collab.rooms_helpers import Client, eventually, joined, new_document
from tests.collab.yjs_bytes import text, update

pytestmark = pytest.mark.usefixtures("never_here")


async def test_a_copy_after_an_honest_trial_needs_no_other_one(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = 0
    attempt = Aside.attempt

    async def counted(self: Aside, *arguments: Any, **named: Any) -> Any:
        nonlocal trials
        trials += 1
        return await attempt(self, *arguments, **named)

    monkeypatch.setattr(Aside, "attempt", counted)
    document = await new_document(storage)
    async with rooms.open(document) as room:
        assert trials == 0
        for number in range(400):
            room.apply(Client().insert(0, f"{number} "), "user:ann")
        assert room.doubtful
        async with rooms.open(document), rooms.open(document):
            assert not room.doubtful
        await asyncio.gather(room.copyable(), room.copyable())
        assert trials == 1
        room.edit([TextEdit(0, 0, "!")], "user:ann")
        await room.copyable()
        assert trials == 1


async def test_a_trial_that_cannot_be_made_holds_up_nobody(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: Aside, *_: Any, **__: Any) -> Any:
        raise AsideFailed("no more processes")

    monkeypatch.setattr(Aside, "attempt", fail)
    async with rooms.open(document := await new_document(storage)) as room:
        for number in range(400):
            room.apply(Client().insert(0, f"{number} "), "user:ann")
        async with rooms.open(document):
            room.edit([TextEdit(0, 0, "still here ")], "user:ann")
        assert room.text.startswith("still here ")


async def test_the_first_edit_after_opening_waits_for_a_trial_and_then_counts(storage: Storage, rooms: Rooms) -> None:
    document = await logged(storage, rooms, typed_at_random(1_000))
    room, leave = await rooms.enter(document)
    assert room.doubtful
    [ann] = await joined(room, "ann")
    assert not room.built
    assert len(ann.text) > 500
    await ann.connection.receive(encode_update(Client().insert(0, "first ")))
    barrier = asyncio.create_task(ann.barrier(b"b"))  # waits with all frames behind the edit
    assert not room.built
    await eventually(lambda: ann.answers == [b"b"])
    await barrier
    assert room.text.count("first ") == 1
    assert len(await rooms.updates.read(document)) == 2
    leave()


async def test_the_first_edit_of_a_costly_text_is_never_called_saved(storage: Storage, rooms: Rooms) -> None:
    document = await logged(storage, rooms, HOSTILE)
    room, leave = await rooms.enter(document)
    ann = Unwatched()
    ann.join(room)
    # What came before the trial has ended is neither shown nor logged.
    await ann.connection.receive(encode_update(Client().insert(0, "ann ")))
    with pytest.raises(RoomClosed):
        await room.durable()
    assert ann.closed == (4410, RENEWED)
    assert len(await rooms.updates.read(document)) == 1
    leave()


async def test_what_a_peer_lacks_is_told_without_building(storage: Storage, rooms: Rooms) -> None:
    document = await logged(storage, rooms, HOSTILE)
    room, leave = await rooms.enter(document)
    known = {5: STRUCTS, 6: 100}
    rest = room.encode_since(encode_state_vector(known), known)
    assert len(rest) < len(HOSTILE)
    assert room.encode_whole()
    assert not room.built
    leave()


async def test_the_bus_brings_an_edit_to_a_text_that_nobody_has_built(
    storage: Storage, rooms: Rooms, other: Rooms
) -> None:
    document = await logged(storage, rooms, typed_at_random(1_000))
    there, leave = await other.enter(document)
    [bob] = await joined(there, "bob")
    async with rooms.open(document) as here:
        here.edit([TextEdit(0, 0, "news ")], "user:ann")
        await here.durable()
        await eventually(lambda: bob.text == here.text)
    leave()


async def test_a_text_that_cuts_a_pair_is_mended_after_a_trial(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        [ann] = await joined(room, "ann")
        await ann.type(0, "😀" * 10)
        for number in range(400):
            await ann.type(0, f"{number} ")
        assert room.doubtful
        client = ann.doc.client_id
        await ann.connection.receive(encode_update(update(deletes={client: [(1, 1)]})))
        room.flush()
        assert not room.sound.is_set()
        await asyncio.wait_for(room.idle(), 10)
        assert room._replica.structs.proven > 300
        assert "�" in room.text


async def test_what_is_cheap_as_it_was_written_and_costly_as_it_is_copied_is_found_out(
    storage: Storage, rooms: Rooms
) -> None:
    document = await logged(storage, rooms, BASE, COMPARED_WITH_ALL)
    with pytest.raises(RoomClosed):
        async with rooms.open(document):
            pass


async def test_many_keystrokes_in_one_entry_are_squashed_and_not_given_up(storage: Storage, rooms: Rooms) -> None:
    """Integrating them takes time with the square of their number, and leaves one string."""
    count = 12_000
    for look in (partial(present_of, rooms), rooms.snapshots.compact):
        document = await logged(storage, rooms, keystrokes(count))
        await look(document)  # type: ignore[operator]
        room, leave = await rooms.enter(document)
        await room.copyable()
        assert room.text == "a" * count
        assert len(room.encode_whole()) < count + 100
        leave()


async def test_who_never_stops_writing_keeps_nobody_from_a_copy(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.replicas.trial.AT_STAKE", 0.0)  # each letter is a reason for a trial
    async with rooms.open(await new_document(storage)) as room:
        eve = Unwatched(user="eve")
        eve.join(room)

        async def write() -> None:
            while True:
                await eve.connection.receive(encode_update(Client().insert(0, "e")))
                await asyncio.sleep(0)

        writing = asyncio.create_task(write())
        for _ in range(3):
            await asyncio.sleep(0.05)
            assert room.doubtful
            await room.copyable()
            assert not room.doubtful
        length = room.length
        await eventually(lambda: room.length > length)  # and goes on
        writing.cancel()


async def test_of_a_long_text_less_is_integrated_at_a_stretch(storage: Storage, rooms: Rooms) -> None:
    async with rooms.open(await new_document(storage)) as room:
        assert room.portion() >= 16
        room.apply(update((5, 0, [text("x" * 4_000_000)])), "user:ann")
        assert 1 <= room.portion() <= 4


@pytest.mark.parametrize("error", [ValueError("refused"), AsideFailed("panicked"), OSError("no process")])
async def test_a_first_edit_goes_on_whatever_becomes_of_the_trial(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fail(self: Aside, *_: Any, **__: Any) -> Any:
        raise error

    document = await logged(storage, rooms, typed_at_random(1_000))
    monkeypatch.setattr(Aside, "attempt", fail)
    room, leave = await rooms.enter(document)
    [ann] = await joined(room, "ann")
    await ann.connection.receive(encode_update(Client().insert(0, "first ")))
    await room.durable()
    assert room.text.count("first ") == 1
    leave()


async def test_many_who_wait_for_a_trial_are_all_taken_after_it(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of them may have the next trial begin, before the others have had their turn."""
    monkeypatch.setattr("collab.replicas.trial.AT_STAKE", 0.0)
    document = await logged(storage, rooms, typed_at_random(200))
    room, leave = await rooms.enter(document)
    people = [Unwatched(user=f"user{n}") for n in range(4)]
    for person in people:
        person.join(room)
    many = [keystrokes(450, 100 + n, "p") for n in range(len(people))]
    sending = [person.connection.receive(encode_update(part)) for person, part in zip(people, many, strict=True)]
    looking = [text_of(rooms, document) for _ in range(3)]

    async def edit() -> None:
        async with rooms.open(document) as opened:
            opened.edit([TextEdit(0, 0, "q")], "job:1")

    await asyncio.gather(*sending, *looking, *(edit() for _ in range(4)))
    await room.durable()
    assert room.text.count("p") == 450 * len(people)
    assert room.text.count("q") == 4
    assert all(person.closed is None for person in people)
    leave()


async def test_a_costly_snapshot_is_never_pointed_to(storage: Storage, rooms: Rooms) -> None:
    for entries in ((BASE, COMPARED_WITH_ALL), (HOSTILE,)):
        document = await new_document(storage)
        room, leave = await rooms.enter(document)
        given_up: list[Room] = []
        rooms.on_give_up(given_up.append)
        await rooms.updates.append([LogEntry(document, "p", n, n, entry) for n, entry in enumerate(entries, 1)])
        await rooms._compacting.compact(room)
        assert given_up == [room]
        record = await storage.db["documents"].find_one({"_id": document})
        assert record is not None
        assert record["snapshot"] is None
        assert len(await rooms.updates.read(document)) == len(entries)
        leave()


async def test_a_snapshot_that_was_tried_is_trusted_and_one_that_was_not_adds_up(
    storage: Storage, rooms: Rooms
) -> None:
    document = await logged(storage, rooms, typed_at_random(200))
    assert await rooms.snapshots.compact(document)
    structs = (await rooms.snapshots.load(document)).replica.structs
    assert structs.fresh == 0
    assert structs.proven > 200
    few = [Client().insert(0, "x") for _ in range(3)]
    await rooms.updates.append([LogEntry(document, "q", n, n, entry) for n, entry in enumerate(few, 1)])
    assert await rooms.snapshots.compact(document)
    assert (await rooms.snapshots.load(document)).replica.structs == Structs(structs.proven, 3)


async def test_a_text_that_was_never_tried_is_read_after_a_trial(storage: Storage, rooms: Rooms) -> None:
    honest, hostile = await logged(storage, rooms, typed_at_random(1_000)), await logged(storage, rooms, HOSTILE)
    assert len((await presents_of(rooms, [honest, hostile])).keys() & {honest}) == 1
    assert (await present_of(rooms, honest)).whole
    with pytest.raises(RoomClosed):
        await present_of(rooms, hostile)


async def test_whoever_wants_a_copy_hears_that_there_is_none_and_everybody_is_sent_away(
    storage: Storage, rooms: Rooms
) -> None:
    document = await new_document(storage)
    given_up: list[str] = []
    rooms.on_give_up(lambda room: given_up.append(room.document))
    room, leave = await rooms.enter(document)
    ann = Unwatched()
    ann.join(room)
    eve = await attack(room)
    assert room.doubtful
    with pytest.raises(RoomClosed):
        async with rooms.open(document):
            pass
    assert given_up == [document]
    assert ann.closed == eve.closed == (4410, RENEWED)
    with pytest.raises(RoomClosed):
        await rooms.enter(document)
    with pytest.raises(RoomClosed):
        await ann.type(0, "too late")
    leave()


async def test_who_knocks_again_and_again_does_not_keep_a_room_closed(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.rooms.IDLE", 0.1)
    room, leave = await rooms.enter(await new_document(storage))
    room.give_up()
    leave()
    for _ in range(100):
        with suppress(RoomClosed):
            again, leave = await rooms.enter(room.document)
            break
        await asyncio.sleep(0.02)
    assert again is not room
    assert not again.closed
    leave()
