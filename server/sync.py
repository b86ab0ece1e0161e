"""The sync socket, ``/sync/<workspace>/<document>``: the y-websocket protocol, for clients of any make.

What a frame means is `collab.connection`'s to say. Here is what comes before that: who may open a document, how large
and how fast frames may be, and how a connection ends. Sockets are accepted first and then closed, because a refused
handshake tells a browser nothing (`server.problems` has the codes).
"""

import asyncio

import structlog
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from collab.codec import BARRIER, STEP_2, SYNC, UPDATE, MalformedFrame
from collab.connection import Connection, Identity
from collab.documents import tree_id
from collab.room import DocumentTooLarge, Overloaded, Room, RoomClosed
from collab.snapshots import DocumentNotFound
from collab.update import InvalidUpdate
from server import problems
from server.access import Viewer
from server.callers import Member
from server.identity import Role, includes
from server.outgoing import Outgoing
from server.problems import Problem
from server.rate import Throttle, TooFast
from server.services import Services, ServicesDep

router = APIRouter()
log = structlog.get_logger(__name__)

TURN = 0.004
"""Seconds that one connection may keep the loop busy before the others have their turn."""

UNSUPPORTED = 1003
FRAME_TOO_LARGE = 1009


@router.websocket("/sync/{workspace}/{document}")
async def sync(socket: WebSocket, document: str, member: Viewer, services: ServicesDep) -> None:
    await socket.accept()
    services.metrics.sockets["sync"] += 1
    try:
        async with services.rooms.open(tree_id(member.workspace) if document == "tree" else document) as room:
            if room.workspace != member.workspace:
                raise DocumentNotFound(document)
            if room.kind == "text" and not await services.files.shows(member.workspace, document):
                raise Problem(410, "This file was deleted.")
            if len(room.connections) >= services.settings.limits.connections_per_document:
                raise Problem(503, "This document has as many connections as it can serve. Try again later.")
            await _Conversation(socket, room, member, services).run()
    finally:
        services.metrics.sockets["sync"] -= 1


class _Conversation:
    """One client in one room; the `collab.connection.Peer` that the room sends to."""

    def __init__(self, socket: WebSocket, room: Room, member: Member, services: Services) -> None:
        limits = services.settings.limits
        self.author = member.author
        self._socket = socket
        self._room = room
        self._member = member
        self._services = services
        self._metrics = services.metrics
        self._throttle = Throttle(limits.updates_per_second, limits.update_bytes_per_second, limits.burst_seconds)
        self._outgoing = Outgoing(self._write, self._shut, services.settings.outgoing_bytes)
        self._take_role(member.role)

    def _take_role(self, role: Role) -> None:
        user = self._member.user
        self.identity = Identity(user.id, user.name, user.color, role)
        self.can_write = includes(role, "editor")

    def send(self, frame: bytes) -> None:
        self._outgoing.send(frame)

    def close(self, code: int, reason: str) -> None:
        self._outgoing.close(code, problems.close_reason(reason))

    def _revoke(self, problem: Problem) -> None:
        self.close(problem.close_code, problem.detail)

    async def run(self) -> None:
        """Until either side closes."""
        connection = Connection(self._room, self)

        def change_role(role: Role) -> None:
            could_write = self.can_write
            self._take_role(role)
            if self.can_write and not could_write:
                connection.resync()

        unwatch = self._services.watch.watch(self._member, change_role, self._revoke)
        try:
            await self._read(connection)
        finally:
            connection.detach()
            unwatch()
            await self._outgoing.stop()

    async def _read(self, connection: Connection) -> None:
        clock = asyncio.get_running_loop().time
        busy = 0.0
        while not self._outgoing.closed.is_set():
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            frame = message.get("bytes")
            if frame is None:
                self.close(UNSUPPORTED, "frames of this protocol are binary")
                continue
            began = clock()
            if not await self._admit(frame, began):
                continue
            await self._take(connection, frame)
            busy += clock() - began
            if busy > TURN:
                # Frames that have arrived together are read without a pause, and would hold everybody else up.
                await asyncio.sleep(0)
                busy = 0.0

    async def _admit(self, frame: bytes, now: float) -> bool:
        """What can be told from a frame's size, and from its first two bytes."""
        self._metrics.frames_received += 1
        self._metrics.bytes_received += len(frame)
        if len(frame) > self._services.settings.limits.frame:
            self.close(FRAME_TOO_LARGE, "this frame is too large")
            return False
        try:
            wait = self._throttle.admit(len(frame), now)
        except TooFast:
            self.close(problems.TOO_FAST, "you send faster than is allowed")
            return False
        if wait:
            self._metrics.throttled_seconds += wait
            await self._pause(wait)
        return self.can_write or not is_write(frame)

    async def _pause(self, seconds: float) -> None:
        """Do not read for a while: the client's frames wait on its own side of the network."""
        try:
            await asyncio.wait_for(self._outgoing.closed.wait(), seconds)
        except TimeoutError:
            return

    async def _take(self, connection: Connection, frame: bytes) -> None:
        try:
            await connection.receive(frame)
        except (MalformedFrame, InvalidUpdate) as error:
            log.warning("malformed frame", document=self._room.document, user=self._member.user.id, error=str(error))
            self.close(problems.MALFORMED, f"malformed frame: {error}")
        except DocumentTooLarge:
            self.close(problems.TOO_LARGE, "this edit would make the document too large")
        except Overloaded:
            self.close(problems.TRY_AGAIN, "the database is away and the memory for edits is full")
        except RoomClosed:
            self.close(problems.RESTARTING, "this room has closed")  # if the room has not said why already

    async def _write(self, frame: bytes) -> None:
        try:
            await self._socket.send({"type": "websocket.send", "bytes": frame})
        except WebSocketDisconnect:
            raise ConnectionResetError from None
        self._metrics.frames_sent += 1
        self._metrics.bytes_sent += len(frame)

    async def _shut(self, code: int, reason: str) -> None:
        self._metrics.closes["sync", code] += 1
        try:
            await self._socket.close(code, reason)
        except WebSocketDisconnect:
            raise ConnectionResetError from None


def is_write(frame: bytes) -> bool:
    """Whether a frame would change the document, or asks whether a change is safe.

    The first bytes suffice, since `collab.codec` admits one encoding of each number only.
    """
    if frame[:1] == bytes([SYNC]):
        return frame[1:2] in (bytes([STEP_2]), bytes([UPDATE]))
    return frame[:1] == bytes([BARRIER])
