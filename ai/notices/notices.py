"""The notices of all workspaces: collection ``notices``."""

from collections.abc import Collection, Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from ai.clock import now
from ai.notices.notice import Kind, Notice, NoticeState
from ai.pool.jobs import Person
from storage.mongo import Database

MOST_LISTED = 100
"""The newest."""


class NoticeNotFound(KeyError):
    pass


class NothingToAccept(ValueError):
    """The notice has no edit."""

    def __init__(self) -> None:
        super().__init__("This notice only says something; there is no change to accept.")


class Notices:
    def __init__(self, db: Database) -> None:
        self._notices = db["notices"]

    async def ensure_indexes(self) -> None:
        await self._notices.create_index([("workspace", ASCENDING), ("created_at", DESCENDING)])
        await self._notices.create_index([("document", ASCENDING)])

    async def add(self, notice: Notice) -> bool:
        """False where its cause was told before, and is not one that had gone meanwhile."""
        try:
            await self._notices.replace_one(
                {"_id": notice.id, "closed": NoticeState.GONE.value}, notice.record(), upsert=True
            )
        except DuplicateKeyError:
            return False
        return True

    async def find(self, id: str) -> Notice | None:
        record = await self._notices.find_one({"_id": id})
        return Notice.of(record) if record is not None else None

    async def delete(self, id: str, suggestion: str, kind: Kind) -> None:
        """Only while that is what makes its change."""
        await self._notices.delete_one({"_id": id, "suggestion": suggestion, "kind": kind})

    async def since(self, workspace: str, moment: float) -> int:
        """How many were made after it, in seconds since 1970, also those that are gone: they have called, too."""
        return await self._notices.count_documents({"workspace": workspace, "created_at": {"$gt": moment}})

    async def get(self, workspace: str, id: str) -> Notice:
        """Raises NoticeNotFound."""
        record = await self._notices.find_one({"_id": id, "workspace": workspace})
        if record is None:
            raise NoticeNotFound(id)
        return Notice.of(record)

    async def of_workspace(self, workspace: str) -> list[Notice]:
        """The newest whose cause is not gone, newest first."""
        wanted = {"workspace": workspace, "closed": {"$ne": NoticeState.GONE.value}}
        found = self._notices.find(wanted).sort([("created_at", DESCENDING)]).limit(MOST_LISTED)
        return [Notice.of(record) async for record in found]

    async def undecided_of(self, document: str, kinds: Collection[Kind]) -> list[Notice]:
        """Those that nothing has closed; what their hunks say is another matter."""
        found = self._notices.find({"document": document, "kind": {"$in": list(kinds)}, "closed": None})
        return [Notice.of(record) async for record in found]

    async def of_document(self, document: str, kind: Kind) -> list[Notice]:
        found = self._notices.find({"document": document, "kind": kind})
        return [Notice.of(record) async for record in found]

    async def close(self, id: str, state: NoticeState, by: Person | None = None) -> Notice | None:
        """Of one that nobody has closed; None when somebody has."""
        fields: dict[str, Any] = {"closed": state.value}
        if by is not None:
            fields |= {"decided_by": by.view(), "decided_at": now()}
        record = await self._notices.find_one_and_update(
            {"_id": id, "closed": None}, {"$set": fields}, return_document=ReturnDocument.AFTER
        )
        return Notice.of(record) if record else None

    async def mark_read(self, workspace: str, ids: Sequence[str], person: str) -> list[str]:
        """Those that there are."""
        there = {"_id": {"$in": list(ids)}, "workspace": workspace}
        found = [record["_id"] async for record in self._notices.find(there, {"_id": 1})]
        await self._notices.update_many(there, {"$addToSet": {"read_by": person}})
        return found
