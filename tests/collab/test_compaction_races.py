"""Compactions of one document by several processes at once, stopped where it hurts most."""

import asyncio
from collections.abc import Awaitable, Callable

from pycrdt import Doc, Text

from collab.durable.entries import LogEntry
from collab.durable.log import UpdateLog
from collab.durable.snapshots import Snapshots
from storage import Storage
from storage.objects import ObjectStore
from tests.collab.rooms_helpers import new_document

Hook = Callable[[], Awaitable[object]]


async def nothing() -> None:
    pass


class Objects:
    """The object store as one process sees it, with something to do before it is written to."""

    def __init__(self, objects: ObjectStore, *, before_put: Hook = nothing, before_delete: Hook = nothing) -> None:
        self._before_put, self._before_delete = before_put, before_delete
        self._objects = objects
        self.get = objects.get

    async def put(self, key: str, data: bytes) -> None:
        await self._before_put()
        await self._objects.put(key, data)

    async def delete(self, key: str) -> None:
        await self._before_delete()
        await self._objects.delete(key)


def snapshots(storage: Storage, objects: object) -> Snapshots:
    return Snapshots(storage.db, objects, UpdateLog(storage.db, storage.objects))  # type: ignore[arg-type]


async def test_who_loses_the_race_takes_nothing_away_that_is_in_use(storage: Storage) -> None:
    """The loser had folded more than the winner, and a third one folds the same before the loser tidies up."""
    document = await new_document(storage)
    log = UpdateLog(storage.db, storage.objects)
    doc: Doc[Text] = Doc()
    text = doc.get("text", type=Text)
    text += "first"
    first = doc.get_update()
    known = doc.get_state()
    text += " second"
    await log.append([LogEntry(document, "p", 1, 1, first)])
    winner_has_read, loser_has_read, winner_is_done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def winner_waits() -> None:
        winner_has_read.set()
        await loser_has_read.wait()

    async def loser_waits() -> None:
        loser_has_read.set()
        await winner_is_done.wait()

    third = snapshots(storage, storage.objects)
    winner = snapshots(storage, Objects(storage.objects, before_put=winner_waits))
    loser = snapshots(
        storage,
        Objects(storage.objects, before_put=loser_waits, before_delete=lambda: third.compact(document)),
    )

    winning = asyncio.create_task(winner.compact(document))
    await winner_has_read.wait()
    await log.append([LogEntry(document, "p", 2, 2, doc.get_update(known))])
    losing = asyncio.create_task(loser.compact(document))
    assert await winning
    winner_is_done.set()
    assert not await losing
    assert str((await third.load(document)).replica.text) == "first second"
    assert len([info async for info in storage.objects.list(f"snapshots/{document}")]) == 1
