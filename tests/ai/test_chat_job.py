"""Jobs of kind chat: shared conversations whose answers stream to everybody and are kept."""

import pytest

from ai.conversations import ConversationNotFound, Message, MessageState
from ai.jobs import JobState
from ai.requests import Asked, KeptFromModels
from collab.offsets import utf16_length
from tests.ai.group import ANN, BOB, Group, Watching, eventually
from tests.doubles.model_server import Script

ANSWER = "The answer 😀 is forty-two, and it is a long one at that."


async def ask(group: Group, message: str, conversation: str | None = None, path: str | None = None) -> Asked:
    return await group.assistant.requests.ask(group.workspace, message, conversation, path, ANN)


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


async def test_what_makes_no_sense_is_refused(group: Group) -> None:
    await group.file(".env", "KEY=1\n")
    with pytest.raises(KeptFromModels):
        await ask(group, "What is the key?", path=".env")
    with pytest.raises(ConversationNotFound):
        await ask(group, "And?", conversation="unknown")
    asked = await ask(group, "Mine")
    with pytest.raises(ConversationNotFound):
        await group.assistant.requests.ask("another workspace", "Yours?", asked.conversation, None, BOB)
