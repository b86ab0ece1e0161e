"""Objects that nothing refers to any more: overwritten binary content, and what crashes have left.

Whoever stores something puts the object first and the reference after it, so an object without a reference may be one
whose reference is on its way. Therefore only what is a day old goes, and the references are read after the objects
were listed. Names of snapshots and log entries are never used twice, and who tries again puts them again. Binary
content is: who finds it there makes it young again, and looks once more when the reference stands (`Contents`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pymongo.asynchronous.database import AsyncDatabase

from collab.documents.records import Heir, blob_key
from collab.durable.log import records_of
from storage import Storage
from storage.objects import ObjectInfo, ObjectStore

log = structlog.get_logger(__name__)

AGE = timedelta(days=1)

BATCH = 500

Database = AsyncDatabase[dict[str, Any]]


async def remove_orphans(storage: Storage) -> int:
    """Returns how many objects were removed. Safe at any moment, also by several processes at once.

    Raises:
        pymongo.errors.PyMongoError, obstore.exceptions.BaseError, OSError: storage is away.
    """
    removed = 0
    for folder, referred in _FOLDERS.items():
        async for batch in _old(storage.objects, folder):
            # The second part of every key is the workspace or the document that it belongs to.
            kept = await referred(storage.db, {key.split("/")[1] for key in batch})
            for key in batch - kept:
                # Once more, as what was listed long ago may have been put again meanwhile.
                if (info := await storage.objects.head(key)) is not None and _is_old(info):
                    await storage.objects.delete(key)
                    removed += 1
    if removed:
        log.info("objects removed that nothing referred to", objects=removed)
    return removed


async def _old(objects: ObjectStore, folder: str) -> AsyncIterator[set[str]]:
    batch: set[str] = set()
    async for info in objects.list(folder):
        if _is_old(info):
            batch.add(info.key)
        if len(batch) == BATCH:
            yield batch
            batch = set()
    if batch:
        yield batch


def _is_old(info: ObjectInfo) -> bool:
    return datetime.now(UTC) - info.modified > AGE


async def _blobs(db: Database, workspaces: Collection[str]) -> set[str]:
    query = {"workspace": {"$in": list(workspaces)}, "blob": {"$ne": None}}
    records = db["documents"].find(query, {"workspace": 1, "blob": 1})
    return {blob_key(record["workspace"], record["blob"]) async for record in records if record.get("blob")}


async def _snapshots(db: Database, documents: Collection[str]) -> set[str]:
    records = db["documents"].find({"_id": {"$in": list(documents)}}, {"snapshot": 1})
    return {record["snapshot"]["key"] async for record in records if record.get("snapshot")}


async def _large_entries(db: Database, documents: Collection[str]) -> set[str]:
    entries = db["updates"].find({**records_of(documents), "object": {"$exists": True}}, {"object": 1})
    heirs = db["documents"].find({"heir.document": {"$exists": True}}, {"heir": 1})
    return {entry["object"] async for entry in entries} | {
        key async for record in heirs for key in Heir.of(record["heir"]).objects
    }


_FOLDERS: dict[str, Callable[[Database, Collection[str]], Awaitable[set[str]]]] = {
    "blobs": _blobs,
    "snapshots": _snapshots,
    "log": _large_entries,
}
