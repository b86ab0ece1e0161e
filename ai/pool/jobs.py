"""Jobs: what the assistant was asked to do, each a record of collection ``jobs`` that one worker at a time holds.

The record is the truth; the queue only wakes workers. A claim gives the worker a lease and counts an attempt, and every
later write of that worker names both: a worker that was taken for dead changes nothing any more (fencing). Leases are
judged on each process's own clock, so `LEASE` must stay well above the skew between machines.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Self
from uuid import uuid4

from pymongo import ASCENDING, DESCENDING, ReturnDocument

from ai.clock import now, rfc3339
from ai.pool.shares import NOBODY, HeldBack
from storage.mongo import Database

LEASE = 6.0
"""Seconds after which a worker that has not renewed its jobs is taken for dead."""

MOST_ATTEMPTS = 4
"""How often a job is begun, counting take-overs: one that kills its workers must not go round for ever. As often again
each time that somebody has it tried once more."""

MOST_LISTED = 200
"""Jobs in one list, the newest."""

TURN = 10.0
"""Seconds that each further waiting job of one person queues behind that person's previous one."""


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Priority(IntEnum):
    """Somebody waits for an interactive job; all of them go before any background job."""

    INTERACTIVE = 0
    BACKGROUND = 1


class JobNotFound(KeyError):
    pass


class NotFailed(ValueError):
    """Only a job that has failed can be tried again or put aside; the message says what became of this one."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever asks or decides, by the name they had then."""

    id: str
    name: str

    def view(self) -> dict[str, str]:
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it was when it was read. `payload` is what its kind needs, `message` says what is going on.

    `revived_at` is the attempt after which somebody had it tried again, 0 for never.
    """

    id: str
    workspace: str
    kind: str
    requested_by: Person
    state: JobState
    attempt: int
    revived_at: int
    holder: str | None
    cancel_requested_at: float | None
    payload: dict[str, Any]
    suggestion: str | None
    conversation: str | None
    message: str | None
    error: str | None
    created_at: float
    started_at: float | None
    finished_at: float | None

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        return cls(
            record["_id"],
            record["workspace"],
            record["kind"],
            Person(record["user"], record["user_name"]),
            JobState(record["state"]),
            record["attempt"],
            record.get("revived_at", 0),
            record["holder"],
            record["cancel_requested_at"],
            record["payload"],
            record["suggestion"],
            record["conversation"],
            record["message"],
            record["error"],
            record["created_at"],
            record["started_at"],
            record["finished_at"],
        )

    @property
    def tries(self) -> int:
        """Attempts since somebody last asked for it."""
        return self.attempt - self.revived_at

    def view(self) -> dict[str, Any]:
        """As the HTTP interface and the events show it; never the payload, which holds what a person wrote."""
        shown = {
            "id": self.id,
            "workspace": self.workspace,
            "kind": self.kind,
            "state": self.state.value,
            "requested_by": self.requested_by.view(),
            "created_at": rfc3339(self.created_at),
            "attempt": self.attempt,
        }
        optional = {
            "suggestion": self.suggestion,
            "conversation": self.conversation,
            "message": self.message,
            "error": self.error,
        }
        return shown | {name: value for name, value in optional.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Held:
    """What a worker has to know of a job that it holds."""

    attempt: int
    cancel_requested_at: float | None


class Jobs:
    """Collection ``jobs``: the fields of `Job`, with ``user`` and ``user_name`` for `Job.requested_by`, and

    ``priority``, ``turn`` (the order among waiting jobs), ``not_before`` (a retry waits until then), ``leased_until``,
    ``put_aside`` (a failure that nobody needs to see any more).
    """

    def __init__(self, db: Database) -> None:
        self._jobs = db["jobs"]

    async def ensure_indexes(self) -> None:
        await self._jobs.create_index([("state", ASCENDING), ("priority", ASCENDING), ("turn", ASCENDING)])
        await self._jobs.create_index([("holder", ASCENDING)])
        await self._jobs.create_index([("user", ASCENDING), ("state", ASCENDING), ("turn", DESCENDING)])
        await self._jobs.create_index([("workspace", ASCENDING), ("created_at", DESCENDING)])

    async def create(
        self,
        *,
        workspace: str,
        kind: str,
        requested_by: Person,
        payload: dict[str, Any],
        id: str | None = None,
        suggestion: str | None = None,
        conversation: str | None = None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> Job:
        """Queue a job. Whoever calls this wakes a worker next."""
        moment = now()
        record = {
            "_id": id or uuid4().hex,
            "workspace": workspace,
            "kind": kind,
            "user": requested_by.id,
            "user_name": requested_by.name,
            "state": JobState.QUEUED.value,
            "priority": int(priority),
            "turn": await self._turn(requested_by.id, moment),
            "not_before": moment,
            "attempt": 0,
            "revived_at": 0,
            "put_aside": False,
            "holder": None,
            "leased_until": 0.0,
            "cancel_requested_at": None,
            "payload": payload,
            "suggestion": suggestion,
            "conversation": conversation,
            "message": None,
            "error": None,
            "created_at": moment,
            "started_at": None,
            "finished_at": None,
        }
        await self._jobs.insert_one(record)
        return Job.of(record)

    async def _turn(self, user: str, moment: float) -> float:
        # A time, not a place in the row: a person's burst spreads over the future, where the single question of
        # somebody who comes later goes in between, yet no job is overtaken for ever.
        waiting = {"user": user, "state": JobState.QUEUED.value}
        last = await self._jobs.find_one(waiting, {"turn": 1}, sort=[("turn", DESCENDING)])
        return moment if last is None else max(moment, last["turn"] + TURN)

    async def get(self, id: str) -> Job:
        """Raises JobNotFound."""
        record = await self._jobs.find_one({"_id": id})
        if record is None:
            raise JobNotFound(id)
        return Job.of(record)

    # ---- workers

    async def claim(self, holder: str, held_back: HeldBack = NOBODY) -> Job | None:
        """The next job for `holder`, which now has its lease and one attempt more; None when nothing waits.

        One operation of the database, whoever is held back.
        """
        moment = now()
        waiting = {"state": JobState.QUEUED.value, "not_before": {"$lte": moment}}
        return await self._take(waiting | _not_of(held_back), holder, moment)

    async def claim_abandoned(self, holder: str, held_back: HeldBack = NOBODY) -> Job | None:
        """A job whose worker has not renewed its lease. The claimant looks first at `Job.cancel_requested_at`."""
        moment = now()
        abandoned = {"state": JobState.RUNNING.value, "leased_until": {"$lt": moment}}
        return await self._take(abandoned | _not_of(held_back), holder, moment)

    async def _take(self, which: dict[str, Any], holder: str, moment: float) -> Job | None:
        taken = {
            "state": JobState.RUNNING.value,
            "holder": holder,
            "leased_until": moment + LEASE,
            "started_at": moment,
            "message": None,
        }
        record = await self._jobs.find_one_and_update(
            which,
            {"$set": taken, "$inc": {"attempt": 1}},
            sort=[("priority", ASCENDING), ("turn", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return None if record is None else Job.of(record)

    async def renew(self, holder: str) -> dict[str, Held]:
        """Renew all leases of `holder` at once; what it still holds, by id. What is missing was taken over."""
        mine = {"holder": holder, "state": JobState.RUNNING.value}
        # Jobs whose lease has run out stay as they are: their next claimant may be at work on them in this moment.
        await self._jobs.update_many(
            {**mine, "leased_until": {"$gte": now()}}, {"$set": {"leased_until": now() + LEASE}}
        )
        # Not the payloads, which may hold much text: this is asked for hundreds of jobs, every other second.
        held = self._jobs.find({**mine, "leased_until": {"$gte": now()}}, {"attempt": 1, "cancel_requested_at": 1})
        return {record["_id"]: Held(record["attempt"], record["cancel_requested_at"]) async for record in held}

    async def finish(
        self, job: Job, state: JobState, error: str | None = None, message: str | None = None
    ) -> Job | None:
        """End `job`; `message` is what people should know besides.

        None when it is no longer held: then it is somebody else's to end.
        """
        return await self._fenced(
            job, {"state": state.value, "error": error, "message": message, "holder": None, "finished_at": now()}
        )

    async def put_back(self, job: Job, *, delay: float = 0.0, message: str | None = None) -> Job | None:
        """Queue `job` again, in its old turn, to be claimed after `delay` seconds.

        None when it is no longer held, or somebody has asked to cancel it.
        """
        again = {"state": JobState.QUEUED.value, "holder": None, "not_before": now() + delay, "message": message}
        return await self._fenced(job, again, cancel_requested_at=None)

    async def _fenced(self, job: Job, changes: dict[str, Any], **conditions: Any) -> Job | None:
        held = {"_id": job.id, "state": JobState.RUNNING.value, "holder": job.holder, "attempt": job.attempt}
        record = await self._jobs.find_one_and_update(
            {**held, **conditions}, {"$set": changes}, return_document=ReturnDocument.AFTER
        )
        return None if record is None else Job.of(record)

    # ---- people

    async def request_cancel(self, id: str) -> Job:
        """Cancel a waiting job, or ask the worker of a running one to stop. A job that has ended stays as it is.

        Raises:
            JobNotFound
        """
        asked = {"cancel_requested_at": now()}
        cancelled = {**asked, "state": JobState.CANCELLED.value, "finished_at": now()}
        while not (job := await self.get(id)).state.final:
            # Between the look and the change a worker may claim it or put it back: look again.
            record = await self._jobs.find_one_and_update(
                {"_id": id, "state": job.state.value},
                {"$set": cancelled if job.state is JobState.QUEUED else asked},
                return_document=ReturnDocument.AFTER,
            )
            if record is not None:
                return Job.of(record)
        return job

    async def of_workspace(self, workspace: str, state: JobState | None = None) -> list[Job]:
        """The newest ones, newest first; of one `state` when it is named. Failures that were put aside are left out."""
        wanted: dict[str, Any] = {"workspace": workspace, "put_aside": {"$ne": True}}
        if state is not None:
            wanted["state"] = state.value
        found = self._jobs.find(wanted).sort([("created_at", DESCENDING)]).limit(MOST_LISTED)
        return [Job.of(record) async for record in found]

    async def revive(self, id: str) -> Job:
        """Queue a job again that has failed, with as many attempts as at first. Of many who ask at once, one does it.

        Raises:
            JobNotFound, NotFailed
        """
        job = await self.get(id)
        again = {
            "state": JobState.QUEUED.value,
            "turn": await self._turn(job.requested_by.id, now()),
            "not_before": now(),
            "revived_at": job.attempt,
            "put_aside": False,
            "cancel_requested_at": None,
            "error": None,
            "finished_at": None,
        }
        return await self._if_failed(job, again)

    async def put_aside(self, id: str) -> Job:
        """Leave a failure out of lists from now on. Raises JobNotFound, NotFailed."""
        return await self._if_failed(await self.get(id), {"put_aside": True})

    async def _if_failed(self, job: Job, changes: dict[str, Any]) -> Job:
        # With its attempt: whoever saw an earlier failure must not act on the next one.
        failed = {"_id": job.id, "state": JobState.FAILED.value, "attempt": job.attempt}
        record = await self._jobs.find_one_and_update(failed, {"$set": changes}, return_document=ReturnDocument.AFTER)
        if record is None:
            raise NotFailed(_WHY_NOT[(await self.get(job.id)).state])
        return Job.of(record)

    async def unfinished(self, **of: str) -> list[Job]:
        """The jobs that have not ended, of a `workspace`, a `conversation` or a `user`."""
        states = [state.value for state in JobState if not state.final]
        return [Job.of(record) async for record in self._jobs.find({**of, "state": {"$in": states}})]


_WHY_NOT = {
    JobState.QUEUED: "It is waiting to be tried already.",
    JobState.RUNNING: "It is being tried already.",
    JobState.DONE: "It is done.",
    JobState.FAILED: "It was tried again meanwhile, and failed again.",
    JobState.CANCELLED: "It was cancelled; ask again instead.",
}


def _not_of(held_back: HeldBack) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    if held_back.people:
        conditions["user"] = {"$nin": list(held_back.people)}
    if held_back.workspaces:
        conditions["workspace"] = {"$nin": list(held_back.workspaces)}
    if held_back.background:
        conditions["priority"] = Priority.INTERACTIVE.value
    return conditions
