"""The passages of the group's files that share most words with a question."""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ai.models.port import SourceFile

_LINES = 8
_WORDS = 12
_HITS = 300  # places of one word in one file that are looked at
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "about all also and any are because been but can could did does done for from had has have how into its just "
        "like may more most must not now only other our out over please should some such than that the their them "
        "then there these they this those use used using was were what when where which while who why will with "
        "would you your der die das ein eine und oder ist sind wie wer warum les des est une que qui pour dans los una",
    )
)


@dataclass(frozen=True, slots=True)
class Passage:
    """`line` is the number of its first line, from 1."""

    path: str
    line: int
    text: str


def passages(question: str, files: Sequence[SourceFile], count: int = 3) -> list[Passage]:
    """At most one of each file, the best first. Rare words weigh more; the same input gives the same passages."""
    words = sorted({word for word in re.findall(r"\w{3,}", question.lower()) if word not in _COMMON})[:_WORDS]
    lines_of = [_hits(file.text.lower(), words) for file in files]
    weights = {
        word: math.log(1 + len(files) / holding)
        for word in words
        if (holding := sum(word in hits for hits in lines_of))
    }
    found: list[tuple[float, str, int, str]] = []
    for file, hits in zip(files, lines_of, strict=True):
        score, line = _best_window(hits, weights)
        if score:
            text = "\n".join(file.text.split("\n")[line : line + _LINES]).rstrip()
            found.append((-score, file.path, line + 1, text))
    return [Passage(path, line, text) for _, path, line, text in sorted(found)[:count]]


def _hits(text: str, words: Sequence[str]) -> dict[str, list[int]]:
    """The numbers of the lines, from 0, in which each word begins."""
    found = {word: places for word in words if (places := _beginnings(text, word))}
    if not found:
        return {}
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return {word: [bisect_right(starts, at) - 1 for at in places] for word, places in found.items()}


def _beginnings(text: str, word: str) -> list[int]:
    places: list[int] = []
    at = text.find(word)
    while at >= 0 and len(places) < _HITS:
        if at == 0 or not text[at - 1].isalnum():
            places.append(at)
        at = text.find(word, at + 1)
    return places


def _best_window(hits: dict[str, list[int]], weights: dict[str, float]) -> tuple[float, int]:
    """The weight and the first line of the lines that hold the most of the words, each counted once."""
    best = (0.0, 0)
    for first in sorted({line for lines in hits.values() for line in lines}):
        weight = sum(weights[word] for word, lines in hits.items() if _any_within(lines, first, first + _LINES))
        if weight > best[0]:
            best = (weight, first)
    return best


def _any_within(ascending: Sequence[int], first: int, end: int) -> bool:
    at = bisect_left(ascending, first)
    return at < len(ascending) and ascending[at] < end
