import asyncio

import pytest

from server.outgoing import Outgoing
from server.problems import FAILED, TOO_SLOW


class Wire:
    """A transport that takes frames while it is `open`."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.frames: list[bytes] = []
        self.closed_with: list[int] = []

    async def write(self, frame: bytes) -> None:
        await self.open.wait()
        self.frames.append(frame)

    async def shut(self, code: int, reason: str) -> None:
        self.closed_with.append(code)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_frames_leave_in_order() -> None:
    wire = Wire()
    wire.open.set()
    outgoing = Outgoing(wire.write, wire.shut, limit=100)
    frames = [bytes([i]) * 30 for i in range(3)]
    for frame in frames:
        outgoing.send(frame)
    await settle()
    outgoing.send(b"later")
    await settle()
    assert wire.frames == [*frames, b"later"]
    await outgoing.stop()


async def test_a_slow_reader_is_closed_even_while_a_write_is_stuck() -> None:
    wire = Wire()
    outgoing = Outgoing(wire.write, wire.shut, limit=100)
    outgoing.send(b"x" * 1_000)  # taken up by the writer, and stuck there
    await settle()
    for _ in range(10):
        outgoing.send(b"y" * 10)
    await settle()
    assert wire.closed_with == []
    outgoing.send(b"z")
    await settle()
    assert wire.closed_with == [TOO_SLOW]
    outgoing.send(b"into the void")
    wire.open.set()
    await settle()
    assert wire.frames == []
    await outgoing.stop()


async def test_one_frame_of_any_size_goes_into_an_empty_queue() -> None:
    wire = Wire()
    outgoing = Outgoing(wire.write, wire.shut, limit=100)
    outgoing.send(b"x" * 1_000)
    outgoing.send(b"y")
    await settle()
    assert wire.closed_with == [TOO_SLOW]
    await outgoing.stop()


async def test_the_first_of_several_reasons_to_close_wins() -> None:
    wire = Wire()
    outgoing = Outgoing(wire.write, wire.shut, limit=100)
    outgoing.close(4403, "removed")
    outgoing.close(1012, "restart")
    await outgoing.stop()
    assert wire.closed_with == [4403]


async def test_a_peer_that_is_gone_is_no_error() -> None:
    async def gone(_: bytes) -> None:
        raise ConnectionResetError

    wire = Wire()
    outgoing = Outgoing(gone, wire.shut, limit=100)
    outgoing.send(b"x")
    await settle()
    await outgoing.stop()
    assert wire.closed_with == []


async def test_a_fault_while_writing_closes_and_is_told() -> None:
    async def broken(_: bytes) -> None:
        raise ZeroDivisionError

    wire = Wire()
    outgoing = Outgoing(broken, wire.shut, limit=100)
    outgoing.send(b"x")
    await settle()
    assert wire.closed_with == [FAILED]
    with pytest.raises(ZeroDivisionError):
        await outgoing.stop()
