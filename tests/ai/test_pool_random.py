"""A pool of real worker processes under a seeded plan.

Workers are killed in the middle of everything, Redis is flushed and killed, and the model fails every few requests. In
the end every job has ended once, and no text stands anywhere twice.
"""

import asyncio
import random
from asyncio.subprocess import Process
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis.asyncio import Redis as RedisClient

from ai.models.circuit import FAILURES
from ai.pool.jobs import Job, JobState
from ai.requests import Asked
from collab.yjs.offsets import utf16_length
from tests.ai.group import Group, Watching, eventually
from tests.ai.worker_processes import asking_group, worker_process, worker_settings
from tests.doubles.model_server import ModelServer, Request, Script
from tests.services.launchers import Mongo, Redis

pytestmark = pytest.mark.thorough

JOBS = 18
WORKERS = 2
TEXT = "One line.\nAnother line.\nThe last line.\n"


class Flaky(ModelServer):
    """Answers each job with words of its own, and fails by chance, but not so often in a row that it counts as down."""

    def __init__(self, draw: random.Random) -> None:
        super().__init__()
        self._draw = draw
        self._in_a_row = 0

    def _script(self, request: Request) -> Script:
        prompt = request.prompt
        number = int(prompt.rpartition("job number ")[2].split()[0])
        answer = _edited(number) if "selected" in prompt else words(number)
        script = Script(answer=answer, first=self._draw.uniform(0, 0.5), delay=self._draw.uniform(0, 0.03))
        if self._draw.random() < 0.25 and self._in_a_row < FAILURES - 1:
            self._in_a_row += 1
            script.behaviour = self._draw.choice(["server_error", "rate_limited", "refuse", "cut_off"])
            script.tokens = self._draw.randint(1, 12)
            script.retry_after = "0"
        else:
            self._in_a_row = 0
        return script


def words(number: int) -> str:
    return " ".join(f"word{number}x{n}" for n in range(40))


@dataclass
class Plan:
    """What was asked, in the order of its number."""

    kinds: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_happens_to_the_pool_every_job_ends_once_and_nothing_is_said_twice(
    seed: int, redis_service: Redis, mongo_service: Mongo, tmp_path: Path
) -> None:
    draw = random.Random(seed)
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asking_group(redis_service, mongo_service, tmp_path))
        model = await stack.enter_async_context(Flaky(draw))
        settings = worker_settings(redis_service, mongo_service, tmp_path, model.url)

        async def start() -> Process:
            return await stack.enter_async_context(worker_process(settings))

        workers = [await start() for _ in range(WORKERS)]
        watching = await stack.enter_async_context(Watching(group))
        plan = Plan()
        for number in range(JOBS):
            plan.kinds.append(kind := draw.choice(["edit", "write", "chat"]))
            plan.asked.append(await ask(group, kind, number))
            await asyncio.sleep(draw.uniform(0, 0.6))
            match draw.choice(["nothing", "nothing", "kill", "flush", "restart"]):
                case "kill":
                    workers.pop(draw.randrange(WORKERS)).kill()
                    workers.append(await start())
                case "flush":
                    async with RedisClient.from_url(redis_service.url) as client:
                        await client.flushall()
                case "restart":
                    redis_service.kill()
                    await asyncio.sleep(draw.uniform(0, 1))
                    redis_service.start()
        for number, asked in enumerate(plan.asked):
            job = await group.ended(asked, within=120)
            await check(group, plan.kinds[number], number, asked, job)
            # None at all where the worker was killed between the record and the event.
            assert ends(watching, job) <= 1
        held = [record async for record in group.storage.db["jobs"].find({"holder": {"$ne": None}})]
        assert held == [], "no lease is left"


async def ask(group: Group, kind: str, number: int) -> Asked:
    instruction = f"This is job number {number} of many."
    if kind == "chat":
        return await group.ask(instruction)
    await group.file(f"{number}.md", TEXT)
    if kind == "edit":
        return await group.edit(f"{number}.md", 0, utf16_length(TEXT), instruction)
    return await group.write(f"{number}.md", 0, instruction)


async def check(group: Group, kind: str, number: int, asked: Asked, job: Job) -> None:
    """What is left of a job is its whole answer, or the beginning of it where it failed."""
    assert job.state in (JobState.DONE, JobState.FAILED)
    done = job.state is JobState.DONE
    if kind == "chat":
        assert asked.conversation is not None
        [_, *answers] = await group.assistant.conversations.messages(asked.conversation)
        [answer] = answers
        assert answer.state == ("done" if done else "failed")
        assert answer.text == words(number) if done else words(number).startswith(answer.text)
        return
    document = (await group.files.entry(group.workspace, f"{number}.md")).id
    hunks = await group.hunks(asked.suggestion)
    assert not [hunk for hunk in hunks if hunk.state == "streaming"]
    if kind == "write":
        typed = hunks[0].proposed if hunks else ""
        assert typed == words(number) if done else words(number).startswith(typed)
        await eventually(lambda: _reads(group, document, typed + TEXT))
        return
    if hunks:
        await group.decide(asked.suggestion, "accept")
    text = await group.text(document)
    assert text == _edited(number) if done else text in (TEXT, _edited(number))


def ends(watching: Watching, job: Job) -> int:
    changes = [data for data in watching.of("scriptorium.job.changed") if data["id"] == job.id]
    return sum(data["state"] in ("done", "failed", "cancelled") for data in changes)


async def _reads(group: Group, document: str, text: str) -> bool:
    return await group.text(document) == text


def _edited(number: int) -> str:
    return TEXT.replace("Another", f"A {number}th")
