"""What was found out a short while ago: only so much of it, and only for so long."""

import time

import pytest

from ai.completing.recent import Recent


def test_of_too_many_the_one_goes_that_was_asked_for_longest_ago() -> None:
    recent: Recent[str, int] = Recent(2, 60)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]
    recent.put("a", 4)
    assert recent.get("a") == 4


def test_nothing_is_kept_for_longer_than_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: moment)
    recent: Recent[str, int] = Recent(2, 60)
    recent.put("a", 1)
    moment += 59
    assert recent.get("a") == 1
    moment += 2
    assert recent.get("a") is None
