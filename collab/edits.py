"""Edits of a shared text: carried out on a replica, so that they come as an update like anybody else's."""

import secrets
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pycrdt import Doc, Text

from collab.differences import differences
from collab.offsets import utf16_length, utf16_to_utf8


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replaces the text from `start` up to `end`, in UTF-16 code units, by `text`."""

    start: int
    end: int
    text: str


def fork(doc: Doc[Any], client_id: int | None = None) -> Doc[Any]:
    """An independent replica of a document. `client_id` None: one at random, for a replica that writes nothing."""
    replica: Doc[Any] = Doc(client_id=client_id)
    replica.apply_update(doc.get_update())
    return replica


def fresh_client_id(taken: Container[int]) -> int:
    """A Yjs client id that is not in `taken`. Not 0, which no document may hold (see `collab.update`)."""
    while True:
        client = secrets.randbits(32)
        if client != 0 and client not in taken:
            return client


def edit_update(doc: Doc[Any], edits: Sequence[TextEdit], client_id: int) -> bytes:
    """The Yjs v1 update that carries out `edits` of the document's text under `client_id`; `doc` stays as it is.

    All positions are in the present text. Edits must not overlap; of two insertions at one place the first in order
    stands first. Raises ValueError for edits that overlap, OffsetOutsideText, OffsetInsideSurrogatePair.
    """
    replica = fork(doc, client_id)
    text = replica.get("text", type=Text)
    ascending = sorted(edits, key=lambda edit: (edit.start, edit.end))
    for before, behind in pairwise(ascending):
        if behind.start < before.end:
            raise ValueError(f"edits overlap at {behind.start}")
    offsets = utf16_to_utf8(str(text), [offset for edit in ascending for offset in (edit.start, edit.end)])
    updates: list[bytes] = []
    replica.observe(lambda event: updates.append(event.update))
    with replica.transaction():
        # From the back, so that the offsets of those in front stay true.
        for index in range(len(ascending) - 1, -1, -1):
            start, end = offsets[2 * index], offsets[2 * index + 1]
            if start != end:
                del text[start:end]
            if ascending[index].text:
                text.insert(start, ascending[index].text)
    return updates[0] if updates else b"\x00\x00"


def minimal_edits(old: str, new: str) -> list[TextEdit]:
    """Edits, ascending, that make `new` of `old` and leave standing what the two have in common. Takes bounded time.

    Replacing a whole text instead would duplicate it for whoever edits offline, and carry every cursor to its end.
    """
    edits: list[TextEdit] = []
    at = units = 0
    for difference in differences(old, new):
        start = units + utf16_length(old[at : difference.start])
        at, units = difference.end, start + utf16_length(old[difference.start : difference.end])
        edits.append(TextEdit(start, units, difference.text))
    return edits
