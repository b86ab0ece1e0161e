"""Documents leave memory, and nothing of them stays: a short soak. `bench/soak.py` does it with thousands."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from pycrdt import Doc, Text

from ai.proposals.typist import Typist
from collab.replicas.edits import TextEdit, edit_update
from collab.replicas.positions import range_anchors, resolve
from collab.replicas.replica import Replica
from collab.replicas.separate import separate_updates
from collab.rooms.connection import Connection
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.known import Known
from storage import Storage
from tests.collab.rooms_helpers import Client, eventually, new_document

pytestmark = pytest.mark.thorough

DOCUMENTS = 60
ROUNDS = 5

KEPT = 400
"""Bytes for each document visited that may stay in every round after the first: a room takes fifty times as many. In
some rounds more stays, of what the database's client keeps ready; a leak would stay in all of them."""


def alive() -> Counter[str]:
    gc.collect()
    kinds = (Room, Replica, Known, Connection, Doc)
    return Counter(type(thing).__name__ for thing in gc.get_objects() if isinstance(thing, kinds))


def type_a_word(doc: Doc[Any]) -> None:
    typist = Typist(doc, 0, 9)
    typist.type("word")
    typist.close()


@pytest.mark.parametrize(
    "work",
    [
        lambda doc: edit_update(doc, [TextEdit(0, 1, "x")], 9),
        lambda doc: separate_updates(doc, [TextEdit(0, 1, "x"), TextEdit(1, 2, "y")], [8, 9]),
        lambda doc: resolve(doc, [place for pair in range_anchors(doc, [(0, 2)]) for place in pair]),
        type_a_word,
    ],
    ids=["edit", "separate edits", "anchors", "typist"],
)
def test_no_copy_of_a_document_outlives_its_work(work: Callable[[Doc[Any]], object]) -> None:
    doc: Doc[Any] = Doc()
    doc.get("text", type=Text).insert(0, "text")
    before = alive()
    for _ in range(3):
        work(doc)
    assert alive() == before


async def visit(rooms: Rooms, document: str) -> None:
    async with rooms.open(document) as room:
        client = Client()
        client.join(room)
        await client.pump()
        room.edit([TextEdit(0, 0, "word ")], "user:ann")
        await room.durable()
        assert client.text == room.text
        client.connection.detach()


async def test_documents_leave_memory_and_nothing_of_them_stays(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.rooms.IDLE", 0.0)
    monkeypatch.setattr("collab.rooms.compacting.CLOSE_ENTRIES", 2)
    rooms = Rooms(storage)
    await rooms.ensure_indexes()
    documents = [await new_document(storage) for _ in range(DOCUMENTS)]
    before = alive()
    tasks = len(asyncio.all_tasks())
    held: list[int] = []
    tracemalloc.start()
    try:
        for _ in range(ROUNDS):
            for document in documents:
                await visit(rooms, document)
            await eventually(lambda: not rooms.open_rooms and not rooms._slots)
            await eventually(lambda: len(asyncio.all_tasks()) <= tasks)
            # The heartbeat and the group commit still name the rooms that they were busy with last.
            assert max((alive() - before).values(), default=0) <= 3
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert min(later - earlier for earlier, later in pairwise(held[1:])) < KEPT * DOCUMENTS
    await rooms.close()
