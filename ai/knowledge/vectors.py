"""What pieces mean, as vectors of a model: kept by document, made anew only where a text is another.

A record of collection ``knowledge_vectors`` is {_id: document, workspace, revision, model, of, keys: [bytes], rows:
bytes}: for each key, that of a piece's text, one row of signed bytes; `of` is the revision of the pieces that they are
of. Directions are all that is compared, so a byte for each number is enough: of the 50 nearest of 20,000 it finds 49.5
(docs/decisions.md), in a quarter of the room.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ai.knowledge.pieces import Holding
from ai.knowledge.revisions import Revisions
from ai.models.embedding import AT_ONCE, Embedder
from ai.prompting.cleaning import cleaned
from storage.mongo import Database, Document

Rows = npt.NDArray[np.int8]

MOST_BYTES = 12_000_000
"""Of the vectors of one document: a record of the database takes 16 MB. Pieces behind them are found by their words."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is kept of a document, as of `revision`: `rows[n]` is that of the text with key `keys[n]`."""

    document: str
    revision: int
    model: str
    keys: tuple[bytes, ...]
    rows: Rows

    @classmethod
    def of(cls, record: Document) -> "Meaning":
        keys, raw = tuple(map(bytes, record["keys"])), bytes(record["rows"])
        if not keys or len(raw) % len(keys):
            keys, raw = (), b""
        rows = np.frombuffer(raw, np.int8).reshape(len(keys), len(raw) // len(keys) if keys else 0)
        return cls(record["_id"], record["revision"], record["model"], keys, rows)


def quantized(vectors: Sequence[Sequence[float]]) -> Rows:
    """Each as signed bytes, its longest number 127."""
    given = np.asarray(vectors, np.float32)
    rows: Rows = np.round(given * (127 / np.abs(given).max(axis=1, keepdims=True))).astype(np.int8)
    return rows


class Vectors:
    def __init__(self, db: Database, embedder: Embedder) -> None:
        self._revisions = Revisions(db, "knowledge_vectors")
        self._embedder = embedder
        self.ensure_indexes = self._revisions.ensure_indexes
        self.erase = self._revisions.erase

    async def since(self, workspace: str, revision: int, most: int) -> list[Meaning]:
        """What was written after `revision`, oldest first: the first of it, some `most` bytes."""
        records = await self._revisions.since(workspace, revision, most, lambda record: len(record["rows"]))
        return [Meaning.of(record) for record in records]

    async def known(self, workspace: str) -> dict[str, int]:
        """The documents of which vectors of this model are kept, be it none, and the revision of what they are of."""
        wanted = {"workspace": workspace, "model": self._embedder.model}
        found = self._revisions.records.find(wanted, {"of": 1})
        return {record["_id"]: record["of"] async for record in found}

    async def forget_empty(self, workspace: str) -> None:
        """That there is nothing of some documents, which may have been so for what was kept from models."""
        await self._revisions.records.delete_many({"workspace": workspace, "keys": []})

    async def learn(self, workspace: str, holdings: Sequence[Holding], check: Callable[[], None]) -> None:
        """Keep vectors of all pieces of these documents and of no others; what is done is kept when the model fails.

        `check` is called before each writing, and raises what is to keep it from being done. Raises
        ai.models.ModelError.
        """
        found = self._revisions.records.find({"_id": {"$in": [one.document for one in holdings]}})
        known = {record["_id"]: record async for record in found}
        some: list[Holding] = []
        missing = 0
        for one in holdings:
            before = known.get(one.document, {"model": None, "of": None})
            if (before["model"], before["of"]) == (self._embedder.model, one.revision):
                continue
            some.append(one)
            missing += len(one.pieces)
            if missing >= AT_ONCE:
                await self._make(workspace, some, known, check)
                some, missing = [], 0
        await self._make(workspace, some, known, check)

    async def _make(
        self, workspace: str, holdings: Sequence[Holding], known: Mapping[str, Document], check: Callable[[], None]
    ) -> None:
        if not holdings:
            return
        texts = {piece.key: piece.text for one in holdings for piece in one.pieces}
        rows: dict[bytes, Rows] = {}
        for one in holdings:
            if (record := known.get(one.document)) is not None and record["model"] == self._embedder.model:
                meaning = Meaning.of(record)
                rows |= dict(zip(meaning.keys, meaning.rows, strict=True))
        made = await self._rows({key: text for key, text in texts.items() if key not in rows})
        if made and any(len(row) != len(next(iter(made.values()))) for key, row in rows.items() if key in texts):
            rows, made = {}, await self._rows(texts)  # the model was exchanged for another of its name
        rows |= made
        check()
        records = {one.document: self._record(one, rows) for one in holdings}
        await self._revisions.put(workspace, records)

    async def _rows(self, texts: Mapping[bytes, str]) -> dict[bytes, Rows]:
        rows: dict[bytes, Rows] = {}
        items = list(texts.items())
        for start in range(0, len(items), AT_ONCE):
            some = items[start : start + AT_ONCE]
            vectors = await self._embedder.embed(await asyncio.to_thread(_shown, [text for _, text in some]))
            made = await asyncio.to_thread(quantized, vectors)
            rows |= dict(zip((key for key, _ in some), made, strict=True))
        if len({len(row) for row in rows.values()}) > 1:
            raise self._embedder.nonsense()
        return rows

    def _record(self, holding: Holding, rows: Mapping[bytes, Rows]) -> Document:
        keys = list({piece.key: None for piece in holding.pieces})
        if keys:
            keys = keys[: max(1, MOST_BYTES // len(rows[keys[0]]))]
        made = b"".join(rows[key].tobytes() for key in keys)
        return {"model": self._embedder.model, "of": holding.revision, "keys": keys, "rows": made}

    async def of(self, question: str) -> Rows:
        """One row. Raises ai.models.ModelError."""
        return quantized(await self._embedder.embed([cleaned(question).text]))


def _shown(texts: Sequence[str]) -> list[str]:
    return [cleaned(text).text for text in texts]
