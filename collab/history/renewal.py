"""A text whose history takes unbearably long to build (`collab.replicas.trial`), or in which a client id has said two
things to two processes (`collab.yjs.claims`), goes on under a new id.

History is never rebuilt in place: whoever was away would come back with the old one and bring all of it in again. So
the text gets a new document, at the same path, with the versions and the comments; the old one closes for good (4410).

Everybody is sent away first, on every process, and what they had been told is saved is waited for. What a process that
heard nothing of it has logged after that is carried over as an edit, the same as it is for people. After a crash at any
moment before the switch, which is one update of the tree, the old document is found to be what it is again; after it,
the next sweep of any process goes on with what is on record (`collab.documents.records.Heir`).

The new document may have to be renewed as well before that is over. What still comes to the first is then put into the
log of the second, as if its writer had known of one renewal and not of the other, and from there it goes where all goes
that is late in the second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from pycrdt import merge_updates

from collab.aside import AsideFailed
from collab.commenting.comments import Comments
from collab.documents.contents import Content, Contents
from collab.documents.records import Heir, Pending, now
from collab.durable.snapshots import ContentLost, DocumentGone, DocumentNotFound, TooCostly
from collab.history.versions import VersionNotFound, Versions
from collab.refusals import DocumentTooLarge, Overloaded, RoomClosed, RoomRebuilding
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.tree import edits as treeedits
from collab.tree.trees import Trees
from collab.yjs.codec import Decoder, write_var_bytes
from collab.yjs.known import NOTHING
from collab.yjs.update import read_update
from storage.errors import STORAGE_AWAY
from storage.leases import LeaseUnavailable
from storage.objects import ObjectNotFound, ObjectStore
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

RETRY, RETRY_MOST = 1.0, 30.0
"""Seconds until something is tried again, twice as many each time."""

HOPE = 5
"""How often something is tried that fails although storage answers: what it has lost may be on its way back from a
backup, and a process may have been killed by chance."""

REST = 3600.0
"""Seconds after which what has failed so often is tried again."""

GRACE = 6.0
"""Seconds that a process which is told to stop waits for what has begun."""

AUTHOR = "job:renewal"

_HOPELESS = (TooCostly, ContentLost, AsideFailed, DocumentTooLarge, RoomRebuilding)


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
        """Documents that somebody else seems to be at, or that were closed, until they are looked at again."""
        self._failed: dict[str, float] = {}
        """Documents that cannot be seen through → when to try again, by the clock of the loop."""
        self._closing = False
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
        self._closing = True
        self._forget_later()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=GRACE)
        await end(list(self._tasks.values()))
        self._forget_later()  # what they have put off

    def _forget_later(self) -> None:
        for timer in self._later.values():
            timer.cancel()
        self._later.clear()

    async def _renew(self, room: Room) -> None:
        await asyncio.sleep(LAST_WORDS)
        try:
            heir = await self._until_storage_answers(lambda: self._switch(room))
        except (DocumentNotFound, DocumentGone, RoomClosed):
            return  # by somebody else, or by the next process
        except _HOPELESS as error:
            log.error("a document can neither be opened nor renewed", document=room.document, error=repr(error))
            return
        if heir is not None:
            await self._see_through(room.workspace, room.document, heir.document)

    async def _see_through(self, workspace: str, document: str, heir: str) -> None:
        """After the switch. Whoever is told to stop in the middle of it, or dies, leaves the rest to `finish`."""
        try:
            await self._go_on(workspace, document, heir)
        except DocumentNotFound:  # deleted for good meanwhile
            await self._until_storage_answers(lambda: self._contents.documents.forget_heir(document))
        except (DocumentGone, RoomClosed):
            # The heir is about to be renewed, or its room could not be rebuilt, or this process ends: nothing of that
            # lasts, and what was logged of the old document was told saved.
            log.warning("carrying over put off", document=document, heir=heir)
            if document not in self._failed:  # or the next sweep sees to it
                self._finish_later(workspace, document, LEFT_ALONE)
            self._failed[document] = asyncio.get_running_loop().time()
        except _HOPELESS as error:
            if document not in self._failed:
                log.error("late words of a document cannot be had", document=document, heir=heir, error=repr(error))
            self._failed[document] = asyncio.get_running_loop().time() + REST
        else:
            self._failed.pop(document, None)

    async def _go_on(self, workspace: str, document: str, heir: str) -> None:
        closed: RoomClosed | None = None
        try:
            await self._until_storage_answers(lambda: self._bring_after(workspace, document, heir))
        except RoomClosed as error:  # which keeps comments from coming along, and no text
            closed = error
        for wait in (LAST_WORDS, UNHEARD):
            await asyncio.sleep(wait)
            if not await self._until_heir_is_open(lambda: self._carry_over(workspace, document)):
                return  # somebody else has taken us for dead
        if closed is not None:
            raise closed

    async def _until_heir_is_open(self, work: Callable[[], Awaitable[T]]) -> T:
        """Its room is closed while it is about to be renewed itself; soon it is gone, and what is late goes on to its
        own heir. Raises RoomClosed when it is something else that keeps it closed, as `_until_storage_answers` else.
        """
        wait = LAST_WORDS
        while True:
            try:
                return await self._until_storage_answers(work)
            except RoomClosed:
                if wait > UNHEARD or self._closing:
                    raise
            await asyncio.sleep(wait)
            wait *= 2

    async def _until_storage_answers(self, work: Callable[[], Awaitable[T]]) -> T:
        """Raises what `_HOPELESS` is about, after `HOPE` attempts."""
        said, wait, left = "", RETRY, HOPE
        while True:
            try:
                return await work()
            except (ContentLost, AsideFailed, RoomRebuilding) as error:
                left -= 1
                if not left:
                    raise
                last: Exception = error
            except (LeaseUnavailable, Overloaded, *STORAGE_AWAY) as error:
                last = error
            if said != (said := str(last)) and not isinstance(last, ContentLost):  # of that is told in the end, once
                log.warning("renewal put off", error=said)
            await asyncio.sleep(wait)
            wait = min(2 * wait, RETRY_MOST)

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
        moment = now()
        return Heir(heir, await self._put(heir, update), carried, self._owner, moment, moment)

    async def _put(self, heir: str, content: bytes) -> str:
        """The key of a new object. Once no `Heir` names it any more, `collab.documents.orphans` takes it away."""
        key = f"log/{heir}/brought-{uuid4().hex}"
        await self._objects.put(key, content)
        return key

    async def _kept(self, key: str) -> bytes:
        """What `_put` has put there. Raises ContentLost."""
        try:
            return await self._objects.get(key)
        except ObjectNotFound as error:
            raise ContentLost(f"{key} is not in the object store") from error

    async def _bring_after(self, workspace: str, document: str, heir: str) -> None:
        """What is not text, to where the text is by now."""
        line: list[str] = []
        # Once more when the last of them went on meanwhile: whoever saw to that may have looked before we were here.
        while line != (line := await self._line(workspace, document, heir)):
            for one in line[:-1]:
                await self._versions.move(workspace, one, line[-1])
                await self._comments.move(one, line[-1])
        await self._rooms.retire(document)

    async def _line(self, workspace: str, document: str, heir: str) -> list[str]:
        """``document``, its ``heir``, the heir of that, and so on: in the last is the text now."""
        line = [document, heir]
        while (later := await self._contents.documents.heir(line[-1])) is not None:
            if later.document in line or not await self._trees.holds(workspace, later.document):
                break  # that switch is not made yet
            line.append(later.document)
        return line

    async def finish(self, workspace: str) -> None:
        """What a process that has died in the middle of it left to do, and what was logged since by one that had been
        cut off from everything.

        Raises:
            DocumentNotFound
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError, OSError: storage is away.
        """
        documents = self._contents.documents
        if heirs := await documents.heirs(workspace):
            nodes = (await self._trees.read(workspace, fresh=True)).nodes
            named = {heir.document for heir in heirs.values()}
            for document, heir in heirs.items():
                if document in self._tasks or document in self._later or document in nodes:
                    continue
                if not await self._trees.holds(workspace, heir.document):  # its switch was never made
                    await documents.forget_heir(document)
                    continue
                over = await self._is_over(document, heir)
                if now() - heir.since > timedelta(seconds=KEPT) and (over or document in self._failed):
                    if document not in named:  # or something may still come here
                        self._failed.pop(document, None)
                        await documents.forget_heir(document)
                elif not over and self._failed.get(document, 0.0) <= asyncio.get_running_loop().time():
                    await self._begin_to_finish(workspace, document, heir)

    async def _begin_to_finish(self, workspace: str, document: str, heir: Heir) -> None:
        try:
            await self._bring_after(workspace, document, heir.document)
        except (LeaseUnavailable, DocumentGone, RoomClosed, ContentLost) as error:
            # It is done again by whoever finishes it, and keeps nobody from finishing others.
            log.info("nothing could be brought after a renewed document yet", document=document, error=repr(error))
        # Unless whoever began is alive: they see to it themselves.
        alone = (heir.at + timedelta(seconds=LEFT_ALONE) - now()).total_seconds()
        if alone > 0:
            self._finish_later(workspace, document, alone)
        else:
            self._finish_now(workspace, document)

    async def _is_over(self, document: str, heir: Heir) -> bool:
        try:
            await self._rooms.snapshots.covered(document)
        except DocumentGone:
            return heir.pending is None and await self._rooms.updates.numbers(document) == heir.carried
        return False

    def _finish_later(self, workspace: str, document: str, seconds: float) -> None:
        if document not in self._later:
            loop = asyncio.get_running_loop()
            self._later[document] = loop.call_later(seconds, self._after_all, workspace, document)

    def _after_all(self, workspace: str, document: str) -> None:
        del self._later[document]
        self._finish_now(workspace, document)

    def _finish_now(self, workspace: str, document: str) -> None:
        if document not in self._tasks:
            self._spawn(document, self._finish(workspace, document))

    async def _finish(self, workspace: str, document: str) -> None:
        untouched_since = now() - timedelta(seconds=LEFT_ALONE)
        documents = self._contents.documents
        heir = await self._until_storage_answers(
            lambda: documents.take_over_heir(document, self._owner, untouched_since)
        )
        if heir is not None:
            await self._see_through(workspace, document, heir.document)

    async def _carry_over(self, workspace: str, document: str) -> bool:
        """What a process logged that had not heard of it. False when somebody else sees to that."""
        if (heir := await self._contents.documents.see_to_heir(document, self._owner)) is None:
            return False
        if heir.pending is None:
            carried = await self._rooms.updates.numbers(document)
            if carried == heir.carried:
                return True
            text = await self._rooms.snapshots.salvage(document)
            brought = await self._kept(heir.brought)
            taken = {*read_update(brought, "text").ranges, *await self._rooms.updates.authors(heir.document)}
            updates, growth = await self._contents.replacing(brought, text, taken)
            pending = Pending(await self._put(heir.document, _packed(updates)), growth, carried)
            heir = replace(heir, pending=pending, at=now())
            if not await self._contents.documents.put_heir(document, heir):
                return False
        else:
            pending = heir.pending
        # The same bytes twice are one edit; an edit that is computed again is another.
        updates = _unpacked(await self._kept(pending.updates))
        await self._hand_over(workspace, heir.document, updates, pending)
        # Or what was carried over now would be missing in what the next time is compared with, and come again.
        brought = await asyncio.to_thread(merge_updates, await self._kept(heir.brought), *updates)
        heir = await self._brought(heir.document, brought, pending.carried)
        return await self._contents.documents.put_heir(document, heir)

    async def _hand_over(self, workspace: str, heir: str, updates: Sequence[bytes], pending: Pending) -> None:
        try:
            async with self._rooms.open(heir) as renewed:
                await self._contents.carry_out(renewed, updates, pending.growth, AUTHOR)
                return
        except DocumentGone:
            pass  # it goes on under a new id itself
        except RoomClosed:
            if heir in (await self._trees.read(workspace, fresh=True)).nodes:
                raise
            # It is in the trash, where nobody renews it.
        if updates:
            update = await asyncio.to_thread(merge_updates, *updates)
            await self._rooms.append(heir, update, AUTHOR, pending.updates.rpartition("-")[2])
        # At once if that was ours, or else if its owner has not found it by then.
        self._finish_later(workspace, heir, LEFT_ALONE)
        self._finish_now(workspace, heir)

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
            try:
                return await self._versions.text(room.workspace, room.document, newest.version)
            except VersionNotFound as lost:
                raise ContentLost(f"version {newest.version.id} is not in the object store") from lost


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
