"""Figures of a search against ones that were worked out by hand."""

import json
from math import log2
from pathlib import Path

import pytest

from ai.knowledge.evaluating import DatasetWrong, Place, evaluate, gains, quality
from ai.knowledge.reading import Piece


def at(path: str, first: int, last: int) -> tuple[str, Piece]:
    return path, Piece("", first, last, (), "")


def test_a_place_counts_once_for_the_first_passage_that_has_a_line_of_it() -> None:
    relevant = [Place("a", 10, 20), Place("b")]
    found = [at("a", 1, 9), at("a", 20, 30), at("a", 10, 12), at("c", 10, 20), at("b", 99, 99)]
    assert gains(relevant, found) == [0, 1, 0, 0, 1]


def test_one_passage_may_have_two_places() -> None:
    assert gains([Place("a", 1, 2, 1.0), Place("a", 3, 4, 2.0)], [at("a", 1, 9)]) == [3.0]


def test_recall_reciprocal_rank_and_discounted_gain() -> None:
    one, two = [Place("a", 1, 1)], [Place("b", 1, 1), Place("b", 9, 9, 3.0)]
    found = quality([(one, [0, 0, 1]), (two, [1, 0, 0, 0, 0, 3]), (one, [])])
    assert found.recall[1] == pytest.approx((0 + 1 / 4 + 0) / 3)
    assert found.recall[5] == pytest.approx((1 + 1 / 4 + 0) / 3)
    assert found.recall[10] == pytest.approx((1 + 1 + 0) / 3)
    assert found.mrr == pytest.approx((1 / 3 + 1 + 0) / 3)
    ideal = 3 + 1 / log2(3)
    assert found.ndcg == pytest.approx((1 / log2(4) + (1 + 3 / log2(7)) / ideal + 0) / 3)


def dataset(folder: Path, queries: str, **files: str) -> Path:
    for name, text in files.items():
        (folder / "corpus").mkdir(exist_ok=True)
        (folder / "corpus" / f"{name}.md").write_text(text)
    (folder / "queries.jsonl").write_text(queries)
    return folder


def test_a_dataset_is_cut_indexed_and_searched(tmp_path: Path) -> None:
    queries = [
        {"query": "Where do herons breed?", "relevant": [{"path": "birds.md", "first": 3, "last": 3}]},
        {"query": "price of bread", "relevant": [{"path": "shop.md"}]},
    ]
    folder = dataset(
        tmp_path,
        "\n".join(map(json.dumps, queries)) + "\n",
        birds="# Birds\n\nHerons breed in colonies.\n",
        shop="Bread has a price of two.\n",
        other="Nothing of either.\n",
    )
    found = evaluate(folder)
    assert (found.files, found.queries) == (3, 2)
    assert (found.quality.mrr, found.quality.ndcg, found.quality.recall[1]) == (1, 1, 1)
    assert found.cpu > 0


@pytest.mark.parametrize(
    ("queries", "said"),
    [
        ("", "no queries"),
        ("{", "line 1"),
        ('{"query": "x", "relevant": []}', "line 1"),
        ('{"query": "x", "relevant": [{"path": "a", "gain": 0}]}', "line 1"),
        ('{"query": "x", "relevant": [{"path": "a", "gain": 1e999}]}', "line 1"),
        ('{"query": "x", "relevant": [{"path": "a", "gain": "much"}]}', "line 1"),
        ('{"query": "x", "relevant": [{"path": "a", "first": "x"}]}', "line 1"),
        ('{"query": "x", "relevant": [{"path": "a", "first": null}]}', "line 1"),
        ('{"query": "x", "relevant": [{"path": "a", "first": 1, "last": 1.5}]}', "line 1"),
        ("[]", "line 1"),
        ('\n{"query": "x", "relevant": [{"name": "a"}]}', "line 2"),
        ('{"query": "x", "relevant": [{"path": "a"}]}', "no files"),
    ],
)
def test_what_is_wrong_with_a_dataset_is_said(tmp_path: Path, queries: str, said: str) -> None:
    with pytest.raises(DatasetWrong, match=said):
        evaluate(dataset(tmp_path, queries))
    with pytest.raises(DatasetWrong, match="cannot be read"):
        evaluate(tmp_path / "absent")
