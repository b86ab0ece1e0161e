"""What is known of one document, and so what of an update may be taken."""

from dataclasses import dataclass

import pycrdt

from collab.surrogates import SurrogatePairs, may_hold_pairs
from collab.update import (
    InvalidUpdate,
    Kind,
    UpdateHeader,
    advance,
    decode_state_vector,
    encode_state_vector,
    read_update,
)


@dataclass(slots=True)
class Taken:
    update: bytes
    """What to integrate, to log and to send on."""
    cuts: bool
    """It cuts surrogate pairs: the document has to be made anew, from `mend` of all that it holds merged with this."""


class Known:
    """The clocks of a document, and what else an update's header must be held against."""

    def __init__(self, kind: Kind, document: bytes) -> None:
        """`document`: an update of all that the document holds."""
        self._kind = kind
        self._pairs = SurrogatePairs()
        self._maps: set[tuple[int, int]] = set()
        if kind == "text" and not may_hold_pairs(document):
            # Opening a document must not cost a reading of every struct.
            self.state = decode_state_vector(pycrdt.get_state(document))
        else:
            self.state = {}
            self._add(read_update(document, kind))

    def take(self, update: bytes, header: UpdateHeader) -> Taken:
        """Takes in an update for which `missing(header, known.state)` is None.

        What the document has already is cut away: where the same clocks come again with other content, Yjs and yrs do
        not agree, and Yjs may throw. InvalidUpdate for what contradicts the document; then nothing has changed.
        """
        for client, ranges in header.ranges.items():
            if ranges[0][0] < self.state.get(client, 0):
                update, header = self._cut_away(update, header)
                break
        if not self._maps.issuperset(header.parents) and not self._maps.union(header.entries).issuperset(
            header.parents
        ):
            raise InvalidUpdate("a parent that is not a map")
        self._add(header)
        return Taken(update, self._pairs.cut_by(header))

    def _cut_away(self, update: bytes, header: UpdateHeader) -> tuple[bytes, UpdateHeader]:
        """What of an update is behind the clocks that are known."""
        torn = SurrogatePairs()
        torn.add(header.paired)
        if any(torn.inside(client, self.state.get(client, 0)) for client in header.ranges):
            raise InvalidUpdate("known clocks with other content")
        update = pycrdt.get_update(update, encode_state_vector({c: self.state.get(c, 0) for c in header.ranges}))
        return update, read_update(update, self._kind)

    def _add(self, header: UpdateHeader) -> None:
        advance(self.state, header)
        if header.paired:
            self._pairs.add(header.paired)
        if header.entries:
            self._maps.update(header.entries)
