"""The short way of frames, against the `websockets` library as the client."""

import asyncio
import random
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.websockets import WebSocket
from uvicorn import Config
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from server.problems import TOO_FAST
from server.protocol import SLICE, SocketProtocol, length_on_the_wire, small_message


class Wire(asyncio.Transport):
    """What the protocol has written; takes all of it unless it is `full`."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.paused = False
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class Served:
    """A protocol after its handshake, whose application hands it over when it is told to."""

    def __init__(self, *, ping_every: float | None = None) -> None:
        self.messages: list[bytes | None] = []
        self.ended = 0
        self.slow = 0
        self.dice: random.Random | None = None
        self.held: asyncio.Event | None = None
        self.accepting = asyncio.Event()
        self.go = asyncio.Event()
        config = Config(
            self.application,
            interface="asgi3",
            log_config=None,
            ws_ping_interval=ping_every,
            ws_ping_timeout=ping_every,
            ws_per_message_deflate=False,
        )
        config.load()
        self.protocol = SocketProtocol(config, ServerState(), {})
        self.wire = Wire()
        self.protocol.connection_made(self.wire)
        self.client = ClientProtocol(parse_uri("ws://here/"))
        self.client.send_request(self.client.connect())
        self.protocol.data_received(b"".join(self.client.data_to_send()))

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        self.accepting.set()
        await self.go.wait()
        self.send = SocketProtocol.of(socket).sender(limit=100, too_slow=self._too_slow)
        SocketProtocol.of(socket).hand_over(self._receive, self._end)

    def _receive(self, message: bytes | None) -> Any:
        self.messages.append(message)
        if self.held is not None:
            return self.held.wait()
        return asyncio.sleep(0) if self.dice is not None and self.dice.random() < 0.2 else None

    def _end(self) -> None:
        self.ended += 1

    def _too_slow(self) -> None:
        self.slow += 1

    async def accepted(self) -> None:
        await self.accepting.wait()
        self.wire.written.clear()

    async def handed_over(self) -> None:
        await self.accepted()
        self.go.set()
        for _ in range(3):
            await asyncio.sleep(0)


def frame(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=True)


@given(st.binary(max_size=300), st.sampled_from([Opcode.BINARY, Opcode.TEXT, Opcode.CONT]), st.booleans())
def test_the_short_way_reads_what_the_library_writes_or_leaves_it_alone(
    payload: bytes, opcode: Opcode, fin: bool
) -> None:
    data = Frame(opcode, payload, fin).serialize(mask=True)
    small = opcode is Opcode.BINARY and fin and len(payload) < 126
    assert small_message(data) == (payload if small else None)
    assert small_message(data + b"x") is None
    assert small_message(data[:-1]) is None
    assert length_on_the_wire(Frame(opcode, payload, fin)) == len(data)


@pytest.mark.parametrize("seed", range(40))
async def test_messages_come_whole_and_in_order_however_the_network_cuts_them(seed: int) -> None:
    dice = random.Random(seed)
    served = Served()
    served.dice = dice
    await served.accepted()
    expected: list[bytes | None] = []
    data = bytearray()
    for _ in range(60):
        payload = dice.randbytes(dice.choice([0, 1, 40, 125, 126, 500, 70_000]))
        match dice.random():
            case x if x < 0.1:
                data += frame(Opcode.TEXT, b"text")
                expected.append(None)
            case x if x < 0.3:
                cut = dice.randint(0, len(payload))
                data += frame(Opcode.BINARY, payload[:cut], fin=False)
                data += frame(Opcode.PING, b"between") if dice.random() < 0.5 else b""
                data += frame(Opcode.CONT, payload[cut:])
                expected.append(payload)
            case x if x < 0.4:
                data += frame(Opcode.PING, payload[:125])
            case _:
                data += frame(Opcode.BINARY, payload)
                expected.append(payload)
    early = dice.randint(0, 2_000)
    at = 0
    while at < len(data):
        if at >= early:
            served.go.set()
        if served.wire.paused:
            served.go.set()
            await asyncio.sleep(0)
            continue
        size = dice.choice([1, 2, 5, 46, 131, 3_000, 100_000])
        served.protocol.data_received(bytes(data[at : at + size]))
        at += size
        if dice.random() < 0.3:
            await asyncio.sleep(0)
    served.go.set()
    for _ in range(200):
        await asyncio.sleep(0)
    assert served.messages == expected


@pytest.mark.parametrize("before", [True, False], ids=["before the handover", "after it"])
@pytest.mark.parametrize("cut", [2, 6, 10])
async def test_a_piece_of_a_message_that_looks_like_a_frame_is_a_piece(before: bool, cut: int) -> None:
    served = Served()
    await (served.accepted() if before else served.handed_over())
    inner = frame(Opcode.BINARY, b"inner")
    payload = b"...." + inner + b"...."
    data = b"\x82" + bytes([0x80 | len(payload)]) + bytes(4) + payload  # masked with zeros
    served.protocol.data_received(data[:cut])
    served.go.set()
    for _ in range(3):
        await asyncio.sleep(0)
    if cut < 10:
        served.protocol.data_received(data[cut:10])
    served.protocol.data_received(inner)
    served.protocol.data_received(data[10 + len(inner) :])
    assert served.messages == [payload]


async def test_a_frame_of_unusual_length_encoding_only_closes_the_short_way() -> None:
    served = Served()
    await served.handed_over()
    # Five bytes whose length stands in the long form, as no client writes it.
    served.protocol.data_received(b"\x82\xfe\x00\x05\0\0\0\0hello" + frame(Opcode.BINARY, b"next"))
    served.protocol.data_received(frame(Opcode.BINARY, b"last"))
    assert served.messages == [b"hello", b"next", b"last"]


async def test_who_does_not_read_is_reported_and_what_waits_goes_first_when_they_read_again() -> None:
    served = Served()
    await served.handed_over()
    served.protocol.pause_writing()
    frames = [bytes([65 + number]) * 40 for number in range(3)]
    served.send(b"x" * 1_000)  # of any size into an empty queue
    assert not served.slow
    served.send(b"y")
    assert served.slow == 1
    served.protocol.resume_writing()
    for message in frames:
        served.send(message)
    assert served.client.state is not None
    written = bytes(served.wire.written)
    assert written.index(b"x" * 1_000) < written.index(frames[0]) < written.index(frames[1]) < written.index(frames[2])


async def test_the_first_of_several_reasons_to_close_wins_and_the_end_is_told_once() -> None:
    served = Served()
    await served.handed_over()
    assert served.protocol.close_with(4403, "removed")
    assert not served.protocol.close_with(1012, "restart")
    assert not served.ended  # not in the middle of whoever closes
    served.send(b"into the void")
    served.protocol.data_received(frame(Opcode.BINARY, b"too late"))
    await asyncio.sleep(0)
    assert served.ended == 1
    assert served.messages == []
    assert bytes(served.wire.written) == Frame(Opcode.CLOSE, (4403).to_bytes(2, "big") + b"removed").serialize(
        mask=False
    )
    served.protocol.connection_lost(None)
    await asyncio.sleep(0)
    assert served.ended == 1


async def test_who_leaves_before_the_handover_has_ended_all_the_same() -> None:
    served = Served()
    await served.accepted()
    served.protocol.connection_lost(None)
    served.go.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert served.ended == 1


async def test_a_receiver_that_fails_costs_its_own_connection_alone() -> None:
    served = Served()
    await served.handed_over()

    def fail(_: bytes | None) -> None:
        raise ZeroDivisionError

    served.protocol._receiver = fail
    served.protocol.data_received(frame(Opcode.BINARY, b"x"))
    await asyncio.sleep(0)
    assert served.ended == 1
    assert served.protocol.close_sent


async def test_who_is_not_read_is_not_taken_for_dead() -> None:
    """Whoever is slowed down answers pings behind what the server does not read yet."""
    served = Served(ping_every=0.02)
    await served.handed_over()
    served.held = asyncio.Event()
    served.protocol.data_received(frame(Opcode.BINARY, b"a"))
    await asyncio.sleep(0.3)
    assert served.messages == [b"a"]
    assert not served.ended
    served.held.set()
    await asyncio.sleep(0.3)  # now it is read, and answers nothing
    assert served.ended == 1


HOSTILE = {
    "pings": frame(Opcode.PING, b""),
    "pongs": frame(Opcode.PONG, b""),
    "empty messages": frame(Opcode.BINARY, b""),
    "crumbs": frame(Opcode.CONT, b"ab", fin=False),
}


@pytest.mark.parametrize("before", [True, False], ids=["before the handover", "after it"])
@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_read_full_of_tiny_frames_takes_many_turns(kind: str, before: bool) -> None:
    served = Served()
    served.held = asyncio.Event()
    await (served.accepted() if before else served.handed_over())
    if kind == "crumbs":
        served.protocol.data_received(frame(Opcode.BINARY, b"a", fin=False))
    read = HOSTILE[kind] * (256_000 // len(HOSTILE[kind]))
    served.protocol.data_received(read)
    assert served.wire.paused
    assert len(served.protocol._unread) >= len(read) - 4 * SLICE
    assert len(served.protocol.frames) <= 4 * SLICE / 8
    before_more = len(served.protocol._unread)
    served.protocol.data_received(read)  # what the system had read already
    assert len(served.protocol._unread) == before_more + len(read)


@pytest.mark.parametrize("kind", ["pings", "pongs", "crumbs"])
async def test_who_floods_with_frames_that_bring_nothing_is_slowed_down_and_then_closed(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.protocol.IDLE_FRAMES", 400.0)
    monkeypatch.setattr("server.protocol.IDLE_BURST", 0.5)
    monkeypatch.setattr("server.rate.PATIENCE", 1.0)
    served = Served()
    await served.handed_over()
    if kind == "crumbs":
        served.protocol.data_received(frame(Opcode.BINARY, b"a", fin=False))
    served.wire.written.clear()
    began = asyncio.get_running_loop().time()
    given = 0
    while not served.protocol.close_sent:
        if not served.wire.paused:
            served.protocol.data_received(HOSTILE[kind] * 50)
            given += 50
        await asyncio.sleep(0.01)
    took = asyncio.get_running_loop().time() - began
    assert took > 0.9
    assert given <= 200 + 400 * took + 100
    assert served.ended == 1
    assert struct.pack("!H", TOO_FAST) in bytes(served.wire.written)


async def test_an_honest_client_may_ping_answer_and_send_in_pieces() -> None:
    served = Served()
    await served.handed_over()
    large = [b"x" * 16_384 for _ in range(1_000)]
    for number, piece in enumerate(large):
        opcode = Opcode.CONT if number else Opcode.BINARY
        served.protocol.data_received(frame(opcode, piece, fin=number == len(large) - 1))
        if number % 10 == 0:
            served.protocol.data_received(frame(Opcode.PING, b"p"))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not served.wire.paused
    assert served.messages == [b"".join(large)]
    assert served.ended == 0


class PanicException(BaseException):
    """As pyo3 raises it."""


async def test_a_frame_that_panics_in_its_turns_closes_its_connection() -> None:
    served = Served()
    await served.handed_over()

    async def panics() -> None:
        raise PanicException("called `Option::unwrap()` on a `None` value")

    served._receive = lambda message: panics()  # type: ignore[method-assign]
    served.protocol._receiver = served._receive
    served.protocol.data_received(frame(Opcode.BINARY, b"a large update"))
    tasks = list(served.protocol.tasks)
    if tasks:
        await asyncio.wait(tasks)
    for _ in range(5):
        await asyncio.sleep(0)
    assert served.protocol.ended or not served.protocol._holding
