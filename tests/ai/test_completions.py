"""Completions: asked of the model at once, ended when nobody wants them any more, decided once, and learned from."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from ai.completing import completion_fates
from ai.completing.completion_fates import CompletionDecided, CompletionNotFound
from ai.completing.completion_record import Decision, Fate
from ai.completing.completions import Stopped, TooManyAtOnce
from ai.models import ModelError
from ai.models.local import LocalAssistant
from ai.record import watching
from ai.requests import KeptFromModels, NotAText, TextDiffers
from collab.files.files import FileNotFound
from collab.replicas.edits import TextEdit
from collab.replicas.positions import InvalidAnchor, range_anchors
from collab.yjs.offsets import OffsetInsideSurrogatePair, OffsetOutsideText, utf16_length
from storage import Storage
from tests.ai.feedback import lines, measured
from tests.ai.group import ANN, BOB, Group, Process, eventually, open_group
from tests.doubles.model_server import Script

TEXT = "The meeting é😀 was"
LENGTH = utf16_length(TEXT)
MORE = " on Tuesday.\nNobody came."


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds of quiet, 30 s and 10 min as 0.2, 0.4 and 1 s."""
    for name, seconds in (("QUIET", 0.2), ("SOON", 0.4), ("LATE", 1.0)):
        monkeypatch.setattr(watching, name, seconds)


async def complete(process: Process, path: str = "a.md", at: int = LENGTH, **more: Any) -> tuple[str, str]:
    """The id of a completion and its text."""
    completion = await process.assistant.completions.ask(process.workspace, path, at, more.pop("by", ANN), **more)
    async with aclosing(process.assistant.completions.stream(completion)) as pieces:
        text = await rest(pieces)
    await process.assistant.completions.fates.idle()
    return completion.id, text


async def begun(process: Process) -> AsyncGenerator[str, None]:
    """The stream of a completion."""
    completion = await process.assistant.completions.ask(process.workspace, "a.md", LENGTH, ANN)
    return process.assistant.completions.stream(completion)


async def rest(stream: AsyncGenerator[str, None]) -> str:
    return "".join([piece async for piece in stream])


async def decide(process: Process, made: str, decision: Decision, shown_ms: int = 900, **more: Any) -> Fate:
    return await process.assistant.completions.fates.decide(
        process.workspace, made, decision, shown_ms, more.pop("by", ANN), **more
    )


async def known(process: Process) -> list[dict[str, Any]]:
    return [record async for record in process.storage.db["completions"].find({"workspace": process.workspace})]


def part(record: dict[str, Any]) -> str:
    """How much was accepted."""
    return str(record["corrections"]["accepted"]["part"])


@asynccontextmanager
async def under_way(process: Process, path: str = "a.md") -> AsyncIterator[asyncio.Task[list[str]]]:
    """A completion that is being read; the task has its pieces."""
    completion = await process.assistant.completions.ask(process.workspace, path, LENGTH, ANN)

    async def read() -> list[str]:
        async with aclosing(process.assistant.completions.stream(completion)) as pieces:
            return [piece async for piece in pieces]

    task = asyncio.create_task(read())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


# ---- asking


async def test_a_completion_streams_and_leaves_the_document_alone(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    completion = await group.assistant.completions.ask(group.workspace, "a.md", LENGTH, ANN, "meeting é😀 was")
    async with aclosing(group.assistant.completions.stream(completion)) as stream:
        pieces = [piece async for piece in stream]
    assert "".join(pieces) == MORE
    assert len(pieces) > 2
    assert await group.text(document) == TEXT
    [request] = group.model.requests
    assert TEXT in request.prompt


async def test_the_text_around_the_cursor_is_not_said_again(group: Group) -> None:
    await group.file("a.py", "def f(x):\n    return g(x\n")
    group.model.enqueue(Script(answer="    return g(x, 1)\n", wrap="chatty"))
    _, text = await complete(group, "a.py", len("def f(x):\n    return g(x"))
    assert text == ", 1)"


async def test_what_makes_no_sense_is_refused(group: Group) -> None:
    await group.file("a.md", TEXT)
    await group.file(".env", "KEY=1")
    await group.files.write(group.workspace, "a.png", b"\0\xff", "user:ann")
    with pytest.raises(FileNotFound):
        await complete(group, "none.md", 0)
    with pytest.raises(NotAText):
        await complete(group, "a.png", 0)
    with pytest.raises(KeptFromModels):
        await complete(group, ".env", 3)
    with pytest.raises(OffsetOutsideText):
        await complete(group, at=LENGTH + 1)
    with pytest.raises(OffsetInsideSurrogatePair):
        await complete(group, at=utf16_length("The meeting é") + 1)
    await group.file(".scriptorium/ignore", "a.md\n")
    with pytest.raises(KeptFromModels):
        await complete(group)
    assert group.model.requests == []


async def test_the_askers_last_keys_are_waited_for(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=" noon."))
    asking = asyncio.create_task(complete(group, at=LENGTH + 3, expected="was at"))
    await asyncio.sleep(0.05)
    await group.type(document, LENGTH, LENGTH, " at")
    assert (await asking)[1] == " noon."
    with pytest.raises(TextDiffers):
        await complete(group, at=LENGTH + 3, expected="was on")
    with pytest.raises(TextDiffers):
        await complete(group, at=LENGTH + 9, expected="was on")


async def test_the_same_place_is_not_asked_about_twice(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=" once"), Script(answer=" twice"), Script(answer=" elsewhere"))
    first, text = await complete(group)
    second, again = await complete(group)
    assert (text, again) == (" once", " once")
    assert first != second
    await group.type(document, LENGTH, LENGTH, "!")
    assert (await complete(group, at=LENGTH + 1))[1] == " twice"
    await group.type(document, LENGTH, LENGTH + 1, "")
    assert (await complete(group))[1] == " once"
    await group.file("b.md", TEXT)
    assert (await complete(group, "b.md"))[1] == " elsewhere"


async def test_the_groups_own_settings_hold_for_completions_too(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=" one"), Script(answer=" two"))
    assert (await complete(group))[1] == " one"
    await group.file(".scriptorium/assistant.yaml", "temperature: 0.3\nsystem_instruction: Write like a sailor.\n")
    assert (await complete(group))[1] == " two"
    request = group.model.requests[-1]
    assert request.body["temperature"] == 0.3
    assert "Write like a sailor." in request.body["messages"][0]["content"]


async def test_an_answer_that_was_broken_off_is_not_kept_for_the_next(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script("cut_off", answer=" one two three four five", tokens=2), Script(answer=" whole"))
    with pytest.raises(ModelError):
        await complete(group)
    assert (await complete(group))[1] == " whole"


@pytest.mark.alone
async def test_whoever_leaves_ends_the_model_within_a_quarter_of_a_second(group: Group) -> None:
    await group.file("a.md", TEXT)
    for script in (Script("stalls", tokens=0), Script("stalls", answer=MORE), Script("endless", answer="x " * 9)):
        group.model.enqueue(script)
        async with under_way(group) as reading:
            await eventually(lambda: _asked(group))
            request = group.model.requests[-1]
            if script.tokens:
                await eventually(lambda: _sent(group))
            reading.cancel()
            left = time.monotonic()
            await asyncio.wait_for(request.ended.wait(), 1)
            assert (request.disconnected_at or left) - left < 0.25


async def _asked(group: Group) -> bool:
    return bool(group.model.requests) and not group.model.requests[-1].ended.is_set()


async def _sent(group: Group) -> int:
    return group.model.requests[-1].tokens_sent


async def test_a_long_answer_is_ended_once_there_is_enough_of_it(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script("endless", answer="word\n"))
    _, text = await complete(group)
    assert text.count("\n") == 7
    await asyncio.wait_for(group.model.requests[-1].ended.wait(), 1)


async def test_a_newer_request_ends_the_older_one(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script("stalls", answer=MORE))
    async with aclosing(await begun(group)) as older:
        first = await anext(older)
        await group.type(document, LENGTH, LENGTH, "!")
        group.model.enqueue(Script(answer=" newer"))
        assert (await complete(group, at=LENGTH + 1))[1] == " newer"
        with pytest.raises(Stopped):
            await rest(older)
    await asyncio.wait_for(group.model.requests[0].ended.wait(), 1)
    await group.assistant.completions.fates.idle()
    assert await lines(group) == [], "its asker may still say what became of it"
    older = await group.storage.db["completions"].find_one({"fate.decision": "superseded"})
    assert older is not None
    await group.storage.db["completions"].update_one({"_id": older["_id"]}, {"$set": {"due": 0.0}})
    await group.assistant.completions.fates.sweep()
    [record] = await lines(group)
    assert (record["decision"], record["was_shown"], record["decided_by"]) == ("superseded", False, None)
    assert record["proposed_text"].startswith(first)
    assert MORE.startswith(record["proposed_text"])


async def test_who_was_offline_says_later_what_they_have_taken(group: Group) -> None:
    """And has typed on, and been offered more, before the word arrives."""
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    made, text = await complete(group)
    await group.type(document, LENGTH, LENGTH, text)
    group.model.enqueue(Script(answer=" newer"))
    await complete(group, at=LENGTH + len(text))
    fates = group.assistant.completions.fates
    await fates.idle()
    assert (await fates.decide(group.workspace, made, "accept", 900, ANN)).decision == "accepted"
    await fates.idle()
    [record] = await lines(group)
    assert (record["decision"], record["proposed_text"]) == ("accepted", text)
    with pytest.raises(CompletionDecided):
        await fates.decide(group.workspace, made, "reject", 900, ANN)


async def _sent_by(group: Group, number: int) -> bool:
    return len(group.model.requests) > number and group.model.requests[number].tokens_sent > 0


async def test_a_newer_request_in_another_process_ends_it_too(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    other = await group.another()
    group.model.enqueue(Script("stalls", answer=MORE), Script(answer=" newer"))
    async with group.assistant.completions.listening(), under_way(group) as reading:
        await eventually(lambda: _sent_by(group, 0))
        await group.type(document, LENGTH, LENGTH, "!")
        await complete(other, at=LENGTH + 1, expected="!")
        with pytest.raises(Stopped):
            await asyncio.wait_for(reading, 5)


async def test_other_people_and_other_documents_do_not_end_it(group: Group) -> None:
    await group.file("a.md", TEXT)
    await group.file("b.md", TEXT)
    more = asyncio.Event()
    group.model.enqueue(Script(answer=MORE, goes_on=more))
    async with under_way(group) as reading:
        await eventually(lambda: _sent_by(group, 0))
        group.model.enqueue(Script(answer=" b"), Script(answer=" bob"))
        await complete(group, "b.md")
        await complete(group, by=BOB)
        more.set()
        assert "".join(await reading) == MORE


async def test_one_person_has_only_so_many_at_once(group: Group) -> None:
    group.model.enqueue(*[Script("stalls", answer=MORE)] * 4)
    for name in "abcde":
        await group.file(f"{name}.md", TEXT + name)
    async with under_way(group, "a.md"), under_way(group, "b.md"), under_way(group, "c.md"), under_way(group, "d.md"):
        await eventually(lambda: _sent_by(group, 3))
        with pytest.raises(TooManyAtOnce):
            await complete(group, "e.md")
        await complete(group, "e.md", by=BOB)


async def test_the_local_assistant_completes_by_its_statistics(storage: Storage) -> None:
    async with open_group(storage, provider=LocalAssistant()) as group:
        await group.file("a.md", "Yours sincerely,\nthe board of the club\n")
        await group.file("b.md", "Yours sincerely,\nthe bo")
        before = "Yours sincerely,\nthe bo"
        _, text = await complete(group, "b.md", len(before))
        assert text == "ard of the club"
        [record] = await known(group)
        assert record["generation"]["provider"] == "local"


# ---- deciding


async def test_it_is_decided_once_and_by_its_asker_alone(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    made, _ = await complete(group)
    for wrong in ({"by": BOB}, {"workspace": "elsewhere"}, {"id": "0" * 32}):
        asked: dict[str, Any] = {"workspace": group.workspace, "id": made, "by": ANN} | wrong
        with pytest.raises(CompletionNotFound):
            await group.assistant.completions.fates.decide(asked["workspace"], asked["id"], "accept", 900, asked["by"])
    with pytest.raises(InvalidAnchor):
        await decide(group, made, "accept", anchors=(b"\7", b"\7"))
    with pytest.raises(OffsetOutsideText):
        await decide(group, made, "accept", taken=len(MORE) + 1)
    other = await group.another()
    tries = [decide(process, made, "reject") for process in (group, other) * 4]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, Fate) for result in results) == 1
    refusals = [result for result in results if isinstance(result, CompletionDecided)]
    assert len(refusals) == 7
    assert {str(refusal) for refusal in refusals} == {"It was already rejected."}
    await other.assistant.completions.fates.idle()
    assert [record["decision"] for record in await lines(group)] == ["rejected"]


@pytest.mark.parametrize(
    ("decision", "shown_ms", "recorded", "was_shown"),
    [
        ("reject", 499, "ignored", False),
        ("reject", 500, "rejected", True),
        ("ignore", 499, "ignored", False),
        ("ignore", 500, "ignored", True),
        ("accept", 80, "accepted", True),
    ],
)
async def test_what_was_hardly_seen_was_not_rejected(
    group: Group, decision: Decision, shown_ms: int, recorded: str, was_shown: bool
) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    made, _ = await complete(group)
    fate = await decide(group, made, decision, shown_ms)
    assert (fate.decision, fate.was_shown) == (recorded, was_shown)
    [record] = await lines(group)
    assert (record["decision"], record["was_shown"], record["shown_ms"]) == (recorded, was_shown, shown_ms)


async def test_the_record_has_all_that_led_to_it(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    made, _ = await complete(group)
    await decide(group, made, "reject", 1_234)
    [record] = await lines(group)
    assert (record["id"], record["kind"], record["decision"]) == (made, "completion", "rejected")
    assert (record["workspace"], record["document"], record["path"]) == (group.workspace, document, "a.md")
    assert (record["language"], record["model"], record["provider"]) == ("markdown", "scripted", "openai")
    assert record["requested_by"] == record["decided_by"] == {"id": "ann", "name": "Ann"}
    assert (record["base_text"], record["proposed_text"], record["final_text"]) == ("", MORE, None)
    assert (record["job"], record["suggestion"], record["hunk"], record["corrections"]) == (None, made, made, {})
    assert TEXT in record["messages"][-1]["content"]
    assert record["usage"]["completion_tokens"] > 0
    assert 0 < record["timings"]["first_token"] <= record["timings"]["total"]
    [example] = await lines(group, "kto")
    assert (example["label"], example["completion"][0]["content"]) == (False, MORE)
    # What is kept until it is forgotten holds no text any more.
    [left] = await known(group)
    assert (left["proposed"], left["generation"], left["settled"]) == (None, None, True)


@pytest.mark.usefixtures("quick")
async def test_what_people_make_of_an_accepted_completion_is_measured(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    made, text = await complete(group)
    async with group.rooms.open(document) as room:
        # As the asker's editor does it: the edit and the word of it go different ways.
        update = room.edit([TextEdit(LENGTH, LENGTH, text)], "user:ann")
        [anchors] = range_anchors(room.doc, [(LENGTH, LENGTH + len(text))])
        assert update
        await room.durable()
    await decide(group, made, "accept", anchors=(anchors[0].encode(), anchors[1].encode()))
    await group.assistant.completions.fates.idle()
    place = utf16_length((whole := await group.text(document))[: whole.index("Nobody")])
    await group.type(document, place, place + len("Nobody"), "Everybody")
    await group.type(document, 0, 0, "Minutes. ")
    await asyncio.sleep(0.25)
    [record] = await measured(await group.another())
    assert (record["decision"], part(record), record["proposed_text"]) == ("accepted", "whole", MORE)
    assert record["final_text"] == " on Tuesday.\nEverybody came."
    assert set(record["corrections"]) == {"accepted", "quiet", "30s", "10min"}
    assert record["corrections"]["accepted"]["final_text"] == MORE
    assert 0 < record["kept_rate"] < 1
    [example] = await lines(group, "dpo")
    assert example["preferred_output"][0]["content"] == " on Tuesday.\nEverybody came."


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("taken", "name"), [(3, "word"), (12, "line"), (13, "line"), (len(MORE), "whole")])
async def test_of_a_part_that_was_accepted_the_part_is_recorded(group: Group, taken: int, name: str) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    made, text = await complete(group)
    await group.type(document, LENGTH, LENGTH, text[:taken])
    # A plain client names no anchors: what was taken is found where it was asked for.
    await decide(group, made, "accept", taken=taken)
    await group.assistant.completions.fates.idle()
    await group.type(document, LENGTH + taken, LENGTH + taken, " Full stop.")
    [record] = await measured(group)
    assert (part(record), record["proposed_text"], record["final_text"]) == (name, MORE, MORE[:taken])
    assert set(record["corrections"]) == {"accepted", "quiet", "30s", "10min"}
    [example] = await lines(group, "sft")
    assert example["messages"][-1]["content"] == MORE[:taken]
    labels = {line["completion"][0]["content"]: line["label"] for line in await lines(group, "kto")}
    assert labels == ({MORE: True} if name == "whole" else {MORE: False, MORE[:taken]: True})


async def test_what_is_not_in_the_document_is_not_looked_for(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    made, _ = await complete(group)
    async with group.rooms.open(document) as room:
        [anchors] = range_anchors(room.doc, [(0, LENGTH)])
    await decide(group, made, "accept", anchors=(anchors[0].encode(), anchors[1].encode()))
    await group.assistant.completions.fates.idle()
    [stored] = [one async for one in group.storage.db["feedback"].find({"workspace": group.workspace})]
    assert (stored["watch"], stored["measure_at"], stored["final_text"]) == (None, None, MORE)


async def test_a_decision_that_comes_before_the_end_counts(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script("stalls", answer=MORE))
    async with aclosing(await begun(group)) as stream:
        assert await anext(stream) + await anext(stream) == " on Tuesda"
        [known_by_now] = await known(group)
        await decide(group, known_by_now["_id"], "accept", 900, taken=3)
        assert await lines(group) == []
    await group.assistant.completions.fates.idle()
    [record] = await lines(group)
    assert (record["decision"], part(record), record["final_text"]) == ("accepted", "word", " on")


async def test_what_nobody_decides_expires(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion_fates, "KEPT", 0.2)
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    made, _ = await complete(group)
    await asyncio.sleep(0.25)
    # By any process, after a restart too.
    other = (await group.another()).assistant.completions.fates
    await other.sweep()
    await other.idle()
    [record] = await lines(group)
    assert (record["decision"], record["was_shown"], record["shown_ms"]) == ("ignored", False, None)
    with pytest.raises(CompletionDecided):
        await decide(group, made, "accept")
    await asyncio.sleep(0.25)
    await other.sweep()
    assert await known(group) == []
    assert len(await lines(group)) == 1


async def test_what_a_process_leaves_behind_is_finished_by_another(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completion_fates, "KEPT", 0.2)
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    made, _ = await complete(group)
    # As if it had died between the decision and what follows from it.
    decided = {"fate": Fate.of("reject", 900, None).record(), "decided_at": 1_700_000_000.0}
    await group.storage.db["completions"].update_one({"_id": made}, {"$set": decided})
    await asyncio.sleep(0.25)
    other = (await group.another()).assistant.completions.fates
    await other.sweep()
    await other.idle()
    assert [record["decision"] for record in await lines(group)] == ["rejected"]


async def test_without_a_letter_there_is_nothing_to_decide(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer="```\n```"))
    assert (await complete(group))[1] == ""
    assert await known(group) == []


async def test_a_workspace_that_does_not_collect_keeps_no_text(group: Group) -> None:
    await group.storage.db["workspaces"].insert_one({"_id": group.workspace, "collect_feedback": False})
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    made, text = await complete(group)
    assert text == MORE
    [left] = await known(group)
    assert (left["proposed"], left["generation"]) == (None, None)
    await decide(group, made, "accept")
    assert await lines(group) == []


async def test_what_is_switched_off_or_erased_before_the_decision_is_gone(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=MORE))
    made, _ = await complete(group)
    await group.assistant.erase_feedback(group.workspace)
    assert await known(group) == []
    with pytest.raises(CompletionNotFound):
        await decide(group, made, "accept")
    again, _ = await complete(group)
    await group.storage.db["workspaces"].insert_one({"_id": group.workspace, "collect_feedback": False})
    await decide(group, again, "accept")
    assert await lines(group) == []


async def test_secrets_are_gone_before_feedback_is_written(group: Group) -> None:
    secret = "ghp_" + "aZ3kQ9xW1mB7vR5tY2nC8pL4sD6fG0hJabcd"
    before = f"token: {secret}\nkey:"
    document = await group.file("a.md", before)
    group.model.enqueue(Script(answer=f" {secret}"))
    made, text = await complete(group, at=len(before))
    await group.type(document, len(before), len(before), text)
    await decide(group, made, "accept")
    await group.assistant.completions.fates.idle()
    stored = [record async for record in group.storage.db["feedback"].find({"workspace": group.workspace})]
    assert len(stored) == 1
    assert secret not in repr(stored)
