import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.rooms.window import LONGEST, SHORTEST, FlushWindow


def flushes(rate: float, seconds: float) -> tuple[int, float]:
    """How many flushes carry updates that come evenly, ``rate`` a second, and the longest wait among them."""
    window = FlushWindow()
    count, longest = 0, 0.0
    due: float | None = None
    merged = 0
    for number in range(int(rate * seconds)):
        now = number / rate
        if due is not None and due <= now:
            window.flushed(due, merged)
            count, due, merged = count + 1, None, 0
        merged += 1
        if due is None:
            wait = window.delay(now)
            longest = max(wait, longest)
            due = now + wait
    return count, longest


def test_the_first_update_after_a_quiet_moment_waits_for_nothing() -> None:
    window = FlushWindow()
    assert window.delay(10.0) == 0
    window.flushed(10.0, 1)
    assert 0 < window.delay(10.0) <= SHORTEST
    assert window.delay(10.0 + SHORTEST) == 0


def test_updates_that_would_hardly_be_merged_wait_for_nothing() -> None:
    count, longest = flushes(rate=100, seconds=5)
    assert longest == 0
    assert count >= 499


def test_a_storm_is_merged() -> None:
    count, _ = flushes(rate=1000, seconds=5)
    assert count <= 1.1 * 5 / LONGEST


def test_a_storm_widens_the_window_and_a_pause_closes_it() -> None:
    window = FlushWindow()
    now = 0.0
    for _ in range(10):
        now += window.delay(now)
        window.flushed(now, 5)
    assert window.delay(now) == pytest.approx(LONGEST)
    now += 1.0
    assert window.delay(now) == 0
    window.flushed(now, 1)
    assert window.delay(now) <= SHORTEST


@given(st.lists(st.tuples(st.floats(0, 0.1), st.integers(1, 50)), max_size=60))
def test_no_update_ever_waits_longer_than_the_longest_window(arrivals: list[tuple[float, int]]) -> None:
    window = FlushWindow()
    now = 0.0
    for pause, merged in arrivals:
        now += pause
        wait = window.delay(now)
        assert 0 <= wait <= LONGEST + 1e-12
        now += wait
        window.flushed(now, merged)
