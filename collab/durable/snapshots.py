"""Snapshots: loading a document from its newest snapshot and its log, and folding the log into a new snapshot.

The order of steps is the whole of this file; a crash between any two of them loses nothing.

Loading reads the log **before** the pointer: a compaction that runs in between has put what it deletes from the log
into the snapshot that the pointer then names. The other order leaves a hole (y-crdt #632 and its like).

Compaction writes the new snapshot, swings the pointer with a compare-and-set, and only then deletes exactly the
entries that it folded in. Whoever loses the compare-and-set stops and has changed nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from pycrdt import Doc
from pymongo.asynchronous.database import AsyncDatabase

from collab.aside import LARGE, Aside, TookTooLong
from collab.durable.entries import LogEntry
from collab.durable.folding import (
    Folded,
    Integrated,
    TooManyStructs,
    attempt,
    counted,
    fold,
    integrating,
    salvage,
)
from collab.durable.log import UpdateLog
from collab.faults import is_fault, is_refusal
from collab.replicas.mending import mend_aside
from collab.replicas.replica import Replica
from collab.replicas.trial import Structs
from collab.steps import in_turns
from collab.yjs.claims import contradiction
from collab.yjs.known import NOTHING
from collab.yjs.update import Kind
from storage.objects import ObjectNotFound, ObjectStore

log = structlog.get_logger(__name__)

FORGET_PROCESS = timedelta(days=1)
"""How long a snapshot remembers the numbers of a process that wrote nothing more: longer than a message can travel."""


LARGEST_STATE = 16 * 1024
"""Bytes of a state vector that are kept in a document's record; a longer one is read from the snapshot."""


class DocumentNotFound(LookupError):
    """No record of such a shared document (or it is a binary file)."""


class DocumentGone(LookupError):
    """The document existed and was closed for good; it never comes back under this id."""


class TooCostly(RuntimeError):
    """What the document has become takes unbearably long to build (`collab.replicas.trial`): it must go on under a new
    id."""


class ContentLost(OSError):
    """An object that the document rests on is not in the object store, though nothing has replaced it.

    The document must not be opened as if it were empty: what people then typed would be saved over the good copy that
    a backup may still hold. An OSError, because like a store that is away it may be mended while we run.
    """


@dataclass(slots=True)
class Loaded:
    """A document as storage has it."""

    workspace: str
    replica: Replica
    covered: dict[str, int]
    """Process → newest number contained in ``replica``."""
    waiting: list[LogEntry]
    """Entries that rest on text which storage does not have (yet)."""
    spoilt: bool
    """Whether an entry was left out because it can never be taken."""
    contradicted: bool
    """Whether a client id says two things in it (`collab.yjs.claims`): other processes may have another text."""
    snapshot_size: int
    entries: int
    log_size: int

    @property
    def kind(self) -> Kind:
        return self.replica.kind

    @property
    def doc(self) -> Doc[Any]:
        return self.replica.doc


class Snapshots:
    def __init__(
        self,
        db: AsyncDatabase[dict[str, Any]],
        objects: ObjectStore,
        updates: UpdateLog,
        aside: Aside | None = None,
    ) -> None:
        self._documents = db["documents"]
        self._objects = objects
        self._updates = updates
        self._aside = aside or Aside()
        self._salvaging = Aside()
        """Apart, because it takes long and nobody else may wait for it."""

    async def load(self, document: str) -> Loaded:
        """The document as snapshot and log have it. Subscribe to the document's channel first, then call this.

        Raises:
            DocumentNotFound, DocumentGone, ContentLost
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError: storage is away.
        """
        record, snapshot, entries = await self._read(document)
        if record.get("gone_at") is not None:
            raise DocumentGone(document)
        return await self._assemble(record, snapshot, entries)

    async def _read(self, document: str) -> tuple[dict[str, Any], bytes | None, list[LogEntry]]:
        """The record, the snapshot and the log, read in the order that leaves no hole."""
        missed: str | None = None
        while True:
            try:
                entries = await self._updates.read(document)
                record = await self._documents.find_one({"_id": document})
                if record is None or record["kind"] not in ("text", "tree"):
                    raise DocumentNotFound(document)
                pointer = record.get("snapshot")
                return record, await self._objects.get(pointer["key"]) if pointer else None, entries
            except ObjectNotFound as error:
                # A compaction swung the pointer and removed what we were about to read; its successor is complete.
                # If the very same object is missing again, it was no compaction.
                if missed == (key := str(error)):
                    raise ContentLost(f"{key} of document {document} is not in the object store") from error
                missed = key

    async def load_many(self, documents: Collection[str]) -> dict[str, Loaded]:
        """As `load`, with two queries for all. What cannot be had is left out: `load` says why.

        All of it is in memory at once; it is for the caller to ask for as much as is bearable.
        """
        entries = await self._updates.read_many(documents)
        records = await self._documents.find({"_id": {"$in": list(documents)}}).to_list()
        loaded: dict[str, Loaded] = {}
        for record in records:
            document = record["_id"]
            if document not in entries or record["kind"] not in ("text", "tree") or record.get("gone_at") is not None:
                continue
            pointer = record.get("snapshot")
            try:
                snapshot = await self._objects.get(pointer["key"]) if pointer else None
                found = await self._assemble(record, snapshot, entries[document])
                if not found.replica.doubtful:
                    await found.replica.built_in_turns()
                    _ = found.doc  # what is damaged shows only when it is looked at
                loaded[document] = found
            except BaseException as error:
                if not (isinstance(error, ObjectNotFound) or is_refusal(error)):
                    raise
                # Replaced by a compaction meanwhile, or damaged.
                log.info("left out of loading many", document=document, error=str(error))
        return loaded

    async def _assemble(self, record: dict[str, Any], snapshot: bytes | None, entries: list[LogEntry]) -> Loaded:
        replica = _replica_of(record, snapshot)
        if entries:
            await replica.known.read_ahead()
        covered = _covered(record)
        integrated = await in_turns(integrating(replica, entries))
        if replica.torn:
            await mend_aside(replica, self._aside)
        # Also what is spoilt, or it would be looked for again and again.
        # And no number behind one that is not here: a reading of the log is not of one moment.
        for entry in sorted((*(entry for entry, _ in integrated.done), *integrated.spoilt), key=lambda e: e.first):
            if entry.first <= covered.get(entry.process, 0) + 1:
                covered[entry.process] = max(covered.get(entry.process, 0), entry.last)
        return Loaded(
            workspace=record["workspace"],
            replica=replica,
            covered=covered,
            waiting=integrated.waiting,
            spoilt=bool(integrated.spoilt),
            contradicted=await self._contradicted(record["_id"], replica, integrated),
            snapshot_size=len(snapshot or b""),
            entries=len(entries),
            log_size=sum(len(entry.update) for entry in entries),
        )

    async def _contradicted(self, document: str, replica: Replica, integrated: Integrated) -> bool:
        if not integrated.claims:
            return False
        content, updates = replica.untried()
        size = len(content) + sum(map(len, updates))
        try:
            found = await self._aside.run(size, contradiction, replica.kind, integrated.claims, content, updates)
        except BaseException as error:  # whoever folds the log compares them as well
            if not is_fault(error):
                raise
            log.error("entries of a log could not be compared", document=document, why=repr(error))
            return False
        return found is not None

    async def covered(self, document: str) -> dict[str, int]:
        """Process → newest number in the snapshot of ``document``. Raises DocumentNotFound, DocumentGone."""
        record = await self._documents.find_one({"_id": document}, {"snapshot": 1, "gone_at": 1})
        if record is None:
            raise DocumentNotFound(document)
        if record.get("gone_at") is not None:
            raise DocumentGone(document)
        return _covered(record)

    async def covered_of_many(self, documents: Collection[str]) -> dict[str, dict[str, int]]:
        """As `covered`, with one query for all. What is not there, or gone, is left out."""
        query = {"_id": {"$in": list(documents)}, "gone_at": None}
        return {record["_id"]: _covered(record) async for record in self._documents.find(query, {"snapshot": 1})}

    async def compact(self, document: str) -> bool:
        """Fold the log into a new snapshot. Returns whether it did (False: another compaction was quicker).

        Raises:
            TooCostly, collab.durable.folding.Contradicted: nothing has changed.
            As `load`.
        """
        record, previous, entries = await self._read(document)
        pointer = record.get("snapshot")
        folded = await self._folded(record, previous, entries)
        if folded is None:
            return False
        # Named by its content and by this attempt: who loses the race removes what it wrote, and by its content alone
        # that might be what a third one, which has folded the same by now, has just made the pointer name.
        key = f"snapshots/{document}/{folded.hash}.{uuid4().hex[:16]}"
        await self._objects.put(key, folded.snapshot)
        taken = [entries[index] for index in folded.entries]
        successor = {"key": key, "size": len(folded.snapshot), "covers": _covers(pointer, taken)}
        successor |= {"paired": folded.paired, "structs": asdict(folded.structs)}
        successor["state"] = folded.state if len(folded.state) <= LARGEST_STATE else None
        swung = await self._documents.update_one(
            {"_id": document, "snapshot.key": pointer["key"]} if pointer else {"_id": document, "snapshot": None},
            {"$set": {"snapshot": successor}},
        )
        if swung.matched_count == 0:
            current = await self._documents.find_one({"_id": document})
            # A swing of which the answer was lost, and which the driver sent again, only looks like a lost race.
            if current is None or (current.get("snapshot") or {}).get("key") != key:
                await self._objects.delete(key)
                return False
        await self._updates.delete(taken)
        if pointer:
            await self._objects.delete(pointer["key"])
        return True

    async def salvage(self, document: str) -> str:
        """The text, however long that takes, also of a document that is gone.

        Raises:
            TooCostly: longer than `collab.durable.folding.SALVAGING`.
            As `load`.
        """
        _, previous, entries = await self._read(document)
        size = len(previous or b"") + sum(len(entry.update) for entry in entries)
        try:
            return await self._salvaging.attempt(max(size, LARGE), salvage, previous, entries)
        except TookTooLong as error:
            raise TooCostly(document) from error

    async def _folded(
        self, record: dict[str, Any], previous: bytes | None, entries: Sequence[LogEntry]
    ) -> Folded | None:
        """Every snapshot of a text was built once, in a process of its own, before a record points to it."""
        size = len(previous or b"") + sum(len(entry.update) for entry in entries)
        structs = _structs_of(record, previous)
        if record["kind"] != "text" or not (await asyncio.to_thread(counted, structs, entries)).doubtful(size):
            folding = self._aside.run(size, fold, record["kind"], previous, structs, entries)
        else:
            folding = self._aside.attempt_twice(size, attempt, record["kind"], previous, entries)
        try:
            return await folding
        except (TookTooLong, TooManyStructs) as error:
            raise TooCostly(record["_id"]) from error


def _replica_of(record: dict[str, Any], snapshot: bytes | None) -> Replica:
    pointer = record.get("snapshot") or {}
    structs = _structs_of(record, snapshot)
    return Replica(record["kind"], snapshot, state=pointer.get("state"), paired=pointer.get("paired"), structs=structs)


def _structs_of(record: dict[str, Any], snapshot: bytes | None) -> Structs:
    kept = (record.get("snapshot") or {}).get("structs")
    return Structs(**kept) if kept else Structs.unknown(snapshot or NOTHING)


def _covered(record: dict[str, Any]) -> dict[str, int]:
    return {item["process"]: item["last"] for item in (record.get("snapshot") or {}).get("covers", [])}


def _covers(pointer: dict[str, Any] | None, folded: Iterable[LogEntry]) -> list[dict[str, Any]]:
    """The numbers that the new snapshot contains, per process; processes long silent are forgotten."""
    now = datetime.now(UTC)
    covers = {item["process"]: item for item in (pointer or {}).get("covers", []) if now - item["at"] < FORGET_PROCESS}
    for entry in sorted(folded, key=lambda e: e.first):
        before = covers.get(entry.process, {"last": 0})["last"]
        if entry.first > before + 1:
            continue  # what lies between was missed by this reading of the log
        last = max(entry.last, before)
        covers[entry.process] = {"process": entry.process, "last": last, "at": now}
    return list(covers.values())
