"""The conversation manager: finds out beforehand what jobs need, in any process, and nobody has to wait for it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis as RedisClient

from ai import expiry
from ai.pool.jobs import JobState
from ai.prompting import analyses, gathering, manager
from ai.prompting.analysis import analysed
from ai.requests import Asked
from tests.ai.group import ANN, Group, eventually
from tests.ai.worker_processes import asking_group, worker_process, worker_settings
from tests.doubles.model_server import Script
from tests.services.launchers import Mongo, Redis

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
LONG = "".join(f"line {n} of a long text\n" for n in range(2_000)) + f"key = '{TOKEN}'\n"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is."""
    monkeypatch.setattr(gathering, "PATIENCE", 30.0)


async def ask(group: Group, message: str, path: str, conversation: str | None = None) -> Asked:
    asked = await group.assistant.requests.ask(group.workspace, message, conversation, path, ANN)
    await group.assistant.preparations.idle()
    return asked


async def kept(group: Group) -> list[dict[str, Any]]:
    return [record async for record in group.storage.db["analyses"].find({})]


async def waiting(group: Group) -> int:
    return len([record async for record in group.storage.db["preparations"].find({})])


async def prepared(group: Group) -> bool:
    return await waiting(group) == 0


async def test_a_manager_finds_out_beforehand_what_the_job_then_only_looks_up(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    await group.file("a.md", LONG)
    await group.file("other.py", "print('other')\n")
    asked = await ask(group, "What is the key?", "a.md")
    managing = asyncio.create_task(group.assistant.manage())
    await eventually(lambda: prepared(group))
    managing.cancel()
    assert len(await kept(group)) == 2
    assert TOKEN not in str(await kept(group))

    def no_more(text: str) -> None:
        raise AssertionError("it is known already")

    monkeypatch.setattr(analyses, "analysed", no_more)
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    request = group.model.requests[-1].prompt
    assert "print('other')" in request
    assert TOKEN not in request


async def test_a_job_without_a_manager_finds_it_out_itself(group: Group) -> None:
    await group.file("a.md", LONG)
    await group.file("other.py", "print('other')\n")
    asked = await ask(group, "What is the key?", "a.md")
    answering = asyncio.create_task(group.assistant.answer())
    assert (await group.ended(asked)).state is JobState.DONE
    answering.cancel()
    await asyncio.wait([answering])
    assert await waiting(group) == 1
    request = group.model.requests[-1].prompt
    assert "print('other')" in request
    assert TOKEN not in request


async def test_a_manager_that_hangs_or_fails_holds_no_job_up(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    await group.file("a.md", LONG)
    fails = [True]

    async def prepare(self: object, *_: object) -> None:
        if fails.pop():
            raise RuntimeError("no luck")
        await asyncio.sleep(60)

    monkeypatch.setattr(gathering.Gathering, "prepare", prepare)
    monkeypatch.setattr(manager, "LEASE", 0.2)
    fails[:] = [False, True]
    async with group.working():
        for _ in range(2):
            assert (await group.ended(await ask(group, "And?", "a.md"))).state is JobState.DONE


async def test_what_a_dead_manager_left_goes_to_another_and_not_round_for_ever(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "LEASE", 0.1)
    monkeypatch.setattr(manager, "POLL", 0.05)
    await group.file("a.md", LONG)
    await ask(group, "What is the key?", "a.md")
    preparations = manager.Preparations(group.storage.db, group.queue)
    assert await preparations.claim() is not None  # and dies over it
    assert await preparations.claim() is None
    other = await group.another()
    managing = asyncio.create_task(other.assistant.manage())
    await eventually(lambda: prepared(group))
    assert len(await kept(group)) == 1
    managing.cancel()
    await asyncio.wait([managing])
    await ask(group, "And again?", "a.md")
    for _ in range(manager.MOST_ATTEMPTS):
        assert await preparations.claim() is not None
        await asyncio.sleep(0.15)
    assert await preparations.claim() is None
    assert await waiting(group) == 0


async def test_equal_texts_are_looked_at_once_wherever_they_lie(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    def count(text: str) -> object:
        looked_at.append(text)
        return analysed(text)

    monkeypatch.setattr(analyses, "analysed", count)
    for name in ("a", "b", "c"):
        await group.file(f"{name}.md", LONG)
    asked = await ask(group, "What is the key?", "a.md")
    async with group.working():
        await group.ended(asked)
        await eventually(lambda: prepared(group))
        await group.ended(await ask(group, "And now?", "b.md"))
        await eventually(lambda: prepared(group))
    assert looked_at == [LONG]
    await group.file("a.md", LONG + "more\n")
    group.model.enqueue(Script(first=1.0))  # what has ended by the time of its turn is not prepared
    async with group.working():
        await group.ended(await ask(group, "And now?", "a.md"))
        await eventually(lambda: prepared(group))
    assert looked_at == [LONG, LONG + "more\n"]


async def test_what_is_not_used_expires_and_what_is_used_stays(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    found = analyses.Analyses(group.storage.db, group.rooms.aside)
    await found.of([LONG, "other"])
    clock = analyses.now()
    monkeypatch.setattr(analyses, "now", lambda: clock + analyses.KEPT * 0.75)
    assert await found.known(LONG) is not None
    [used, unused] = sorted(await kept(group), key=lambda record: -float(record["expires_at"]))
    assert used["expires_at"] > clock + analyses.KEPT * 1.5 > unused["expires_at"]
    await group.storage.db["analyses"].update_one({"_id": unused["_id"]}, {"$set": {"expires_at": 1.0}})
    await group.assistant._expiry.sweep()
    assert [record["_id"] for record in await kept(group)] == [used["_id"]]


async def test_requests_that_nobody_prepares_are_forgotten(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    await group.file("a.md", "text\n")
    await ask(group, "What is it?", "a.md")
    await group.assistant._expiry.sweep()
    assert await waiting(group) == 1
    monkeypatch.setattr(expiry, "PREPARED", -1.0)
    await group.assistant._expiry.sweep()
    assert await waiting(group) == 0


async def test_a_question_is_told_which_lines_have_changed_since_the_one_before(group: Group) -> None:
    document = await group.file("a.md", "one\ntwo\nthree\nfour\n")
    async with group.working():
        first = await ask(group, "What is it?", "a.md")
        await group.ended(first)
        assert "question before" not in group.model.requests[-1].prompt
        await group.type(document, 4, 7, "second")
        second = await ask(group, "And now?", "a.md", first.conversation)
        await group.ended(second)
        assert "Since the question before, line 2 of the document changed." in group.model.requests[-1].prompt
        third = await ask(group, "And now?", "a.md", first.conversation)
        await group.ended(third)
        assert "question before" not in group.model.requests[-1].prompt
    messages = await group.assistant.conversations.messages(first.conversation or "")
    whys = [item["why"] for message in messages for item in message.context if item["role"] == "document"]
    assert whys[1] == "is open where it was asked, and has changed in line 2 since"


async def test_a_second_attempt_at_a_question_is_told_of_the_same_changes(group: Group) -> None:
    document = await group.file("a.md", "one\ntwo\nthree\nfour\n")
    async with group.working():
        first = await ask(group, "What is it?", "a.md")
        await group.ended(first)
        await group.type(document, 0, 3, "first")
    group.model.enqueue(Script("server_error"), Script(answer="Well."))
    async with group.working():
        second = await ask(group, "And now?", "a.md", first.conversation)
        assert (await group.ended(second)).attempt == 2
    told = [request.prompt for request in group.model.requests[-2:]]
    assert all("Since the question before, line 1 of the document changed." in prompt for prompt in told)


async def test_generated_files_and_licences_stay_out_of_the_way(group: Group) -> None:
    await group.file("api.py", "# Code generated by a tool. DO NOT EDIT.\ngenerated = 1\n")
    await group.file("uv.lock", "locked = 1\n")
    await group.file("min.js", "var a=1;" * 2_000)
    await group.file("real.py", "# Copyright 2026 The Group\n# Licensed under the Apache License.\n\nreal = 1\n")
    await group.file("main.py", "main = 1\n")
    async with group.working():
        asked = await group.edit("main.py", 0, 4)
        await group.ended(asked)
    context = (await group.view(asked.suggestion))["context"]
    [file] = [item for item in context if item["role"] == "file"]
    assert (file["path"], file["lines"]) == ("real.py", [4, 4])
    request = group.model.requests[-1].prompt
    assert "real = 1" in request
    assert not any(word in request for word in ("generated = 1", "locked = 1", "var a", "Copyright"))


async def test_a_large_document_is_analysed_in_a_process_of_its_own_while_the_loop_goes_on(group: Group) -> None:
    text = "".join(f"a line with the number {n}\n" for n in range(60_000))
    slowest, last = 0.0, asyncio.get_running_loop().time()

    async def tick() -> None:
        nonlocal slowest, last
        while True:
            await asyncio.sleep(0.001)
            slowest, last = max(slowest, asyncio.get_running_loop().time() - last), asyncio.get_running_loop().time()

    ticking = asyncio.create_task(tick())
    [found] = await analyses.Analyses(group.storage.db, group.rooms.aside).of([text])
    ticking.cancel()
    assert (found.lines, found.letters) == (60_001, len(text))
    assert found.tokens > 300_000


@pytest.mark.alone
async def test_a_process_for_analysis_alone_prepares_and_answers_nothing_also_after_redis_was_flushed(
    redis_service: Redis, mongo_service: Mongo, tmp_path: Path
) -> None:
    async with asking_group(redis_service, mongo_service, tmp_path) as group:
        await group.file("a.md", LONG)
        settings = worker_settings(redis_service, mongo_service, tmp_path, group.model.url)
        async with worker_process(settings, "--only", "analysis") as process:
            asked = await ask(group, "What is the key?", "a.md")
            await eventually(lambda: prepared(group))
            assert len(await kept(group)) == 1
            client = RedisClient.from_url(redis_service.url)
            await client.flushall()
            await client.aclose()
            await group.file("b.md", LONG + "more\n")
            await ask(group, "And now?", "b.md")
            await eventually(lambda: prepared(group))
            assert len(await kept(group)) == 2
            assert (await group.assistant.jobs.get(asked.job)).state is JobState.QUEUED
            assert group.model.requests == []
            process.kill()
            async with group.working():
                assert (await group.ended(asked)).state is JobState.DONE
