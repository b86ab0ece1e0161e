"""Rooms over real storage: what people are shown, what the log has, and what a second process sees."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from pycrdt import merge_updates
from pymongo.errors import AutoReconnect

from collab.durable.entries import LogEntry, NewClient
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.limits import Limits
from collab.refusals import DocumentTooLarge, UpdateGap
from collab.replicas.edits import TextEdit
from collab.rooms import replication
from collab.rooms.audience import PRESENCE_INTERVAL
from collab.rooms.rooms import Rooms
from collab.rooms.window import FlushWindow
from collab.tree.edits import TreeDraft, create, delete, new_nodes
from collab.yjs.codec import (
    QUERY_AWARENESS,
    Awareness,
    SyncStep2,
    decode_frame,
    encode_awareness,
    encode_barrier,
    encode_sync_step_1,
    encode_sync_step_2,
    encode_update,
)
from collab.yjs.offsets import OffsetOutsideText
from collab.yjs.update import LARGE, InvalidUpdate, encode_state_vector, read_update
from storage import Storage
from tests.collab.rooms_helpers import Client, eventually, following, joined, log_away, log_hangs, new_document
from tests.collab.test_presence import payload
from tests.collab.yjs_bytes import text, update


async def test_what_one_types_the_other_sees_and_the_barrier_means_durable(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, bob = await joined(room, "ann", "bob")
        await ann.type(0, "aé😀b")
        await ann.barrier(b"one")
        assert ann.answers == []  # not before the log has it
        await eventually(lambda: ann.answers == [b"one"])
        assert bob.text == "aé😀b"
        entries = await rooms.updates.read(document)
        assert entries
        authors = await rooms.updates.authors(document)
        assert list(authors.values()) == ["user:ann"]
    fresh = Rooms(storage)
    async with fresh.open(document) as room:
        assert room.text == "aé😀b"
        assert room.length == 5
    await fresh.close()


async def test_a_barrier_also_covers_what_its_sender_was_shown(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, bob = await joined(room, "ann", "bob")
        await ann.type(0, "shown")
        await eventually(lambda: bob.text == "shown")
        await bob.barrier()
        await eventually(lambda: bob.answers == [b"t"])
        merged = merge_updates(*(entry.update for entry in await rooms.updates.read(document)))
        assert b"shown" in merged


async def test_who_comes_back_with_nothing_but_known_deletions_costs_nobody_anything(
    storage: Storage, rooms: Rooms
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, bob = await joined(room, "ann", "bob")
        await ann.type(0, "some of this goes")
        before = ann.doc.get_state()
        del ann.shared[0:5]
        del ann.shared[3:5]
        await ann.connection.receive(encode_update(ann.doc.get_update(before)))
        await eventually(lambda: bob.text == ann.text)
        await room.durable()
        logged, shown = len(await rooms.updates.read(document)), len(bob.frames)
        ann.connection.detach()
        ann.join(room)
        await ann.pump()  # its answer to step 1 names all that was ever deleted
        await ann.barrier()
        await eventually(lambda: ann.answers == [b"t"])
        assert len(await rooms.updates.read(document)) == logged
        assert len([frame for frame in bob.frames[shown:] if frame[0] == 0]) == 0
        # What was deleted offline is new, whatever it is named with.
        del ann.shared[0:1]
        ann.connection.detach()
        ann.join(room)
        await ann.pump()
        await eventually(lambda: bob.text == ann.text)


async def test_an_update_with_a_gap_is_asked_for_again_and_holds_the_barrier(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        [ann] = await joined(room, "ann")
        ann.insert(0, "lost ")
        second = ann.insert(5, "kept")
        await ann.connection.receive(encode_update(second))
        await ann.barrier()
        assert room.text == ""
        await asyncio.sleep(0.1)
        assert ann.answers == []
        await ann.pump()  # the client answers the step 1 that the gap provoked
        await eventually(lambda: ann.answers == [b"t"])
        assert room.text == "lost kept"


async def test_a_gap_closed_by_somebody_else_lets_the_barrier_through(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, bob = await joined(room, "ann", "bob")
        past_the_server = ann.insert(0, "base")
        bob.doc.apply_update(past_the_server)  # two tabs of one browser share edits past the server
        await bob.type(4, "!")
        await bob.barrier()
        assert room.text == ""
        await ann.connection.receive(encode_update(past_the_server))
        await eventually(lambda: bool(bob._outbox), timeout=5)
        await bob.pump()
        await eventually(lambda: bob.answers == [b"t"])
        assert room.text == "base!"


async def test_of_an_answer_with_a_gap_in_it_what_fits_is_taken(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, stranger = Client(), Client(user="bob")
        ann.join(room)
        await ann.pump()
        stranger.insert(0, "x")
        pending = stranger.insert(1, "y")
        own = ann.insert(0, "fits")
        await ann.connection.receive(encode_sync_step_2(merge_updates(own, pending)))
        await eventually(lambda: room.text == "fits")
        await ann.barrier()
        await asyncio.sleep(0.1)
        assert ann.answers == []


async def test_who_rests_on_missing_text_is_asked_again_until_somebody_else_has_brought_it_and_no_longer(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.connection.ASK_AGAIN", 0.05)
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, bob, gone = await joined(room, "ann", "bob", "bob")
        base = ann.insert(0, "base")
        held_back = encode_sync_step_2(ann.insert(4, "!"))
        for client in (bob, gone):
            await client.connection.receive(held_back)
        gone.connection.detach()
        asked = bob.asked
        await eventually(lambda: bob.asked > asked + 1)  # it says nothing, and what is missing is not there yet
        await ann.connection.receive(encode_update(base))
        await bob.connection.receive(held_back)
        assert room.text == "base!"
        asked = bob.asked, gone.asked
        await asyncio.sleep(0.25)
        assert (bob.asked, gone.asked) == asked


async def test_bad_updates_change_nothing(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 0, "good")], "user:ann")
        with pytest.raises(InvalidUpdate):
            room.apply(b"\x01\x02\x03", "user:eve")
        eve = Client(user="eve")
        eve.insert(0, "a")
        with pytest.raises(UpdateGap):
            room.apply(eve.insert(1, "b"), "user:eve")
        with pytest.raises(OffsetOutsideText):
            room.edit([TextEdit(3, 9, "")], "user:ann")
        assert room.text == "good"


async def test_a_document_stops_growing_at_its_limit(storage: Storage) -> None:
    small = Rooms(storage, Limits(text_document=1000))
    document = await new_document(storage)
    async with small.open(document) as room:
        room.edit([TextEdit(0, 0, "x" * 900)], "user:ann")
        with pytest.raises(DocumentTooLarge):
            room.edit([TextEdit(0, 0, "y" * 200)], "user:ann")
        assert room.length == 900
    await small.close()


async def test_a_tree_stops_growing_at_its_limit_but_files_can_still_be_deleted(storage: Storage) -> None:
    small = Rooms(storage, Limits(text_document=2_000))
    async with small.open(await new_document(storage, "tree")) as room:
        eve = Client(user="eve")
        eve.join(room)

        async def create_many() -> None:
            for number in range(100):
                changes = [create(f"{number:032x}", f"{number}.md", None, "text")]
                await eve.connection.receive(encode_update(new_nodes(changes, number + 1)))

        with pytest.raises(DocumentTooLarge):
            await create_many()
        full = len(room.nodes)
        assert 10 < full < 50
        room.apply(new_nodes([create(f"{99:032x}", "99.md", None, "text")], 100), "user:ann")  # as over HTTP
        assert len(room.nodes) == full + 1
        room.apply(TreeDraft(room.doc).update([delete(f"{0:032x}", datetime.now(UTC))], 101), "user:ann")
        assert "deleted_at" in room.nodes[f"{0:032x}"]
    await small.close()


async def test_a_viewer_sees_all_and_changes_nothing(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        viewer = Client(can_write=False, user="vic")
        viewer.join(room)
        await viewer.pump()
        await viewer.type(0, "no")
        await viewer.barrier()
        room.edit([TextEdit(0, 0, "yes")], "user:ann")
        await asyncio.sleep(0.15)
        assert room.text == "yes"
        assert "yes" in viewer.text
        assert viewer.answers == []


_SMALL, _LARGE = (update((7, 0, [text("no" * length)])) for length in (1, LARGE))
_DELETION = update(deletes={5: [(0, 3)]})

FRAMES: dict[str, tuple[bytes, list[type]]] = {
    "step 1": (encode_sync_step_1(b"\0"), [SyncStep2]),
    "step 2": (encode_sync_step_2(_SMALL), []),
    "large step 2": (encode_sync_step_2(_LARGE), []),
    "step 2 that deletes": (encode_sync_step_2(_DELETION), []),
    "malformed step 2": (encode_sync_step_2(b"?"), []),
    "update": (encode_update(_SMALL), []),
    "large update": (encode_update(_LARGE), []),
    "update that deletes": (encode_update(_DELETION), []),
    "malformed update": (encode_update(b"?"), []),
    "barrier": (encode_barrier(b"t"), []),
    "awareness": (encode_awareness(payload((7, 1, {"cursor": 1}))), [Awareness]),
    "query": (bytes([QUERY_AWARENESS]), [Awareness]),
}
"""All that anybody may send, and what a viewer is sent for it. What would write is not even read."""


@pytest.mark.parametrize("kind", FRAMES)
async def test_each_frame_of_a_viewer_is_answered_or_has_no_effect(storage: Storage, rooms: Rooms, kind: str) -> None:
    frame, answers = FRAMES[kind]
    async with rooms.open(await new_document(storage)) as room:
        [ann] = await joined(room, "ann")
        await ann.connection.receive(encode_update(update((5, 0, [text("yes")]))))
        await ann.connection.receive(encode_awareness(payload((5, 1, {}))))
        viewer = Client(can_write=False, user="vic")
        viewer.join(room)
        await viewer.pump()
        await room.durable()
        await asyncio.sleep(2 * PRESENCE_INTERVAL)
        before = room.state.copy(), room.logged_sequence, room.deleters.copy(), len(ann.frames)
        told = len(viewer.frames)
        await viewer.connection.receive(frame)
        await room.durable()
        await asyncio.sleep(2 * PRESENCE_INTERVAL)
        assert [type(decode_frame(sent)) for sent in viewer.frames[told:]] == answers
        assert (room.state, room.logged_sequence, room.deleters, len(ann.frames) - (kind == "awareness")) == before
        assert room.text == "yes"


async def test_what_arrives_together_leaves_as_one_frame_for_each(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with rooms.open(await new_document(storage)) as room:
        ann, bob, cy = everybody = await joined(room, "ann", "bob", "cy")
        monkeypatch.setattr(FlushWindow, "delay", lambda window, now: 0.01)
        before = [len(client.frames) for client in everybody]
        for word in ("one ", "two ", "three "):
            await ann.type(0, word)
            await bob.type(0, word)
        await eventually(lambda: len(cy.text) == 28)
        await room.durable()
        assert [len(client.frames) for client in everybody] == [count + 1 for count in before]


async def test_unknown_and_ended_documents_are_told_apart(storage: Storage, rooms: Rooms) -> None:
    with pytest.raises(DocumentNotFound):
        async with rooms.open("0" * 32):
            raise AssertionError
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann = Client()
        ann.join(room)
        await rooms.retire(document)
        assert ann.closed is not None
        assert ann.closed[0] == 4410
    fresh = Rooms(storage)
    with pytest.raises(DocumentGone):
        async with fresh.open(document):
            raise AssertionError
    await fresh.close()


async def test_while_the_log_is_away_others_hear_of_edits_and_keep_them_too(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        append = rooms.updates.append
        away = True

        async def failing(entries: Sequence[LogEntry], clients: Sequence[NewClient] = ()) -> None:
            if away:
                raise AutoReconnect("connection refused")
            await append(entries, clients)

        monkeypatch.setattr(rooms.updates, "append", failing)
        here.edit([TextEdit(0, 0, "while away")], "user:ann")
        saved = asyncio.create_task(here.durable())
        await eventually(lambda: there.text == "while away")
        assert rooms.log_away
        assert not saved.done()
        # The second process can still reach the log, so it has the text although the first never committed it.
        await there.durable()
        assert str((await other.snapshots.load(document)).replica.text) == "while away"
        away = False
        await asyncio.wait_for(saved, 10)
        assert not rooms.log_away
        assert rooms.backlog == 0
    assert str((await other.snapshots.load(document)).replica.text) == "while away"


async def test_a_halved_character_is_the_same_for_all_and_after_a_restart(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    emoji = update((5, 0, [text("a😀b")]))
    between = update((6, 0, [text("X", origin=(5, 1), right=(5, 2))]))
    async with rooms.open(document) as room:
        room.apply(emoji, "user:ann")
        room.apply(between, "user:bob")
        await room.idle()
        assert room.text == "a\ufffdX\ufffdb"
        await room.durable()
    loaded = await rooms.snapshots.load(document)
    assert str(loaded.replica.text) == "a\ufffdX\ufffdb"
    await rooms.snapshots.compact(document)
    loaded = await rooms.snapshots.load(document)
    assert str(loaded.replica.text) == "a\ufffdX\ufffdb"


async def test_who_knows_half_a_character_is_sent_all_of_it(rooms: Rooms, storage: Storage) -> None:
    """Another process was told something else by whoever forged it. yrs writes the other half as an empty string."""
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.apply(update((5, 0, [text("a😀b")])), "user:ann")
        known = {5: 2}
        answer = room.encode_since(encode_state_vector(known), known)
        assert read_update(answer, "text").ranges == {5: [(1, 3)]}
        await room.durable()


async def test_an_idle_room_leaves_memory_and_comes_back(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.rooms.IDLE", 0.05)
    document = await new_document(storage)
    async with rooms.open(document) as room:
        for i in range(50):
            room.edit([TextEdit(0, 0, f"{i} ")], "user:ann")
            await room.durable()
        text = room.text
    await eventually(lambda: rooms.open_rooms == [])
    assert await rooms.updates.read(document) == []  # a log of that length was folded on the way out
    async with rooms.open(document) as again:
        assert again is not room
        assert again.text == text


async def test_who_comes_back_while_an_idle_room_waits_for_the_log_keeps_it(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.rooms.IDLE", 0.01)
    document = await new_document(storage)
    with log_hangs(rooms):
        async with rooms.open(document) as room:
            room.edit([TextEdit(0, 0, "text")], "user:ann")
        await eventually(lambda: bool(room._outbox.awaited))  # it would go, once the log has everything
        ann = Client()
        _, leave = await rooms.enter(document)
        ann.join(room)
    await room.durable()
    assert ann.closed is None
    assert rooms.open_rooms == [room]
    leave()


async def test_an_idle_room_that_hears_of_unlogged_text_as_it_goes_stays(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opens the document next would not be shown it: it is in no log yet, and is announced once."""
    monkeypatch.setattr("collab.rooms.rooms.IDLE", 0.01)
    document = await new_document(storage)
    elsewhere = Client(user="bob")
    message = replication.Unlogged("p", elsewhere.insert(0, " more "), ((elsewhere.doc.client_id, "user:bob"),))
    with ExitStack() as stack:
        with log_hangs(rooms) as given:
            async with rooms.open(document) as room:
                room.edit([TextEdit(0, 0, "text")], "user:ann")
            await eventually(lambda: bool(given) and bool(room._outbox.awaited))

            def arrives() -> None:
                # Right behind the answer for which the room waits in order to go.
                stack.enter_context(log_away(rooms))
                following(rooms, room).take(message)

            room.when_durable(arrives)
        await eventually(lambda: rooms.log_away)
        async with rooms.open(document) as again:
            assert sorted(again.text.split()) == ["more", "text"]


async def test_new_documents_are_created_in_one_write(storage: Storage, rooms: Rooms) -> None:
    documents = [await new_document(storage) for _ in range(20)]
    await rooms.create([(document, f"text of {i}", "user:ann") for i, document in enumerate(documents)])
    for i in (0, 7, 19):
        async with rooms.open(documents[i]) as room:
            assert room.text == f"text of {i}"
    assert list((await rooms.updates.authors(documents[3])).values()) == ["user:ann"]
