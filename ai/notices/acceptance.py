"""How likely it is that a group wants what the assistant says by itself, by what became of the notices before. Pure.

A Bernoulli bandit in its plainest form: the mean of a Beta distribution whose prior stands for a group that nobody
knows yet, and whose evidence fades. What has faded lets the assistant speak again about what nobody wanted once, so no
notices have to be shown against the estimate only to find out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

PRIOR_WANTED, PRIOR_UNWANTED = 3.0, 2.0
"""Notices that a new group is taken to have had: of five it wanted three."""

HALF_LIFE = 14 * 24 * 3600.0
"""Seconds after which what became of a notice counts half."""

WORTH = 0.3
"""Below it nothing is said: six that nobody wanted in a row, of a group without a past, and it is silent for a week."""

MOST_COUNTED = 50
"""The newest: a group that thinks otherwise by now is not held to its first year."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one notice: whether somebody took its change, or nobody wanted to hear of it. `at` in seconds."""

    wanted: bool
    at: float


def estimate(fates: Iterable[Fate], moment: float) -> float:
    """Between 0 and 1; of the newest `MOST_COUNTED` of a kind, at `moment`."""
    wanted, unwanted = PRIOR_WANTED, PRIOR_UNWANTED
    for fate in fates:
        weight = 0.5 ** (max(0.0, moment - fate.at) / HALF_LIFE)
        if fate.wanted:
            wanted += weight
        else:
            unwanted += weight
    return wanted / (wanted + unwanted)
