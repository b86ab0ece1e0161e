"""Deletes what has served its time, and what belonged to a workspace that is gone."""

from collections.abc import Sequence

from ai.clock import now
from ai.notices import fates, resting
from ai.spending import usage
from ai.spending.budgets import month_of
from ai.spending.figures import DECIDABLE_DAYS, Figures
from storage.mongo import Database

KEPT = 30 * 24 * 3600.0
"""Seconds for which jobs, suggestions and conversations are kept."""

PREPARED = 3600.0
"""Seconds after which nobody needs a request prepared any more."""

_OF_A_WORKSPACE = (
    "jobs",
    "hunks",
    "suggestions",
    "notices",
    "notice_fates",
    "rests",
    "messages",
    "generations",
    "conversations",
    "completions",
    "feedback",
    "erasures",
    "turns",
    "usage",
    "budgets",
    "calls",
    "figure_days",
    "figure_epochs",
)

_BATCH = 500


class Expiry:
    """Decisions stay: they are the proof of which text the assistant wrote, and hold no prompt. So does feedback."""

    def __init__(self, db: Database, figures: Figures) -> None:
        self._db = db
        self._figures = figures

    async def sweep(self) -> None:
        """Delete what is too old. Several processes may do it at once."""
        before = now() - KEPT
        await self._sweep("suggestions", "created_at", before, ("hunks",), "suggestion")
        await self._sweep("conversations", "updated_at", before, ("generations", "messages"), "conversation")
        # A conversation that stays in use keeps its messages, and not for ever what the models were shown.
        await self._db["generations"].delete_many({"kept_at": {"$lt": before}})
        await self._db["notices"].delete_many({"created_at": {"$lt": before}})
        await self._db["notice_fates"].delete_many({"at": {"$lt": now() - fates.KEPT}})
        await self._db["rests"].delete_many({"touched_at": {"$lt": now() - resting.KEPT}})
        ended = {"state": {"$in": ["done", "failed", "cancelled"]}, "created_at": {"$lt": before}}
        await self._db["jobs"].delete_many(ended)
        for name in ("analyses", "turns"):
            await self._db[name].delete_many({"expires_at": {"$lt": now()}})
        # Where no process is a conversation manager, nobody takes them.
        await self._db["preparations"].delete_many({"created_at": {"$lt": now() - PREPARED}})
        await self._db["budgets"].delete_many({"month": {"$lt": month_of(now() - usage.KEPT)}})
        await self._sweep_usage(now() - usage.KEPT)

    async def _sweep_usage(self, before: float) -> None:
        """Its single records go once the sums of their days are kept."""
        lately = {"at": {"$gte": now() - DECIDABLE_DAYS * 24 * 3600.0}}
        for workspace in await self._db["usage"].distinct("workspace", lately):
            await self._figures.keep(workspace)
        old = {"at": {"$lt": before}}
        for workspace in await self._db["usage"].distinct("workspace", old):
            oldest = await self._db["usage"].find_one({"workspace": workspace}, {"at": 1}, sort=[("at", 1)])
            if oldest is not None:
                await self._figures.keep_usage(workspace, oldest["at"], before)
                await self._db["usage"].delete_many({"workspace": workspace, **old})

    async def _sweep(self, name: str, age: str, before: float, parts: Sequence[str], owner: str) -> None:
        while True:
            found = self._db[name].find({age: {"$lt": before}}, {"_id": 1}).limit(_BATCH)
            ids = [record["_id"] async for record in found]
            if not ids:
                return
            # The parts first: without what they belong to, nobody would ever find them.
            for part in parts:
                await self._db[part].delete_many({owner: {"$in": ids}})
            await self._db[name].delete_many({"_id": {"$in": ids}})

    async def forget_workspace(self, workspace: str) -> None:
        for name in _OF_A_WORKSPACE:
            await self._db[name].delete_many({"workspace": workspace})
