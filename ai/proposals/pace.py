"""Shows changes to people at once, and then at most twenty times a second."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

INTERVAL = 0.05
"""Seconds between two messages about one stream: smooth to the eye, and cheap for everybody who watches."""


class Pace:
    """`async with Pace(send) as pace: ... pace.mark()`: `send` runs soon after each mark, never twice at once.

    The first change after a quiet moment goes out at once. `send` must not raise: it tells people something that they
    will also find in the record.
    """

    def __init__(self, send: Callable[[], Awaitable[None]]) -> None:
        self._send = send
        self._marked = asyncio.Event()

    def mark(self) -> None:
        self._marked.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await self._marked.wait()
            self._marked.clear()
            await self._send()
            await asyncio.sleep(INTERVAL)
