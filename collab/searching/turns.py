"""Whose search goes on: workspaces in turn, however many searches each of them has.

Searches go on in small portions. Of one workspace only one at a time waits for its turn, so that ten of them do not
come ten times as often as the one of another workspace.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    def __init__(self, at_once: int) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._workspaces: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, workspace: str) -> AsyncIterator[None]:
        mine = self._workspaces.setdefault(workspace, asyncio.Lock())
        async with mine, self._all:
            yield
