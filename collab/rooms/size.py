"""How large a document has become: a bound that costs nothing to keep. Pure."""

from __future__ import annotations

from collections.abc import Callable


class Size:
    """In bytes, at most. How many they are takes a copy of the document, so that is found out only near the limit."""

    def __init__(self, most: int, limit: int) -> None:
        self.most = most
        self._limit = limit

    def grow(self, size: int) -> None:
        """Others have taken so much more, so it counts whatever the limit."""
        self.most += size

    def admit(self, growth: int, measure: Callable[[], int] | None) -> bool:
        """Whether it may grow by so much, which counts from then on. ``measure`` finds out its true size; without one
        it may. What grows nothing may always.
        """
        if growth > 0 and self.most + growth > self._limit and measure is not None:
            self.most = measure()
            if self.most + growth > self._limit:
                return False
        self.most += max(0, growth)
        return True
