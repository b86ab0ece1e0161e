"""A worker: claims jobs, works on many at once, keeps their leases, and stops the ones that are cancelled."""

import asyncio
import time
from collections.abc import Mapping

import structlog
from pymongo.errors import ConnectionFailure, PyMongoError

from ai import metrics
from ai.announcements import Announcements
from ai.beside import beside
from ai.models import ModelError
from ai.pool.attempt import Attempt, Fenced, JobFailed, NewAttempt, Run, Stop
from ai.pool.jobs import LEASE, MOST_ATTEMPTS, Job, Jobs, JobState
from ai.pool.outages import Outages
from ai.pool.retries import delay
from ai.pool.shares import HeldBack, Shares
from storage.bus import Bus
from storage.faults import fault
from storage.waiting import end
from storage.wakeups import Topic

log = structlog.get_logger(__name__)

TOPIC = "scriptorium.jobs"
GROUP = "workers"

CANCEL_CHANNEL = "scriptorium.jobs.cancel"

MOST_AT_ONCE = 512
"""Jobs of one worker: they wait for a model nearly all of the time."""

POLL = 2.0
"""Seconds between looks into MongoDB when no wake-up comes: wake-ups may be lost."""

RENEW = LEASE / 4

TOLD_AFTER = 0.02
"""Seconds from the beginning of a job until people are told of it: what they wait for are the model's first words."""


class Worker:
    """`holder` must be new for every worker: a restarted one must not pass for its predecessor."""

    def __init__(
        self,
        holder: str,
        jobs: Jobs,
        queue: Topic,
        bus: Bus,
        announcements: Announcements,
        outages: Outages,
        attempts: Mapping[str, NewAttempt],
    ) -> None:
        self._holder = holder
        self._jobs = jobs
        self._queue = queue
        self._wakeups = queue.group(GROUP)
        self._bus = bus
        self._announcements = announcements
        self._outages = outages
        self._attempts = attempts
        self._runs: dict[str, Run] = {}
        self._shares = Shares(MOST_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._some_left = False
        """Whether the last look may have passed over jobs, for want of room or because whose they are held too much."""
        self._next_look_for_abandoned = 0.0

    async def run(self) -> None:
        """Work until cancelled; then put back what is not finished, for another worker to take at once."""
        unsubscribe = await self._bus.subscribe(CANCEL_CHANNEL, self._hear_cancel)
        keeper = asyncio.create_task(self._keep_leases())
        refiller = asyncio.create_task(self._refill())
        try:
            await self._claim()
            while True:
                while not self._shares.free:
                    self._ended.clear()
                    await self._ended.wait()
                async with self._wakeups.waiting(POLL):
                    await self._claim()
        finally:
            await unsubscribe()
            await end([refiller])
            await self._stop_all()
            keeper.cancel()

    async def _refill(self) -> None:
        """Looks again whenever a job has ended and others were passed over: no wake-up comes for those any more."""
        while True:
            await self._ended.wait()
            self._ended.clear()  # before the look: what ends during it needs another one
            if self._some_left:
                await self._claim()

    async def _claim(self) -> None:
        async with self._claiming:
            try:
                self._some_left = not await self._claim_all()
            except PyMongoError as error:
                log.warning("cannot look for jobs", error=str(error))
                await asyncio.sleep(POLL)

    async def _claim_all(self) -> bool:
        """Whether no job is left that could be claimed if there were room for it."""
        while self._shares.free:
            held_back = self._shares.held_back()
            if (job := await self._jobs.claim(self._holder, held_back)) is not None:
                self._begin(Run(job))
            elif (job := await self._claim_abandoned(held_back)) is not None:
                self._begin(Run(job, taken_over=True))
            else:
                return not held_back
        return False

    async def _claim_abandoned(self, held_back: HeldBack) -> Job | None:
        if time.monotonic() < self._next_look_for_abandoned:
            return None
        job = await self._jobs.claim_abandoned(self._holder, held_back)
        if job is None:
            self._next_look_for_abandoned = time.monotonic() + POLL
        else:
            log.warning("taking over a job", job=job.id, attempt=job.attempt)
        return job

    # ---- leases and cancelling

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(RENEW)
            running = dict(self._runs)
            if not running:
                continue
            asked_at = time.monotonic()
            try:
                async with asyncio.timeout(RENEW):
                    held = await self._jobs.renew(self._holder)
            except (PyMongoError, TimeoutError) as error:
                log.warning("cannot renew leases", error=str(error))
                for run in running.values():
                    if not run.held:
                        run.stop(Stop.FENCED)
                continue
            for run in running.values():
                job = held.get(run.job.id)
                if job is None or job.attempt != run.job.attempt:
                    run.stop(Stop.FENCED)
                    continue
                run.renewed(asked_at)
                if job.cancel_requested_at is not None:
                    run.stop(Stop.CANCELLED)

    def _hear_cancel(self, payload: bytes) -> None:
        if (run := self._runs.get(payload.decode("ascii", "replace"))) is not None:
            run.stop(Stop.CANCELLED)

    async def _stop_all(self) -> None:
        for run in self._runs.values():
            run.stop(Stop.SHUTDOWN)
        while self._runs:
            self._ended.clear()
            await self._ended.wait()
        for timer in self._tasks:
            timer.cancel()

    # ---- one job

    def _begin(self, run: Run) -> None:
        job = run.job
        if (earlier := self._runs.get(job.id)) is not None:
            # This process stood still for longer than a lease, and takes over from itself.
            earlier.stop(Stop.FENCED)
        self._runs[job.id] = run
        self._shares.begin(job.requested_by.id, job.workspace)
        self._tasks.add(task := asyncio.create_task(self._see_through(run), name=f"job {job.id}"))
        task.add_done_callback(self._tasks.discard)

    async def _see_through(self, run: Run) -> None:
        metrics.RUNNING.inc()
        try:
            await self._work(run)
        except ConnectionFailure as error:
            # Whoever takes it over when the lease has run out finds storage back, or waits in its turn.
            log.warning("a job stops, storage is away", job=run.job.id, error=str(error))
        except Exception as error:
            log.error("a job could not be ended", job=run.job.id, error=fault(error))
        finally:
            metrics.RUNNING.dec()
            if self._runs.get(run.job.id) is run:
                del self._runs[run.job.id]
            self._shares.end(run.job.requested_by.id, run.job.workspace)
            self._ended.set()

    async def _work(self, run: Run) -> None:
        job = run.job
        attempt = self._attempts[job.kind](run)
        if job.cancel_requested_at is not None:
            await self._end(run, attempt, JobState.CANCELLED)
        elif job.tries > MOST_ATTEMPTS:
            await self._end(
                run, attempt, JobState.FAILED, "Every worker that tried this stopped on the way. Ask again."
            )
        else:
            if job.attempt == 1:
                metrics.QUEUED_SECONDS.labels(job.kind).observe(max(0.0, (job.started_at or 0.0) - job.created_at))
            async with beside(self._tell_of_beginning(job)) as told:
                error = await run.watch(attempt.run())
                await told
            await self._tell_of_outages(run)
            await self._settle(run, attempt, error)

    async def _tell_of_beginning(self, job: Job) -> None:
        await asyncio.sleep(TOLD_AFTER)
        await self._announcements.job_changed(job)

    async def _settle(self, run: Run, attempt: Attempt, error: BaseException | None) -> None:
        match error:
            case None:
                await self._finish(run.job, JobState.DONE, message=run.outage.sentence if run.outage else None)
            case asyncio.CancelledError() if run.stopped is Stop.CANCELLED:
                await self._end(run, attempt, JobState.CANCELLED)
            case asyncio.CancelledError() if run.stopped is Stop.SHUTDOWN:
                await self._put_back(run, attempt)
            case asyncio.CancelledError() | Fenced():
                log.warning("a job was taken over by another worker", job=run.job.id, attempt=run.job.attempt)
            case ModelError() if (wait := self._delay(run, error)) is not None:
                metrics.RETRIES.labels(run.job.kind).inc()
                seconds = max(1, round(wait))
                log.warning(
                    "a job is tried again", job=run.job.id, tries=run.job.tries, why=error.kind, seconds=seconds
                )
                unit = "second" if seconds == 1 else "seconds"
                await self._put_back(run, attempt, wait, f"{error.message} Trying again in {seconds} {unit}.")
            case ModelError() | JobFailed():
                await self._end(run, attempt, JobState.FAILED, str(error))
            case ConnectionFailure():
                raise error
            case _:
                log.error("a job failed", job=run.job.id, error=fault(error))
                await self._end(run, attempt, JobState.FAILED, "Something went wrong here. The server's log says what.")

    def _delay(self, run: Run, error: ModelError) -> float | None:
        """Seconds until the model is asked again; None when it is not, because people have seen some of its answer."""
        return None if run.shown or run.job.tries >= MOST_ATTEMPTS else delay(error, run.job.tries)

    async def _put_back(self, run: Run, attempt: Attempt, delay: float = 0.0, message: str | None = None) -> None:
        if (waiting := await self._jobs.put_back(run.job, delay=delay, message=message)) is not None:
            await self._announcements.job_changed(waiting)
            self._tasks.add(timer := asyncio.create_task(self._wake_after(delay)))
            timer.add_done_callback(self._tasks.discard)
        elif (job := await self._jobs.get(run.job.id)).holder == self._holder and job.cancel_requested_at is not None:
            await self._end(run, attempt, JobState.CANCELLED)

    async def _wake_after(self, delay: float) -> None:
        await asyncio.sleep(delay)
        await self._queue.wake()

    async def _end(self, run: Run, attempt: Attempt, state: JobState, error: str | None = None) -> None:
        if run.held:
            await attempt.end(state, error)
            await self._finish(run.job, state, error)

    async def _finish(self, job: Job, state: JobState, error: str | None = None, message: str | None = None) -> None:
        if (ended := await self._jobs.finish(job, state, error, message)) is not None:
            metrics.JOBS.labels(job.kind, state.value).inc()
            await self._announcements.job_changed(ended)

    async def _tell_of_outages(self, run: Run) -> None:
        if run.outage is not None:
            await self._outages.met(run.job.workspace, run.outage)
        if run.outage_over is not None:
            await self._outages.over(run.outage_over)
