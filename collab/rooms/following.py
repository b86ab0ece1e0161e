"""What other processes wrote of one document, brought into its room here.

It comes over the bus, message by message and in their order. What the bus lost, or has not brought yet, is read from
the log: numbers tell that something is missing (`collab.rooms.replication`).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import structlog

from collab.aside import Aside
from collab.durable.log import UpdateLog
from collab.durable.snapshots import DocumentGone, DocumentNotFound, Snapshots
from collab.faults import is_fault
from collab.refusals import RoomClosed
from collab.rooms import replication
from collab.rooms.room import Room
from collab.yjs.claims import contradiction
from collab.yjs.codec import MalformedFrame
from collab.yjs.portions import order, portions
from collab.yjs.update import LARGE, Gap, InvalidUpdate, missing, read_update, read_update_cooperatively
from storage.errors import STORAGE_AWAY

log = structlog.get_logger(__name__)

MOST_HELD, MOST_HELD_BYTES = 1_000, 32 * 1024 * 1024
"""Unlogged messages that wait for what they rest on. Any more are missed, and read from the log once it has them."""

LEAST_PAUSE = 2.0
"""Seconds between two readings of which the first brought nothing that was missing, whatever is announced meanwhile:
each loads the whole document, and what waits in the log may wait for ever."""

READ_AGAIN, LONGEST_PAUSE = 0.5, 30.0
"""Seconds after which the log is read once more, while something is missing; the longer, the oftener nothing came of
it: what an entry rests on may have been lost with somebody's laptop."""


BEFORE_COMPARING = 0.25
"""Seconds that what others say at known clocks waits for more of it, and for what came with it: an edit may cut a pair
in one message and say so in the next."""

COMPARING_SHARE = 0.05
"""Of the time: somebody may send what is known again and again, and each time the whole document is encoded."""


class Following:
    def __init__(
        self,
        room: Room,
        updates: UpdateLog,
        snapshots: Snapshots,
        aside: Aside,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        contradicted: Callable[[Room], None],
        early: deque[replication.Replica],
    ) -> None:
        """``contradicted``: other processes have been told something else by a client than this one has; ``early``:
        what came over the bus before there was a room. `take_waiting` takes it.
        """
        self.room = room
        self._aside = aside
        self._contradicted = contradicted
        self._comparing = False
        self._updates = updates
        self._snapshots = snapshots
        self._spawn = spawn
        self._waiting = early
        self.busy = False
        """Whether what comes now has to wait."""
        self._reading = False
        self._announced: dict[str, int] = {}
        """`Room.announced` when the log was read last."""
        self._more_announced = asyncio.Event()
        self._stopped = asyncio.Event()
        self._held: list[tuple[replication.Unlogged, Gap | None]] = []
        """With what they wait for; None: until the room is sound."""
        self._held_bytes = 0

    # ---- the bus

    def receive(self, message: replication.Replica) -> None:
        """Take a message of the bus, after those before it.

        Raises:
            InvalidUpdate, MalformedFrame: nothing has changed.
        """
        if self.busy:
            self._waiting.append(message)
        elif (pending := self.take(message)) is not None:
            self.busy = True  # what comes before the task's first turn waits, too
            self._spawn(self.take_waiting(pending))

    async def take_waiting(self, pending: Awaitable[None] | None = None) -> None:
        """Take what has come meanwhile, in order; ``pending`` is what came before that."""
        self.busy = True
        try:
            while pending is not None or self._waiting:
                try:
                    if pending is None:
                        pending = self.take(self._waiting.popleft())
                    if pending is not None:
                        await pending
                except (MalformedFrame, InvalidUpdate) as error:
                    log.warning("unreadable message on the bus", document=self.room.document, error=str(error))
                except RoomClosed:
                    pass
                except BaseException as error:  # what follows it must not wait for ever
                    if not is_fault(error):
                        raise
                    log.exception("failed to take a message of the bus", document=self.room.document)
                pending = None
        finally:
            self.busy = False

    def take(self, message: replication.Replica) -> Awaitable[None] | None:
        """What this returns is to be awaited before the next one.

        Raises (the call, or what it returns):
            InvalidUpdate: of a large update, portions may have been taken.
        """
        room = self.room
        room.hear(message.process)
        match message:
            case replication.Logged(process, first, last, update):
                if len(update) > LARGE or room.unread:
                    return self._take_logged_in_turns(process, first, last, update)
                self._take_logged(process, first, last, update)
            case replication.Unlogged():
                if len(message.update) > LARGE or room.unread:
                    return self._take_unlogged_in_turns(message)
                self._take_unlogged(message)
            case replication.Heartbeat(process, last):
                if not room.covers({process: last}):
                    room.note(process, last)
                    self.read_on()
            case replication.PresenceStates(process, payload):
                room.audience.merge_presence(process, payload)
            case replication.PresenceQuery():
                room.audience.publish_presence()
            case replication.Gone():
                room.close(4410, "this document is gone")
            case replication.Trashed():
                room.dismiss()
            case replication.GivenUp():
                room.give_up()
        return None

    def _take_logged(self, process: str, first: int, last: int, update: bytes) -> None:
        room = self.room
        room.note(process, last)
        known = room.covered.get(process, 0)
        if last <= known or not room.sound.is_set():  # once it is sound again, it asks for this
            return
        header = read_update(update, room.kind)
        if first > known + 1 or room.gap(header):
            self.read_on()
            return
        room.covered[process] = last
        try:
            room.take_logged(update, header)
        except BaseException as error:
            if isinstance(error, InvalidUpdate):
                room.spoilt = True  # as when it is read from the log
            elif is_fault(error):
                room.covered[process] = known  # it is missing here
            raise
        self._release_held()

    async def _take_logged_in_turns(self, process: str, first: int, last: int, update: bytes) -> None:
        room = self.room
        room.note(process, last)
        if last <= room.covered.get(process, 0) or not room.sound.is_set():
            return
        if first > room.covered.get(process, 0) + 1 or not await self._absorb(update):
            self.read_on()
            return
        room.covered[process] = max(last, room.covered.get(process, 0))

    def _take_unlogged(self, message: replication.Unlogged) -> None:
        room = self.room
        if room.overloaded(len(message.update)):
            return  # whoever sent it keeps it, and its number will be missed here once the log has it
        header = read_update(message.update, room.kind)
        room.flush()  # which may be what it is not sound after
        if not room.sound.is_set() or room.gap(header):
            self._hold(message, room.gap(header))
            return
        room.show_unlogged(message.update, header, message.authors)
        self._release_held()

    async def _take_unlogged_in_turns(self, message: replication.Unlogged) -> None:
        room = self.room
        if room.overloaded(len(message.update)):
            return
        await room.learned()
        parts, gap = await self._cut(message.update) if room.sound.is_set() else (None, None)
        with room.gathering():  # what came as one entry stays one
            for part in parts or ():
                await room.idle()
                header = read_update(part, room.kind)
                if gap := room.gap(header):
                    parts = None
                    break
                room.show_unlogged(part, header, message.authors)
                await asyncio.sleep(0)
        if parts is None:
            self._hold(message, gap)
        else:
            self._release_held()

    def _hold(self, message: replication.Unlogged, gap: Gap | None) -> None:
        if len(self._held) < MOST_HELD and self._held_bytes + len(message.update) <= MOST_HELD_BYTES:
            self._held.append((message, gap))
            self._held_bytes += len(message.update)
        self.read_on()

    def resume(self) -> None:
        """The room is sound again."""
        self._release_held()
        if not self.room.covers(self.room.announced):
            self.read_on()

    def _release_held(self) -> None:
        held, self._held = self._held, []
        for message, gap in held:
            if gap is not None and self.room.state.get(gap[0], 0) < gap[1]:
                self._held.append((message, gap))
            else:
                self._held_bytes -= len(message.update)
                self._waiting.append(message)
        if self._waiting and not self.busy:
            self.busy = True
            self._spawn(self.take_waiting())

    # ---- the log

    async def catch_up(self) -> None:
        """Return once the room has all that the log held at the call.

        Raises:
            DocumentNotFound, DocumentGone, RoomClosed
            InvalidUpdate: the log contradicts what is here.
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError: storage is away.
        """
        numbers = await self._numbers()
        for _ in range(3):  # it may be rebuilt meanwhile
            if self.room.covers(numbers) or await self._read_once(numbers):
                return

    async def _numbers(self) -> dict[str, int]:
        """Writer → newest number that the log or the snapshot has."""
        numbers = await self._updates.numbers(self.room.document)
        for writer, last in (await self._snapshots.covered(self.room.document)).items():
            numbers[writer] = max(last, numbers.get(writer, 0))
        return numbers

    def look(self) -> None:
        """The bus may have lost what nothing will tell of: somebody has fallen silent, or it was away."""
        self._spawn(self._look())

    async def _look(self) -> None:
        try:
            numbers = await self._numbers()
        except (DocumentNotFound, DocumentGone, *STORAGE_AWAY):
            numbers = None
        if numbers is None or not self.room.covers(numbers):
            self.read_on()
        else:
            self.room.forget_writers(numbers)

    def read_on(self) -> None:
        """Read from the log what the bus did not bring, until nothing is missing."""
        if not self._reading:
            self._reading = True
            self._spawn(self._read_on())
        elif self.room.announced != self._announced:
            self._more_announced.set()

    def stop(self) -> None:
        """The room is closed."""
        self._stopped.set()
        self._more_announced.set()

    async def _read_on(self) -> None:
        room = self.room
        pause = READ_AGAIN
        try:
            while not room.closed:
                self._more_announced.clear()
                self._announced = dict(room.announced)
                covered = dict(room.covered)
                behind = [one for one, last in room.announced.items() if covered.get(one, 0) < last]
                in_vain = False
                try:
                    if await self._read_once() and room.covers(room.announced):
                        return
                    in_vain = all(room.covered.get(one, 0) == covered.get(one, 0) for one in behind)
                    pause = min(max(2 * pause, LEAST_PAUSE), LONGEST_PAUSE) if in_vain else READ_AGAIN
                except STORAGE_AWAY as error:
                    log.warning("re-reading put off", document=room.document, error=str(error))
                    pause = READ_AGAIN
                except (DocumentNotFound, DocumentGone):
                    room.close(4410, "this document is gone")
                    return
                except RoomClosed:
                    return
                except InvalidUpdate as error:
                    log.error("the log contradicts what is here", document=room.document, why=str(error))
                    room.spoilt = True
                    return
                least = LEAST_PAUSE if in_vain else 0.0
                with suppress(TimeoutError):
                    async with asyncio.timeout(least):
                        await self._stopped.wait()
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause - least):
                        await self._more_announced.wait()
        finally:
            self._reading = False

    def compare(self) -> None:
        """Hold what others say at known clocks against what is here."""
        if not self._comparing:
            self._comparing = True
            self._spawn(self._compare())

    async def _compare(self) -> None:
        # Whatever is not compared, because this ends or fails, is when the log is folded or read anew.
        room, pause = self.room, BEFORE_COMPARING
        try:
            while room.claims and not room.closed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._stopped.wait()
                        return
                began = time.monotonic()
                await room.readable()
                claims, whole = room.claims.take(), room.encode_whole()
                if (at := await self._aside.run(len(whole), contradiction, room.kind, claims, whole, [])) is not None:
                    log.error("a client says two things", document=room.document, client=at[0], clock=at[1])
                    self._contradicted(room)
                pause = max(BEFORE_COMPARING, (time.monotonic() - began) / COMPARING_SHARE)
        except RoomClosed:
            pass
        except BaseException as error:
            if not is_fault(error):
                raise
            log.exception("failed to compare what others say", document=room.document)
        finally:
            self._comparing = False

    async def _read_once(self, numbers: Mapping[str, int] = MappingProxyType({})) -> bool:
        """False when something is still missing that the log names, or ``numbers`` do: process → number."""
        room = self.room
        announced = dict(room.announced)
        for process, last in numbers.items():
            announced[process] = max(last, announced.get(process, 0))
        entries = [e for e in await self._updates.read(room.document) if e.last > room.covered.get(e.process, 0)]
        for entry in sorted(entries, key=lambda e: (e.process, e.first)):
            if entry.first > room.covered.get(entry.process, 0) + 1:
                break  # what lies between has been folded into a snapshot
            try:
                if await self._absorb(entry.update):
                    room.covered[entry.process] = max(entry.last, room.covered.get(entry.process, 0))
            except InvalidUpdate as error:
                log.error("left an entry of the log out", entry=entry.id, why=str(error))
                room.spoilt = True
                room.covered[entry.process] = max(entry.last, room.covered.get(entry.process, 0))
        if room.covers(announced) and all(e.last <= room.covered.get(e.process, 0) for e in entries):
            return True
        loaded = await self._snapshots.load(room.document)
        if loaded.contradicted:
            self._contradicted(room)
        await loaded.replica.built_in_turns()
        update = loaded.replica.encode(room.encode_state_vector())
        if not await self._absorb(update):
            return False  # it is being rebuilt
        # Whatever was announced before we loaded was in the log by then, so it is in `loaded` or waits there.
        for covered in [loaded.covered] if loaded.waiting else [loaded.covered, announced]:
            for process, last in covered.items():
                room.covered[process] = max(last, room.covered.get(process, 0))
        return not loaded.waiting

    async def _absorb(self, update: bytes) -> bool:
        """Take an update that the log has and the room lacks, a large one with turns for others in between; False when
        it rests on what is not here either.

        Raises:
            InvalidUpdate: of a large one, portions may have been taken.
            RoomClosed
        """
        room = self.room
        await room.learned()
        await room.readable()
        if len(update) <= LARGE:
            return await self._absorb_at_once(update)
        parts, _ = await self._cut(update)
        if parts is None:
            return False
        with room.in_turns():
            for part in parts:
                if not await self._absorb_at_once(part):
                    return False
                await asyncio.sleep(0)
        return True

    async def _absorb_at_once(self, update: bytes) -> bool:
        room = self.room
        await room.idle()
        header = read_update(update, room.kind)
        if room.gap(header):
            return False
        room.take_logged(update, header)
        room.flush()
        self._release_held()
        return True

    async def _cut(self, update: bytes) -> tuple[Iterator[bytes] | None, Gap | None]:
        """``update`` in portions; when it rests on what is not here, that instead."""
        room = self.room
        header = await read_update_cooperatively(update, room.kind)
        state = dict(room.state)
        if (gap := await asyncio.to_thread(missing, header, state)) is not None:
            return None, gap
        return portions(update, header, state, await asyncio.to_thread(order, header, state), room.portion), None
