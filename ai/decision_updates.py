"""The bytes of the Yjs update that carries out a decision.

Computed once, from one replica that stands still, under a client id that nobody else uses; what happens to them
afterwards is `ai.decisions`' business. Staleness is judged here too, on the same replica.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc, Text, merge_updates

from ai.hunks import Effect, Hunk
from ai.known import needed_for
from collab.edits import TextEdit, edit_update, fresh_client_id
from collab.offsets import utf16_length
from collab.positions import Anchor, resolve
from collab.update import encode_delete_set


@dataclass(frozen=True, slots=True)
class Insertion:
    """The text that a decision put into the document: `length` UTF-16 code units under `client`, from clock 0."""

    client: int
    length: int

    @property
    def anchors(self) -> tuple[Anchor, Anchor]:
        """Around the text, whatever people do inside it; only for a `length` above 0."""
        return Anchor(self.client, 0, 0), Anchor(self.client, self.length - 1, -1)


@dataclass(frozen=True, slots=True)
class Edit:
    update: bytes
    insertion: Insertion | None = None


class TakenClients:
    """Client ids that must not be drawn: those of the document, and those already drawn here."""

    def __init__(self, document: Mapping[int, int]) -> None:
        self._document = document
        self._drawn: set[int] = set()

    def __contains__(self, client: object) -> bool:
        return client in self._document or client in self._drawn

    def draw(self) -> int:
        client = fresh_client_id(self)
        self._drawn.add(client)
        return client


def rests_on(effect: Effect, hunk: Hunk, accepted: Insertion | None) -> dict[int, int]:
    """How many clocks of which clients a replica must know before it can judge and carry out `effect` on `hunk`."""
    match effect:
        case Effect.DELETE_TYPED:
            return dict(hunk.typed)
        case Effect.RESTORE if accepted is not None and accepted.length:
            return needed_for(accepted.anchors)
        case _:
            return needed_for(Anchor.decode(anchor) for anchor in hunk.anchors)


def places(doc: Doc[Any], hunks: Sequence[Hunk]) -> list[tuple[int, int] | None]:
    """Where the base text of each of `hunks` is in `doc` by now; None where somebody has changed it."""
    units = str(doc.get("text", type=Text)).encode("utf-16-le")
    found = resolve(doc, [Anchor.decode(anchor) for hunk in hunks for anchor in hunk.anchors])
    ranges = zip(found[::2], found[1::2], strict=True)
    return [_intact(units, hunk.base, start, end) for hunk, (start, end) in zip(hunks, ranges, strict=True)]


def _intact(units: bytes, base: str, start: int | None, end: int | None) -> tuple[int, int] | None:
    # The anchors of an empty range can pass each other where the characters around it were deleted and typed anew.
    if start is None or end is None or start > end or units[2 * start : 2 * end] != base.encode("utf-16-le"):
        return None
    return start, end


def replacement(doc: Doc[Any], hunk: Hunk, place: tuple[int, int], clients: TakenClients) -> Edit:
    """Accept: the base text at `place` gives way to the proposed text."""
    client = clients.draw()
    update = edit_update(doc, [TextEdit(*place, hunk.proposed)], client)
    return Edit(update, Insertion(client, utf16_length(hunk.proposed)))


def restoration(doc: Doc[Any], hunk: Hunk, accepted: Insertion, clients: TakenClients) -> Edit:
    """Undo an acceptance: exactly what it inserted goes, and the base text comes back before whatever people typed

    inside. What people deleted of the inserted text stays deleted, which a delete set says by itself.
    """
    parts = []
    first = Anchor.decode(hunk.anchors[1])
    if accepted.length:
        parts.append(encode_delete_set({accepted.client: [(0, accepted.length)]}))
        first = accepted.anchors[0]
    insertion = None
    if hunk.base:
        [place] = resolve(doc, [first])
        assert place is not None, "the caller waits until the replica knows what this rests on"
        client = clients.draw()
        parts.append(edit_update(doc, [TextEdit(place, place, hunk.base)], client))
        insertion = Insertion(client, utf16_length(hunk.base))
    return Edit(merge_updates(*parts) if len(parts) > 1 else parts[0], insertion)


def deletion(typed: Mapping[int, int]) -> Edit:
    """Delete exactly the characters typed under the client ids `typed`, up to their clocks."""
    return Edit(encode_delete_set({client: [(0, length)] for client, length in typed.items() if length}))
