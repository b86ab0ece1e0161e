"""Work that goes on beside everything else, whatever becomes of it once."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from pymongo.errors import ConnectionFailure

from storage.faults import fault

log = structlog.get_logger(__name__)


async def repeat(chore: Callable[[], Awaitable[object]], every: float) -> None:
    """Until cancelled, with `every` seconds between the end of one time and the next."""
    while True:
        try:
            await chore()
        except ConnectionFailure as error:
            log.warning("put off, storage is away", chore=chore.__qualname__, error=str(error))
        except Exception as error:
            log.error("a chore failed", chore=chore.__qualname__, error=fault(error))
        await asyncio.sleep(every)
