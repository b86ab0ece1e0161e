import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rate import PATIENCE, Throttle, TokenBucket, TooFast


def test_a_burst_passes_and_then_debt_is_paid_at_the_rate() -> None:
    bucket = TokenBucket(rate=10, capacity=40)
    assert [bucket.spend(1, now=0) for _ in range(40)] == [0] * 40
    assert bucket.spend(1, now=0) == pytest.approx(0.1)
    assert bucket.spend(1, now=0.1) == pytest.approx(0.1)
    assert bucket.spend(1, now=10) == 0


def test_more_than_the_capacity_passes_at_once_but_is_paid_for() -> None:
    bucket = TokenBucket(rate=8, capacity=32)
    assert bucket.spend(40, now=0) == pytest.approx(1)


@given(st.lists(st.tuples(st.floats(0, 0.01), st.integers(1, 5)), max_size=200))
def test_whoever_waits_as_told_never_passes_more_than_the_burst_and_the_rate(steps: list[tuple[float, int]]) -> None:
    bucket = TokenBucket(rate=100, capacity=50)
    now, passed = 0.0, 0
    for pause, units in steps:
        now += pause
        now += bucket.spend(units, now)
        passed += units
        assert passed <= 50 + 100 * now + 1e-6


def test_slowing_down_comes_before_closing() -> None:
    throttle = Throttle(frames_per_second=100, bytes_per_second=1e9, burst_seconds=4)
    now, waits = 0.0, 0
    while now <= PATIENCE:
        wait = throttle.admit(10, now)
        waits += wait > 0
        now += wait
    assert waits > 1_000
    with pytest.raises(TooFast):
        throttle.admit(10, now + 0.01)


def test_a_pause_wipes_the_slate() -> None:
    throttle = Throttle(frames_per_second=100, bytes_per_second=1e9, burst_seconds=4)
    now = 0.0
    for _ in range(10):
        for _ in range(1_000):
            now += throttle.admit(10, now)
        now += 5


def test_a_typist_is_never_slowed_down() -> None:
    throttle = Throttle(frames_per_second=500, bytes_per_second=8 << 20, burst_seconds=4)
    assert not any(throttle.admit(40, now=i / 60) for i in range(10_000))


def test_many_bytes_count_as_many_frames_do() -> None:
    throttle = Throttle(frames_per_second=500, bytes_per_second=8 << 20, burst_seconds=4)
    assert throttle.admit(20 << 20, now=0) == 0
    assert throttle.admit(20 << 20, now=0) == pytest.approx(1)


def test_what_takes_long_to_integrate_is_paid_for_with_a_pause_and_in_the_end_with_the_connection() -> None:
    throttle = Throttle(frames_per_second=500, bytes_per_second=8 << 20, burst_seconds=4)
    throttle.charge(0.3)
    assert throttle.admit(40, now=0) == 0
    throttle.charge(0.3)
    assert throttle.admit(40, now=0) == pytest.approx(2)
    assert throttle.admit(40, now=100) == 0
    now = 100.0
    while now <= 100 + PATIENCE:
        throttle.charge(1)
        now += throttle.admit(40, now)
    with pytest.raises(TooFast):
        throttle.admit(40, now)
