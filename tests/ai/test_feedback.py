"""Feedback: derived from decisions, corrected by what people then make of the text, owned by the group."""

import asyncio
import json
from typing import Any

import pytest

from ai import watching
from ai.exports import Format
from collab.offsets import utf16_length
from tests.ai.group import BOB, Group, Process, eventually
from tests.ai.proposals import propose
from tests.doubles.model_server import Script

TEXT = "One line.\nAnother line.\nThe last line.\n"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds of quiet, 30 s and 10 min as 0.2, 0.4 and 1 s."""
    for name, seconds in (("QUIET", 0.2), ("SOON", 0.4), ("LATE", 1.0)):
        monkeypatch.setattr(watching, name, seconds)


async def lines(process: Process, format: Format = "raw") -> list[dict[str, Any]]:
    exported = await process.assistant.feedback_lines(process.workspace, format)
    return [json.loads(line) async for line in exported]


async def measured(process: Process) -> list[dict[str, Any]]:
    """The records once nothing is left to measure, as a process does it that has just started."""

    async def nothing_left() -> bool:
        await process.assistant.feedback.measure_due()
        due = process.storage.db["feedback"].find({"workspace": process.workspace, "measure_at": {"$gt": 0}})
        return not [record async for record in due]

    await eventually(nothing_left)
    return await lines(process)


async def test_every_decision_becomes_a_record_with_all_that_led_to_it(group: Group) -> None:
    await group.file("a.md", TEXT)
    answer = TEXT.replace("One", "1").replace("last", "final")
    group.model.enqueue(Script(answer=answer))
    asked = await group.edit("a.md", 0, utf16_length(TEXT), "Shorten it.")
    async with group.working():
        await group.ended(asked)
    first, second = await group.hunks(asked.suggestion)
    await group.decide(asked.suggestion, "accept", first.id)
    await group.decide(asked.suggestion, "reject", second.id, reason="I like it as it is.")
    accepted, rejected = await lines(group)
    assert (accepted["decision"], accepted["base_text"], accepted["proposed_text"]) == ("accepted", "One", "1")
    assert (rejected["decision"], rejected["reason"]) == ("rejected", "I like it as it is.")
    assert accepted["requested_by"] == {"id": "ann", "name": "Ann"}
    assert accepted["decided_by"] == {"id": "bob", "name": "Bob"}
    assert (accepted["model"], accepted["provider"], accepted["kind"]) == ("scripted", "openai", "edit")
    assert "Shorten it." in accepted["messages"][-1]["content"]
    assert accepted["usage"]["completion_tokens"] > 0
    assert 0 < accepted["timings"]["first_token"] <= accepted["timings"]["total"]
    assert (accepted["path"], accepted["language"]) == ("a.md", "markdown")
    [example] = await lines(group, "sft")
    assert example["messages"][-1] == {"role": "assistant", "content": TEXT.replace("One", "1")}


@pytest.mark.usefixtures("quick")
async def test_what_people_make_of_an_accepted_text_is_measured_three_times(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("Another line.", "A second line, written well."))
    await group.decide(suggestion, "accept")
    await group.type(document, 0, 0, "Before it 😀. ")
    place = utf16_length((text := await group.text(document))[: text.index("well")])
    await group.type(document, place, place + 4, "badly")
    await group.assistant.carrying.idle()
    await asyncio.sleep(0.25)
    # Nothing of this process is needed for it: another one goes on after a restart.
    [record] = await measured(await group.another())
    assert record["final_text"] == "A second line, written badly."
    assert set(record["corrections"]) == {"quiet", "30s", "10min"}
    assert 0.5 < record["kept_rate"] < 1
    assert record["proposed_text"] == "A second line, written well."


@pytest.mark.usefixtures("quick")
async def test_an_accepted_deletion_and_an_accepted_write_are_measured_too(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("Another line.\n", ""))
    await group.decide(suggestion, "accept")
    group.model.enqueue(Script(answer="Written by a model. "))
    asked = await group.write("a.md", 0)
    async with group.working():
        await group.ended(asked)
    await group.decide(asked.suggestion, "accept")
    await group.type(document, len("Written "), len("Written by a model"), "by me")
    by_kind = {record["kind"]: record for record in await measured(group)}
    assert (by_kind["edit"]["final_text"], by_kind["edit"]["kept_rate"]) == ("", 1.0)
    assert by_kind["write"]["final_text"] == "Written by me. "


@pytest.mark.usefixtures("quick")
async def test_an_acceptance_that_was_undone_is_not_measured_any_more(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("Another", "A second"))
    await group.decide(suggestion, "accept")
    await group.decide(suggestion, "undo")
    await asyncio.sleep(0.3)
    records = await measured(group)
    assert [(record["decision"], record["final_text"]) for record in records] == [("accepted", None), ("undone", None)]


@pytest.mark.usefixtures("quick")
async def test_a_document_that_is_gone_is_not_looked_for_for_ever(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("Another", "A second"))
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    await group.rooms.retire(document)
    await asyncio.sleep(0.3)
    [record] = await measured(await group.another())
    assert record["final_text"] is None


async def test_a_workspace_that_does_not_collect_keeps_neither_records_nor_prompts(group: Group) -> None:
    await group.storage.db["workspaces"].insert_one({"_id": group.workspace, "collect_feedback": False})
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=TEXT.replace("One", "1")))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        await group.ended(asked)
    await group.decide(asked.suggestion, "accept")
    assert await lines(group) == []
    assert asked.suggestion is not None
    assert (await group.assistant.suggestions.get(asked.suggestion)).generations == {}


async def test_erasing_takes_the_records_and_leaves_the_decisions(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, [hunk] = await propose(group, document, ("Another", "A second"))
    await group.decide(suggestion, "accept", by=BOB)
    assert await group.assistant.erase_feedback(group.workspace) == 1
    assert await lines(group) == []
    record = await group.storage.db["decisions"].find_one({"_id": f"{hunk}:0"})
    assert record is not None
    assert "messages" not in record
    await group.decide(suggestion, "undo")
    assert await group.text(document) == TEXT


async def test_secrets_are_gone_before_anything_is_written(group: Group) -> None:
    secret = "ghp_" + "aZ3kQ9xW1mB7vR5tY2nC8pL4sD6fG0hJabcd"
    document = await group.file("a.md", f"token: {secret}\n")
    suggestion, _ = await propose(group, document, (f"token: {secret}", f"key: {secret}"))
    await group.decide(suggestion, "accept", reason=f"because of {secret}")
    await group.assistant.carrying.idle()
    stored = [record async for record in group.storage.db["feedback"].find({"workspace": group.workspace})]
    assert len(stored) == 1
    assert secret not in repr(stored)
