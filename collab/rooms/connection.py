"""One peer's conversation with a room, over the y-websocket protocol (DESIGN section 4).

Apart from the socket itself: the server checks size and rate before a frame comes here, and owns the closing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import thread_time
from typing import ParamSpec, TypeVar

import structlog

from collab.refusals import Overloaded, UpdateGap
from collab.rooms.peer import NOT_SENT, Peer
from collab.rooms.room import COSTLY, MOST_CLIENTS, Room
from collab.yjs.codec import (
    Awareness,
    Barrier,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    decode_frame,
    encode_awareness,
    encode_barrier,
    encode_sync_step_1,
    encode_sync_step_2,
    is_awareness,
    update_of,
)
from collab.yjs.portions import order, portions
from collab.yjs.update import (
    LARGE,
    InvalidUpdate,
    UpdateHeader,
    decode_state_vector,
    holds,
    missing,
    read_update,
    read_update_cooperatively,
)

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

MOST_UNKNOWN = 10_000
"""Clients that a state vector may name beyond those who have written here: as many visits to a page that was away."""

MOST_BARRIERS = 1_000
"""Barriers of one connection that may wait for an answer: they wait for as long as the log is away."""

COSTLY_SHARE = 0.1
"""Of the time, for a large update that takes long."""

MOST_COST = 5.0
"""Seconds of CPU for one frame. Whoever means well comes again with what is left of it."""

ASK_AGAIN = 1.0
"""Seconds between two step 1 to a client whose updates rest on text that we do not have."""


class Connection:
    def __init__(self, room: Room, peer: Peer) -> None:
        self._room = room
        self.peer = peer
        self._asking: asyncio.TimerHandle | None = None
        self._deferred: list[bytes] = []
        self._waiting: set[Callable[[], None]] = set()
        """What answers its barriers, once all is durable."""
        self.cost = 0.0
        state = room.encode_state_vector()
        room.audience.join(self)
        peer.send(encode_sync_step_1(state))
        if (states := room.audience.presence.all_states()) is not None:
            peer.send(encode_awareness(states))

    def detach(self) -> None:
        """The peer is gone: its presence goes, what it wrote stays."""
        self._stop_asking()
        self._room.audience.leave(self)
        self._room.withdraw(self._waiting)
        self._waiting.clear()

    def show_identity(self) -> None:
        """The peer has another name or role: the others see it, without a word from the peer."""
        self._room.audience.presence.show_as(self, self.peer.identity)
        self._room.audience.schedule_presence()

    def resync(self) -> None:
        """Ask the peer for all that it has, and answer no barrier before it has said it.

        For one that may write from now on: what it typed until now was dropped, and it does not know.
        """
        if self.peer.can_write:
            self._stop_asking()
            self._ask()

    def take(self, frame: bytes) -> Awaitable[None] | None:
        """Take one frame. Frames are in order: what this returns is to be awaited before the next one.

        Raises (the call, or what it returns):
            MalformedFrame, InvalidUpdate: close with 1007; of a large update, portions may have been taken.
            DocumentTooLarge: 4413. Overloaded: 1013. RoomClosed: 4410. RoomRebuilding: 1012.
        """
        if not self._room.sound.is_set():
            return self._take_when_sound(frame)
        if (update := update_of(frame)) is not None:
            return self._update(update, whole=False)
        match decode_frame(frame):
            case Awareness(payload):
                if (nudge := self._room.audience.presence.receive(self, payload, self.peer.identity)) is not None:
                    self.peer.send(encode_awareness(nudge))
                self._room.audience.schedule_presence()
            case Barrier(token):
                self._barrier(token)
            case SyncStep2(update):
                return self._update(update, whole=True)
            case SyncStep1(state_vector):
                most = len(self._room.state) + MOST_UNKNOWN
                if len(state_vector) > LARGE:
                    return self._answer_step_1_aside(state_vector, most)
                known = decode_state_vector(state_vector, most)
                if self._room.holds_up and not self._room.state.keys().isdisjoint(known):
                    return self._answer_step_1_once_built(state_vector, known)
                self._answer_step_1(state_vector, known)
            case QueryAwareness():
                if (states := self._room.audience.presence.all_states()) is not None:
                    self.peer.send(encode_awareness(states))
        return None

    async def receive(self, frame: bytes) -> None:
        """As `take`, to its end."""
        if (pending := self.take(frame)) is not None:
            await pending

    async def _take_when_sound(self, frame: bytes) -> None:
        await self._room.ready()
        if self in self._room.audience.connections or not is_awareness(frame):
            await self.receive(frame)  # also what somebody wrote who has left meanwhile, but not where they are

    def _answer_step_1(self, state_vector: bytes, known: Mapping[int, int]) -> None:
        began = thread_time()
        self.peer.send(encode_sync_step_2(self._room.encode_since(state_vector, known)))
        if (spent := thread_time() - began) > COSTLY:
            self.cost += spent

    async def _answer_step_1_aside(self, state_vector: bytes, most: int) -> None:
        known = await self._aside(decode_state_vector, state_vector, most)
        await self._answer_step_1_once_built(state_vector, known)

    async def _answer_step_1_once_built(self, state_vector: bytes, known: Mapping[int, int]) -> None:
        """What somebody lacks who knows a part takes building the document, which has turns of its own."""
        await self._room.ready()
        if self._room.holds_up:
            await self._room.readable()
        self._answer_step_1(state_vector, known)

    async def _aside(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """``work`` in a thread, at this connection's cost: it is Python, and so lets the loop run in between."""

        def timed() -> tuple[T, float]:
            began = thread_time()
            return work(*arguments, **named), thread_time() - began

        result, spent = await asyncio.to_thread(timed)
        self.cost += spent
        return result

    def _update(self, update: bytes, *, whole: bool) -> Awaitable[None] | None:
        """``whole``: the client's answer to our step 1, that is, all that it has and we lack."""
        if not self.peer.can_write:
            return None
        if len(update) > LARGE or self._room.unread or (whole and self._room.holds_up):
            return self._update_cooperatively(update, whole)
        header = read_update(update, self._room.kind)
        if header.parts > 1 and self._room.holds_up:
            return self._update_cooperatively(update, whole)
        if whole and header.deletes and not header.ranges:
            deleted = self._room.encode_deletions()
            if len(deleted) > LARGE or not self._room.sound.is_set():
                return self._update_cooperatively(update, whole)
            if holds(read_update(deleted, self._room.kind).deletes, header.deletes):
                self._accepted(whole, True)
                return None
        return self._accept(update, header, whole)

    async def _update_cooperatively(self, update: bytes, whole: bool) -> None:
        header = await read_update_cooperatively(update, self._room.kind, MOST_CLIENTS)
        await self._room.learned()
        await self._room.ready()
        if whole and header.deletes and not header.ranges:
            # An answer to step 1 names all that was ever deleted. Of whoever only comes back that is nothing new, and
            # it would be logged and sent to everybody each time.
            if self._room.holds_up:
                await self._room.readable()
            deleted = await read_update_cooperatively(self._room.encode_deletions(), self._room.kind)
            await self._room.ready()
            if await self._aside(holds, deleted.deletes, header.deletes):
                self._accepted(whole, True)
                return
        if header.parts > 1 and self._room.holds_up:
            await self._room.readable()  # how many go at a stretch is told by what is there
        await self._room.idle()
        if (pending := self._accept(update, header, whole)) is not None:
            await pending

    def _accept(self, update: bytes, header: UpdateHeader, whole: bool) -> Awaitable[None] | None:
        if not self.peer.can_write:
            return None  # not any more: reading the update took a while
        if not whole and not header.ranges:
            # Not so in an answer to step 1: it names all that was ever deleted, also that of who has only looked on.
            self._room.deleters.add(self.peer.author)
        if header.parts > 1 and header.parts > self._room.portion():
            return self._accept_in_portions(update, header, whole)
        complete = True
        try:
            self._room.accept(update, header, self.peer.author, self)
        except UpdateGap:
            if whole:
                return self._accept_in_portions(update, header, whole)
            complete = False
        self._accepted(whole, complete)
        return None

    async def _accept_in_portions(self, update: bytes, header: UpdateHeader, whole: bool) -> None:
        """Take what fits of a large update, or of one with a gap; each portion is an update like any other: logged,
        shown, and there to stay if the connection ends before the last.

        A client whose own document has a gap (its other tab was shown text that has not reached us) answers step 1
        with that gap in it. What fits is taken, or one missing letter would hold up all that it types.
        """
        room = self._room
        state = dict(room.state)
        complete = await self._aside(missing, header, state) is None
        await room.ready()
        if not (complete or whole):
            self._accepted(whole, complete)
            return
        room.check(update, header)
        ordered = await self._aside(order, header, state)
        for portion in portions(update, header, state, ordered, room.portion):
            await room.ready()
            if not self.peer.can_write:
                return
            began = thread_time()
            part = read_update(portion, room.kind)
            if room.gap(part):  # what had come before was lost with a rebuild: this was not all that the client has
                self._accepted(whole=False, complete=False)
                return
            room.accept(portion, part, self.peer.author, self)
            room.flush()
            spent = thread_time() - began
            if self.cost > MOST_COST:
                raise InvalidUpdate(f"takes more than {MOST_COST} s to integrate")
            await asyncio.sleep(spent / COSTLY_SHARE if spent > COSTLY else 0)
        self._accepted(whole, complete)

    def _accepted(self, whole: bool, complete: bool) -> None:
        """With a gap, ask for what is missing; until the client has said all that it has no barrier is answered."""
        if not complete:
            if self._asking is None:
                self._ask()
        elif whole:
            self._stop_asking()
        if whole:
            self._answer_deferred()

    def _ask(self) -> None:
        if self not in self._room.audience.connections:
            return  # gone while its update was read
        self.peer.send(encode_sync_step_1(self._room.encode_state_vector()))
        # Again and again, because what is missing may reach us through somebody else while this client is silent.
        self._asking = asyncio.get_running_loop().call_later(ASK_AGAIN, self._ask)

    def _stop_asking(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _answer_deferred(self) -> None:
        """All that the client shows was in its answer, and is here now. What it holds back itself, because whoever had
        the rest of it is gone for good, must not keep it from being told for ever that its text is saved.
        """
        deferred, self._deferred = self._deferred, []
        for token in deferred:
            self._answer_when_durable(token)

    def _barrier(self, token: bytes) -> None:
        if not self.peer.can_write:
            return
        if len(self._waiting) + len(self._deferred) >= MOST_BARRIERS:
            raise Overloaded(f"more than {MOST_BARRIERS} barriers wait for an answer")
        if self._asking is not None:
            self._deferred.append(token)
        else:
            self._answer_when_durable(token)

    def _answer_when_durable(self, token: bytes) -> None:
        answer = _Answer(self._room, self.peer, encode_barrier(token), self._waiting)
        self._waiting.add(answer)
        self._room.when_durable(answer)


class _Answer:
    """To one barrier, among those that wait. No function, which would refer to itself: circles wait long for the
    collector."""

    __slots__ = ("_frame", "_peer", "_room", "_waiting")

    def __init__(self, room: Room, peer: Peer, frame: bytes, waiting: set[Callable[[], None]]) -> None:
        self._room = room
        self._peer = peer
        self._frame = frame
        self._waiting = waiting

    def __call__(self) -> None:
        self._waiting.discard(self)
        if self._room.dropped:
            return  # perhaps what they asked about; they are sent away
        try:
            self._peer.send(self._frame)
        except Exception:  # others wait for the same entry of the log
            log.exception("a peer cannot be answered")
            self._peer.close(1011, NOT_SENT)
