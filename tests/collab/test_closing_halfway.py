"""A process that ends in the middle of an edit in turns."""

from __future__ import annotations

import asyncio
import contextlib

from collab.refusals import RoomClosed
from collab.replicas.edits import TextEdit, first_update
from collab.rooms.rooms import Rooms
from storage import Storage
from tests.collab.rooms_helpers import new_document


async def test_an_edit_in_turns_is_logged_wholly_or_not_at_all_when_the_process_ends(
    storage: Storage, rooms: Rooms
) -> None:
    document = await new_document(storage)
    process = Rooms(storage)
    room, leave = await process.enter(document)
    room.edit([TextEdit(0, 0, "before ")], "user:zoe")
    await room.durable()
    begun = asyncio.Event()

    def parts() -> object:
        for number in range(5):
            if number == 2:
                begun.set()
            yield first_update(f"part{number} ", 100 + number)

    editing = asyncio.create_task(room.apply_in_turns(parts(), "user:ann", growth=30))  # type: ignore[arg-type]
    await begun.wait()
    await process.close()
    leave()
    with contextlib.suppress(RoomClosed):
        await editing
    text = str((await rooms.snapshots.load(document)).replica.text)
    count = sum(f"part{number}" in text for number in range(5))
    assert count in (0, 5), f"{count} of 5 parts"
