"""How long a model that failed is left in peace before the same job asks it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.models import ErrorKind, ModelError
from ai.pool.retries import FIRST_DELAY, LONGEST_DELAY, delay

PASSING: tuple[ErrorKind, ...] = ("unreachable", "timeout", "rate_limited", "server_error", "cut_off")


@pytest.mark.parametrize("kind", ["rejected", "nonsense"])
def test_what_will_be_refused_again_is_not_tried_again(kind: ErrorKind) -> None:
    assert delay(ModelError(kind, "No."), 1) is None


@given(st.sampled_from(PASSING), st.integers(1, 4))
def test_each_time_it_takes_twice_as_long_give_or_take_a_fifth(kind: ErrorKind, tries: int) -> None:
    wait = delay(ModelError(kind, "Later."), tries)
    assert wait is not None
    assert 0.8 <= wait / (FIRST_DELAY * 2 ** (tries - 1)) <= 1.2


def test_what_failed_together_does_not_come_back_together() -> None:
    error = ModelError("server_error", "Later.")
    assert len({delay(error, 1) for _ in range(50)}) > 40


@given(st.floats(0, 7200), st.integers(1, 4))
def test_what_the_endpoint_asks_for_is_honoured_or_the_job_fails(seconds: float, tries: int) -> None:
    wait = delay(ModelError("rate_limited", "Later.", retry_after=seconds), tries)
    assert (wait is None) == (seconds > LONGEST_DELAY)
    assert wait is None or wait >= seconds
