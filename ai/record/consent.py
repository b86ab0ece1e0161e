"""What a group lets be kept of its dealings with the assistant: while it collects, and not what it has erased since."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING

from ai.clock import now, rfc3339
from storage.mongo import Database


@dataclass(frozen=True, slots=True)
class Terms:
    """As they are at one moment. Times are Unix seconds; `since` is None where the workspace does not collect.

    `erased` is up to when everything was erased; `erased_of` the same for what came from one person, by id.
    """

    since: float | None
    by: Mapping[str, Any] | None
    erased: float
    erased_of: Mapping[str, float]

    def cover(self, at: float, *people: str) -> bool:
        """Whether what happened `at`, and came from `people`, may be kept now."""
        if self.since is None or at < self.since:
            return False
        return at > max([self.erased, *(self.erased_of.get(person, 0.0) for person in people)])

    def record(self) -> dict[str, Any]:
        """As a feedback record names the consent under which it was written."""
        return {
            "collect_feedback": self.since is not None,
            "since": rfc3339(self.since) if self.since else None,
            "by": self.by,
        }


class Consent:
    """Reads collection ``workspaces``: {collect_feedback, consent?: {since, by: {id, name}}}.

    Keeps ``erasures``: {_id, workspace, person: id or None for everybody's, at}. An erasure is on record before
    anything is deleted, so that what another process is about to write is known to be too late.
    """

    def __init__(self, db: Database) -> None:
        self._workspaces = db["workspaces"]
        self._erasures = db["erasures"]

    async def ensure_indexes(self) -> None:
        await self._erasures.create_index([("workspace", ASCENDING)])

    async def terms(self, workspace: str) -> Terms:
        """A workspace collects unless an owner has switched it off."""
        record = await self._workspaces.find_one({"_id": workspace}) or {}
        given = record.get("consent") or {}
        since = float(given.get("since", 0.0)) if record.get("collect_feedback", True) else None
        erased = {one["person"]: one["at"] async for one in self._erasures.find({"workspace": workspace})}
        return Terms(since, given.get("by"), erased.pop(None, 0.0), erased)

    async def covers(self, workspace: str, at: float, *people: str) -> bool:
        """`Terms.cover`, by the terms of this moment."""
        return (await self.terms(workspace)).cover(at, *people)

    async def erased(self, workspace: str, person: str | None) -> None:
        """From now on nothing is kept of what was until now; of one person's when it is named."""
        name = workspace if person is None else f"{workspace}:{person}"
        erasure = {"workspace": workspace, "person": person, "at": now()}
        await self._erasures.update_one({"_id": name}, {"$set": erasure}, upsert=True)
