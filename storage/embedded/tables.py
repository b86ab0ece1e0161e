"""Collections and their indexes in SQLite tables. The only module that runs SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bson
from bson.codec_options import CodecOptions, DatetimeConversion

from storage.embedded.errors import DUPLICATE_KEY, INDEX_EXISTS, TOO_LARGE, CommandError, unsupported
from storage.embedded.matching import MISSING, compile_filter, reach
from storage.embedded.ordering import encode, invert
from storage.embedded.planning import IndexSpec, Sort, choose

Document = dict[str, Any]

MOST_BYTES = 16 * 1024 * 1024  # of a document, as in MongoDB
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # syncs the log at every commit; the default of WAL mode does not
    "fullfsync = ON",  # on macOS, where a plain sync leaves the data in the drive's cache
    "cache_size = -8192",  # KiB; what else was read lies in the system's cache, a call away
    "journal_size_limit = 67108864",  # bytes
)
_ID = IndexSpec("_id_", (("_id", 1),), unique=True)
_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO)


def decode(raw: bytes) -> Document:
    return bson.decode(raw, _CODEC)


@dataclass(frozen=True)
class Row:
    """A stored document: its place, its bytes and what they say."""

    number: int
    raw: bytes
    document: Document


@dataclass
class Collection:
    """The tables `d<table>` (documents) and `i<number>` (one per index)."""

    namespace: str  # "<database>.<collection>"
    table: int
    indexes: dict[str, tuple[int, IndexSpec]] = field(default_factory=dict)  # by name, without the one on _id

    @property
    def specs(self) -> list[IndexSpec]:
        return [_ID, *(spec for _, spec in self.indexes.values())]


class Tables:
    """One SQLite file. Not for use by two threads.

    Every write belongs to a transaction that `commit` ends: when it returns, the writes survive a power cut.
    """

    def __init__(self, path: Path) -> None:
        self._sql = sqlite3.connect(path, isolation_level=None, cached_statements=1024)
        for pragma in _PRAGMAS:
            self._sql.execute(f"PRAGMA {pragma}")
        self._sql.execute("CREATE TABLE IF NOT EXISTS collections (number INTEGER PRIMARY KEY, namespace TEXT UNIQUE)")
        self._sql.execute(
            "CREATE TABLE IF NOT EXISTS indexes (number INTEGER PRIMARY KEY, collection INTEGER, spec BLOB)"
        )
        self._collections: dict[str, Collection] = {}
        self._load()

    def _load(self) -> None:
        self._collections = {
            namespace: Collection(namespace, number)
            for number, namespace in self._sql.execute("SELECT number, namespace FROM collections")
        }
        by_number = {collection.table: collection for collection in self._collections.values()}
        for number, owner, spec in self._sql.execute("SELECT number, collection, spec FROM indexes ORDER BY number"):
            values = decode(spec)
            fields = tuple((name, direction) for name, direction in values.pop("fields"))
            index = IndexSpec(fields=fields, **values)
            by_number[owner].indexes[index.name] = number, index

    def close(self) -> None:
        self._sql.close()

    # Transactions

    def begin(self) -> None:
        """Starts a transaction unless one runs."""
        if not self._sql.in_transaction:
            self._sql.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        if self._sql.in_transaction:
            self._sql.execute("COMMIT")

    def rollback(self) -> None:
        if self._sql.in_transaction:
            self._sql.execute("ROLLBACK")
        self._load()

    # Collections and indexes

    def find_collection(self, namespace: str) -> Collection | None:
        return self._collections.get(namespace)

    def namespaces(self) -> Iterable[str]:
        return self._collections.keys()

    def make_collection(self, namespace: str) -> Collection:
        """The collection of this name, made if it is not there."""
        if collection := self._collections.get(namespace):
            return collection
        self.begin()
        number = self._sql.execute("INSERT INTO collections (namespace) VALUES (?)", (namespace,)).lastrowid
        assert number is not None
        self._sql.execute(f"CREATE TABLE d{number} (row INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, doc BLOB)")
        collection = self._collections[namespace] = Collection(namespace, number)
        return collection

    def drop_collection(self, namespace: str) -> bool:
        collection = self._collections.get(namespace)
        if collection is None:
            return False
        for name in list(collection.indexes):
            self.drop_index(collection, name)
        self._sql.execute(f"DROP TABLE d{collection.table}")
        self._sql.execute("DELETE FROM collections WHERE number = ?", (collection.table,))
        del self._collections[namespace]
        return True

    def make_index(self, collection: Collection, spec: IndexSpec) -> bool:
        """False when it was there. Raises `CommandError` when documents break its rule, or another has its name."""
        if present := collection.indexes.get(spec.name):
            if present[1] != spec:
                raise CommandError(INDEX_EXISTS, f"an index {spec.name!r} exists with other options")
            return False
        if spec.fields == _ID.fields:
            return False
        self.begin()
        number = self._sql.execute(
            "INSERT INTO indexes (collection, spec) VALUES (?, ?)",
            (collection.table, bson.encode({**vars(spec), "fields": [list(pair) for pair in spec.fields]})),
        ).lastrowid
        assert number is not None
        self._sql.execute(f"CREATE TABLE i{number} (key BLOB, row INTEGER, PRIMARY KEY (key, row)) WITHOUT ROWID")
        collection.indexes[spec.name] = number, spec
        try:
            for row in self._all(collection):
                if (key := _index_key(spec, row.document)) is not None:
                    self._check_unique(collection, number, spec, key, row.number)
                    self._sql.execute(f"INSERT INTO i{number} VALUES (?, ?)", (key, row.number))
        except CommandError:
            self.drop_index(collection, spec.name)
            raise
        return True

    def drop_index(self, collection: Collection, name: str) -> bool:
        if name not in collection.indexes:
            return False
        self.begin()
        number, _ = collection.indexes.pop(name)
        self._sql.execute(f"DROP TABLE i{number}")
        self._sql.execute("DELETE FROM indexes WHERE number = ?", (number,))
        return True

    # Documents

    def insert(self, collection: Collection, document: Document, raw: bytes) -> None:
        """Raises `CommandError`: a duplicate key, or too large."""
        keys = self._checked_keys(collection, document, raw, None)
        self.begin()
        try:
            row = self._sql.execute(
                f"INSERT INTO d{collection.table} (id, doc) VALUES (?, ?)", (_identity(document), raw)
            ).lastrowid
        except sqlite3.IntegrityError:
            raise _duplicate(collection, _ID, document["_id"]) from None
        for number, key in keys.items():
            if key is not None:
                self._sql.execute(f"INSERT INTO i{number} VALUES (?, ?)", (key, row))

    def replace(self, collection: Collection, row: Row, document: Document) -> bool:
        """False when nothing changed. The `_id` must be the same. Raises `CommandError`."""
        try:
            raw = bson.encode(document)
        except OverflowError as error:
            raise CommandError(TOO_LARGE, str(error)) from None
        if raw == row.raw:
            return False
        keys = self._checked_keys(collection, document, raw, row.number)
        self.begin()
        self._sql.execute(f"UPDATE d{collection.table} SET doc = ? WHERE row = ?", (raw, row.number))
        for number, spec in collection.indexes.values():
            old, new = _index_key(spec, row.document), keys[number]
            if old != new:
                if old is not None:
                    self._sql.execute(f"DELETE FROM i{number} WHERE key = ? AND row = ?", (old, row.number))
                if new is not None:
                    self._sql.execute(f"INSERT INTO i{number} VALUES (?, ?)", (new, row.number))
        return True

    def delete(self, collection: Collection, row: Row) -> None:
        self.begin()
        self._sql.execute(f"DELETE FROM d{collection.table} WHERE row = ?", (row.number,))
        for number, spec in collection.indexes.values():
            if (key := _index_key(spec, row.document)) is not None:
                self._sql.execute(f"DELETE FROM i{number} WHERE key = ? AND row = ?", (key, row.number))

    def get(self, collection: Collection, number: int) -> bytes | None:
        """The bytes of the document in this place, if it is still there."""
        found = self._sql.execute(f"SELECT doc FROM d{collection.table} WHERE row = ?", (number,)).fetchone()
        return found[0] if found else None

    def count(self, collection: Collection) -> int:
        return int(self._sql.execute(f"SELECT count(*) FROM d{collection.table}").fetchone()[0])

    def find(self, collection: Collection, filter_: Mapping[str, Any], sort: Sort = ()) -> Iterator[Row]:
        """The matching documents, in the order of `sort`. The caller must not write before it has read all it wants."""
        matches: Callable[[Mapping[str, Any]], bool] = compile_filter(filter_)
        access = choose(filter_, sort, collection.specs)
        rows = self._all(collection) if access is None else self._stretches(collection, access)
        found = (row for row in rows if matches(row.document))
        if not sort or (access is not None and access.ordered):
            return found
        return iter(sorted(found, key=lambda row: _sort_key(row.document, sort)))

    def _all(self, collection: Collection) -> Iterator[Row]:
        for number, raw in self._sql.execute(f"SELECT row, doc FROM d{collection.table} ORDER BY row"):
            yield Row(number, raw, decode(raw))

    def _stretches(self, collection: Collection, access: Any) -> Iterator[Row]:
        documents = f"d{collection.table}"
        order = "DESC" if access.reverse else "ASC"
        if access.index is _ID:
            query = f"SELECT row, doc FROM {documents} WHERE id >= ? AND id < ? ORDER BY id {order}"
        else:
            index = f"i{collection.indexes[access.index.name][0]}"
            query = (
                f"SELECT d.row, d.doc FROM {index} AS i JOIN {documents} AS d ON d.row = i.row "
                f"WHERE i.key >= ? AND i.key < ? ORDER BY i.key {order}"
            )
        for low, high in access.stretches:
            for number, raw in self._sql.execute(query, (low, high)):
                yield Row(number, raw, decode(raw))

    def _checked_keys(
        self, collection: Collection, document: Document, raw: bytes, row: int | None
    ) -> dict[int, bytes | None]:
        """The key in each index but that on `_id`.

        All rules are checked before anything is written: a refused document leaves no trace.
        """
        if len(raw) > MOST_BYTES:
            raise CommandError(TOO_LARGE, f"a document of {len(raw):,} bytes; {MOST_BYTES:,} is the most")
        keys: dict[int, bytes | None] = {}
        for number, spec in collection.indexes.values():
            key = keys[number] = _index_key(spec, document)
            if key is not None:
                self._check_unique(collection, number, spec, key, row)
        return keys

    def _check_unique(self, collection: Collection, number: int, spec: IndexSpec, key: bytes, row: int | None) -> None:
        if spec.unique:
            found = self._sql.execute(f"SELECT row FROM i{number} WHERE key = ?", (key,)).fetchone()
            if found and found[0] != row:
                raise _duplicate(collection, spec, dict(spec.fields))


def _duplicate(collection: Collection, spec: IndexSpec, key: Any) -> CommandError:
    return CommandError(
        DUPLICATE_KEY, f"E11000 duplicate key error collection: {collection.namespace} index: {spec.name} key: {key!r}"
    )


def _identity(document: Document) -> bytes:
    identity = document["_id"]
    if isinstance(identity, list):
        raise unsupported("a list as _id")
    return encode(identity)


def _index_key(spec: IndexSpec, document: Document) -> bytes | None:
    """None when a sparse index leaves the document out."""
    values = [list(reach(document, name.split("."))) for name, _ in spec.fields]
    if any(len(reached) != 1 or isinstance(reached[0], list) for reached in values):
        # MongoDB would index every element. A list under an index is refused rather than half served.
        raise unsupported(f"a list in the indexed fields {[name for name, _ in spec.fields]}")
    if spec.sparse and all(reached[0] is MISSING for reached in values):
        return None
    return spec.key([None if reached[0] is MISSING else reached[0] for reached in values])


def _sort_key(document: Document, sort: Sort) -> bytes:
    parts = []
    for name, direction in sort:
        keys = sorted(_sort_keys(list(reach(document, name.split(".")))))
        parts.append(keys[0] if direction > 0 else invert(keys[-1]))
    return b"".join(parts)


def _sort_keys(reached: Sequence[Any]) -> Iterator[bytes]:
    """A list sorts by its least element, or descending by its greatest."""
    for value in reached:
        if isinstance(value, list) and value:
            yield from map(encode, value)
        else:
            yield encode(None if value is MISSING or value == [] else value)
