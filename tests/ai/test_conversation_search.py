"""Finding what was said, on each kind of database."""

import pytest

from ai.chat.conversation_search import snippet
from ai.chat.conversations import ConversationNotFound
from tests.ai.group import ANN, Group, Watching, eventually
from tests.doubles.model_server import Script


async def talk(group: Group, question: str, answer: str, workspace: str | None = None) -> str:
    group.model.enqueue(Script(answer=answer))
    asked = await group.assistant.requests.ask(workspace or group.workspace, question, None, None, ANN)
    async with group.working():
        await group.ended(asked)
    assert asked.conversation is not None
    return asked.conversation


async def found(group: Group, query: str, workspace: str | None = None) -> list[tuple[str, str]]:
    """(title, what is shown of where it was found)"""
    matches = await group.assistant.conversation_search.find(workspace or group.workspace, query)
    return [(conversation.title, match.snippet) for conversation, match in matches]


async def test_questions_answers_and_titles_are_found_newest_first(group: Group) -> None:
    first = await talk(group, "Where is the astrolabe?", "In room three, I think.")
    await talk(group, "Who opens the doors?", "Ines does, in room ONE.")
    assert [title for title, _ in await found(group, "room")] == ["Who opens the doors?", "Where is the astrolabe?"]
    assert await found(group, "room THREE") == [("Where is the astrolabe?", "In room three, I think.")]
    assert await found(group, "three room") == await found(group, "room three")
    assert await found(group, "three doors") == []
    await group.assistant.rename_conversation(group.workspace, first, "The  brass\tthing")
    assert await found(group, "brass") == [("The brass thing", "The brass thing")]
    [(_, match)] = await group.assistant.conversation_search.find(group.workspace, "astrolabe")
    assert match.view() == {
        "message": (await group.assistant.conversations.messages(first))[0].id,
        "author_name": "Ann",
        "snippet": "Where is the astrolabe?",
    }


async def test_what_is_searched_for_is_taken_literally(group: Group) -> None:
    await talk(group, "Does a.b(c)* + [d] cost 5$ or 5€ in Ümlaut-Straße?", "^Yes | no\\maybe -- #1 & ~2")
    for query in ("a.b(c)*", "[d]", "5$", "5€", "ümlaut", "^Yes", "\\maybe", "|", "--", "#1", "&", "~2", "+"):
        assert len(await found(group, query)) == 1, query
    for query in (".*", "aXb", "(", "[a-z]$", "", "   "):
        assert len(await found(group, query)) == (1 if query == "(" else 0), query


async def test_nobody_finds_what_is_said_in_another_workspace(group: Group) -> None:
    await group.files.create_workspace("another")
    await talk(group, "A secret word?", "Xyzzy.", "another")
    assert await found(group, "xyzzy") == []
    assert len(await found(group, "xyzzy", "another")) == 1


async def test_renaming_is_told_and_so_is_deleting(group: Group) -> None:
    conversation = await talk(group, "Hello?", "Hello.")
    async with Watching(group) as events:
        await group.assistant.rename_conversation(group.workspace, conversation, "Greetings")
        await group.assistant.delete_conversation(group.workspace, conversation)
        await eventually(lambda: events.has("scriptorium.conversation.deleted", id=conversation))
    assert await events.has("scriptorium.conversation.changed", id=conversation, title="Greetings")
    with pytest.raises(ConversationNotFound):
        await group.assistant.rename_conversation(group.workspace, conversation, "Greetings")
    assert await group.storage.db["generations"].count_documents({}) == 0
    assert await found(group, "hello") == []


def test_a_snippet_is_a_line_around_the_word() -> None:
    text = "begin " * 100 + "the\n\n  WORD is here" + " end" * 100
    line = snippet(text, ["word", "end"])
    assert line.startswith("…")
    assert line.endswith("…")
    assert "the WORD is here" in line
    assert len(line) < 170
    assert snippet("short word", ["word"]) == "short word"
    assert snippet("not there", ["word"]) == "not there"
