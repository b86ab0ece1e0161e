"""Wakes workers. A queue holds nothing that may be lost: what it forgets, workers find in collection ``jobs``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol


class Queue(Protocol):
    async def wake(self) -> None:
        """A job can be claimed: wake one worker that has room. Best effort, never raises, never waits over a second."""
        ...

    def waiting(self, timeout: float) -> AbstractAsyncContextManager[None]:
        """Entered when woken, or after `timeout` seconds.

        The wake-up counts as heard when the context ends without an error; a worker that dies inside it leaves the
        wake-up to another one. So a worker claims inside.
        """
        ...

    async def close(self) -> None: ...


class LocalQueue:
    """For the one process of an embedded installation."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    async def wake(self) -> None:
        self._woken.set()

    @asynccontextmanager
    async def waiting(self, timeout: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(timeout):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()
        yield

    async def close(self) -> None:
        pass
