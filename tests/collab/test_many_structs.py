"""Texts of very many structs, which take long to encode: they go on under a new id, as a single one."""

import asyncio

import pytest

from collab.durable.entries import LogEntry
from collab.durable.folding import MOST_STRUCTS
from collab.history.renewal import Renewal
from collab.refusals import RoomClosed
from collab.rooms.compacting import COMPACT_BYTES, COMPACT_ENTRIES, COMPACT_STRUCTS
from collab.rooms.present import text_of
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_update
from storage import Storage
from tests.collab.costly import Unwatched
from tests.collab.files_helpers import Process
from tests.collab.rooms_helpers import eventually, new_document
from tests.collab.yjs_bytes import text, update

BASE = update((5, 0, [text("<>")]))


def strewn(first: int, count: int) -> bytes:
    """Each in front of the one before it, so that none can be joined to another."""
    structs = [text("a", (5, 0), (6, clock - 1) if clock else (5, 1)) for clock in range(first, first + count)]
    return update((6, first, structs))


@pytest.mark.parametrize(("count", "too_many"), [(MOST_STRUCTS - 10, False), (MOST_STRUCTS + 1, True)])
async def test_a_text_of_more_is_not_folded_but_given_up(
    storage: Storage, rooms: Rooms, count: int, too_many: bool
) -> None:
    document = await new_document(storage)
    await rooms.updates.append(
        [LogEntry(document, "p", n, n, entry) for n, entry in ((1, BASE), (2, strewn(0, count)))]
    )
    given_up: list[Room] = []
    rooms.on_give_up(given_up.append)
    room, leave = await rooms.enter(document)
    await rooms._compacting.compact(room)
    assert given_up == [room] * too_many
    leave()


async def test_whether_there_are_too_many_is_found_out_as_they_come(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    room, leave = await rooms.enter(document)
    eve = Unwatched()
    eve.join(room)
    await eve.connection.receive(encode_update(BASE))
    written = 0

    async def write(count: int) -> None:
        nonlocal written
        await eve.connection.receive(encode_update(strewn(written, count)))
        written += count

    async def folded() -> bool:
        await write(1)  # a fold that was put off, or came upon another one, is made with the next edit
        await room.durable()
        return room.added < COMPACT_STRUCTS / 2

    for _ in range(3):
        while room.added <= COMPACT_STRUCTS:
            await write(500)
        assert room.entries < COMPACT_ENTRIES / 2
        assert room.log_size < COMPACT_BYTES
        await eventually(folded)
    assert room.text == f"<{'a' * written}>"
    leave()


async def test_it_goes_on_under_a_new_id(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab.history.renewal.LAST_WORDS", 0.05)
    monkeypatch.setattr("collab.history.renewal.UNHEARD", 0.1)
    assert isinstance(one.files.renewal, Renewal)
    document = await one.write("many.txt", b"")
    entries = enumerate((BASE, strewn(0, MOST_STRUCTS)), 1)
    await one.rooms.updates.append([LogEntry(document, "p", n, n, entry) for n, entry in entries])
    room, leave = await one.rooms.enter(document)
    await one.rooms._compacting.compact(room)
    leave()

    async def renewed() -> bool:
        return (await one.files.entry("w", "many.txt")).id != document

    await eventually(renewed)
    heir = (await one.files.entry("w", "many.txt")).id
    assert await text_of(one.rooms, heir) == f"<{'a' * MOST_STRUCTS}>"
    await one.files.renewal.close()


async def test_a_text_that_is_given_up_as_its_room_expires_is_renewed_and_opened_by_nobody_before(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.rooms.IDLE", 0.1)
    monkeypatch.setattr("collab.history.renewal.LAST_WORDS", 1.0)
    monkeypatch.setattr("collab.history.renewal.UNHEARD", 0.1)
    document = await one.write("many.txt", b"")
    entries = enumerate((BASE, strewn(0, MOST_STRUCTS - 4_000)), 1)
    await one.rooms.updates.append([LogEntry(document, "p", n, n, entry) for n, entry in entries])
    assert await one.rooms.snapshots.compact(document)
    room, leave = await one.rooms.enter(document)
    assert room.text
    for clock in range(MOST_STRUCTS - 4_000, MOST_STRUCTS + 1_000, 100):
        room.apply(strewn(clock, 100), "user:ann")
        await room.durable()
    leave()
    await eventually(lambda: room.unbearable)
    await asyncio.sleep(0.5)
    with pytest.raises(RoomClosed):
        await one.rooms.enter(document)
    await one.files.renewal.close()
    heir = (await one.files.entry("w", "many.txt")).id
    assert heir != document
    assert await text_of(one.rooms, heir) == f"<{'a' * (MOST_STRUCTS + 1_000)}>"
    await eventually(lambda: document not in one.rooms._slots)
