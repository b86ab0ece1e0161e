"""What has served its time goes, with all that belongs to it; decisions and feedback stay."""

import pytest

from ai import expiry
from ai.clock import now
from tests.ai.group import ANN, Group
from tests.ai.proposals import propose
from tests.doubles.model_server import Script

COLLECTIONS = ("jobs", "suggestions", "hunks", "conversations", "messages", "generations", "decisions", "feedback")
DAY = 24 * 3600.0


async def counts(group: Group) -> dict[str, int]:
    return {name: await group.storage.db[name].count_documents({}) for name in COLLECTIONS}


async def make_one_of_each(group: Group) -> None:
    document = await group.file("a.md", "One line.\n")
    suggestion, _ = await propose(group, document, ("One", "1"))
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    group.model.enqueue(Script())
    asked = await group.assistant.requests.ask(group.workspace, "Hello?", None, None, ANN)
    async with group.working():
        await group.ended(asked)


async def test_what_is_older_than_thirty_days_goes(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    await make_one_of_each(group)
    before = await counts(group)
    assert all(before.values())
    sweeper = expiry.Expiry(group.storage.db, group.assistant.figures)
    monkeypatch.setattr(expiry, "now", lambda: now() + 29 * DAY)
    await sweeper.sweep()
    assert await counts(group) == before
    monkeypatch.setattr(expiry, "now", lambda: now() + 31 * DAY)
    await sweeper.sweep()
    after = await counts(group)
    assert {name for name, count in after.items() if count} == {"decisions", "feedback"}


async def test_a_conversation_in_use_keeps_its_messages_and_no_prompts_of_before(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_one_of_each(group)
    await group.storage.db["conversations"].update_many({}, {"$set": {"updated_at": now() + 30 * DAY}})
    monkeypatch.setattr(expiry, "now", lambda: now() + 31 * DAY)
    await expiry.Expiry(group.storage.db, group.assistant.figures).sweep()
    left = await counts(group)
    assert (left["conversations"], left["messages"], left["generations"]) == (1, 2, 0)


async def test_a_job_that_still_runs_is_kept(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    await group.file("a.md", "One line.\n")
    asked = await group.edit("a.md", 0, 3)
    monkeypatch.setattr(expiry, "now", lambda: now() + 31 * DAY)
    await expiry.Expiry(group.storage.db, group.assistant.figures).sweep()
    assert (await group.assistant.jobs.get(asked.job)).id == asked.job


async def test_a_workspace_that_is_gone_leaves_only_its_decisions(group: Group) -> None:
    await make_one_of_each(group)
    await group.edit("a.md", 0, 3)
    await group.assistant.forget_workspace(group.workspace)
    assert {name for name, count in (await counts(group)).items() if count} == {"decisions"}
