"""The records of versions: what a text was at a moment, apart from its log, with who took part since the one before.

Collection ``versions``: {_id, document, workspace, at, name, by, held, whole, authors, hash, size, state, uncredited,
retired_at}. The text lies at ``versions/<workspace>/<document>/<sha256>``, once for all versions of the document that
have it: a restore, an undo or a name given to what is there already stores nothing anew.

It is not kept as a Yjs snapshot: that names deleted text instead of holding it, and deleted text is not kept.

What is thinned out (`collab.history.thinning`) disappears from lists at once and, unless it is large, is removed an
hour later, since somebody may be looking at a list that still shows it. Removing takes the lease of the document, and
so does whoever makes a version without holding the workspace's drive, under which the removing itself happens: nobody
begins to point to a text in the moment in which it goes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from secrets import token_hex
from typing import Any

from pymongo import ASCENDING, DESCENDING

from collab.documents.records import now
from collab.history.thinning import Moment, begins_an_hour, span_start, superfluous
from collab.yjs.update import decode_state_vector, encode_state_vector
from storage import Storage
from storage.leases import Lease
from storage.objects import ObjectNotFound

KEPT_RETIRED = timedelta(hours=1)
"""How long a version that is in no list any more can still be read."""

REMOVED_AT_ONCE = 64 * 1024
"""Bytes from which it cannot: who writes with short pauses leaves several hundred an hour."""

LEASE = 30.0

PARALLEL = 8
"""Texts that are written at a time."""

LARGE = 256 * 1024
"""Characters from which a text is hashed in a thread."""

STATES = 4 * 1024 * 1024
"""Bytes of state vectors that are read to tell when something was written."""

_SHOWN = {"state": 0, "uncredited": 0}


class VersionNotFound(LookupError):
    """The document has no such version (any more)."""


@dataclass(frozen=True, slots=True)
class Version:
    id: str
    """Ascending with time."""
    at: datetime
    name: str | None
    by: str | None
    """Who made it, "user:<id>"; None for an automatic one."""
    held: bool
    """Made automatically, so that a restore can be undone."""
    whole: bool
    """False when the log held something that could not be taken into the text."""
    authors: tuple[str, ...]
    """Who took part since the version before it: "user:<id>", and "job" for the assistant's work."""
    hash: str
    """SHA-256 of the text as UTF-8, hex."""
    size: int
    """Bytes of the text as UTF-8."""

    @property
    def moment(self) -> Moment:
        return Moment(self.id, self.at, frozenset(self.authors), self.by is None, self.held, self.whole)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Version:
        return cls(
            record["_id"],
            record["at"],
            record["name"],
            record["by"],
            record["held"],
            record.get("whole", True),  # older ones were only made of whole texts
            tuple(record["authors"]),
            record["hash"],
            record["size"],
        )


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest version of a document, with what the next one is held against."""

    version: Version
    state: Mapping[int, int]
    """Yjs client id → clock."""
    uncredited: Sequence[int]
    """Yjs client ids in it whose author was not recorded yet; the next version credits them."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A version that is to be."""

    text: str
    state: Mapping[int, int]
    authors: Collection[str]
    uncredited: Sequence[int]
    after: Version | None = None
    """The newest one that there is."""
    name: str | None = None
    by: str | None = None
    held: bool = False
    whole: bool = True


def versions_folder(workspace: str) -> str:
    return f"versions/{workspace}/"


def _key(workspace: str, document: str, sha256: str) -> str:
    return f"{versions_folder(workspace)}{document}/{sha256}"


async def digest(text: str) -> str:
    """SHA-256 of a text as UTF-8, hex."""
    if len(text) < LARGE:
        return _digest(text)
    return await asyncio.to_thread(_digest, text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Versions:
    """Every method may raise pymongo.errors.PyMongoError, obstore.exceptions.BaseError, OSError: storage is away."""

    def __init__(self, storage: Storage) -> None:
        self._records = storage.db["versions"]
        self._objects = storage.objects
        self._leases = storage.leases

    async def ensure_indexes(self) -> None:
        await self._records.create_index([("document", ASCENDING), ("_id", DESCENDING)])
        await self._records.create_index([("workspace", ASCENDING), ("retired_at", ASCENDING)])

    def hold(self, document: str) -> AbstractAsyncContextManager[Lease]:
        """For who makes a version without holding the drive of the workspace. Raises LeaseUnavailable."""
        return self._leases.hold(f"versions:{document}", LEASE)

    # ---- looking

    async def list(self, document: str, before: str | None, limit: int) -> list[Version]:
        """The newest ones, newest first; with ``before``, those that are older than that one."""
        query: dict[str, Any] = {"document": document, "retired_at": None}
        if before is not None:
            query["_id"] = {"$lt": before}
        records = self._records.find(query, _SHOWN).sort("_id", DESCENDING).limit(limit)
        return [Version.from_record(record) async for record in records]

    async def find(self, document: str, version: str) -> Version:
        """Raises VersionNotFound."""
        record = await self._records.find_one({"_id": version}, _SHOWN)
        if record is None or record["document"] != document:
            raise VersionNotFound(version)
        return Version.from_record(record)

    async def newest(self, document: str) -> Newest | None:
        async for record in self._records.find({"document": document}).sort("_id", DESCENDING).limit(1):
            return Newest(
                Version.from_record(record), decode_state_vector(bytes(record["state"])), record["uncredited"]
            )
        return None

    async def latest(self, document: str, limit: int) -> Sequence[Version]:
        """The newest ones, newest first, also those that are in no list any more."""
        records = self._records.find({"document": document}, _SHOWN).sort("_id", DESCENDING).limit(limit)
        return [Version.from_record(record) async for record in records]

    async def oldest(self, document: str) -> Version | None:
        """As far as they are kept, also one that is in no list any more."""
        record = await self._records.find_one({"document": document}, _SHOWN, sort=[("_id", ASCENDING)])
        return Version.from_record(record) if record is not None else None

    async def states(self, document: str) -> Sequence[tuple[datetime, bytes]]:
        """When the versions were made and their encoded state vectors, oldest first; of very many only some."""
        found = self._records.find({"document": document, "retired_at": None}, {"_id": 1}).sort("_id", DESCENDING)
        ids = [record["_id"] async for record in found]
        if not ids:
            return []
        newest = await self._records.find_one({"_id": ids[0]}, {"state": 1})
        # No client ever goes back, so no older one is larger.
        size = len(newest["state"]) if newest is not None else 0
        chosen = ids[:: 1 + size * len(ids) // STATES]
        records = self._records.find({"_id": {"$in": chosen}}, {"at": 1, "state": 1}).sort("_id", ASCENDING)
        return [(record["at"], bytes(record["state"])) async for record in records]

    async def without(self, documents: Iterable[str]) -> set[str]:
        """Of ``documents`` those that have no version."""
        wanted = set(documents)
        return wanted.difference(await self._records.distinct("document", {"document": {"$in": list(wanted)}}))

    async def text(self, workspace: str, document: str, version: Version) -> str:
        """Raises VersionNotFound when it has been removed since ``version`` was found."""
        try:
            raw = await self._objects.get(_key(workspace, document, version.hash))
        except ObjectNotFound:
            raise VersionNotFound(version.id) from None
        return raw.decode()

    # ---- making

    async def add(self, workspace: str, drafts: Mapping[str, Draft]) -> dict[str, Version]:
        """Store a version for each of these documents. Only while nobody can remove any of theirs: see `hold`.

        The texts first: a crash leaves some that the next versions of the same texts find there.
        """
        gate = asyncio.Semaphore(PARALLEL)
        records = await asyncio.gather(
            *(self._store_text(workspace, document, draft, gate) for document, draft in drafts.items())
        )
        await self._records.insert_many(records, ordered=False)
        return {record["document"]: Version.from_record(record) for record in records}

    async def _store_text(self, workspace: str, document: str, draft: Draft, gate: asyncio.Semaphore) -> dict[str, Any]:
        """The record of a version whose text is stored."""
        raw = draft.text.encode()
        sha256 = await digest(draft.text)
        async with gate:
            await self._objects.put(_key(workspace, document, sha256), raw)
        at = now()
        if draft.after is not None:
            # The order of ids is the order in which they were made, however clocks of processes differ.
            at = max(at, draft.after.at + timedelta(milliseconds=1))
        return {
            "_id": _first_id(at)[:12] + token_hex(10),
            "document": document,
            "workspace": workspace,
            "at": at,
            "name": draft.name,
            "by": draft.by,
            "held": draft.held,
            "whole": draft.whole,
            "authors": sorted(draft.authors),
            "hash": sha256,
            "size": len(raw),
            "state": encode_state_vector(draft.state),
            "uncredited": list(draft.uncredited),
            "retired_at": None,
        }

    async def credit(self, version: str, authors: Iterable[str]) -> None:
        """These took part, too."""
        await self._records.update_one({"_id": version}, {"$addToSet": {"authors": {"$each": sorted(authors)}}})

    async def keep(self, version: str) -> None:
        """Hold an automatic version, so that a restore can be undone with it."""
        await self._records.update_one({"_id": version}, {"$set": {"held": True}})

    async def move(self, workspace: str, source: str, target: str) -> None:
        """The versions of document ``source`` become those of ``target``. Safe to repeat. Raises LeaseUnavailable."""
        gate = asyncio.Semaphore(PARALLEL)

        async def copy(sha256: str) -> None:
            async with gate:
                with suppress(ObjectNotFound):  # retired, and removed meanwhile
                    await self._objects.copy(_key(workspace, source, sha256), _key(workspace, target, sha256))

        async with self.hold(source), self.hold(target):
            hashes = await self._records.distinct("hash", {"document": source})
            await asyncio.gather(*map(copy, hashes))
            await self._records.update_many({"document": source}, {"$set": {"document": target}})
            await asyncio.gather(*(self._objects.delete(_key(workspace, source, sha256)) for sha256 in hashes))

    # ---- removing

    async def thin(self, workspace: str, document: str, before: Version, added: Version) -> None:
        """Retire what need not be kept any more, now that ``added`` has come behind ``before``.

        The caller holds the drive of ``workspace``. Raises LeaseUnavailable: done, but for what is to be removed.
        """
        query: dict[str, Any] = {"document": document, "retired_at": None}
        if not begins_an_hour(before.at, added.at):
            if before.at < span_start(added.at):
                return
            # Nothing is decided anew but in the span that goes on. Reading all of them each time would cost more.
            query["_id"] = {"$gte": _first_id(span_start(added.at))}
        found = self._records.find(query, _SHOWN).sort("_id", ASCENDING)
        versions = {record["_id"]: Version.from_record(record) async for record in found}
        heirs = superfluous([version.moment for version in versions.values()], added.at)
        for heir, gone in groupby(heirs, heirs.__getitem__):
            # In this order a crash names somebody twice rather than never.
            ids = list(gone)
            if taken_over := {author for one in ids for author in versions[one].authors} - {*versions[heir].authors}:
                await self.credit(heir, taken_over)
            await self._records.update_many({"_id": {"$in": ids}}, {"$set": {"retired_at": added.at}})
        large = {one: versions[one].hash for one in heirs if versions[one].size >= REMOVED_AT_ONCE}
        if large:
            async with self.hold(document) as lease:
                await self._remove(workspace, document, large, lease)

    async def remove_retired(self, workspace: str) -> None:
        """Remove what was retired long enough ago. The caller holds the drive of ``workspace``.

        Raises LeaseUnavailable: somebody makes a version by hand for too long; do it again.
        """
        old = {"workspace": workspace, "retired_at": {"$lt": now() - KEPT_RETIRED}}
        found = await self._records.find(old, {"document": 1, "hash": 1}).sort("document", ASCENDING).to_list()
        for document, records in groupby(found, lambda record: str(record["document"])):
            async with self.hold(document) as lease:
                await self._remove(workspace, document, {record["_id"]: record["hash"] for record in records}, lease)

    async def _remove(self, workspace: str, document: str, hashes: Mapping[str, str], lease: Lease) -> None:
        rest = self._records.find({"document": document, "_id": {"$nin": list(hashes)}}, {"hash": 1})
        used = {record["hash"] async for record in rest}
        # The texts first: a record without its text is found again by the next sweep, a text without a record never.
        for unused in set(hashes.values()) - used:
            if not lease.valid:
                return
            await self._objects.delete(_key(workspace, document, unused))
        await self._records.delete_many({"_id": {"$in": list(hashes)}})


def _first_id(at: datetime) -> str:
    """An id not above those of versions made at ``at`` or later, and above all older ones."""
    return f"{round(at.timestamp() * 1000):012x}" + "0" * 20
