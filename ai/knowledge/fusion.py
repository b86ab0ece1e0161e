"""Several rankings as one: by the ranks alone, since their scores have nothing in common.

Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009).
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

_SMOOTH = 60
"""How little the very first ranks count for more than those behind them; the paper's."""


def fused(rankings: Iterable[Sequence[T]]) -> list[tuple[T, float]]:
    """All that is in any of them, best first, with the sum of 1 / (60 + rank). No ranking names one twice."""
    scores: defaultdict[T, float] = defaultdict(float)
    for ranking in rankings:
        for rank, item in enumerate(ranking, start=1):
            scores[item] += 1 / (_SMOOTH + rank)
    return sorted(scores.items(), key=lambda pair: -pair[1])
