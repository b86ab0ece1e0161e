from hypothesis import given
from hypothesis import strategies as st

from collab.window import LONGEST, QUIET, FlushWindow


def test_the_first_update_after_a_quiet_moment_waits_for_nothing() -> None:
    window = FlushWindow()
    assert window.delay(10.0) == 0
    window.flushed(10.0, 1)
    assert window.delay(10.0 + QUIET) == 0


def test_a_storm_widens_the_window_and_a_pause_closes_it() -> None:
    window = FlushWindow()
    now = 0.0
    for _ in range(10):
        now += window.delay(now)
        window.flushed(now, 5)
    assert window.delay(now) == LONGEST
    assert window.delay(now + QUIET) == 0


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
