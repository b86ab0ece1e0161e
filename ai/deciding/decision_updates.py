"""The bytes of the Yjs updates that carry out decisions, and what they rest on.

Computed once for each decision, under a client id that nobody else uses, and from one state of the document; what
happens to them afterwards is `ai.deciding.decisions`' business.
"""

from collections import ChainMap
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pycrdt import Doc, Text, merge_updates

from ai.proposals.hunks import Effect, Hunk
from collab.replicas.edits import TextEdit, fresh_client_id
from collab.replicas.positions import END, START, Anchor, deleted, resolve
from collab.replicas.separate import separate_updates
from collab.rooms.arriving import needed_for
from collab.yjs.codec import read_var_uint
from collab.yjs.offsets import utf16_length
from collab.yjs.update import encode_delete_set

_HAS_LEFT, _HAS_RIGHT = 0x80, 0x40


@dataclass(frozen=True, slots=True)
class Insertion:
    """The text that a decision put into the document: `length` UTF-16 code units under `client`, from clock 0."""

    client: int
    length: int

    @property
    def anchors(self) -> tuple[Anchor, Anchor]:
        """Around the text, whatever people do inside it; only for a `length` above 0."""
        return Anchor(self.client, 0, 0), Anchor(self.client, self.length - 1, -1)


def neighbours(update: bytes) -> tuple[Anchor, Anchor]:
    """What the text that `update` inserts was put between. Only for the bytes of an acceptance that inserts.

    Of those, the text is the only struct: its client and its clock, then its origins as far as it has any, left and
    right (Yjs `encoding.js`).
    """
    at = 2
    for _ in ("client", "clock"):
        _, at = read_var_uint(update, at)
    info, at = update[at], at + 1
    found = [START, END]
    for side, (flag, assoc) in enumerate(((_HAS_LEFT, -1), (_HAS_RIGHT, 0))):
        if info & flag:
            client, at = read_var_uint(update, at)
            clock, at = read_var_uint(update, at)
            found[side] = Anchor(client, clock, assoc)
    return found[0], found[1]


@dataclass(frozen=True, slots=True)
class Change:
    """What a decision does to a document: an edit of its present text, and characters of others that go.

    `deleted` are lengths by Yjs client id, from clock 0 on.
    """

    edit: TextEdit | None = None
    deleted: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edit:
    """A `Change` as bytes. `insertion` is what it puts into the document, None for nothing."""

    update: bytes
    insertion: Insertion | None = None


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
    """Where the base text of each of `hunks` is in `doc` by now; None where somebody has changed it.

    A hunk that only inserts has no base text. It rests on its neighbours, which its anchors hold on to: where one of
    them was deleted, or something was typed between them, nobody can say any more where it belongs.
    """
    units = str(doc.get("text", type=Text)).encode("utf-16-le")
    anchors = [Anchor.decode(anchor) for hunk in hunks for anchor in hunk.anchors]
    found = resolve(doc, anchors)
    gone = deleted(doc, anchors)
    ranges = zip(found[::2], found[1::2], strict=True)
    neighbours = zip(gone[::2], gone[1::2], strict=True)
    return [
        None if not hunk.base and any(lost) else _intact(units, hunk.base, start, end)
        for hunk, (start, end), lost in zip(hunks, ranges, neighbours, strict=True)
    ]


def _intact(units: bytes, base: str, start: int | None, end: int | None) -> tuple[int, int] | None:
    # The anchors of a range can pass each other where the characters at its ends were deleted.
    if start is None or end is None or start > end or units[2 * start : 2 * end] != base.encode("utf-16-le"):
        return None
    return start, end


def restorations(doc: Doc[Any], undone: Sequence[tuple[Hunk, Insertion]]) -> list[Change]:
    """Undo acceptances, each of a hunk and with what it inserted: exactly that goes, and the base text comes back.

    It comes back in front of whatever people typed inside. What people have deleted of the inserted text stays
    deleted, which a delete set says by itself.
    """
    firsts = [accepted.anchors[0] if accepted.length else Anchor.decode(hunk.anchors[1]) for hunk, accepted in undone]
    changes = []
    for (hunk, accepted), place in zip(undone, resolve(doc, firsts), strict=True):
        if place is None:
            raise LookupError("the caller waits until the document knows what this rests on")
        edit = TextEdit(place, place, hunk.base) if hunk.base else None
        changes.append(Change(edit, {accepted.client: accepted.length}))
    return changes


def retyped(doc: Doc[Any], hunks: Sequence[Hunk]) -> list[Change | None]:
    """Let what was typed for `hunks`, and is deleted, stand there again, in front of what people typed inside of it.

    None where nothing was.
    """
    firsts = [Anchor.decode(hunk.anchors[0]) for hunk in hunks]
    changes: list[Change | None] = []
    for hunk, place in zip(hunks, resolve(doc, firsts), strict=True):
        if place is None:
            raise LookupError("the caller waits until the document knows what this rests on")
        changes.append(Change(TextEdit(place, place, hunk.proposed)) if hunk.proposed else None)
    return changes


def carry_out(doc: Doc[Any], changes: Sequence[Change], taken: MutableMapping[int, int]) -> list[Edit]:
    """The bytes of each of `changes`; any of them can be applied without the others. `doc` stays as it is.

    `taken` has the client ids of the document.
    """
    drawn: dict[int, int] = {}
    edits: list[TextEdit] = []
    for change in changes:
        if change.edit is not None:
            client = fresh_client_id(ChainMap(drawn, taken))
            drawn[client] = utf16_length(change.edit.text)
            edits.append(change.edit)
    made = iter(zip(drawn.items(), separate_updates(doc, edits, list(drawn)) if edits else (), strict=True))
    carried = []
    for change in changes:
        parts: list[bytes] = []
        insertion = None
        if change.deleted:
            parts.append(deletion(change.deleted))
        if change.edit is not None:
            (client, length), update = next(made)
            insertion = Insertion(client, length)
            parts.append(update)
        carried.append(Edit(merge_updates(*parts) if len(parts) > 1 else parts[0], insertion))
    return carried


def deletion(typed: Mapping[int, int]) -> bytes:
    """Deletes exactly the characters typed under the client ids `typed`, up to their clocks."""
    return encode_delete_set({client: [(0, length)] for client, length in typed.items() if length})
