"""What every process opens, whether people connect to it or not."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from ai.assistant import Assistant, open_assistant
from collab.drive.drive import Drive
from collab.files.files import Files
from collab.rooms.rooms import Rooms
from server import consumers
from server.consuming import declared_in
from server.settings import Settings
from server.webhooks.courier import Courier
from server.webhooks.sending import Sender
from server.webhooks.webhooks import LOOK_EVERY, Webhooks
from storage import Storage, open_storage
from storage.consumer_groups import TOPIC, ConsumerGroups
from storage.repeating import repeat
from storage.waiting import end

log = structlog.get_logger(__name__)

AGAIN = 5.0
"""Seconds after which what broke off by a fault of ours is begun anew."""


@dataclass(frozen=True, slots=True)
class Core:
    storage: Storage
    rooms: Rooms
    files: Files
    assistant: Assistant
    consumers: ConsumerGroups
    webhooks: Webhooks
    courier: Courier

    async def see_to_events(self) -> None:
        """Do what is to happen when something has happened, until cancelled."""
        tasks = [asyncio.create_task(self.consumers.run()), asyncio.create_task(self.courier.run())]
        try:
            await asyncio.gather(*tasks)
        finally:
            await end(tasks)

    async def work(self) -> None:
        """Do all the work of a process that nobody waits for at a socket, until cancelled."""
        beside = asyncio.create_task(repeat(self.see_to_events, AGAIN))
        try:
            await self.assistant.work()
        finally:
            await end([beside])


def core_of(storage: Storage, rooms: Rooms, files: Files, assistant: Assistant, sender: Sender) -> Core:
    """With all consumers that there are."""
    groups = ConsumerGroups(storage.db, storage.events, storage.topics.open(TOPIC))
    webhooks = Webhooks(storage)
    core = Core(storage, rooms, files, assistant, groups, webhooks, Courier(storage, webhooks, sender))
    for declared in declared_in(consumers):
        groups.add(declared.of(core))
    return core


@asynccontextmanager
async def open_core(settings: Settings) -> AsyncIterator[Core]:
    """On leaving, each part ends before what it stands on: assistant, drive, rooms, storage.

    So what people have been shown is durable, and what the log has is on the drive, before storage closes.
    """
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(
            open_storage(
                mongo_url=settings.mongo_url,
                object_store_url=settings.object_store_url,
                redis_url=settings.redis_url,
                data_dir=settings.data_dir,
            )
        )
        rooms = Rooms(storage, settings.limits)
        stack.push_async_callback(rooms.close)
        await rooms.ensure_indexes()
        files = Files(storage, rooms, settings.limits)
        await files.ensure_indexes()
        stack.push_async_callback(files.search_texts.close)
        stack.push_async_callback(files.renewal.close)
        # Also in a worker: a process settles what it has logged itself, and the assistant writes from there.
        await stack.enter_async_context(running(Drive(storage, rooms, files).run()))
        assistant = await stack.enter_async_context(open_assistant(storage, rooms, files, settings))
        await stack.enter_async_context(running(assistant.resting.run()))
        sender = Sender(private=settings.private_webhooks)
        stack.push_async_callback(sender.close)
        core = core_of(storage, rooms, files, assistant, sender)
        await core.consumers.ensure_indexes()
        await core.webhooks.ensure_indexes()
        await stack.enter_async_context(running(repeat(core.webhooks.look, LOOK_EVERY)))
        yield core


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """``work`` goes on beside the body, is cancelled after it, and has ended when this is left."""
    task = asyncio.create_task(work)
    task.add_done_callback(_tell_of_failure)
    try:
        yield
    finally:
        await end([task])


def _tell_of_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("work in the background broke off", exc_info=error)
