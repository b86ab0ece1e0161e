"""The records of documents, collection ``documents``: what the tree does not say of a file and people may not change.

A record is {_id, workspace, kind: "text"|"binary"|"tree", format?, size, blob?, drive?, snapshot?, gone_at?, heir?,
created_at, updated_at}. It alone grants access to a document; a node of the tree only places it. It is inserted before
the node that shows it, so that nobody meets a node without a record; a crash between the two leaves a record that
nothing shows. `snapshot` and `gone_at` belong to `collab.durable.snapshots` and `collab.rooms.rooms`, `drive` to
`collab.drive.drive`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from pymongo import ASCENDING, DESCENDING, ReturnDocument, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from collab.documents.textfile import TextFormat

FileKind = Literal["text", "binary"]

BATCH = 1000
"""Ids in one query, and records in one answer: reading more at once would hold up everybody else."""

WRITES = 50
"""Updates in one command."""


@dataclass(frozen=True, slots=True)
class DriveState:
    """What the drive holds of a document (`collab.drive.drive`)."""

    path: str | None = None
    """Where its file is, relative to the workspace; None when it has none."""
    hash: str | None = None
    """SHA-256 of the file at `path`, hex."""
    size: int = 0
    seen_at: datetime | None = None
    """A moment before the text that was written was read."""
    leftovers: tuple[str, ...] = ()
    """Other paths at which a crash may have left a file of this document."""

    def to_record(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "hash": self.hash,
            "size": self.size,
            "seen_at": self.seen_at,
            "leftovers": list(self.leftovers),
        }


@dataclass(frozen=True, slots=True)
class FileSummary:
    kind: FileKind
    size: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """What is about to go into an heir: put on record before it goes there, so that nothing goes there twice."""

    updates: str
    """Key of the object with the Yjs updates, as lib0 byte arrays one after the other."""
    growth: int
    """Bytes by which they make the text longer."""
    carried: dict[str, int]
    """As `Heir.carried`, once they are there."""


@dataclass(frozen=True, slots=True)
class Heir:
    """The document as which another goes on, for as long as something may still be written to that."""

    document: str
    brought: str
    """Key of the object with the update that has put there what has gone there so far."""
    carried: dict[str, int]
    """Writer → number in the other's log, up to which that is."""
    owner: str
    at: datetime
    """When its owner has last seen to it."""
    since: datetime
    """When something has last gone there."""
    pending: Pending | None = None

    @property
    def objects(self) -> list[str]:
        """Keys of the objects that it needs."""
        return [self.brought] if self.pending is None else [self.brought, self.pending.updates]

    def record(self) -> dict[str, Any]:
        pending = self.pending and asdict(self.pending) | {"carried": _listed(self.pending.carried)}
        return {
            "document": self.document,
            "brought": self.brought,
            "carried": _listed(self.carried),
            "pending": pending,
            "owner": self.owner,
            "at": self.at,
            "since": self.since,
        }

    @classmethod
    def of(cls, record: dict[str, Any]) -> Heir:
        pending = record.get("pending")
        return cls(
            record["document"],
            record["brought"],
            _numbers(record["carried"]),
            record["owner"],
            record["at"],
            record.get("since", record["at"]),  # of older ones it was the same
            Pending(pending["updates"], pending["growth"], _numbers(pending["carried"])) if pending else None,
        )


def _listed(numbers: dict[str, int]) -> list[dict[str, Any]]:
    # Names of writers hold dots, which names of fields may not.
    return [{"writer": writer, "last": last} for writer, last in numbers.items()]


def _numbers(listed: Iterable[dict[str, Any]]) -> dict[str, int]:
    return {item["writer"]: item["last"] for item in listed}


@dataclass(frozen=True, slots=True)
class FileRecord:
    id: str
    workspace: str
    kind: FileKind
    size: int
    """Bytes of the plain file, for a text as of its last settle."""
    updated_at: datetime
    format: TextFormat = field(default_factory=TextFormat)
    blob: str | None = None
    """Of a binary file: SHA-256 of its content, hex."""
    drive: DriveState = field(default_factory=DriveState)
    folded_at: datetime | None = None
    """When something of it last went from the log into its snapshot."""

    @classmethod
    def new(cls, workspace: str, kind: FileKind, size: int, **more: Any) -> FileRecord:
        return cls(uuid4().hex, workspace, kind, size, now(), **more)

    def to_record(self) -> dict[str, Any]:
        return {
            "_id": self.id,
            "workspace": self.workspace,
            "kind": self.kind,
            "size": self.size,
            "format": self.format.to_record() if self.kind == "text" else None,
            "blob": self.blob,
            "drive": self.drive.to_record(),
            "snapshot": None,
            "gone_at": None,
            "created_at": self.updated_at,
            "updated_at": self.updated_at,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> FileRecord:
        drive = record["drive"]
        return cls(
            record["_id"],
            record["workspace"],
            record["kind"],
            record["size"],
            record["updated_at"],
            TextFormat.from_record(record["format"]),
            record["blob"],
            replace(DriveState(**drive), leftovers=tuple(drive["leftovers"])),
            max((item["at"] for item in (record["snapshot"] or {}).get("covers", [])), default=None),
        )


def now() -> datetime:
    """The time as the database keeps it, in whole milliseconds."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def tree_id(workspace: str) -> str:
    """The document that holds the tree of ``workspace``; never the id of a file, which is 32 hex digits."""
    return f"{workspace}.tree"


def blob_folder(workspace: str) -> str:
    return f"blobs/{workspace}/"


def blob_key(workspace: str, sha256: str) -> str:
    return blob_folder(workspace) + sha256


def drive_folder(workspace: str) -> str:
    return f"drive/{workspace}/"


def drive_key(workspace: str, path: str) -> str:
    return drive_folder(workspace) + path


class Documents:
    """Access to the records. Every method raises pymongo.errors.PyMongoError when the database is away."""

    def __init__(self, db: AsyncDatabase[dict[str, Any]]) -> None:
        self._records = db["documents"]

    async def ensure_indexes(self) -> None:
        await self._records.create_index([("workspace", ASCENDING), ("drive.path", ASCENDING)])
        await self._records.create_index([("workspace", ASCENDING), ("updated_at", DESCENDING)])

    async def create_tree(self, workspace: str) -> None:
        """Give a new workspace its empty tree. Safe to repeat."""
        moment = now()
        record = {"_id": tree_id(workspace), "workspace": workspace, "kind": "tree", "snapshot": None, "gone_at": None}
        try:
            await self._records.insert_one({**record, "created_at": moment, "updated_at": moment})
        except DuplicateKeyError:
            return

    async def insert(self, records: Sequence[FileRecord]) -> None:
        if records:
            await self._records.insert_many([record.to_record() for record in records], ordered=False)

    async def find(self, document: str) -> FileRecord | None:
        """The record of a file; None for a tree, an unknown id or a document that is gone."""
        record = await self._records.find_one({"_id": document})
        return _file(record)

    async def find_all(self, documents: Iterable[str]) -> dict[str, FileRecord]:
        """By id; what has no record is left out."""
        ids = list(documents)
        found: dict[str, FileRecord] = {}
        for start in range(0, len(ids), BATCH):
            async for record in self._records.find({"_id": {"$in": ids[start : start + BATCH]}}):
                if (file := _file(record)) is not None:
                    found[file.id] = file
        return found

    async def of_workspace(self, workspace: str) -> dict[str, FileRecord]:
        """Every file of ``workspace`` by id, in the tree or not."""
        records = self._records.find({"workspace": workspace}, batch_size=BATCH)
        return {file.id: file async for record in records if (file := _file(record)) is not None}

    async def newest(self, workspace: str, most: int) -> dict[str, FileRecord]:
        """The files of ``workspace`` that have settled last, the newest first, in the tree or not."""
        found = self._records.find({"workspace": workspace}).sort([("updated_at", DESCENDING)]).limit(most)
        return {file.id: file async for record in found if (file := _file(record)) is not None}

    async def summaries(self, workspace: str) -> dict[str, FileSummary]:
        """As `of_workspace`, without what a list of files does not show."""
        shown = {"kind": 1, "size": 1, "updated_at": 1, "gone_at": 1}
        return {
            record["_id"]: FileSummary(record["kind"], record["size"], record["updated_at"])
            async for record in self._records.find({"workspace": workspace}, shown, batch_size=BATCH)
            if record["kind"] != "tree" and record["gone_at"] is None
        }

    async def ids(self, workspace: str) -> list[str]:
        """Of every record of ``workspace``, its tree included and whatever is gone."""
        return [record["_id"] async for record in self._records.find({"workspace": workspace}, {"_id": 1})]

    async def snapshot_keys(self, documents: Sequence[str]) -> list[str]:
        records = self._records.find({"_id": {"$in": list(documents)}}, {"snapshot": 1})
        return [snapshot["key"] async for record in records if (snapshot := record.get("snapshot"))]

    async def workspaces(self) -> list[str]:
        """Ids of the workspaces that have a tree."""
        return [record["workspace"] async for record in self._records.find({"kind": "tree"}, {"workspace": 1})]

    async def set_content(self, record: FileRecord) -> None:
        """Store what ``record`` says of the content: format, blob, size and time."""
        fields: dict[str, Any] = {"size": record.size, "blob": record.blob, "updated_at": record.updated_at}
        if record.kind == "text":
            fields["format"] = record.format.to_record()
        await self._records.update_one({"_id": record.id}, {"$set": fields})

    async def set_heir(self, document: str, heir: Heir) -> None:
        """``document`` is about to go on as ``heir`` (`collab.history.renewal`)."""
        await self._records.update_one({"_id": document}, {"$set": {"heir": heir.record()}})

    async def heir(self, document: str) -> Heir | None:
        """What is on record of the renewal of ``document``; its switch may never have been made."""
        record = await self._records.find_one({"_id": document, "heir.document": {"$exists": True}}, {"heir": 1})
        return Heir.of(record["heir"]) if record is not None else None

    async def heirs(self, workspace: str) -> dict[str, Heir]:
        """Document → heir, of those that were renewed lately."""
        query = {"workspace": workspace, "heir.document": {"$exists": True}}
        return {record["_id"]: Heir.of(record["heir"]) async for record in self._records.find(query, {"heir": 1})}

    async def see_to_heir(self, document: str, owner: str) -> Heir | None:
        """What is on record of the renewal of ``document``, which stays ``owner``'s for a while, or None."""
        mine = {"_id": document, "heir.owner": owner}
        seen_to = {"$set": {"heir.at": now()}}
        found = await self._records.find_one_and_update(mine, seen_to, return_document=ReturnDocument.AFTER)
        return Heir.of(found["heir"]) if found is not None else None

    async def put_heir(self, document: str, heir: Heir) -> bool:
        """More of ``document`` has gone to ``heir``, or is about to; False when that is not its owner's any more."""
        mine = {"_id": document, "heir.owner": heir.owner}
        return (await self._records.update_one(mine, {"$set": {"heir": heir.record()}})).matched_count == 1

    async def take_over_heir(self, document: str, owner: str, untouched_since: datetime) -> Heir | None:
        """What is on record, which is ``owner``'s now: it was before, or nobody has seen to it since then. Or None."""
        free = {"_id": document, "$or": [{"heir.owner": owner}, {"heir.at": {"$lte": untouched_since}}]}
        taken = {"$set": {"heir.owner": owner, "heir.at": now()}}
        found = await self._records.find_one_and_update(free, taken, return_document=ReturnDocument.AFTER)
        return Heir.of(found["heir"]) if found is not None else None

    async def forget_heir(self, document: str) -> None:
        """Nothing more of ``document`` will go there."""
        await self._records.update_one({"_id": document}, {"$unset": {"heir": 1}})

    async def claims(self, workspace: str, paths: Iterable[str]) -> dict[str, str]:
        """Of ``paths`` on the drive those that some document claims: path → its id."""
        wanted = list(paths)
        found: dict[str, str] = {}
        for start in range(0, len(wanted), BATCH):
            query = {"workspace": workspace, "drive.path": {"$in": wanted[start : start + BATCH]}}
            async for record in self._records.find(query, {"drive": 1}):
                found[record["drive"]["path"]] = record["_id"]
        return found

    async def claimed_paths(self, workspace: str) -> dict[str, str]:
        """Document → path of its file on the drive, for all that have one."""
        records = self._records.find({"workspace": workspace}, {"drive": 1}, batch_size=BATCH)
        return {record["_id"]: path async for record in records if (path := (record.get("drive") or {}).get("path"))}

    async def set_drive(self, states: Sequence[tuple[FileRecord, DriveState]]) -> None:
        """Store what the drive holds of each document, and of a text what that says of its size and age."""
        writes = []
        for record, state in states:
            fields: dict[str, Any] = {"drive": state.to_record()}
            if record.kind == "text" and state.hash is not None:
                fields["size"] = state.size
                if record.drive.hash not in (None, state.hash):
                    fields["updated_at"] = state.seen_at
            writes.append(UpdateOne({"_id": record.id}, {"$set": fields}))
        # A database that looks at every record for each of them should still answer before the driver gives up.
        for start in range(0, len(writes), WRITES):
            await self._records.bulk_write(writes[start : start + WRITES], ordered=False)

    async def delete(self, documents: Iterable[str]) -> None:
        ids = list(documents)
        for start in range(0, len(ids), BATCH):
            await self._records.delete_many({"_id": {"$in": ids[start : start + BATCH]}})


def _file(record: dict[str, Any] | None) -> FileRecord | None:
    if record is None or record["kind"] == "tree" or record.get("gone_at") is not None:
        return None
    return FileRecord.from_record(record)
