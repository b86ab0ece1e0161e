"""Leases: who, of all processes, may do a thing now. They end by themselves when their holder dies."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from weakref import WeakValueDictionary

import structlog
from pymongo.errors import DuplicateKeyError, PyMongoError

from storage.mongo import Database
from storage.waiting import end

log = structlog.get_logger(__name__)

# Clocks of two machines may differ by this much before two of them believe that they hold one lease.
_CLOCK_SKEW = timedelta(seconds=1)


class LeaseUnavailable(Exception):
    """Somebody else kept the lease during the whole wait."""


@dataclass
class Lease:
    """Proof of holding `name` until `ttl` seconds after the last renewal. `lost` is set as soon as that is in doubt."""

    name: str
    ttl: float
    token: str
    deadline: float  # of time.monotonic(), reckoned from before the request was sent
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def valid(self) -> bool:
        return not self.lost.is_set() and time.monotonic() < self.deadline


class Leases:
    """Leases in the collection `leases`, one document for each that is held: `{_id: name, token, holder, expires}`."""

    def __init__(self, db: Database, holder: str) -> None:
        self._leases = db.leases
        self._holder = holder
        # Waiters of one process queue here in order, so that only one of them has to ask the database again and again.
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def acquire(self, name: str, ttl: float) -> Lease | None:
        """The lease, or None when another holds it. Neither waits nor renews. Raises `PyMongoError`."""
        now = datetime.now(UTC)
        lease = Lease(name, ttl, uuid4().hex, time.monotonic() + ttl)
        claim = {"token": lease.token, "holder": self._holder, "expires": now + timedelta(seconds=ttl)}
        taken = await self._leases.update_one({"_id": name, "expires": {"$lt": now - _CLOCK_SKEW}}, {"$set": claim})
        if taken.matched_count:
            return lease
        try:
            await self._leases.insert_one({"_id": name, **claim})
        except DuplicateKeyError:
            return None
        return lease

    async def renew(self, lease: Lease) -> bool:
        """Holds `lease` for another `ttl` from now; False, and `lost`, when it has gone to somebody else."""
        deadline = time.monotonic() + lease.ttl
        expires = datetime.now(UTC) + timedelta(seconds=lease.ttl)
        answer = await self._leases.update_one(
            {"_id": lease.name, "token": lease.token}, {"$set": {"expires": expires}}
        )
        if not answer.matched_count:
            lease.lost.set()
            return False
        lease.deadline = deadline
        return True

    async def release(self, lease: Lease) -> None:
        await self._leases.delete_one({"_id": lease.name, "token": lease.token})

    async def forget_all(self) -> None:
        """For the only process of a database at its start: whoever held a lease is dead, there is no need to wait."""
        await self._leases.delete_many({})

    @contextlib.asynccontextmanager
    async def hold(self, name: str, ttl: float, *, wait: float = 10.0) -> AsyncIterator[Lease]:
        """Waits up to `wait` seconds for the lease, renews it meanwhile, and gives it back.

        Raises `LeaseUnavailable`. When a renewal fails, the body goes on, but `lease.lost` is set in time; a body that
        writes what only one may write looks at it before it does.
        """
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = asyncio.Lock()
        until = time.monotonic() + wait
        try:
            async with asyncio.timeout(wait):
                await queue.acquire()
        except TimeoutError:
            raise LeaseUnavailable(name) from None
        try:
            lease = await self._await_lease(name, ttl, until)
            renewing = asyncio.create_task(self._keep(lease))
            try:
                yield lease
            finally:
                lease.lost.set()  # or who is cancelled a second time leaves behind a task that renews it for ever
                await end([renewing])
                try:
                    await self.release(lease)
                except PyMongoError as error:  # it runs out by itself
                    log.warning("a lease could not be given back", lease=name, error=str(error))
        finally:
            queue.release()

    async def _await_lease(self, name: str, ttl: float, until: float) -> Lease:
        pause = 0.02
        while True:
            if lease := await self.acquire(name, ttl):
                return lease
            left = until - time.monotonic()
            if left <= 0:
                raise LeaseUnavailable(name)
            await asyncio.sleep(min(left, pause * random.uniform(0.5, 1.5)))
            pause = min(pause * 2, 0.25)

    async def _keep(self, lease: Lease) -> None:
        while lease.valid and not lease.lost.is_set():
            await asyncio.sleep(min(lease.ttl / 3, max(0.0, lease.deadline - time.monotonic())))
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + lease.deadline - time.monotonic()):
                    await self.renew(lease)
            except (PyMongoError, TimeoutError) as error:
                log.warning("a lease could not be renewed", lease=lease.name, error=str(error))
        lease.lost.set()
