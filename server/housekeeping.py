"""What is done in the background, by every process; twice does no harm."""

import asyncio
import time
from datetime import timedelta

import structlog

from collab.documents.orphans import remove_orphans
from server.core import Core
from server.identity import Identity
from storage.errors import STORAGE_AWAY
from storage.leases import LeaseUnavailable

log = structlog.get_logger(__name__)

EVERY = 3600.0
RETRY = 60.0
"""Seconds after which what failed is tried again."""

ORPHANS_EVERY = 86_400.0
"""Finding them takes a list of all objects, which a large store is asked for in hundreds of requests."""

KEEP_EVENTS = timedelta(days=7)
"""How long a browser may have slept and still resume from the last event that it saw."""


class Housekeeping:
    """Removes what has expired, what nothing refers to, and what deleted workspaces have left behind."""

    def __init__(self, core: Core, identity: Identity) -> None:
        self._core = core
        self._identity = identity
        self._wake = asyncio.Event()
        self._swept = float("-inf")

    def soon(self) -> None:
        """There is something to remove."""
        self._wake.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            self._wake.clear()
            wait = EVERY
            try:
                await self._clean()
            except (*STORAGE_AWAY, LeaseUnavailable) as error:
                log.warning("housekeeping put off", error=str(error))
                wait = RETRY
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                continue

    async def _clean(self) -> None:
        for workspace in await self._identity.workspaces.deleted():
            await self._core.assistant.forget_workspace(workspace)
            await self._core.consumers.forget(workspace)
            await self._core.webhooks.forget(workspace)
            await self._core.files.erase_workspace(workspace)
            # Its events quote texts and chats, and the newest of a stream never expires.
            await self._core.storage.db["events"].delete_many({"stream": workspace})
            # Once nobody hears of its files any more, who looks into them and keeps what they say.
            await self._core.assistant.knowledge.erase(workspace)
            # Last, so that a crash before leaves it to be found again.
            await self._identity.workspaces.forget(workspace)
            log.info("workspace erased", workspace=workspace)
        await self._identity.sweep()
        await self._core.storage.events.expire(KEEP_EVENTS)
        await self._core.webhooks.expire(KEEP_EVENTS)
        if time.monotonic() - self._swept > ORPHANS_EVERY:
            await remove_orphans(self._core.storage)
            self._swept = time.monotonic()
