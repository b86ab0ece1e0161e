"""What is near, held against comparing everything by hand."""

import random

import numpy as np
import pytest

from ai.knowledge.reading import Piece
from ai.knowledge.vector_index import VectorIndex
from ai.knowledge.vectors import Meaning, quantized

MODEL = "m"


def key_of(text: str) -> bytes:
    return Piece(text, 1, 1, (), "").key


def meaning(document: str, vectors: dict[str, list[float]], model: str = MODEL) -> Meaning:
    keys = tuple(map(key_of, vectors))
    rows = quantized(list(vectors.values())) if vectors else np.zeros((0, 0), np.int8)
    return Meaning(document, 1, model, keys, rows)


def nearest(index: VectorIndex, vector: list[float], most: int = 10) -> list[tuple[str, bytes]]:
    return [(near.document, near.key) for near in index.search(quantized([vector]), most)]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_and_goes_the_nearest_are_found(seed: int) -> None:
    rng = random.Random(seed)
    index = VectorIndex(MODEL)
    there: dict[str, dict[str, list[float]]] = {}
    for _ in range(15):
        batch = []
        for document in rng.sample("abcdef", rng.randint(1, 4)):
            texts = {
                f"{document} {rng.random()}": [rng.gauss(0, 1) for _ in range(24)] for _ in range(rng.randint(0, 5))
            }
            foreign = rng.random() < 0.1
            batch.append(meaning(document, texts, "other" if foreign else MODEL))
            there[document] = {} if foreign else texts
        index.take(batch)
        rows = {(d, key_of(text)): np.array(v) for d, texts in there.items() for text, v in texts.items()}
        assert len(index) == len(rows)
        asked = [rng.gauss(0, 1) for _ in range(24)]

        def cosine(row: np.ndarray, wanted: np.ndarray = np.array(asked)) -> float:  # type: ignore[type-arg]
            return float(row @ wanted / np.linalg.norm(row) / np.linalg.norm(wanted))

        found = nearest(index, asked, 3)
        assert len(found) == min(3, len(rows))
        best = sorted((cosine(row) for row in rows.values()), reverse=True)
        assert [cosine(rows[one]) for one in found] == pytest.approx(best[: len(found)], abs=0.02)


def test_what_stands_out_says_by_how_much() -> None:
    rng = random.Random(1)
    index = VectorIndex(MODEL)
    index.take([meaning("a", {str(n): [rng.gauss(0, 1) for _ in range(64)] for n in range(500)})])
    odd = [5.0] + [0.01] * 63
    index.take([meaning("b", {"odd": odd})])
    first, second = index.search(quantized([odd]), 2)
    assert (first.document, first.distinct > 1.2 > second.distinct) == ("b", True)


@pytest.mark.parametrize("count", [8, 100, 2_000])
def test_of_texts_that_have_nothing_to_do_with_it_the_nearest_does_not_stand_out(count: int) -> None:
    rng = random.Random(2)
    index = VectorIndex(MODEL)
    index.take([meaning("a", {str(n): [rng.gauss(0, 1) for _ in range(64)] for n in range(count)})])
    nearest = [index.search(quantized([[rng.gauss(0, 1) for _ in range(64)]]), 1)[0].distinct for _ in range(40)]
    assert sum(one >= 1 for one in nearest) <= 6


def test_a_model_that_became_another_one_is_not_compared_with_itself() -> None:
    index = VectorIndex(MODEL)
    index.take([meaning("a", {"x": [1.0, 2.0]})])
    assert index.search(quantized([[1.0, 2.0, 3.0]]), 5) == []
    index.take([meaning("b", {"y": [1.0, 2.0, 3.0]})])
    assert nearest(index, [1.0, 2.0, 3.0]) == [("b", key_of("y"))]
    assert VectorIndex(MODEL).search(quantized([[1.0]]), 5) == []
