"""The document database: any server that speaks the MongoDB wire protocol."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError

Document = dict[str, Any]
Database = AsyncDatabase[Document]


def connect(url: str, *, database: str = "scriptorium") -> Database:
    """The database that the path of `url` names, else `database`. Connects at first use.

    Every acknowledged write is on the disk of a majority, and only what is there is read: an edit that another process
    has logged, and that a new primary may not have, must not be what a barrier rests on. Times come back as aware UTC
    with milliseconds. A server that is away raises `pymongo.errors.PyMongoError` after about two seconds; one that
    hangs, after twenty. Close it with `await db.client.close()`. Raises `ValueError` for a URL that is none of
    MongoDB's.
    """
    try:
        client = _client(url)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None  # the URL itself may hold a password
    codec: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)
    return client.get_default_database(default=database, codec_options=codec)


def _client(url: str) -> AsyncMongoClient[Document]:
    return AsyncMongoClient(
        url,
        w="majority",
        journal=True,
        readConcernLevel="majority",
        serverSelectionTimeoutMS=2_000,
        # Also the patience of PyMongo's heartbeat, after which it breaks off everything that runs: a busy disk must not
        # look like a dead server.
        connectTimeoutMS=10_000,
        socketTimeoutMS=20_000,
        appname="scriptorium",
    )
