"""The conversation manager: looks at what a request is about before, or while, a worker makes its prompt.

What it finds out is kept by content (`ai.prompting.analyses`, `ai.prompting.turns`), where jobs look for it; a job that
finds nothing there finds it out itself, so nobody waits for a manager and none has to be there. Its work list is
collection ``preparations``, {_id: job, created_at, leased_until, attempts}; as with jobs, wake-ups hold nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError, PyMongoError

from ai.clock import now
from ai.pool.jobs import Job, JobNotFound, Jobs
from storage.faults import fault
from storage.mongo import Database
from storage.wakeups import Topic

log = structlog.get_logger(__name__)

TOPIC = "scriptorium.analysis"
GROUP = "managers"

LEASE = 30.0
"""Seconds in which one manager prepares a request; then another one takes it for dead."""

MOST_ATTEMPTS = 3

MOST_AT_ONCE = 8

POLL = 2.0
"""Seconds between looks into MongoDB when no wake-up comes: wake-ups may be lost."""


DELAY = 0.1
"""Seconds from a request to its place on the list. A worker that is free has begun it by then; what is found out beside
it would come too late for it, and would hold it up."""


class Preparations:
    """What is to be prepared."""

    def __init__(self, db: Database, topic: Topic) -> None:
        self._preparations = db["preparations"]
        self._asking: set[asyncio.Task[None]] = set()
        self._topic = topic
        self.wakeups = topic.group(GROUP)

    async def ensure_indexes(self) -> None:
        await self._preparations.create_index([("leased_until", ASCENDING), ("created_at", ASCENDING)])

    def soon(self, job: str) -> None:
        """`ask`, in `DELAY` seconds."""
        self._asking.add(task := asyncio.create_task(self._ask_later(job)))
        task.add_done_callback(self._asking.discard)

    async def _ask_later(self, job: str) -> None:
        await asyncio.sleep(DELAY)
        await self.ask(job)

    async def idle(self) -> None:
        """Return once all that was to be asked soon is on the list."""
        while self._asking:
            await asyncio.wait(self._asking)

    async def ask(self, job: str) -> None:
        """Have `job` prepared. Best effort: the job does not depend on it."""
        try:
            await self._preparations.insert_one({"_id": job, "created_at": now(), "leased_until": 0.0, "attempts": 0})
        except DuplicateKeyError:
            return
        except PyMongoError as error:
            log.warning("a request cannot be prepared", error=str(error))
            return
        await self._topic.wake()

    async def claim(self) -> str | None:
        """The job to prepare next."""
        moment = now()
        record = await self._preparations.find_one_and_update(
            {"leased_until": {"$lt": moment}},
            {"$set": {"leased_until": moment + LEASE}, "$inc": {"attempts": 1}},
            sort=[("created_at", ASCENDING)],
        )
        if record is None:
            return None
        if record["attempts"] >= MOST_ATTEMPTS:
            log.warning("a request could not be prepared", job=record["_id"])
            await self.done(record["_id"])
            return await self.claim()
        return str(record["_id"])

    async def done(self, job: str) -> None:
        await self._preparations.delete_one({"_id": job})


class Manager:
    def __init__(self, preparations: Preparations, jobs: Jobs, prepare: Callable[[Job], Awaitable[None]]) -> None:
        self._preparations = preparations
        self._jobs = jobs
        self._prepare = prepare
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled. What is unfinished then goes to another manager when its lease has run out."""
        try:
            while True:
                while len(self._tasks) >= MOST_AT_ONCE:
                    self._room.clear()
                    await self._room.wait()
                async with self._preparations.wakeups.waiting(POLL):
                    await self._claim()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _claim(self) -> None:
        try:
            while len(self._tasks) < MOST_AT_ONCE and (job := await self._preparations.claim()) is not None:
                self._tasks.add(task := asyncio.create_task(self._see_through(job), name=f"prepare {job}"))
                task.add_done_callback(self._ended)
        except PyMongoError as error:
            log.warning("cannot look for requests to prepare", error=str(error))
            await asyncio.sleep(POLL)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.set()

    async def _see_through(self, job: str) -> None:
        try:
            found = await self._jobs.get(job)
            if not found.state.final:
                await self._prepare(found)
        except JobNotFound:
            pass
        except Exception as error:
            # It comes round again when its lease has run out; the job goes on without it.
            log.error("a request could not be prepared", job=job, error=fault(error))
            return
        try:
            await self._preparations.done(job)
        except PyMongoError as error:
            log.warning("a preparation cannot be taken off the list", error=str(error))
