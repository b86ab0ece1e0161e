"""How likely it is that a group wants what the assistant says by itself, by what became of the notices before. Pure.

A Bernoulli bandit in its plainest form: the mean of a Beta distribution whose prior stands for a group that nobody
knows yet, and whose evidence fades. What has faded lets the assistant speak again about what nobody wanted once, so no
notices have to be shown against the estimate only to find out.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

PRIOR_WANTED, PRIOR_UNWANTED = 3.0, 2.0
"""Notices that a new group is taken to have had: of five it wanted three."""

HALF_LIFE = 14 * 24 * 3600.0
"""Seconds after which what became of a notice counts half."""

WORTH = 0.3
"""Below it nothing is said: six that nobody wanted in a row, of a group without a past, and it is silent for a week."""

ONE_WANTED, ONE_UNWANTED = 1.5, 1.0
"""The same of one person, who is known sooner: three that they did not want in a row, and the next ones of that kind do
not call them any more."""

MOST_COUNTED = 50
"""The newest: a group that thinks otherwise by now is not held to its first year."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one notice: whether somebody took its change, or nobody wanted to hear of it; `at` in seconds, and
    `by` whom."""

    wanted: bool
    at: float
    by: str | None = None


def estimate(
    fates: Iterable[Fate], moment: float, wanted: float = PRIOR_WANTED, unwanted: float = PRIOR_UNWANTED
) -> float:
    """Between 0 and 1; of the newest `MOST_COUNTED` of a kind, at `moment`. `wanted` and `unwanted`: the prior."""
    for fate in fates:
        weight = 0.5 ** (max(0.0, moment - fate.at) / HALF_LIFE)
        if fate.wanted:
            wanted += weight
        else:
            unwanted += weight
    return wanted / (wanted + unwanted)


def weary(fates: Iterable[Fate], moment: float) -> set[str]:
    """Those who do not want to be called by such notices any more, as far as their own decisions tell."""
    by_person: dict[str, list[Fate]] = defaultdict(list)
    for fate in fates:
        if fate.by is not None:
            by_person[fate.by].append(fate)
    return {one for one, own in by_person.items() if estimate(own, moment, ONE_WANTED, ONE_UNWANTED) < WORTH}
