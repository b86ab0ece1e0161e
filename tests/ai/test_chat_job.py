"""Jobs of kind chat: shared conversations whose answers stream to everybody and are kept."""

import asyncio
from collections.abc import Sequence

import pytest

from ai.chat import conversations
from ai.chat.conversations import ConversationNotFound, MessageNotFound
from ai.chat.messages import Message, MessageState
from ai.pool.jobs import JobState, Person
from ai.prompting.context import Window
from ai.requests import AnsweredAlready, Asked, KeptFromModels, NotAText, TooManyMentions
from collab.files.files import FileNotFound
from collab.yjs.offsets import utf16_length
from tests.ai.group import ANN, BOB, Group, Watching, eventually
from tests.doubles.model_server import Script

ANSWER = "The answer 😀 is forty-two, and it is a long one at that."


async def ask(
    group: Group, message: str, conversation: str | None = None, path: str | None = None, mentions: Sequence[str] = ()
) -> Asked:
    return await group.assistant.requests.ask(group.workspace, message, conversation, path, ANN, mentions=mentions)


async def ask_again(group: Group, asked: Asked, message: str, by: Person = BOB) -> Asked:
    assert asked.conversation is not None
    return await group.assistant.requests.ask_again(group.workspace, asked.conversation, message, by)


async def messages(group: Group, asked: Asked) -> list[Message]:
    assert asked.conversation is not None
    return await group.assistant.conversations.messages(asked.conversation)


async def test_an_answer_streams_to_everybody_and_is_kept(group: Group) -> None:
    group.model.enqueue(Script(answer=ANSWER, delay=0.02))
    async with Watching(group) as events, group.working():
        asked = await ask(group, "What is the answer?")
        assert (await group.ended(asked)).state is JobState.DONE
        await eventually(lambda: events.has("scriptorium.job.changed", state="done"))
    question, answer = await messages(group, asked)
    assert (question.role, question.author_name, question.text) == ("user", "Ann", "What is the answer?")
    assert (answer.role, answer.text, answer.state) == ("assistant", ANSWER, MessageState.DONE)
    told = [data["message"] for data in events.of("scriptorium.chat.message")]
    assert [(m["role"], m["state"], m["text"]) for m in told] == [
        ("user", "done", "What is the answer?"),
        ("assistant", "streaming", ""),
        ("assistant", "done", ANSWER),
    ]
    deltas = events.of("scriptorium.chat.delta")
    assert len(deltas) >= 3
    shown = ""
    for delta in deltas:
        assert delta["offset"] == utf16_length(shown)
        shown += delta["text"]
    assert ANSWER.startswith(shown)


async def test_a_conversation_goes_on_with_what_was_said_and_the_open_file(group: Group) -> None:
    await group.file("a.py", "print('hello from the file')\n")
    first = await ask(group, "First question")
    async with group.working():
        await group.ended(first)
        second = await ask(group, "Second question", first.conversation, "a.py")
        await group.ended(second)
    assert second.conversation == first.conversation
    request = group.model.requests[-1]
    for part in ("First question", "This is a scripted answer.", "hello from the file", "Second question"):
        assert part in request.prompt
    assert [m["role"] for m in request.body["messages"]] == ["system", "user", "assistant", "user"]
    [conversation] = await group.assistant.conversations.of_workspace(group.workspace)
    assert conversation.title == "First question"
    assert len(await messages(group, first)) == 4


async def test_a_failing_model_leaves_a_message_that_says_so(group: Group) -> None:
    group.model.enqueue(Script("cut_off", answer=ANSWER, tokens=4, delay=0.03))
    asked = await ask(group, "What is the answer?")
    async with group.working():
        job = await group.ended(asked)
    _, answer = await messages(group, asked)
    assert (job.state, answer.state, answer.error) == (JobState.FAILED, MessageState.FAILED, job.error)
    assert answer.text
    assert ANSWER.startswith(answer.text)


async def test_cancelling_keeps_what_was_said(group: Group) -> None:
    group.model.enqueue(Script("endless", answer="and so on "))
    async with Watching(group) as events, group.working():
        asked = await ask(group, "What is the answer?")
        await eventually(lambda: events.has("scriptorium.chat.delta"))
        await group.assistant.cancel(asked.job)
        assert (await group.ended(asked)).state is JobState.CANCELLED
    _, answer = await messages(group, asked)
    assert answer.state is MessageState.CANCELLED
    assert answer.text.startswith("and so on")


async def test_cancelling_before_a_worker_came_leaves_a_cancelled_answer(group: Group) -> None:
    asked = await ask(group, "What is the answer?")
    await group.assistant.cancel(asked.job)
    _, answer = await messages(group, asked)
    assert (answer.state, answer.text) == (MessageState.CANCELLED, "")


async def test_an_answer_that_is_taken_over_begins_anew_in_the_same_message(group: Group) -> None:
    group.model.enqueue(Script("endless", answer="and so on "), Script(answer=ANSWER))
    async with Watching(group) as events:
        asked = await ask(group, "What is the answer?")
        async with group.working():
            await eventually(lambda: events.has("scriptorium.chat.delta"))
        async with group.working():
            assert (await group.ended(asked)).attempt == 2
    _, answer = await messages(group, asked)
    assert answer.text == ANSWER
    told = [d["message"] for d in events.of("scriptorium.chat.message") if d["message"]["id"] == answer.id]
    assert [(m["state"], m["text"]) for m in told] == [("streaming", ""), ("streaming", ""), ("done", ANSWER)]


async def test_deleting_a_conversation_stops_what_is_answered_in_it(group: Group) -> None:
    group.model.enqueue(Script("endless", answer="and so on "))
    async with Watching(group) as events, group.working():
        asked = await ask(group, "What is the answer?")
        await eventually(lambda: events.has("scriptorium.chat.delta"))
        assert asked.conversation is not None
        await group.assistant.delete_conversation(group.workspace, asked.conversation)
        await group.ended(asked)
    assert await messages(group, asked) == []
    assert await group.assistant.conversations.of_workspace(group.workspace) == []


async def test_files_that_are_mentioned_go_in_as_they_are_when_the_job_runs(group: Group) -> None:
    notes = await group.file("notes.md", "old words\n")
    plan = await group.file("my plan.md", "the plan\n")
    asked = await ask(group, 'Compare @notes.md, please, with @"my plan.md".', mentions=["notes.md"])
    await group.type(notes, 0, 3, "new")
    await group.files.move(group.workspace, "notes.md", "renamed.md", "user:ann")
    async with group.working():
        await group.ended(asked)
    prompt = group.model.requests[-1].body["messages"][-1]["content"]
    for words in ("new words", "renamed.md", "the plan", "my plan.md"):
        assert words in prompt
    question, _ = await messages(group, asked)
    assert question.view()["mentions"] == [
        {"document": notes, "path": "notes.md"},
        {"document": plan, "path": "my plan.md"},
    ]


async def test_a_file_that_is_kept_from_models_since_does_not_go_in(group: Group) -> None:
    await group.file("a.md", "open words\n")
    await group.file("b.md", "other words\n")
    asked = await ask(group, "What is in @a.md?", path="b.md")
    await group.file(".scriptorium/ignore", "a.md\nb.md\n")
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    assert "open words" not in group.model.requests[-1].prompt
    assert "other words" not in group.model.requests[-1].prompt


async def test_mentions_that_make_no_sense_are_refused_and_say_nothing(group: Group) -> None:
    await group.file(".env", "KEY=1\n")
    await group.files.write(group.workspace, "a.png", b"\x89PNG\r\n\x1a\n\0\0", "user:ann")
    with pytest.raises(KeptFromModels, match=r"\.env"):
        await ask(group, "What is in @.env?")
    with pytest.raises(KeptFromModels):
        await ask(group, "And in this?", mentions=[".env"])
    with pytest.raises(FileNotFound):
        await ask(group, "And in this?", mentions=["nothing.md"])
    with pytest.raises(NotAText):
        await ask(group, "And in this?", mentions=["a.png"])
    for number in range(21):
        await group.file(f"{number}.md", "x")
    with pytest.raises(TooManyMentions):
        await ask(group, " ".join(f"@{number}.md" for number in range(21)))
    assert await group.assistant.conversations.of_workspace(group.workspace) == []


async def test_people_and_the_assistant_take_turns_also_after_a_question_without_an_answer(group: Group) -> None:
    first = await ask(group, "First question")
    await group.assistant.cancel(first.job)
    second = await ask(group, "Second question", first.conversation)
    async with group.working():
        await group.ended(second)
        third = await ask(group, "Third question", first.conversation)
        await group.ended(third)
    sent = [m["role"] for m in group.model.requests[0].body["messages"]]
    assert sent == ["system", "user"]
    assert "First question\n\nSecond question" in group.model.requests[0].prompt
    assert [m["role"] for m in group.model.requests[1].body["messages"]] == ["system", "user", "assistant", "user"]


async def test_asking_again_gives_another_answer_that_counts_and_keeps_the_first(group: Group) -> None:
    group.model.enqueue(Script(answer="First answer."), Script(answer="Second answer."))
    asked = await ask(group, "What is the answer?")
    async with Watching(group) as events, group.working():
        await group.ended(asked)
        question, first = await messages(group, asked)
        again = await ask_again(group, asked, first.id)
        await group.ended(again)
        later = await ask(group, "Why?", asked.conversation)
        await group.ended(later)
        await eventually(lambda: events.has("scriptorium.job.changed", id=later.job, state="done"))
    found = await messages(group, asked)
    assert [m.text for m in found[:3]] == ["What is the answer?", "First answer.", "Second answer."]
    assert [m.question for m in found[1:3]] == [question.id, question.id]
    assert found[0].answer == found[2].id
    assert (await group.assistant.jobs.get(again.job)).requested_by == BOB
    told = [d["message"] for d in events.of("scriptorium.chat.message")]
    assert [m["answer"] for m in told if m["id"] == question.id][-1] == found[2].id
    history = group.model.requests[-1].body["messages"]
    assert [m["content"] for m in history[1:3]] == ["What is the answer?", "Second answer."]


async def test_asking_again_is_about_the_same_selection_and_files(group: Group) -> None:
    await group.file("a.md", "Marked words. And others.\n")
    await group.file("b.md", "Mentioned words.\n")
    asked = await group.assistant.requests.ask(group.workspace, "Why @b.md?", None, "a.md", ANN, (0, 13))
    async with group.working():
        await group.ended(asked)
        await group.ended(await ask_again(group, asked, (await messages(group, asked))[0].id))
    first, second = (request.body["messages"][-1]["content"] for request in group.model.requests)
    for prompt in (first, second):
        assert prompt.count("Marked words.") == 2
        assert "Mentioned words." in prompt


async def test_a_failed_and_a_stopped_answer_can_be_asked_for_again(group: Group) -> None:
    group.model.enqueue(Script("unauthorized"), Script(answer=ANSWER))
    failed, stopped = await ask(group, "One?"), await ask(group, "Two?")
    await group.assistant.cancel(stopped.job)
    async with group.working():
        await group.ended(failed)
        for asked in (failed, stopped):
            _, answer = await messages(group, asked)
            assert (await group.ended(await ask_again(group, asked, answer.id))).state is JobState.DONE
            assert (await messages(group, asked))[-1].state is MessageState.DONE


async def test_never_two_answers_to_one_question_at_a_time(group: Group) -> None:
    another = await group.another()
    group.model.enqueue(Script(answer="First answer."))
    asked = await ask(group, "What is the answer?")
    question, *_ = await messages(group, asked)
    with pytest.raises(AnsweredAlready, match="being answered"):
        await ask_again(group, asked, question.id)
    async with group.working():
        await group.ended(asked)
    _, answer = await messages(group, asked)
    assert asked.conversation is not None
    ways = [p.assistant.requests.ask_again for p in (group, another, group, another)]
    tried = await asyncio.gather(
        *(way(group.workspace, asked.conversation, answer.id, BOB) for way in ways), return_exceptions=True
    )
    assert [type(outcome) for outcome in tried].count(AnsweredAlready) == 3, tried
    [again] = [outcome for outcome in tried if isinstance(outcome, Asked)]
    with pytest.raises(AnsweredAlready):
        await ask_again(group, asked, answer.id)
    async with group.working():
        await group.ended(again)
    with pytest.raises(AnsweredAlready, match="asked this again already"):
        await ask_again(group, asked, answer.id)
    assert len(await messages(group, asked)) == 3


async def test_a_question_whose_job_was_never_stored_can_be_asked_again_and_has_one_answer(group: Group) -> None:
    asked = await ask(group, "What is the answer?")
    [question] = await messages(group, asked)
    lost = await group.storage.db["jobs"].find_one_and_delete({"_id": asked.job})
    again = await ask_again(group, asked, question.id)
    # Its job comes after all, from somebody who was very slow.
    await group.storage.db["jobs"].insert_one(lost)
    async with group.working():
        assert (await group.ended(again)).state is JobState.DONE
        assert (await group.ended(asked)).state is JobState.FAILED
    assert [m.role for m in await messages(group, asked)] == ["user", "assistant"]


async def test_asking_again_is_refused_for_what_is_not_there(group: Group) -> None:
    asked, other = await ask(group, "One?"), await ask(group, "Two?")
    [question] = await messages(group, other)
    with pytest.raises(MessageNotFound):
        await ask_again(group, asked, question.id)
    with pytest.raises(ConversationNotFound):
        await group.assistant.requests.ask_again("another workspace", asked.conversation or "", question.id, BOB)


async def test_a_long_conversation_goes_on_without_its_beginning(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MOST_MESSAGES", 6)
    monkeypatch.setattr(group.assistant.gathering, "window", lambda choice: Window(surroundings=115))
    asked = await ask(group, "Question 0")
    async with group.working():
        await group.ended(asked)
        for number in range(1, 6):
            await group.ended(await ask(group, f"Question {number}", asked.conversation))
    found = await messages(group, asked)
    assert [m.text for m in found if m.role == "user"] == ["Question 3", "Question 4", "Question 5"]
    assert [m.shortened for m in found if m.role == "assistant"] == [True, True, True]
    sent = group.model.requests[-1].body["messages"]
    assert [m["role"] for m in sent] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "Question 2" not in group.model.requests[-1].prompt
    # The rest can be paged through.
    assert asked.conversation is not None
    before = await group.assistant.conversations.messages(asked.conversation, found[0])
    assert [m.text for m in before if m.role == "user"] == ["Question 0", "Question 1", "Question 2"]
    assert [m.shortened for m in before if m.role == "assistant"] == [False, False, False]
    assert await group.assistant.conversations.begins_with(asked.conversation, before[0])


async def test_what_makes_no_sense_is_refused(group: Group) -> None:
    await group.file(".env", "KEY=1\n")
    with pytest.raises(KeptFromModels):
        await ask(group, "What is the key?", path=".env")
    with pytest.raises(ConversationNotFound):
        await ask(group, "And?", conversation="unknown")
    asked = await ask(group, "Mine")
    with pytest.raises(ConversationNotFound):
        await group.assistant.requests.ask("another workspace", "Yours?", asked.conversation, None, BOB)
