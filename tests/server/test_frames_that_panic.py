"""A panic of a native library while a frame is taken."""

import asyncio
from typing import Any

import pytest
from websockets.frames import Opcode

from tests.server.test_protocol import Served, frame


class PanicException(BaseException):
    """As pyo3's."""


async def test_a_panic_over_a_frame_that_waited_closes_its_connection() -> None:
    served = Served()
    go = asyncio.Event()
    taken: list[bytes] = []

    def receive(message: bytes | None) -> Any:
        assert message is not None
        taken.append(message)
        if message == b"slow":
            return go.wait()
        if message == b"poison":
            raise PanicException("as if")
        return None

    served._receive = receive  # type: ignore[method-assign]
    await served.handed_over()
    for message in (b"slow", b"poison", b"behind"):
        served.protocol.data_received(frame(Opcode.BINARY, message))
    assert taken == [b"slow"]
    tasks = list(served.protocol.tasks)
    go.set()
    await asyncio.wait(tasks)
    assert b"poison" in taken
    closed = served.protocol.close_sent
    assert closed or b"behind" in taken, "what stood behind it is lost, and the connection goes on"


async def test_a_panic_over_a_frame_is_no_affair_of_the_transport() -> None:
    served = Served()

    def receive(message: bytes | None) -> Any:
        raise PanicException("as if")

    served._receive = receive  # type: ignore[method-assign]
    await served.handed_over()
    try:
        served.protocol.data_received(frame(Opcode.BINARY, b"poison"))
    except PanicException:
        pytest.fail("it comes out of the event loop's callback")
    closed = served.protocol.close_sent
    assert closed


async def test_a_barrier_is_not_taken_after_a_frame_before_it_was_lost() -> None:
    """What a client sends after its edit was lost with a panic must not come to the room on the same connection."""
    served = Served()
    go = asyncio.Event()
    taken: list[bytes] = []

    def receive(message: bytes | None) -> Any:
        assert message is not None
        taken.append(message)
        if message == b"slow":
            return go.wait()
        if message == b"poison":
            raise PanicException("as if")
        return None

    served._receive = receive  # type: ignore[method-assign]
    await served.handed_over()
    for message in (b"slow", b"poison", b"edit"):
        served.protocol.data_received(frame(Opcode.BINARY, message))
    tasks = list(served.protocol.tasks)
    go.set()
    await asyncio.wait(tasks)
    served.protocol.data_received(frame(Opcode.BINARY, b"barrier"))
    assert b"barrier" not in taken or b"edit" in taken
