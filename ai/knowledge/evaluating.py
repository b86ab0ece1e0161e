"""How good a search is, on questions of which somebody has said where the answers stand.

A dataset is a folder with `corpus/`, the files, and `queries.jsonl`, an object a line: {"query": …, "relevant":
[{"path": of a file in `corpus/`, "first"?: line, "last"?: line, "gain"?: 1}, …]}. A passage is right when it has a line
of a relevant place in it; without lines, when it is of that file. Each place counts once, for the first passage that
has it.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import Any

from ai.knowledge.extracting import NotExtractable
from ai.knowledge.index import Index
from ai.knowledge.pieces import Holding
from ai.knowledge.reading import Piece, pieces
from ai.knowledge.words import query_words

MOST = 20
"""Passages that are looked at for each query."""


class DatasetWrong(ValueError):
    """What is wrong with a dataset, and where."""


@dataclass(frozen=True, slots=True)
class Place:
    path: str
    first: int = 1
    last: int | None = None
    """None: to the end of the file."""
    gain: float = 1.0

    def has(self, path: str, piece: Piece) -> bool:
        return self.path == path and piece.last >= self.first and (self.last is None or piece.first <= self.last)


@dataclass(frozen=True, slots=True)
class Query:
    text: str
    relevant: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over queries, 0 to 1. `recall` by how many passages were looked at."""

    recall: Mapping[int, float]
    mrr: float
    ndcg: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    files: int
    pieces: int
    queries: int
    quality: Quality
    cpu: float
    """Milliseconds of CPU for a query."""


def gains(relevant: Sequence[Place], found: Sequence[tuple[str, Piece]]) -> list[float]:
    """Of each passage that was found, what it has of the places that none before it has."""
    left = list(relevant)
    scored = []
    for path, piece in found:
        had = [place for place in left if place.has(path, piece)]
        left = [place for place in left if place not in had]
        scored.append(sum(place.gain for place in had))
    return scored


def quality(scored: Sequence[tuple[Sequence[Place], Sequence[float]]], at: int = 10) -> Quality:
    """Of (relevant, `gains` of what was found) for each query; MRR and nDCG (Järvelin and Kekäläinen 2002, with linear

    gain) look at the first `at` passages.
    """

    def mean(values: Iterator[float]) -> float:
        return sum(values) / len(scored) if scored else 0.0

    def recall(relevant: Sequence[Place], gained: Sequence[float], most: int) -> float:
        return min(1.0, sum(gained[:most]) / sum(place.gain for place in relevant))

    def reciprocal(gained: Sequence[float]) -> float:
        return next((1 / rank for rank, gain in enumerate(gained[:at], start=1) if gain > 0), 0.0)

    def discounted(values: Sequence[float]) -> float:
        return sum(gain / log2(rank + 1) for rank, gain in enumerate(values[:at], start=1))

    def ideal(relevant: Sequence[Place]) -> float:
        return discounted(sorted((place.gain for place in relevant), reverse=True))

    return Quality(
        {most: mean(recall(relevant, gained, most) for relevant, gained in scored) for most in (1, 5, 10, 20)},
        mean(reciprocal(gained) for _, gained in scored),
        mean(min(1.0, discounted(gained) / ideal(relevant)) for relevant, gained in scored),
    )


def queries_of(dataset: Path) -> list[Query]:
    """Raises DatasetWrong."""
    source = dataset / "queries.jsonl"
    try:
        lines = source.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetWrong(f"{source} cannot be read: {error}") from error
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                found.append(_query(json.loads(line)))
            except (ValueError, TypeError, KeyError) as error:
                raise DatasetWrong(f"{source}, line {number}: {error!r}") from error
    if not found:
        raise DatasetWrong(f"{source} has no queries.")
    return found


def _query(record: Mapping[str, Any]) -> Query:
    places = tuple(Place(**place) for place in record["relevant"])
    lines = [line for place in places for line in (place.first, place.last) if line is not None]
    if not all(isinstance(line, int) for line in lines) or any(place.first is None for place in places):
        raise ValueError("lines are whole numbers")
    if not places or not all(0 < place.gain < 1e9 for place in places):
        raise ValueError("each query needs relevant places, each of a gain above 0")
    return Query(str(record["query"]), places)


def evaluate(dataset: Path) -> Evaluation:
    """Cut, index and search as a server does. Raises DatasetWrong."""
    queries = queries_of(dataset)
    holdings = list(_holdings(dataset / "corpus"))
    if not holdings:
        raise DatasetWrong(f"{dataset / 'corpus'} has no files that can be read.")
    index = Index()
    index.take(holdings)
    scored = []
    spent = 0.0
    for query in queries:
        began = time.process_time()
        hits = index.search(query_words(query.text), MOST)
        spent += time.process_time() - began
        found = [(hit.document, hit.piece) for hit in hits]
        scored.append((query.relevant, gains(query.relevant, found)))
    return Evaluation(len(holdings), len(index), len(queries), quality(scored), 1000 * spent / len(queries))


def _holdings(corpus: Path) -> Iterator[Holding]:
    for number, file in enumerate(sorted(path for path in corpus.rglob("*") if path.is_file()), start=1):
        path = file.relative_to(corpus).as_posix()
        try:
            yield Holding(path, number, path, tuple(pieces(file.read_bytes(), path)))
        except NotExtractable:
            continue
