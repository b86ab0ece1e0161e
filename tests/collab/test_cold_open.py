"""Opening a document from what storage has, without building it; and that nothing of it is different for that."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pycrdt import Doc, Text

from collab.durable.entries import LogEntry
from collab.durable.folding import fold
from collab.durable.snapshots import LARGEST_STATE
from collab.replicas.building import MOST
from collab.replicas.edits import TextEdit, first_update
from collab.replicas.replica import Replica
from collab.replicas.trial import Structs
from collab.rooms import replication
from collab.rooms.present import presents_of, text_of
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_sync_step_1, encode_update
from collab.yjs.known import Known
from collab.yjs.surrogates import may_hold_pairs
from collab.yjs.update import LARGE, decode_state_vector, encode_state_vector, read_update
from storage import Storage
from tests.collab import yjs_bytes
from tests.collab.rooms_helpers import (
    Client,
    eventually,
    following,
    integrated_in_each_turn,
    joined,
    new_document,
    of_many_structs,
    read_at_a_stretch,
)

NOBODY = encode_state_vector({})


def text_in(update: bytes) -> str:
    doc: Doc[Any] = Doc()
    shared = doc.get("text", type=Text)
    doc.apply_update(update)
    return str(shared)


async def written(storage: Storage, texts: tuple[str, ...], *, folded: bool) -> str:
    """A document into which ``texts`` went, in front of each other; in its snapshot or in its log."""
    writing = Rooms(storage)
    document = await new_document(storage)
    async with writing.open(document) as room:
        for text in texts:
            room.edit([TextEdit(0, 0, text)], "user:ann")
            await room.durable()
    if folded:
        assert await writing.snapshots.compact(document)
    await writing.close()
    return document


async def test_a_reader_gets_the_snapshot_as_it_lies_in_the_store(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await written(storage, ("é😀", "words "), folded=True)
    [key] = [info.key async for info in storage.objects.list(f"snapshots/{document}/")]
    snapshot = await storage.objects.get(key)

    def built(doc: Doc[Any], update: bytes) -> None:
        raise AssertionError("the document was built")

    with monkeypatch.context() as patched:
        patched.setattr(Doc, "apply_update", built)
        async with rooms.open(document) as room:
            assert room.encode_whole() == snapshot
            assert decode_state_vector(room.encode_state_vector()) == room.state
    async with rooms.open(document) as room:
        [ann] = await joined(room, "ann")
        assert ann.text == room.text == "words é😀"
        await ann.type(0, "more ")
        await ann.barrier()
        await eventually(lambda: ann.answers == [b"t"])
        assert room.text == ann.text == "more words é😀"


@pytest.mark.parametrize("folded", [False, True])
async def test_what_the_log_has_on_top_is_in_the_first_answer(storage: Storage, rooms: Rooms, folded: bool) -> None:
    document = await written(storage, ("one ", "two "), folded=folded)
    writing = Rooms(storage)
    async with writing.open(document) as room:
        for text in ("three ", "four "):
            room.edit([TextEdit(0, 0, text)], "user:ann")
            await room.durable()
        whole, state = room.text, room.state
    await writing.close()
    async with rooms.open(document) as room:
        assert text_in(room.encode_whole()) == whole
        assert decode_state_vector(room.encode_state_vector()) == state
        room.edit([TextEdit(0, 0, "five ")], "user:ann")
        assert text_in(room.encode_whole()) == room.text == "five " + whole


async def test_a_state_too_long_for_the_record_is_read_from_the_snapshot(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    for largest, is_kept in ((LARGEST_STATE, True), (0, False)):
        monkeypatch.setattr("collab.durable.snapshots.LARGEST_STATE", largest)
        document = await written(storage, ("text",), folded=True)
        record = await storage.db["documents"].find_one({"_id": document})
        assert record is not None
        assert (record["snapshot"]["state"] is not None) is is_kept
        async with rooms.open(document) as room:
            assert len(room.state) == 1
            room.edit([TextEdit(4, 4, "!")], "user:ann")
            assert room.text == "text!"


@pytest.mark.parametrize("seed", range(20))
def test_a_document_that_was_not_built_takes_the_same_as_one_that_was(seed: int) -> None:
    """Also edits that cut a character in two, and what it has already."""
    dice = random.Random(seed)
    doc: Doc[Any] = Doc(client_id=1)
    shared = doc.get("text", type=Text)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    for _ in range(30):
        shared.insert(0, dice.choice(("a", "é", "😀😀", "line\n")))
        if dice.random() < 0.3:
            del shared[0 : len(str(shared)[0].encode())]
    half = len(updates) // 2
    base: Doc[Any] = Doc()
    base.get("text", type=Text)
    for update in updates[:half]:
        base.apply_update(update)
    content = base.get_update()
    lazy = Replica("text", content, state=base.get_state(), paired=may_hold_pairs(content))
    built = Replica("text", content)
    assert str(built.text) == str(base.get("text", type=Text))
    cut = b"\x00\x01\x01\x01\x01\x01"  # deletes the second unit that client 1 wrote
    for update in [*updates[half - 2 :], cut, updates[-1]]:
        header = read_update(update, "text")
        assert lazy.gap(header) == built.gap(header)
        for replica in (lazy, built):
            taken = replica.admit(update, header)
            replica.defer(taken.update, header.parts, cuts=taken.cuts)
        assert str(built.text) == str(built.doc.get("text", type=Text))
        if dice.random() < 0.2:
            assert text_in(lazy.encode(NOBODY)) == str(built.text)
    assert lazy.state == built.state
    assert text_in(lazy.encode(NOBODY)) == str(built.text) == str(lazy.text)


def test_a_fold_says_of_its_snapshot_what_is_found_in_it() -> None:
    for text in ("plain", "paired 😀"):
        doc: Doc[Any] = Doc()
        doc.get("text", type=Text).insert(0, text)
        made = fold("text", doc.get_update(), Structs(), [])
        assert made is None
        made = fold("text", None, Structs(), [LogEntry("d", "p", 1, 1, doc.get_update())])
        assert made is not None
        assert made.paired == may_hold_pairs(made.snapshot)
        assert decode_state_vector(made.state) == Known("text", made.snapshot).state
        assert made.entries == [0]


async def stored(storage: Storage, rooms: Rooms) -> str:
    """A text with a snapshot of which reading every struct takes a tenth of a second."""
    document = await new_document(storage)
    await rooms.updates.append([LogEntry(document, "before.0", 1, 1, of_many_structs(9_000, "😀"))])
    assert await rooms.snapshots.compact(document)
    return document


@pytest.mark.parametrize("way", ["socket", "server", "logged elsewhere", "shown elsewhere"])
async def test_what_comes_right_after_opening_waits_while_the_document_is_read(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    document = await stored(storage, rooms)
    sizes, edit = read_at_a_stretch(monkeypatch), first_update("first ", 77)
    if way == "server":
        async with rooms.open(document) as room:
            room.apply(edit, "user:ann")
            assert "first " in room.text
    else:
        room, leave = await rooms.enter(document)
        if way == "socket":
            ann = Client(user="ann")
            ann.join(room)
            await ann.connection.receive(encode_update(edit))
            room.flush()
        elif way == "logged elsewhere":
            following(rooms, room).receive(replication.Logged("elsewhere", 1, 1, edit))
        else:
            following(rooms, room).receive(replication.Unlogged("elsewhere", edit, ((77, "user:ann"),)))
        await eventually(lambda: 77 in room.state)
        await room.idle()
        assert "first " in room.text
        leave()
    assert all(size <= LARGE for size in sizes)


async def test_who_only_reads_does_not_wait_while_the_document_is_read(storage: Storage, rooms: Rooms) -> None:
    document = await stored(storage, rooms)
    room, leave = await rooms.enter(document)
    ann = Client()
    ann.join(room)
    await ann.connection.receive(encode_sync_step_1(NOBODY))
    assert len(ann.text) == 9_000
    assert room.unread
    leave()


async def test_of_many_each_is_read_in_turns(storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await stored(storage, rooms)
    await rooms.updates.append([LogEntry(document, "later.0", 1, 1, first_update("later ", 77))])
    sizes = read_at_a_stretch(monkeypatch)
    assert "later " in (await presents_of(rooms, [document]))[document].text
    assert all(size <= LARGE for size in sizes)


@pytest.mark.parametrize("way", ["a keystroke", "a letter replaced", "coming back", "an edit of the server", "a look"])
async def test_a_document_of_very_many_structs_is_built_in_turns(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    document = await new_document(storage)
    await rooms.updates.append([LogEntry(document, "before.0", 1, 1, of_many_structs(25_000, "a"))])
    assert await rooms.snapshots.compact(document)
    ann = Client(user="ann")
    async with rooms.open(document) as room:
        ann.join(room)
        await ann.pump()
    ann.connection.detach()
    there = Rooms(storage)
    room, leave = await there.enter(document)
    assert not room.built
    turns = integrated_in_each_turn(monkeypatch)
    if way == "coming back":
        ann.insert(0, "offline ")
        ann.join(room)
        await ann.pump()
    elif way == "a keystroke":
        room.apply(of_many_structs(1, "k", client=2), "user:zoe")
    elif way == "a letter replaced":
        ann.join(room)
        replaced = yjs_bytes.update((2, 0, [yjs_bytes.text("k", (1, 7))]), deletes={1: [(7, 1)]})
        await ann.connection.receive(encode_update(replaced))
    elif way == "an edit of the server":
        await room.copyable()
        assert room.built
    else:
        await room.readable()
    await room.idle()
    assert sum(turns) >= 25_000
    assert max(turns) <= MOST
    await room.durable()
    expected = {"a keystroke": "k", "a letter replaced": "k", "coming back": "offline "}.get(way, "")
    expected += "a" * (24_999 if way == "a letter replaced" else 25_000)
    assert sorted(room.text) == sorted(expected)
    leave()
    await there.close()
    assert sorted(await text_of(rooms, document)) == sorted(expected)


@pytest.mark.parametrize("way", ["one", "several", "what the bus lost"])
async def test_a_document_of_very_many_structs_that_nobody_has_open_is_built_in_turns(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    document = await new_document(storage)
    room, leave = await rooms.enter(document)
    room.apply(of_many_structs(1, "b", client=2), "user:ann")
    await room.durable()
    await rooms.updates.append([LogEntry(document, "before.0", 1, 1, of_many_structs(25_000, "a"))])
    assert await rooms.snapshots.compact(document)
    there = Rooms(storage)
    turns = integrated_in_each_turn(monkeypatch)
    if way == "one":
        text = await text_of(there, document)
    elif way == "several":
        text = (await presents_of(there, [document]))[document].text
    else:
        await rooms.catch_up(room)
        await room.idle()
        text = room.text
    assert sorted(text) == ["a"] * 25_000 + ["b"]
    assert sum(turns) >= 25_000
    assert max(turns) <= MOST
    leave()
    await there.close()
