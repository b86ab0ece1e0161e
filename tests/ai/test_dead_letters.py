"""Jobs that failed for good: they are kept, and any editor has them tried once more."""

import asyncio

import pytest

from ai.pool import retries
from ai.pool.jobs import MOST_ATTEMPTS, JobState, NotFailed
from ai.proposals.hunks import HunkState
from ai.requests import Asked
from collab.yjs.offsets import utf16_length
from tests.ai.group import ANN, BOB, Group, Watching, eventually
from tests.doubles.model_server import Script

TEXT = "One line.\nAnother line.\nThe last line.\n"
NEW = TEXT.replace("One", "First").replace("last", "final")
STORY = " Once upon a time 😀 there was a text. It grew."
AT = utf16_length("One line.")


def with_story(story: str = STORY) -> str:
    return TEXT.replace("One line.", f"One line.{story}")


async def again(group: Group, asked: Asked) -> JobState:
    await group.assistant.retry(asked.job)
    return (await group.ended(asked)).state


async def failed_write(group: Group) -> tuple[str, Asked]:
    """Its document, and what was asked; some of the answer stands in the text."""
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script("cut_off", answer=STORY, tokens=4, delay=0.06), Script(answer=STORY))
    asked = await group.write("a.md", AT)
    assert (await group.ended(asked)).state is JobState.FAILED
    assert await group.text(document) not in (TEXT, with_story())
    return document, asked


async def test_an_edit_is_proposed_anew_and_what_it_had_proposed_is_superseded(group: Group) -> None:
    document = await group.file("a.md", TEXT * 8)
    group.model.enqueue(Script("cut_off", answer=NEW * 8, tokens=20, delay=0.05), Script(answer=NEW * 8))
    asked = await group.edit("a.md", 0, utf16_length(TEXT * 8))
    async with group.working():
        assert (await group.ended(asked)).state is JobState.FAILED
        before = {hunk.id for hunk in await group.hunks(asked.suggestion)}
        assert before
        assert await again(group, asked) is JobState.DONE
    after = await group.hunks(asked.suggestion)
    assert before.isdisjoint(hunk.id for hunk in after)
    view = await group.view(asked.suggestion)
    assert (view["state"], view.get("error")) == ("ready", None)
    await group.decide(asked.suggestion, "accept")
    assert await group.text(document) == NEW * 8


async def test_what_was_typed_goes_before_it_is_typed_anew(group: Group) -> None:
    async with group.working():
        document, asked = await failed_write(group)
        await group.type(document, 0, 0, "Meanwhile. ")
        assert await again(group, asked) is JobState.DONE
    assert await group.text(document) == "Meanwhile. " + with_story()
    [hunk] = await group.hunks(asked.suggestion)
    assert hunk.state is HunkState.PENDING
    await group.decide(asked.suggestion, "reject")
    assert await group.text(document) == "Meanwhile. " + TEXT


async def test_what_somebody_has_accepted_of_it_stays_and_is_not_typed_twice(group: Group) -> None:
    async with group.working():
        document, asked = await failed_write(group)
        await group.decide(asked.suggestion, "accept")
        accepted = await group.text(document)
        assert await again(group, asked) is JobState.DONE
    assert await group.text(document) == accepted
    assert len(group.model.requests) == 1


async def test_what_somebody_has_rejected_of_it_is_typed_anew(group: Group) -> None:
    async with group.working():
        document, asked = await failed_write(group)
        await group.decide(asked.suggestion, "reject")
        assert await group.text(document) == TEXT
        assert await again(group, asked) is JobState.DONE
    assert await group.text(document) == with_story()
    hunks = await group.hunks(asked.suggestion)
    assert [hunk.state for hunk in hunks] == [HunkState.REJECTED, HunkState.PENDING]
    await group.decide(asked.suggestion, "undo", hunks[1].id)
    assert await group.text(document) == TEXT


async def test_files_that_were_made_before_it_failed_are_made_anew(group: Group) -> None:
    first, second = "print('hello')\n" * 3, "# Hello\n"
    answer = f"=== FILE: main.py ===\n{first}\n=== FILE: README.md ===\n{second}"
    group.model.enqueue(Script("cut_off", answer=answer, tokens=6, delay=0.05), Script(answer=answer))
    asked = await group.assistant.requests.create(group.workspace, "app", "folder", "Make it.", ANN)
    async with group.working():
        assert (await group.ended(asked)).state is JobState.FAILED
        [begun] = await group.hunks(asked.suggestion)
        assert await group.text(begun.document)
        assert await again(group, asked) is JobState.DONE
    hunks = await group.hunks(asked.suggestion)
    assert {hunk.path: hunk.proposed for hunk in hunks} == {"app/main.py": first, "app/README.md": second}
    files = [entry.path for entry in await group.files.list(group.workspace) if entry.kind != "folder"]
    assert sorted(files) == ["app/README.md", "app/main.py"]
    [listed] = await group.assistant.jobs_of(group.workspace, JobState.DONE)
    assert listed["path"] == "app"


async def test_an_answer_in_a_conversation_stands_where_the_failed_one_stood(group: Group) -> None:
    group.model.enqueue(
        Script("cut_off", answer="One two three four.", tokens=2, delay=0.1), Script(answer="All of it.")
    )
    asked = await group.ask("Well?")
    assert asked.conversation is not None
    async with group.working():
        assert (await group.ended(asked)).state is JobState.FAILED
        [_, failed] = await group.assistant.conversations.messages(asked.conversation)
        assert (failed.text, failed.state) == ("One two", "failed")
        assert await again(group, asked) is JobState.DONE
    [_, answer] = await group.assistant.conversations.messages(asked.conversation)
    assert (answer.id, answer.text, answer.state, answer.error) == (failed.id, "All of it.", "done", None)


async def test_a_question_that_is_asked_again_leaves_no_failure_to_see_to(group: Group) -> None:
    group.model.enqueue(Script("cut_off", answer="One two three four.", tokens=2), Script(answer="All of it."))
    asked = await group.ask("Well?")
    assert asked.conversation is not None
    async with group.working():
        assert (await group.ended(asked)).state is JobState.FAILED
        assert len(await group.assistant.jobs_of(group.workspace, JobState.FAILED)) == 1
        [_, failed] = await group.assistant.conversations.messages(asked.conversation)
        anew = await group.assistant.requests.ask_again(group.workspace, asked.conversation, failed.id, BOB)
        assert (await group.ended(anew)).state is JobState.DONE
        assert await group.assistant.jobs_of(group.workspace, JobState.FAILED) == []


async def test_of_two_who_click_at_once_on_two_processes_one_has_it_tried_again(group: Group) -> None:
    other = await group.another()
    group.model.enqueue(Script("rejected"), Script(answer="Yes.", first=0.2))
    asked = await group.ask("Well?")
    async with group.working():
        await group.ended(asked)
        clicks = [process.assistant.retry(asked.job) for process in (group, other, group, other)]
        results = await asyncio.gather(*clicks, return_exceptions=True)
        assert sum(isinstance(result, NotFailed) for result in results) == 3
        assert (await group.ended(asked)).state is JobState.DONE
    assert len(group.model.requests) == 2
    with pytest.raises(NotFailed, match="It is done"):
        await group.assistant.retry(asked.job)


async def test_one_that_killed_its_workers_is_kept_and_has_as_many_attempts_again(group: Group) -> None:
    asked = await group.ask("Well?")
    await group.storage.db["jobs"].update_one({"_id": asked.job}, {"$set": {"attempt": MOST_ATTEMPTS}})
    async with group.working():
        job = await group.ended(asked)
        assert job.state is JobState.FAILED
        assert job.error is not None
        assert "Every worker that tried this stopped" in job.error
        group.model.enqueue(*(Script("server_error", retry_after=None) for _ in range(MOST_ATTEMPTS - 1)))
        assert await again(group, asked) is JobState.DONE
    assert len(group.model.requests) == MOST_ATTEMPTS


async def test_it_may_fail_again_and_is_listed_again(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_DELAY", 0.01)
    jobs = group.assistant.jobs
    group.model.enqueue(Script("rejected"), Script("unauthorized"))
    asked = await group.ask("What does " + "very " * 100 + "long mean?")
    async with group.working(), Watching(group) as watching:
        await group.ended(asked)
        [listed] = await group.assistant.jobs_of(group.workspace, JobState.FAILED)
        assert listed["id"] == asked.job
        assert "refused the request" in listed["error"]
        assert listed["instruction"].startswith("What does very")
        assert len(listed["instruction"]) <= 200
        assert listed["finished_at"] >= listed["created_at"]
        assert await jobs.of_workspace("another workspace", JobState.FAILED) == []
        await group.assistant.put_aside(asked.job)
        assert await jobs.of_workspace(group.workspace, JobState.FAILED) == []
        assert await again(group, asked) is JobState.FAILED
        [job] = await jobs.of_workspace(group.workspace, JobState.FAILED)
        assert job.error is not None
        assert "does not accept the key" in job.error
        await eventually(lambda: watching.has("scriptorium.job.changed", id=asked.job, state="queued"))


async def test_a_retried_job_can_be_cancelled_while_it_waits(group: Group) -> None:
    group.model.enqueue(Script("rejected"))
    await group.file("a.md", TEXT)
    asked = await group.edit("a.md", 0, 3)
    async with group.working():
        await group.ended(asked)
    await group.assistant.retry(asked.job)
    await group.assistant.cancel(asked.job)
    assert (await group.assistant.jobs.get(asked.job)).state is JobState.CANCELLED
    assert (await group.view(asked.suggestion))["state"] == "cancelled"
    with pytest.raises(NotFailed, match="cancelled"):
        await group.assistant.put_aside(asked.job)
    assert (await group.ask("And?", by=BOB)).conversation is not None


async def test_a_worker_that_died_between_the_failure_and_its_record_leaves_a_failure(group: Group) -> None:
    await group.file("a.md", TEXT)
    group.model.enqueue(Script("rejected"))
    edit = await group.edit("a.md", 0, 3)
    async with group.working():
        await group.ended(edit)
    group.model.enqueue(Script("rejected"))
    chat = await group.ask("Well?")
    async with group.working():
        await group.ended(chat)
    # As if its worker had come as far as the suggestion and the message, and no further.
    again = {"state": "queued", "error": None}
    await group.storage.db["jobs"].update_many({}, {"$set": again})
    async with group.working():
        for asked in (edit, chat):
            job = await group.ended(asked)
            assert job.state is JobState.FAILED
            assert job.error is not None
            assert "refused the request" in job.error
