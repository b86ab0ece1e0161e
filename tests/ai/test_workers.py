"""Workers: several of them, one that is killed, and storage that goes away under them."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

from ai.pool import jobs, worker
from ai.pool.jobs import LEASE, JobState, Person, Priority
from ai.pool.shares import Shares
from collab.yjs.offsets import utf16_length
from storage import open_storage
from tests.ai.group import ANN, BOB, Group, Watching, eventually, open_group
from tests.ai.worker_processes import asking_group, worker_process, worker_settings
from tests.doubles.model_server import Script
from tests.services.launchers import Mongo, Redis

pytestmark = pytest.mark.thorough

TEXT = "One line.\nAnother line.\nThe last line.\n"
LONG = Script(answer="and on " * 10_000, delay=0.1)
ROOT = Path(__file__).resolve().parents[2]


async def test_two_workers_share_what_is_asked(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MOST_AT_ONCE", 2)
    await group.file("a.md", TEXT)
    group.model.enqueue(*(Script(answer=TEXT, first=0.2) for _ in range(8)))
    asked = [await group.edit("a.md", 0, utf16_length(TEXT)) for _ in range(8)]
    other = await group.another()
    holders = set()

    async def watch() -> None:
        """All the while, because whoever held a job that has ended is nowhere to be read."""
        while True:
            async for record in group.storage.db["jobs"].find({"workspace": group.workspace, "state": "running"}):
                holders.add(record["holder"])
            await asyncio.sleep(0.02)

    async with group.working(), other.working():
        watching = asyncio.create_task(watch())
        for one in asked:
            await group.ended(one)
        watching.cancel()
    assert len(holders) == 2
    assert len(group.model.requests) == 8


async def test_what_finds_no_room_begins_as_soon_as_there_is_some(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(worker, "POLL", 3600.0)
    group.model.enqueue(*(Script(answer="Yes.", first=0.05) for _ in range(7)))
    asked = [await group.ask("Well?") for _ in range(7)]
    async with group.working():
        for one in asked:
            assert (await group.ended(one)).state is JobState.DONE


async def test_somebody_who_asks_for_everything_leaves_room_for_the_others(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_AT_ONCE", 5)
    group.model.enqueue(*(LONG for _ in range(4)), Script(answer="No."))
    greedy = [await group.ask("Well?", by=ANN) for _ in range(8)]
    async with group.working():
        await eventually(lambda: _count(group, 4))
        alone = await group.ask("And?", by=BOB)
        assert (await group.ended(alone)).state is JobState.DONE
        assert len(group.model.requests) == 5
        for one in greedy:
            await group.assistant.cancel(one.job)


async def test_work_in_the_background_leaves_room_for_whoever_waits(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_AT_ONCE", 4)
    group.model.enqueue(*(LONG for _ in range(3)), Script(answer="No."))
    behind = [await group.ask("Well?", by=Person(name, name)) for name in "pqrst"]
    await group.storage.db["jobs"].update_many({}, {"$set": {"priority": Priority.BACKGROUND.value}})
    async with group.working():
        await eventually(lambda: _count(group, 3))
        waits = await group.ask("And?", by=BOB)
        assert (await group.ended(waits)).state is JobState.DONE
        assert len(group.model.requests) == 4
        for one in behind:
            await group.assistant.cancel(one.job)


async def test_a_database_that_goes_away_mid_stream_costs_time_and_nothing_else(
    mongo_service: Mongo, tmp_path: Path
) -> None:
    stores = {"mongo_url": mongo_service.url, "object_store_url": None, "redis_url": None}
    async with open_storage(**stores, data_dir=tmp_path) as storage, open_group(storage) as group:
        document = await group.file("a.md", TEXT * 20)
        new = (TEXT * 20).replace("Another", "A second")
        group.model.enqueue(Script(answer=new, delay=0.01), Script(answer=new))
        asked = await group.edit("a.md", 0, utf16_length(TEXT * 20))
        async with group.working():
            await eventually(lambda: _has_hunks(group, asked.suggestion))
            mongo_service.kill()
            await asyncio.sleep(1)
            mongo_service.start()
            job = await group.ended(asked, within=30)
        assert job.state is JobState.DONE
        await group.decide(asked.suggestion, "accept")
        assert await group.text(document) == new


async def test_who_takes_a_job_over_from_itself_lets_go_of_its_earlier_attempt(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a pause in which nobody else was there, before the worker has seen that its leases have run out."""
    workers: list[Shares] = []

    class Seen(Shares):
        def __init__(self, slots: int) -> None:
            super().__init__(slots)
            workers.append(self)

    monkeypatch.setattr(worker, "Shares", Seen)
    monkeypatch.setattr(worker, "RENEW", 60.0)
    monkeypatch.setattr(worker, "POLL", 0.3)
    monkeypatch.setattr(jobs, "LEASE", 60.0)
    group.model.enqueue(Script("endless", answer="more and ", delay=0.05), Script(answer="All of it.", first=0.5))
    asked = await group.ask("Well?")
    async with group.working():
        await eventually(lambda: _count(group, 1))
        # Not a short lease: on a busy machine that of the second attempt would run out as well.
        await group.storage.db["jobs"].update_one({"_id": asked.job}, {"$set": {"leased_until": 0.0}})
        await eventually(lambda: _count(group, 2))
        job = await group.ended(asked)
        assert (job.state, job.attempt) == (JobState.DONE, 2)
        assert await group.assistant.jobs.get(asked.job) == job
        [of_this_one] = workers
        await eventually(lambda: _all_free(of_this_one))
    assert len(group.model.requests) == 2


@pytest.mark.alone
async def test_a_worker_that_stood_still_for_longer_than_a_lease_takes_over_from_itself_once(
    redis_service: Redis, mongo_service: Mongo, tmp_path: Path
) -> None:
    async with asking_group(redis_service, mongo_service, tmp_path) as group:
        settings = worker_settings(redis_service, mongo_service, tmp_path, group.model.url)
        group.model.enqueue(
            *[Script(answer="word " * 100, delay=0.08)] * 2, Script("endless", answer="more and ", delay=0.1)
        )
        async with worker_process(settings) as process:
            asked = await group.ask("Well?")
            await eventually(lambda: _count(group, 1))
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(LEASE + 1.5)
            process.send_signal(signal.SIGCONT)
            job = await group.ended(asked, within=40)
            assert (job.state, job.attempt, len(group.model.requests)) == (JobState.DONE, 2, 2)
            [_, answer] = await group.assistant.conversations.messages(asked.conversation or "")
            assert (answer.state, answer.text.split()) == ("done", ["word"] * 100)
            # Its leases are renewed and its ears open as before.
            another = await group.ask("And?")
            await eventually(lambda: _count(group, 3))
            await asyncio.sleep(LEASE + 1)
            await group.assistant.cancel(another.job)
            job = await group.ended(another, within=1)
            assert (job.state, job.attempt) == (JobState.CANCELLED, 1)


@pytest.mark.alone
async def test_a_killed_worker_process_is_followed_by_another_and_nothing_is_written_twice(
    redis_service: Redis, mongo_service: Mongo, tmp_path: Path
) -> None:
    async with asking_group(redis_service, mongo_service, tmp_path) as group:
        settings = worker_settings(redis_service, mongo_service, tmp_path, group.model.url)
        document = await group.file("a.md", TEXT)
        group.model.enqueue(Script("endless", answer="again and "), Script(answer="Once."))
        async with worker_process(settings) as first:
            asked = await group.write("a.md", 0)
            await eventually(lambda: _holds(group, document, "again and again"))
            first.kill()
        async with worker_process(settings):
            began = asyncio.get_running_loop().time()
            job = await group.ended(asked, within=20)
            took = asyncio.get_running_loop().time() - began
        assert (job.state, job.attempt) == (JobState.DONE, 2)
        await eventually(lambda: _holds(group, document, "Once."))
        assert await group.text(document) == "Once." + TEXT
        assert took < LEASE + 2 * worker.POLL + 5


@pytest.mark.alone
async def test_whatever_a_killed_worker_was_doing_is_taken_over_and_said_once(
    redis_service: Redis, mongo_service: Mongo, tmp_path: Path
) -> None:
    new = (TEXT * 10).replace("Another", "A second")
    async with asking_group(redis_service, mongo_service, tmp_path) as group:
        settings = worker_settings(redis_service, mongo_service, tmp_path, group.model.url)
        edited = await group.file("edited.md", TEXT * 10)
        written = await group.file("written.md", TEXT)
        async with worker_process(settings) as first, Watching(group) as watching:
            group.model.enqueue(Script(answer="Silent.", first=30.0))
            silent = await group.ask("Are you there?" + then("Yes."))
            await eventually(lambda: _count(group, 1))
            group.model.enqueue(Script(answer="Said " * 1000, delay=0.05))
            chat = await group.ask("Well?" + then("Once."))
            await eventually(lambda: watching.has("scriptorium.chat.delta"))
            group.model.enqueue(Script("endless", answer="again and "))
            write = await group.write("written.md", 0, "Write." + then("Typed once. "))
            await eventually(lambda: _holds(group, written, "again and again"))
            group.model.enqueue(Script(answer=new * 5, delay=0.05))
            edit = await group.edit("edited.md", 0, utf16_length(TEXT * 10), "Edit." + then(new))
            await eventually(lambda: _has_hunks(group, edit.suggestion))
            first.kill()
            async with worker_process(settings):
                for asked in (silent, chat, write, edit):
                    job = await group.ended(asked, within=40)
                    assert (job.state, job.attempt) == (JobState.DONE, 2)
        for asked, answer in ((silent, "Yes."), (chat, "Once.")):
            assert asked.conversation is not None
            [_, message] = await group.assistant.conversations.messages(asked.conversation)
            assert message.text == answer
        await eventually(lambda: _holds(group, written, "Typed once."))
        assert await group.text(written) == "Typed once. " + TEXT
        await group.decide(edit.suggestion, "accept")
        assert await group.text(edited) == new


def then(answer: str) -> str:
    """In a request: what the model answers to it once no script is left."""
    return f" #model {json.dumps({'answer': answer})}"


async def _has_hunks(group: Group, suggestion: str | None) -> bool:
    return bool(await group.hunks(suggestion))


async def _holds(group: Group, document: str, text: str) -> bool:
    return text in await group.text(document)


async def _all_free(shares: Shares) -> bool:
    return shares.free == worker.MOST_AT_ONCE


async def _count(group: Group, requests: int) -> bool:
    return len(group.model.requests) == requests
