"""What the files of all workspaces say, in pieces: the truth that every index of them is made from.

A record of collection ``knowledge`` is {_id: document, workspace, revision, path, hash, version, pieces: [{text, first,
last, within, words}]}; without a path it is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ai.knowledge.reading import VERSION, Piece
from ai.knowledge.revisions import Revisions
from storage.mongo import Database, Document


@dataclass(frozen=True, slots=True)
class Holding:
    """What is kept of a document, as of `revision`. `path` is where it was then, None when it is gone."""

    document: str
    revision: int
    path: str | None
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, record: Document) -> "Holding":
        return cls(record["_id"], record["revision"], record["path"], tuple(map(Piece.of, record["pieces"])))


@dataclass(frozen=True, slots=True)
class News:
    """What is to be kept of a document from now on; without a path, nothing. `hash` is that of its content."""

    document: str
    path: str | None = None
    hash: str | None = None
    pieces: Sequence[Piece] = ()

    def record(self) -> Document:
        pieces = [piece.record() for piece in self.pieces]
        return {"version": VERSION, "path": self.path, "hash": self.hash, "pieces": pieces}


class Pieces:
    def __init__(self, db: Database) -> None:
        self._revisions = Revisions(db, "knowledge")
        self._holdings = self._revisions.records
        self.ensure_indexes = self._revisions.ensure_indexes
        self.erase = self._revisions.erase

    async def put(self, workspace: str, news: Sequence[News]) -> None:
        """In place of what is kept of these documents, each of which is named once."""
        await self._revisions.put(workspace, {one.document: one.record() for one in news})

    async def since(self, workspace: str, revision: int, most: int) -> list[Holding]:
        """What was written after `revision`, oldest first: the first of it, some `most` bytes."""
        return [Holding.of(record) for record in await self._revisions.since(workspace, revision, most, _size)]

    async def contents(self, documents: Sequence[str]) -> dict[str, tuple[str, str] | None]:
        """Of those of which something is kept: path and hash of what it was made of, None if by another version."""
        query = {"_id": {"$in": list(documents)}, "path": {"$ne": None}}
        found = self._holdings.find(query, {"path": 1, "hash": 1, "version": 1})
        return {
            record["_id"]: (record["path"], record["hash"]) if record["version"] == VERSION else None
            async for record in found
        }

    async def known(self, workspace: str) -> dict[str, int]:
        """The documents of which something is kept, by this version of how it is made, and as of which revision."""
        wanted = {"workspace": workspace, "path": {"$ne": None}, "version": VERSION}
        found = self._holdings.find(wanted, {"revision": 1})
        return {record["_id"]: record["revision"] async for record in found}

    async def of(self, documents: Sequence[str]) -> list[Holding]:
        found = self._holdings.find({"_id": {"$in": list(documents)}})
        return [Holding.of(record) async for record in found]


def _size(record: Document) -> int:
    return sum(len(piece["text"]) + len(piece["words"]) for piece in record["pieces"])
