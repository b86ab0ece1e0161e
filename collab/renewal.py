"""A text whose history takes unbearably long to build (`collab.trial`) goes on under a new id.

History is never rebuilt in place: whoever was away would come back with the old one and bring all of it in again. So
the text gets a new document, at the same path, with the versions; the old one closes for good (4410).

Everybody is sent away first, on every process, and what they had been told is saved is waited for. What a process that
heard nothing of it has logged after that is carried over as an edit, the same as it is for people. After a crash at any
moment before the switch, which is one update of the tree, the old document is found to be costly again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from pycrdt import merge_updates

from collab import treeedits
from collab.contents import Content, Contents
from collab.known import NOTHING
from collab.refusals import RoomClosed
from collab.room import Room
from collab.rooms import Rooms
from collab.snapshots import DocumentGone, DocumentNotFound, TooCostly
from collab.trees import Trees
from collab.versions import Versions
from storage.errors import STORAGE_AWAY
from storage.leases import LeaseUnavailable
from storage.waiting import end

T = TypeVar("T")

log = structlog.get_logger(__name__)

LAST_WORDS = 3.0
"""Seconds within which every process has logged what it had when it heard that the document is given up."""

UNHEARD = 30.0
"""Seconds within which a process that heard nothing of it has looked whether its documents are gone."""

ATTEMPTS = 5
"""To read a text that nobody goes on writing. What is written after the last of them is carried over."""

RETRY = 1.0

GRACE = 6.0
"""Seconds that a process which is told to stop waits for what has begun."""

AUTHOR = "job:renewal"


@dataclass(slots=True)
class _Heir:
    document: str
    brought: bytes
    """The update that put the text into it, and with it what was carried over since."""
    carried: dict[str, int]
    """Writer → number, of what has gone into its text."""


class Renewal:
    def __init__(self, rooms: Rooms, trees: Trees, contents: Contents, versions: Versions) -> None:
        self._rooms = rooms
        self._trees = trees
        self._contents = contents
        self._versions = versions
        self._tasks: dict[str, asyncio.Task[None]] = {}
        rooms.on_give_up(self._begin)

    def _begin(self, room: Room) -> None:
        if room.document not in self._tasks:
            # Or its text would be read of a room that others have opened anew, and has not heard of what they wrote.
            leave = self._rooms.keep(room.document)
            task = asyncio.create_task(self._renew(room), name=f"renew {room.document}")
            task.add_done_callback(lambda _: leave())
            self._tasks[room.document] = task
            task.add_done_callback(lambda _: self._tasks.pop(room.document))

    async def close(self) -> None:
        """Finish what has begun, if storage lets it."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=GRACE)
        await end(list(self._tasks.values()))

    async def _renew(self, room: Room) -> None:
        await asyncio.sleep(LAST_WORDS)
        try:
            if (heir := await self._until_storage_answers(lambda: self._switch(room))) is not None:
                await self._until_storage_answers(
                    lambda: self._bring_after(room.workspace, room.document, heir.document)
                )
                for wait in (LAST_WORDS, UNHEARD):
                    await asyncio.sleep(wait)
                    await self._until_storage_answers(lambda: self._carry_over(room.document, heir))
        except (DocumentNotFound, DocumentGone, RoomClosed):
            return  # by somebody else, or by the next process
        except TooCostly:
            log.error("a document is too costly even to be read", document=room.document)

    async def _until_storage_answers(self, work: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await work()
            except (LeaseUnavailable, *STORAGE_AWAY) as error:
                log.warning("renewal put off", error=str(error))
                await asyncio.sleep(RETRY)

    async def _switch(self, room: Room) -> _Heir | None:
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
                await self._contents.documents.set_heir(document, made.id)
                change.add(
                    treeedits.create(made.id, node.name, node.parent, "text"),
                    treeedits.delete(document, datetime.now(UTC)),
                )
                await change.commit(AUTHOR)
            self._contents.announce(workspace, made.id)
            log.warning("a document goes on under a new id", document=document, heir=made.id)
            return _Heir(made.id, begun[0].update if begun else NOTHING, known)

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
                if document not in self._tasks and document not in nodes and heir in nodes:
                    await self._bring_after(workspace, document, heir)

    async def _carry_over(self, document: str, heir: _Heir) -> None:
        """What a process logged that had not heard of it."""
        if await self._rooms.updates.numbers(document) != heir.carried:
            carried = await self._rooms.updates.numbers(document)
            text = await self._rooms.snapshots.salvage(document)
            async with self._rooms.open(heir.document) as renewed:
                updates = await self._contents.replace(renewed, heir.brought, text, AUTHOR)
            # Or what was carried over now would be missing in what the next time is compared with, and come again.
            heir.brought = await asyncio.to_thread(merge_updates, heir.brought, *updates)
            heir.carried = carried

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
