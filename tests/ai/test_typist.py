"""The assistant's typing replica under people who edit around it."""

import random

import pytest
from pycrdt import Doc, Text

from ai.proposals.typist import Typist
from collab.replicas.edits import TextEdit, edit_update, fork
from collab.replicas.positions import resolve
from collab.yjs.offsets import utf16_length, utf16_to_utf8
from collab.yjs.update import encode_delete_set

PIECES = ["a", "é", "😀", "line\n", " ", "wörd", "日本", "e\u0301"]


def make(text: str) -> Doc:
    doc: Doc = Doc(client_id=1)
    doc.get("text", type=Text).insert(0, text)
    return doc


def text_of(doc: Doc) -> str:
    return str(doc.get("text", type=Text))


def byte_at(text: str, offset: int) -> int:
    return utf16_to_utf8(text, [offset])[0]


def test_types_at_its_place_in_utf16_beside_wide_characters() -> None:
    doc = make("aé😀b")
    typist = Typist(doc, byte_at("aé😀b", 4), 7)
    doc.apply_update(typist.type("X😀"))
    doc.apply_update(typist.type("Y"))
    assert text_of(doc) == "aé😀X😀Yb"
    assert (typist.typed.client, typist.typed.length) == (7, 4)


def test_goes_on_behind_its_last_character_when_somebody_types_there() -> None:
    doc = make("ab")
    typist = Typist(doc, 1, 7)
    doc.apply_update(typist.type("1"))
    update = edit_update(doc, [TextEdit(2, 2, "person")], 9)
    doc.apply_update(update)
    typist.receive(update)
    doc.apply_update(typist.type("2"))
    assert text_of(doc) == "a12personb"


@pytest.mark.parametrize("seed", range(30))
def test_stays_with_its_text_while_people_edit_everywhere(seed: int) -> None:
    draw = random.Random(seed)
    doc = make("".join(draw.choices(PIECES, k=30)))
    start = draw.choice(_boundaries(text_of(doc)))
    typist = Typist(doc, byte_at(text_of(doc), start), 7)
    typed, typed_by_people = "", ""
    for step in range(40):
        if draw.random() < 0.5:
            piece = draw.choice(PIECES)
            typed += piece
            doc.apply_update(typist.type(piece))
        else:
            present = text_of(doc)
            first, last = sorted(draw.choices(_boundaries(present), k=2))
            last = min(last, first + draw.choice([0, 0, 3]))
            while last not in _boundaries(present):
                last += 1
            piece = f"<{step}>"
            typed_by_people += piece
            update = edit_update(doc, [TextEdit(first, last, piece)], 1000 + step)
            doc.apply_update(update)
            typist.receive(update)
    assert typist.typed.length == utf16_length(typed)
    if typed:
        # The next character lands right behind the last one typed, whether or not that one is still there.
        [behind] = resolve(doc, [typist.typed.anchors[1]])
        assert behind is not None
        before = text_of(doc)
        doc.apply_update(typist.type("!"))
        place = len(before.encode("utf-16-le")[: 2 * behind].decode("utf-16-le"))
        assert text_of(doc) == f"{before[:place]}!{before[place:]}"


def test_one_delete_set_takes_back_exactly_what_was_typed() -> None:
    doc = make("one two")
    typist = Typist(doc, 3, 7)
    for piece in (" and", " a half😀"):
        doc.apply_update(typist.type(piece))
        update = edit_update(doc, [TextEdit(5, 5, "[me]")], 50 + len(piece))
        doc.apply_update(update)
        typist.receive(update)
    undone = fork(doc)
    undone.apply_update(encode_delete_set({7: [(0, typist.typed.length)]}))
    assert text_of(undone) == "one[me][me] two"


def _boundaries(text: str) -> list[int]:
    found = [0]
    for character in text:
        found.append(found[-1] + utf16_length(character))
    return found
