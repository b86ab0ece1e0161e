"""Finding what means the same in other words, with vectors of a model at its real HTTP interface."""

from collections.abc import AsyncIterator

import pytest

from ai.knowledge import knowledge as module
from ai.knowledge.knowledge import Knowledge
from ai.knowledge.vectors import Vectors
from ai.models.embedding import AT_ONCE, Embedder
from ai.models.port import ModelError
from ai.prompting.material import Material
from tests.ai.group import Group, eventually
from tests.ai.test_knowledge import settled
from tests.doubles.model_server import ModelServer


@pytest.fixture
async def embedder(group: Group) -> AsyncIterator[Embedder]:
    group.model.same = {"automobile": "car", "doctor": "physician"}
    embedder = Embedder("meanings", "secret-key", group.model.url)
    yield embedder
    await embedder.close()


@pytest.fixture
async def knowing(group: Group, embedder: Embedder) -> AsyncIterator[Knowledge]:
    knowledge = _knowledge(group, embedder)
    await knowledge.ensure_indexes()
    yield knowledge
    await knowledge.close()


def _knowledge(group: Group, embedder: Embedder | None) -> Knowledge:
    material = Material(group.files, group.rooms)
    return Knowledge(group.storage.db, group.storage.leases, group.files, material, embedder)


async def found(knowledge: Knowledge, group: Group, question: str) -> list[str]:
    return [one.path for one in await knowledge.search(group.workspace, question, 5)]


async def test_other_words_for_it_find_it_and_the_same_words_still_do(group: Group, knowing: Knowledge) -> None:
    texts = {"a.md": "The automobile needs oil.\n", "b.md": "A garden of roses.\n", "c.md": "Rain on Sunday.\n"}
    documents = [await group.file(path, text) for path, text in texts.items()]
    await knowing.understand(group.workspace, documents)
    assert (await found(knowing, group, "car"))[0] == "a.md"
    assert (await found(knowing, group, "roses"))[0] == "b.md"
    # Without vectors, words are all there is.
    assert await found(group.assistant.knowledge, group, "car") == []


async def test_only_what_is_new_goes_to_the_model(group: Group, knowing: Knowledge) -> None:
    sections = [f"# Part {number}\n\n" + f"word{number} " * 300 + "\n\n" for number in range(6)]
    document = await group.file("a.md", "".join(sections))
    await knowing.understand(group.workspace, [document])
    first = len(group.model.embedded)
    assert first >= 6
    await knowing.understand(group.workspace, [document])
    assert len(group.model.embedded) == first
    await group.type(document, 10, 10, "automobile ")
    await knowing.understand(group.workspace, [document])
    assert first < len(group.model.embedded) <= first + 2
    record = await group.storage.db["knowledge_vectors"].find_one({"_id": document})
    holding = await group.storage.db["knowledge"].find_one({"_id": document})
    assert record is not None
    assert holding is not None
    assert len(record["keys"]) == len(holding["pieces"])  # of what it said before nothing is left


async def test_what_is_kept_from_the_assistant_never_reaches_the_model(group: Group, knowing: Knowledge) -> None:
    await group.file(".scriptorium/ignore", "private/\n")
    documents = [await group.file(path, f"The automobile in {path}.\n") for path in ("private/a.md", ".env", "b.md")]
    await knowing.understand(group.workspace, documents)
    assert group.model.embedded == ["The automobile in b.md."]


async def test_a_file_that_goes_takes_its_vectors_along(group: Group, knowing: Knowledge) -> None:
    document = await group.file("a.md", "The automobile.\n")
    await knowing.understand(group.workspace, [document])
    assert await found(knowing, group, "car") == ["a.md"]
    await group.files.delete(group.workspace, "a.md", "user:ann")
    await knowing.understand(group.workspace, [document])
    assert await found(knowing, group, "car") == []
    record = await group.storage.db["knowledge_vectors"].find_one({"_id": document})
    assert record is not None
    assert record["keys"] == []
    await knowing.erase(group.workspace)
    assert await group.storage.db["knowledge_vectors"].count_documents({}) == 0


async def test_while_the_endpoint_is_away_words_find_it_and_later_all_is_made_up_for(
    group: Group, knowing: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By nobody but who asks: what tells of a change is set aside after a while."""
    monkeypatch.setattr(module, "AGAIN", 0)
    monkeypatch.setattr(module, "BELIEVED", 0)
    document = await group.file("a.md", "The doctor needs oil.\n")
    await settled(group)
    await knowing.understand(group.workspace, [document])
    await eventually(lambda: knowing.is_complete(group.workspace))
    await group.type(document, 4, 10, "automobile")
    group.model.embedding_status = 500
    with pytest.raises(ModelError):
        await knowing.understand(group.workspace, [document])
    assert await found(knowing, group, "automobile") == ["a.md"]
    assert await found(knowing, group, "car") == []
    group.model.embedding_status = 200
    await eventually(lambda: found(knowing, group, "car"))
    assert await found(knowing, group, "car") == ["a.md"]
    group.model.embedding_status = 500
    assert await found(knowing, group, "physician oil") == ["a.md"]
    assert await found(knowing, group, "car") == ["a.md"]  # its vector is known already


async def test_what_is_not_kept_from_the_assistant_any_more_is_understood(
    group: Group, knowing: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN", 0)
    monkeypatch.setattr(module, "BELIEVED", 0)
    rules = await group.file(".scriptorium/ignore", "private/\n")
    document = await group.file("private/a.md", "The automobile.\n")
    await settled(group)
    await knowing.understand(group.workspace, [rules, document])
    await eventually(lambda: knowing.is_complete(group.workspace))
    assert group.model.embedded == []
    await group.type(rules, 0, 9, "")
    await knowing.understand(group.workspace, [rules])
    await eventually(lambda: found(knowing, group, "car"))


async def test_a_model_that_became_another_of_its_name_has_all_made_anew(group: Group, knowing: Knowledge) -> None:
    sections = [f"# Part {number}\n\n" + f"word{number} " * 300 + "\n\n" for number in range(4)]
    document = await group.file("a.md", "".join(sections))
    other = await group.file("b.md", "A garden.\n")
    await knowing.understand(group.workspace, [document, other])
    group.model.embedding_numbers = 200
    await group.type(document, 10, 10, "automobile ")
    await knowing.understand(group.workspace, [document])
    assert (await found(knowing, group, "car"))[0] == "a.md"
    await knowing.understand(group.workspace, [document, other])


async def test_secrets_do_not_reach_the_model(group: Group, knowing: Knowledge) -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    document = await group.file("a.md", f"The automobile {token}.\n")
    await knowing.understand(group.workspace, [document])
    await found(knowing, group, f"automobile {token}")
    assert len(group.model.embedded) == 2
    assert token not in "".join(group.model.embedded)


async def test_vectors_of_another_model_are_made_anew(group: Group, knowing: Knowledge) -> None:
    document = await group.file("a.md", "The automobile.\n")
    await knowing.understand(group.workspace, [document])
    embedder = Embedder("newer", None, group.model.url)
    newer = _knowledge(group, embedder)
    try:
        assert await found(newer, group, "car") == []
        await newer.understand(group.workspace, [document])
        assert await found(newer, group, "car") == ["a.md"]
        assert set(await Vectors(group.storage.db, embedder).known(group.workspace)) == {document}
    finally:
        await newer.close()
        await embedder.close()


@pytest.mark.parametrize(
    "answer",
    [
        {"data": []},
        {"data": [{"index": 1, "embedding": [1.0], "object": "embedding"}]},
        {"data": [{"index": 0, "embedding": [0.0, 0.0], "object": "embedding"}]},
        {"data": [{"index": 0, "embedding": [], "object": "embedding"}]},
        {"data": [{"index": 0, "embedding": ["much"], "object": "embedding"}]},
        {"data": [{"index": 0, "embedding": 7, "object": "embedding"}]},
        {"data": ["vector"]},
        "<html>",
        {"error": "no"},
        [],
    ],
)
async def test_what_is_no_vectors_is_refused(answer: object) -> None:
    async with ModelServer() as model:
        model.embedding_answer = answer
        embedder = Embedder("meanings", "sk-secret-key", model.url)
        with pytest.raises(ModelError) as refused:
            await embedder.embed(["text"])
        assert "secret" not in str(refused.value)
        await embedder.close()


async def test_many_texts_are_asked_for_in_portions() -> None:
    async with ModelServer() as model:
        embedder = Embedder("meanings", None, model.url)
        vectors = await embedder.embed([f"text {number}" for number in range(2 * AT_ONCE + 1)])
        assert len(vectors) == 2 * AT_ONCE + 1
        assert await embedder.embed([]) == []
        await embedder.close()
