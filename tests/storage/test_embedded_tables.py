"""Indexes never change what is found, only how fast; and a transaction is whole or nothing."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.embedded.errors import DUPLICATE_KEY, CommandError
from storage.embedded.ordering import encode
from storage.embedded.planning import IndexSpec, choose
from storage.embedded.tables import Collection, Tables
from tests.storage.bson_values import NAMES, scalars

WITH_INDEXES = [
    IndexSpec("a", (("a", 1),)),
    IndexSpec("a down", (("a", -1),)),
    IndexSpec("a b", (("a", 1), ("b", 1))),
    IndexSpec("b a down", (("b", 1), ("a", -1))),
    IndexSpec("b down a", (("b", -1), ("a", 1))),
    IndexSpec("c a b", (("c", 1), ("a", 1), ("b", 1))),
]


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    opened = Tables(tmp_path / "documents.sqlite")
    yield opened
    opened.close()


def insert(tables: Tables, collection: Collection, document: dict[str, Any]) -> None:
    tables.insert(collection, document, bson.encode(document))


# Few distinct values, so that conditions match something.
some_scalars = st.sampled_from([None, True, 0, 1, 2.5, 3, "x", "y", b"z", datetime(2020, 1, 1, tzinfo=UTC)])
conditions = st.one_of(
    some_scalars,
    st.fixed_dictionaries({}, optional=dict.fromkeys(("$gt", "$gte", "$lt", "$lte", "$ne", "$eq"), some_scalars)),
    st.lists(some_scalars, max_size=3).map(lambda items: {"$in": items}),
    st.lists(some_scalars, max_size=3).map(lambda items: {"$nin": items}),
    st.booleans().map(lambda there: {"$exists": there}),
)
fields = st.dictionaries(st.sampled_from([*NAMES, "_id"]), conditions, max_size=3)
filters = st.one_of(
    fields,
    st.lists(fields, min_size=1, max_size=3).map(lambda parts: {"$or": parts}),
    st.tuples(fields, st.lists(fields, min_size=1, max_size=2)).map(lambda pair: {**pair[0], "$or": pair[1]}),
    st.lists(fields, min_size=1, max_size=2).map(lambda parts: {"$and": parts}),
)
sorts = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([1, -1]), max_size=2).map(lambda sort: [*sort.items()])
flat_documents = st.dictionaries(st.sampled_from(NAMES), some_scalars, max_size=3)


@settings(max_examples=100)
@given(
    stored=st.lists(flat_documents, max_size=12),
    changes=st.lists(st.tuples(st.integers(0, 11), flat_documents | st.none()), max_size=6),
    wanted=st.lists(st.tuples(filters, sorts), min_size=1, max_size=4),
)
def test_with_and_without_indexes_the_same_is_found(
    stored: list[dict[str, Any]], changes: list[Any], wanted: list[Any]
) -> None:
    tables = Tables(Path(":memory:"))
    try:
        plain, indexed = tables.make_collection("db.plain"), tables.make_collection("db.indexed")
        for spec in WITH_INDEXES[::2]:
            tables.make_index(indexed, spec)
        for number, document in enumerate(stored):
            for collection in (plain, indexed):
                insert(tables, collection, {"_id": number, **document})
        for spec in WITH_INDEXES[1::2]:
            tables.make_index(indexed, spec)
        for number, change in changes:
            for collection in (plain, indexed):
                for row in list(tables.find(collection, {"_id": number})):
                    if change is None:
                        tables.delete(collection, row)
                    else:
                        tables.replace(collection, row, {"_id": number, **change})
        for filter_, sort in wanted:
            order = [*sort, ("_id", 1)]
            found = [[row.raw for row in tables.find(collection, filter_, order)] for collection in (plain, indexed)]
            assert found[0] == found[1]
            by_index = [row.document for row in tables.find(indexed, filter_, sort)]
            assert sorted(map(bson.encode, by_index)) == sorted(found[0])
            keys = [[encode(document.get(name)) for name, _ in sort] for document in by_index]
            assert keys == [[encode(bson.decode(raw).get(name)) for name, _ in sort] for raw in found[0]]
    finally:
        tables.close()


def test_the_narrowest_index_is_chosen() -> None:
    indexes = [IndexSpec("_id_", (("_id", 1),), unique=True), *WITH_INDEXES]

    def chosen(filter_: dict[str, Any], sort: Any = ()) -> tuple[str, bool, bool] | None:
        access = choose(filter_, sort, indexes)
        return (access.index.name, access.ordered, access.reverse) if access else None

    assert chosen({"_id": "x", "z": 1}) == ("_id_", False, False)
    assert chosen({"a": 1, "b": {"$gt": 2}}, [("b", 1)]) == ("a b", True, False)
    assert chosen({"a": 1, "b": {"$gt": 2}}, [("b", -1)]) == ("a b", True, True)
    assert chosen({"b": 1}, [("a", -1)]) == ("b a down", True, False)
    assert chosen({"b": {"$in": [1, 2]}}, [("a", -1)]) == ("b a down", False, False)
    assert chosen({"c": 1, "a": 1, "b": 1}) == ("c a b", False, False)
    assert chosen({"z": 1}) is None
    assert chosen({"$or": [{"a": 1}, {"b": 1}]}) is None


@settings(max_examples=50)
@given(st.lists(st.tuples(scalars, scalars), max_size=10))
def test_a_unique_index_holds(pairs: list[tuple[Any, Any]]) -> None:
    tables = Tables(Path(":memory:"))
    collection = tables.make_collection("db.c")
    tables.make_index(collection, IndexSpec("u", (("a", 1), ("b", -1)), unique=True))
    kept: list[bytes] = []
    for number, (one, other) in enumerate(pairs):
        document = {"_id": number, "a": one, "b": other}
        key = collection.indexes["u"][1].key([one, other])
        if key in kept:
            with pytest.raises(CommandError, match=f"E{DUPLICATE_KEY}"):
                insert(tables, collection, document)
        else:
            insert(tables, collection, document)
            kept.append(key)
    assert len(kept) == len(set(kept)) == tables.count(collection)
    tables.close()


def test_a_unique_index_over_documents_that_break_it_is_refused(tables: Tables) -> None:
    collection = tables.make_collection("db.c")
    for number in range(2):
        insert(tables, collection, {"_id": number, "a": 1})
    with pytest.raises(CommandError, match="duplicate"):
        tables.make_index(collection, IndexSpec("u", (("a", 1),), unique=True))
    assert collection.indexes == {}
    tables.commit()


def test_rolled_back_means_never_happened(tables: Tables) -> None:
    kept = tables.make_collection("db.kept")
    insert(tables, kept, {"_id": 1})
    tables.commit()
    insert(tables, kept, {"_id": 2})
    tables.make_index(kept, IndexSpec("i", (("a", 1),)))
    tables.make_collection("db.gone")
    tables.rollback()
    kept = tables.make_collection("db.kept")
    assert [row.document for row in tables.find(kept, {})] == [{"_id": 1}]
    assert kept.indexes == {}
    assert tables.find_collection("db.gone") is None


def test_everything_is_there_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "documents.sqlite"
    first = Tables(path)
    collection = first.make_collection("db.c")
    spec = IndexSpec("i", (("a", -1), ("b.c", 1)), unique=True, sparse=True)
    first.make_index(collection, spec)
    insert(first, collection, {"_id": "x", "a": 1, "b": {"c": "y"}})
    first.commit()
    first.close()
    again = Tables(path)
    found = again.find_collection("db.c")
    assert found is not None
    assert found.specs[1] == spec
    with pytest.raises(CommandError, match="duplicate"):
        insert(again, found, {"_id": "other", "a": 1, "b": {"c": "y"}})
    again.close()


def test_acknowledged_means_synced(tables: Tables) -> None:
    pragma = {name: tables._sql.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert pragma == {"journal_mode": "wal", "synchronous": 2}  # FULL: the log is synced at every commit


def test_a_full_disk_is_an_error_and_not_the_end(tables: Tables) -> None:
    collection = tables.make_collection("db.c")
    tables.commit()
    pages = tables._sql.execute("PRAGMA page_count").fetchone()[0]
    tables._sql.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        insert(tables, collection, {"_id": 1, "a": b"x" * 100_000})
    tables.rollback()
    collection = tables.make_collection("db.c")
    insert(tables, collection, {"_id": 1})
    tables.commit()
    assert tables.count(collection) == 1
