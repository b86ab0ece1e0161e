"""Work that need not be waited for before the next step, and must have ended before the one after."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """`work` goes on beside the body and has ended when the context is left, however it is left.

    What it returns or raises is for whoever awaits the task; an error that nobody awaits is dropped, because the body
    has failed already with one of its own.
    """
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()
