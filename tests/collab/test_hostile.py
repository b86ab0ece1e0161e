"""Frames that are made to cost much: the others in the room go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from collab.codec import encode_update
from collab.replica import Replica
from collab.rooms import Rooms
from collab.update import InvalidUpdate
from storage import Storage
from tests.collab.rooms_helpers import Client, eventually, new_document
from tests.collab.yjs_bytes import node, text, update, value


@pytest.fixture
async def rooms(storage: Storage) -> AsyncIterator[Rooms]:
    opened = Rooms(storage)
    await opened.ensure_indexes()
    yield opened
    await opened.close()


STRUCTS = 6_000
BASE = update((5, 0, [text("x" * STRUCTS)]))
COMPARED_WITH_ALL = update((6, 0, [text("y", None, (5, STRUCTS - 1 - k)) for k in range(STRUCTS)]))
CUTS_THE_END = update((6, 0, [text("y", (5, STRUCTS - 2 - k), (5, STRUCTS - 1 - k)) for k in range(STRUCTS - 1)]))
DELETIONS = update(deletes={5: [(2 * k, 1) for k in range(STRUCTS // 2)]})


@pytest.mark.parametrize("hostile", [COMPARED_WITH_ALL, CUTS_THE_END, DELETIONS])
async def test_others_write_and_save_between_the_portions_of_a_costly_update(
    storage: Storage, rooms: Rooms, hostile: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = 0
    integrate = Replica.integrate

    def watched(self: Replica, update: bytes, *, cuts: bool) -> None:
        nonlocal largest
        largest = max(largest, len(update))
        integrate(self, update, cuts=cuts)

    async with rooms.open(await new_document(storage)) as room:
        ann, eve = Client(), Client(user="eve")
        for client in (ann, eve):
            client.join(room)
            await client.pump()
        await eve.connection.receive(encode_update(BASE))
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
    monkeypatch.setattr("collab.room.COSTLY", 0.0)
    monkeypatch.setattr("collab.connection.MOST_COST", 0.001)
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
