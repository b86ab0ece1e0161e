"""Leases: one holder at a time, whoever is killed, and no waiting longer than promised."""

import asyncio
import time
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from storage import Storage
from storage.leases import Leases, LeaseUnavailable


async def test_one_holder_at_a_time(storage: Storage) -> None:
    here, there = storage.leases, Leases(storage.db, "another process")
    lease = await here.acquire("tree", 10)
    assert lease is not None
    assert lease.valid
    assert await here.acquire("tree", 10) is None
    assert await there.acquire("tree", 10) is None
    assert await there.acquire("other", 10) is not None
    await here.release(lease)
    taken = await there.acquire("tree", 10)
    assert taken is not None
    await here.release(lease)  # whose it is no longer
    assert await here.acquire("tree", 10) is None
    assert not await here.renew(lease)
    assert lease.lost.is_set()
    assert await there.renew(taken)


async def test_a_lease_that_nobody_renews_ends(storage: Storage) -> None:
    left = await storage.leases.acquire("tree", 0.2)
    assert left is not None
    assert await storage.leases.acquire("tree", 5) is None
    began = time.monotonic()
    async with Leases(storage.db, "another process").hold("tree", 5, wait=5) as taken:
        assert 0.5 < time.monotonic() - began < 4  # its time, and what clocks may differ
        assert not left.valid
        assert not await storage.leases.renew(left)
        assert taken.valid


async def test_holding_renews(storage: Storage) -> None:
    other = Leases(storage.db, "another process")
    async with storage.leases.hold("tree", 0.6) as lease:
        for _ in range(4):
            await asyncio.sleep(0.5)
            assert lease.valid
            assert await other.acquire("tree", 1) is None
    assert await other.acquire("tree", 1) is not None


async def test_waiting_has_an_end(storage: Storage) -> None:
    async with storage.leases.hold("tree", 5):
        for leases in (storage.leases, Leases(storage.db, "another process")):
            began = time.monotonic()
            with pytest.raises(LeaseUnavailable):
                async with leases.hold("tree", 5, wait=0.3):
                    pass
            assert time.monotonic() - began < 2


async def test_the_holder_learns_that_the_lease_is_gone(storage: Storage) -> None:
    async with storage.leases.hold("tree", 0.3) as lease:
        await storage.db.leases.update_one({"_id": "tree"}, {"$set": {"token": "taken by force"}})
        await asyncio.wait_for(lease.lost.wait(), 2)
        assert not lease.valid


async def test_under_contention_nobody_overlaps_and_everybody_gets_a_turn(storage: Storage) -> None:
    processes = [Leases(storage.db, f"process {n}") for n in range(4)]
    inside = 0
    turns: list[int] = []

    async def work(worker: int) -> None:
        nonlocal inside
        for _ in range(4):
            async with processes[worker % len(processes)].hold("tree", 5, wait=30):
                assert inside == 0
                inside += 1
                await asyncio.sleep(0.002)
                inside -= 1
                turns.append(worker)

    await asyncio.gather(*map(work, range(8)))
    assert sorted(turns) == sorted([*range(8)] * 4)
    assert await storage.db.leases.count_documents({}) == 0


async def test_within_a_process_waiters_are_served_in_order(storage: Storage) -> None:
    served: list[int] = []

    async def work(number: int) -> None:
        async with storage.leases.hold("tree", 5):
            served.append(number)

    await asyncio.gather(*map(work, range(20)))
    assert served == [*range(20)]


async def test_a_holder_that_is_cancelled_gives_the_lease_back(storage: Storage) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with storage.leases.hold("tree", 60):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await storage.leases.acquire("tree", 1) is not None


async def test_a_lease_is_not_kept_for_ever_by_nobody(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled twice, while the driver answers the first cancellation of the renewal with an error of its own."""
    leases = storage.leases
    renew, renewing, hung = leases.renew, 0, asyncio.Event()

    async def driver(lease: Any) -> bool:
        nonlocal renewing
        renewing += 1
        if renewing == 1:
            hung.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0.05)
                raise AutoReconnect("connection closed") from None
        return await renew(lease)

    monkeypatch.setattr(leases, "renew", driver)

    async def holder() -> None:
        async with leases.hold("tree:w", 0.6):
            await asyncio.Event().wait()

    task = asyncio.create_task(holder())
    await hung.wait()
    task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    async with asyncio.timeout(10), leases.hold("tree:w", 1.0, wait=6.0):
        pass
