"""Which units (lines, or sentences of long lines) of a text that is being written are which units of the old text.

The alignment grows with every unit and commits itself as it goes: what is committed never changes, and later units can
only be aligned behind it. Until then the best alignment so far may be asked for at any time.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from ai.answers.word_diff import tokens

_NEAR = 6  # how far beyond the frontier a unit is looked for that was rewritten rather than kept
_SIMILAR = 0.5
_LOOK_BACK = 96  # links considered per unit; with the three limits below it bounds the cost of a unit
_OPEN_UNITS = 256
_OPEN_PATH = 8
_NEAREST = 3

# Weights are in "ordinary lines": a kept line of a dozen letters weighs about 1, a lone brace 0.1. Leaving out old
# units costs with the root of their number, so that a jump over a hundred lines needs several lines of evidence.
_SKIPPED_BASE = 0.35
_SKIPPED_NEW = 0.15
_SETTLED_EXACT = 1.2
_SETTLED_SIMILAR = 3.0


class Pair(NamedTuple):
    """Unit number `base` of the old text has become unit number `new`, unchanged or in another form."""

    base: int
    new: int


class _Link:
    __slots__ = ("base", "exact", "new", "previous", "score", "weight")

    def __init__(self, base: int, new: int, weight: float, exact: bool) -> None:
        self.base, self.new, self.weight, self.exact = base, new, weight, exact
        self.score = 0.0
        self.previous: _Link | None = None

    def follows(self, other: "_Link") -> bool:
        return self.base == other.base + 1 and self.new == other.new + 1

    def path(self) -> list["_Link"]:
        links: list[_Link] = []
        link: _Link | None = self
        while link is not None:
            links.append(link)
            link = link.previous
        links.reverse()
        return links


class Alignment:
    """`base_at` and `new_at` are the first units that are not committed; `new` holds every unit written so far."""

    def __init__(self, base: Sequence[str]) -> None:
        self.base = base
        self.new: list[str] = []
        self.base_at = 0
        self.new_at = 0
        self._links: list[_Link] = []
        self._best: _Link | None = None
        self._where: dict[str, list[int]] = {}
        for number, unit in enumerate(base):
            self._where.setdefault(unit, []).append(number)
        self._bags: dict[int, dict[str, int]] = {}

    def append(self, unit: str) -> list[Pair]:
        """Takes the next unit; returns the pairs that are committed by it, in order, usually none or one."""
        number = len(self.new)
        self.new.append(unit)
        if self.new_at == number and self.base_at < len(self.base) and self.base[self.base_at] == unit:
            # With nothing open, pairing equal units is always part of a longest alignment.
            pair = Pair(self.base_at, number)
            self.base_at, self.new_at = pair.base + 1, pair.new + 1
            return [pair]
        for link in self._links_of(unit, number):
            self._rate(link, self._links)
            self._links.append(link)
        del self._links[:-_LOOK_BACK]
        self._best = self._choose(self._links, len(self.new))
        return self._commit()

    def path(self) -> list[Pair]:
        """The best pairs so far behind what is committed."""
        return [Pair(link.base, link.new) for link in self._best.path()] if self._best else []

    def finish(self) -> list[Pair]:
        """The pairs behind what is committed, now that no further unit will come."""
        end_base, end_new = len(self.base), len(self.new)
        while end_base > self.base_at and end_new > self.new_at and self.base[end_base - 1] == self.new[end_new - 1]:
            end_base, end_new = end_base - 1, end_new - 1
        inner = [link for link in self._links if link.base < end_base and link.new < end_new]
        self._rate_all(inner)
        best = self._choose(inner, end_new)
        pairs = [Pair(link.base, link.new) for link in best.path()] if best else []
        return pairs + [Pair(end_base + k, end_new + k) for k in range(len(self.base) - end_base)]

    def _links_of(self, unit: str, number: int) -> list[_Link]:
        frontier = self._best.base + 1 if self._best else self.base_at
        places = self._where.get(unit, ())
        first, near = bisect_left(places, self.base_at), bisect_left(places, frontier)
        exact = {*places[first : first + _NEAREST], *places[near : near + _NEAREST]}
        weight = _weight(unit)
        links = [_Link(place, number, weight * self._rarity(place), True) for place in exact]
        bag = _bag(unit)
        for place in range(frontier, min(frontier + _NEAR, len(self.base))):
            like = 0.0 if place in exact else _likeness(bag, self._bag_of(place))
            if like >= _SIMILAR:
                links.append(_Link(place, number, 0.8 * like * weight * self._rarity(place), False))
        return sorted(links, key=lambda link: link.base)

    def _rarity(self, place: int) -> float:
        """What stands in many places says little about which of them is meant."""
        return 1 / min(math.sqrt(len(self._where[self.base[place]])), 4.0)

    def _bag_of(self, place: int) -> dict[str, int]:
        bag = self._bags.get(place)
        if bag is None:
            bag = self._bags[place] = _bag(self.base[place])
        return bag

    def _rate(self, link: _Link, earlier: Sequence[_Link]) -> None:
        link.score = link.weight - _gap(link.base - self.base_at, link.new - self.new_at)
        link.previous = None
        for other in earlier:
            if other.base < link.base and other.new < link.new:
                gap = _gap(link.base - other.base - 1, link.new - other.new - 1)
                if other.score + link.weight - gap > link.score:
                    link.score = other.score + link.weight - gap
                    link.previous = other

    def _rate_all(self, links: Sequence[_Link]) -> None:
        for number, link in enumerate(links):
            self._rate(link, links[:number])

    def _choose(self, links: Sequence[_Link], end_new: int) -> _Link | None:
        # The units after the last pair are paid for as well: else an insertion in front would lose against one behind.
        best, highest = None, -_gap(0, end_new - self.new_at)
        for link in links:
            score = link.score - _gap(0, end_new - link.new - 1)
            if score > highest:
                best, highest = link, score
        return best

    def _commit(self) -> list[Pair]:
        best = self._best
        if best is None:
            return []
        path = best.path()
        if len(self.new) - self.new_at > _OPEN_UNITS and len(path) >= _OPEN_PATH:
            return self._commit_through(path, len(path) // 2)
        if best.new != len(self.new) - 1:
            return []
        begin = len(path) - 1
        while begin and path[begin].follows(path[begin - 1]):
            begin -= 1
        run = path[begin:]
        before = path[begin - 1].base + 1 if begin else self.base_at
        doubt = _gap(run[0].base - before, 0)
        exact = 0
        while exact < len(run) and run[-1 - exact].exact:
            exact += 1
        if exact < len(run):
            doubt = doubt if exact == 0 else 0.0
        if exact >= 2 and sum(link.weight for link in run[len(run) - exact :]) >= _SETTLED_EXACT + doubt:
            return self._commit_through(path, len(path))
        if len(run) >= 4 and sum(link.weight for link in run) >= _SETTLED_SIMILAR + doubt:
            return self._commit_through(path, len(path) - 2)
        return []

    def _commit_through(self, path: Sequence[_Link], count: int) -> list[Pair]:
        pairs = [Pair(link.base, link.new) for link in path[:count]]
        self.base_at, self.new_at = pairs[-1].base + 1, pairs[-1].new + 1
        self._links = [link for link in self._links if link.base >= self.base_at and link.new >= self.new_at]
        self._rate_all(self._links)
        self._best = self._choose(self._links, len(self.new))
        return pairs


def _gap(base: int, new: int) -> float:
    return _SKIPPED_BASE * math.sqrt(base) + _SKIPPED_NEW * math.sqrt(new)


def _weight(unit: str) -> float:
    letters = sum(map(str.isalnum, unit[:64]))
    return 0.1 + min(1.0, letters / 12)


def _bag(unit: str) -> dict[str, int]:
    bag: dict[str, int] = {}
    for token in tokens(unit):
        if not token.isspace():
            bag[token] = bag.get(token, 0) + len(token)
    return bag


def _likeness(a: dict[str, int], b: dict[str, int]) -> float:
    """0 to 1: how much of both units' letters is in words that they share."""
    total = sum(a.values()) + sum(b.values())
    if not total:
        return 0.0
    if len(a) > len(b):
        a, b = b, a
    return 2 * sum(min(size, b[token]) for token, size in a.items() if token in b) / total
