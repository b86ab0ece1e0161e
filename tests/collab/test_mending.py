"""Updates that cut surrogate pairs, in rooms: the text is made anew aside, and nothing is lost meanwhile."""

import asyncio
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from collab.aside import AsideFailed
from collab.durable.entries import LogEntry
from collab.replicas import mending
from collab.replicas.edits import TextEdit
from collab.rooms.present import text_of
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_update
from storage import Storage
from tests.collab.rooms_helpers import Client, eventually, joined, log_away, new_document
from tests.collab.yjs_bytes import text, update
from tests.support.yjs import Oracle

EMOJI = update((5, 0, [text("a😀b")]))
BETWEEN = update((6, 0, [text("X", origin=(5, 1), right=(5, 2))]))


def cut(client: int, number: int, emoji: int) -> bytes:
    """Of client 5's row of emoji, one in halves."""
    return update((client, number, [text("X", origin=(5, 2 * emoji), right=(5, 2 * emoji + 1))]))


async def test_whoever_types_meanwhile_is_waited_for_and_everybody_agrees(
    yjs: Oracle, storage: Storage, rooms: Rooms, other: Rooms
) -> None:
    document = await new_document(storage)
    row = update((5, 0, [text("😀" * 40)]))
    async with rooms.open(document) as here, other.open(document) as there:
        ann, bob, eve = Client(), Client(user="bob"), Client(user="eve")
        for client, room in ((ann, here), (bob, there), (eve, here)):
            client.join(room)
            await client.pump()
        here.apply(row, "user:ann")
        await here.durable()
        await eventually(lambda: there.text == here.text)
        dice = random.Random(7)
        cuts = 0
        for step in range(60):
            if dice.random() < 0.4:
                await eve.connection.receive(encode_update(cut(6, cuts, dice.randrange(40))))
                cuts += 1
            writer = dice.choice((ann, bob))
            await writer.type(0, f"{step} ")
        for client, room in ((ann, here), (bob, there), (eve, here)):
            await client.pump()
            await client.barrier()
            await room.idle()
        await eventually(lambda: bool(ann.answers and bob.answers and eve.answers))
        await eventually(lambda: here.text == there.text)
        assert sum(f"{step} " in here.text for step in range(60)) == 60
        assert here.text.count("X") == cuts
        yjs.create("d")
        for entry in await rooms.updates.read(document):
            yjs.apply("d", entry.update)
        assert yjs.text("d") == here.text
        assert set((await rooms.updates.authors(document)).values()) == {"user:ann", "user:bob", "user:eve"}
    assert await text_of(rooms, document) == here.text


async def test_it_is_not_done_by_the_loop(
    yjs: Oracle, storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[threading.Thread] = []
    mend = mending.mend

    def watched(content: bytes) -> bytes:
        made.append(threading.current_thread())
        return mend(content)

    for module in ("replicas.mending", "replicas.replica"):
        monkeypatch.setattr(f"collab.{module}.mend", watched)
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.apply(EMOJI, "user:ann")
        room.apply(BETWEEN, "user:bob")
        assert not room.sound.is_set()
        await room.idle()
        await room.durable()
        assert room.text == "a\ufffdX\ufffdb"
    # Many such entries of a log are mended at once.
    yjs.create("e")
    for part in (EMOJI, BETWEEN):
        yjs.apply("e", part)
    for number in range(3):
        another = update((7, number, [text("Y", origin=(5, 1), right=(5, 2))]))
        yjs.apply("e", another)
        await rooms.updates.append([LogEntry(document, "p", number + 1, number + 1, another)])
    loaded = await rooms.snapshots.load(document)
    assert str(loaded.replica.text) == yjs.text("e")
    assert len(made) == 2
    assert threading.main_thread() not in made


async def test_it_is_done_here_when_the_machine_has_no_room_for_that(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(size: int, work: Callable[..., Any], *arguments: Any) -> Any:
        raise AsideFailed("killed")

    document = await new_document(storage)
    async with rooms.open(document) as room:
        monkeypatch.setattr(rooms.aside, "run", fails)
        ann = Client()
        ann.join(room)
        room.apply(EMOJI, "user:ann")
        room.apply(BETWEEN, "user:bob")
        await room.idle()
        room.edit([TextEdit(0, 0, "> ")], "user:bob")
        await room.durable()
        assert room.text == "> a\ufffdX\ufffdb"
        assert ann.closed is None


async def test_a_process_that_stops_meanwhile_comes_to_its_end(storage: Storage) -> None:
    document = await new_document(storage)
    stops = Rooms(storage)
    room, leave = await stops.enter(document)
    room.apply(EMOJI, "user:ann")
    room.apply(BETWEEN, "user:bob")
    assert not room.sound.is_set()
    await asyncio.wait_for(stops.close(), 30)
    leave()


async def test_a_process_that_stops_while_a_document_cannot_be_rebuilt_comes_to_its_end(storage: Storage) -> None:
    document = await new_document(storage)
    stops = Rooms(storage)
    room, leave = await stops.enter(document)
    room.edit([TextEdit(0, 0, "text")], "user:ann")
    await room.durable()

    async def fails(document: str) -> Any:
        raise OSError("storage is away")

    stops.snapshots.load = fails  # type: ignore[method-assign]
    with log_away(stops):
        room._rebuild_without(ValueError("as if it had panicked"))
    waiting = asyncio.create_task(room.ready())
    await asyncio.wait_for(stops.close(), 30)
    await asyncio.wait_for(waiting, 5)
    leave()


@pytest.mark.usefixtures("unmendable")
async def test_only_who_sent_what_cannot_be_mended_pays_for_it(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        await ann.connection.receive(encode_update(EMOJI))
        await eve.connection.receive(encode_update(BETWEEN))
        await asyncio.wait_for(room.idle(), 30)
        assert eve.closed == (1007, "malformed update")
        await ann.type(0, "on ")
        await ann.barrier()
        await eventually(lambda: bool(ann.answers))
        assert ann.closed is None
        assert room.text == "a😀bon "
