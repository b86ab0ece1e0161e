"""The rooms of this process: opened on demand, shared by everybody in it, and forgotten when idle."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import structlog
from obstore.exceptions import BaseError as ObjectStoreError
from pymongo.errors import PyMongoError

from collab import replication
from collab.aside import LARGE, Aside
from collab.codec import MalformedFrame
from collab.commits import ALONE, SHARED, GroupCommit
from collab.edits import first_update, fresh_client_id
from collab.entries import LogEntry, NewClient
from collab.limits import Limits
from collab.log import UpdateLog
from collab.room import Room, RoomClosed
from collab.snapshots import DocumentGone, DocumentNotFound, Loaded, Snapshots, TooCostly
from collab.trial import squash
from collab.update import InvalidUpdate
from storage import Storage
from storage.waiting import end

log = structlog.get_logger(__name__)

IDLE = 20.0
"""Seconds that a room nobody uses stays in memory: a reload of the page, or a settle, finds it warm."""

HEARTBEAT = 2.0
FULL_HEARTBEAT = 5
"""Every so many heartbeats quiet rooms repeat their numbers too, and who is in them."""

LAST_WORDS = 3.0
"""Seconds after the return of the bus, in which a process that is being stopped has written what it had."""

COMPACT_ENTRIES = 400
COMPACT_BYTES = 256 * 1024
CLOSE_ENTRIES = 40
CLOSE_BYTES = 32 * 1024
"""Of the log, worth a snapshot when a room leaves memory: opening it again reads one object then and merges nothing."""

CLOSE_PATIENCE = 15.0
"""Seconds that a process which is told to stop waits for a log that is away; then it gives up what the log lacks."""

STORAGE_ERRORS = (PyMongoError, ObjectStoreError, OSError)


class EditsLost(RuntimeError):
    """The log was away until the process ended. What it lacks was called saved to nobody; who wrote it has it."""


@dataclass(slots=True)
class _Slot:
    """A room that is open or being opened, and how many use it."""

    opening: asyncio.Task[Room]
    users: int = 0
    idle_timer: asyncio.TimerHandle | None = None
    buffered: deque[replication.Replica] = field(default_factory=deque)
    """What came from the bus while the room was being opened, or took a large update in turns."""
    taking: bool = False
    unsubscribe: Callable[[], Awaitable[None]] | None = None


def _is_open(slot: _Slot) -> bool:
    return slot.opening.done() and not slot.opening.cancelled() and slot.opening.exception() is None


@dataclass(frozen=True, slots=True)
class Present:
    """A shared text as it is at a moment."""

    text: str
    state: Mapping[int, int]
    """Yjs client id → clock, of all that went into it."""
    whole: bool
    """False when something of the log cannot be taken: people go on with the rest, which replaces no good copy."""

    @classmethod
    def of(cls, loaded: Loaded) -> Present:
        text = str(loaded.replica.text)  # first: only now is it seen what the CRDT library does not take
        return cls(text, loaded.replica.state, not loaded.spoilt and not loaded.replica.set_aside)

    @classmethod
    def in_room(cls, room: Room) -> Present:
        return cls(room.text, dict(room.state), room.whole)


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
        self._compacting: set[str] = set()
        self._written: set[str] = set()
        """Documents that this process has logged something of since it last looked whether they are gone."""
        self._rereading: set[str] = set()
        self._closing = False
        self._openings = itertools.count(1)
        self._process = uuid4().hex[:16]
        storage.bus.on_reconnect(self._meet_again)
        self._heart = asyncio.create_task(self._beat(), name="room heartbeat")

    async def ensure_indexes(self) -> None:
        await self.updates.ensure_indexes()

    @property
    def open_rooms(self) -> list[Room]:
        return [slot.opening.result() for slot in self._slots.values() if _is_open(slot)]

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
        """Call ``callback(room)`` when a document takes too long to build, once its room here is closed."""
        self._given_up.append(callback)

    # ---- opening

    @asynccontextmanager
    async def open(self, document: str) -> AsyncIterator[Room]:
        """The room of ``document``, kept in memory for as long as the context lasts; for working on copies of it
        (`Room.copyable`). Raises as `enter`.
        """
        room, leave = await self.enter(document)
        try:
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
        if slot is None:
            slot = _Slot(asyncio.create_task(self._open(document), name=f"open {document}"))
            self._slots[document] = slot
        slot.users += 1
        if slot.idle_timer is not None:
            slot.idle_timer.cancel()
            slot.idle_timer = None

        def leave() -> None:
            slot.users -= 1
            if slot.users == 0 and self._slots.get(document) is slot:
                if slot.opening.done() and (slot.opening.cancelled() or slot.opening.exception() is not None):
                    del self._slots[document]
                else:
                    self._expire_later(document, slot)

        try:
            # Shielded: one impatient visitor must not cancel the opening for the others.
            return await asyncio.shield(slot.opening), leave
        except BaseException:
            leave()
            raise

    async def _open(self, document: str) -> Room:
        """Subscribe, then read: what is published in between is buffered, what was before is in the log."""
        slot = self._slots[document]
        # A name per opening rather than per process: numbers then always start at 1, whatever snapshots remember.
        writer = f"{self._process}.{next(self._openings)}"
        room: Room | None = None

        ours = replication.sent_by(writer)

        def receive(payload: bytes) -> None:
            if payload.startswith(ours, 1):
                return
            try:
                message = replication.decode(payload)
                if room is None or slot.taking:
                    slot.buffered.append(message)
                elif (pending := room.replicate(message)) is not None:
                    slot.taking = True  # what comes before the task's first turn waits, too
                    self._spawn(self._take_buffered(slot, room, pending))
            except (MalformedFrame, InvalidUpdate) as error:
                log.warning("unreadable message on the bus", document=document, error=str(error))

        channel = replication.channel_of(document)
        unsubscribe = await self._storage.bus.subscribe(channel, receive)
        try:
            loaded = await self.snapshots.load(document)
        except BaseException:
            await unsubscribe()
            raise
        slot.unsubscribe = unsubscribe
        room = Room(
            document,
            loaded,
            writer=writer,
            commits=self._commits,
            publish=lambda payload: self._storage.bus.publish(channel, payload),
            heard=lambda: self._storage.bus.has_others(channel),
            reread=lambda room: self._spawn(self._reread(room)),
            rebuild=lambda room: self._spawn(self._rebuild(room)),
            attempt=self._attempt,
            costly=self._give_up,
            take_later=self._take_later,
            committed=self._committed,
            limits=self._limits,
        )
        self._spawn(loaded.replica.known.read_ahead())
        await self._take_buffered(slot, room)
        self._storage.bus.publish(channel, replication.encode(replication.PresenceQuery(writer)))
        return room

    def _take_later(self, room: Room, message: replication.Replica) -> None:
        if (slot := self._slots.get(room.document)) is not None:
            slot.buffered.append(message)
            if not slot.taking:
                slot.taking = True
                self._spawn(self._take_buffered(slot, room))

    async def _take_buffered(self, slot: _Slot, room: Room, pending: Awaitable[None] | None = None) -> None:
        """Take what has come from the bus meanwhile, in order; ``pending`` is what came before that."""
        slot.taking = True
        try:
            while pending is not None or slot.buffered:
                try:
                    if pending is None:
                        pending = room.replicate(slot.buffered.popleft())
                    if pending is not None:
                        await pending
                except (MalformedFrame, InvalidUpdate) as error:
                    log.warning("unreadable message on the bus", document=room.document, error=str(error))
                except RoomClosed:
                    pass
                except Exception:  # what follows it must not wait for ever
                    log.exception("failed to take a message of the bus", document=room.document)
                pending = None
        finally:
            slot.taking = False

    async def catch_up(self, room: Room) -> None:
        """Return once ``room`` has all that the log held at the call, also what the bus is late with or has lost.

        For decisions that hold for everybody: whether a path is free, what the plain file of a document is.

        Raises:
            DocumentNotFound, DocumentGone
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError: storage is away.
        """
        numbers = await self.updates.numbers(room.document)
        for process, last in (await self.snapshots.covered(room.document)).items():
            numbers[process] = max(last, numbers.get(process, 0))
        if not room.covers(numbers):
            await self._catch_up(room, numbers)

    async def present(self, document: str) -> Present:
        """The text of ``document`` as the log and this process have it; opens no room for it.

        Raises:
            As `open`.
        """
        if document not in self._slots:
            loaded = await self.snapshots.load(document)
            if loaded.kind != "text":
                raise DocumentNotFound(document)
            if not loaded.replica.doubtful:
                return Present.of(loaded)
        room, leave = await self.enter(document)
        try:
            await self.catch_up(room)
            await room.complete()
            await room.readable()
            return Present.in_room(room)
        finally:
            leave()

    async def text_of(self, document: str) -> str:
        """As `present`, the text alone."""
        return (await self.present(document)).text

    async def presents(self, documents: Collection[str]) -> dict[str, Present]:
        """As `present` for many, with a few queries for all. What cannot be had is left out: `present` says why.

        All of it is in memory at once; it is for the caller to ask for as much as is bearable.
        """
        loaded = await self.snapshots.load_many([document for document in documents if document not in self._slots])
        texts = {document: found for document, found in loaded.items() if found.kind == "text"}
        doubtful = {document for document, found in texts.items() if found.replica.doubtful}
        presents = {document: Present.of(found) for document, found in texts.items() if document not in doubtful}
        for document in documents:
            if document in doubtful or document in self._slots:
                with suppress(DocumentNotFound, DocumentGone, RoomClosed):
                    presents[document] = await self.present(document)
        return presents

    def deleters(self, document: str) -> set[str]:
        """`Room.deleters` of a document that is in memory; of any other there are none."""
        slot = self._slots.get(document)
        return slot.opening.result().deleters if slot is not None and _is_open(slot) else set()

    def visited(self, document: str) -> bool:
        """Whether somebody is connected to ``document`` here."""
        slot = self._slots.get(document)
        return slot is not None and _is_open(slot) and bool(slot.opening.result().connections)

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
        if slot.opening.cancelled() or slot.opening.exception() is not None:
            if self._slots.get(document) is slot:
                del self._slots[document]
            return
        room = slot.opening.result()
        if _worth_folding(room):
            await self._compact(room)
        await room.durable()
        # Looked at again after every wait: somebody may have come in meanwhile. From here to the deletion nothing
        # waits, so nobody can find a room that is about to go with something unsaved in it.
        if slot.users or self._slots.get(document) is not slot:
            return
        if room.sequence > room.logged_sequence or slot.taking:
            self._expire_later(document, slot)
            return
        del self._slots[document]
        self._written.discard(document)
        room.close(1012, "idle")
        room.stop_timers()
        unsubscribe, slot.unsubscribe, slot.idle_timer = slot.unsubscribe, None, None  # each refers to the slot
        if unsubscribe is not None:
            await unsubscribe()

    async def close(self) -> None:
        """Make everything durable, fold long logs into snapshots, and leave.

        Raises EditsLost when the log stays away for `CLOSE_PATIENCE` seconds.
        """
        self._closing = True
        self._heart.cancel()
        for room in self.open_rooms:
            room.close(1012, "the server restarts")
        lost = 0
        try:
            await self._commits.close(CLOSE_PATIENCE)
        except TimeoutError:
            lost = self._commits.backlog.bytes
        for room in self.open_rooms:
            if _worth_folding(room) and not lost:
                await self._compact(room)
        for slot in list(self._slots.values()):
            if slot.idle_timer is not None:
                slot.idle_timer.cancel()
            if slot.unsubscribe is not None:
                await slot.unsubscribe()
        for room in self.open_rooms:
            room.stop_timers()
        if lost:
            await end(self._tasks)
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.aside.close()
        self._slots.clear()
        if lost:
            raise EditsLost(
                f"The database stayed away, so {lost} bytes of edits were given up. Nobody was told that they are "
                "saved; whoever wrote them still holds them and sends them again."
            )

    # ---- keeping up

    async def _leave_what_is_gone(self) -> None:
        """Close rooms whose documents are gone, of those that were written to lately: the bus may not have said so, and
        what is written there is seen by nobody else.
        """
        written, self._written = self._written, set()
        try:
            query = {"_id": {"$in": list(written)}, "gone_at": {"$ne": None}}
            gone = {record["_id"] async for record in self._storage.db["documents"].find(query, {"_id": 1})}
        except PyMongoError:
            self._written |= written
            return
        for room in self.open_rooms:
            if room.document in gone:
                room.close(4410, "this document is gone")

    def _committed(self, room: Room) -> None:
        self._written.add(room.document)
        for callback in self._changed:
            callback(room.workspace, room.document)
        # The log may grow as large as the snapshot: then each byte is folded a bounded number of times.
        if room.entries >= COMPACT_ENTRIES or room.log_size > max(COMPACT_BYTES, room.snapshot_size):
            self._spawn(self._compact(room))

    async def _compact(self, room: Room) -> None:
        if room.document in self._compacting or room.unbearable:
            return
        self._compacting.add(room.document)
        try:
            entries, size = room.entries, room.log_size
            if await self.snapshots.compact(room.document):
                room.entries = max(0, room.entries - entries)
                room.log_size = max(0, room.log_size - size)
                room.snapshot_size = max(room.snapshot_size, size)
        except TooCostly:
            if not self._closing:  # the next process finds out as well, and has the time
                self._give_up(room)
        except (*STORAGE_ERRORS, DocumentNotFound) as error:
            log.warning("compaction put off", document=room.document, error=str(error))
        finally:
            self._compacting.discard(room.document)

    async def _attempt(self, content: bytes, updates: Sequence[bytes]) -> bytes:
        return await self.aside.attempt(len(content) + sum(map(len, updates)), squash, content, updates)

    def _give_up(self, room: Room) -> None:
        log.error("a document takes too long to build", document=room.document, workspace=room.workspace)
        room.give_up()
        self._storage.bus.publish(
            replication.channel_of(room.document), replication.encode(replication.GivenUp(room.writer))
        )
        for callback in self._given_up:
            callback(room)

    def _meet_again(self) -> None:
        """The bus was away: what we said may have been lost, and what others said."""
        for room in self.open_rooms:
            room.heartbeat(everything=True)
            room.announce_again()
        self._spawn(self._read_what_was_missed())

    async def _read_what_was_missed(self) -> None:
        """Twice: a process that stops just now may log its last edits after the first time, and be gone before its own
        connection to the bus is back. Nobody would ever say their numbers.
        """
        for wait in (0.0, LAST_WORDS):
            await asyncio.sleep(wait)
            for room in self.open_rooms:
                self._spawn(self._reread(room))

    async def _reread(self, room: Room) -> None:
        """Read from the log what the bus did not bring, until nothing is missing."""
        if room.document in self._rereading:
            return
        self._rereading.add(room.document)
        try:
            while not self._closing:
                try:
                    if await self._catch_up(room) and room.covers(room.announced):
                        return
                except STORAGE_ERRORS as error:
                    log.warning("re-reading put off", document=room.document, error=str(error))
                except (DocumentNotFound, DocumentGone):
                    room.close(4410, "this document is gone")
                    return
                except RoomClosed:
                    return
                except InvalidUpdate as error:
                    log.error("the log contradicts what is here", document=room.document, why=str(error))
                    room.spoilt = True
                    return
                await asyncio.sleep(0.5)
        finally:
            self._rereading.discard(room.document)

    async def _catch_up(self, room: Room, numbers: Mapping[str, int] = MappingProxyType({})) -> bool:
        """One round; False when something is still missing that the log names, or ``numbers`` do: process → number."""
        announced = dict(room.announced)
        for process, last in numbers.items():
            announced[process] = max(last, announced.get(process, 0))
        entries = [e for e in await self.updates.read(room.document) if e.last > room.covered.get(e.process, 0)]
        for entry in sorted(entries, key=lambda e: (e.process, e.first)):
            if entry.first > room.covered.get(entry.process, 0) + 1:
                break  # what lies between has been folded into a snapshot
            try:
                if await room.absorb(entry.update):
                    room.covered[entry.process] = max(entry.last, room.covered.get(entry.process, 0))
            except InvalidUpdate as error:
                log.error("left an entry of the log out", entry=entry.id, why=str(error))
                room.spoilt = True
                room.covered[entry.process] = max(entry.last, room.covered.get(entry.process, 0))
        if room.covers(announced) and all(e.last <= room.covered.get(e.process, 0) for e in entries):
            return True
        loaded = await self.snapshots.load(room.document)
        update = loaded.replica.encode(room.encode_state_vector())
        if not await room.absorb(update):
            return False  # it is being rebuilt
        # Whatever was announced before we loaded was in the log by then, so it is in `loaded` or waits there.
        for covered in [loaded.covered] if loaded.waiting else [loaded.covered, announced]:
            for process, last in covered.items():
                room.covered[process] = max(last, room.covered.get(process, 0))
        return not loaded.waiting

    async def _rebuild(self, room: Room) -> None:
        while not self._closing:
            try:
                before = room.logged_sequence
                loaded = await self.snapshots.load(room.document)
                # What the log was given while it was read is neither in `loaded` nor among what waits for the log.
                # The numbers in `loaded` alone do not tell: a snapshot forgets those of who was silent for a day.
                if room.logged_sequence == before or room.logged_sequence <= loaded.covered.get(room.writer, 0):
                    room.rebuilt(loaded)
                    return
            except STORAGE_ERRORS as error:
                log.error("rebuilding put off", document=room.document, error=str(error))
                await asyncio.sleep(0.5)
            except (DocumentNotFound, DocumentGone):
                room.close(4410, "this document is gone")
                return

    async def _beat(self) -> None:
        """Repeat the newest numbers, so that a lost message is noticed also when nothing follows it.

        Once soon after the last update, and then rarely: a lost heartbeat only makes it late.
        """
        for beat in itertools.count(1):
            await asyncio.sleep(HEARTBEAT)
            for room in self.open_rooms:
                room.heartbeat(everything=beat % FULL_HEARTBEAT == 0)
            if beat % FULL_HEARTBEAT == 0 and self._written:
                self._spawn(self._leave_what_is_gone())


def _worth_folding(room: Room) -> bool:
    if room.unbearable:
        return False
    return room.entries >= CLOSE_ENTRIES or room.log_size >= CLOSE_BYTES
