"""Removing all that a deleted workspace has kept."""

from __future__ import annotations

import asyncio

from collab.documents.records import Documents, blob_folder, drive_folder, tree_id
from collab.durable.log import records_of
from collab.history.versions import versions_folder
from collab.rooms.rooms import Rooms
from storage import Storage

BATCH = 500
PARALLEL = 8
LEASE = 30.0


async def erase_workspace(storage: Storage, rooms: Rooms, workspace: str) -> None:
    """Close and remove every document of ``workspace`` with its versions, its plain files and its binary content.

    For a workspace that nobody may enter any more. Records go last: after a crash the same call goes on where it ended.

    Raises:
        storage.leases.LeaseUnavailable: its drive is being written for too long.
        pymongo.errors.PyMongoError, obstore.exceptions.BaseError, OSError: storage is away.
    """
    documents = Documents(storage.db)
    # The tree first: whoever would write plain files or new documents needs it.
    await rooms.retire(tree_id(workspace))
    ids = await documents.ids(workspace)
    for document in ids:
        await rooms.retire(document)
    async with storage.leases.hold(f"drive:{workspace}", LEASE, wait=LEASE):
        for folder in (drive_folder(workspace), blob_folder(workspace), versions_folder(workspace)):
            await _delete(storage, [info.key async for info in storage.objects.list(folder)])
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        large = storage.db["updates"].find({**records_of(batch), "object": {"$exists": True}}, {"object": 1})
        await _delete(storage, [entry["object"] async for entry in large] + await documents.snapshot_keys(batch))
        await storage.db["updates"].delete_many(records_of(batch))
        for collection in ("clients", "versions", "comments"):
            await storage.db[collection].delete_many({"document": {"$in": batch}})
        await documents.delete(batch)
    await storage.db["trash"].delete_many({"workspace": workspace})


async def _delete(storage: Storage, keys: list[str]) -> None:
    gate = asyncio.Semaphore(PARALLEL)

    async def delete(key: str) -> None:
        async with gate:
            await storage.objects.delete(key)

    await asyncio.gather(*map(delete, keys))
