"""When a room sends what it has gathered: pure, the clock is passed in."""

from __future__ import annotations

QUIET = 0.025
"""Seconds without an update after which the next one goes out at once."""

LONGEST = 0.008
"""Seconds; the window never grows beyond this, so merging adds at most this much latency."""


class FlushWindow:
    """An adaptive window with a leading edge.

    The first update after a quiet moment is sent at once, so that a lone typist pays nothing for merging. While
    updates keep coming the window doubles from 1 ms up to `LONGEST`: each flush costs one apply, one encode and one
    send per peer, whatever number of updates it carries. A fixed window would tax the lone typist; no window at all
    costs peers × updates sends.
    """

    def __init__(self) -> None:
        self._last_flush = float("-inf")
        self._width = 0.0

    def delay(self, now: float) -> float:
        """Seconds to wait at ``now`` before flushing an update that has just arrived (0: at once)."""
        if now - self._last_flush >= QUIET:
            self._width = 0.0
        return max(0.0, self._last_flush + self._width - now)

    def flushed(self, now: float, merged: int) -> None:
        """Note a flush at ``now`` that carried ``merged`` updates."""
        if now - self._last_flush >= QUIET:
            self._width = 0.001
        elif merged > 1 or self._width == 0.0:
            self._width = min(LONGEST, max(0.001, self._width * 2))
        else:
            self._width = max(0.001, self._width / 2)
        self._last_flush = now
