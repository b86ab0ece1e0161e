"""Jobs of kind write: the assistant types among people, and what it typed can be taken back to the character."""

import asyncio
import json
import random
from typing import Any

import pytest

from ai.pool import attempt, jobs
from ai.pool.jobs import JobState
from ai.proposals.hunks import HunkState
from collab.replicas.edits import TextEdit
from collab.replicas.positions import Anchor, resolve
from collab.rooms.room import Room
from collab.yjs.codec import Decoder
from collab.yjs.offsets import utf16_length
from tests.ai.group import Group, Process, eventually
from tests.doubles.model_server import Script

TEXT = "# Title 😀\n\nBefore. After.\n"
AT = utf16_length("# Title 😀\n\nBefore.")
STORY = " Once upon a time 😀 there was a text.\nIt grew."


def with_story(story: str = STORY) -> str:
    return TEXT.replace("Before.", f"Before.{story}")


async def test_the_assistant_types_where_it_was_asked_to_and_its_text_is_a_hunk(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=STORY, delay=0.005))
    asked = await group.write("a.md", AT)
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    assert await group.text(document) == with_story()
    view = await group.view(asked.suggestion)
    assert (view["mode"], view["state"]) == ("write", "ready")
    [hunk] = view["hunks"]
    assert (hunk["base"], hunk["proposed"], hunk["state"]) == ("", STORY, "pending")
    assert (hunk["start"], hunk["end"]) == (AT, AT + utf16_length(STORY))
    authors = await group.rooms.updates.authors(document)
    assert f"job:{asked.job}" in authors.values()


@pytest.mark.parametrize("decision", ["reject", "accept and undo"])
async def test_taking_it_back_removes_exactly_what_the_assistant_typed(group: Group, decision: str) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=STORY, delay=0.01))
    asked = await group.write("a.md", AT)
    async with group.working():
        await eventually(lambda: _holds(group, document, "upon"))
        place = (await group.text(document)).index("upon") + 1 + 2  # 😀 is two units
        await group.type(document, place, place, "<me>")
        await group.ended(asked)
    assert await group.text(document) == with_story(STORY.replace("upon", "up<me>on"))
    if decision == "reject":
        await group.decide(asked.suggestion, "reject")
        state = HunkState.REJECTED
    else:
        await group.decide(asked.suggestion, "accept")
        assert await group.text(document) == with_story(STORY.replace("upon", "up<me>on"))
        await group.decide(asked.suggestion, "undo")
        state = HunkState.UNDONE
    assert await group.text(document) == with_story("<me>")
    assert [hunk.state for hunk in await group.hunks(asked.suggestion)] == [state]


async def test_who_deletes_the_file_stops_the_writing(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script("endless", answer="again and ", delay=0.02))
    asked = await group.write("a.md", AT)
    async with group.working():
        await eventually(lambda: _holds(group, document, "again and again"))
        await group.files.delete(group.workspace, "a.md", "user:bob")
        job = await group.ended(asked)
    assert (job.state, job.error) == (JobState.FAILED, "The file is gone.")
    await asyncio.wait_for(group.model.requests[0].ended.wait(), 5)
    # What had come stands in the trash, and can be decided when it comes back.
    [hunk] = await group.hunks(asked.suggestion)
    assert hunk.state is HunkState.PENDING
    [refused] = await group.decide(asked.suggestion, "accept", hunk.id)
    assert refused.state is HunkState.ACCEPTED


async def test_what_was_rejected_can_be_had_back_once_and_rejected_again(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    other = await group.another()
    group.model.enqueue(Script(answer=STORY))
    asked = await group.write("a.md", AT)
    async with group.working():
        await group.ended(asked)
    place = utf16_length((await group.text(document)).partition("upon")[0]) + 2
    await group.type(document, place, place, "<me>")
    await group.decide(asked.suggestion, "reject")
    assert await group.text(document) == with_story("<me>")
    await group.type(document, 0, 0, "> ")
    await group.decide(asked.suggestion, "undo")
    back = "> " + with_story(STORY + "<me>")
    assert await group.text(document) == back
    await eventually(lambda: _reads(other, document, back))
    [hunk] = await group.hunks(asked.suggestion)
    assert (hunk.state, hunk.proposed, hunk.decided_by) == (HunkState.PENDING, STORY, None)
    place = utf16_length(back.partition("there")[0]) + 1
    await other.type(document, place, place, "<you>")
    await other.decide(asked.suggestion, "reject")
    assert await other.text(document) == "> " + with_story("<you><me>")
    await other.decide(asked.suggestion, "undo")
    await other.decide(asked.suggestion, "accept")
    await eventually(lambda: _reads(group, document, "> " + with_story(STORY + "<you><me>")))
    assert [hunk.state for hunk in await group.hunks(asked.suggestion)] == [HunkState.ACCEPTED]


async def test_another_process_takes_back_all_of_it(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    other = await group.another()
    await other.text(document)
    group.model.enqueue(Script(answer=STORY * 20))
    asked = await group.write("a.md", AT)
    async with group.working():
        await group.ended(asked)
    await other.decide(asked.suggestion, "reject")
    assert await other.text(document) == TEXT


async def test_it_waits_while_the_document_is_made_anew(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=STORY, delay=0.01))
    async with group.rooms.open(document) as room:

        async def made_anew() -> None:
            await asyncio.sleep(0.5)
            room._go_on()

        asked = await group.write("a.md", AT)
        async with group.working():
            await eventually(lambda: _holds(group, document, "upon"))
            room._hold(made_anew())
            assert (await group.ended(asked)).state is JobState.DONE
    assert await group.text(document) == with_story()


async def test_people_see_its_cursor_move_and_go(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    # Each pause ends when the cursor has been seen where what was typed by then ends.
    script = Script(answer=STORY, tokens=3, goes_on=asyncio.Event())
    group.model.enqueue(script)
    async with group.rooms.open(document) as room:
        ends: list[int] = []

        async def behind_more() -> bool:
            typed = utf16_length(room.text) - utf16_length(TEXT)
            return typed > (ends[-1] if ends else 0) and _cursor(room) == AT + typed

        asked = await group.write("a.md", AT)
        async with group.working():
            for tokens in (6, 9, 12, len(STORY)):
                await eventually(behind_more)
                ends.append(utf16_length(room.text) - utf16_length(TEXT))
                assert [state["user"]["id"] for state in _present(room)] == ["assistant"]
                pause, script.tokens, script.goes_on = script.goes_on, tokens, asyncio.Event()
                assert pause is not None
                pause.set()
            await group.ended(asked)
        assert room.text == with_story()
        assert _present(room) == []


async def test_typing_is_bounded_and_comes_in_few_updates(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    long = "word " * 400
    group.model.enqueue(Script(answer=long))
    async with group.rooms.open(document) as room:
        updates: list[bytes] = []
        room.audience.observe(updates.append)
        asked = await group.write("a.md", AT)
        async with group.working():
            began = asyncio.get_running_loop().time()
            await group.ended(asked)
            took = asyncio.get_running_loop().time() - began
    assert took >= 0.4  # 2,000 characters at no more than 4,000 a second
    assert len(updates) <= took * 20 + 2


async def test_cancelling_keeps_what_was_typed_for_people_to_decide(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script("endless", answer="again and "))
    asked = await group.write("a.md", AT)
    async with group.working():
        await eventually(lambda: _holds(group, document, "again and again"))
        await group.assistant.cancel(asked.job)
        assert (await group.ended(asked)).state is JobState.CANCELLED
    await asyncio.sleep(0.1)
    typed = await group.text(document)
    view = await group.view(asked.suggestion)
    [hunk] = view["hunks"]
    assert (view["state"], hunk["state"]) == ("cancelled", "pending")
    assert typed == with_story(hunk["proposed"])
    await group.decide(asked.suggestion, "reject")
    assert await group.text(document) == TEXT


async def test_a_model_that_breaks_off_leaves_what_was_typed_for_people_to_decide(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script("cut_off", answer=STORY, tokens=4, delay=0.06))
    asked = await group.write("a.md", AT)
    async with group.working():
        job = await group.ended(asked)
    assert job.state is JobState.FAILED
    [hunk] = await group.hunks(asked.suggestion)
    assert hunk.state is HunkState.PENDING
    assert await group.text(document) == with_story(hunk.proposed)
    await group.decide(asked.suggestion, "reject")
    assert await group.text(document) == TEXT


async def test_a_write_that_is_taken_over_deletes_what_was_typed_and_begins_anew(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script("endless", answer="again and "), Script(answer=STORY))
    asked = await group.write("a.md", AT)
    async with group.working():
        await eventually(lambda: _holds(group, document, "again and again"))
    await group.type(document, 0, 0, "Meanwhile. ")
    other = await group.another()
    async with other.working():
        job = await other.ended(asked)
    assert (job.state, job.attempt) == (JobState.DONE, 2)
    assert await other.text(document) == "Meanwhile. " + with_story()
    [hunk] = await other.hunks(asked.suggestion)
    assert len({client for client, _ in hunk.typed}) == 2
    await other.decide(asked.suggestion, "reject")
    assert await other.text(document) == "Meanwhile. " + TEXT


async def test_a_worker_that_lost_its_lease_stops_typing(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script("endless", answer="again and "))
    for module in (jobs, attempt):
        monkeypatch.setattr(module, "LEASE", 0.4)  # shorter than the time between two renewals
    asked = await group.write("a.md", AT)
    async with group.working():
        await eventually(lambda: _holds(group, document, "again"))
        await asyncio.sleep(0.6)
        stopped = await group.text(document)
        await asyncio.sleep(0.3)
        assert await group.text(document) == stopped
    assert (await group.assistant.jobs.get(asked.job)).state is not JobState.DONE


@pytest.mark.parametrize("seed", range(3))
async def test_people_type_everywhere_while_the_assistant_types(group: Group, seed: int) -> None:
    draw = random.Random(seed)
    document = await group.file("a.md", TEXT)
    story = "The quick brown fox jumps over the lazy dog. " * 6
    group.model.enqueue(Script(answer=story, delay=0.005))
    asked = await group.write("a.md", AT)
    typed = []
    async with group.working():
        while not await _ended(group, asked.job):
            async with group.rooms.open(document) as room:
                place = draw.randint(0, len(room.text))
                units = utf16_length(room.text[:place])
                piece = draw.choice(["α", "β😀", "γδ"])
                room.edit([TextEdit(units, units, piece)], "user:bob")
                typed.append(piece)
            await asyncio.sleep(0.02)
    final = await group.text(document)
    people = "αβγδ😀"
    assert _only(final, people) == _only(TEXT + "".join(typed), people)
    assert "".join(c for c in final if c not in people) == with_story(story).replace("😀", "")
    await group.decide(asked.suggestion, "reject")
    left = await group.text(document)
    assert _only(left, people) == _only(final, people)
    assert "".join(c for c in left if c not in people) == TEXT.replace("😀", "")


def _only(text: str, characters: str) -> list[str]:
    return sorted(character for character in text if character in characters)


async def _holds(group: Group, document: str, text: str) -> bool:
    return text in await group.text(document)


async def _ended(group: Group, job: str) -> bool:
    return (await group.assistant.jobs.get(job)).state.final


def _cursor(room: Room) -> int | None:
    """Where the only cursor in the room is, in UTF-16 units of its text."""
    [state] = _present(room) or [None]
    if state is None:
        return None
    at = state["cursor"]["head"]
    item = at["item"] or {"client": None, "clock": None}
    return resolve(room.doc, [Anchor(item["client"], item["clock"], at["assoc"])])[0]


def _present(room: Room) -> list[dict[str, Any]]:
    payload = room.audience.presence.all_states()
    if payload is None:
        return []
    decoder = Decoder(payload)
    states = []
    for _ in range(decoder.var_uint()):
        decoder.var_uint()
        decoder.var_uint()
        states.append(json.loads(decoder.var_bytes(len(payload))))
    return states


async def _reads(process: Process, document: str, text: str) -> bool:
    return await process.text(document) == text
