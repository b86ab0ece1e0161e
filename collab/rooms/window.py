"""When a room sends what it has gathered: pure, the clock is passed in."""

from __future__ import annotations

from math import exp

LONGEST = 0.012
"""Seconds; the window never grows beyond this, so merging adds at most this much latency."""

SHORTEST = 0.001
"""Seconds between two flushes at least: what comes in a burst goes out together."""

MEMORY = 0.1
"""Seconds over which the rate of updates is averaged."""

_SCARCE, _PLENTY = 2.0, 4.0
"""Updates that come within the longest window, below which it stays closed, and from which it is wide open."""


class FlushWindow:
    """An adaptive window with a leading edge.

    Each flush costs one apply, one encode and one send per peer, whatever number of updates it carries. The first
    update after a quiet moment is sent at once, so that a lone typist pays nothing for merging; so is every other one
    while few would be merged with it: waiting for them would cost latency and save nothing. From there on the window
    grows with the rate of updates. A fixed one would tax the lone typist; none at all costs peers × updates sends.
    """

    def __init__(self) -> None:
        self._last_flush = float("-inf")
        self._rate = 0.0
        """Updates a second, weighted by how long ago they came."""
        self._width = 0.0

    def delay(self, now: float) -> float:
        """Seconds to wait at ``now`` before flushing an update that has just arrived (0: at once)."""
        wait = self._last_flush + self._width - now
        return wait if wait > 0.0 else 0.0

    def flushed(self, now: float, merged: int) -> None:
        """Note a flush at ``now`` that carried ``merged`` updates."""
        self._rate = self._rate * exp((self._last_flush - now) / MEMORY) + merged / MEMORY
        openness = (self._rate * LONGEST - _SCARCE) / (_PLENTY - _SCARCE)
        self._width = max(SHORTEST, LONGEST * min(1.0, openness))
        self._last_flush = now
