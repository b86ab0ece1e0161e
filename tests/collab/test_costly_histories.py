"""Histories that are cheap to take and costly to build: nobody else waits for one, and its text goes on elsewhere.

`HOSTILE` takes yrs 5 s to build. It is never built in this process.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import Any

import pytest
from pycrdt import Doc, Text, merge_updates

from collab import renewal
from collab.aside import Aside, AsideFailed, TookTooLong
from collab.codec import encode_update
from collab.documents import now
from collab.edits import TextEdit
from collab.entries import LogEntry
from collab.folding import fold
from collab.replication import GivenUp, Gone
from collab.room import RENEWED, Room, RoomClosed
from collab.rooms import Rooms
from collab.snapshots import DocumentGone
from collab.trial import Structs, build, most_structs
from collab.update import encode_state_vector, read_update
from storage import Storage
from tests.collab.files_helpers import Process, on_drive
from tests.collab.rooms_helpers import Client, eventually, losing, new_document
from tests.collab.test_hostile import BASE, COMPARED_WITH_ALL, STRUCTS
from tests.collab.yjs_bytes import text, update


def in_pieces(base: bytes, forged: bytes) -> bytes:
    doc: Doc[Text] = Doc()
    doc.get("text", type=Text)
    doc.apply_update(base)
    doc.apply_update(forged)
    return doc.get_update()


HOSTILE = in_pieces(BASE, COMPARED_WITH_ALL)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.05)
    monkeypatch.setattr(renewal, "UNHEARD", 0.1)


@pytest.fixture(autouse=True)
def never_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process integrates nothing at a stretch that takes long."""
    apply = Doc.apply_update

    def watched(self: Doc[Any], content: bytes) -> None:
        assert len(content) < len(HOSTILE) / 2 or read_update(content, "text").parts < 100
        apply(self, content)

    monkeypatch.setattr(Doc, "apply_update", watched)


class Unwatched(Client):
    """Its document is another machine's: it takes everything, and here nothing of it."""

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)


async def attack(room: Room) -> Unwatched:
    eve = Unwatched(user="eve")
    eve.join(room)
    for frame in (encode_update(BASE), encode_update(COMPARED_WITH_ALL)):
        await eve.connection.receive(frame)
    return eve


# ---- the trial


def typed_at_random(count: int, people: int = 1) -> bytes:
    rng = random.Random(count)
    docs: list[Doc[Any]] = [Doc(client_id=rng.randrange(1, 1 << 32)) for _ in range(people)]
    for doc in docs:
        doc.get("text", type=Text)
    for _ in range(count):
        doc, peer = rng.choice(docs), rng.choice(docs)
        shared = doc.get("text", type=Text)
        shared.insert(rng.randrange(len(shared) + 1), "ab")
        if len(shared) > 20 and rng.random() < 0.3:
            at = rng.randrange(len(shared) - 2)
            del shared[at : at + 2]
        if people > 1:
            doc.apply_update(peer.get_update(doc.get_state()))
    return merge_updates(*(doc.get_update() for doc in docs))


def typed_at_one_place_offline(people: int, count: int) -> bytes:
    updates = []
    for person in range(people):
        doc: Doc[Any] = Doc(client_id=1_000 + 37 * person)
        shared = doc.get("text", type=Text)
        for number in range(count):
            shared.insert(0 if person % 2 else number, "o")
        updates.append(doc.get_update())
    return merge_updates(*updates)


def keystrokes(count: int, client: int = 5, letter: str = "a") -> bytes:
    """One letter behind the other, each a struct of its own."""
    return update((client, 0, [text(letter), *(text(letter, (client, clock)) for clock in range(count - 1))]))


async def test_what_people_write_is_bearable_and_what_is_forged_is_not() -> None:
    aside = Aside()
    honest = [typed_at_random(3_000), typed_at_random(1_000, people=5), typed_at_one_place_offline(60, 60)]
    for content in (*honest, b"\0\0"):
        await aside.attempt(len(content), build, content)
    with pytest.raises(TookTooLong):
        await aside.attempt(len(HOSTILE), build, HOSTILE)
    await aside.attempt(len(honest[0]), build, honest[0])
    await aside.close()


def test_a_few_structs_are_no_reason_for_a_trial_and_many_are() -> None:
    assert not Structs().doubtful(0)
    assert not Structs(0, 100).doubtful(0)
    assert Structs(0, 200).doubtful(0)
    assert not Structs(1_000_000, 0).doubtful(0)
    assert Structs(100_000, 1).doubtful(0)
    assert not Structs(0, 200).tried(200).doubtful(0)
    assert Structs(0, 200).tried(200) == Structs(200, 0)
    assert Structs(200, 0).more(7) == Structs(200, 7)
    # Each may cut a string as long as the whole text.
    assert not Structs(0, 9).doubtful(1_000_000)
    assert Structs(0, 1).doubtful(15_000_000)
    # A little more each time, each time without a trial, adds up.
    structs = Structs()
    for _ in range(1_000):
        structs = structs.more(1)
    assert structs.doubtful(0)


@pytest.mark.parametrize("make", [lambda: typed_at_random(500), lambda: typed_at_random(300, 5), lambda: HOSTILE])
def test_no_update_holds_more_structs_than_is_supposed(make: Any) -> None:
    content = make()
    assert read_update(content, "text").parts <= most_structs(content)


# ---- rooms


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


async def logged(storage: Storage, rooms: Rooms, *entries: bytes) -> str:
    """A document of which the log has so much, and no room anything."""
    document = await new_document(storage)
    await rooms.updates.append([LogEntry(document, "p", n, n, entry) for n, entry in enumerate(entries, 1)])
    return document


async def test_the_first_edit_after_opening_waits_for_a_trial_and_then_counts(storage: Storage, rooms: Rooms) -> None:
    document = await logged(storage, rooms, typed_at_random(1_000))
    room, leave = await rooms.enter(document)
    assert room.doubtful
    ann = Client()
    ann.join(room)
    await ann.pump()
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
    bob = Client(user="bob")
    bob.join(there)
    await bob.pump()
    async with rooms.open(document) as here:
        here.edit([TextEdit(0, 0, "news ")], "user:ann")
        await here.durable()
        await eventually(lambda: bob.text == here.text)
    leave()


async def test_a_text_that_cuts_a_pair_is_mended_after_a_trial(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann = Client()
        ann.join(room)
        await ann.pump()
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
    for look in (rooms.present, rooms.snapshots.compact):
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
    monkeypatch.setattr("collab.trial.AT_STAKE", 0.0)  # each letter is a reason for a trial
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
    ann = Client()
    ann.join(room)
    await ann.pump()
    await ann.connection.receive(encode_update(Client().insert(0, "first ")))
    await room.durable()
    assert room.text.count("first ") == 1
    leave()


# ---- folding


async def test_a_costly_snapshot_is_never_pointed_to(storage: Storage, rooms: Rooms) -> None:
    for entries in ((BASE, COMPARED_WITH_ALL), (HOSTILE,)):
        document = await new_document(storage)
        room, leave = await rooms.enter(document)
        given_up: list[Room] = []
        rooms.on_give_up(given_up.append)
        await rooms.updates.append([LogEntry(document, "p", n, n, entry) for n, entry in enumerate(entries, 1)])
        await rooms._compact(room)
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
    assert len((await rooms.presents([honest, hostile])).keys() & {honest}) == 1
    assert (await rooms.present(honest)).whole
    with pytest.raises(RoomClosed):
        await rooms.present(hostile)


# ---- renewal


async def attacked(one: Process) -> str:
    """The id of a file with a version and a settled plain file, after an attack that nobody has noticed yet."""
    document = await one.write("notes/a.md", b"\r\n")
    await one.type(document, "kept ")
    await one.drive.settle_due()
    await one.files.history.make("w", document, "user:ann", "by hand")
    room, leave = await one.rooms.enter(document)
    await attack(room)
    await room.durable()
    leave()
    return document


async def discovered(process: Process, document: str) -> None:
    with pytest.raises(RoomClosed):
        async with process.rooms.open(document):
            pass


async def heir_of(process: Process, document: str) -> str:
    async def moved() -> bool:
        return (await process.files.entry("w", "notes/a.md")).id != document

    for _ in range(500):
        if await moved():
            break
        await asyncio.sleep(0.02)
    heir = (await process.files.entry("w", "notes/a.md")).id
    assert heir != document
    return heir


async def test_the_text_goes_on_at_the_same_path_under_another_id(one: Process) -> None:
    document = await attacked(one)
    before = await one.files.history.versions.list(document, None, 10)
    await discovered(one, document)
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    raw = await (await one.files.read("w", "notes/a.md")).plain.bytes()
    assert raw.count(b"y") == STRUCTS
    assert raw.endswith(b"\r\n")
    with pytest.raises(DocumentGone):
        await one.rooms.enter(document)
    assert await one.files.trash.list("w") == []
    # The history has come along, and goes on.
    after = await one.files.history.versions.list(heir, None, 10)
    assert [version.id for version in after] == [version.id for version in before]
    assert await one.files.history.versions.text("w", heir, after[0]) == "kept \n"
    await one.type(heir, "and on ")
    await one.drive.settle_due()
    assert len(await one.files.history.versions.list(heir, None, 10)) == 2
    assert await on_drive(one.storage) == {"notes/a.md": b"and on " + raw}


async def test_what_another_process_logs_meanwhile_is_carried_over(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LAST_WORDS", 1.0)
    document = await one.write("notes/a.md", b"")
    there, leave_there = await two.rooms.enter(document)
    bob = Unwatched(user="bob")
    bob.join(there)
    await bob.connection.receive(encode_update(Client().insert(0, "bob is here ")))
    here, leave_here = await one.rooms.enter(document)
    await attack(here)
    await eventually(lambda: there.state == here.state)
    losing(monkeypatch, there, here.writer, GivenUp)
    losing(monkeypatch, there, one.rooms._process, Gone)
    await discovered(one, document)
    heir = await heir_of(one, document)
    await one.type(heir, "ann ")
    await bob.connection.receive(encode_update(Client().insert(0, "bob was here ")))
    await there.durable()
    await one.files.renewal.close()
    present = await one.rooms.text_of(heir)
    assert present.count("ann ") == present.count("bob is here ") == present.count("bob was here ") == 1
    assert present.count("y") == STRUCTS
    leave_here()
    leave_there()


async def test_two_processes_that_find_out_at_once_make_one_heir(one: Process, two: Process) -> None:
    document = await attacked(one)
    _, leave = await two.rooms.enter(document)
    await asyncio.gather(discovered(one, document), discovered(two, document))
    await asyncio.gather(one.files.renewal.close(), two.files.renewal.close())
    heir = await heir_of(one, document)
    assert [entry.path for entry in await one.files.list("w")] == ["notes", "notes/a.md"]
    assert (await one.rooms.text_of(heir)).count("y") == STRUCTS
    leave()


async def test_everybody_in_other_processes_is_sent_away_too(one: Process, two: Process) -> None:
    document = await attacked(one)
    there, leave = await two.rooms.enter(document)
    bob = Unwatched(user="bob")
    bob.join(there)
    await discovered(one, document)
    await eventually(lambda: bob.closed == (4410, RENEWED))
    leave()
    await heir_of(two, document)


async def test_after_a_crash_in_the_middle_it_is_found_again(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await attacked(one)

    async def crash(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(one.files.contents, "create", crash)
        await discovered(one, document)
        await one.files.renewal.close()
    assert (await one.files.entry("w", "notes/a.md")).id == document
    two = Process(one.storage)
    # The log replays as people wrote it, which is cheap; what is costly shows when it is folded.
    room, leave = await two.rooms.enter(document)
    await two.rooms._compact(room)
    leave()
    assert await heir_of(two, document) != document
    await two.files.renewal.close()
    await two.rooms.close()


async def test_a_text_that_no_room_has_built_is_salvaged(one: Process) -> None:
    document = await one.write("notes/a.md", b"")
    count = 1_500
    base = update((5, 0, [text("x" * count)]))
    forged = update((6, 0, [text("y", None, (5, count - 1 - k)) for k in range(count)]))
    await one.rooms.updates.append([LogEntry(document, "p", 1, 1, in_pieces(base, forged))])
    room, leave = await one.rooms.enter(document)
    assert not room.built
    await discovered(one, document)
    assert not room.built
    leave()
    heir = await heir_of(one, document)
    assert sorted(await one.rooms.text_of(heir)) == sorted("xy" * count)


async def test_what_another_process_has_folded_is_not_left_behind(one: Process, two: Process) -> None:
    document = await one.write("notes/a.md", b"")
    there, leave_there = await two.rooms.enter(document)
    bob = Unwatched(user="bob")
    bob.join(there)
    await bob.connection.receive(encode_update(Client().insert(0, "bob is here ")))
    await there.durable()
    here, leave_here = await one.rooms.enter(document)
    slot = one.rooms._slots[document]
    assert slot.unsubscribe is not None
    await slot.unsubscribe()  # the process that finds out hears nothing of what follows
    slot.unsubscribe = None
    await attack(here)
    await here.durable()
    await bob.connection.receive(encode_update(Client().insert(0, "bob was here ")))
    await there.durable()
    cheap = [entry for entry in await two.rooms.updates.read(document) if entry.process == there.writer]
    folded = fold("text", None, Structs(), cheap)
    assert folded is not None
    await one.storage.objects.put("snapshots/bob", folded.snapshot)
    covers = [{"process": entry.process, "last": entry.last, "at": now()} for entry in cheap]
    pointer = {"key": "snapshots/bob", "size": len(folded.snapshot), "covers": covers}
    await one.storage.db["documents"].update_one({"_id": document}, {"$set": {"snapshot": pointer}})
    await two.rooms.updates.delete(cheap)
    await discovered(one, document)
    heir = await heir_of(one, document)
    present = await one.rooms.text_of(heir)
    assert present.count("bob is here ") == present.count("bob was here ") == 1
    leave_here()
    leave_there()


async def test_a_process_that_heard_nothing_leaves_a_document_that_is_gone(one: Process, two: Process) -> None:
    document = await one.write("notes/a.md", b"")
    there, leave = await two.rooms.enter(document)
    bob = Unwatched(user="bob")
    bob.join(there)
    await bob.connection.receive(encode_update(Client().insert(0, "b")))
    await there.durable()
    await two.rooms._leave_what_is_gone()
    assert bob.closed is None
    await one.storage.db["documents"].update_one({"_id": document}, {"$set": {"gone_at": now()}})
    await two.rooms._leave_what_is_gone()  # it has logged nothing since
    assert bob.closed is None
    await bob.connection.receive(encode_update(Client().insert(0, "b")))
    await there.durable()
    await two.rooms._leave_what_is_gone()
    assert bob.closed == (4410, "this document is gone")
    leave()


async def test_a_crash_after_the_switch_leaves_nothing_undone(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await attacked(one)
    versions = one.files.history.versions

    async def crash(*_: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(versions, "move", crash)
        await discovered(one, document)
        heir = await heir_of(one, document)
        await one.files.renewal.close()
    assert len(await one.files.trash.list("w")) == 1
    before = await versions.list(document, None, 10)
    assert before
    await one.drive.sweep("w")
    assert await one.files.trash.list("w") == []
    assert [version.id for version in await versions.list(heir, None, 10)][-len(before) :] == [
        version.id for version in before
    ]
    await one.drive.sweep("w")


async def test_who_knocks_again_and_again_does_not_keep_a_room_closed(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.IDLE", 0.1)
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


async def test_what_is_in_the_trash_stays_there(one: Process) -> None:
    document = await attacked(one)
    await one.files.delete("w", "notes/a.md", "user:ann")
    await discovered(one, document)
    await one.files.renewal.close()
    assert [entry.path for entry in await one.files.trash.list("w")] == ["notes/a.md"]


async def test_storage_that_is_away_in_the_middle_of_it_is_waited_for(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "RETRY", 0.02)
    document = await attacked(one)
    failures = 0

    def failing(work: Any) -> Any:
        tries = 0

        async def fail_at_first(*arguments: Any) -> Any:
            nonlocal tries, failures
            tries += 1
            if tries < 3:
                failures += 1
                raise OSError("away")
            return await work(*arguments)

        return fail_at_first

    versions, rooms = one.files.history.versions, one.rooms
    for owner, name in ((rooms.updates, "numbers"), (versions, "move"), (rooms, "retire")):
        monkeypatch.setattr(owner, name, failing(getattr(owner, name)))
    await discovered(one, document)
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    assert failures == 6
    assert await one.files.contents.documents.heirs("w") == {}
    assert await versions.list(document, None, 10) == []
    assert len(await versions.list(heir, None, 10)) > 0
    assert await one.files.trash.list("w") == []


async def test_a_process_that_is_told_to_stop_does_not_wait_for_ever(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "GRACE", 0.2)
    document = await attacked(one)

    async def away(*_: Any) -> None:
        raise OSError("away")

    with monkeypatch.context() as patch:
        patch.setattr(one.files.contents.documents, "find", away)
        await discovered(one, document)
        await asyncio.wait_for(one.files.renewal.close(), 5)
    assert (await one.files.entry("w", "notes/a.md")).id == document


async def test_many_who_wait_for_a_trial_are_all_taken_after_it(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of them may have the next trial begin, before the others have had their turn."""
    monkeypatch.setattr("collab.trial.AT_STAKE", 0.0)
    document = await logged(storage, rooms, typed_at_random(200))
    room, leave = await rooms.enter(document)
    people = [Unwatched(user=f"user{n}") for n in range(4)]
    for person in people:
        person.join(room)
    many = [keystrokes(450, 100 + n, "p") for n in range(len(people))]
    sending = [person.connection.receive(encode_update(part)) for person, part in zip(people, many, strict=True)]
    looking = [rooms.text_of(document) for _ in range(3)]

    async def edit() -> None:
        async with rooms.open(document) as opened:
            opened.edit([TextEdit(0, 0, "q")], "job:1")

    await asyncio.gather(*sending, *looking, *(edit() for _ in range(4)))
    await room.durable()
    assert room.text.count("p") == 450 * len(people)
    assert room.text.count("q") == 4
    assert all(person.closed is None for person in people)
    leave()
