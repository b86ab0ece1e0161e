"""Reads the feedback: as lines for tuning, and page by page for people who look at what is kept of them."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from pymongo import ASCENDING, DESCENDING

from ai.clock import now
from ai.pool.jobs import JobState
from ai.record.exports import BATCH, Format, export, public
from ai.record.feedback import PERSON, from_person
from storage.mongo import Database

SETTLING = 60.0
"""Seconds by which clocks may differ, or by which a decision may be older than its record."""

MOST_LISTED = 100
"""Records on one page."""

_PROMPT = ("messages", "context", "selection")
"""What makes a record large, and is the same in all records of an answer."""


@dataclass(frozen=True, slots=True)
class Window:
    """Decisions from `since` on and before `until`, in Unix seconds; None for no such end."""

    since: float | None = None
    until: float | None = None

    @property
    def filter(self) -> dict[str, Any]:
        ends = {"$gte": self.since, "$lt": self.until}
        given = {name: at for name, at in ends.items() if at is not None}
        return {"decided_at": given} if given else {}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records somebody wants to see; None is any. `person` asked or decided."""

    kind: str | None = None
    decision: str | None = None
    person: str | None = None
    window: Window = Window()


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first, without their prompts. `after` is where the next page begins, None at the end."""

    records: list[dict[str, Any]]
    after: str | None


class FeedbackReader:
    def __init__(self, db: Database) -> None:
        self._feedback = db["feedback"]
        self._decisions = db["decisions"]
        self._jobs = db["jobs"]

    # ---- for tuning

    def export(self, workspace: str, format: Format, window: Window) -> AsyncIterator[str]:
        """The records of `workspace` as JSON lines, see `ai.record.exports`, in the order of their decisions.

        What is decided from now on, or from `window.until`, is not looked at: nothing changes while it is read.
        """
        until = window.until if window.until is not None else now()
        records = self._records(workspace, Window(window.since, until))
        return export(records, format, partial(self._answers, workspace, until))

    async def _records(self, workspace: str, window: Window) -> AsyncIterator[dict[str, Any]]:
        found = self._feedback.find({"workspace": workspace, **window.filter})
        async for record in found.sort([("decided_at", ASCENDING), ("_id", ASCENDING)]).batch_size(BATCH):
            yield record

    async def _answers(
        self, workspace: str, until: float, suggestions: Collection[str]
    ) -> dict[str, list[dict[str, Any]]]:
        """All records of `suggestions` from before `until`, in the order of their decisions, without their prompts."""
        which = {"workspace": workspace, "suggestion": {"$in": list(suggestions)}, "decided_at": {"$lt": until}}
        found = self._feedback.find(which, dict.fromkeys(_PROMPT, 0))
        records: dict[str, list[dict[str, Any]]] = defaultdict(list)
        async for record in found.sort([("decided_at", ASCENDING), ("_id", ASCENDING)]):
            records[record["suggestion"]].append(record)
        return records

    async def settled(self, workspace: str) -> float:
        """Up to when nothing will change any more but by a new decision, in Unix seconds; a whole millisecond.

        Accepted texts are looked at for ten minutes, answers still stream, and a process that died is followed by
        another that writes its records.
        """
        unfinished = {"state": {"$in": [state.value for state in JobState if not state.final]}}
        waiting: list[tuple[Any, dict[str, Any], str]] = [
            (self._feedback, {"measure_at": {"$gt": 0}}, "decided_at"),
            (self._decisions, {"state": "unfinished"}, "decided_at"),
            (self._jobs, unfinished, "created_at"),
        ]
        times = [now() - SETTLING]
        for collection, still_open, time in waiting:
            # Of all workspaces: there are few, where a workspace may have a hundred thousand that are done.
            found = collection.find(still_open, {"workspace": 1, time: 1})
            times += [one[time] async for one in found if one["workspace"] == workspace]
        return int(min(times) * 1000) / 1000

    # ---- for people

    async def page(self, workspace: str, wanted: Selection, after: str | None, limit: int) -> Page:
        """Raises ValueError for an `after` that no page has given."""
        which: list[dict[str, Any]] = [wanted.window.filter] if wanted.window.filter else []
        which += [{name: value} for name, value in (("kind", wanted.kind), ("decision", wanted.decision)) if value]
        if after is not None:
            moment, _, last = after.partition("_")
            at = float(moment)
            which.append({"decided_at": {"$lte": at}})  # which an index can be asked for
            which.append({"$or": [{"decided_at": {"$lt": at}}, {"decided_at": at, "_id": {"$lt": last}}]})
        # Who asked and who decided are two searches: no index serves both at once.
        sides = [{}] if wanted.person is None else [{side: wanted.person} for side in PERSON]
        found: dict[str, dict[str, Any]] = {}
        for side in sides:
            filters: dict[str, Any] = {"workspace": workspace, **side} | ({"$and": which} if which else {})
            some = self._feedback.find(filters, dict.fromkeys(_PROMPT, 0))
            some = some.sort([("decided_at", DESCENDING), ("_id", DESCENDING)]).limit(limit + 1)
            found |= {record["_id"]: record async for record in some}
        records = sorted(found.values(), key=lambda record: (record["decided_at"], record["_id"]), reverse=True)
        shown = records[:limit]
        further = f"{shown[-1]['decided_at']!r}_{shown[-1]['_id']}" if len(records) > limit else None
        return Page([public(record) for record in shown], further)

    async def record(self, workspace: str, id: str, person: str | None = None) -> dict[str, Any] | None:
        """One record as it is exported; None when there is none, or it does not come from `person`."""
        mine = from_person(person) if person is not None else {}
        found = await self._feedback.find_one({"_id": id, "workspace": workspace, **mine})
        return public(found) if found else None
