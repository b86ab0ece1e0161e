"""Frames on their way to one peer, so that nobody ever waits for a slow one."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from server.problems import FAILED, TOO_SLOW

Write = Callable[[bytes], Coroutine[Any, Any, None]]
"""Takes one frame; waits for as long as the peer does not read. OSError when the peer is gone."""

Shut = Callable[[int, str], Coroutine[Any, Any, None]]
"""Closes with a code and a reason, without waiting for what was written before."""


class Outgoing:
    """A bounded queue with one task that writes it out.

    A peer for which more than ``limit`` bytes wait is closed with 4508, never skipped: a frame left out would leave its
    document different for good. Into an empty queue goes a frame of any size, or nobody could open a large document.
    """

    def __init__(self, write: Write, shut: Shut, limit: int) -> None:
        self._write = write
        self._shut = shut
        self._limit = limit
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self.closed = asyncio.Event()
        self._writer = asyncio.create_task(self._run())
        self._writer.add_done_callback(self._written)
        self._closer: asyncio.Task[None] | None = None

    def send(self, frame: bytes) -> None:
        """Queue ``frame``; never waits. Without effect once closed."""
        if self.closed.is_set():
            return
        if self._frames and self._size + len(frame) > self._limit:
            self.close(TOO_SLOW, "you read more slowly than the others write")
            return
        self._frames.append(frame)
        self._size += len(frame)
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """Close the connection; never waits. What waits is dropped. The first of several calls wins."""
        if self.closed.is_set():
            return
        self.closed.set()
        self._frames.clear()
        self._writer.cancel()
        self._closer = asyncio.create_task(self._shut(code, reason))

    async def stop(self) -> None:
        """Write no more, since the connection has ended; raises what the writing failed with."""
        self.closed.set()
        self._writer.cancel()
        tasks = [self._writer] if self._closer is None else [self._writer, self._closer]
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception) and not isinstance(result, OSError):
                raise result

    def _written(self, writer: asyncio.Task[None]) -> None:
        if not writer.cancelled() and not isinstance(writer.exception(), OSError):
            self.close(FAILED, "writing to you failed")

    async def _run(self) -> None:
        while True:
            while self._frames:
                frame = self._frames.popleft()
                self._size -= len(frame)
                await self._write(frame)
            self._wake.clear()
            await self._wake.wait()
