"""Answers of a conversation become suggestions that people decide like any other; nothing changes a text by itself."""

import asyncio
import json

import pytest

from ai.answers.applying import CannotApply
from ai.chat.chat_proposals import BlockNotFound, NotAnAnswer, NothingChanges, Where, code_blocks, ends_inside_a_block
from ai.chat.conversations import MessageNotFound
from ai.chat.messages import Message, MessageState
from ai.prompting import gathering
from ai.proposals.hunks import HunkState
from ai.requests import KeptFromModels
from collab.files.files import FileNotFound
from collab.yjs.offsets import utf16_length
from tests.ai.group import ANN, BOB, Group, Watching, eventually
from tests.doubles.model_server import Script

CODE = "# 😀\ndef price(age):\n    return 9\n\n\ndef is_open(day):\n    return True\n"
ANSWER = """Children are free:

```python
def price(age):
    return 0 if age < 18 else 9
```

and on Mondays it is closed:

```python
def is_open(day):
    return day.weekday() != 0
```
"""


async def answered(group: Group, answer: str) -> Message:
    """The answer to a question about a.py."""
    group.model.enqueue(Script(answer=answer))
    asked = await group.assistant.requests.ask(group.workspace, "Who pays, and when?", None, "a.py", ANN)
    async with group.working():
        await group.ended(asked)
    assert asked.conversation is not None
    return (await group.assistant.conversations.messages(asked.conversation))[-1]


async def propose(group: Group, answer: Message, block: int | None, path: str = "a.py", where: Where = "found") -> str:
    return await group.assistant.chat_proposals.propose(
        group.workspace, answer.conversation, answer.id, block, path, BOB, where
    )


async def test_a_block_becomes_hunks_that_anybody_decides(group: Group) -> None:
    document = await group.file("a.py", CODE)
    answer = await answered(group, ANSWER)
    async with Watching(group) as events:
        suggestion = await propose(group, answer, 0)
        await eventually(lambda: events.has("scriptorium.suggestion.changed", id=suggestion, state="ready"))
    view = await group.view(suggestion)
    assert (view["mode"], view["documents"], view["instruction"]) == ("edit", [document], "Who pays, and when?")
    assert (view["requested_by"]["name"], view["author"]["model"], view["job"]) == ("Ann", "scripted", answer.job)
    [hunk] = view["hunks"]
    assert (hunk["state"], hunk["path"], hunk["base"]) == ("pending", "a.py", "")
    assert hunk["start"] == utf16_length(CODE[: CODE.index("9")])
    assert await group.text(document) == CODE
    await group.decide(suggestion, "accept", by=ANN)
    assert await group.text(document) == CODE.replace("return 9", "return 0 if age < 18 else 9")
    await group.decide(suggestion, "undo", by=BOB)
    assert await group.text(document) == CODE


async def test_the_whole_answer_is_all_of_its_blocks_each_in_its_place(group: Group) -> None:
    document = await group.file("a.py", CODE)
    suggestion = await propose(group, await answered(group, ANSWER), None)
    first, second = await group.hunks(suggestion)
    await group.decide(suggestion, "reject", first.id)
    await group.decide(suggestion, "accept", second.id)
    assert await group.text(document) == CODE.replace("return True", "return day.weekday() != 0")


async def test_a_proposal_moves_with_its_text_and_is_stale_once_that_was_changed(group: Group) -> None:
    document = await group.file("a.py", CODE)
    suggestion = await propose(group, await answered(group, ANSWER), None)
    await group.type(document, 0, 0, "import datetime\n")
    at = utf16_length(CODE[: CODE.index("True")]) + len("import datetime\n")
    await group.type(document, at, at + 4, "None")
    first, second = [outcome.state for outcome in await group.decide(suggestion, "accept")]
    assert (first, second) == (HunkState.ACCEPTED, HunkState.STALE)
    expected = CODE.replace("return 9", "return 0 if age < 18 else 9").replace("True", "None")
    assert await group.text(document) == f"import datetime\n{expected}"


async def test_decisions_leave_records_with_what_the_model_was_told_in_the_conversation(group: Group) -> None:
    await group.file("a.py", CODE)
    answer = await answered(group, ANSWER)
    suggestion = await propose(group, answer, 0)
    await group.decide(suggestion, "accept")
    [record] = [json.loads(line) async for line in await group.assistant.feedback_lines(group.workspace, "raw")]
    assert (record["kind"], record["decision"], record["model"]) == ("edit", "accepted", "scripted")
    assert (record["requested_by"]["name"], record["job"]) == ("Ann", answer.job)
    assert record["messages"][-1]["content"].endswith("Who pays, and when?")
    assert record["usage"]["completion_tokens"] > 0
    assert record["selection"] is None
    # As an example of how to answer, a piece of a file would be wrong: the request was a question.
    assert [line async for line in await group.assistant.feedback_lines(group.workspace, "sft")] == []


async def said(events: Watching, words: str) -> bool:
    return words in "".join(delta["text"] for delta in events.of("scriptorium.chat.delta"))


async def test_a_stopped_answer_can_be_proposed_as_far_as_it_came(group: Group) -> None:
    document = await group.file("a.py", CODE)
    group.model.enqueue(Script(answer=ANSWER, tokens=24, delay=0.01, goes_on=asyncio.Event()))
    asked = await group.assistant.requests.ask(group.workspace, "Who pays?", None, None, ANN)
    async with Watching(group) as events, group.working():
        await eventually(lambda: said(events, "else 9"))
        await group.assistant.cancel(asked.job)
        await group.ended(asked)
    assert asked.conversation is not None
    [_, answer] = await group.assistant.conversations.messages(asked.conversation)
    assert answer.state is MessageState.CANCELLED
    await group.decide(await propose(group, answer, 0), "accept")
    assert "return 0 if age" in await group.text(document)


async def test_whoever_asks_can_say_that_it_is_the_whole_text_or_goes_behind_it(group: Group) -> None:
    document = await group.file("a.py", CODE)
    answer = await answered(group, "```\nsomething = else_altogether\n```")
    with pytest.raises(CannotApply, match="no place"):
        await propose(group, answer, 0)
    await group.decide(await propose(group, answer, 0, where="end"), "accept")
    assert await group.text(document) == f"{CODE}\nsomething = else_altogether\n"
    await group.decide(await propose(group, answer, 0, where="whole"), "accept")
    assert await group.text(document) == "something = else_altogether\n"
    with pytest.raises(NothingChanges):
        await propose(group, answer, 0, where="whole")


async def test_what_cannot_be_proposed_is_refused_and_leaves_nothing(group: Group) -> None:
    await group.file("a.py", CODE)
    await group.file(".env", "KEY=1\n")
    answer = await answered(group, ANSWER)
    with pytest.raises(BlockNotFound):
        await propose(group, answer, 2)
    with pytest.raises(FileNotFound):
        await propose(group, answer, 0, "b.py")
    with pytest.raises(KeptFromModels):
        await propose(group, answer, 0, ".env")
    question, _ = await group.assistant.conversations.messages(answer.conversation)
    with pytest.raises(NotAnAnswer, match="Only what the assistant says"):
        await propose(group, question, 0)
    other = await answered(group, ANSWER)
    with pytest.raises(MessageNotFound):
        await group.assistant.chat_proposals.propose(group.workspace, answer.conversation, other.id, 0, "a.py", BOB)
    group.model.enqueue(Script("endless", answer="and so on "))
    asked = await group.assistant.requests.ask(group.workspace, "And?", answer.conversation, None, ANN)
    async with Watching(group) as events, group.working():
        await eventually(lambda: events.has("scriptorium.chat.delta"))
        streaming = (await group.assistant.conversations.messages(answer.conversation))[-1]
        with pytest.raises(NotAnAnswer, match="still being written"):
            await propose(group, streaming, None)
        await group.assistant.cancel(asked.job)
        await group.ended(asked)
    assert await group.assistant.suggestions_of(group.workspace) == []
    assert await group.storage.db["hunks"].count_documents({}) == 0


async def test_a_large_file_changes_in_as_many_hunks_as_it_differs(group: Group) -> None:
    lines = [f"line {number} of a long file\n" for number in range(3_000)]
    document = await group.file("a.py", "".join(lines))
    changed = [line.replace("long", "very long") if number % 100 == 0 else line for number, line in enumerate(lines)]
    suggestion = await propose(group, await answered(group, f"```\n{''.join(changed)}```"), 0)
    assert len(await group.hunks(suggestion)) == 30
    await group.decide(suggestion, "accept")
    assert await group.text(document) == "".join(changed)


def test_blocks_are_counted_as_the_browser_counts_them() -> None:
    in_list = "- a\n\n  ```py title\n  x = 1\n    y\n  ```\n\n    not fenced\n\n"
    text = f"{in_list}<div>\n```\nin html\n```\n</div>\n\n~~~\n```\n~~~\n> ```\n> quoted\n"
    assert code_blocks(text) == ["x = 1\n  y\n", "in html\n", "```\n", "quoted\n"]


@pytest.mark.parametrize(
    ("answer", "inside"),
    [
        ("No code.", False),
        ("```py\nx = 1\n```\n", False),
        ("```py\nx = 1\n```", False),
        ("```py\nx = 1\n``", True),
        ("```py\nx = 1\n", True),
        ("```py\n", True),
        ("````md\n```py\nx\n```\n", True),
        ("````md\n```py\nx\n```\n````", False),
        ("> ~~~\n> x\n> ~~~\n", False),
        ("```a\nx\n```\nand\n```b\ny\n", True),
    ],
)
def test_whether_an_answer_broke_off_in_a_block(answer: str, inside: bool) -> None:
    assert ends_inside_a_block(answer) == inside


async def test_the_numbers_of_passages_do_not_go_into_a_file(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "PATIENCE", 30.0)  # however busy the machine is
    document = await group.file("a.py", CODE)
    notes = await group.file("notes.md", "Children pay nothing on Sundays.\n")
    await group.assistant.knowledge.learn(group.workspace, [notes])
    group.model.enqueue(Script(answer="Children pay nothing [1], not [7]."))
    asked = await group.assistant.requests.ask(group.workspace, "What do children pay?", None, None, ANN)
    async with group.working():
        await group.ended(asked)
    assert asked.conversation is not None
    answer = (await group.assistant.conversations.messages(asked.conversation))[-1]
    await group.decide(await propose(group, answer, None, where="end"), "accept")
    assert (await group.text(document)).endswith("\n\nChildren pay nothing, not [7].\n")
