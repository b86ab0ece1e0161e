"""Snapshots: loading a document from its newest snapshot and its log, and folding the log into a new snapshot.

The order of steps is the whole of this file; a crash between any two of them loses nothing.

Loading reads the log **before** the pointer: a compaction that runs in between has put what it deletes from the log
into the snapshot that the pointer then names. The other order leaves a hole (y-crdt #632 and its like).

Compaction writes the new snapshot, swings the pointer with a compare-and-set, and only then deletes exactly the
entries that it folded in. Whoever loses the compare-and-set stops and has changed nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from pycrdt import Doc
from pymongo.asynchronous.database import AsyncDatabase

from collab.aside import Aside, TookTooLong
from collab.known import NOTHING
from collab.log import LogEntry, UpdateLog
from collab.replica import Replica
from collab.surrogates import may_hold_pairs
from collab.trial import Structs, allowed, at_most, build, most_structs
from collab.update import InvalidUpdate, Kind, encode_state_vector, read_update
from storage.objects import ObjectNotFound, ObjectStore

log = structlog.get_logger(__name__)

FORGET_PROCESS = timedelta(days=1)
"""How long a snapshot remembers the numbers of a process that wrote nothing more: longer than a message can travel."""


LARGEST_STATE = 16 * 1024
"""Bytes of a state vector that are kept in a document's record; a longer one is read from the snapshot."""


PATIENCE = 60.0
"""Seconds of CPU for reading a text that takes too long to build, once, before it goes on under a new id."""


class DocumentNotFound(LookupError):
    """No record of such a shared document (or it is a binary file)."""


class DocumentGone(LookupError):
    """The document existed and was closed for good; it never comes back under this id."""


class TooCostly(RuntimeError):
    """What the document has become takes unbearably long to build (`collab.trial`): it must go on under a new id."""


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
    snapshot_size: int
    entries: int
    log_size: int

    @property
    def kind(self) -> Kind:
        return self.replica.kind

    @property
    def doc(self) -> Doc[Any]:
        return self.replica.doc


@dataclass(slots=True)
class Integrated:
    done: list[tuple[LogEntry, bytes]]
    """And what was taken of them."""
    waiting: list[LogEntry]
    """They rest on text that is not there (yet)."""
    spoilt: list[LogEntry]
    """They can never be taken. They are left in the log, for somebody to look at."""


def integrate(replica: Replica, entries: Iterable[LogEntry]) -> Integrated:
    """Take in every entry that has no gap, in whatever order they fit.

    `Doc` keeps an update with a gap aside and drops it from `Doc.get_update`, so nothing with a gap may reach it.
    """
    waiting = list(entries)
    done: list[tuple[LogEntry, bytes]] = []
    spoilt: list[LogEntry] = []
    progress = True
    while progress and waiting:
        progress, rest = False, []
        for entry in waiting:
            try:
                header = read_update(entry.update, replica.kind)
                if replica.gap(header):
                    rest.append(entry)
                    continue
                taken = replica.admit(entry.update, header)
            except InvalidUpdate as error:
                log.error("left an entry of the log out", entry=entry.id, why=str(error))
                spoilt.append(entry)
                continue
            replica.defer(taken.update, header.parts, cuts=taken.cuts)
            done.append((entry, taken.update))
            progress = True
        waiting = rest
    return Integrated(done, waiting, spoilt)


@dataclass(frozen=True, slots=True)
class Folded:
    """A new snapshot, and what the pointer says of it so that opening it need not find out."""

    snapshot: bytes
    hash: str
    """SHA-256, hex."""
    state: bytes
    """Its state vector."""
    paired: bool
    """What `may_hold_pairs` says of it."""
    structs: Structs
    entries: list[int]
    """The indexes of those that are in it."""


def attempt(kind: Kind, previous: bytes | None, entries: Sequence[LogEntry]) -> Folded | None:
    """As `fold`; ends the process when that, or building the new snapshot, takes unbearably long."""
    replica = Replica(kind, previous)
    integrated = integrate(replica, entries)
    with at_most(allowed(previous or NOTHING, *(update for _, update in integrated.done))):
        _ = replica.doc
    if (folded := _fold(replica, integrated, entries)) is None:
        return None
    build(folded.snapshot)
    return replace(folded, structs=Structs(most_structs(folded.snapshot, len(replica.text))))


def fold(kind: Kind, previous: bytes | None, structs: Structs, entries: Sequence[LogEntry]) -> Folded | None:
    """``previous``, which has ``structs``, with all ``entries`` that fit onto it; None when none does."""
    replica = Replica(kind, previous, structs=structs)
    return _fold(replica, integrate(replica, entries), entries)


def _fold(replica: Replica, integrated: Integrated, entries: Sequence[LogEntry]) -> Folded | None:
    # The document's own encoding rather than `merge_updates` of the parts: it is squashed and rid of deleted
    # text, several times smaller. It drops only what does not integrate, and `integrate` let nothing such in.
    snapshot = replica.doc.get_update()
    done = {id(entry) for entry, update in integrated.done if update not in replica.set_aside}
    if not done:
        return None
    return Folded(
        snapshot,
        hashlib.sha256(snapshot).hexdigest(),
        encode_state_vector(replica.state),
        may_hold_pairs(snapshot),
        replica.structs,
        [index for index, entry in enumerate(entries) if id(entry) in done],
    )


def salvage(previous: bytes | None, entries: Sequence[LogEntry]) -> str:
    """The text; ends the process when that takes longer than `PATIENCE`."""
    replica = Replica("text", previous)
    integrate(replica, entries)
    with at_most(PATIENCE):
        return str(replica.text)


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

    async def load(self, document: str) -> Loaded:
        """The document as snapshot and log have it. Subscribe to the document's channel first, then call this.

        Raises:
            DocumentNotFound, DocumentGone, ContentLost
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError: storage is away.
        """
        record, snapshot, entries = await self._read(document)
        if record.get("gone_at") is not None:
            raise DocumentGone(document)
        replica = _replica_of(record, snapshot)
        if entries:
            await replica.known.read_ahead()
        return self._assemble(record, replica, snapshot, entries)

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
                found = self._assemble(record, _replica_of(record, snapshot), snapshot, entries[document])
                if not found.replica.doubtful:
                    _ = found.doc  # what is damaged shows only when it is looked at
                loaded[document] = found
            except (ObjectNotFound, ValueError) as error:  # replaced by a compaction meanwhile, or damaged
                log.info("left out of loading many", document=document, error=str(error))
        return loaded

    @staticmethod
    def _assemble(record: dict[str, Any], replica: Replica, snapshot: bytes | None, entries: list[LogEntry]) -> Loaded:
        covered = {item["process"]: item["last"] for item in (record.get("snapshot") or {}).get("covers", [])}
        integrated = integrate(replica, entries)
        # Also what is spoilt, or it would be looked for again and again.
        for entry in (*(entry for entry, _ in integrated.done), *integrated.spoilt):
            covered[entry.process] = max(covered.get(entry.process, 0), entry.last)
        return Loaded(
            workspace=record["workspace"],
            replica=replica,
            covered=covered,
            waiting=integrated.waiting,
            spoilt=bool(integrated.spoilt),
            snapshot_size=len(snapshot or b""),
            entries=len(entries),
            log_size=sum(len(entry.update) for entry in entries),
        )

    async def covered(self, document: str) -> dict[str, int]:
        """Process → newest number in the snapshot of ``document``. Raises DocumentNotFound, DocumentGone."""
        record = await self._documents.find_one({"_id": document}, {"snapshot": 1, "gone_at": 1})
        if record is None:
            raise DocumentNotFound(document)
        if record.get("gone_at") is not None:
            raise DocumentGone(document)
        return {item["process"]: item["last"] for item in (record.get("snapshot") or {}).get("covers", [])}

    async def compact(self, document: str) -> bool:
        """Fold the log into a new snapshot. Returns whether it did (False: another compaction was quicker).

        Raises:
            TooCostly: nothing has changed.
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
            TooCostly: longer than `PATIENCE`.
            As `load`.
        """
        _, previous, entries = await self._read(document)
        size = len(previous or b"") + sum(len(entry.update) for entry in entries)
        try:
            return await self._aside.attempt(size, salvage, previous, entries)
        except TookTooLong as error:
            raise TooCostly(document) from error

    async def _folded(
        self, record: dict[str, Any], previous: bytes | None, entries: Sequence[LogEntry]
    ) -> Folded | None:
        """Every snapshot of a text was built once, in a process of its own, before a record points to it."""
        size = len(previous or b"") + sum(len(entry.update) for entry in entries)
        structs = _structs_of(record, previous)
        if record["kind"] != "text" or not (await asyncio.to_thread(_with, structs, entries)).doubtful:
            return await self._aside.run(size, fold, record["kind"], previous, structs, entries)
        try:
            return await self._aside.attempt(size, attempt, record["kind"], previous, entries)
        except TookTooLong as error:
            raise TooCostly(record["_id"]) from error


def _replica_of(record: dict[str, Any], snapshot: bytes | None) -> Replica:
    pointer = record.get("snapshot") or {}
    structs = _structs_of(record, snapshot)
    return Replica(record["kind"], snapshot, state=pointer.get("state"), paired=pointer.get("paired"), structs=structs)


def _structs_of(record: dict[str, Any], snapshot: bytes | None) -> Structs:
    kept = (record.get("snapshot") or {}).get("structs")
    return Structs(**kept) if kept else Structs.unknown(snapshot or NOTHING)


def _with(structs: Structs, entries: Iterable[LogEntry]) -> Structs:
    for entry in entries:
        with suppress(InvalidUpdate):  # it stays out
            structs = structs.more(read_update(entry.update, "text").parts)
    return structs


def _covers(pointer: dict[str, Any] | None, folded: Iterable[LogEntry]) -> list[dict[str, Any]]:
    """The numbers that the new snapshot contains, per process; processes long silent are forgotten."""
    now = datetime.now(UTC)
    covers = {item["process"]: item for item in (pointer or {}).get("covers", []) if now - item["at"] < FORGET_PROCESS}
    for entry in folded:
        last = max(entry.last, covers.get(entry.process, {"last": 0})["last"])
        covers[entry.process] = {"process": entry.process, "last": last, "at": now}
    return list(covers.values())
