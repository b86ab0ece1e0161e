"""Real worker processes beside a group: one database, one Redis, one scripted model."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from ai.pool.worker import TOPIC
from storage import open_storage
from tests.ai.group import Group, open_group
from tests.services.launchers import Mongo, Redis
from tests.support.server import ROOT


def worker_settings(redis: Redis, mongo: Mongo, data_dir: Path, model_url: str) -> dict[str, str]:
    """The environment of a worker on these services."""
    return {
        "SCRIPTORIUM_MONGO_URL": mongo.url,
        "SCRIPTORIUM_REDIS_URL": redis.url,
        "SCRIPTORIUM_DATA_DIR": str(data_dir),
        "SCRIPTORIUM_MODEL": "scripted",
        "OPENAI_BASE_URL": model_url,
        "OPENAI_API_KEY": "key",
    }


@asynccontextmanager
async def asking_group(redis: Redis, mongo: Mongo, data_dir: Path) -> AsyncIterator[Group]:
    """A group whose own process works on nothing."""
    async with (
        open_storage(mongo_url=mongo.url, object_store_url=None, redis_url=redis.url, data_dir=data_dir) as storage,
        open_group(storage, storage.topics.open(TOPIC)) as group,
    ):
        yield group


@asynccontextmanager
async def worker_process(settings: dict[str, str], *options: str) -> AsyncIterator[Process]:
    """`scriptorium worker`, killed at the end."""
    command = (sys.executable, "-m", "server", "worker", *options)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=os.environ | settings)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
