"""Models that do not answer, as the people of a workspace hear of it: collection ``outages``.

One record for each endpoint and model, written by whichever worker meets the outage, so that every process can tell
how things stand, also one that works on no jobs. It counts as over when a worker says so, or when nobody has met it for
a while: the worker that knew may have died.
"""

from typing import Any

from pymongo import ReturnDocument

from ai.announcements import Announcements
from ai.clock import now, rfc3339
from ai.models import Outage
from storage.mongo import Database

REMEMBERED = 600.0
"""Seconds after which an outage that no request has met again is not told any more."""


class Outages:
    def __init__(self, db: Database, announcements: Announcements) -> None:
        self._outages = db["outages"]
        self._announcements = announcements

    async def met(self, workspace: str, outage: Outage) -> None:
        """A job of `workspace` was answered by the built-in assistant for it. Announced there the first time."""
        before = await self._outages.find_one_and_update(
            {"_id": _id(outage)},
            {
                "$set": {"endpoint": outage.endpoint, "model": outage.model, "met_at": now()},
                "$min": {"since": outage.since},
                "$addToSet": {"workspaces": workspace},
            },
            upsert=True,
            return_document=ReturnDocument.BEFORE,
        )
        if before is None or workspace not in before["workspaces"]:
            await self._announcements.outage(workspace, view(outage))

    async def over(self, outage: Outage) -> None:
        """The model answers again. Announced wherever the outage was."""
        record = await self._outages.find_one_and_delete({"_id": _id(outage)})
        for workspace in record["workspaces"] if record else ():
            await self._announcements.outage(workspace, view(outage) | {"over": True})

    async def of(self, workspace: str) -> dict[str, Any] | None:
        """What the people of `workspace` should know at present: {model, since, message}."""
        recent = {"workspaces": workspace, "met_at": {"$gt": now() - REMEMBERED}}
        record = await self._outages.find_one(recent, sort=[("met_at", -1)])
        return view(Outage(record["endpoint"], record["model"], record["since"])) if record else None


def view(outage: Outage) -> dict[str, Any]:
    return {
        "model": outage.model,
        "since": rfc3339(outage.since),
        "message": f"{outage.sentence} The built-in assistant answers instead.",
    }


def _id(outage: Outage) -> str:
    return f"{outage.endpoint} {outage.model}"
