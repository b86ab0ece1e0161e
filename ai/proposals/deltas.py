"""What people are told of hunks while they stream: of one that only grows, what has been added. Pure.

A hunk that inserts a long text would otherwise be sent whole with every word, to everybody who watches. It is still
sent whole now and then, for those who came in the middle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ai.proposals.hunks import Hunk
from collab.yjs.offsets import utf16_length

WHOLE_EVERY = 2.0
"""Seconds."""


class Deltas:
    """Of one attempt: each delta is told after the one before."""

    def __init__(self) -> None:
        self._told: dict[str, Hunk] = {}
        self._whole_at: dict[str, float] = {}

    def of(self, changed: Iterable[Hunk], removed: Sequence[str], now: float) -> dict[str, Any]:
        """`{hunks, grown: [{id, at, text}], removed}`: `at` is how much of the proposed text was told, UTF-16 units.

        `now` is in seconds of any clock that does not go back.
        """
        hunks: list[dict[str, Any]] = []
        grown: list[dict[str, Any]] = []
        for hunk in changed:
            before = self._told.get(hunk.id)
            self._told[hunk.id] = hunk
            if before is not None and _only_grew(before, hunk) and now - self._whole_at[hunk.id] < WHOLE_EVERY:
                text = hunk.proposed[len(before.proposed) :]
                grown.append({"id": hunk.id, "at": utf16_length(before.proposed), "text": text})
            else:
                hunks.append(hunk.view())
                self._whole_at[hunk.id] = now
        for gone in removed:
            self._told.pop(gone, None)
        return {"hunks": hunks, "grown": grown, "removed": list(removed)}


def _only_grew(before: Hunk, after: Hunk) -> bool:
    return after.proposed.startswith(before.proposed) and replace(before, proposed=after.proposed) == after
