"""Percentiles from buckets."""

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ai.spending import sketch

durations = st.lists(st.floats(sketch.SHORTEST, 3_600), min_size=1, max_size=200)


@given(durations, durations, st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_a_percentile_of_counts_that_were_added_is_within_two_percent(
    one: list[float], other: list[float], share: float
) -> None:
    counts = Counter(map(sketch.bucket, one)) + Counter(map(sketch.bucket, other))
    ranked = sorted(one + other)
    exact = ranked[max(1, math.ceil(share * len(ranked))) - 1]
    found = sketch.percentile(counts, share)
    assert found is not None
    assert abs(found - exact) <= 0.02 * exact


def test_there_is_none_of_nothing() -> None:
    assert sketch.percentile({}, 0.5) is None
    assert sketch.bucket(0.0) == sketch.bucket(sketch.SHORTEST)
