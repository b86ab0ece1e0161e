"""One worker's attempt at one job."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from typing import Protocol

from ai.models import Outage
from ai.pool.jobs import LEASE, Job, JobState


class JobFailed(Exception):
    """The job cannot be done; `str(error)` says why, to people."""


class Fenced(Exception):
    """This worker may not hold the job any more. Nothing more may be written for it."""


class Stop(Enum):
    CANCELLED = auto()
    FENCED = auto()
    SHUTDOWN = auto()


class Run:
    """A job in the hands of this process: its lease, and the way to stop it."""

    def __init__(self, job: Job, *, taken_over: bool = False) -> None:
        """`taken_over`: from a worker whose lease had run out."""
        self.job = job
        self.taken_over = taken_over
        self.shown = False
        """Whether people have seen something of the answer: then a failing model is not asked again by itself."""
        self.outage: Outage | None = None
        """Why the built-in assistant answered instead of the model."""
        self.outage_over: Outage | None = None
        """What the model's answer has put an end to."""
        self.stopped: Stop | None = None
        self._held_until = time.monotonic() + LEASE
        self._work: asyncio.Task[None] | None = None

    def renewed(self, asked_at: float) -> None:
        """The lease was renewed by a request sent at `asked_at`, on the monotonic clock."""
        self._held_until = asked_at + LEASE

    @property
    def held(self) -> bool:
        """Whether the lease is sure to last in this moment."""
        return time.monotonic() < self._held_until

    def check_held(self) -> None:
        """Before a write that no record can fence off. Raises Fenced.

        A process that stood still for long (suspended, or starved of CPU) gets here before it hears from the database
        that another worker has the job by now.
        """
        if not self.held:
            raise Fenced(self.job.id)

    def stop(self, why: Stop) -> None:
        """Cancel the work, now or as soon as it begins. The first reason counts."""
        if self.stopped is None:
            self.stopped = why
            if self._work is not None:
                self._work.cancel()

    async def watch(self, work: Coroutine[None, None, None]) -> BaseException | None:
        """Do `work` until it ends or is stopped; what it raised, a CancelledError when it was stopped in time."""
        self._work = asyncio.ensure_future(work)
        if self.stopped is not None:
            self._work.cancel()
        await asyncio.wait({self._work})
        return asyncio.CancelledError() if self._work.cancelled() else self._work.exception()


class Attempt(Protocol):
    """The work of one attempt, and how it ends for those who watch."""

    async def run(self) -> None:
        """Do the work; on return its result is stored and announced.

        Raises:
            ai.models.ModelError, JobFailed, Fenced; pymongo.errors.PyMongoError when storage is away.
        """
        ...

    async def end(self, state: JobState, error: str | None) -> None:
        """Leave what people see in order after `run` has stopped early, or was never begun. The job's state follows."""
        ...


NewAttempt = Callable[[Run], Attempt]
