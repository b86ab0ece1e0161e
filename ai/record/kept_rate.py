"""How much of an accepted text is still there."""

import re
from collections import Counter

_TOKEN = re.compile(r"\w+|[^\w\s]")
_MAX_LETTERS = 20_000


def kept_rate(accepted: str, final: str) -> float:
    """The share, 0 to 1, of the accepted text's letters that the final text still has, in the same order.

    A letter counts as kept as part of its word, not where it happens to occur in another; blanks do not count, so that
    moving a block to the right keeps all of it. An accepted deletion is kept wholly while nothing stands in its place.

    The time is bounded: of texts beyond 20,000 letters (without blanks) lines are compared, regardless of their order.
    """
    written, left = "".join(accepted.split()), "".join(final.split())
    if not written:
        return 0.0 if left else 1.0
    if written == left:
        return 1.0
    if max(len(written), len(left)) > _MAX_LETTERS:
        return _kept_lines(accepted, final)
    a, b = _letters(accepted), _letters(final)
    return _common_subsequence(a, b) / len(a)


def _letters(text: str) -> list[tuple[str, int]]:
    """Every letter as its word and its place in it."""
    return [(token, place) for token in _TOKEN.findall(text) for place in range(len(token))]


def _common_subsequence(a: list[tuple[str, int]], b: list[tuple[str, int]]) -> int:
    """The length of the longest one, in len(b) steps on numbers of len(a) bits (Hyyrö 2004)."""
    places: dict[tuple[str, int], int] = {}
    for at, letter in enumerate(a):
        places[letter] = places.get(letter, 0) | 1 << at
    whole = (1 << len(a)) - 1
    row = whole
    for letter in b:
        matches = places.get(letter)
        if matches is not None:
            met = row & matches
            row = (row + met | row - met) & whole
    return len(a) - row.bit_count()


def _kept_lines(accepted: str, final: str) -> float:
    a = Counter("".join(line.split()) for line in accepted.split("\n"))
    b = Counter("".join(line.split()) for line in final.split("\n"))
    total = sum(len(line) * count for line, count in a.items())
    return sum(len(line) * count for line, count in (a & b).items()) / total
