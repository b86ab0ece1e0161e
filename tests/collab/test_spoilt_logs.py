"""A log with an entry that can never be taken: the rest of the document opens, and the entry is not lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pycrdt import Doc

from collab.aside import LARGE
from collab.durable.entries import LogEntry
from collab.replicas.edits import first_update
from collab.replicas.replica import Replica
from collab.rooms.present import text_of
from collab.rooms.rooms import Rooms
from collab.yjs.update import read_update
from storage import Storage
from tests.collab.files_helpers import Process, on_drive
from tests.collab.rooms_helpers import eventually, joined, new_document
from tests.collab.yjs_bytes import text, update

# Of fuzzing: applied to a document with five units of client 4, it panics in yrs 0.28 ("called `Option::unwrap()` on a
# `None` value"). A right origin of its own future; the reader refuses it.
PANICS = bytes.fromhex("0101040144044300016100")

BROKEN_DOCUMENT = bytes.fromhex(
    "01050400010104746578740184040009f09f988062f09f988101010474"
    "6578740604010474657874010a04010474657874010a01040200010606"
)

UNREADABLE = b"\x07\x07\x07"


def panicking(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bytes are known that pass the reader and panic: those with "poison" in them stand for what may be found."""
    apply = Doc.apply_update

    def applied(self: Doc[Any], data: bytes) -> None:
        if b"poison" in data:
            broken: Doc[Any] = Doc()
            apply(broken, BROKEN_DOCUMENT)
            apply(broken, PANICS)
        apply(self, data)

    monkeypatch.setattr(Doc, "apply_update", applied)


@pytest.mark.parametrize("bad", [UNREADABLE, PANICS, update((6, 0, [text("b", origin=(5, 0)), text("", (6, 0))]))])
async def test_an_entry_that_cannot_be_read_is_left_out_and_kept(storage: Storage, rooms: Rooms, bad: bytes) -> None:
    document = await new_document(storage)
    entries = [
        LogEntry(document, "p", 1, 1, update((5, 0, [text("before")]))),
        LogEntry(document, "p", 2, 2, bad),
        LogEntry(document, "p", 3, 3, update((7, 0, [text(" after", origin=(5, 5))]))),
    ]
    await rooms.updates.append(entries)
    async with rooms.open(document) as room:
        assert room.text == "before after"
        assert room.covers({"p": 3})
        [ann] = await joined(room, "ann")
        await ann.type(0, "on and on, ")
        await ann.barrier()
        await eventually(lambda: ann.answers == [b"t"])
        await rooms.catch_up(room)
    assert await rooms.snapshots.compact(document)
    assert [entry.update for entry in await rooms.updates.read(document)] == [bad]
    assert await text_of(rooms, document) == "on and on, before after"


async def test_an_entry_that_the_library_panics_over_is_set_aside_with_what_rests_on_it(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    poison, resting = update((6, 0, [text("poison", origin=(5, 0))])), update((7, 0, [text("x", origin=(6, 2))]))
    entries = [
        LogEntry(document, "p", number, number, data)
        for number, data in enumerate(
            (update((5, 0, [text("before")])), poison, resting, update((8, 0, [text(" after", origin=(5, 5))]))), 1
        )
    ]
    await rooms.updates.append(entries)
    panicking(monkeypatch)
    async with rooms.open(document) as room:
        assert room.text == "before after"
        assert set(room.state) == {5, 8}
        [ann] = await joined(room, "ann")
        await ann.type(0, "on, ")
        await ann.barrier()
        await eventually(lambda: ann.answers == [b"t"])
    assert await rooms.snapshots.compact(document)
    kept = [entry.update for entry in await rooms.updates.read(document)]
    assert kept == [poison, resting]
    assert await text_of(rooms, document) == "on, before after"


async def test_versions_go_on_where_the_drive_keeps_the_last_good_copy(storage: Storage) -> None:
    before, now, later = (Process(storage) for _ in range(3))
    await before.begin()
    document = await before.write("a.txt", b"good\n")
    await before.drive.settle_due()
    bad = LogEntry(document, "p", 1, 1, UNREADABLE)
    await storage.db["versions"].update_many({}, {"$unset": {"whole": ""}})  # as older ones are
    await now.rooms.updates.append([bad])

    async def versions() -> list[tuple[str, bool]]:
        listed = await now.files.history.versions.list(document, None, 10)
        return [(await now.files.history.versions.text("w", document, one), one.whole) for one in listed]

    for typed in ("more ", "and more "):
        await now.type(document, typed)
        await now.drive.settle_due()
        assert await on_drive(storage) == {"a.txt": b"good\n"}
    assert await versions() == [("and more more good\n", False), ("good\n", True)]
    made = await now.files.history.make("w", document, "user:ann", "by hand")
    assert not made.whole

    await now.rooms.updates.delete(
        [entry for entry in await now.rooms.updates.read(document) if entry.update == UNREADABLE]
    )
    later.drive.touch("w", document)
    await later.drive.settle_due()
    assert await on_drive(storage) == {"a.txt": b"and more more good\n"}
    await storage.events.append("w", "end", {})
    told = []
    async for event in storage.events.follow("w", after=0):
        if event.type == "end":
            break
        told.append((event.type, event.data["document"]))
    settled, incomplete = (("scriptorium.document." + name, document) for name in ("settled", "incomplete"))
    assert told == [settled, incomplete, incomplete, settled]
    for process in (before, now, later):
        await process.close()


def test_the_panic_is_real_and_the_reader_keeps_it_out() -> None:
    broken: Doc[Any] = Doc()
    broken.apply_update(BROKEN_DOCUMENT)
    with pytest.raises(BaseException, match="unwrap"):
        broken.apply_update(PANICS)
    replica = Replica("text")
    with pytest.raises(ValueError, match="rests on itself"):
        replica.admit(PANICS, read_update(PANICS, "text"))


async def test_of_a_large_log_all_else_is_folded_aside(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    large = first_update("x" * LARGE, 5)
    await rooms.updates.append([LogEntry(document, "p", 1, 1, large), LogEntry(document, "p", 2, 2, UNREADABLE)])
    async with asyncio.timeout(20):
        assert await rooms.snapshots.compact(document)
    [left] = await rooms.updates.read(document)
    assert left.update == UNREADABLE
    assert await text_of(rooms, document) == "x" * LARGE
