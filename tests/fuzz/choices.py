"""A fuzzing engine's bytes, read as decisions.

Not atheris' own `FuzzedDataProvider`: a saved input must mean the same where atheris is not installed, and here a
decision costs one byte at a fixed place, so that changing one changes little else.
"""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """When the bytes are used up, every further decision is the first alternative."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def bytes(self, length: int) -> bytes:
        """Up to `length` bytes as they stand."""
        chunk = self._data[self._at : self._at + length]
        self._at += length
        return chunk

    def below(self, bound: int) -> int:
        """One byte for bounds up to 256, two above."""
        size = 1 if bound <= 256 else 2
        return int.from_bytes(self.bytes(size).ljust(size, b"\0"), "little") % bound

    def pick(self, alternatives: Sequence[T]) -> T:
        return alternatives[self.below(len(alternatives))]

    def chance(self, percent: int) -> bool:
        """Never when the bytes are used up."""
        return self.below(256) * 100 > 255 * (100 - percent)
