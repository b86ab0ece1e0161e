"""What is known of one document, and so what of an update may be taken."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import pycrdt

from collab.faults import is_refusal
from collab.yjs.claims import claim_of, deleted_in
from collab.yjs.nodes import Nodes
from collab.yjs.surrogates import SurrogatePairs, may_hold_pairs, mend
from collab.yjs.update import (
    LARGE,
    InvalidUpdate,
    Kind,
    UpdateHeader,
    advance,
    decode_state_vector,
    encode_delete_set,
    encode_state_vector,
    holds,
    read_update,
    read_update_cooperatively,
)

_AT_ONCE = 10_000
"""Strings that are learned at a stretch: some milliseconds."""

NOTHING = b"\x00\x00"
"""A Yjs v1 update without structs and deletions."""


@dataclass(slots=True)
class Taken:
    update: bytes
    """What to integrate, to log and to send on."""
    cuts: bool
    """It cuts surrogate pairs: the document has to be made anew, from `mend` of all that it holds merged with this."""


class Known:
    """The clocks of a document, and what else an update's header must be held against."""

    def __init__(self, kind: Kind, document: bytes, state: bytes | None = None, paired: bool | None = None) -> None:
        """`document`: an update of all that the document holds.

        `state`, its state vector, and `paired`, what `may_hold_pairs` says of it, spare finding them out.
        """
        self._kind = kind
        self._pairs = SurrogatePairs()
        self._maps: set[tuple[int, int]] = set()
        self._nodes = Nodes()
        self.state = decode_state_vector(pycrdt.get_state(document) if state is None else state)
        self._unread: bytes | None = None if kind == "text" and paired is False else document
        self._reading = asyncio.Lock()

    @property
    def unread(self) -> bool:
        """Whether the next `take` reads a large document first, at a stretch: a second for 90,000 emoji."""
        return self._unread is not None and len(self._unread) > LARGE

    async def read_ahead(self) -> None:
        """Does in slices, with turns for others in between, what the first `take` would do at a stretch: reading every
        struct of the document, which opening it must not cost. Whoever can wait does before they call `take`.
        """
        async with self._reading:  # once for all who wait
            if (document := self._to_read()) is not None:
                header = await read_update_cooperatively(document, self._kind)
                pairs = SurrogatePairs()
                for some in range(0, len(header.paired), _AT_ONCE):
                    pairs.add(header.paired[some : some + _AT_ONCE])
                    await asyncio.sleep(0)
                if self._unread is document:  # nothing was taken meanwhile
                    self._unread, self._pairs = None, pairs
                    self._add_nodes(header)

    def _to_read(self) -> bytes | None:
        """The document, if it is yet to be read and may hold what must be known."""
        if self._unread is not None and self._kind == "text" and not may_hold_pairs(self._unread):
            self._unread = None
        return self._unread

    def _learn(self, header: UpdateHeader) -> None:
        self._unread = None
        self._pairs.add(header.paired)
        self._add_nodes(header)

    def take(self, update: bytes, header: UpdateHeader, *, logged: bool = False) -> Taken:
        """Takes in an update for which `missing(header, known.state)` is None.

        What the document has already is cut away: where the same clocks come again with other content, Yjs and yrs do
        not agree, and Yjs may throw. InvalidUpdate for what contradicts the document; then nothing has changed.

        ``logged``: others rest on it, and have been told that it is saved. So what can be taken of it is, also where it
        says something else of known clocks (`collab.yjs.claims`).
        """
        if self._unread is not None and (document := self._to_read()) is not None:
            self._learn(read_update(document, self._kind))
        for client, ranges in header.ranges.items():
            if ranges[0][0] < self.state.get(client, 0):
                update, header = self._cut_away(update, header, logged)
                break
        if (
            header.parents
            and not self._maps.issuperset(header.parents)
            and not self._maps.union(header.entries).issuperset(header.parents)
        ):
            raise InvalidUpdate("a parent that is not a map")
        if self._kind == "tree" and not logged:
            # Nobody could bring its file back: a node is deleted by a field of it.
            if self._nodes.loses_one(header):
                raise InvalidUpdate("a node that is taken out of the tree")
            replaced = {(client, clock - 1) for client, clock in header.cuts}
            if not (replaced.isdisjoint(self._maps) and replaced.isdisjoint(header.entries)):
                raise InvalidUpdate("something in the place of a node")
        self._add(header)
        return Taken(update, self._pairs.cut_by(header))

    def halved(self, state: Mapping[int, int]) -> dict[int, int]:
        """Of those who end in the middle of a character in ``state``, where that character begins.

        Half of it somebody can only know from who said something else of it elsewhere, and yrs would write the other
        half as a string without length. What is unread yet has nothing that anybody could have forged here.
        """
        return {client: clock - 1 for client, clock in state.items() if self._pairs.inside(client, clock)}

    def _cut_away(self, update: bytes, header: UpdateHeader, logged: bool) -> tuple[bytes, UpdateHeader]:
        """What of an update is behind the clocks that are known; what it says is deleted before them, too."""
        claim = claim_of(update, header, self.state)
        deleted = deleted_in(claim, self.state) if claim is not None else {}
        torn = SurrogatePairs()
        torn.add(header.paired)
        if halved := [(c, self.state[c]) for c in header.ranges if c in self.state and torn.inside(c, self.state[c])]:
            if not logged:
                raise InvalidUpdate("known clocks with other content")
            update = mend(update, halved)
        try:
            update = pycrdt.get_update(update, encode_state_vector({c: self.state.get(c, 0) for c in header.ranges}))
            if not holds(header.deletes, deleted):
                update = pycrdt.merge_updates(update, encode_delete_set(deleted))
        except BaseException as error:
            if not is_refusal(error):
                raise
            raise InvalidUpdate("known clocks that cannot be cut away") from error
        return update, read_update(update, self._kind)

    def _add(self, header: UpdateHeader) -> None:
        advance(self.state, header)
        if header.paired:
            self._pairs.add(header.paired)
        if self._kind == "tree":
            self._add_nodes(header)

    def _add_nodes(self, header: UpdateHeader) -> None:
        self._maps.update(header.entries)
        self._nodes.add(header)
