import asyncio

import pytest

from storage import waiting  # the package replaces `wait_for`


async def test_a_cancellation_that_comes_together_with_the_result_is_heard() -> None:
    done = asyncio.Event()

    async def wait() -> None:
        await asyncio.wait_for(done.wait(), 10)
        await asyncio.sleep(10)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.01)
    done.set()
    task.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("timeout", [0, -1, 0.01])
async def test_what_takes_longer_is_cancelled(timeout: float) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(work(), timeout)
    assert ended.is_set() or timeout <= 0  # then it is not even begun


async def test_without_a_limit_it_waits() -> None:
    assert await asyncio.wait_for(asyncio.sleep(0.01, "slept"), None) == "slept"
    finished = asyncio.get_running_loop().create_future()
    finished.set_result("there already")
    assert await asyncio.wait_for(finished, 0) == "there already"


async def test_a_task_that_answers_a_cancellation_with_an_error_and_goes_on_is_told_again() -> None:
    async def stubborn() -> None:
        for _ in range(2):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue  # as a driver's error would be, by a loop that tries again
        await asyncio.sleep(60)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await asyncio.wait_for(waiting.end([task]), 10)
    assert task.cancelled()
