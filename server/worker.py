"""One worker process: it takes jobs, and edits documents as one more peer, but nobody connects to it."""

import asyncio
import signal

import structlog

from ai.assistant import open_assistant
from collab.files import Files
from collab.rooms import Rooms
from server.commands.failure import CommandFailed
from server.settings import Settings
from storage import open_storage

log = structlog.get_logger(__name__)


async def work(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM; what is unfinished then goes to another worker."""
    if settings.redis_url is None:
        raise CommandFailed(
            "A worker of its own needs Redis: set SCRIPTORIUM_REDIS_URL, here and for `scriptorium serve`. "
            "Without it, `scriptorium serve` does the work itself."
        )
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with open_storage(
        mongo_url=settings.mongo_url,
        object_store_url=settings.object_store_url,
        redis_url=settings.redis_url,
        data_dir=settings.data_dir,
    ) as storage:
        rooms = Rooms(storage, settings.limits)
        try:
            async with open_assistant(storage, rooms, Files(storage, rooms, settings.limits), settings) as assistant:
                log.info("working")
                working = asyncio.create_task(assistant.work())
                waiting = asyncio.create_task(stopping.wait())
                await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if not working.done():
                    working.cancel()
                await asyncio.gather(working, return_exceptions=stopping.is_set())
        finally:
            await rooms.close()
    log.info("stopped")
