"""Feedback: derived from decisions, corrected by what people then make of the text, owned by the group."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from ai.proposals.hunks import Decision, HunkState
from ai.record import watching
from ai.requests import Asked
from collab.replicas.positions import range_anchors
from collab.yjs.offsets import utf16_length
from tests.ai.feedback import lines, measured
from tests.ai.group import ANN, BOB, Group, Process, eventually
from tests.ai.proposals import propose
from tests.doubles.model_server import Script

TEXT = "One line.\nAnother line.\nThe last line.\n"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds of quiet, 30 s and 10 min as 0.2, 0.4 and 1 s."""
    for name, seconds in (("QUIET", 0.2), ("SOON", 0.4), ("LATE", 1.0)):
        monkeypatch.setattr(watching, name, seconds)


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


async def test_secrets_are_gone_before_anything_is_written(group: Group) -> None:
    secret = "ghp_" + "aZ3kQ9xW1mB7vR5tY2nC8pL4sD6fG0hJabcd"
    document = await group.file("a.md", f"token: {secret}\n")
    suggestion, _ = await propose(group, document, (f"token: {secret}", f"key: {secret}"))
    await group.decide(suggestion, "accept", reason=f"because of {secret}")
    await group.assistant.carrying.idle()
    stored = [record async for record in group.storage.db["feedback"].find({"workspace": group.workspace})]
    assert len(stored) == 1
    assert secret not in repr(stored)


async def test_an_answer_is_an_example_once_all_of_it_is_decided(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=TEXT.replace("One", "1").replace("last", "final")))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        await group.ended(asked)
    first, second = await group.hunks(asked.suggestion)
    await group.decide(asked.suggestion, "accept", first.id)
    assert await lines(group, "sft") == await lines(group, "kto") == []
    await group.decide(asked.suggestion, "reject", second.id)
    assert [example["messages"][-1]["content"] for example in await lines(group, "sft")] == [TEXT.replace("One", "1")]
    await group.decide(asked.suggestion, "undo", second.id)
    assert await lines(group, "sft") == [], "it is open again"


async def test_an_answer_that_was_cut_off_teaches_nothing_and_is_on_record(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=TEXT.replace("One", "1"), finish_reason="length"))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        await group.ended(asked)
    await group.decide(asked.suggestion, "accept")
    [record] = await lines(group)
    assert record["answer"] == {"hunks": 1, "whole": False, "form": "text", "file": None}
    assert await lines(group, "sft") == await lines(group, "dpo") == await lines(group, "kto") == []


async def test_what_is_decided_while_it_streams_learns_what_the_answer_came_to(group: Group) -> None:
    await group.file("a.md", TEXT * 3)
    changed = TEXT.replace("One", "1") + TEXT + TEXT.replace("last", "final")
    group.model.enqueue(Script(answer=changed, delay=0.1))
    asked = await group.edit("a.md", 0, utf16_length(TEXT * 3))

    async def decidable() -> bool:
        return any(hunk.state == "pending" for hunk in await group.hunks(asked.suggestion))

    async with group.working():
        await eventually(decidable)
        await group.decide(asked.suggestion, "accept")
        [record] = await lines(group)
        assert record["answer"] is None
        await group.ended(asked)
    [record] = await lines(group)
    assert record["answer"] == {"hunks": 2, "whole": True, "form": "text", "file": None}
    await group.decide(asked.suggestion, "accept")
    [example] = await lines(group, "sft")
    assert example["messages"][-1]["content"] == changed


async def test_a_record_names_the_attempt_that_proposed_it(group: Group) -> None:
    """Also when it is decided, or undone, after a worker died and another asked the model anew."""
    document = await group.file("a.md", TEXT)
    suggestion, [hunk] = await propose(group, document, ("Another", "A second"))
    streaming = {"state": "streaming"}
    await group.storage.db["suggestions"].update_one({"_id": suggestion}, {"$set": streaming})
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    await taken_over(group, suggestion, document)
    await group.decide(suggestion, "undo", hunk)
    second = next(one for one in await group.hunks(suggestion) if one.attempt == 2)
    await group.decide(suggestion, "accept", second.id)
    accepted, undone, newer = await lines(group)
    assert (accepted["attempt"], undone["attempt"], newer["attempt"]) == (1, 1, 2)
    assert accepted["messages"] == undone["messages"] == [{"role": "user", "content": "Change it."}]
    assert TEXT.replace("Another", "A second") in newer["messages"][-1]["content"], "as it stood by then"
    assert undone["answer"] is None
    assert newer["answer"] == {"hunks": 1, "whole": True, "form": "text", "file": None}


async def test_what_was_rejected_is_not_proposed_again_by_who_takes_over(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, [hunk] = await propose(group, document, ("Another", "A second"))
    await group.storage.db["suggestions"].update_one({"_id": suggestion}, {"$set": {"state": "streaming"}})
    await group.decide(suggestion, "reject")
    await taken_over(group, suggestion, document)
    assert {(one.id == hunk, one.state, one.proposed) for one in await group.hunks(suggestion)} == {
        (True, HunkState.REJECTED, "A second"),
        (False, HunkState.PENDING, "1"),
    }
    await group.decide(suggestion, "accept")
    assert await group.text(document) == TEXT.replace("One", "1")


async def taken_over(group: Group, suggestion: str, document: str) -> None:
    """Another worker asks the model anew, as after the death of the first."""
    before = await group.assistant.suggestions.get(suggestion)
    job = await group.assistant.jobs.create(
        workspace=group.workspace,
        kind="edit",
        requested_by=ANN,
        id=before.job,
        payload={
            "instruction": "Again.",
            "about": "",
            "targets": [{"document": document, "path": "a.md", "anchors": await around(group, document)}],
        },
        suggestion=suggestion,
    )
    await group.storage.db["jobs"].update_one({"_id": job.id}, {"$set": {"attempt": 1}})
    group.model.enqueue(Script(answer=TEXT.replace("Another", "A second").replace("One", "1")))
    async with group.working():
        await group.ended(Asked(job.id))


async def around(process: Process, document: str) -> list[bytes]:
    async with process.rooms.open(document) as room:
        [(first, last)] = range_anchors(room.doc, [(0, utf16_length(room.text))])
    return [first.encode(), last.encode()]


async def test_each_decision_is_counted_once(group: Group) -> None:
    def counted(decision: str) -> float:
        return REGISTRY.get_sample_value("scriptorium_decisions_total", {"decision": decision}) or 0.0

    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("Another", "A second"), ("One", "1"))
    before = counted("accepted")
    answers = await asyncio.gather(*(group.decide(suggestion, "accept") for _ in range(3)))
    assert sum(outcome.refusal is None for outcomes in answers for outcome in outcomes) == 2
    assert counted("accepted") - before == 2


async def test_what_was_on_the_screen_of_whoever_decided_is_recorded(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, [first, second] = await propose(group, document, ("One", "1"), ("Another", "A second"))
    await group.assistant.decide(suggestion, None, Decision.ACCEPT, BOB, shown={first: 2_500})
    records = {record["hunk"]: record for record in await lines(group)}
    assert (records[first]["was_shown"], records[first]["shown_ms"]) == (True, 2_500)
    assert (records[second]["was_shown"], records[second]["shown_ms"]) == (False, None)
    await group.decide(suggestion, "undo", first)
    undone = (await lines(group))[-1]
    assert (undone["was_shown"], undone["shown_ms"]) == (None, None), "their client did not say"
