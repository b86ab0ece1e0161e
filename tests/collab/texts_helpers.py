"""What tests of texts share: where one may be cut, and people who type at once in real Yjs."""

import random
from collections.abc import Sequence

from collab.yjs.offsets import utf16_length
from tests.support.yjs import Oracle


def boundaries(text: str) -> list[int]:
    """The UTF-16 offsets that are not inside a surrogate pair."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + utf16_length(character))
    return offsets


def typed_at_once(yjs: Oracle, rng: random.Random, names: Sequence[str], pieces: Sequence[str]) -> bytes:
    """Each types and deletes a little, seeing nothing of the others; mostly all are then the same.

    Returns the whole of what they have made so far.
    """
    for name in names:
        for _ in range(rng.randrange(1, 8)):
            offsets = boundaries(yjs.text(name))
            start = rng.randrange(len(offsets))
            end = min(start + rng.randrange(8), len(offsets) - 1)
            if rng.random() < 0.35 and start < end:
                yjs.delete(name, offsets[start], offsets[end] - offsets[start])
            else:
                yjs.insert(name, offsets[start], "".join(rng.choices(pieces, k=rng.randrange(1, 4))))
    everything = yjs.merge(*(yjs.update(name) for name in names))
    if rng.random() < 0.7:
        for name in names:
            yjs.apply(name, everything)
    return everything
