"""A text whose history takes unbearably long to build (`collab.replicas.trial`) goes on under a new id.

History is never rebuilt in place: whoever was away would come back with the old one and bring all of it in again. So
the text gets a new document, at the same path, with the versions; the old one closes for good (4410).

Everybody is sent away first, on every process, and what they had been told is saved is waited for. What a process that
heard nothing of it has logged after that is carried over as an edit, the same as it is for people. After a crash at any
moment before the switch, which is one update of the tree, the old document is found to be costly again; after it, the
next sweep of any process goes on with what is on record (`collab.documents.records.Heir`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from pycrdt import merge_updates

from collab.documents.contents import Content, Contents
from collab.documents.records import Heir, now
from collab.durable.snapshots import DocumentGone, DocumentNotFound, TooCostly
from collab.history.versions import Versions
from collab.refusals import RoomClosed
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.tree import edits as treeedits
from collab.tree.trees import Trees
from collab.yjs.known import NOTHING
from storage.errors import STORAGE_AWAY
from storage.leases import LeaseUnavailable
from storage.objects import ObjectStore
from storage.waiting import end

T = TypeVar("T")

log = structlog.get_logger(__name__)

LAST_WORDS = 3.0
"""Seconds within which every process has logged what it had when it heard that the document is given up."""

LEFT_ALONE = 180.0
"""Seconds after which whoever renews a document is taken to have died: it sees to it every half a minute, and storage
may be away for a while."""

UNHEARD = 30.0
"""Seconds within which a process that heard nothing of it has looked whether its documents are gone."""

ATTEMPTS = 5
"""To read a text that nobody goes on writing. What is written after the last of them is carried over."""

RETRY = 1.0

GRACE = 6.0
"""Seconds that a process which is told to stop waits for what has begun."""

AUTHOR = "job:renewal"


class Renewal:
    def __init__(
        self, rooms: Rooms, trees: Trees, contents: Contents, versions: Versions, objects: ObjectStore
    ) -> None:
        self._rooms = rooms
        self._objects = objects
        self._trees = trees
        self._contents = contents
        self._versions = versions
        self._owner = uuid4().hex
        self._tasks: dict[str, asyncio.Task[None]] = {}
        rooms.on_give_up(self._begin)

    def _begin(self, room: Room) -> None:
        if room.document not in self._tasks:
            # Or its text would be read of a room that others have opened anew, and has not heard of what they wrote.
            leave = self._rooms.keep(room.document)
            self._spawn(room.document, self._renew(room)).add_done_callback(lambda _: leave())

    def _spawn(self, document: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"renew {document}")
        self._tasks[document] = task
        task.add_done_callback(lambda _: self._tasks.pop(document))
        return task

    async def close(self) -> None:
        """Finish what has begun, if storage lets it."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=GRACE)
        await end(list(self._tasks.values()))

    async def _renew(self, room: Room) -> None:
        await asyncio.sleep(LAST_WORDS)
        try:
            if (heir := await self._until_storage_answers(lambda: self._switch(room))) is not None:
                await self._go_on(room.workspace, room.document, heir)
        except (DocumentNotFound, DocumentGone, RoomClosed):
            return  # by somebody else, or by the next process
        except TooCostly:
            log.error("a document is too costly even to be read", document=room.document)

    async def _go_on(self, workspace: str, document: str, heir: Heir) -> None:
        """After the switch. Whoever is told to stop in the middle of it, or dies, leaves the rest to `finish`."""
        await self._until_storage_answers(lambda: self._bring_after(workspace, document, heir.document))
        for wait in (LAST_WORDS, UNHEARD):
            await asyncio.sleep(wait)
            if not await self._until_storage_answers(
                lambda: self._contents.documents.touch_heir(document, self._owner)
            ):
                return  # somebody else has taken us for dead
            heir = await self._until_storage_answers(partial(self._carry_over, document, heir))
        await self._until_storage_answers(lambda: self._contents.documents.forget_heir(document))

    async def _until_storage_answers(self, work: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await work()
            except (LeaseUnavailable, *STORAGE_AWAY) as error:
                log.warning("renewal put off", error=str(error))
                await asyncio.sleep(RETRY)

    async def _switch(self, room: Room) -> Heir | None:
        """None when there is nothing to do."""
        document, workspace = room.document, room.workspace
        attempt = 0
        while True:
            attempt += 1
            known = await self._rooms.updates.numbers(document)
            text = await self._text(room)  # may take a minute, in which nobody's lease is held
            async with self._trees.change(workspace) as change:
                node, record = change.tree.nodes.get(document), await self._contents.documents.find(document)
                if node is None or record is None:
                    return None  # it is in the trash, or another process was here first
                if await self._rooms.updates.numbers(document) != known and attempt < ATTEMPTS:
                    self._rooms.say_given_up(room)  # somebody goes on writing, who has not heard of it
                    continue
                content = await asyncio.to_thread(Content.shared, text, record.format)
                [made] = await self._contents.create(workspace, [content], None)
                begun = await self._rooms.updates.read(made.id)
                heir = await self._brought(made.id, begun[0].update if begun else NOTHING, known)
                await self._contents.documents.set_heir(document, heir)
                change.add(
                    treeedits.create(made.id, node.name, node.parent, "text"),
                    treeedits.delete(document, datetime.now(UTC)),
                )
                await change.commit(AUTHOR)
            self._contents.announce(workspace, made.id)
            log.warning("a document goes on under a new id", document=document, heir=made.id)
            return heir

    async def _brought(self, heir: str, update: bytes, carried: dict[str, int]) -> Heir:
        """The object is referred to for minutes only; a day later `collab.documents.orphans` takes it away."""
        key = f"log/{heir}/brought-{uuid4().hex}"
        await self._objects.put(key, update)
        return Heir(heir, key, carried, self._owner, now())

    async def _bring_after(self, workspace: str, document: str, heir: str) -> None:
        await self._versions.move(workspace, document, heir)
        await self._rooms.retire(document)

    async def finish(self, workspace: str) -> None:
        """What a process that has died in the middle of it left to do.

        Raises:
            DocumentNotFound, LeaseUnavailable
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError, OSError: storage is away.
        """
        if heirs := await self._contents.documents.heirs(workspace):
            nodes = (await self._trees.read(workspace, fresh=True)).nodes
            for document, heir in heirs.items():
                if document not in self._tasks and document not in nodes and heir.document in nodes:
                    await self._bring_after(workspace, document, heir.document)
                    self._spawn(document, self._finish(workspace, document, heir))

    async def _finish(self, workspace: str, document: str, heir: Heir) -> None:
        """Carry over what was logged since, unless whoever began is alive: twice, it would stand there twice."""
        alone = timedelta(seconds=LEFT_ALONE)
        await asyncio.sleep((heir.at + alone - now()).total_seconds())
        try:
            if await self._until_storage_answers(
                lambda: self._contents.documents.take_over_heir(document, self._owner, now() - alone)
            ):
                await self._go_on(workspace, document, heir)
        except (DocumentNotFound, DocumentGone, RoomClosed):
            await self._contents.documents.forget_heir(document)  # deleted for good meanwhile
        except TooCostly:
            log.error("a document is too costly even to be read", document=document)

    async def _carry_over(self, document: str, heir: Heir) -> Heir:
        """What a process logged that had not heard of it."""
        carried = await self._rooms.updates.numbers(document)
        if carried == heir.carried:
            return heir
        if await self._objects.head(heir.brought) is None:
            log.error("of a document that was renewed long ago nothing more can be carried over", document=document)
            return heir
        text = await self._rooms.snapshots.salvage(document)
        brought = await self._objects.get(heir.brought)
        async with self._rooms.open(heir.document) as renewed:
            updates = await self._contents.replace(renewed, brought, text, AUTHOR)
        # Or what was carried over now would be missing in what the next time is compared with, and come again.
        heir = await self._brought(heir.document, await asyncio.to_thread(merge_updates, brought, *updates), carried)
        await self._contents.documents.set_heir(document, heir)
        return heir

    async def _text(self, room: Room) -> str:
        """With all that the log has."""
        if room.built:
            with suppress(RoomClosed):
                await self._rooms.catch_up(room)
                text = room.text
                if not room.dropped:  # also not in order to read it
                    return text
        try:
            return await self._rooms.snapshots.salvage(room.document)
        except TooCostly:
            if (newest := await self._versions.newest(room.document)) is None:
                raise
            log.error("of a document only its newest version can be read", document=room.document)
            return await self._versions.text(room.workspace, room.document, newest.version)
