"""Cancellations that arrive: `asyncio.wait_for` as it is from Python 3.12 on, and an end for tasks that resist.

Before 3.12, `wait_for` returns its result and drops a cancellation that comes in the same turn of the event loop.
PyMongo and redis-py send every command through it, so a task that is cancelled just then goes on as if nothing had
happened: a cancelled job spends on, and a process that is to end waits for a loop that never hears of it (seen in 3 of
4 workers that were told to stop in their first second).

And it lets the waiting go before that has ended when a second cancellation comes: PyMongo then gave back a lock that
somebody else held, and no command of the process found a server any more (torture found it).
"""

import asyncio
import sys
from collections.abc import Awaitable, Collection
from typing import Any

_REPEAT_SECONDS = 1.0

_before = asyncio.wait_for


async def wait_for(fut: Awaitable[Any], timeout: float | None) -> Any:
    if timeout is not None and timeout <= 0:
        return await _before(fut, timeout)
    async with asyncio.timeout(timeout):
        return await fut


def replace() -> None:
    """For this process. Libraries that look `wait_for` up when they call it have the later one too; PyMongo's locks
    keep what they found when they were imported, which may have been before.
    """
    asyncio.wait_for = asyncio.tasks.wait_for = wait_for  # type: ignore[assignment]
    if (locks := sys.modules.get("pymongo.lock")) is not None:
        locks.wait_for = wait_for  # type: ignore[attr-defined]


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel ``tasks``, and return when they have ended.

    Again and again: a driver that is just giving up a hung connection answers a cancellation with an error of its own,
    and whoever tries again after errors would never hear of it.
    """
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=_REPEAT_SECONDS)
