"""Results that are longer than one reply."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import Int64
from bson.raw_bson import RawBSONDocument

from storage.embedded.errors import CommandError
from storage.embedded.projecting import project
from storage.embedded.tables import MOST_BYTES, Document, Row, Tables, decode

_CURSOR_NOT_FOUND = 43
_MOST_DOCUMENTS = 100_000  # of a reply, when the client names no size


@dataclass
class _Cursor:
    """The places of the documents that are still to be sent, not their bytes: an export may be larger than memory."""

    namespace: str
    places: list[int]
    projection: Mapping[str, Any]
    owner: int


class Cursors:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._open: dict[int, _Cursor] = {}
        self._numbers = itertools.count(1)
        self.owner = 0  # the connection whose command runs now

    def open(self, namespace: str, rows: Iterator[Row], projection: Mapping[str, Any], size: int) -> dict[str, Any]:
        """The first `size` documents, and a cursor for the others."""
        batch: list[Any] = []
        total = 0
        places: list[int] = []
        for row in rows:
            if places or len(batch) >= size or total + len(row.raw) > MOST_BYTES > total > 0:
                places.append(row.number)
            else:
                batch.append(_shape(row.raw, projection))
                total += len(row.raw)
        number = next(self._numbers) if places else 0
        if places:
            self._open[number] = _Cursor(namespace, places, projection, self.owner)
        return {"cursor": {"id": Int64(number), "ns": namespace, "firstBatch": batch}}

    def more(self, number: int, size: int) -> dict[str, Any]:
        """The next `size` documents (0: as many as fit). Those deleted meanwhile are left out."""
        cursor = self._open.get(number)
        collection = self._tables.find_collection(cursor.namespace) if cursor else None
        if cursor is None or collection is None:
            raise CommandError(_CURSOR_NOT_FOUND, f"cursor id {number} not found")
        batch: list[Any] = []
        total = 0
        taken = 0
        for place in cursor.places[: size or _MOST_DOCUMENTS]:
            raw = self._tables.get(collection, place)
            if raw is not None:
                if total and total + len(raw) > MOST_BYTES:
                    break
                batch.append(_shape(raw, cursor.projection))
                total += len(raw)
            taken += 1
        cursor.places = cursor.places[taken:]
        if not cursor.places:
            del self._open[number]
            number = 0
        return {"cursor": {"id": Int64(number), "ns": cursor.namespace, "nextBatch": batch}}

    def kill(self, numbers: list[int]) -> list[int]:
        return [number for number in numbers if self._open.pop(int(number), None)]

    def drop_owner(self, owner: int) -> None:
        for number in [number for number, cursor in self._open.items() if cursor.owner == owner]:
            del self._open[number]


def _shape(raw: bytes, projection: Mapping[str, Any]) -> Document | RawBSONDocument:
    # Without a projection the stored bytes go into the reply as they are.
    return project(decode(raw), projection) if projection else RawBSONDocument(raw)
