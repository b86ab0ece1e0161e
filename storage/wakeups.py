"""Wake-ups between processes: that there is something to do, and for whom. They hold nothing that may be lost.

A topic has groups. Each wake-up reaches every group, and in it one process that waits. Whoever needs to be sure looks
into the database now and then.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

MOST_WAITING = 10_000
"""Different wake-ups that a group keeps; older ones go."""


class Wakeups(Protocol):
    """Those of one group."""

    def waiting(self, timeout: float) -> AbstractAsyncContextManager[str | None]:
        """What a wake-up is about; None when none came within `timeout` seconds.

        It counts as heard when the context ends without an error; a process that dies inside leaves it to another one.
        """
        ...


class Topic(Protocol):
    async def wake(self, about: str = "") -> None:
        """Best effort: never raises, never waits for more than a second."""
        ...

    def group(self, name: str) -> Wakeups:
        """The same group at every call."""
        ...

    async def close(self) -> None: ...


class LocalTopic:
    """For the one process of an embedded installation. Equal wake-ups that nobody has heard yet are one."""

    def __init__(self) -> None:
        self._groups: dict[str, LocalWakeups] = {}

    async def wake(self, about: str = "") -> None:
        for group in self._groups.values():
            group.put(about)

    def group(self, name: str) -> "LocalWakeups":
        return self._groups.setdefault(name, LocalWakeups())

    async def close(self) -> None:
        pass


class LocalWakeups:
    def __init__(self) -> None:
        self._kept: dict[str, None] = {}
        self._woken = asyncio.Event()

    def put(self, about: str) -> None:
        if len(self._kept) >= MOST_WAITING:
            del self._kept[next(iter(self._kept))]
        self._kept[about] = None
        self._woken.set()

    @asynccontextmanager
    async def waiting(self, timeout: float) -> AsyncIterator[str | None]:
        about = None
        try:
            async with asyncio.timeout(timeout):
                while not self._kept:
                    self._woken.clear()
                    await self._woken.wait()
            about = next(iter(self._kept))
            del self._kept[about]
        except TimeoutError:
            pass
        yield about


class Topics:
    """Those of one process, `process` by name: through Redis where it has a URL."""

    def __init__(self, redis_url: str | None, process: str) -> None:
        self._redis_url = redis_url
        self._process = process
        self._opened: dict[str, Topic] = {}

    def open(self, name: str) -> Topic:
        """The same topic at every call."""
        if name not in self._opened:
            self._opened[name] = self._new(name)
        return self._opened[name]

    def _new(self, name: str) -> Topic:
        if self._redis_url is None:
            return LocalTopic()
        # FastStream takes a quarter of a second to import, which an embedded start need not wait for.
        from storage.wakeups_redis import RedisTopic

        return RedisTopic(self._redis_url, name, self._process)

    async def close(self) -> None:
        for topic in self._opened.values():
            await topic.close()
