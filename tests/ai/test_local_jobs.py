"""A fresh machine: the local assistant does the same jobs, and says what it is."""

from collections.abc import AsyncIterator

import pytest

from ai.models.local import LocalAssistant
from ai.pool.jobs import JobState
from storage import Storage
from tests.ai.group import ANN, Group, open_group

UNTIDY = "import sys, os\ndef f( a,b ):\n    return os.path.join( a,b )\n"


@pytest.fixture
async def fresh(storage: Storage) -> AsyncIterator[Group]:
    async with open_group(storage, provider=LocalAssistant()) as group, group.working():
        yield group


async def test_it_repairs_code_with_real_tools(fresh: Group) -> None:
    document = await fresh.file("a.py", UNTIDY)
    asked = await fresh.edit("a.py", 0, len(UNTIDY), "Tidy this up.")
    assert (await fresh.ended(asked)).state is JobState.DONE
    view = await fresh.view(asked.suggestion)
    assert view["hunks"]
    assert view["note"]
    await fresh.decide(asked.suggestion, "accept")
    text = await fresh.text(document)
    assert "def f(a, b):" in text
    assert (await fresh.assistant.status(fresh.workspace))["configured"] is False


async def test_it_says_when_it_has_nothing_to_propose(fresh: Group) -> None:
    await fresh.file("poem.md", "Roses are red.\n")
    asked = await fresh.edit("poem.md", 0, 15, "Make it rhyme.")
    assert (await fresh.ended(asked)).state is JobState.DONE
    view = await fresh.view(asked.suggestion)
    assert (view["state"], view["hunks"]) == ("done", [])
    assert view["note"]


async def test_it_answers_in_chats(fresh: Group) -> None:
    asked = await fresh.assistant.requests.ask(fresh.workspace, "Who are you?", None, None, ANN)
    assert (await fresh.ended(asked)).state is JobState.DONE
    assert asked.conversation is not None
    _, answer = await fresh.assistant.conversations.messages(asked.conversation)
    assert answer.text


async def test_it_continues_a_text_from_the_files_of_the_group(fresh: Group) -> None:
    line = "The quick brown fox jumps over the lazy dog and goes home to sleep.\n"
    await fresh.file("book.md", line * 3)
    await fresh.file(".env", "The quick brown fox keeps SECRET=1\n")
    document = await fresh.file("new.md", "The quick brown fox")
    asked = await fresh.write("new.md", len("The quick brown fox"), "Go on.")
    assert (await fresh.ended(asked)).state is JobState.DONE
    text = await fresh.text(document)
    assert text.startswith("The quick brown fox jumps over the lazy dog")
    assert "SECRET" not in text
