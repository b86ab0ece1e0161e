"""A client that holds back text itself, because whoever had the piece before it is gone for good."""

import asyncio

from pycrdt import merge_updates

from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_sync_step_2
from storage import Storage
from tests.collab.rooms_helpers import Client, eventually, new_document


async def test_it_is_told_that_all_is_saved_that_it_shows(storage: Storage, rooms: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, gone = Client(), Client(user="bob")
        ann.join(room)
        await ann.pump()
        gone.insert(0, "x")
        held_back = gone.insert(1, "y")
        answer = encode_sync_step_2(merge_updates(ann.insert(0, "shown"), held_back))
        await ann.connection.receive(answer)
        await ann.barrier()
        await asyncio.sleep(0.1)
        # What it has shown since its last answer may rest on what is missing.
        assert ann.answers == []
        await ann.connection.receive(answer)
        await eventually(lambda: ann.answers == [b"t"])
        assert room.text == "shown"
