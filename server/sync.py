"""The sync socket, ``/sync/<workspace>/<document>``: the y-websocket protocol, for clients of any make.

What a frame means is `collab.rooms.connection`'s to say. Here is what comes before that: who may open a document, how
large and how fast frames may be, and how a connection ends. Sockets are accepted first and then closed, because a
refused handshake tells a browser nothing (`server.problems` has the codes).
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from fastapi import APIRouter
from starlette.websockets import WebSocket

from collab.documents.records import tree_id
from collab.durable.snapshots import DocumentNotFound
from collab.refusals import DocumentTooLarge, Overloaded, RoomClosed, RoomRebuilding
from collab.rooms.connection import Connection
from collab.rooms.peer import Identity
from collab.rooms.room import Room
from collab.yjs.codec import BARRIER, STEP_2, SYNC, UPDATE, MalformedFrame
from collab.yjs.update import InvalidUpdate
from server import problems
from server.access import Viewer
from server.callers import Member
from server.identity import includes
from server.problems import Problem
from server.protocol import SocketProtocol
from server.rate import Throttle, TooFast
from server.services import Services, ServicesDep

router = APIRouter()
log = structlog.get_logger(__name__)

UNSUPPORTED = 1003

REFUSALS = (MalformedFrame, InvalidUpdate, DocumentTooLarge, Overloaded, RoomClosed, RoomRebuilding)


@router.websocket("/sync/{workspace}/{document}")
async def sync(socket: WebSocket, document: str, member: Viewer, services: ServicesDep) -> None:
    await socket.accept()
    room, leave = await services.rooms.enter(tree_id(member.workspace) if document == "tree" else document)
    try:
        if room.workspace != member.workspace:
            raise DocumentNotFound(document)
        if room.kind == "text" and not await services.files.shows(member.workspace, document):
            raise Problem(410, "This file was deleted.")
        if len(room.audience.connections) >= services.settings.limits.connections_per_document:
            raise Problem(503, "This document has as many connections as it can serve. Try again later.")
        conversation = _Conversation(SocketProtocol.of(socket), room, leave, member, services)
    except BaseException:
        leave()
        raise
    if room.closed:  # since it was entered
        conversation.close(1012, "the document was closed")


class _Conversation:
    """One client in one room, until either side closes; the `collab.rooms.peer.Peer` that the room sends to."""

    def __init__(
        self, protocol: SocketProtocol, room: Room, leave: Callable[[], None], member: Member, services: Services
    ) -> None:
        """``leave``: what gives the room back."""
        limits = services.settings.limits
        self.author = member.author
        self._protocol = protocol
        self._room = room
        self._leave = leave
        self._services = services
        self._metrics = services.metrics
        self._throttle = Throttle(limits.updates_per_second, limits.update_bytes_per_second, limits.burst_seconds)
        self._clock = asyncio.get_running_loop().time
        self.send = protocol.sender(limit=services.settings.outgoing_bytes, too_slow=self._read_too_slowly)
        self._take_member(member)
        self._connection = Connection(room, self)
        self._unwatch = services.watch.watch(member, self._change_member, self._revoke)
        self._metrics.sockets["sync"] += 1
        protocol.hand_over(self._receive, self._ended)

    def _ended(self) -> None:
        self._metrics.sockets["sync"] -= 1
        self._unwatch()
        self._connection.detach()
        self._leave()
        # They refer back here, and a circle waits long for the collector (`server.collecting`).
        del self._unwatch, self._connection, self._leave

    def _take_member(self, member: Member) -> None:
        self.identity = Identity(member.user.id, member.user.name, member.user.color, member.role)
        self.can_write = includes(member.role, "editor")

    def _read_too_slowly(self) -> None:
        # Never skipped instead: a frame left out would leave its document different for good.
        self.close(problems.TOO_SLOW, "you read more slowly than the others write")

    def close(self, code: int, reason: str) -> None:
        if self._protocol.close_with(code, problems.close_reason(reason)):
            self._metrics.closes["sync", code] += 1

    def _revoke(self, problem: Problem) -> None:
        self.can_write = False  # also of what has arrived and is being taken
        self.close(problem.close_code, problem.detail)

    def _change_member(self, member: Member) -> None:
        could_write = self.can_write
        self._take_member(member)
        if self._protocol.ended:
            return
        self._connection.show_identity()
        if self.can_write and not could_write:
            self._connection.resync()

    def _receive(self, frame: bytes | None) -> Awaitable[None] | None:
        if frame is None:
            self.close(UNSUPPORTED, "frames of this protocol are binary")
            return None
        self._metrics.frames_received += 1
        self._metrics.bytes_received += len(frame)
        try:
            wait = self._throttle.admit(len(frame), self._clock())
        except TooFast:
            self.close(problems.TOO_FAST, "you send faster than is allowed")
            return None
        if wait:
            self._metrics.throttled_seconds += wait
            return self._slow_down(wait, frame)
        return self._take(frame)

    async def _slow_down(self, seconds: float, frame: bytes) -> None:
        """Do not read for a while: the client's frames wait on its own side of the network."""
        await asyncio.sleep(seconds)
        if not self._protocol.ended and (pending := self._take(frame)) is not None:
            await pending

    def _take(self, frame: bytes) -> Awaitable[None] | None:
        if not self.can_write and is_write(frame):
            return None
        connection = self._connection
        try:
            pending = connection.take(frame)
        except REFUSALS as error:
            self._refuse(error)
            return None
        if connection.cost:
            self._charge(connection)
        return None if pending is None else self._finish(pending, connection)

    async def _finish(self, pending: Awaitable[None], connection: Connection) -> None:
        try:
            await pending
        except REFUSALS as error:
            self._refuse(error)
        self._charge(connection)

    def _charge(self, connection: Connection) -> None:
        self._throttle.charge(connection.cost)
        connection.cost = 0.0

    def _refuse(self, error: Exception) -> None:
        match error:
            case MalformedFrame() | InvalidUpdate():
                log.warning("malformed frame", document=self._room.document, user=self.identity.user, error=str(error))
                self.close(problems.MALFORMED, f"malformed frame: {error}")
            case DocumentTooLarge():
                self.close(problems.TOO_LARGE, "this edit would make the document too large")
            case Overloaded():
                self.close(problems.TRY_AGAIN, "the database is away and the memory for edits is full")
            case RoomClosed():
                self.close(problems.RESTARTING, "this room has closed")  # if the room has not said why already
            case RoomRebuilding():
                self.close(problems.RESTARTING, "this document is being read anew")


def is_write(frame: bytes) -> bool:
    """Whether a frame would change the document, or asks whether a change is safe.

    The first bytes suffice, since `collab.yjs.codec` admits one encoding of each number only.
    """
    if frame[:1] == bytes([SYNC]):
        return frame[1:2] in (bytes([STEP_2]), bytes([UPDATE]))
    return frame[:1] == bytes([BARRIER])
