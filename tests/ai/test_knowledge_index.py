"""The index of a workspace's pieces, held against a count of words."""

import random
from collections import Counter

import pytest

from ai.knowledge.index import Index
from ai.knowledge.pieces import Holding
from ai.knowledge.reading import Piece
from ai.knowledge.words import query_words, words


def piece(text: str, *within: str, first: int = 1) -> Piece:
    return Piece(text, first, first + text.count("\n"), within, " ".join(words(text)))


def holding(document: str, revision: int, path: str | None, *texts: str) -> Holding:
    """Each of the texts is a line, counted from 0."""
    return Holding(document, revision, path, tuple(piece(text, first=at) for at, text in enumerate(texts)))


def found(index: Index, question: str, most: int = 10) -> list[tuple[str, int]]:
    return [(hit.document, hit.piece.first) for hit in index.search(query_words(question), most)]


def test_what_holds_more_of_the_words_and_rarer_ones_comes_first() -> None:
    index = Index()
    index.take(
        [
            holding("a", 1, "a.md", "the budget of the meeting", "the meeting was long and the room was cold"),
            holding("b", 2, "b.md", "the meeting", "the meeting with the heron"),
        ]
    )
    assert found(index, "meeting heron")[0] == ("b", 1)
    assert found(index, "budget") == [("a", 0)]
    assert found(index, "nothing like it") == []
    assert len(index) == 4


def test_names_of_files_and_of_what_a_piece_stands_in_are_found() -> None:
    index = Index()
    index.take(
        [
            Holding("a", 1, "docs/deployment.md", (piece("Run it.", "Rolling back"), piece("Look at it."))),
            holding("b", 2, "notes.md", "Nothing of that."),
        ]
    )
    assert found(index, "rolling back") == [("a", 1)]
    assert found(index, "how is deployment done") == [("a", 1), ("a", 1)]


@pytest.mark.parametrize("said", ["getUserName", "get_user_name", "get-user-name", "user name", "username GETUSERNAME"])
def test_an_identifier_is_found_by_its_parts_and_as_it_is_written(said: str) -> None:
    index = Index()
    index.take([holding("a", 1, "a.py", "x = getUserName()"), holding("b", 2, "b.py", "y = other()")])
    assert found(index, said) == [("a", 0)]


@pytest.mark.parametrize("hostile", ['" OR *', "words:x^9", "a" * 100_000, "\0", "🦩", "(", "NOT", "1 2 3", "\ud7ff"])
def test_any_question_is_only_words(hostile: str) -> None:
    index = Index()
    index.take([holding("a", 1, "a.md", "some text")])
    assert found(index, hostile) == []


def test_weights_tell_rare_words_from_common_ones() -> None:
    index = Index()
    index.take([holding(str(n), n, "p.md", f"common {'rare' if n == 3 else 'usual'}") for n in range(1, 20)])
    weights = index.weights(["common", "rare", "absent"])
    assert 0 < weights["common"] < weights["rare"] < weights["absent"]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_put_and_put_again_and_gone_it_finds_what_is_there(seed: int) -> None:
    rng = random.Random(seed)
    vocabulary = [f"w{number}" for number in range(30)]
    index, there, revision = Index(), dict[str, list[str]](), 0
    for _ in range(12):
        batch = []
        for document in rng.sample("abcdef", rng.randint(1, 4)):
            revision += 1
            texts = [" ".join(rng.choices(vocabulary, k=rng.randint(1, 8))) for _ in range(rng.randint(0, 4))]
            gone = rng.random() < 0.3
            batch.append(holding(document, revision, None if gone else f"{document}.md", *([] if gone else texts)))
            there[document] = [] if gone else texts
        index.take(batch)
        assert len(index) == sum(map(len, there.values()))
        for word in rng.sample(vocabulary, 6):
            wanted = Counter(
                (one, at) for one, texts in there.items() for at, t in enumerate(texts) if word in t.split()
            )
            hits = index.search([word], 1_000)
            assert Counter((hit.document, hit.piece.first) for hit in hits) == wanted
            assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
            for hit in hits:
                assert index.of(hit.document, hit.piece.key) is not None
                assert index.of("nowhere", hit.piece.key) is None
