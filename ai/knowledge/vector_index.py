"""Which texts of a workspace mean something near: every vector is compared.

A graph of neighbours (HNSW) was the alternative: it answers 20,000 vectors of 1,536 numbers in 1 ms rather than 8,
after 36 s of building it in each process. Comparing all of them needs no building, and forgets at once what is gone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from usearch.compiled import MetricKind
from usearch.index import search

from ai.knowledge.vectors import Meaning, Rows

_SAMPLE = 1_000
"""Vectors by which is judged how near an ordinary text is."""


@dataclass(frozen=True, slots=True)
class Near:
    """A text of a document, by its key. `distinct` says how far it stands out: from 1 on it is nearer than the nearest
    of as many texts would be that have nothing to do with it.
    """

    document: str
    key: bytes
    distinct: float


class VectorIndex:
    """Of the vectors of one model. Not for two threads at a time."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._rows: Rows = np.zeros((0, 0), np.int8)
        self._texts: list[tuple[str, bytes]] = []
        """What each row is of. The array may have more rows, for those to come."""
        self._places: dict[str, dict[bytes, int]] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def take(self, meanings: Iterable[Meaning]) -> None:
        """In place of what there is of these documents; of those of another model, nothing."""
        for meaning in meanings:
            for key in list(self._places.get(meaning.document, ())):
                self._remove(meaning.document, key)
            if meaning.model == self._model and meaning.keys:
                self._add(meaning)

    def _add(self, meaning: Meaning) -> None:
        count, numbers = meaning.rows.shape
        if numbers != self._rows.shape[1]:  # the model was exchanged for another of its name
            self.__init__(self._model)  # type: ignore[misc]
            self._rows = np.zeros((0, numbers), np.int8)
        used = len(self._texts)
        if used + count > len(self._rows):
            room = np.zeros((max(used + count, 2 * used), numbers), np.int8)
            room[:used] = self._rows[:used]
            self._rows = room
        self._rows[used : used + count] = meaning.rows
        self._texts += [(meaning.document, key) for key in meaning.keys]
        self._places[meaning.document] = {key: used + n for n, key in enumerate(meaning.keys)}

    def _remove(self, document: str, key: bytes) -> None:
        """The last row takes its place."""
        place = self._places[document].pop(key)
        last = len(self._texts) - 1
        other, moved = self._texts[last]
        if place != last:
            self._rows[place] = self._rows[last]
            self._texts[place] = self._texts[last]
            self._places[other][moved] = place
        self._texts.pop()
        if not self._places[document]:
            del self._places[document]

    def search(self, row: Rows, most: int) -> list[Near]:
        """Nearest first. `row` is `ai.knowledge.vectors.Vectors.of` a question."""
        used = len(self._texts)
        if not used or row.shape[1] != self._rows.shape[1]:
            return []
        found = search(self._rows[:used], row, min(most, used), MetricKind.Cos, exact=True, threads=1)
        mean, spread = self._ordinary(row)
        # The greatest of n independent normal numbers comes to so many standard deviations.
        spread *= sqrt(2 * log(max(used, 2)))
        pairs = zip(found.keys.ravel().tolist(), found.distances.ravel().tolist(), strict=True)
        answer = []
        for place, distance in pairs:
            document, key = self._texts[place]
            answer.append(Near(document, key, (1 - distance - mean) / spread))
        return answer

    def _ordinary(self, row: Rows) -> tuple[float, float]:
        """Mean and standard deviation of cosines."""
        some = self._rows[: len(self._texts)][:: max(1, len(self._texts) // _SAMPLE)].astype(np.float32)
        wanted = row[0].astype(np.float32)
        cosines = some @ wanted / (np.linalg.norm(some, axis=1) * np.linalg.norm(wanted))
        return float(cosines.mean()), float(cosines.std()) or 1.0
