"""What pieces mean, as vectors of a model: kept by document, made anew only where a text is another.

A record of collection ``knowledge_vectors`` is {_id: document, workspace, revision, model, keys: [bytes], rows: bytes}:
for each key, `key_of` a text, one row of signed bytes. Directions are all that is compared, so a byte for each number
is enough: of the 50 nearest of 20,000 it finds 49.5 (docs/decisions.md), in a quarter of the room.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from ai.knowledge.pieces import Holding
from ai.knowledge.revisions import Revisions
from ai.models.embedding import Embedder
from storage.mongo import Database, Document

Rows = npt.NDArray[np.int8]


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
        keys = tuple(map(bytes, record["keys"]))
        rows = np.frombuffer(bytes(record["rows"]), np.int8).reshape(len(keys), -1 if keys else 0)
        return cls(record["_id"], record["revision"], record["model"], keys, rows)


def key_of(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


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
        self.head = self._revisions.head
        self.erase = self._revisions.erase

    async def since(self, workspace: str, revision: int, most: int) -> list[Meaning]:
        """What was written after `revision`, oldest first."""
        return [Meaning.of(record) for record in await self._revisions.since(workspace, revision, most)]

    async def known(self, workspace: str) -> set[str]:
        """The documents of which vectors of this model are kept, be it none."""
        wanted = {"workspace": workspace, "model": self._embedder.model}
        return {record["_id"] async for record in self._revisions.records.find(wanted, {"_id": 1})}

    async def learn(self, workspace: str, holdings: Mapping[str, Holding]) -> int:
        """Keep vectors of all pieces of these documents and of no others. Returns how many texts the model was given.

        Raises ai.models.ModelError.
        """
        found = self._revisions.records.find({"_id": {"$in": list(holdings)}})
        known = {record["_id"]: Meaning.of(record) async for record in found}
        texts = {name: {key_of(one.text): one.text for one in holding.pieces} for name, holding in holdings.items()}
        stale = {name for name, wanted in texts.items() if self._differs(known.get(name), wanted)}
        rows: dict[bytes, Rows] = {}
        for name in stale & known.keys():
            if known[name].model == self._embedder.model:
                rows |= dict(zip(known[name].keys, known[name].rows, strict=True))
        missing = {key: text for name in stale for key, text in texts[name].items() if key not in rows}
        if missing:
            made = quantized(await self._embedder.embed(list(missing.values())))
            rows |= dict(zip(missing, made, strict=True))
        if stale:
            await self._revisions.put(workspace, {name: self._record(list(texts[name]), rows) for name in stale})
        return len(missing)

    def _differs(self, known: Meaning | None, wanted: Mapping[bytes, str]) -> bool:
        return known is None or known.model != self._embedder.model or set(known.keys) != wanted.keys()

    def _record(self, keys: list[bytes], rows: Mapping[bytes, Rows]) -> Document:
        return {"model": self._embedder.model, "keys": keys, "rows": b"".join(rows[key].tobytes() for key in keys)}

    async def of(self, question: str) -> Rows:
        """One row. Raises ai.models.ModelError."""
        return quantized(await self._embedder.embed([question]))
