"""Cancelling in every state of a job: in one process, and from one process in another through Redis.

What counts is when the endpoint sees its connection closed, for until then it spends.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from ai.pool.jobs import Job, JobState
from ai.pool.worker import TOPIC
from ai.requests import Asked
from collab.yjs.offsets import utf16_length
from tests.ai.group import Group, eventually, open_group
from tests.ai.worker_processes import worker_process
from tests.conftest import Backend
from tests.doubles.model_server import Script

pytestmark = pytest.mark.alone

TEXT = "One line.\nAnother line.\n"
WITHIN = 0.25
KINDS = ("edit", "write", "chat")


@pytest.fixture
async def busy(backend: Backend) -> AsyncIterator[Group]:
    """A group with a worker: in this process when embedded, otherwise in one of its own."""
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(backend.open())
        queue = storage.topics.open(TOPIC) if backend.redis_url else None
        group = await stack.enter_async_context(open_group(storage, queue))
        await group.file("a.md", TEXT)
        if backend.redis_url is None:
            await stack.enter_async_context(group.working())
        else:
            model = {
                "SCRIPTORIUM_MODEL": "scripted",
                "OPENAI_BASE_URL": group.model.url,
                "OPENAI_API_KEY": "key",
            }
            await stack.enter_async_context(worker_process(backend.environment() | model))
            await group.ended(await ask(group, "chat"))  # it has started
        group.model.requests.clear()
        yield group


async def ask(group: Group, kind: str) -> Asked:
    if kind == "edit":
        return await group.edit("a.md", 0, utf16_length(TEXT))
    return await group.write("a.md", 0) if kind == "write" else await group.ask("Well?")


async def cancelled(group: Group, asked: Asked, cancelled_at: float) -> Job:
    """Ended, and at the endpoint within the time."""
    request = group.model.requests.pop()
    async with asyncio.timeout(5):
        await request.ended.wait()
    assert request.disconnected_at is not None
    assert request.disconnected_at - cancelled_at < WITHIN
    job = await group.ended(asked)
    assert job.state is JobState.CANCELLED
    return job


async def test_while_the_model_is_silent(busy: Group) -> None:
    for kind in KINDS:
        busy.model.enqueue(Script(first=30.0, comments=True))
        asked = await ask(busy, kind)
        await eventually(lambda: _asked(busy))
        at = time.monotonic()
        await busy.assistant.cancel(asked.job)
        await cancelled(busy, asked, at)


async def test_while_the_answer_streams(busy: Group) -> None:
    for kind in KINDS:
        busy.model.enqueue(Script(answer="and so on " * 1000, delay=0.02))
        asked = await ask(busy, kind)
        await eventually(lambda: _asked(busy))
        await eventually(lambda: _streams(busy))
        at = time.monotonic()
        await busy.assistant.cancel(asked.job)
        await cancelled(busy, asked, at)


async def test_while_it_waits_to_be_tried_again(busy: Group) -> None:
    busy.model.enqueue(*(Script("rate_limited", retry_after="2") for _ in KINDS))
    for kind in KINDS:
        asked = await ask(busy, kind)
        await _waits_again(busy, asked)
        assert (await busy.assistant.cancel(asked.job)).state is JobState.CANCELLED
        if asked.suggestion:
            assert (await busy.view(asked.suggestion))["state"] == "cancelled"
    await asyncio.sleep(2.5)
    assert len(busy.model.requests) == len(KINDS), "nobody asks the model any more"


async def _asked(group: Group) -> bool:
    return bool(group.model.requests)


async def _streams(group: Group) -> bool:
    return group.model.requests[0].tokens_sent > 5


async def _waits_again(group: Group, asked: Asked) -> None:
    async def waits() -> bool:
        job = await group.assistant.jobs.get(asked.job)
        return job.state is JobState.QUEUED and job.attempt == 1

    await eventually(waits)
