"""Everything that the rooms above keep outside themselves, opened together."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from storage.bus import Bus
from storage.bus_memory import MemoryBus
from storage.embedded_mongo import embedded_mongo
from storage.events import EventLog
from storage.folder_lock import FolderLock
from storage.leases import Leases
from storage.mongo import Database, connect
from storage.objects import ObjectStore
from storage.wakeups import Topics


@dataclass
class Storage:
    """`process` is this process's own id, new at every start."""

    db: Database
    objects: ObjectStore
    bus: Bus
    leases: Leases
    events: EventLog
    topics: Topics
    process: str


@contextlib.asynccontextmanager
async def open_storage(
    *, mongo_url: str | None, object_store_url: str | None, redis_url: str | None, data_dir: Path
) -> AsyncIterator[Storage]:
    """Opens what the URLs name, and for each that is None its embedded form in `data_dir`.

    The embedded database and the in-process bus serve one process: with either of them a second process on the same
    folder is refused. Raises `FolderInUse`, `EmbeddedMongoFailed`, `OSError`, `ValueError` for a URL of no known kind.
    """
    process = uuid4().hex
    data_dir = data_dir.absolute()
    async with contextlib.AsyncExitStack() as stack:
        embedded = mongo_url is None
        if embedded or redis_url is None:
            stack.enter_context(FolderLock(data_dir))
        if mongo_url is None:
            mongo_url = await stack.enter_async_context(embedded_mongo(data_dir / "mongo"))
        db = connect(mongo_url)
        stack.push_async_callback(db.client.close)
        objects = ObjectStore.from_url(object_store_url or (data_dir / "objects").as_uri())
        bus = await _open_bus(redis_url)
        stack.push_async_callback(bus.close)
        leases = Leases(db, process)
        if embedded:
            await leases.forget_all()
        events = EventLog(db, bus)
        await events.ensure_indexes()
        stack.push_async_callback(events.close)
        topics = Topics(redis_url, process)
        stack.push_async_callback(topics.close)
        yield Storage(db, objects, bus, leases, events, topics, process)


async def _open_bus(redis_url: str | None) -> Bus:
    if redis_url is None:
        return MemoryBus()
    from storage.bus_redis import RedisBus  # loads a library that a process alone never needs

    bus = RedisBus(redis_url)
    await bus.start()
    return bus
