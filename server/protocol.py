"""uvicorn's WebSocket protocol, with a short way for frames and an end for peers that do not read.

Through ASGI each frame costs two dictionaries, a queue, a task's turn, and a coroutine per middleware on each side:
70 µs a frame where the edit in it costs 20 (docs/performance.md). So ASGI does what happens once per connection, the
handshake with its authorization, and then `SocketProtocol.hand_over` gives frames straight to who takes them.

As published, a close frame waits until the transport takes bytes again, and closing a transport waits for its buffer:
a peer that stopped reading would hold its connection, and our shutdown, for as long as TCP lets it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from starlette.websockets import WebSocket
from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import (  # type: ignore[attr-defined]  # which of two it uses, one in C, is its own affair
    Frame,
    Opcode,
    apply_mask,
)
from websockets.http11 import Request

from collab.faults import is_fault
from server.problems import FAILED, TOO_FAST
from server.rate import Throttle, TooFast

log = structlog.get_logger(__name__)

PATIENCE = 3.0
"""Seconds that a peer has to take the close frame, and what waits before it."""

TURN = 0.004
"""Seconds that the frames of one connection may keep the loop busy before the others have their turn."""

SLICE = 4096
"""Bytes that are parsed at a time: up to 682 frames, of some 10 µs each. One read may bring forty thousand."""

IDLE_FRAMES, IDLE_BURST = 50.0, 4.0
"""A second, and seconds of a burst, of frames that bring nothing: pings, pongs that nobody asked for, crumbs of a
message, and whatever comes after the close frame. No honest client sends more than a few a minute."""

CRUMB = 1024
"""Bytes of a fragment below which it counts as one that brings nothing: each costs the memory of an object."""

_ANY_BYTES = 1e12
"""A second: the bytes of messages are counted by whoever receives them."""

_EXTENSION = "scriptorium.frames"

_FINAL_BINARY, _MASKED = 0x82, 0x80

Receiver = Callable[[bytes | None], Awaitable[None] | None]
"""Takes one message; None stands for a text message, of which this protocol knows none. What it returns is awaited
before the next message is handed over, and meanwhile the socket is not read."""


class SocketProtocol(WebSocketsSansIOProtocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._receiver: Receiver | None = None
        self._incoming: deque[bytes | None] = deque()
        self._holding = False
        self._flowing = True
        """Whether a frame may be written as it comes: not closed, and the peer reads what is sent."""
        self._outgoing: deque[bytes] = deque()
        self._outgoing_size = 0
        self._limit = 0
        self._too_slow: Callable[[], None] = _nothing
        self._unread = bytearray()
        """What has arrived and was not given to the library yet."""
        self._idle_frames: Throttle | None = None
        self._unparsed = 0
        """Bytes that the library has been given of frames that it has not reported yet."""
        self.ended = False
        """As soon as nothing more goes either way."""
        self._on_end: Callable[[], None] | None = None

    @classmethod
    def of(cls, socket: WebSocket) -> "SocketProtocol":
        """The protocol underneath an ASGI socket."""
        protocol: SocketProtocol = socket.scope["extensions"][_EXTENSION]
        return protocol

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.handshake_initiated and hasattr(self, "scope"):
            self.scope["extensions"][_EXTENSION] = self  # type: ignore[assignment]

    # ---- frames, past ASGI

    def hand_over(self, receiver: Receiver, on_end: Callable[[], None]) -> None:
        """Hand every message to ``receiver`` from now on; ``on_end`` is called once, soon after the end.

        The ASGI application may return after this, and should: its coroutines and what they hold, a dozen of them with
        each middleware, are most of what an idle connection would cost.
        """
        self._receiver = receiver
        self._on_end = on_end
        self._holding = True
        while not self.queue.empty():
            event = self.queue.get_nowait()
            if event["type"] == "websocket.receive":
                self._incoming.append(event.get("bytes"))
            else:
                self._end()
        self.read_paused = True
        self._go_on()
        if self.ended:
            self._end()  # while the application was still busy with the handshake

    async def run_asgi(self) -> None:
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:
            log.exception("the application failed")
            self.send_500_response()
        else:
            if not self.handshake_complete:
                log.error("the application returned before the handshake")
                self.send_500_response()
        if self._receiver is not None:
            # Nobody asks for these any more; the handshake's headers alone are kilobytes.
            del self.scope, self.request, self.response
        else:
            if hasattr(self, "scope"):
                self.scope["extensions"].pop(_EXTENSION, None)  # refers back here, see `_let_go`
            if self.close_timer is None:
                self.transport.close()

    def _end(self) -> None:
        self.ended = True
        self._flowing = False
        if self._on_end is not None:
            # Not at once: a room that sends to all finds one too slow, and must not lose it in the middle of that.
            self.loop.call_soon(self._on_end)
            self._on_end = None

    def sender(self, *, limit: int, too_slow: Callable[[], None]) -> Callable[[bytes], None]:
        """What sends a binary message; it never waits, and is without effect once closed.

        ``limit``: bytes that may wait for a peer that reads slowly; beyond, ``too_slow`` is called instead.
        """
        self._limit = limit
        self._too_slow = too_slow
        return self._send_frame

    def _send_frame(self, message: bytes) -> None:
        if message is not _sent.message:
            _sent.begin(message)
        if self._flowing:
            _sent.copies += 1
            self.transport.write(_sent.frame)
        elif not self.ended:
            self._queue_frame(_sent.frame)

    def _queue_frame(self, frame: bytes) -> None:
        # Into an empty queue goes a frame of any size, or nobody could open a large document.
        if self._outgoing and self._outgoing_size + len(frame) > self._limit:
            self._too_slow()
            return
        _sent.copies += 1
        self._outgoing.append(frame)
        self._outgoing_size += len(frame)

    def close_with(self, code: int, reason: str) -> bool:
        """Close; never waits, and drops what waits to be sent. False when it was closed already."""
        if self.close_sent or self.disconnected:
            return False
        self.close_sent = True
        self._outgoing.clear()
        try:
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
        except InvalidState:
            pass  # the peer has closed first
        self._await_close()
        self._end()
        return True

    def data_received(self, data: bytes) -> None:
        if (
            self._receiver is None
            or self._holding
            or self._unread
            or self._unparsed
            or self.frames
            or (message := small_message(data)) is None
        ):
            self._unread += data
            self._parse()
        else:
            self._take(message)

    def _parse(self) -> None:
        """Give the library what has arrived, as long as somebody takes what it makes of it."""
        began = time.monotonic()  # not the loop's time: that stands still within a turn
        while (
            self._unread
            and not self._holding
            and not self.transport.is_closing()
            and (self._receiver is not None or not self.read_paused)
        ):
            piece = bytes(self._unread[:SLICE])
            del self._unread[:SLICE]
            self._unparsed += len(piece)
            super().data_received(piece)
            if self._unread and not self._holding and time.monotonic() - began > TURN:
                self._hold(asyncio.sleep(0))
        if self._holding and not self.read_paused:
            self._pause()

    async def receive(self) -> ASGIReceiveEvent:
        message = await super().receive()
        self._parse()
        return message

    def handle_events(self) -> None:
        wait = 0.0
        for event in self.conn.events:
            # uvicorn hands on a request and nothing behind it; should that ever change, the count never comes out even.
            self._unparsed = 0 if isinstance(event, Request) else self._unparsed - length_on_the_wire(event)
            if isinstance(event, Frame) and self._brings_nothing(event):
                wait = max(wait, self._count_idle())
        if self._receiver is None:
            super().handle_events()
        else:
            self._take_all(self.conn.events_received())
        if wait and not self._holding:
            self._hold(asyncio.sleep(wait))

    def _take_all(self, events: Sequence[Any]) -> None:
        began = time.monotonic() if len(events) > 1 else 0.0
        for event in events:
            if isinstance(event, Frame) and event.opcode is Opcode.BINARY and event.fin:
                self._take(bytes(event.data))
            else:
                self._take_rare(event)
            if began and not self._holding and time.monotonic() - began > TURN:
                self._hold(asyncio.sleep(0))

    def _brings_nothing(self, frame: Frame) -> bool:
        if frame.opcode is Opcode.PONG:
            return bytes(frame.data) != self.pending_ping_payload
        if frame.opcode is Opcode.PING or self.close_sent:
            return True
        return (frame.opcode is Opcode.CONT or not frame.fin) and len(frame.data) < CRUMB

    def _count_idle(self) -> float:
        """Seconds to wait before more of this connection is read."""
        if self._idle_frames is None:
            self._idle_frames = Throttle(IDLE_FRAMES, _ANY_BYTES, IDLE_BURST)
        try:
            return self._idle_frames.admit(0, time.monotonic())
        except TooFast:
            self.close_with(TOO_FAST, "you send faster than is allowed")
            return PATIENCE

    def _take_rare(self, event: Any) -> None:
        """Fragments, text and control frames."""
        self.conn.events.append(event)
        super().handle_events()

    def send_receive_event_to_app(self) -> None:
        if self._receiver is None:
            super().send_receive_event_to_app()
            return
        message, self.frames = b"".join(self.frames), []
        self._take(message if self.curr_msg_data_type == "bytes" else None)

    def _take(self, message: bytes | None) -> None:
        if self._holding:
            self._incoming.append(message)
            return
        if self.close_sent:
            return
        assert self._receiver is not None
        try:
            pending = self._receiver(message)
        except BaseException as error:
            if not is_fault(error):
                raise
            self._failed()
            return
        if pending is not None:
            self._hold(pending)

    def _pause(self) -> None:
        if not self.transport.is_closing():  # uvloop's raises then
            self.read_paused = True
            self.transport.pause_reading()

    def _hold(self, pending: Awaitable[None]) -> None:
        self._holding = True
        if not self.read_paused:
            self._pause()
        task = self.loop.create_task(self._wait(pending))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _wait(self, pending: Awaitable[None]) -> None:
        try:
            await pending
        except BaseException as error:
            if not is_fault(error):
                raise
            self._failed()
        self._go_on()

    def _go_on(self) -> None:
        self._holding = False
        while self._incoming and not self._holding:
            self._take(self._incoming.popleft())
        if self._holding or (self._receiver is None and not self.queue.empty()):
            return  # the latter: until the application has taken what waits
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()
        self._parse()

    def _failed(self) -> None:
        log.exception("taking a frame failed")
        self.close_with(FAILED, "this server failed to take what you sent")

    def resume_writing(self) -> None:
        super().resume_writing()
        self._flowing = not self.ended
        while self._outgoing and self._flowing:
            frame = self._outgoing.popleft()
            self._outgoing_size -= len(frame)
            self.transport.write(frame)
        # What waits goes first; a pause in the middle of it comes from the last write.
        self._flowing = self._flowing and not self._outgoing

    def pause_writing(self) -> None:
        super().pause_writing()
        self._flowing = False

    # ---- the end

    def _await_close(self) -> None:
        """The peer's own close frame ends it, or our patience does."""
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(PATIENCE, self.transport.abort)

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.close" and self.handshake_complete:
            self.writable.set()
            self.loop.call_later(PATIENCE, self.transport.abort)
        await super().send(message)
        if self._unread:
            self._parse()  # a close has ended the pause

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)
        self._end()

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self._end()

    def keepalive_timeout(self) -> None:
        if self._holding:
            # The answer may wait behind what is not read yet: whoever is slowed down must not be taken for dead.
            self.stop_keepalive()
            self.schedule_ping()
            return
        super().keepalive_timeout()
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._incoming.clear()
        self._outgoing.clear()
        self._unread.clear()
        self._end()
        self._let_go()

    def _let_go(self) -> None:
        """Leave no circle of references: the collector would find it an hour later (`server.collecting`)."""
        if self._receiver is not None:
            self._receiver = _nobody
        self._too_slow = _nothing
        self.conn.parser.close()  # a generator, whose frame refers to what holds it

    def shutdown(self) -> None:
        super().shutdown()
        self._end()
        self.loop.call_later(PATIENCE, self.transport.abort)


def _nobody(_message: bytes | None) -> None:
    """Receives for whoever has gone."""


def _nothing() -> None:
    pass


def small_message(data: bytes) -> bytes | None:
    """The binary message that ``data`` is if it is exactly one small frame from a client; None: let the library see.

    Nearly all that arrives is this: one keystroke, or one cursor. It costs a fifth of the library's general parser.
    """
    length = len(data) - 6
    if 0 <= length < 126 and data[0] == _FINAL_BINARY and data[1] == _MASKED | length:
        return apply_mask(data[6:], data[2:6])
    return None


def length_on_the_wire(frame: Any) -> int:
    """Bytes of a frame from a client (RFC 6455, section 5.2), had the client written its length as it must.

    For one that has not, the count never comes out even again, and the library goes on parsing by itself.
    """
    length = len(frame.data)
    return length + (6 if length < 126 else 8 if length < 1 << 16 else 14)


class Sent:
    """The frame of the newest message, encoded once: all peers of a room get the same object one after the other.

    And how many frames were sent: a figure of the process, since several applications never share one but in tests.
    """

    def __init__(self) -> None:
        self.message = b""
        self.frame = b""
        self.copies = 0
        self._frames = 0
        self._bytes = 0

    def begin(self, message: bytes) -> None:
        self._frames, self._bytes = self.totals
        self.copies = 0
        self.message = message
        length = len(message)
        if length < 126:
            self.frame = bytes((_FINAL_BINARY, length)) + message
        else:
            self.frame = Frame(Opcode.BINARY, message).serialize(mask=False)

    @property
    def totals(self) -> tuple[int, int]:
        """Frames and bytes sent since the process began."""
        return self._frames + self.copies, self._bytes + self.copies * len(self.frame)


_sent = Sent()


def totals() -> tuple[int, int]:
    return _sent.totals
