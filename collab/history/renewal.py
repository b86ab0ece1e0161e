"""A text whose history takes unbearably long to build (`collab.replicas.trial`), or in which a client id has said two
things to two processes (`collab.yjs.claims`), goes on under a new id.

History is never rebuilt in place: whoever was away would come back with the old one and bring all of it in again. So
the text gets a new document, at the same path, with the versions and the comments; the old one closes for good (4410).

Everybody is sent away first, on every process, and what they had been told is saved is waited for. What a process that
heard nothing of it has logged after that is carried over as an edit, the same as it is for people. After a crash at any
moment before the switch, which is one update of the tree, the old document is found to be what it is again; after it,
the next sweep of any process goes on with what is on record (`collab.documents.records.Heir`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from pycrdt import merge_updates

from collab.aside import AsideFailed
from collab.commenting.comments import Comments
from collab.documents.contents import Content, Contents
from collab.documents.records import Heir, Pending, now
from collab.durable.snapshots import DocumentGone, DocumentNotFound, TooCostly
from collab.history.versions import Versions
from collab.refusals import RoomClosed
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.tree import edits as treeedits
from collab.tree.trees import Trees
from collab.yjs.codec import Decoder, write_var_bytes
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

KEPT = 86_400.0
"""Seconds for which what is logged of the old document is still carried over: by a process that reached neither the
database nor the bus meanwhile, or was stopped."""

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
        self,
        rooms: Rooms,
        trees: Trees,
        contents: Contents,
        versions: Versions,
        comments: Comments,
        objects: ObjectStore,
    ) -> None:
        self._rooms = rooms
        self._objects = objects
        self._trees = trees
        self._contents = contents
        self._versions = versions
        self._comments = comments
        self._owner = uuid4().hex
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._later: dict[str, asyncio.TimerHandle] = {}
        """Documents that somebody else seems to be at, until they are looked at again."""
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
        for timer in self._later.values():
            timer.cancel()
        self._later.clear()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=GRACE)
        await end(list(self._tasks.values()))

    async def _renew(self, room: Room) -> None:
        await asyncio.sleep(LAST_WORDS)
        try:
            if (heir := await self._until_storage_answers(lambda: self._switch(room))) is not None:
                await self._go_on(room.workspace, room.document, heir.document)
        except (DocumentNotFound, DocumentGone, RoomClosed):
            return  # by somebody else, or by the next process
        except TooCostly:
            log.error("a document is too costly even to be read", document=room.document)

    async def _go_on(self, workspace: str, document: str, heir: str) -> None:
        """After the switch. Whoever is told to stop in the middle of it, or dies, leaves the rest to `finish`."""
        await self._until_storage_answers(lambda: self._bring_after(workspace, document, heir))
        for wait in (LAST_WORDS, UNHEARD):
            await asyncio.sleep(wait)
            if not await self._until_storage_answers(lambda: self._carry_over(document)):
                return  # somebody else has taken us for dead

    async def _until_storage_answers(self, work: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await work()
            except (LeaseUnavailable, AsideFailed, *STORAGE_AWAY) as error:
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
        return Heir(heir, await self._put(heir, update), carried, self._owner, now())

    async def _put(self, heir: str, content: bytes) -> str:
        """The key of a new object. Once no `Heir` names it any more, `collab.documents.orphans` takes it away."""
        key = f"log/{heir}/brought-{uuid4().hex}"
        await self._objects.put(key, content)
        return key

    async def _bring_after(self, workspace: str, document: str, heir: str) -> None:
        await self._versions.move(workspace, document, heir)
        await self._comments.move(document, heir)
        await self._rooms.retire(document)

    async def finish(self, workspace: str) -> None:
        """What a process that has died in the middle of it left to do, and what was logged since by one that had been
        cut off from everything.

        Raises:
            DocumentNotFound, LeaseUnavailable
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError, OSError: storage is away.
        """
        if heirs := await self._contents.documents.heirs(workspace):
            nodes = (await self._trees.read(workspace, fresh=True)).nodes
            for document, heir in heirs.items():
                if document in self._tasks or document in self._later or document in nodes:
                    continue
                if heir.document not in nodes or now() - heir.at > timedelta(seconds=KEPT):
                    await self._contents.documents.forget_heir(document)
                    continue
                if await self._is_over(document, heir):
                    continue
                await self._bring_after(workspace, document, heir.document)
                # Unless whoever began is alive: they see to it themselves.
                alone = (heir.at + timedelta(seconds=LEFT_ALONE) - now()).total_seconds()
                if alone > 0:
                    begin = partial(self._begin_finishing, workspace, document, heir.document)
                    self._later[document] = asyncio.get_running_loop().call_later(alone, begin)
                else:
                    self._begin_finishing(workspace, document, heir.document)

    async def _is_over(self, document: str, heir: Heir) -> bool:
        try:
            await self._rooms.snapshots.covered(document)
        except DocumentGone:
            return heir.pending is None and await self._rooms.updates.numbers(document) == heir.carried
        return False

    def _begin_finishing(self, workspace: str, document: str, heir: str) -> None:
        self._later.pop(document, None)
        if document not in self._tasks:
            self._spawn(document, self._finish(workspace, document, heir))

    async def _finish(self, workspace: str, document: str, heir: str) -> None:
        untouched_since = now() - timedelta(seconds=LEFT_ALONE)
        try:
            if await self._until_storage_answers(
                lambda: self._contents.documents.take_over_heir(document, self._owner, untouched_since)
            ):
                await self._go_on(workspace, document, heir)
        except (DocumentNotFound, DocumentGone):
            await self._contents.documents.forget_heir(document)  # deleted for good meanwhile
        except RoomClosed:
            # The heir's room could not be rebuilt, or this process ends: neither lasts, and what was logged of the old
            # document was told saved. A later sweep carries it over.
            log.warning("carrying over put off", document=document, heir=heir)
        except TooCostly:
            log.error("a document is too costly even to be read", document=document)

    async def _carry_over(self, document: str) -> bool:
        """What a process logged that had not heard of it. False when somebody else sees to that."""
        if (heir := await self._contents.documents.see_to_heir(document, self._owner)) is None:
            return False
        if heir.pending is None:
            carried = await self._rooms.updates.numbers(document)
            if carried == heir.carried:
                return True
            text = await self._rooms.snapshots.salvage(document)
            brought = await self._objects.get(heir.brought)
            async with self._rooms.open(heir.document) as renewed:
                updates, growth = await self._contents.replacing(renewed, brought, text)
            pending = Pending(await self._put(heir.document, _packed(updates)), growth, carried)
            heir = replace(heir, pending=pending, at=now())
            if not await self._contents.documents.put_heir(document, heir):
                return False
        else:
            pending = heir.pending
        # The same bytes twice are one edit; an edit that is computed again is another.
        updates = _unpacked(await self._objects.get(pending.updates))
        async with self._rooms.open(heir.document) as renewed:
            await self._contents.carry_out(renewed, updates, pending.growth, AUTHOR)
        # Or what was carried over now would be missing in what the next time is compared with, and come again.
        brought = await asyncio.to_thread(merge_updates, await self._objects.get(heir.brought), *updates)
        heir = await self._brought(heir.document, brought, pending.carried)
        return await self._contents.documents.put_heir(document, heir)

    async def _text(self, room: Room) -> str:
        """With all that the log has."""
        if room.built and not room.contradicted:  # or others might have a text that is not in the log's
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


def _packed(updates: Sequence[bytes]) -> bytes:
    out = bytearray()
    for update in updates:
        write_var_bytes(out, update)
    return bytes(out)


def _unpacked(content: bytes) -> list[bytes]:
    decoder, updates = Decoder(content), []
    while not decoder.at_end:
        updates.append(decoder.var_bytes(len(content)))
    return updates
