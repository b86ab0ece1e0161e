"""Records of workspaces that others follow: whoever has all up to a revision has not missed one below it.

A record of collection ``name`` is {_id, workspace, revision, …}; ``<name>_heads`` has {_id: workspace, revision}, the
newest one. A number is drawn before its record is written, so that a later one may be written, and read, first. So who
has written looks whether the number is still the newest, and writes again under another one where it is not.
"""

from collections.abc import Callable, Mapping

from pymongo import ASCENDING, ReturnDocument, UpdateOne

from storage.mongo import Database, Document

_AT_A_TIME = 20


class Revisions:
    def __init__(self, db: Database, name: str) -> None:
        self.records = db[name]
        self._heads = db[f"{name}_heads"]

    async def ensure_indexes(self) -> None:
        await self.records.create_index([("workspace", ASCENDING), ("revision", ASCENDING)])

    async def put(self, workspace: str, records: Mapping[str, Document]) -> None:
        """Set these fields of records, by their ids."""
        while True:
            drawn = await self._heads.find_one_and_update(
                {"_id": workspace},
                {"$inc": {"revision": len(records)}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
            assert drawn is not None, "it is made where it is not there"
            newest = int(drawn["revision"])
            writes = [
                UpdateOne({"_id": key}, {"$set": {**fields, "workspace": workspace, "revision": revision}}, upsert=True)
                for revision, (key, fields) in enumerate(records.items(), start=newest - len(records) + 1)
            ]
            await self.records.bulk_write(writes, ordered=False)
            if await self.head(workspace) == newest:
                return

    async def head(self, workspace: str) -> int:
        """The newest revision, 0 before the first."""
        found = await self._heads.find_one({"_id": workspace})
        return int(found["revision"]) if found is not None else 0

    async def since(self, workspace: str, revision: int, most: int, size: Callable[[Document], int]) -> list[Document]:
        """What was written after `revision`, oldest first: as much as has `most` bytes by `size`, and one at least."""
        query = {"workspace": workspace, "revision": {"$gt": revision}}
        records: list[Document] = []
        # Few at a time: one may take 16 MB.
        async with self.records.find(query, batch_size=_AT_A_TIME).sort([("revision", ASCENDING)]) as found:
            async for record in found:
                records.append(record)
                most -= size(record)
                if most <= 0:
                    break
        return records

    async def erase(self, workspace: str) -> None:
        await self.records.delete_many({"workspace": workspace})
        await self._heads.delete_one({"_id": workspace})
