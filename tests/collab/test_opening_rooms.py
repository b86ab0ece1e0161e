"""A document is opened while others write to it and fold its log: nothing falls between two reads."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from collab.durable.entries import LogEntry
from collab.durable.folding import integrating
from collab.durable.snapshots import Snapshots
from collab.replicas.edits import TextEdit
from collab.replicas.replica import Replica
from collab.rooms.rooms import Rooms
from storage import Storage
from tests.collab.rooms_helpers import eventually, new_document
from tests.collab.yjs_bytes import text, update


def after_first(
    monkeypatch: pytest.MonkeyPatch, targets: list[tuple[Any, str]], happens: Callable[[], Awaitable[object]]
) -> None:
    """Right after the first call of any of ``targets`` (object, method) has returned, ``happens`` runs, once."""
    happened = False

    def wrap(target: Any, name: str) -> None:
        call = getattr(target, name)

        async def wrapped(*arguments: Any, **options: Any) -> Any:
            nonlocal happened
            result = await call(*arguments, **options)
            if not happened:
                happened = True
                await happens()
            return result

        monkeypatch.setattr(target, name, wrapped)

    for target, name in targets:
        wrap(target, name)


async def write(rooms: Rooms, document: str, *words: str) -> None:
    async with rooms.open(document) as room:
        for word in words:
            room.edit([TextEdit(0, 0, word)], "user:ann")
            await room.durable()


@pytest.mark.parametrize("folded_before", [False, True])
async def test_a_compaction_between_the_log_and_the_pointer_leaves_no_hole(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch, folded_before: bool
) -> None:
    document = await new_document(storage)
    await write(rooms, document, "one ")
    if folded_before:
        await rooms.snapshots.compact(document)
        await write(rooms, document, "two ")
    reading = other.snapshots
    after_first(
        monkeypatch,
        [(reading._updates, "read"), (reading._documents, "find_one")],
        lambda: rooms.snapshots.compact(document),
    )
    assert str((await reading.load(document)).replica.text) == ("two one " if folded_before else "one ")


async def test_a_snapshot_that_goes_after_the_pointer_was_read_is_looked_for_again(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    await write(rooms, document, "one ")
    await rooms.snapshots.compact(document)
    await write(rooms, document, "two ")
    reading: Snapshots = other.snapshots
    after_first(monkeypatch, [(reading._documents, "find_one")], lambda: rooms.snapshots.compact(document))
    assert str((await reading.load(document)).replica.text) == "two one "


async def test_what_is_logged_while_a_room_opens_reaches_it(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms._keeping_up.stop()  # or its numbers would repair it later
    document = await new_document(storage)
    await write(rooms, document, "one ")
    after_first(monkeypatch, [(other.snapshots, "load")], lambda: write(rooms, document, "two "))
    async with other.open(document) as room:
        await eventually(lambda: room.text == "two one ")


async def test_others_have_their_turn_while_a_long_log_is_read(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    entries = [update((client, 0, [text("x")] * 500)) for client in range(1, 41)]
    await rooms.updates.append([LogEntry(document, "p", n, n, entry) for n, entry in enumerate(entries, 1)])
    _, snapshot, read = await rooms.snapshots._read(document)
    assert snapshot is None
    turns = sum(1 for _ in integrating(Replica("text"), read))
    assert turns >= 40
    loaded = await rooms.snapshots.load(document)
    assert loaded.entries == 40
    assert len(loaded.replica.state) == 40
