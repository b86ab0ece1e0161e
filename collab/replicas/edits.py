"""Edits of a shared text: carried out on a replica, so that they come as an update like anybody else's."""

import secrets
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate, islice, pairwise
from typing import Any

from pycrdt import Doc, Text, TransactionEvent

from collab.replicas.differences import differences
from collab.yjs.known import NOTHING
from collab.yjs.offsets import utf16_length, utf16_to_utf8

PIECE = 8 * 1024
"""Characters of a string from which on it is inserted in pieces.

Whatever is typed inside a string cuts it in two, and yrs counts and copies both halves: 5 ms in one of 10 MB. Five
thousand places of a text that came in one piece take 27 s, in pieces 40 ms.
"""

TOGETHER = 16
"""Edits in one update of many: a millisecond or two for whoever integrates it, 30 where 10 MB came in one piece."""


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replaces the text from `start` up to `end`, in UTF-16 code units, by `text`."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Iterable[TextEdit]) -> str:
    """`text` after `edits` of it, none of which overlap."""
    units, parts, reached = text.encode("utf-16-le", "surrogatepass"), [], 0
    for edit in sorted(edits, key=lambda one: one.start):
        parts += [units[reached : 2 * edit.start], edit.text.encode("utf-16-le", "surrogatepass")]
        reached = 2 * edit.end
    return b"".join([*parts, units[reached:]]).decode("utf-16-le", "surrogatepass")


def fork(doc: Doc[Any], client_id: int | None = None) -> Doc[Any]:
    """An independent replica of a document. `client_id` None: one at random, for a replica that writes nothing."""
    replica: Doc[Any] = Doc(client_id=client_id)
    replica.apply_update(doc.get_update())
    return replica


@contextmanager
def recorded(doc: Doc[Any]) -> Iterator[list[bytes]]:
    """The updates of every transaction of the body.

    The observer must go, or pycrdt keeps the document in memory for as long as the process lives.
    """
    updates: list[bytes] = []

    def record(event: TransactionEvent) -> None:
        updates.append(event.update)

    subscription = doc.observe(record)
    try:
        yield updates
    finally:
        doc.unobserve(subscription)


def fresh_client_id(taken: Container[int]) -> int:
    """A Yjs client id that is not in `taken`. Not 0, which no document may hold (see `collab.yjs.update`)."""
    while True:
        client = secrets.randbits(32)
        if client != 0 and client not in taken:
            return client


def edit_update(doc: Doc[Any], edits: Sequence[TextEdit], client_id: int) -> bytes:
    """The Yjs v1 update that carries out `edits` of the document's text under `client_id`; `doc` stays as it is.

    All positions are in the present text. Edits must not overlap; of two insertions at one place the first in order
    stands first. Raises ValueError for edits that overlap, OffsetOutsideText, OffsetInsideSurrogatePair.
    """
    updates = _carry_out(fork(doc, client_id), edits, len(edits))
    return updates[0] if updates else NOTHING


def _carry_out(replica: Doc[Any], edits: Sequence[TextEdit], together: int) -> list[bytes]:
    """Edits the replica itself; the updates that say so, of `together` edits each."""
    text = replica.get("text", type=Text)
    ascending = sorted(edits, key=lambda edit: (edit.start, edit.end))
    for before, behind in pairwise(ascending):
        if behind.start < before.end:
            raise ValueError(f"edits overlap at {behind.start}")
    places = [offset for edit in ascending for offset in (edit.start, edit.end)]
    offsets = utf16_to_utf8(str(text), places)
    sizes = [
        len(edit.text.encode()) - end + start
        for edit, start, end in zip(ascending, offsets[::2], offsets[1::2], strict=True)
    ]
    growth = [0, *accumulate(sizes)]
    order = _halving(len(ascending))
    with recorded(replica) as updates:
        while some := list(islice(order, together)):
            with replica.transaction():
                for index, first in some:
                    # All edits in front of `first` are done, and none between it and this one.
                    start, end = offsets[2 * index] + growth[first], offsets[2 * index + 1] + growth[first]
                    if start != end:
                        del text[start:end]
                    if ascending[index].text:
                        text.insert(start, ascending[index].text)
    return updates


def _halving(count: int) -> Iterator[tuple[int, int]]:
    """The numbers up to `count`, the middle of any run before its halves; with each the first of its run.

    In this order every string of the document is cut into halves and those into halves again. From one end to the
    other, each cut would copy all that is left of a text that came in one piece.
    """
    runs = [(0, count)]
    while runs:
        first, end = runs.pop()
        if first < end:
            middle = (first + end) // 2
            yield middle, first
            runs += (middle + 1, end), (first, middle)


def in_pieces(edit: TextEdit) -> Iterator[TextEdit]:
    """Edits that do the same, and whose strings stay apart in the document.

    yrs and Yjs join strings that stand in the order in which they were written; `edit_update` never writes two
    neighbours in that order.
    """
    yield replace(edit, text=edit.text[:PIECE])
    for at in range(PIECE, len(edit.text), PIECE):
        yield TextEdit(edit.end, edit.end, edit.text[at : at + PIECE])


def first_update(text: str, client_id: int) -> bytes:
    """The Yjs v1 update that puts `text`, which is not empty, into a new document."""
    return edit_update(Doc(), list(in_pieces(TextEdit(0, 0, text))), client_id)


def replacing_updates(content: bytes, text: str, client_id: int) -> tuple[list[bytes], int] | None:
    """The updates that make `text` the text of a document, and by how many bytes that grows; None when it is already.

    `content` is an update of all that the document holds. What both texts have in common is left standing, and so is
    what others write meanwhile.
    """
    updates, growth = editing_updates(content, lambda old: minimal_edits(old, text), client_id)
    return (updates, growth) if updates else None


def editing_updates(
    content: bytes, edits_of: Callable[[str], Sequence[TextEdit]], client_id: int
) -> tuple[list[bytes], int]:
    """The updates that carry out what `edits_of` makes of the text of a document, and by how many bytes that grows.

    `content` is an update of all that the document holds.

    Each update is some places done, old text and new. One update cut up afterwards would insert everywhere first and
    delete last, and whoever looks in between would see both.
    """
    replica: Doc[Any] = Doc(client_id=client_id)
    shared = replica.get("text", type=Text)
    replica.apply_update(content)
    size = len(shared)
    edits = edits_of(str(shared))
    updates = _carry_out(replica, edits, TOGETHER) if edits else []
    return updates, len(shared) - size


def minimal_edits(old: str, new: str) -> list[TextEdit]:
    """Edits, ascending, that make `new` of `old` and leave standing what the two have in common. Takes bounded time.

    Replacing a whole text instead would duplicate it for whoever edits offline, and carry every cursor to its end.
    """
    edits: list[TextEdit] = []
    at = units = 0
    for difference in differences(old, new):
        start = units + utf16_length(old[at : difference.start])
        at, units = difference.end, start + utf16_length(old[difference.start : difference.end])
        edits += in_pieces(TextEdit(start, units, difference.text))
    return edits
