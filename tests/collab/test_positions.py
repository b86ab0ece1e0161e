"""Anchors: the same places as real Yjs finds, whatever happens to the text."""

import random

import pytest
from pycrdt import Doc, Text

from collab.replicas.edits import TextEdit, edit_update
from collab.replicas.positions import END, START, Anchor, InvalidAnchor, range_anchors, resolve
from collab.yjs.offsets import OffsetInsideSurrogatePair, OffsetOutsideText, utf16_length
from tests.collab.texts_helpers import boundaries, typed_at_once
from tests.support.yjs import Oracle


def document(content: str, client_id: int = 1) -> Doc[Text]:
    doc: Doc[Text] = Doc(client_id=client_id)
    doc.get("text", type=Text).insert(0, content)
    return doc


def edit(doc: Doc[Text], start: int, end: int, text: str, client: int) -> None:
    doc.apply_update(edit_update(doc, [TextEdit(start, end, text)], client))


def places(doc: Doc[Text], *spans: tuple[int, int]) -> list[Anchor]:
    return [anchor for pair in range_anchors(doc, spans) for anchor in pair]


def test_a_range_moves_with_its_text_and_what_is_typed_at_its_edges_stays_outside() -> None:
    doc = document("aé😀b")
    anchors = places(doc, (1, 4))
    assert anchors == [Anchor(1, 1, 0), Anchor(1, 3, -1)]
    edit(doc, 4, 4, "Y", 2)
    edit(doc, 1, 1, "𝒳", 3)
    edit(doc, 0, 0, "z", 4)
    assert resolve(doc, anchors) == [4, 7]
    edit(doc, 4, 7, "", 5)
    assert resolve(doc, anchors) == [4, 4]


def test_an_empty_range_lies_between_its_neighbours() -> None:
    doc = document("ab")
    anchors = places(doc, (1, 1), (0, 0), (2, 2))
    assert anchors == [Anchor(1, 0, -1), Anchor(1, 1, 0), START, Anchor(1, 0, 0), Anchor(1, 1, -1), END]
    edit(doc, 1, 1, "xyz", 2)
    assert resolve(doc, anchors) == [1, 4, 0, 0, 5, 5]
    assert places(document(""), (0, 0)) == [START, END]
    assert resolve(document(""), [START, END]) == [0, 0]


def test_a_unit_that_the_document_never_had_is_nowhere() -> None:
    assert resolve(document("ab"), [Anchor(1, 2, 0), Anchor(9, 0, -1), Anchor(1, 1, 0)]) == [None, None, 1]


def test_ranges_that_are_not_in_the_text() -> None:
    with pytest.raises(OffsetOutsideText):
        range_anchors(document("ab"), [(0, 3)])
    with pytest.raises(OffsetInsideSurrogatePair):
        range_anchors(document("a😀"), [(0, 2)])


@pytest.mark.parametrize("anchor", [START, END, Anchor(1, 0, 0), Anchor(2**53 - 1, 300, -1)])
def test_anchors_are_encoded_and_read_back(anchor: Anchor) -> None:
    assert Anchor.decode(anchor.encode()) == anchor


def test_anchors_of_before_there_was_an_association_are_read() -> None:
    assert Anchor.decode(b"\x00\x05\x06") == Anchor(5, 6, 0)


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x00\x05", b"\x00\x05\x06\x00\x00", b"\x01\x05other\x00", b"\x02\x05\x06\x00", b"\x03"]
)
def test_other_bytes_are_no_anchors(data: bytes) -> None:
    with pytest.raises(InvalidAnchor):
        Anchor.decode(data)


PIECES = ["a", "bc", "\n", "é", "e\u0301", "😀", "a😀b😁", "\u4e2d", "👩‍👩‍👧", "word "]


@pytest.mark.parametrize("seed", range(12))
def test_the_same_places_as_yjs_in_text_that_several_people_type_at_once(yjs: Oracle, seed: int) -> None:
    rng = random.Random(seed)
    names = ["one", "two", "three"]
    clients = rng.sample(range(1, 1 << 32), len(names))
    for name, client in zip(names, clients, strict=True):
        yjs.create(name, client)
    doc: Doc[Text] = Doc()
    shared = doc.get("text", type=Text)
    theirs: list[bytes] = []
    ours: list[tuple[Anchor, Anchor]] = []
    for _ in range(6):
        everything = typed_at_once(yjs, rng, names, PIECES)
        doc.apply_update(everything)
        present = str(shared)
        yjs.create("whole")
        yjs.apply("whole", everything)
        assert yjs.text("whole") == present
        theirs += [yjs.anchor("whole", rng.randint(0, utf16_length(present)), rng.choice((0, -1))) for _ in range(12)]
        spans = [tuple(sorted(rng.choices(boundaries(present), k=2))) for _ in range(6)]
        ours += range_anchors(doc, spans)
        asked = theirs + [anchor.encode() for pair in ours for anchor in pair]
        found = resolve(doc, [Anchor.decode(anchor) for anchor in asked])
        assert found == [yjs.resolve("whole", anchor) for anchor in asked]
        assert resolve(doc, [anchor for pair in ours[-len(spans) :] for anchor in pair]) == [
            offset for span in spans for offset in span
        ]
        assert str(shared) == present
