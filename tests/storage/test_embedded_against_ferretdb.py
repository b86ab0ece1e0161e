"""The embedded database and FerretDB, an independent implementation, given the same commands, answer the same."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure

from storage import Storage
from storage.mongo import Database, connect
from tests.conftest import Services
from tests.storage.bson_values import NAMES, PATHS, documents, scalars

# Left out is what FerretDB does otherwise than MongoDB: lists in lists, order among objects and lists, `$each` of
# nothing, `$pull` at a path that leads nowhere, and null for what only some objects of a list lack.
inner = st.one_of(scalars, st.lists(scalars, max_size=3), documents(scalars), st.lists(documents(scalars), max_size=2))
stored = documents(st.one_of(inner, documents(inner)))
conditions = st.one_of(
    scalars,
    st.sampled_from(["$gt", "$gte", "$lt", "$lte"]).flatmap(
        lambda name: scalars.filter(lambda bound: bound is not None).map(lambda bound: {name: bound})
    ),
    st.sampled_from(["$ne", "$eq"]).flatmap(lambda name: scalars.map(lambda value: {name: value})),
    st.sampled_from(["$in", "$nin"]).flatmap(lambda name: st.lists(scalars, max_size=3).map(lambda some: {name: some})),
    st.booleans().map(lambda there: {"$exists": there}),
)
fields = st.dictionaries(st.sampled_from(PATHS), conditions, max_size=2)
some_fields = st.dictionaries(st.sampled_from(PATHS), conditions, min_size=1, max_size=2)
alternatives = st.lists(some_fields, min_size=1, max_size=2)
filters = st.one_of(fields, st.tuples(fields, alternatives).map(lambda pair: {**pair[0], "$or": pair[1]}))
few_numbers = st.integers(-2, 2) | st.sampled_from([0.5, 2.0])


def change(name: str, operand: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(st.sampled_from(PATHS), operand).map(lambda pair: {name: {pair[0]: pair[1]}})


changes = st.one_of(
    change("$set", inner),
    change("$unset", st.just("")),
    change("$inc", few_numbers),
    change("$push", scalars),
    change("$push", st.lists(scalars, min_size=1, max_size=2).map(lambda items: {"$each": items})),
    change("$addToSet", scalars),
    st.tuples(st.sampled_from(NAMES), scalars).map(lambda pair: {"$pull": {pair[0]: pair[1]}}),
    st.tuples(change("$set", scalars), change("$inc", few_numbers)).map(lambda pair: {**pair[0], **pair[1]}),
)


@pytest.fixture
async def ferretdb(services: Services) -> AsyncIterator[Database]:
    db = connect(services.mongo.database(f"oracle{uuid4().hex}"))
    yield db
    await db.client.drop_database(db.name)
    await db.client.close()


@pytest.fixture
def embedded(storage: Storage) -> Database:
    return storage.db


def comparable(document: Any) -> Any:
    """Without the order of fields, which FerretDB changes in updates, but with types: 1 is not True."""
    if isinstance(document, dict):
        return {name: comparable(value) for name, value in document.items()}
    if isinstance(document, list):
        return [comparable(value) for value in document]
    return (type(document).__name__.replace("Int64", "int"), document)


async def contents(db: Database) -> list[Any]:
    return sorted([comparable(document) async for document in db.things.find()], key=lambda document: document["_id"])


thorough = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def asks_for_null_below(filter_: dict[str, Any]) -> bool:
    return any(
        any(asks_for_null_below(one) for one in condition)
        if path == "$or"
        else "." in path and "None" in repr(condition)
        for path, condition in filter_.items()
    )


def holds_objects_in_a_list(document: dict[str, Any]) -> bool:
    return any(isinstance(value, list) and any(isinstance(one, dict) for one in value) for value in document.values())


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
@thorough
@given(some=st.lists(stored, min_size=1, max_size=6), wanted=st.lists(filters, min_size=1, max_size=4))
async def test_queries(embedded: Database, ferretdb: Database, some: list[dict[str, Any]], wanted: list[Any]) -> None:
    for db in (embedded, ferretdb):
        await db.things.delete_many({})
        await db.things.insert_many([{"_id": str(number), **document} for number, document in enumerate(some)])
    assert await contents(embedded) == await contents(ferretdb)
    in_lists = any(holds_objects_in_a_list(document) for document in some)
    for filter_ in wanted:
        if in_lists and asks_for_null_below(filter_):
            continue
        found = [{document["_id"] async for document in db.things.find(filter_)} for db in (embedded, ferretdb)]
        assert found[0] == found[1], filter_


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
@thorough
@given(document=stored, steps=st.lists(changes, min_size=1, max_size=4))
async def test_updates(embedded: Database, ferretdb: Database, document: dict[str, Any], steps: list[Any]) -> None:
    for db in (embedded, ferretdb):
        await db.things.delete_many({})
        await db.things.insert_one({"_id": "x", **document})
    for step in steps:
        refused = []
        for db in (embedded, ferretdb):
            try:
                await db.things.update_one({"_id": "x"}, step)
                refused.append(False)
            except OperationFailure:
                refused.append(True)
        assert refused[0] == refused[1], step
        assert await contents(embedded) == await contents(ferretdb), step


@pytest.mark.parametrize("backend", ["embedded"], indirect=True)
@thorough
@given(
    some=st.lists(documents(scalars), min_size=1, max_size=6), name=st.sampled_from(NAMES), way=st.sampled_from([1, -1])
)
async def test_order(embedded: Database, ferretdb: Database, some: list[Any], name: str, way: int) -> None:
    orders = []
    for db in (embedded, ferretdb):
        await db.things.delete_many({})
        await db.things.insert_many([{"_id": str(number), **document} for number, document in enumerate(some)])
        cursor = db.things.find().sort([(name, way), ("_id", 1)])
        orders.append([document["_id"] async for document in cursor])
    assert orders[0] == orders[1]
