"""Wake-ups: quick when all is well, harmless when they are lost."""

import asyncio
import time

import pytest
from redis.asyncio import Redis as RedisClient

from ai.pool import queue_redis
from ai.pool.queue import LocalQueue, Queue
from ai.pool.queue_redis import RedisQueue
from tests.services.launchers import Redis

pytestmark = pytest.mark.alone


async def woken_after(queue: Queue, timeout: float = 2.0) -> float:
    began = time.monotonic()
    async with queue.waiting(timeout):
        return time.monotonic() - began


async def waiting(queue: Queue) -> "asyncio.Task[float]":
    """A worker that waits already."""
    task = asyncio.create_task(woken_after(queue))
    await asyncio.sleep(0.1)
    return task


async def test_a_wake_up_is_not_lost_on_a_worker_that_is_about_to_wait() -> None:
    queue = LocalQueue()
    await queue.wake()
    assert await woken_after(queue) < 0.05
    assert await woken_after(queue, 0.05) >= 0.05


async def test_a_wake_up_during_a_claim_counts_for_the_next_wait() -> None:
    queue = LocalQueue()
    async with queue.waiting(0.01):
        await queue.wake()
    assert await woken_after(queue) < 0.05


async def test_one_wake_up_wakes_one_of_several_processes_at_once(redis_service: Redis) -> None:
    queues = [RedisQueue(redis_service.url, name) for name in ("a", "b", "waker")]
    a, b, waker = queues
    tasks = [await waiting(a), await waiting(b)]
    began = time.monotonic()
    await waker.wake()
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert time.monotonic() - began < 0.1
    assert sum(task.done() for task in tasks) == 1
    await waker.wake()
    await asyncio.wait(tasks, timeout=0.5)
    assert all(task.done() for task in tasks)
    for queue in queues:
        await queue.close()


async def test_what_a_worker_died_over_wakes_another(redis_service: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_redis, "ABANDONED", 0.3)
    dies, lives = RedisQueue(redis_service.url, "dies"), RedisQueue(redis_service.url, "lives")
    await (await waiting(lives))
    await dies.wake()

    async def die() -> None:
        async with dies.waiting(2.0):
            raise RuntimeError("killed while it claims")

    with pytest.raises(RuntimeError):
        await die()
    began = time.monotonic()
    while await woken_after(lives, 0.1) >= 0.1:
        assert time.monotonic() - began < 2
    await dies.close()
    await lives.close()


async def test_redis_may_be_flushed_at_any_moment(redis_service: Redis) -> None:
    worker, waker = RedisQueue(redis_service.url, "worker"), RedisQueue(redis_service.url, "waker")
    client = RedisClient.from_url(redis_service.url)
    await waker.wake()
    await (await waiting(worker))
    await client.flushall()
    assert await woken_after(worker) < 0.1  # to look into MongoDB, for what may have been lost
    task = await waiting(worker)
    await client.flushall()
    await task
    task = await waiting(worker)
    await waker.wake()
    assert await task < 0.3
    await client.aclose()
    await worker.close()
    await waker.close()


async def test_without_redis_workers_look_for_themselves_and_nobody_who_asks_is_held_up(redis_service: Redis) -> None:
    worker, waker = RedisQueue(redis_service.url, "worker"), RedisQueue(redis_service.url, "waker")
    await (await waiting(worker))
    redis_service.kill()
    began = time.monotonic()
    await waker.wake()
    assert time.monotonic() - began < 1.2
    assert 0.1 <= await woken_after(worker, 0.2) < 1
    redis_service.start()
    await asyncio.sleep(0.1)
    task = await waiting(worker)
    await waker.wake()
    assert await task < 0.4
    redis_service.pause()
    began = time.monotonic()
    await waker.wake()
    assert time.monotonic() - began < 1.2
    assert await woken_after(worker, 0.2) < 2
    redis_service.resume()
    await worker.close()
    await waker.close()
