"""MongoDB's commands over the tables."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import bson
from bson.raw_bson import RawBSONDocument

from storage.embedded import updating
from storage.embedded.cursors import Cursors
from storage.embedded.errors import (
    BAD_VALUE,
    COMMAND_NOT_FOUND,
    INDEX_NOT_FOUND,
    NO_SUCH_NAMESPACE,
    CommandError,
    unsupported,
)
from storage.embedded.matching import MISSING, reach
from storage.embedded.ordering import encode
from storage.embedded.planning import IndexSpec, Sort, check_sort
from storage.embedded.projecting import project
from storage.embedded.tables import MOST_BYTES, Collection, Document, Row, Tables, decode
from storage.embedded.wire import MOST_BYTES as MOST_MESSAGE_BYTES
from storage.embedded.wire import Request

log = logging.getLogger(__name__)

Reply = dict[str, Any]
_Item = TypeVar("_Item")
_Done = TypeVar("_Done")
_FIRST_BATCH = 101  # documents, as in MongoDB
_WIRE_VERSION = 21  # MongoDB 7.0


class Commands:
    """Runs one command at a time. The caller ends the transaction that a command may have begun."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._cursors = Cursors(tables)
        self._commands: dict[str, Callable[[Reply, Request], Reply]] = {
            "hello": self._hello,
            "ismaster": self._hello,
            "ping": self._ping,
            "endsessions": self._ping,
            "buildinfo": self._build_info,
            "insert": self._insert,
            "update": self._update,
            "delete": self._delete,
            "findandmodify": self._find_and_modify,
            "find": self._find,
            "getmore": self._get_more,
            "killcursors": self._kill_cursors,
            "count": self._count,
            "distinct": self._distinct,
            "aggregate": self._aggregate,
            "create": self._create,
            "drop": self._drop,
            "dropdatabase": self._drop_database,
            "createindexes": self._create_indexes,
            "dropindexes": self._drop_indexes,
            "listindexes": self._list_indexes,
            "listcollections": self._list_collections,
            "listdatabases": self._list_databases,
        }

    def run(self, request: Request, connection: int) -> Reply:
        """The reply, errors included; `connection` owns the cursors that the command opens."""
        name = next(iter(request.body), "")
        command = self._commands.get(name.lower())
        try:
            if command is None:
                raise CommandError(COMMAND_NOT_FOUND, f"no such command: {name!r}")
            self._cursors.owner = connection
            return {**command(request.body, request), "ok": 1.0}
        except CommandError as error:
            return {"ok": 0.0, "errmsg": str(error), "code": error.code}
        except (KeyError, TypeError, AttributeError, OverflowError, bson.errors.BSONError) as error:
            # A command of the wrong shape: the client's fault, and no reason to end for everybody else.
            log.exception("a command failed")
            return {"ok": 0.0, "errmsg": f"{name}: {type(error).__name__}: {error}", "code": BAD_VALUE}

    def disconnected(self, connection: int) -> None:
        self._cursors.drop_owner(connection)

    # Greetings

    def _hello(self, body: Reply, request: Request) -> Reply:
        return {
            "isWritablePrimary": True,
            "ismaster": True,
            "helloOk": True,
            "maxBsonObjectSize": MOST_BYTES,
            "maxMessageSizeBytes": MOST_MESSAGE_BYTES,
            "maxWriteBatchSize": 100_000,
            "localTime": datetime.now(UTC),
            "minWireVersion": 0,
            "maxWireVersion": _WIRE_VERSION,
            "readOnly": False,
        }

    def _ping(self, body: Reply, request: Request) -> Reply:
        return {}

    def _build_info(self, body: Reply, request: Request) -> Reply:
        return {"version": "7.0.0", "versionArray": [7, 0, 0, 0], "modules": ["scriptorium"]}

    # Writing

    def _insert(self, body: Reply, request: Request) -> Reply:
        collection = self._tables.make_collection(_namespace(body, "insert"))

        def insert(raw: bytes) -> int:
            return insert_decoded(decode(raw), raw)

        def insert_decoded(document: Document, raw: bytes | None = None) -> int:
            if "_id" not in document:
                document = {"_id": bson.ObjectId(), **document}
                raw = None
            self._tables.insert(collection, document, bson.encode(document) if raw is None else raw)
            return 1

        if "documents" in body:
            done, errors = _each(body["documents"], insert_decoded, body)
        else:
            done, errors = _each(request.sequences["documents"], insert, body)
        return {"n": sum(done), **errors}

    def _update(self, body: Reply, request: Request) -> Reply:
        collection = self._tables.make_collection(_namespace(body, "update"))
        statements = body.get("updates") or [decode(raw) for raw in request.sequences["updates"]]
        upserted: list[Reply] = []

        def update(numbered: tuple[int, Reply]) -> tuple[int, int]:
            index, statement = numbered
            _refuse(statement, {"arrayFilters", "collation"})
            change = _change(statement["u"])
            rows = self._tables.find(collection, statement["q"])
            found = list(rows) if statement.get("multi") else list(itertools.islice(rows, 1))
            if not found and statement.get("upsert"):
                document = updating.upserted(statement["q"], change)
                self._insert_new(collection, document)
                upserted.append({"index": index, "_id": document["_id"]})
                return 1, 0
            changed = [self._tables.replace(collection, row, updating.apply(row.document, change)) for row in found]
            return len(found), sum(changed)

        done, errors = _each(list(enumerate(statements)), update, body)
        reply = {"n": sum(n for n, _ in done), "nModified": sum(n for _, n in done), **errors}
        return {**reply, "upserted": upserted} if upserted else reply

    def _delete(self, body: Reply, request: Request) -> Reply:
        collection = self._tables.find_collection(_namespace(body, "delete"))
        statements = body.get("deletes") or [decode(raw) for raw in request.sequences["deletes"]]

        def delete(statement: Reply) -> int:
            _refuse(statement, {"collation"})
            if collection is None:
                return 0
            rows = self._tables.find(collection, statement["q"])
            found = list(itertools.islice(rows, 1)) if statement.get("limit") else list(rows)
            for row in found:
                self._tables.delete(collection, row)
            return len(found)

        done, errors = _each(statements, delete, body)
        return {"n": sum(done), **errors}

    def _find_and_modify(self, body: Reply, request: Request) -> Reply:
        _refuse(body, {"arrayFilters", "collation"})
        collection = self._tables.make_collection(_namespace(body, "findAndModify"))
        rows = self._tables.find(collection, body.get("query") or {}, check_sort(body.get("sort") or {}))
        row = next(rows, None)
        before = row.document if row else None
        after: Document | None = None
        last: Reply = {"n": 1 if row else 0}
        if body.get("remove"):
            if row:
                self._tables.delete(collection, row)
        else:
            change = _change(body["update"])
            last["updatedExisting"] = row is not None
            if row:
                after = updating.apply(row.document, change)
                self._tables.replace(collection, row, after)
            elif body.get("upsert"):
                after = updating.upserted(body.get("query") or {}, change)
                self._insert_new(collection, after)
                last |= {"n": 1, "upserted": after["_id"]}
        value = after if body.get("new") else before
        fields = body.get("fields")
        return {"lastErrorObject": last, "value": project(value, fields) if value and fields else value}

    def _insert_new(self, collection: Collection, document: Document) -> None:
        self._tables.insert(collection, document, bson.encode(document))

    # Reading

    def _find(self, body: Reply, request: Request) -> Reply:
        _refuse(body, {"collation", "min", "max", "tailable"})
        namespace = _namespace(body, "find")
        rows = self._select(
            namespace, body.get("filter") or {}, body.get("sort") or {}, body.get("skip", 0), body.get("limit", 0)
        )
        size = body.get("batchSize", _FIRST_BATCH)
        if body.get("singleBatch"):
            size = body.get("limit") or size
        return self._cursors.open(namespace, rows, body.get("projection") or {}, size)

    def _get_more(self, body: Reply, request: Request) -> Reply:
        return self._cursors.more(int(body["getMore"]), body.get("batchSize", 0))

    def _kill_cursors(self, body: Reply, request: Request) -> Reply:
        return {"cursorsKilled": self._cursors.kill(body["cursors"]), "cursorsNotFound": [], "cursorsAlive": []}

    def _count(self, body: Reply, request: Request) -> Reply:
        namespace, query = _namespace(body, "count"), body.get("query") or {}
        collection = self._tables.find_collection(namespace)
        if collection is not None and not query and not body.get("skip") and not body.get("limit"):
            return {"n": self._tables.count(collection)}
        return {"n": _length(self._select(namespace, query, {}, body.get("skip", 0), body.get("limit", 0)))}

    def _distinct(self, body: Reply, request: Request) -> Reply:
        path = body["key"].split(".")
        values: dict[bytes, Any] = {}
        for row in self._select(_namespace(body, "distinct"), body.get("query") or {}, {}, 0, 0):
            for value in reach(row.document, path):
                for item in value if isinstance(value, list) else [value]:
                    if item is not MISSING:
                        values.setdefault(encode(item), item)
        return {"values": [values[key] for key in sorted(values)]}

    def _aggregate(self, body: Reply, request: Request) -> Reply:
        """`$match`, `$sort`, `$skip`, `$limit`, then `$project` or counting, each at most once and in this order."""
        namespace = _namespace(body, "aggregate")
        stages = [next(iter(stage.items())) for stage in body["pipeline"]]
        plan: dict[str, Any] = {}
        order = ["$match", "$sort", "$skip", "$limit", "$project", "$count", "$group"]
        for name, argument in stages:
            if name not in order or any(order.index(earlier) >= order.index(name) for earlier in plan):
                raise unsupported(f"{name} at this place of a pipeline")
            plan[name] = argument
        rows = self._select(
            namespace, plan.get("$match", {}), plan.get("$sort", {}), plan.get("$skip", 0), plan.get("$limit", 0)
        )
        if "$count" in plan or "$group" in plan:
            return _one_batch(namespace, _counted(plan, _length(rows)))
        size = body.get("cursor", {}).get("batchSize", _FIRST_BATCH)
        return self._cursors.open(namespace, rows, plan.get("$project", {}), size)

    def _select(
        self, namespace: str, filter_: Mapping[str, Any], sort: Mapping[str, Any], skip: int, limit: int
    ) -> Iterator[Row]:
        collection = self._tables.find_collection(namespace)
        if collection is None:
            return iter(())
        order: Sort = check_sort(sort)
        rows = self._tables.find(collection, filter_, order)
        return itertools.islice(rows, skip, skip + abs(limit) if limit else None)

    # Collections and indexes

    def _create(self, body: Reply, request: Request) -> Reply:
        _refuse(body, {"capped", "timeseries", "viewOn", "validator"})
        self._tables.make_collection(_namespace(body, "create"))
        return {}

    def _drop(self, body: Reply, request: Request) -> Reply:
        if not self._tables.drop_collection(_namespace(body, "drop")):
            raise CommandError(NO_SUCH_NAMESPACE, "ns not found")
        return {}

    def _drop_database(self, body: Reply, request: Request) -> Reply:
        for name in self._names(body["$db"]):
            self._tables.drop_collection(f"{body['$db']}.{name}")
        return {"dropped": body["$db"]}

    def _create_indexes(self, body: Reply, request: Request) -> Reply:
        collection = self._tables.make_collection(_namespace(body, "createIndexes"))
        before = len(collection.specs)
        for options in body["indexes"]:
            if unknown := options.keys() - {"key", "name", "unique", "sparse", "v", "background"}:
                raise unsupported(f"the index option {sorted(unknown)[0]}")
            fields = tuple(check_sort(options["key"]))
            spec = IndexSpec(options["name"], fields, bool(options.get("unique")), bool(options.get("sparse")))
            self._tables.make_index(collection, spec)
        return {"numIndexesBefore": before, "numIndexesAfter": len(collection.specs)}

    def _drop_indexes(self, body: Reply, request: Request) -> Reply:
        collection = self._existing(body, "dropIndexes")
        wanted = body["index"]
        names = list(collection.indexes) if wanted == "*" else [wanted]
        for name in names:
            if not self._tables.drop_index(collection, name):
                raise CommandError(INDEX_NOT_FOUND, f"index not found with name {name!r}")
        return {}

    def _list_indexes(self, body: Reply, request: Request) -> Reply:
        specs = self._existing(body, "listIndexes").specs
        documents = [
            {"v": 2, "key": dict(spec.fields), "name": spec.name}
            | ({"unique": True} if spec.unique and spec.name != "_id_" else {})
            | ({"sparse": True} if spec.sparse else {})
            for spec in specs
        ]
        return _one_batch(_namespace(body, "listIndexes"), documents)

    def _list_collections(self, body: Reply, request: Request) -> Reply:
        documents = [{"name": name, "type": "collection", "options": {}} for name in sorted(self._names(body["$db"]))]
        return _one_batch(f"{body['$db']}.$cmd.listCollections", documents)

    def _list_databases(self, body: Reply, request: Request) -> Reply:
        names = sorted({namespace.partition(".")[0] for namespace in self._tables.namespaces()})
        return {"databases": [{"name": name, "sizeOnDisk": 0, "empty": False} for name in names], "totalSize": 0}

    def _names(self, database: str) -> list[str]:
        split = [namespace.partition(".") for namespace in self._tables.namespaces()]
        return [name for owner, _, name in split if owner == database]

    def _existing(self, body: Reply, command: str) -> Collection:
        collection = self._tables.find_collection(_namespace(body, command))
        if collection is None:
            raise CommandError(NO_SUCH_NAMESPACE, "ns does not exist")
        return collection


def _namespace(body: Reply, command: str) -> str:
    name = body[command]
    if not isinstance(name, str) or not name or "\x00" in name:
        raise CommandError(BAD_VALUE, f"{name!r} does not name a collection")
    return f"{body['$db']}.{name}"


def _refuse(body: Reply, options: Iterable[str]) -> None:
    for option in options:
        if body.get(option):
            raise unsupported(f"the option {option}")


def _change(update: Any) -> Document:
    if not isinstance(update, dict):
        raise unsupported("an update by a pipeline")
    return update


def _each(items: list[_Item], run: Callable[[_Item], _Done], body: Reply) -> tuple[list[_Done], Reply]:
    """Runs the statements of a write one by one, the first fault ending it when `ordered`."""
    done: list[_Done] = []
    errors: list[Reply] = []
    for index, item in enumerate(items):
        try:
            done.append(run(item))
        except CommandError as error:
            errors.append({"index": index, "code": error.code, "errmsg": str(error)})
            if body.get("ordered", True):
                break
    return done, {"writeErrors": errors} if errors else {}


def _length(rows: Iterator[Row]) -> int:
    return sum(1 for _ in rows)


def _counted(plan: dict[str, Any], count: int) -> list[Document]:
    if "$count" in plan:
        name = plan["$count"]
        return [{name: count}] if count else []
    if plan["$group"] != {"_id": 1, "n": {"$sum": 1}}:  # what PyMongo's count_documents sends
        raise unsupported("$group")
    return [{"_id": 1, "n": count}] if count else []


def _one_batch(namespace: str, documents: Iterable[Document | RawBSONDocument]) -> Reply:
    return {"cursor": {"id": bson.Int64(0), "ns": namespace, "firstBatch": list(documents)}}
