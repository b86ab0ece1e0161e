"""What a group lets be kept: switched off, switched on again, and erased, whoever is about to write at that moment."""

import asyncio
from typing import Any

import pytest

from ai.clock import now, rfc3339
from ai.record import watching
from ai.record.consent import Terms
from collab.yjs.offsets import utf16_length
from tests.ai.feedback import lines, measured
from tests.ai.group import ANN, BOB, Group
from tests.ai.proposals import propose
from tests.doubles.model_server import Script
from tests.support.waiting import until

TEXT = "One line.\nAnother line.\nThe last line.\n"
OWNER = {"id": "olga", "name": "Olga"}


async def switch(group: Group, on: bool) -> None:
    """As the route does it."""
    fields = {"collect_feedback": on, "consent": {"since": now(), "by": OWNER}}
    await group.storage.db["workspaces"].update_one({"_id": group.workspace}, {"$set": fields}, upsert=True)


async def prompts(group: Group) -> list[Any]:
    """All that suggestions still hold of what models were told."""
    found = [one async for one in group.storage.db["suggestions"].find({"workspace": group.workspace})]
    return [prompt for one in found for prompt in (*one["generations"].values(), *one["earlier"])]


async def ask(group: Group) -> str:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=TEXT.replace("One", "1").replace("last", "final")))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        await group.ended(asked)
    assert asked.suggestion is not None
    return asked.suggestion


def test_the_terms_cover_what_came_after_consent_and_erasure() -> None:
    terms = Terms(10.0, OWNER, 20.0, {"ann": 30.0})
    assert [terms.cover(at) for at in (5.0, 15.0, 20.0, 21.0)] == [False, False, False, True]
    assert not terms.cover(30.0, "bob", "ann")
    assert terms.cover(30.0, "bob")
    assert terms.cover(30.1, "ann")
    assert not Terms(None, OWNER, 0.0, {}).cover(50.0)
    assert terms.record() == {"collect_feedback": True, "since": "1970-01-01T00:00:10.000Z", "by": OWNER}


async def test_a_workspace_that_does_not_collect_keeps_neither_records_nor_prompts(group: Group) -> None:
    await switch(group, False)
    suggestion = await ask(group)
    first, second = await group.hunks(suggestion)
    await group.decide(suggestion, "accept", first.id)
    assert await lines(group) == []
    assert await prompts(group) == []
    # Switched on again, what is decided from then on is kept; what was asked before is not learned from.
    await switch(group, True)
    await group.decide(suggestion, "accept", second.id)
    [record] = await lines(group)
    assert (record["hunk"], record["messages"], record["selection"]) == (second.id, [], None)


async def test_a_record_says_under_which_consent_it_was_written(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    first, _ = await propose(group, document, ("One", "1"))
    await group.decide(first, "accept")
    await group.assistant.carrying.idle()
    await switch(group, True)
    second, _ = await propose(group, document, ("Another", "A second"))
    await group.decide(second, "accept")
    given, again = await lines(group)
    assert given["consent"] == {"collect_feedback": True, "since": None, "by": None}, "by default, since the beginning"
    assert again["consent"]["by"] == OWNER
    assert again["consent"]["since"] <= rfc3339(now())


async def test_what_was_decided_while_off_is_not_kept_by_whoever_finishes_it_later(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, [hunk] = await propose(group, document, ("One", "1"))
    await switch(group, False)
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    await switch(group, True)
    abandoned = {"state": "unfinished", "leased_until": 0.0}
    await group.storage.db["decisions"].update_one({"_id": f"{hunk}:0"}, {"$set": abandoned})
    assert await (await group.another()).assistant.carrying.recover() == 1
    assert await lines(group) == []


async def test_switching_off_ends_the_looks_at_accepted_texts(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUIET", "SOON", "LATE"):
        monkeypatch.setattr(watching, name, 0.2)
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"))
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    await switch(group, False)
    await switch(group, True)  # which is no leave to go on with what was begun before
    await asyncio.sleep(0.25)
    [record] = await measured(group)
    assert (record["final_text"], record["corrections"]) == (None, {})


async def test_erasing_takes_the_records_and_the_prompts_and_leaves_the_decisions(group: Group) -> None:
    suggestion = await ask(group)
    first, second = await group.hunks(suggestion)
    await group.decide(suggestion, "accept", first.id, by=BOB)
    await group.assistant.carrying.idle()
    assert len(await prompts(group)) == 1
    before = [one async for one in group.storage.db["decisions"].find({"workspace": group.workspace})]
    assert await group.assistant.erase_feedback(group.workspace) == 1
    assert await lines(group) == []
    assert await prompts(group) == []
    assert [one async for one in group.storage.db["decisions"].find({"workspace": group.workspace})] == before
    assert "messages" not in before[0]
    # What is decided from now on is kept, and teaches nothing of what was asked before.
    await group.decide(suggestion, "undo", first.id)
    await group.decide(suggestion, "accept", second.id)
    assert [(record["decision"], record["messages"]) for record in await lines(group)] == [
        ("undone", []),
        ("accepted", []),
    ]
    assert await lines(group, "sft") == await lines(group, "kto") == []
    document = first.document
    assert await group.text(document) == TEXT.replace("last", "final")


async def test_what_another_process_finishes_after_the_erasure_is_not_kept(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, [hunk] = await propose(group, document, ("One", "1"))
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    await group.assistant.erase_feedback(group.workspace)
    abandoned = {"state": "unfinished", "leased_until": 0.0}
    await group.storage.db["decisions"].update_one({"_id": f"{hunk}:0"}, {"$set": abandoned})
    assert await (await group.another()).assistant.carrying.recover() == 1
    assert await lines(group) == []


async def test_an_erasure_between_the_look_and_the_write_leaves_nothing(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process has read what it may keep, and writes only after all was erased."""
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"))
    feedback = group.assistant.feedback
    insert = feedback.insert

    async def insert_late(records: Any) -> None:
        await feedback.erase(group.workspace)
        await insert(records)

    monkeypatch.setattr(feedback, "insert", insert_late)
    await group.decide(suggestion, "accept")
    assert await lines(group) == []


async def test_a_prompt_that_is_kept_at_the_moment_of_erasing_goes_too(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=TEXT.replace("One", "1"), first=0.2))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        await until(lambda: group.model.requests)
        await group.assistant.erase_feedback(group.workspace)
        await group.ended(asked)
    assert await prompts(group) == []


async def test_erasing_what_comes_from_one_person_leaves_the_others(group: Group) -> None:
    """ANN asks in `propose`; BOB decides unless another is named."""
    document = await group.file("a.md", TEXT)
    by_bob, _ = await propose(group, document, ("One", "1"))
    by_ann, _ = await propose(group, document, ("Another", "A second"))
    await group.decide(by_bob, "accept")
    await group.decide(by_ann, "accept", by=ANN)
    await group.assistant.carrying.idle()
    assert await group.assistant.erase_feedback(group.workspace, "bob") == 1
    [left] = await lines(group)
    assert left["suggestion"] == by_ann
    assert len(await prompts(group)) == 2, "she asked for both, and nothing of hers was erased"
    assert await group.assistant.erase_feedback(group.workspace, "ann") == 1
    assert await prompts(group) == []
    await group.decide(by_ann, "undo", by=ANN)
    assert [record["messages"] for record in await lines(group)] == [[]]


async def test_a_prompt_of_an_earlier_attempt_is_erased_too(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"))
    earlier = {"attempt": 1, "document": document, "messages": [{"role": "user", "content": "Before."}]}
    await group.storage.db["suggestions"].update_one({"_id": suggestion}, {"$set": {"earlier": [earlier]}})
    assert len(await prompts(group)) == 2
    await group.assistant.erase_feedback(group.workspace)
    assert await prompts(group) == []


async def test_one_record_is_erased_alone(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"), ("Another", "A second"))
    await group.decide(suggestion, "accept")
    first, second = await lines(group)
    feedback = group.assistant.feedback
    assert not await feedback.erase_one("another workspace", first["id"])
    assert await feedback.erase_one(group.workspace, first["id"])
    assert not await feedback.erase_one(group.workspace, first["id"])
    assert [record["id"] for record in await lines(group)] == [second["id"]]


async def test_what_a_proposal_from_chat_was_told_is_not_kept_by_who_erases_at_that_moment(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer="```\nAnother text.\n```"))
    asked = await group.ask("What is better?")
    assert asked.conversation is not None
    async with group.working():
        await group.ended(asked)
    [_, answer] = await group.assistant.conversations.messages(asked.conversation)
    create = group.assistant.suggestions.create

    async def erased_first(*args: Any) -> Any:
        await group.assistant.feedback.erase(group.workspace)
        return await create(*args)

    monkeypatch.setattr(group.assistant.suggestions, "create", erased_first)
    await group.assistant.chat_proposals.propose(
        group.workspace, asked.conversation, answer.id, 0, "a.md", BOB, "whole"
    )
    assert await group.storage.db["suggestions"].count_documents({}) == 1
    assert [prompt for prompt in await prompts(group) if prompt] == []


async def test_what_a_chat_was_told_is_not_kept_by_who_erases_at_that_moment(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversations = group.assistant.conversations
    keep = conversations.keep_generation

    async def erased_first(*args: Any) -> None:
        await group.assistant.feedback.erase(group.workspace)
        await keep(*args)

    monkeypatch.setattr(conversations, "keep_generation", erased_first)
    group.model.enqueue(Script(answer="An answer."))
    asked = await group.ask("What is this?")
    async with group.working():
        await group.ended(asked)
    assert await group.storage.db["generations"].count_documents({}) == 0
