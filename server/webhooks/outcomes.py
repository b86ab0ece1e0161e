"""What comes of an attempt to deliver something: a pure rule.

Of two things that go wrong one is the receiver's (it is away, or overwhelmed: nothing else needs be tried), the other
this event's (the receiver does not want it: the next one may be fine). The first holds back all that waits for it, in
its order; the second only this one.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

WAITS = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)
"""Seconds before each further attempt; the last one again and again."""

MOST_REFUSALS = 6
"""After so many answers that refuse it an event is given up."""

PATIENCE = timedelta(days=3)
"""After which an event is given up for which its receiver was never there."""

_RECEIVERS = (408, 425, 429)


class Verdict(StrEnum):
    DELIVERED = "delivered"
    AWAY = "away"
    REFUSED = "refused"
    GONE = "gone"
    """The receiver says so (410), and wants nothing any more."""


def verdict(status: int | None) -> Verdict:
    """``status`` of the answer, None where there was none."""
    if status is None or status in _RECEIVERS or status >= 500:
        return Verdict.AWAY
    if status == 410:
        return Verdict.GONE
    return Verdict.DELIVERED if 200 <= status < 300 else Verdict.REFUSED


def wait(verdict: Verdict, failures: int, retry_after: float | None = None) -> float | None:
    """Seconds until the next attempt after the ``failures``-th failure of its kind in a row; None: there is none.

    ``retry_after``: seconds that the receiver asked for; of these an hour is granted.
    """
    if verdict is Verdict.REFUSED and failures >= MOST_REFUSALS:
        return None
    return max(WAITS[min(failures, len(WAITS)) - 1], min(retry_after or 0.0, WAITS[-1]))
