"""PyMongo's locks survive cancellations, also two of them, see `storage.waiting`."""

import asyncio
import subprocess
import sys
from contextlib import suppress

import pymongo.lock
import pytest


async def test_a_wait_of_the_driver_that_is_cancelled_twice_gives_back_nobody_elses_lock() -> None:
    lock = pymongo.lock._async_create_lock()
    condition = pymongo.lock._async_create_condition(lock)

    async def waits() -> None:
        async with lock:
            await pymongo.lock._async_cond_wait(condition, 60)

    task = asyncio.create_task(waits())
    await asyncio.sleep(0.01)
    async with lock:
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.01)
        assert lock.locked()
    with suppress(asyncio.CancelledError):
        await task
    assert not lock.locked()


@pytest.mark.parametrize("first", ["pymongo.lock", "storage", "server.app"])
def test_it_does_not_matter_who_is_imported_first(first: str) -> None:
    code = f"import {first}, storage, asyncio, pymongo.lock; assert pymongo.lock.wait_for is asyncio.wait_for"
    subprocess.run([sys.executable, "-c", code], check=True)
