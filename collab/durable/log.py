"""The update log: collection ``updates``, one record for what one process commits of one document at a time.

The log on top of the newest snapshot owns the text (DESIGN section 2). Records are immutable and named
``<document>:<process>:<first>``, so a commit whose answer was lost can be sent again: a duplicate key means that it is
already there. The names are also how a document's records are found: an index on the document would cost half as much
again for each record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from collab.durable.entries import LARGEST_RECORD, LogEntry, NewClient
from storage.objects import ObjectNotFound, ObjectStore

LARGEST_INSERT = 12 * 1024 * 1024
"""Bytes of updates in one insert command: MongoDB refuses commands of 16 MiB."""

CLIENTS_AT_ONCE = 1_000
"""Client ids in one insert command, some 150 bytes each: a database does nothing else meanwhile."""

_RECORD = 512
"""Bytes of a record beside its update, at most."""

_DUPLICATE_KEY = 11000
_DURABLE = {"w": "majority", "j": True}


RANGES = 50
"""Documents in one query. A database may hold each record against each range: a thousand at once took a second."""


def records_of(documents: Iterable[str]) -> dict[str, Any]:
    """The filter for the log records of ``documents``."""
    # A semicolon is what follows the colon.
    ranges = [{"_id": {"$gte": f"{document}:", "$lt": f"{document};"}} for document in documents]
    return ranges[0] if len(ranges) == 1 else {"$or": ranges or [{"_id": {"$in": []}}]}


class UpdateLog:
    def __init__(self, db: AsyncDatabase[dict[str, Any]], objects: ObjectStore) -> None:
        self._db = db
        self._updates = db["updates"]
        self._clients = db["clients"]
        self._objects = objects

    async def ensure_indexes(self) -> None:
        await self._clients.create_index([("document", ASCENDING)])

    async def append(self, entries: Sequence[LogEntry], clients: Sequence[NewClient] = ()) -> None:
        """Make ``entries`` durable. Safe to repeat with the same arguments after an error of unknown outcome.

        Authors go first: an update whose author was never recorded could not be attributed afterwards, while an
        author without text does no harm.

        Raises:
            pymongo.errors.PyMongoError: the log is away; some entries may be there already.
        """
        now = datetime.now(UTC)
        for start in range(0, len(clients), CLIENTS_AT_ONCE):
            await self._insert(
                "clients",
                [
                    {"_id": f"{c.document}:{c.client}", "document": c.document, "client": c.client}
                    | {"author": c.author, "at": now}
                    for c in clients[start : start + CLIENTS_AT_ONCE]
                ],
            )
        batch: list[dict[str, Any]] = []
        size = 0
        for entry in entries:
            if batch and size + len(entry.update) > LARGEST_INSERT:
                await self._insert("updates", batch)
                batch, size = [], 0
            batch.append(await self._record(entry, now))
            size += min(len(entry.update), LARGEST_RECORD) + _RECORD
        if batch:
            await self._insert("updates", batch)

    async def _record(self, entry: LogEntry, now: datetime) -> dict[str, Any]:
        record: dict[str, Any] = {
            "_id": entry.id,
            "document": entry.document,
            "process": entry.process,
            "first": entry.first,
            "last": entry.last,
            "at": now,
        }
        if (key := entry.object_key) is None:
            record["update"] = entry.update
        else:
            record["object"] = key
            await self._objects.put(key, entry.update)
        return record

    async def _insert(self, collection: str, records: list[dict[str, Any]]) -> None:
        # The command itself, because `insert_many` does as much again for each record, to be able to repeat what we
        # repeat ourselves.
        answer = await self._db.command(
            {"insert": collection, "ordered": False, "writeConcern": _DURABLE, "documents": records}
        )
        faults = answer.get("writeErrors", [])
        if "writeConcernError" in answer or any(fault["code"] != _DUPLICATE_KEY for fault in faults):
            raise BulkWriteError(answer)

    async def read(self, document: str) -> list[LogEntry]:
        """All entries of ``document``, oldest first.

        Entries of different processes that depend on each other may still come in the wrong order (their clocks
        differ): whoever integrates them goes round again until nothing more fits.

        Raises:
            storage.objects.ObjectNotFound: a compaction folded an entry in while it was being read: start again.
        """
        records = await self._updates.find(records_of([document])).to_list()
        return await self._entries(records)

    async def read_many(self, documents: Collection[str]) -> dict[str, list[LogEntry]]:
        """As `read`, with one query for all; a document of which an entry was folded in meanwhile is left out."""
        records: dict[str, list[dict[str, Any]]] = {document: [] for document in documents}
        async for record in self._updates.find(records_of(documents)):
            records[record["document"]].append(record)
        entries = {}
        for document, found in records.items():
            with suppress(ObjectNotFound):
                entries[document] = await self._entries(found)
        return entries

    async def _entries(self, records: list[dict[str, Any]]) -> list[LogEntry]:
        records.sort(key=lambda record: (record["at"], record["process"], record["first"]))
        return [
            LogEntry(
                record["document"],
                record["process"],
                record["first"],
                record["last"],
                bytes(record["update"]) if "update" in record else await self._objects.get(record["object"]),
            )
            for record in records
        ]

    async def numbers(self, document: str) -> dict[str, int]:
        """Process → newest number of ``document`` in the log; a fraction of the price of `read`."""
        return (await self.numbers_of_many([document]))[document]

    async def numbers_of_many(self, documents: Iterable[str]) -> dict[str, dict[str, int]]:
        """As `numbers`, with one query for every fifty."""
        found: dict[str, dict[str, int]] = {document: {} for document in documents}
        ids = list(found)
        for start in range(0, len(ids), RANGES):
            query = records_of(ids[start : start + RANGES])
            async for entry in self._updates.find(query, {"document": 1, "process": 1, "last": 1}):
                numbers = found[entry["document"]]
                numbers[entry["process"]] = max(entry["last"], numbers.get(entry["process"], 0))
        return found

    async def latest(self, documents: Iterable[str]) -> dict[str, datetime]:
        """Document → when its newest entry was written, for those that have any."""
        ids = list(documents)
        latest: dict[str, datetime] = {}
        for start in range(0, len(ids), RANGES):
            query = records_of(ids[start : start + RANGES])
            async for entry in self._updates.find(query, {"document": 1, "at": 1}):
                latest[entry["document"]] = max(entry["at"], latest.get(entry["document"], entry["at"]))
        return latest

    async def delete(self, entries: Iterable[LogEntry]) -> None:
        """Remove exactly ``entries``; whatever was appended since they were read stays.

        Their objects stay, too, for `collab.documents.orphans`: whoever logs an entry again because the answer was lost
        puts its object first, and would have it deleted from here before its record stands.
        """
        entries = list(entries)
        for start in range(0, len(entries), 1000):
            await self._updates.delete_many({"_id": {"$in": [entry.id for entry in entries[start : start + 1000]]}})

    async def authors(self, document: str, clients: Collection[int] | None = None) -> dict[int, str]:
        """Yjs client id → author: of ``clients`` those that are recorded, by default all ever seen in ``document``."""
        if clients is None:
            return {record["client"]: record["author"] async for record in self._clients.find({"document": document})}
        ids = [f"{document}:{client}" for client in clients]
        found: dict[int, str] = {}
        for start in range(0, len(ids), 1000):
            async for record in self._clients.find({"_id": {"$in": ids[start : start + 1000]}}):
                found[record["client"]] = record["author"]
        return found

    async def authors_of_many(self, documents: Collection[str]) -> dict[str, dict[int, str]]:
        """As `authors`, with one query for all."""
        found: dict[str, dict[int, str]] = {document: {} for document in documents}
        async for record in self._clients.find({"document": {"$in": list(documents)}}):
            found[record["document"]][record["client"]] = record["author"]
        return found
