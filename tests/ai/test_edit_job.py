"""Jobs of kind edit, from the request to what people see and decide, with a model that fails in every way."""

import asyncio
from collections.abc import Sequence

import pytest

from ai import requests
from ai.pool import jobs
from ai.pool.jobs import JobState
from ai.prompting import generation
from ai.proposals.hunks import Hunk, HunkState
from collab.files.files import FileNotFound
from collab.yjs.offsets import OffsetInsideSurrogatePair, OffsetOutsideText, utf16_length
from tests.ai.group import ANN, Group, Watching, eventually
from tests.doubles.model_server import Script

TEXT = "# Title 😀\n\nThe first line.\nThe second line.\nThe third line.\n"


async def test_what_the_model_changes_becomes_hunks_that_stand_in_the_text(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=TEXT.replace("second", "2nd"), delay=0.01))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        job = await group.ended(asked)
    assert (job.state, job.attempt, job.error) == (JobState.DONE, 1, None)
    view = await group.view(asked.suggestion)
    assert (view["state"], view["mode"], view["author"]["model"]) == ("ready", "edit", "scripted")
    [hunk] = view["hunks"]
    assert (hunk["base"], hunk["proposed"], hunk["state"]) == ("second", "2nd", "pending")
    units = TEXT.encode("utf-16-le")
    assert units[2 * hunk["start"] : 2 * hunk["end"]].decode("utf-16-le") == "second"
    assert (hunk["document"], hunk["path"]) == (document, "a.md")
    [request] = group.model.requests
    assert "The second line." in request.prompt
    assert await group.text(document) == TEXT


async def test_people_watch_the_proposal_while_it_streams(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=TEXT.upper(), delay=0.02))
    events = Watching(group)
    async with events, group.working():
        asked = await group.edit("a.md", 0, utf16_length(TEXT))
        await group.ended(asked)
        await eventually(lambda: events.has("scriptorium.job.changed", state="done"))
    deltas = events.of("scriptorium.suggestion.delta")
    assert len(deltas) >= 3
    assert {hunk["state"] for hunk in deltas[0]["hunks"]} == {"streaming"}
    changed = events.of("scriptorium.suggestion.changed")
    assert [data["state"] for data in changed] == ["streaming", "ready"]
    assert {hunk["state"] for hunk in changed[-1]["hunks"]} == {"pending"}
    assert [data["state"] for data in events.of("scriptorium.job.changed")] == ["running", "done"]


async def test_an_answer_may_end_while_what_came_of_it_is_still_being_stored(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await group.file("a.md", TEXT)
    suggestions = group.assistant.suggestions
    add = suggestions.add_hunks

    async def slow(hunks: Sequence[Hunk]) -> bool:
        await asyncio.sleep(0.7)
        return await add(hunks)

    monkeypatch.setattr(suggestions, "add_hunks", slow)
    group.model.enqueue(Script(answer=TEXT.upper(), delay=0.08))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    assert {hunk.state for hunk in await group.hunks(asked.suggestion)} == {HunkState.PENDING}
    await group.decide(asked.suggestion, "accept")
    assert await group.text(document) == TEXT.upper()


async def test_nothing_to_change_is_done_without_a_hunk_and_with_a_sentence(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=TEXT))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    view = await group.view(asked.suggestion)
    assert (view["state"], view["hunks"], view["note"]) == ("done", [], "There is nothing to change.")


async def test_an_edit_goes_to_the_text_it_was_asked_for_however_people_have_moved_it(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    start = utf16_length(TEXT[: TEXT.index("The second")])
    asked = await group.edit("a.md", start, start + len("The second line."))
    await group.type(document, 0, 0, "Somebody wrote this first. 😀\n")
    group.model.enqueue(Script(answer="The changed line."))
    async with group.working():
        await group.ended(asked)
    await group.decide(asked.suggestion, "accept")
    assert await group.text(document) == "Somebody wrote this first. 😀\n" + TEXT.replace("second", "changed")


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (Script("unauthorized"), "key"),
        (Script("rejected"), "400"),
        (Script("nonsense"), "scripted"),
        (Script("empty"), ""),
    ],
    ids=lambda value: value.behaviour if isinstance(value, Script) else "",
)
async def test_a_model_that_will_not_answer_fails_the_job_with_a_sentence(
    group: Group, script: Script, sentence: str
) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(script)
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        job = await group.ended(asked)
    assert job.state is JobState.FAILED
    assert job.error
    assert job.error.endswith(".")
    assert "secret-key" not in job.error
    view = await group.view(asked.suggestion)
    assert (view["state"], view["error"], view["hunks"]) == ("failed", job.error, [])


@pytest.mark.parametrize("behaviour", ["rate_limited", "server_error", "refuse"])
async def test_a_model_that_is_busy_is_asked_again_and_people_are_told(group: Group, behaviour: str) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(behaviour, retry_after="1"), Script(answer=TEXT.replace("second", "2nd")))  # type: ignore[arg-type]
    events = Watching(group)
    async with events, group.working():
        asked = await group.edit("a.md", 0, utf16_length(TEXT))
        job = await group.ended(asked)
    assert (job.state, job.attempt) == (JobState.DONE, 2)
    [told] = [data for data in events.of("scriptorium.job.changed") if data["state"] == "queued"]
    assert "Trying again in 1 second." in told["message"]
    first, second = group.model.requests
    least = 0.95 if behaviour == "rate_limited" else 0.35
    assert second.received_at - first.received_at >= least
    assert len(await group.hunks(asked.suggestion)) == 1


async def test_an_endpoint_that_stays_down_fails_the_job_after_a_few_attempts(group: Group) -> None:
    await group.file("a.md", TEXT)
    await group.model.refuse()
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        job = await group.ended(asked)
    assert job.state is JobState.FAILED
    assert job.attempt == 4
    assert job.error


async def test_a_wait_that_is_too_long_fails_at_once(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script("rate_limited", retry_after="3600"))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        job = await group.ended(asked, within=5)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)


@pytest.mark.parametrize("behaviour", ["cut_off", "ends_early", "stalls", "error_event", "invalid_json"])
async def test_what_had_streamed_when_the_model_broke_off_can_be_kept_or_dropped(group: Group, behaviour: str) -> None:
    document = await group.file("a.md", TEXT)
    answer = TEXT.replace("first", "1st").replace("second", "2nd")
    tokens = 8  # into the second line
    group.model.enqueue(*(Script(behaviour, answer=answer, tokens=tokens, delay=0.01) for _ in range(2)))  # type: ignore[arg-type]
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    again = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        ended = [await group.ended(asked), await group.ended(again)]
    assert {(job.state, job.attempt) for job in ended} == {(JobState.FAILED, 1)}
    view = await group.view(asked.suggestion)
    assert (view["state"], view["error"]) == ("failed", ended[0].error)
    [hunk] = view["hunks"]
    assert (hunk["base"], hunk["proposed"], hunk["state"]) == ("first", "1st", "pending")
    await group.decide(again.suggestion, "reject")
    assert await group.text(document) == TEXT
    await group.decide(asked.suggestion, "accept")
    assert await group.text(document) == TEXT.replace("first", "1st")


@pytest.mark.alone
async def test_cancelling_closes_the_stream_within_a_quarter_of_a_second_and_keeps_what_came(group: Group) -> None:
    await group.file("a.md", TEXT * 30)
    group.model.enqueue(Script(answer=(TEXT * 30).replace("second", "2nd"), delay=0.005))
    asked = await group.edit("a.md", 0, utf16_length(TEXT * 30))
    async with group.working():
        await eventually(lambda: _has_hunks(group, asked.suggestion))
        [request] = group.model.requests
        loop = asyncio.get_running_loop()
        cancelled_at = loop.time()
        await group.assistant.cancel(asked.job)
        async with asyncio.timeout(0.25):
            await request.ended.wait()
        assert loop.time() - cancelled_at < 0.25
        job = await group.ended(asked)
    assert (job.state, job.error) == (JobState.CANCELLED, None)
    view = await group.view(asked.suggestion)
    assert view["state"] == "cancelled"
    assert view["hunks"]
    assert {hunk["state"] for hunk in view["hunks"]} == {"pending"}


async def test_cancelling_before_a_worker_came_ends_the_suggestion_too(group: Group) -> None:
    await group.file("a.md", TEXT)
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    assert (await group.assistant.cancel(asked.job)).state is JobState.CANCELLED
    assert (await group.view(asked.suggestion))["state"] == "cancelled"


async def test_a_cancel_whose_message_was_lost_is_found_in_the_record(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script("endless", delay=0.05))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        await eventually(lambda: _is_running(group, asked.job))
        await group.assistant.jobs.request_cancel(asked.job)
        job = await group.ended(asked, within=5)
    assert job.state is JobState.CANCELLED


async def test_a_worker_that_is_stopped_puts_its_job_back_and_the_next_shows_nothing_twice(group: Group) -> None:
    document = await group.file("a.md", TEXT * 30)
    new = (TEXT * 30).replace("second", "2nd")
    group.model.enqueue(Script(answer=new, delay=0.005), Script(answer=new))
    asked = await group.edit("a.md", 0, utf16_length(TEXT * 30))
    async with group.working():
        await eventually(lambda: _has_hunks(group, asked.suggestion))
    assert (await group.assistant.jobs.get(asked.job)).state is JobState.QUEUED
    pending = [h for h in await group.hunks(asked.suggestion) if h.state is HunkState.PENDING]
    kept = pending[0]
    await group.decide(asked.suggestion, "accept", kept.id)
    async with group.working():
        job = await group.ended(asked)
    assert (job.state, job.attempt) == (JobState.DONE, 2)
    hunks = await group.hunks(asked.suggestion)
    assert {(h.base, h.proposed) for h in hunks} == {("second", "2nd")}
    assert len(hunks) == 30
    assert [h.state for h in hunks].count(HunkState.ACCEPTED) == 1
    await group.decide(asked.suggestion, "accept")
    assert await group.text(document) == new


async def test_a_job_whose_worker_died_is_taken_over_when_its_lease_has_run_out(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer=TEXT.replace("second", "2nd")))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    monkeypatch.setattr(jobs, "LEASE", 0.5)
    assert await group.assistant.jobs.claim("killed") is not None
    monkeypatch.undo()
    async with group.working():
        job = await group.ended(asked)
    assert (job.state, job.attempt) == (JobState.DONE, 2)


async def test_a_job_that_kills_every_worker_ends(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    await group.file("a.md", TEXT)
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    monkeypatch.setattr(jobs, "LEASE", 0.0)
    assert await group.assistant.jobs.claim("killed") is not None
    for _ in range(jobs.MOST_ATTEMPTS - 1):
        await asyncio.sleep(0.01)
        assert await group.assistant.jobs.claim_abandoned("killed too") is not None
    monkeypatch.undo()
    async with group.working():
        job = await group.ended(asked)
    assert job.state is JobState.FAILED
    assert not group.model.requests
    assert (await group.view(asked.suggestion))["state"] == "failed"


async def test_a_model_that_never_ends_is_stopped(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "MOST_WRITTEN", 2_000)
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script("endless", answer="More and more and more.\n"))
    asked = await group.edit("a.md", 0, utf16_length(TEXT))
    async with group.working():
        job = await group.ended(asked)
        async with asyncio.timeout(1):
            await group.model.requests[0].ended.wait()
    assert job.state is JobState.DONE
    view = await group.view(asked.suggestion)
    assert view["note"] == "The answer was cut off: it is longer than the model may write."
    assert sum(len(hunk["proposed"]) for hunk in view["hunks"]) < 4_000
    await group.decide(asked.suggestion, "reject")
    assert await group.text(document) == TEXT


async def test_requests_that_make_no_sense_are_refused(group: Group) -> None:
    await group.file("a.md", TEXT)
    await group.file(".env", "KEY=1\n")
    await group.files.write(group.workspace, "a.png", b"\x89PNG\r\n\x1a\n\0\0", "user:ann")
    pair = utf16_length(TEXT[: TEXT.index("😀")])
    with pytest.raises(OffsetInsideSurrogatePair):
        await group.edit("a.md", pair + 1, pair + 1)
    with pytest.raises(OffsetInsideSurrogatePair):
        await group.write("a.md", pair + 1)
    with pytest.raises(OffsetOutsideText):
        await group.edit("a.md", 0, 10_000)
    with pytest.raises(OffsetOutsideText):
        await group.edit("a.md", 5, 3)
    with pytest.raises(FileNotFound):
        await group.edit("b.md", 0, 0)
    with pytest.raises(requests.NotAText):
        await group.edit("a.png", 0, 0)
    with pytest.raises(requests.KeptFromModels):
        await group.edit(".env", 0, 3)
    with pytest.raises(requests.TextDiffers):
        await group.assistant.requests.edit(group.workspace, "a.md", 0, 3, "Change it.", ANN, expected="not")
    assert not group.model.requests


async def test_a_group_can_keep_more_files_from_models(group: Group) -> None:
    await group.file("notes/private.md", "private")
    await group.file(".scriptorium/ignore", "notes/\n")
    with pytest.raises(requests.KeptFromModels):
        await group.edit("notes/private.md", 0, 3)


async def _has_hunks(group: Group, suggestion: str | None) -> bool:
    return any(hunk.state is HunkState.PENDING for hunk in await group.hunks(suggestion))


async def _is_running(group: Group, job: str) -> bool:
    return bool(group.model.requests) and (await group.assistant.jobs.get(job)).state is JobState.RUNNING
