"""What a workspace knows: on each backend, with several processes."""

import asyncio
import json
import random
import string
import time
from collections.abc import Sequence

import bson
import pytest

from ai.knowledge import knowledge as module
from ai.knowledge import reading
from ai.knowledge.index import Index
from ai.knowledge.pieces import Holding
from ai.knowledge.reading import Piece
from ai.knowledge.revisions import Revisions
from collab.documents.contents import Plain
from collab.drive.drive import Drive
from tests.ai.group import Group, Process, eventually


async def found(process: Process, question: str, most: int = 10, folder: str = "") -> list[tuple[str, int, int]]:
    hits = await process.assistant.knowledge.search(process.workspace, question, most, folder)
    return [(hit.path, hit.piece.first, hit.piece.last) for hit in hits]


async def learned(process: Process, path: str, text: str) -> str:
    document = await process.file(path, text)
    await process.assistant.knowledge.learn(process.workspace, [document])
    return document


async def settled(process: Process) -> None:
    drive = Drive(process.storage, process.rooms, process.files)
    await drive.sweep(process.workspace)
    await drive.settle_due()


async def test_what_a_file_says_is_found_by_every_process_until_it_says_something_else(group: Group) -> None:
    other = await group.another()
    document = await learned(group, "notes/birds.md", "# Birds\n\nHerons breed in colonies.\n")
    assert await found(group, "where do herons breed") == [("notes/birds.md", 1, 3)]
    assert await found(other, "where do herons breed") == [("notes/birds.md", 1, 3)]
    await group.type(document, 9, 35, "Storks nest on roofs.")
    await other.assistant.knowledge.learn(group.workspace, [document])
    for process in (group, other):
        assert await found(process, "herons") == []
        assert await found(process, "storks") == [("notes/birds.md", 1, 3)]


async def test_a_file_that_moved_is_found_where_it_is_and_one_in_the_trash_nowhere(group: Group) -> None:
    document = await learned(group, "a.md", "Herons breed here.\n")
    await group.files.move(group.workspace, "a.md", "archive/b.md", "user:ann")
    assert await found(group, "herons") == [("archive/b.md", 1, 1)]  # before anybody has looked again
    await group.assistant.knowledge.learn(group.workspace, [document])
    assert await found(group, "archive") == [("archive/b.md", 1, 1)]
    assert await found(group, "herons", folder="archive") == [("archive/b.md", 1, 1)]
    assert await found(group, "herons", folder="arch") == []
    await group.files.delete(group.workspace, "archive/b.md", "user:ann")
    assert await found(group, "herons") == []
    await group.assistant.knowledge.learn(group.workspace, [document])
    record = await group.storage.db["knowledge"].find_one({"_id": document})
    assert record is not None
    assert record["pieces"] == []
    [entry] = await group.files.trash.list(group.workspace)
    await group.files.trash.restore(group.workspace, entry.id, "user:ann")
    await group.assistant.knowledge.learn(group.workspace, [document])
    assert await found(group, "herons") == [("archive/b.md", 1, 1)]


async def test_what_is_kept_from_the_assistant_is_not_found(group: Group) -> None:
    await learned(group, ".env", "HERON=secret\n")
    await learned(group, "private/a.md", "A heron.\n")
    await learned(group, "a.md", "A heron.\n")
    assert {path for path, *_ in await found(group, "heron")} == {"a.md", "private/a.md"}
    await learned(group, ".scriptorium/ignore", "private/\n# heron\n")
    assert await found(group, "heron") == [("a.md", 1, 1)]
    assert await found(group, "heron", most=1) == [("a.md", 1, 1)]


async def test_of_many_that_do_not_count_those_that_do_are_found(group: Group) -> None:
    documents = [await group.file(f"archive/{number}.md", "heron heron heron\n") for number in range(90)]
    await group.assistant.knowledge.learn(group.workspace, documents)
    await learned(group, "new/a.md", "A heron, seen from far away on a Sunday morning with friends.\n")
    assert await found(group, "heron", most=1, folder="new") == [("new/a.md", 1, 1)]


async def test_other_workspaces_know_nothing_of_it(group: Group) -> None:
    await learned(group, "a.md", "A heron.\n")
    await group.files.create_workspace("elsewhere")
    assert await group.assistant.knowledge.search("elsewhere", "heron", 10) == []


async def test_files_of_before_are_gone_through_once_and_after_a_crash_from_there(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        await group.file(f"{number}.md", f"A heron, number {number}.\n")
    await group.files.write(group.workspace, "picture.png", b"\x89PNG\0", "user:ann")
    await settled(group)
    learn, failing = module.Knowledge.learn, True
    looked: list[str] = []

    async def fails(self: module.Knowledge, workspace: str, documents: Sequence[str]) -> None:
        if failing and len(looked) == 3:
            raise OSError("away")
        looked.extend(documents)
        await learn(self, workspace, documents)

    monkeypatch.setattr(module.Knowledge, "learn", fails)
    monkeypatch.setattr(module, "AT_A_TIME", 1)
    monkeypatch.setattr(module, "AGAIN", 0)
    knowledge = group.assistant.knowledge
    assert not (await knowledge.state(group.workspace)).complete
    await eventually(lambda: _is(not knowledge._filling))
    state = await knowledge.state(group.workspace)
    assert (state.files, state.known, state.complete) == (7, 3, False)
    failing = False
    await eventually(lambda: knowledge.is_complete(group.workspace))
    state = await knowledge.state(group.workspace)
    assert (state.files, state.known, state.complete) == (7, 7, True)
    assert len(looked) == len(set(looked)) == 7
    assert len(await found(group, "heron")) == 6
    monkeypatch.setattr(module, "VERSION", reading.VERSION + 1)
    other = await group.another()
    assert not await other.assistant.knowledge.is_complete(group.workspace)


async def _is(value: bool) -> bool:
    return value


async def test_the_same_content_is_not_read_twice(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await learned(group, "a.md", "A heron.\n")
    head = await Revisions(group.storage.db, "knowledge").head(group.workspace)
    monkeypatch.setattr(module, "attempt", None)
    await group.assistant.knowledge.learn(group.workspace, [document])
    assert await Revisions(group.storage.db, "knowledge").head(group.workspace) == head


async def test_a_file_that_cannot_be_read_is_known_to_say_nothing(group: Group) -> None:
    await group.files.write(group.workspace, "broken.pdf", b"%PDF-1.7\n\0heron", "user:ann")
    document = (await group.files.entry(group.workspace, "broken.pdf")).id
    await group.assistant.knowledge.learn(group.workspace, [document])
    assert await found(group, "heron") == []
    assert (await group.assistant.knowledge.state(group.workspace)).known == 1


async def test_a_notebook_says_what_its_cells_say(group: Group) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Birds\n", "Of herons.\n"]},
        {"cell_type": "code", "metadata": {}, "source": ["count(storks)\n"], "outputs": [], "execution_count": 1},
    ]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)
    await learned(group, "birds.ipynb", text)
    [(path, first, last)] = await found(group, "storks")
    assert path == "birds.ipynb"
    assert "count(storks)" in "\n".join(text.split("\n")[first - 1 : last])


async def test_a_deleted_workspace_leaves_nothing(group: Group) -> None:
    await learned(group, "a.md", "A heron.\n")
    await group.assistant.knowledge.erase(group.workspace)
    for collection in ("knowledge", "knowledge_heads", "knowledge_filled"):
        assert await group.storage.db[collection].count_documents({}) == 0


async def test_workspaces_that_nobody_asks_about_leave_memory(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    await learned(group, "a.md", "A heron.\n")
    await found(group, "heron")
    monkeypatch.setattr(module, "MOST_HELD", 0)
    await group.files.create_workspace("elsewhere")
    knowledge = group.assistant.knowledge
    await knowledge.search("elsewhere", "heron", 1)
    assert list(knowledge._held) == ["elsewhere"]
    assert await found(group, "heron") == [("a.md", 1, 1)]


async def test_of_a_file_that_is_too_long_for_a_record_the_beginning_is_known(group: Group) -> None:
    """Each of these letters is three bytes, and each two of them are a word."""
    rng = random.Random(1)
    lines = ("".join(chr(0x4E00 + rng.randrange(20_000)) for _ in range(60)) for _ in range(22_000))
    text = "\n".join(lines) + "\n"
    document = await learned(group, "long.md", f"heron\n{text}stork\n")
    assert [path for path, *_ in await found(group, "heron")] == ["long.md"]
    assert await found(group, "stork") == []
    record = await group.storage.db["knowledge"].find_one({"_id": document})
    assert record is not None
    assert 10_000_000 < len(bson.encode(record)) < 16 * 1024 * 1024


async def test_who_gives_up_waiting_leaves_the_index_whole(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making it may take longer than a prompt can wait, and a thread goes on when nobody waits for it."""
    for number in range(4):
        await learned(group, f"{number}.md", f"A heron, number {number}.\n")
    monkeypatch.setattr(module, "AT_ONCE", 1)
    take, running, most_running = Index.take, 0, 0

    def slow(index: Index, holdings: Sequence[Holding]) -> None:
        nonlocal running, most_running
        running += 1
        most_running = max(most_running, running)
        time.sleep(0.1)
        take(index, holdings)
        running -= 1

    monkeypatch.setattr(Index, "take", slow)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await found(group, "heron")
    assert len(await found(group, "heron")) == 4
    assert most_running == 1


async def test_secrets_are_taken_out_before_a_file_is_cut(group: Group) -> None:
    key = "\n".join("".join(random.Random(n).choices(string.ascii_letters, k=64)) for n in range(50))
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{key}\n-----END RSA PRIVATE KEY-----\n"
    document = await learned(group, "deploy.md", f"# Deployment\n\n{key}\nThe staging heron.\n")
    record = await group.storage.db["knowledge"].find_one({"_id": document})
    assert record is not None
    kept = "\n".join(piece["text"] for piece in record["pieces"])
    assert not any(line in kept for line in key.split("\n")[1:-2])
    [hit] = await group.assistant.knowledge.search(group.workspace, "staging heron", 1)
    assert hit.line == 56


async def test_what_is_learned_while_a_workspace_is_erased_goes_with_it(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await group.file("a.md", "A heron.\n")
    knowledge, begun, goes_on = group.assistant.knowledge, asyncio.Event(), asyncio.Event()
    read = module.Knowledge._read

    async def slow(self: module.Knowledge, path: str, plain: Plain) -> Sequence[Piece]:
        begun.set()
        await goes_on.wait()
        return await read(self, path, plain)

    monkeypatch.setattr(module.Knowledge, "_read", slow)
    learning = asyncio.create_task(knowledge.learn(group.workspace, [document]))
    await begun.wait()
    erasing = asyncio.create_task(knowledge.erase(group.workspace))
    await asyncio.sleep(0.1)
    goes_on.set()
    await learning
    await erasing
    assert await group.storage.db["knowledge"].count_documents({}) == 0
