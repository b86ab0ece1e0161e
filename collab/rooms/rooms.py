"""The rooms of this process: opened on demand, shared by everybody in it, and forgotten when idle."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import structlog

from collab.aside import LARGE, Aside, AsideFailed
from collab.durable.commits import ALONE, SHARED, GroupCommit
from collab.durable.entries import LogEntry, NewClient
from collab.durable.log import UpdateLog
from collab.durable.snapshots import DocumentGone, DocumentNotFound, Loaded, Snapshots
from collab.limits import Limits
from collab.refusals import RoomClosed, RoomRebuilding
from collab.replicas.edits import first_update, fresh_client_id
from collab.rooms import replication
from collab.rooms.compacting import Compacting, outgrown, worth_folding
from collab.rooms.following import READ_AGAIN, Following
from collab.rooms.keeping_up import KeepingUp
from collab.rooms.rebuilding import agree, rebuild
from collab.rooms.room import Room
from collab.yjs.codec import MalformedFrame
from collab.yjs.update import InvalidUpdate, read_update
from storage import Storage
from storage.errors import STORAGE_AWAY
from storage.waiting import end

log = structlog.get_logger(__name__)

IDLE = 20.0
"""Seconds that a room nobody uses stays in memory: a reload of the page, or a settle, finds it warm."""

CLOSE_PATIENCE = 15.0
"""Seconds that a process which is told to stop waits for a log that is away; then it gives up what the log lacks."""


class EditsLost(RuntimeError):
    """The log was away until the process ended. What it lacks was called saved to nobody; who wrote it has it."""


@dataclass(slots=True)
class _Slot:
    """A room that is open or being opened, and how many use it."""

    opening: asyncio.Task[Room]
    users: int = 0
    idle_timer: asyncio.TimerHandle | None = None
    following: Following | None = None
    unsubscribe: Callable[[], Awaitable[None]] | None = None


def _is_open(slot: _Slot) -> bool:
    return slot.opening.done() and not _failed(slot)


def _failed(slot: _Slot) -> bool:
    return slot.opening.done() and (slot.opening.cancelled() or slot.opening.exception() is not None)


class Rooms:
    """All rooms of one process. Make it on the event loop; `close` makes everything durable."""

    def __init__(self, storage: Storage, limits: Limits | None = None) -> None:
        self._storage = storage
        self._limits = limits or Limits()
        self._slots: dict[str, _Slot] = {}
        self.aside = Aside()
        self.updates = UpdateLog(storage.db, storage.objects)
        self.snapshots = Snapshots(storage.db, storage.objects, self.updates, self.aside)
        self._commits = GroupCommit(self.updates, SHARED if storage.bus.spans_processes else ALONE)
        self._changed: list[Callable[[str, str], None]] = []
        self._given_up: list[Callable[[Room], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._compacting = Compacting(self.snapshots, self._too_costly, self._contradicted)
        self._agreeing: set[Room] = set()
        """Trees that are being made the same in all processes."""
        self._closing = False
        self._openings = itertools.count(1)
        self._process = uuid4().hex[:16]
        self._keeping_up = KeepingUp(storage, lambda: self.open_rooms, self._missed, self._spawn)

    async def ensure_indexes(self) -> None:
        await self.updates.ensure_indexes()

    @property
    def open_rooms(self) -> list[Room]:
        return [slot.opening.result() for slot in self._slots.values() if _is_open(slot)]

    def holds(self, document: str) -> bool:
        """Whether ``document`` is open here, or being opened."""
        return document in self._slots

    @property
    def log_away(self) -> bool:
        return self._commits.withheld

    @property
    def backlog(self) -> int:
        """Bytes of updates that people have been shown and the log does not have yet."""
        return self._commits.backlog.bytes

    def on_change(self, callback: Callable[[str, str], None]) -> None:
        """Call ``callback(workspace, document)`` after this process has logged something of a document."""
        self._changed.append(callback)

    def on_give_up(self, callback: Callable[[Room], None]) -> None:
        """Call ``callback(room)`` when a document has to go on under a new id, because it takes too long to build or
        contradicts itself, once its room here is closed."""
        self._given_up.append(callback)

    # ---- opening

    @asynccontextmanager
    async def open(self, document: str) -> AsyncIterator[Room]:
        """The room of ``document``, kept in memory for as long as the context lasts; for working on copies of it
        (`Room.copyable`). Raises as `enter`.
        """
        room, leave = await self.enter(document)
        try:
            await room.learned()
            await room.copyable()
            yield room
        finally:
            leave()

    async def enter(self, document: str) -> tuple[Room, Callable[[], None]]:
        """The room of ``document``, kept in memory until the function beside it is called, once.

        Raises:
            DocumentNotFound: there is no such text or tree document.
            DocumentGone: it was closed for good.
            ContentLost: the object store has lost what it rests on.
            RoomClosed: the process is shutting down, or the document is about to go on under a new id.
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError: storage is away.
        """
        if self._closing:
            raise RoomClosed(document)
        slot = self._slots.get(document)
        if slot is not None and _is_open(slot) and slot.opening.result().closed:
            # Whoever knocks again and again does not keep it in memory: a new room is opened when it is gone.
            await self.snapshots.covered(document)  # raises DocumentGone when that is why
            raise RoomClosed(document)
        if slot is None or _failed(slot):
            slot = _Slot(asyncio.create_task(self._open(document), name=f"open {document}"))
            self._slots[document] = slot
        leave = self._use(document, slot)
        try:
            # Shielded: one impatient visitor must not cancel the opening for the others.
            room = await asyncio.shield(slot.opening)
            if self._closing or room.closed:  # since it began
                raise RoomClosed(document)
            return room, leave
        except BaseException:
            leave()
            raise

    def keep(self, document: str) -> Callable[[], None]:
        """Keep what is open of ``document`` in memory, also a room that is closed, until the function returned is
        called, once. Until then nobody opens it anew here.
        """
        slot = self._slots.get(document)
        return self._use(document, slot) if slot is not None else lambda: None

    def _use(self, document: str, slot: _Slot) -> Callable[[], None]:
        slot.users += 1
        if slot.idle_timer is not None:
            slot.idle_timer.cancel()
            slot.idle_timer = None

        left = False

        def leave() -> None:
            nonlocal left
            slot.users -= not left
            left = True
            if slot.users == 0 and self._slots.get(document) is slot:
                if _failed(slot):
                    del self._slots[document]
                else:
                    self._expire_later(document, slot)

        return leave

    async def _open(self, document: str) -> Room:
        """Subscribe, then read: what is published in between is buffered, what was before is in the log."""
        slot = self._slots[document]
        # A name per opening rather than per process: numbers then always start at 1, whatever snapshots remember.
        writer = f"{self._process}.{next(self._openings)}"
        early: deque[replication.Replica] = deque()
        ours = replication.sent_by(writer)

        def receive(payload: bytes) -> None:
            if payload.startswith(ours, 1):
                return
            try:
                message = replication.decode(payload)
                if slot.following is None:
                    early.append(message)
                else:
                    slot.following.receive(message)
            except (MalformedFrame, InvalidUpdate) as error:
                log.warning("unreadable message on the bus", document=document, error=str(error))

        channel = replication.channel_of(document)
        unsubscribe = await self._storage.bus.subscribe(channel, receive)
        try:
            slot.unsubscribe = unsubscribe
            return await self._opened(document, slot, writer, await self.snapshots.load(document), early)
        except BaseException:
            slot.unsubscribe = None
            await unsubscribe()
            raise

    async def _opened(
        self, document: str, slot: _Slot, writer: str, loaded: Loaded, early: deque[replication.Replica]
    ) -> Room:
        channel = replication.channel_of(document)
        room = Room(
            document,
            loaded,
            writer=writer,
            commits=self._commits,
            publish=lambda payload: self._storage.bus.publish(channel, payload),
            heard=lambda: self._storage.bus.has_others(channel),
            missed=self._missed,
            resumed=self._resumed,
            claimed=self._claimed,
            rebuild=self._rebuild,
            aside=self.aside,
            costly=self._give_up,
            committed=self._committed,
            limits=self._limits,
        )
        slot.following = Following(
            room, self.updates, self.snapshots, self.aside, self._spawn, self._contradicted, early
        )
        self._spawn(room.learned())
        await slot.following.take_waiting()
        if loaded.contradicted:
            self._contradicted(room)
        self._storage.bus.publish(channel, replication.encode(replication.PresenceQuery(writer)))
        return room

    def _missed(self, room: Room) -> None:
        if (slot := self._slots.get(room.document)) is not None and slot.following is not None:
            slot.following.look()

    def _resumed(self, room: Room) -> None:
        if (slot := self._slots.get(room.document)) is not None and slot.following is not None:
            slot.following.resume()

    def _claimed(self, room: Room) -> None:
        if (slot := self._slots.get(room.document)) is not None and slot.following is not None:
            slot.following.compare()

    def _rebuild(self, room: Room) -> None:
        self._spawn(rebuild(room, self.snapshots, lambda: self._closing, self._contradicted))

    async def catch_up(self, room: Room) -> None:
        """Return once ``room`` has all that the log held at the call, also what the bus is late with or has lost.

        For decisions that hold for everybody: whether a path is free, what the plain file of a document is.

        Raises:
            RoomClosed: it is in memory no more, or was never open here.
            As `Following.catch_up`.
        """
        slot = self._slots.get(room.document)
        if slot is None or slot.following is None or slot.following.room is not room:
            raise RoomClosed(room.document)
        await slot.following.catch_up()

    def deleters(self, document: str) -> set[str]:
        """`Room.deleters` of a document that is in memory; of any other there are none."""
        slot = self._slots.get(document)
        return slot.opening.result().deleters if slot is not None and _is_open(slot) else set()

    def visited_in(self, workspace: str) -> list[str]:
        """The texts of ``workspace`` that somebody is connected to here."""
        rooms = [room for room in self.open_rooms if room.workspace == workspace and room.kind == "text"]
        return [room.document for room in rooms if room.audience.connections]

    def visited(self, document: str) -> bool:
        """Whether somebody is connected to ``document`` here."""
        slot = self._slots.get(document)
        return slot is not None and _is_open(slot) and bool(slot.opening.result().audience.connections)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- creating and ending documents

    async def create(self, texts: Sequence[tuple[str, str, str | None]]) -> None:
        """Put the first text into new documents: ``(document, text, author)`` each.

        One write to the log for all of them, no room is opened: an import brings in hundreds. Durable on return. The
        documents' records are the caller's, and must not be visible before this returns.

        Raises:
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError: storage is away.
        """
        entries, clients = [], []
        for document, text, author in texts:
            if text:
                client = fresh_client_id(())
                if len(text) < LARGE:
                    update = first_update(text, client)
                    await asyncio.sleep(0)
                else:
                    update = await self.aside.run(len(text), first_update, text, client)
                entries.append(LogEntry(document, f"{self._process}.0", 1, 1, update))
                if author is not None:
                    clients.append(NewClient(document, client, author))
        if entries:
            await self.updates.append(entries, clients)

    async def append(self, document: str, update: bytes, author: str, writer: str) -> None:
        """Put ``update`` into the log of a document that nobody can be in: it is gone, or in the trash. Durable on
        return. The same for the same ``writer``, which names it, is once.

        Raises:
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError: storage is away.
        """
        clients = [NewClient(document, client, author) for client in read_update(update, "text").ranges]
        await self.updates.append([LogEntry(document, writer, 1, 1, update)], clients)
        # It may still be in somebody's memory, and comes back from the trash.
        logged = replication.encode(replication.Logged(writer, 1, 1, update))
        self._storage.bus.publish(replication.channel_of(document), logged)

    async def retire(self, document: str) -> None:
        """Close ``document`` for good, on every process (4410). Its log and its snapshot stay."""
        await self._storage.db["documents"].update_one({"_id": document}, {"$set": {"gone_at": datetime.now(UTC)}})
        for room in self.open_rooms:
            if room.document == document:
                room.close(4410, "this document is gone")
        gone = replication.encode(replication.Gone(self._process))
        self._storage.bus.publish(replication.channel_of(document), gone)

    async def dismiss(self, documents: Iterable[str]) -> None:
        """Close the connections of ``documents``, which went to the trash, on every process (4410)."""
        rooms = {room.document: room for room in self.open_rooms}
        trashed = replication.encode(replication.Trashed(self._process))
        for document in documents:
            if document in rooms:
                rooms[document].dismiss()
            self._storage.bus.publish(replication.channel_of(document), trashed)

    # ---- leaving memory

    def _expire_later(self, document: str, slot: _Slot) -> None:
        slot.idle_timer = asyncio.get_running_loop().call_later(IDLE, lambda: self._spawn(self._expire(document, slot)))

    async def _expire(self, document: str, slot: _Slot) -> None:
        await asyncio.wait({slot.opening})
        if _failed(slot):
            if self._slots.get(document) is slot:
                del self._slots[document]
            return
        room = slot.opening.result()
        if worth_folding(room):
            await self._compacting.compact(room)
        with suppress(RoomClosed, RoomRebuilding):  # what was not taken after all
            await room.durable()
        # Looked at again after every wait: somebody may have come in meanwhile. From here to the deletion nothing
        # waits, so nobody can find a room that is about to go with something unsaved in it.
        if slot.users or self._slots.get(document) is not slot:
            return
        if room.sequence > room.logged_sequence or (slot.following is not None and slot.following.busy):
            self._expire_later(document, slot)
            return
        del self._slots[document]
        self._keeping_up.left(document)
        room.close(1012, "idle")
        room.stop_timers()
        if slot.following is not None:
            slot.following.stop()
        unsubscribe, slot.unsubscribe, slot.idle_timer = slot.unsubscribe, None, None  # each refers to the slot
        if unsubscribe is not None:
            await unsubscribe()

    async def close(self) -> None:
        """Make everything durable, fold long logs into snapshots, and leave.

        Raises EditsLost when the log stays away for `CLOSE_PATIENCE` seconds.
        """
        self._closing = True
        self._keeping_up.stop()
        await asyncio.gather(*(self._send_away(room) for room in self.open_rooms))
        for slot in self._slots.values():
            if slot.following is not None:
                slot.following.stop()
        late = await self._until_none_is_held()
        with suppress(TimeoutError):
            await self._commits.close(CLOSE_PATIENCE)
        lost = self._commits.backlog.bytes
        for room in self.open_rooms:
            if worth_folding(room) and not lost:
                await self._compacting.compact(room)
        for slot in list(self._slots.values()):
            if slot.idle_timer is not None:
                slot.idle_timer.cancel()
            if slot.unsubscribe is not None:
                await slot.unsubscribe()
        for room in self.open_rooms:
            room.stop_timers()
        if lost or late:
            await end(self._tasks)
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.aside.close()
        self._slots.clear()
        if lost:
            raise EditsLost(
                f"{lost} bytes of edits were given up, since they could not be saved. Nobody was told that they are; "
                "whoever wrote them still holds them and sends them again."
            )

    async def _send_away(self, room: Room) -> None:
        """Once an edit that is shown in turns is whole: half of it would go to the log."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_PATIENCE):
                await room.complete()
        room.close(1012, "the server restarts")

    async def _until_none_is_held(self) -> bool:
        """What rooms hold goes to the log afterwards. Returns whether that took too long."""
        waiting = [asyncio.create_task(room.idle()) for room in self.open_rooms if not room.sound.is_set()]
        waiting += [asyncio.create_task(room.complete()) for room in self.open_rooms if room.halfway]
        if not waiting:
            return False
        _, late = await asyncio.wait(waiting, timeout=CLOSE_PATIENCE)
        if late:
            log.error("rooms were held up until the end: what waited in them is given up", rooms=len(late))
        await end(late)
        return bool(late)

    # ---- what becomes of what is written

    def _committed(self, room: Room) -> None:
        self._keeping_up.wrote(room.document)
        for callback in self._changed:
            callback(room.workspace, room.document)
        if outgrown(room):
            self._spawn(self._compacting.compact(room))

    def _too_costly(self, room: Room) -> None:
        if not self._closing:  # the next process finds out as well, and has the time
            self._give_up(room)

    def _contradicted(self, room: Room) -> None:
        """A client id says two things in it, of which some processes have one and some the other."""
        room.contradicted = True
        if self._closing or room.closed:
            return
        if room.kind == "text":
            self._give_up(room, "a document contradicts itself")
        elif room not in self._agreeing:
            self._agreeing.add(room)
            self._spawn(self._agree(room))

    async def _agree(self, room: Room) -> None:
        """A tree has one id for ever, so it is made in all processes what it is in the snapshot."""
        try:
            while room.contradicted and not (self._closing or room.closed):
                room.contradicted = False
                try:
                    await agree(room, self.snapshots)
                except (DocumentNotFound, DocumentGone, RoomClosed):
                    return
                except (RoomRebuilding, AsideFailed, *STORAGE_AWAY) as error:
                    log.warning("agreeing on a tree put off", document=room.document, error=repr(error))
                    room.contradicted = True
                    await asyncio.sleep(READ_AGAIN)
                    continue
                await rebuild(room, self.snapshots, lambda: self._closing, self._contradicted)
                room.audience.send_away(1012, "the document was rebuilt")
        finally:
            self._agreeing.discard(room)

    def _give_up(self, room: Room, why: str = "a document takes too long to build") -> None:
        log.error(why, document=room.document, workspace=room.workspace)
        room.give_up()
        self.say_given_up(room)
        for callback in self._given_up:
            callback(room)

    def say_given_up(self, room: Room) -> None:
        given_up = replication.encode(replication.GivenUp(room.writer))
        self._storage.bus.publish(replication.channel_of(room.document), given_up)
