"""What the rooms may rely on in any document database. Every adapter passes this; MongoDB does by definition."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import InsertOne, ReturnDocument, UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from storage import Storage
from storage.mongo import Database, Document

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)


@pytest.fixture
def db(storage: Storage) -> Database:
    return storage.db


async def test_documents_come_back_as_they_went(db: Database) -> None:
    document: dict[str, Any] = {
        "_id": "507f1f77bcf86cd799439011",  # a string, whatever it looks like
        "id": "5",
        "text": "aé😀b\x00",
        "empty": ["", b"", {}, None],
        "nothing": [],
        "numbers": [0, -1, 2**31, -(2**62), 1.5, 2.0],
        "flags": [True, False],
        "bytes": b"\x00\xff" * 1000,
        "time": NOW,
        "deep": {"list": [{"time": NOW, "bytes": b"x"}], "": 1, "é": 2},
    }
    await db.things.insert_one(dict(document))
    found = await db.things.find_one({"_id": document["_id"]})
    assert found == document
    assert found is not None
    assert [type(value) for value in found["flags"]] == [bool, bool]
    assert found["time"].tzinfo is UTC
    assert isinstance(found["numbers"][5], float)
    replaced = {**document, "time": NOW + timedelta(days=1)}
    await db.things.replace_one({"_id": document["_id"]}, replaced)
    assert await db.things.find_one({"_id": document["_id"]}) == replaced


async def test_what_a_majority_has_on_disk_is_acknowledged_and_read(db: Database) -> None:
    """No server here could lose anything else; a replica set can."""
    assert db.things.write_concern.document == {"w": "majority", "j": True}
    assert db.things.read_concern.level == "majority"


async def test_ids_are_told_apart(db: Database) -> None:
    ids: list[Any] = [1, "1", "01", " 1", "é", "e\u0301", "A", "a", "", "x" * 900, {"a": 1}, {"a": 2}]
    for identity in ids:
        await db.things.insert_one({"_id": identity})
    for identity in ids:
        with pytest.raises(DuplicateKeyError):
            await db.things.insert_one({"_id": identity})
        assert await db.things.find_one({"_id": identity}) == {"_id": identity}
    assert await db.things.count_documents({}) == len(ids)


TWO = [{"x": 1}, {"x": 2}]


# A change, and the fields that it leaves changed; None for those that are gone.
CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"$set": {"time": NOW, "o.time": NOW, "b": b"x"}},
        {"time": NOW, "o": {"p": 1, "q": 2, "time": NOW}, "b": b"x"},
    ),
    ({"$set": {"a.b.c": 1}}, {"a": {"b": {"c": 1}}}),
    ({"$set": {"list.1.x": 9}}, {"list": [{"x": 1}, {"x": 9}]}),
    ({"$unset": {"o.p": "", "none": ""}}, {"o": {"q": 2}}),
    ({"$inc": {"n": 2, "m": 5, "o.p": -1}}, {"n": 3, "m": 5, "o": {"p": 0, "q": 2}}),
    ({"$push": {"list": {"x": 3}}}, {"list": [*TWO, {"x": 3}]}),
    ({"$push": {"new": {"$each": [1, 2]}}}, {"new": [1, 2]}),
    ({"$pull": {"list": {"x": 1}}}, {"list": [{"x": 2}]}),
    ({"$addToSet": {"new": "a"}}, {"new": ["a"]}),
    ({"$min": {"n": 0}, "$max": {"m": 7}}, {"n": 0, "m": 7}),
    ({"$set": {"a": 1}, "$inc": {"n": 1}, "$setOnInsert": {"never": 1}}, {"n": 2, "a": 1}),
    ({"a": 5}, {"n": None, "o": None, "list": None, "a": 5}),
]


async def test_updates(db: Database) -> None:
    for number, (change, after) in enumerate(CHANGES):
        mine = {"_id": str(number)}
        before = {**mine, "n": 1, "o": {"p": 1, "q": 2}, "list": TWO}
        await db.things.insert_one(before)
        operators = any(name.startswith("$") for name in change)
        answer = await (db.things.update_one if operators else db.things.replace_one)(mine, change)
        assert (answer.matched_count, answer.modified_count) == (1, 1), change
        expected = {name: value for name, value in {**before, **after}.items() if value is not None}
        assert await db.things.find_one(mine) == expected, change


async def test_a_field_can_go(db: Database) -> None:
    await db.things.insert_one({"_id": "x", "n": 1})
    await db.things.update_one({"_id": "x"}, {"$unset": {"n": ""}})
    assert await db.things.find_one({"_id": "x"}) == {"_id": "x"}


async def test_an_update_that_changes_nothing_matches_all_the_same(db: Database) -> None:
    await db.things.insert_one({"_id": "x", "n": 1})
    answer = await db.things.update_one({"_id": "x"}, {"$set": {"n": 1}})
    assert (answer.matched_count, answer.modified_count) == (1, 0)
    answer = await db.things.update_one({"_id": "y"}, {"$set": {"n": 1}})
    assert (answer.matched_count, answer.modified_count) == (0, 0)


async def test_upserts(db: Database) -> None:
    change = {"$set": {"n": 1}, "$setOnInsert": {"first": NOW}}
    answer = await db.things.update_one({"_id": "x", "kind": "k", "n": {"$lt": 5}}, change, upsert=True)
    assert answer.upserted_id == "x"
    assert await db.things.find_one({"_id": "x"}) == {"_id": "x", "kind": "k", "n": 1, "first": NOW}
    change = {"$set": {"n": 2}, "$setOnInsert": {"first": NOW + timedelta(1)}}
    await db.things.update_one({"_id": "x"}, change, upsert=True)
    assert await db.things.find_one({"_id": "x"}) == {"_id": "x", "kind": "k", "n": 2, "first": NOW}
    with pytest.raises(DuplicateKeyError):  # the filter excludes the document that has the id
        await db.things.update_one({"_id": "x", "n": 7}, {"$set": {"n": 8}}, upsert=True)


async def test_find_one_and_update(db: Database) -> None:
    for number in (3, 1, 2):
        await db.things.insert_one({"_id": str(number), "n": number, "state": "queued"})
    taken = await db.things.find_one_and_update({"state": "queued"}, {"$set": {"state": "taken"}}, sort=[("n", 1)])
    assert taken == {"_id": "1", "n": 1, "state": "queued"}
    taken = await db.things.find_one_and_update(
        {"state": "queued"}, {"$inc": {"n": 10}}, sort=[("n", -1)], return_document=ReturnDocument.AFTER
    )
    assert taken == {"_id": "3", "n": 13, "state": "queued"}
    assert await db.things.find_one_and_update({"state": "none"}, {"$set": {"n": 0}}) is None
    made = await db.things.find_one_and_update(
        {"_id": "counter"}, {"$inc": {"n": 1}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    assert made == {"_id": "counter", "n": 1}
    assert await db.things.find_one_and_delete({"_id": "counter"}) == made
    assert await db.things.find_one_and_delete({"_id": "counter"}) is None


async def test_one_of_many_wins_a_compare_and_set(db: Database) -> None:
    await db.things.insert_one({"_id": "x", "revision": 0, "by": []})

    async def contend(name: int) -> int:
        won = 0
        for revision in range(10):
            found = await db.things.find_one_and_update(
                {"_id": "x", "revision": revision}, {"$inc": {"revision": 1}, "$push": {"by": name}}
            )
            won += found is not None
            await asyncio.sleep(0)
        return won

    wins = await asyncio.gather(*map(contend, range(8)))
    assert sum(wins) == 10
    found = await db.things.find_one({"_id": "x"})
    assert found is not None
    assert (found["revision"], len(found["by"])) == (10, 10)


async def test_increments_are_never_lost(db: Database) -> None:
    async def count() -> None:
        for _ in range(10):
            await db.things.update_one({"_id": "x"}, {"$inc": {"n": 1}}, upsert=True)

    await db.things.insert_one({"_id": "x", "n": 0})
    await asyncio.gather(*(count() for _ in range(10)))
    assert await db.things.find_one({"_id": "x"}) == {"_id": "x", "n": 100}


async def test_unique_indexes(db: Database) -> None:
    await db.things.create_index([("workspace", 1), ("name", 1)], unique=True)
    await db.things.create_index([("workspace", 1), ("name", 1)], unique=True)
    await db.things.insert_one({"_id": "1", "workspace": "w", "name": "n"})
    with pytest.raises(DuplicateKeyError):
        await db.things.insert_one({"_id": "2", "workspace": "w", "name": "n"})
    await db.things.insert_one({"_id": "2", "workspace": "w", "name": "other"})
    with pytest.raises(OperationFailure):
        await db.things.update_one({"_id": "2"}, {"$set": {"name": "n"}})
    with pytest.raises(OperationFailure):
        await db.things.find_one_and_update({"_id": "2"}, {"$set": {"name": "n"}})
    found = await db.things.find_one({"_id": "2"})
    assert found is not None
    assert found["name"] == "other"
    await db.things.delete_one({"_id": "1"})
    await db.things.update_one({"_id": "2"}, {"$set": {"name": "n"}})


async def test_a_sparse_unique_index_leaves_out_those_without_the_field(db: Database) -> None:
    await db.things.create_index("email", unique=True, sparse=True)
    await db.things.insert_many([{"_id": "1"}, {"_id": "2"}, {"_id": "3", "email": "e"}])
    with pytest.raises(DuplicateKeyError):
        await db.things.insert_one({"_id": "4", "email": "e"})


async def test_an_ordered_batch_ends_at_its_first_fault(db: Database) -> None:
    batch = [{"_id": "1"}, {"_id": "2"}, {"_id": "1"}, {"_id": "3"}]
    with pytest.raises(BulkWriteError):
        await db.things.insert_many([dict(document) for document in batch])
    assert {document["_id"] async for document in db.things.find()} == {"1", "2"}
    with pytest.raises(BulkWriteError) as caught:
        await db.things.insert_many([dict(document) for document in batch], ordered=False)
    assert [error["index"] for error in caught.value.details["writeErrors"]] == [0, 1, 2]
    assert {document["_id"] async for document in db.things.find()} == {"1", "2", "3"}


async def test_bulk_writes(db: Database) -> None:
    answer = await db.things.bulk_write(
        [
            InsertOne({"_id": "1", "n": 0}),
            UpdateOne({"_id": "1"}, {"$inc": {"n": 5}}),
            UpdateOne({"_id": "2"}, {"$set": {"n": 1}}, upsert=True),
        ]
    )
    assert (answer.inserted_count, answer.modified_count, answer.upserted_count) == (1, 1, 1)
    assert [document["n"] async for document in db.things.find().sort("_id", 1)] == [5, 1]


FILTERS: list[tuple[dict[str, Any], set[int]]] = [
    ({"n": {"$gte": 3, "$lt": 5}}, {3, 4}),
    ({"n": {"$in": [1, 7, 99]}}, {1, 7}),
    ({"n": {"$nin": [0, 1, 2, 3, 4, 5, 6, 7]}}, {8, 9}),
    ({"half": 4, "kind": {"$ne": "even"}}, {9}),
    ({"time": {"$lt": NOW + timedelta(seconds=2)}}, {0, 1}),
    ({"time": NOW + timedelta(seconds=2)}, {2}),
    ({"n": {"$lt": 6}, "$or": [{"n": 5}, {"time": {"$lt": NOW + timedelta(seconds=1)}}]}, {0, 5}),
    ({"_id": "3", "$or": [{"n": 3}, {"n": 4}]}, {3}),
    ({"_id": "3", "$or": [{"n": 5}, {"n": 4}]}, set()),
    ({"_id": {"$in": ["1", "2"]}, "kind": "odd"}, {1}),
    ({"bytes": b"\x02"}, {2}),
    ({"maybe": {"$exists": True}}, {0, 5}),
    ({"maybe": None}, {0, 1, 2, 3, 4, 6, 7, 8, 9}),
    ({"maybe": {"$ne": None}}, {5}),
    ({"nested.kind": "odd", "n": {"$gt": 6}}, {7, 9}),
    ({"tags": "t1"}, {1}),
    ({"items.x": 4}, {4}),
    ({"nested": {"kind": "odd", "n": 3}}, {3}),
    ({"$and": [{"n": {"$gt": 2}}, {"n": {"$lt": 4}}]}, {3}),
    ({"name": {"$regex": "^Name [45]$"}}, {4, 5}),
    ({"n": 2.0}, {2}),
    ({}, set(range(10))),
]


async def test_filters(db: Database) -> None:
    for number, (filter_, expected) in enumerate(FILTERS):
        things = db[f"things{number}"]
        await fill(things)
        await things.create_index([("kind", 1), ("n", -1)])
        await things.create_index([("time", 1)])
        assert {document["n"] async for document in things.find(filter_)} == expected, filter_
        assert await things.count_documents(filter_) == len(expected), filter_
        first = await things.find_one(filter_)
        assert first["n"] in expected if first else not expected, filter_
        assert (await things.update_many(filter_, {"$set": {"seen": True}})).matched_count == len(expected), filter_
        assert (await things.delete_many(filter_)).deleted_count == len(expected), filter_
        assert {document["n"] async for document in things.find()} == set(range(10)) - expected, filter_


async def fill(things: AsyncCollection[Document]) -> None:
    documents: list[Document] = []
    for n in range(10):
        kind = "odd" if n % 2 else "even"
        documents.append(
            {
                "_id": str(n),
                "n": n,
                "name": f"Name {n}",
                "kind": kind,
                "half": n // 2,
                "time": NOW + timedelta(seconds=n),
                "bytes": bytes([n]),
                "nested": {"kind": kind, "n": n},
                "tags": [f"t{n}", "all"],
                "items": [{"x": n}, {"y": n}],
                **({"maybe": n or None} if n % 5 == 0 else {}),
            }
        )
    await things.insert_many(documents)


async def test_sorting_paging_and_projection(db: Database) -> None:
    await fill(db.things)
    page = db.things.find({"kind": "odd"}, {"n": 1, "nested.n": 1}).sort([("kind", 1), ("n", -1)]).skip(1).limit(2)
    expected = [{"_id": "7", "n": 7, "nested": {"n": 7}}, {"_id": "5", "n": 5, "nested": {"n": 5}}]
    assert await page.to_list() == expected
    assert await db.things.find_one({"n": 3}, {"_id": 0, "name": 1}) == {"name": "Name 3"}
    without = await db.things.find_one({"n": 3}, {"tags": 0, "items": 0, "nested": 0, "bytes": 0})
    assert without is not None
    assert set(without) == {"_id", "n", "name", "kind", "half", "time"}
    newest = await db.things.find_one({"kind": "even"}, sort=[("time", -1)])
    assert newest is not None
    assert newest["n"] == 8
    assert [document["n"] async for document in db.things.find().sort("half", -1).sort("n", 1).batch_size(3)] == [
        *range(10)
    ]
    assert sorted(await db.things.distinct("kind", {"n": {"$lt": 9}})) == ["even", "odd"]


async def test_many_batches(db: Database) -> None:
    await db.things.insert_many([{"_id": f"{n:04}", "pad": "x" * 100} for n in range(1_000)])
    assert [int(document["_id"]) async for document in db.things.find().sort("_id", 1)] == [*range(1_000)]
    cursor = db.things.find().batch_size(10)
    await cursor.next()
    await cursor.close()
    assert await db.things.estimated_document_count() == 1_000


async def test_documents_of_many_megabytes(db: Database) -> None:
    large = b"\x00\xffz" * 4_000_000
    await db.things.insert_many([{"_id": "1", "data": large}, {"_id": "2", "data": large[:-1]}])
    found = {document["_id"]: document["data"] async for document in db.things.find()}
    assert found == {"1": large, "2": large[:-1]}


async def test_collections_that_are_not_there(db: Database) -> None:
    assert await db.nothing.find_one({"a": 1}) is None
    assert await db.nothing.count_documents({}) == 0
    assert (await db.nothing.delete_many({})).deleted_count == 0
    assert await db.nothing.distinct("a") == []
    await db.things.insert_one({"_id": "1"})
    await db.things.drop()
    await db.things.drop()
    assert await db.things.find_one({}) is None
