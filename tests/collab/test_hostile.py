"""Frames that are made to cost much: the others in the room go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from collab.refusals import DocumentTooLarge
from collab.replicas.replica import Replica
from collab.rooms.connection import MOST_UNKNOWN
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.codec import MalformedFrame, encode_sync_step_1, encode_sync_step_2, encode_update
from collab.yjs.update import LARGE, InvalidUpdate, encode_state_vector
from storage import Storage
from tests.collab.costly import BASE, COMPARED_WITH_ALL, STRUCTS
from tests.collab.rooms_helpers import Client, eventually, joined, new_document
from tests.collab.yjs_bytes import node, text, update, value

CUTS_THE_END = update((6, 0, [text("y", (5, STRUCTS - 2 - k), (5, STRUCTS - 1 - k)) for k in range(STRUCTS - 1)]))
DELETIONS = update(deletes={5: [(2 * k, 1) for k in range(STRUCTS // 2)]})


async def over_the_base(room: Room) -> tuple[Client, Client]:
    """Two people in the room, whose text is `BASE`."""
    ann, eve = await joined(room, "ann", "eve")
    await eve.connection.receive(encode_update(BASE))
    return ann, eve


@pytest.mark.parametrize("hostile", [COMPARED_WITH_ALL, CUTS_THE_END, DELETIONS])
async def test_others_write_and_save_between_the_portions_of_a_costly_update(
    storage: Storage, rooms: Rooms, hostile: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = 0
    integrate = Replica.integrate

    def watched(self: Replica, update: bytes, parts: int) -> None:
        nonlocal largest
        largest = max(largest, len(update))
        integrate(self, update, parts)

    async with rooms.open(await new_document(storage)) as room:
        ann, eve = await over_the_base(room)
        monkeypatch.setattr(Replica, "integrate", watched)
        sending = asyncio.create_task(eve.connection.receive(encode_update(hostile)))
        await asyncio.sleep(0)
        await ann.type(0, "me too ")
        await ann.barrier(b"ann")
        await eventually(lambda: ann.answers == [b"ann"])
        await asyncio.wait_for(sending, 60)
        assert largest < len(hostile) / 5
        assert "me too" in room.text
        assert ann.text == room.text
        assert ann.closed is None
        await eve.barrier(b"eve")
        await eventually(lambda: eve.answers == [b"eve"])


async def test_patience_with_one_frame_ends(storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab.rooms.room.COSTLY", 0.0)
    monkeypatch.setattr("collab.rooms.connection.MOST_COST", 0.001)
    async with rooms.open(await new_document(storage)) as room:
        eve = Client(user="eve")
        eve.join(room)
        await eve.connection.receive(encode_update(BASE))
        with pytest.raises(InvalidUpdate, match="integrate"):
            await eve.connection.receive(encode_update(CUTS_THE_END))
        assert eve.connection.cost > 0
        # What was taken is whole and stays: who comes again has less left to say.
        taken = room.state[6]
        assert 0 < taken < STRUCTS - 1
        await eve.barrier(b"eve")
        await eventually(lambda: eve.answers == [b"eve"])
        assert len(room.text) == STRUCTS + taken


async def test_a_tree_with_one_key_set_again_and_again(storage: Storage, rooms: Rooms) -> None:
    async with rooms.open(await new_document(storage, "tree")) as room:
        eve = Client(user="eve")
        eve.join(room)
        await eve.connection.receive(encode_update(update((5, 0, [node("a")]))))
        turns = 0
        hostile = update((6, 0, [value(b"\x7e", (5, 0), "k") for _ in range(4_000)]))
        sending = asyncio.create_task(eve.connection.receive(encode_update(hostile)))
        while not sending.done():
            await asyncio.sleep(0)
            turns += 1
        await sending
        assert turns >= 10
        assert room.state[6] == 4_000


def under_many_ids(count: int) -> bytes:
    """One letter behind the other, each under an id of its own."""
    return update(
        (1_000_000, 0, [text("a")]),
        *((1_000_000 + number, 0, [text("a", (999_999 + number, 0))]) for number in range(1, count)),
    )


def state_vector_of(count: int) -> bytes:
    return encode_state_vector({1_000_000 + number: 1 for number in range(count)})


async def test_a_state_vector_of_people_who_never_wrote_here_is_refused(storage: Storage, rooms: Rooms) -> None:
    async with rooms.open(await new_document(storage)) as room:
        eve = Client(user="eve", can_write=False)
        eve.join(room)
        await eve.connection.receive(encode_sync_step_1(state_vector_of(MOST_UNKNOWN)))
        with pytest.raises(MalformedFrame, match="clients"):
            await eve.connection.receive(encode_sync_step_1(state_vector_of(MOST_UNKNOWN + 1)))
        with pytest.raises(MalformedFrame, match="clients"):
            await eve.connection.receive(encode_sync_step_1(state_vector_of(1_000_000)))


async def test_others_have_their_turn_while_a_long_state_vector_and_a_wide_update_are_read(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bound in ("BYTES", "STRUCTS"):  # folding would find out how costly it is to build
        monkeypatch.setattr(f"collab.rooms.compacting.COMPACT_{bound}", 1 << 30)
    async with rooms.open(await new_document(storage)) as room:
        eve = Client(user="eve")
        eve.join(room)
        wide = under_many_ids(60_000)
        deletions = update(deletes={2_000_000 + number: [(0, 1)] for number in range(60_000)})
        for frame in (
            encode_update(wide),
            encode_sync_step_2(deletions),
            encode_sync_step_1(state_vector_of(65_000)),
        ):
            turns = 0
            taking = asyncio.create_task(eve.connection.receive(frame))
            while not taking.done():
                await asyncio.sleep(0)
                turns += 1
            await taking
            assert turns >= 10
        assert len(room.state) == 60_000
        assert eve.connection.cost > 0


async def test_a_document_is_written_under_a_bounded_number_of_client_ids(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.room.MOST_CLIENTS", 100)
    async with rooms.open(await new_document(storage)) as room:
        eve, ann = await joined(room, "eve", "ann")
        await eve.connection.receive(encode_update(update(*((7 + n, 0, [text("a")]) for n in range(90)))))
        with pytest.raises(DocumentTooLarge, match="client ids"):
            await eve.connection.receive(encode_update(update(*((700 + n, 0, [text("a")]) for n in range(90)))))
        await ann.type(0, "goes on ")
        assert "goes on" in room.text


async def test_what_a_large_text_costs_to_send_is_counted_and_made_once_for_all_who_know_nothing(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.connection.COSTLY", 0.0)
    encoded = 0
    encode = Replica.encode

    def counted(self: Replica, state_vector: bytes) -> bytes:
        nonlocal encoded
        encoded += 1
        return encode(self, state_vector)

    async with rooms.open(await new_document(storage)) as room:
        ann, eve = Client(), Client(user="eve", can_write=False)
        ann.join(room)
        await ann.pump()
        await ann.type(0, "text")
        await ann.type(0, "some ")
        eve.join(room)
        monkeypatch.setattr(Replica, "encode", counted)
        for stranger in range(5):
            await eve.connection.receive(encode_sync_step_1(encode_state_vector({77 + stranger: 1})))
        assert encoded == 1
        assert eve.connection.cost > 0
        for _ in range(5):
            await eve.connection.receive(encode_sync_step_1(room.encode_state_vector()))
        assert encoded == 2
        await eve.connection.receive(encode_sync_step_1(encode_state_vector({ann.doc.client_id: 4})))
        assert encoded == 3
        await eve.pump()
        assert eve.text == "some text"


@pytest.mark.parametrize("when", ["it is read", "it is taken"])
async def test_who_may_not_write_any_more_writes_nothing_of_what_is_just_being_taken(
    storage: Storage, rooms: Rooms, when: str
) -> None:
    async with rooms.open(await new_document(storage)) as room:
        ann, eve = await over_the_base(room)
        before = room.length
        sending = asyncio.create_task(eve.connection.receive(encode_update(COMPARED_WITH_ALL)))
        if when == "it is read":
            await asyncio.sleep(0)
        else:
            await eventually(lambda: room.length > before)
        eve.can_write = False
        taken = room.length
        assert taken < before + STRUCTS
        await eve.barrier()
        await asyncio.wait_for(sending, 60)
        assert room.length == taken
        assert ann.text == room.text
        assert eve.answers == []


@pytest.mark.parametrize("encode", [encode_sync_step_2, encode_update])
async def test_who_may_not_write_any_more_writes_nothing_of_what_was_read_and_needs_no_portions(
    storage: Storage, rooms: Rooms, encode: Callable[[bytes], bytes]
) -> None:
    async with rooms.open(await new_document(storage)) as room:
        [eve] = await joined(room, "eve")
        few = update(*((client, 0, [text("x" * LARGE)]) for client in (7, 8)))
        sending = asyncio.create_task(eve.connection.receive(encode(few)))
        await asyncio.sleep(0)
        assert not sending.done()
        eve.can_write = False
        await sending
        await room.durable()
        assert room.text == ""
