"""Percentiles of durations from counts in buckets: sums of two days' counts are the counts of both days.

A bucket ends at `RATIO` times where it begins, so a percentile is told to within half of that, 2 %, however far apart
the durations are.
"""

import math
from collections.abc import Mapping

RATIO = 1.04
_LOG = math.log(RATIO)

SHORTEST = 0.001
"""Seconds; what is shorter counts as this."""


def bucket(seconds: float) -> int:
    return math.ceil(math.log(max(seconds, SHORTEST)) / _LOG)


def percentile(counts: Mapping[int, float], share: float) -> float | None:
    """The seconds that `share` (0 to 1) of all durations do not pass. None when there are none."""
    total = sum(counts.values())
    if not total:
        return None
    rank = max(1, math.ceil(share * total))
    passed = 0.0
    for place in sorted(counts):
        passed += counts[place]
        if passed >= rank:
            return 2 * RATIO**place / (RATIO + 1)
    raise AssertionError("the counts add up to their total")
