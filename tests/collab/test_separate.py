"""Edits that do not know of each other: each alone, and any of them together."""

import random
from itertools import pairwise

import pytest
from pycrdt import Doc, Text

from collab.replicas.edits import TextEdit, edit_update, fork
from collab.replicas.separate import separate_updates
from collab.yjs.offsets import utf16_length
from collab.yjs.update import missing, read_update
from tests.collab.texts_helpers import boundaries

PIECES = ["a", "é", "😀", "line\n", " ", "wörd"]


def make(draw: random.Random) -> Doc:
    """A document with a past: several writers, deletions."""
    doc: Doc = Doc(client_id=1)
    doc.get("text", type=Text).insert(0, "".join(draw.choices(PIECES, k=40)))
    for client in range(2, 8):
        bounds = boundaries(text_of(doc))
        start = draw.randrange(len(bounds) - 3)
        edit = TextEdit(bounds[start], bounds[start + draw.randint(0, 3)], draw.choice(["", "new", "😀"]))
        doc.apply_update(edit_update(doc, [edit], client))
    return doc


def text_of(doc: Doc) -> str:
    return str(doc.get("text", type=Text))


def carried_out(text: str, edits: list[TextEdit]) -> str:
    units = text.encode("utf-16-le")
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        units = units[: 2 * edit.start] + edit.text.encode("utf-16-le") + units[2 * edit.end :]
    return units.decode("utf-16-le")


def some_edits(draw: random.Random, text: str) -> list[TextEdit]:
    """In any order; some touch each other."""
    cuts = sorted(draw.sample(boundaries(text), k=min(12, len(text))))
    ranges = [(start, end) for start, end in pairwise(cuts) if draw.random() < 0.6]
    edits = [TextEdit(start, draw.choice([start, end]), draw.choice(["", "NEW", "😀\n"])) for start, end in ranges]
    draw.shuffle(edits)
    return edits


@pytest.mark.parametrize("seed", range(60))
def test_any_of_them_can_be_applied_without_the_others(seed: int) -> None:
    draw = random.Random(seed)
    doc = make(draw)
    edits = some_edits(draw, text_of(doc))
    clients = [1000 + number for number in range(len(edits))]
    before = doc.get_update()
    updates = separate_updates(doc, edits, clients)
    assert doc.get_update() == before
    state = read_update(before, "text")
    known = {client: runs[-1][0] + runs[-1][1] for client, runs in state.ranges.items()}
    for edit, client, update in zip(edits, clients, updates, strict=True):
        header = read_update(update, "text")
        assert header.ranges == ({client: [(0, utf16_length(edit.text))]} if edit.text else {})
        assert not missing(header, known)
        alone = fork(doc)
        alone.apply_update(update)
        assert text_of(alone) == carried_out(text_of(doc), [edit])
    chosen = [number for number in range(len(edits)) if draw.random() < 0.5]
    draw.shuffle(chosen)
    some = fork(doc)
    for number in chosen:
        some.apply_update(updates[number])
    if not any_touch([edits[number] for number in chosen]):
        assert text_of(some) == carried_out(text_of(doc), [edits[number] for number in chosen])


def any_touch(edits: list[TextEdit]) -> bool:
    """Of two insertions at one place the ids decide which stands first, as of any that do not know of each other."""
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    return any(before.end == behind.start for before, behind in pairwise(ordered))


def test_edits_that_overlap_are_refused() -> None:
    doc: Doc = Doc(client_id=1)
    doc.get("text", type=Text).insert(0, "some text")
    with pytest.raises(ValueError, match="overlap"):
        separate_updates(doc, [TextEdit(0, 4, "x"), TextEdit(3, 6, "y")], [5, 6])
