"""Which maps of a tree are its nodes, by what updates say: whoever deletes one takes it out of the tree."""

from __future__ import annotations

from bisect import bisect_left, insort

from collab.yjs.update import UpdateHeader


class Nodes:
    """Of several maps that were put under one key at the same time the one of the largest client id stays, and is the
    node; of one client's own, the first (Yjs' `Item.integrate`: none of them has an origin). Putting it there has
    deleted the others, which no update need say.
    """

    def __init__(self) -> None:
        self._under: dict[bytes, tuple[int, int]] = {}
        """Key → client and clock of the map that stays, or stayed until it was deleted."""
        self._standing: dict[int, list[int]] = {}
        """Client → clocks of those that are not deleted, ascending."""

    def add(self, header: UpdateHeader) -> None:
        for key, client, clock, stands in header.nodes:
            before = self._under.get(key)
            if before is not None and (before[0] > client or (before[0] == client and before[1] < clock)):
                continue
            if before is not None:
                self._delete(*before, 1)
            self._under[key] = client, clock
            if stands:
                insort(self._standing.setdefault(client, []), clock)
        for client, ranges in header.deletes.items():
            for clock, length in ranges:
                self._delete(client, clock, length)

    def loses_one(self, header: UpdateHeader) -> bool:
        """Whether an update deletes a node that was there before it."""
        for client, ranges in header.deletes.items():
            if clocks := self._standing.get(client):
                for clock, length in ranges:
                    at = bisect_left(clocks, clock)
                    if at < len(clocks) and clocks[at] < clock + length:
                        return True
        return False

    def _delete(self, client: int, clock: int, length: int) -> None:
        if clocks := self._standing.get(client):
            del clocks[bisect_left(clocks, clock) : bisect_left(clocks, clock + length)]
