"""`asyncio.wait_for` as it is from Python 3.12 on.

Before that, it returns its result and drops a cancellation that comes in the same turn of the event loop. PyMongo and
redis-py send every command through it, so a task that is cancelled just then goes on as if nothing had happened: a
cancelled job spends on, and a process that is to end waits for a loop that never hears of it (seen in 3 of 4 workers
that were told to stop in their first second).
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

_before = asyncio.wait_for


async def wait_for(fut: Awaitable[Any], timeout: float | None) -> Any:
    if timeout is not None and timeout <= 0:
        return await _before(fut, timeout)
    async with asyncio.timeout(timeout):
        return await fut


def replace() -> None:
    """For this process. The libraries look `wait_for` up when they call it, so they have the later one too."""
    asyncio.wait_for = asyncio.tasks.wait_for = wait_for  # type: ignore[assignment]
