"""How fast one connection may send, apart from any clock and any socket."""

from dataclasses import dataclass, field

INTEGRATING = 0.1
"""Of a core, for what takes unusually long to integrate: forged references, or an honest merge of long ago."""

DRAWN = 0.02
"""Of what a burst may bring, counted at once."""

PATIENCE = 30.0
"""Seconds of being slowed down, without a pause to recover in, after which a connection is closed."""


class TooFast(Exception):
    """Being slowed down did not help."""


@dataclass(slots=True)
class TokenBucket:
    """Lets ``rate`` units a second through, and after a pause up to ``capacity`` at once.

    Spending never fails: it runs into debt, and `spend` tells for how long the spender is to wait. So a frame that is
    larger than the capacity passes too, and is paid for afterwards.
    """

    rate: float
    capacity: float
    level: float = field(init=False)
    _at: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.level = self.capacity

    def spend(self, units: float, now: float) -> float:
        """Take ``units`` at the time ``now`` (seconds, any origin); the seconds until the debt is paid, or 0."""
        if self._at is not None:
            self.level = min(self.capacity, self.level + (now - self._at) * self.rate)
        self._at = now
        self.level -= units
        return max(0.0, -self.level / self.rate)


class Throttle:
    """Frames and bytes of one connection, and the processor time that integrating them takes."""

    def __init__(self, frames_per_second: float, bytes_per_second: float, burst_seconds: float) -> None:
        self._frames = TokenBucket(frames_per_second, frames_per_second * burst_seconds)
        self._bytes = TokenBucket(bytes_per_second, bytes_per_second * burst_seconds)
        self._integrating = TokenBucket(INTEGRATING, INTEGRATING * burst_seconds)
        self._cost = 0.0
        self._slowed_since: float | None = None
        self._drawn_frames = 0
        self._drawn_bytes = 0
        """Taken from the buckets ahead, so that most frames cost two subtractions."""

    def charge(self, seconds: float) -> None:
        """Count seconds of processor time; they are waited for at the next frame."""
        self._cost += seconds

    def admit(self, size: int, now: float) -> float:
        """Count a frame of ``size`` bytes; the seconds to wait before reading on. Raises TooFast."""
        if self._drawn_frames and size <= self._drawn_bytes and not self._cost and self._slowed_since is None:
            self._drawn_frames -= 1
            self._drawn_bytes -= size
            return 0.0
        wait = max(self._frames.spend(1, now), self._bytes.spend(size, now))
        if self._cost or self._integrating.level < self._integrating.capacity:
            wait = max(wait, self._integrating.spend(self._cost, now))
            self._cost = 0.0
        if self._slowed_since is None:
            if wait:
                self._slowed_since = now
            else:
                self._draw(now)
        elif self._recovered():
            self._slowed_since = None
        elif now - self._slowed_since > PATIENCE:
            raise TooFast
        return wait

    def _draw(self, now: float) -> None:
        """Only from full buckets: who is near the limit is counted frame by frame."""
        if all(bucket.level >= bucket.capacity / 2 for bucket in (self._frames, self._bytes)):
            frames, size = int(self._frames.capacity * DRAWN), int(self._bytes.capacity * DRAWN)
            self._frames.spend(frames - self._drawn_frames, now)
            self._bytes.spend(size - self._drawn_bytes, now)
            self._drawn_frames, self._drawn_bytes = frames, size

    def _recovered(self) -> bool:
        # Half full, not merely out of debt: who is slowed down is out of debt after every single wait.
        return all(bucket.level >= bucket.capacity / 2 for bucket in (self._frames, self._bytes, self._integrating))
