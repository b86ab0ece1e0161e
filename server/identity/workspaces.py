"""Workspaces: a group, its files and its settings."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pymongo.asynchronous.database import AsyncDatabase


@dataclass(frozen=True, slots=True)
class Workspace:
    id: str
    name: str
    collect_feedback: bool
    created_at: datetime
    budget: dict[str, Any]
    """The fields of `ai.spending.budgets.Budget` that were set."""

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Workspace":
        budget = record.get("budget", {})
        return cls(record["_id"], record["name"], record["collect_feedback"], record["created_at"], budget)


class Workspaces:
    """Collection ``workspaces``: {_id, name, collect_feedback, consent?, budget?, created_at, created_by, deleted_at?}.

    `consent` is about `collect_feedback`, see `ai.record.consent`.
    """

    def __init__(self, db: AsyncDatabase[dict[str, Any]]) -> None:
        self._workspaces = db["workspaces"]

    async def create(self, name: str, created_by: str) -> Workspace:
        record = {
            "_id": uuid4().hex,
            "name": name,
            "collect_feedback": True,
            "created_at": datetime.now(UTC),
            "created_by": created_by,
        }
        await self._workspaces.insert_one(record)
        return Workspace.of(record)

    async def get(self, id: str) -> Workspace | None:
        record = await self._workspaces.find_one({"_id": id, "deleted_at": {"$exists": False}})
        return Workspace.of(record) if record else None

    async def many(self, ids: list[str]) -> list[Workspace]:
        found = self._workspaces.find({"_id": {"$in": ids}, "deleted_at": {"$exists": False}}).sort("created_at", 1)
        return [Workspace.of(record) async for record in found]

    async def change(self, id: str, fields: dict[str, Any]) -> None:
        await self._workspaces.update_one({"_id": id}, {"$set": fields})

    async def deleted(self) -> list[str]:
        """Those that are marked so and not forgotten yet."""
        return [record["_id"] async for record in self._workspaces.find({"deleted_at": {"$exists": True}}, {"_id": 1})]

    async def forget(self, id: str) -> None:
        await self._workspaces.delete_one({"_id": id})

    async def mark_deleted(self, id: str) -> None:
        await self.change(id, {"deleted_at": datetime.now(UTC)})
