"""Wake-ups: quick when all is well, harmless when they are lost."""

import asyncio
import time

import pytest
from redis.asyncio import Redis as RedisClient

from storage import wakeups_redis
from storage.wakeups import LocalTopic, Wakeups
from storage.wakeups_redis import RedisTopic
from tests.services.launchers import Redis

pytestmark = pytest.mark.alone


def topic(service: Redis, process: str) -> RedisTopic:
    return RedisTopic(service.url, "scriptorium.test", process)


async def heard(wakeups: Wakeups, timeout: float = 2.0) -> tuple[str | None, float]:
    """What it was about, and the seconds until it came."""
    began = time.monotonic()
    async with wakeups.waiting(timeout) as about:
        return about, time.monotonic() - began


async def woken_after(wakeups: Wakeups, timeout: float = 2.0) -> float:
    return (await heard(wakeups, timeout))[1]


async def waiting(wakeups: Wakeups) -> "asyncio.Task[float]":
    """A worker that waits already."""
    task = asyncio.create_task(woken_after(wakeups))
    await asyncio.sleep(0.1)
    return task


async def test_a_wake_up_is_not_lost_on_a_worker_that_is_about_to_wait() -> None:
    local = LocalTopic()
    group = local.group("workers")
    await local.wake()
    assert await woken_after(group) < 0.05
    assert await woken_after(group, 0.05) >= 0.05


async def test_a_wake_up_during_a_claim_counts_for_the_next_wait() -> None:
    local = LocalTopic()
    group = local.group("workers")
    async with group.waiting(0.01):
        await local.wake()
    assert await woken_after(group) < 0.05


async def test_every_group_of_a_process_hears_what_a_wake_up_is_about_once() -> None:
    local = LocalTopic()
    groups = [local.group(name) for name in ("a", "b")]
    for about in ("one", "two", "one"):
        await local.wake(about)
    for group in groups:
        assert [(await heard(group, 0.01))[0] for _ in range(3)] == ["one", "two", None]


async def test_one_wake_up_wakes_one_process_of_each_group_at_once(redis_service: Redis) -> None:
    a, b, waker = (topic(redis_service, name) for name in ("a", "b", "waker"))
    tasks = [await waiting(a.group("workers")), await waiting(b.group("workers"))]
    other = asyncio.create_task(heard(b.group("others")))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await waker.wake("it")
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert time.monotonic() - began < 0.1
    assert sum(task.done() for task in tasks) == 1
    assert (await other)[0] == "it"
    await waker.wake("it")
    await asyncio.wait(tasks, timeout=0.5)
    assert all(task.done() for task in tasks)
    for each in (a, b, waker):
        await each.close()


async def test_what_a_worker_died_over_wakes_another(redis_service: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups_redis, "ABANDONED", 0.3)
    dies, lives = topic(redis_service, "dies"), topic(redis_service, "lives")
    group = lives.group("workers")
    await (await waiting(group))
    await dies.wake("it")

    async def die() -> None:
        async with dies.group("workers").waiting(2.0):
            raise RuntimeError("killed while it claims")

    with pytest.raises(RuntimeError):
        await die()
    began = time.monotonic()
    while (await heard(group, 0.1))[0] != "it":
        assert time.monotonic() - began < 2
    await dies.close()
    await lives.close()


async def test_redis_may_be_flushed_at_any_moment(redis_service: Redis) -> None:
    worker, waker = topic(redis_service, "worker"), topic(redis_service, "waker")
    group = worker.group("workers")
    client = RedisClient.from_url(redis_service.url)
    await waker.wake()
    await (await waiting(group))
    await client.flushall()
    assert await woken_after(group) < 0.1  # to look into MongoDB, for what may have been lost
    task = await waiting(group)
    await client.flushall()
    await task
    task = await waiting(group)
    await waker.wake()
    assert await task < 0.3
    await client.aclose()
    await worker.close()
    await waker.close()


async def test_without_redis_workers_look_for_themselves_and_nobody_who_asks_is_held_up(redis_service: Redis) -> None:
    worker, waker = topic(redis_service, "worker"), topic(redis_service, "waker")
    group = worker.group("workers")
    await (await waiting(group))
    redis_service.kill()
    began = time.monotonic()
    await waker.wake()
    assert time.monotonic() - began < 1.2
    assert 0.1 <= await woken_after(group, 0.2) < 1
    redis_service.start()
    await asyncio.sleep(0.1)
    task = await waiting(group)
    await waker.wake()
    assert await task < 0.4
    redis_service.pause()
    began = time.monotonic()
    await waker.wake()
    assert time.monotonic() - began < 1.2
    assert await woken_after(group, 0.2) < 2
    redis_service.resume()
    await worker.close()
    await waker.close()
