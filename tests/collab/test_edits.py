"""Edits as updates, and the edits between two texts: right on random texts, small on real ones, bounded on bad ones."""

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from collab.replicas import differences as differing
from collab.replicas.differences import MOST, differences
from collab.replicas.edits import (
    PIECE,
    TOGETHER,
    TextEdit,
    edit_update,
    first_update,
    fork,
    fresh_client_id,
    minimal_edits,
    replacing_updates,
)
from collab.yjs.codec import read_var_uint
from collab.yjs.offsets import OffsetInsideSurrogatePair, OffsetOutsideText, slice_utf16, utf16_length
from collab.yjs.update import missing, read_update
from tests.support.work import work
from tests.support.yjs import oracle

ALPHABET = "ab \n.é\u0301\u4e2d😀𝒳"


def document(content: str, client_id: int = 1) -> Doc[Text]:
    doc: Doc[Text] = Doc(client_id=client_id)
    doc.get("text", type=Text).insert(0, content)
    return doc


def text_of(doc: Doc[Text]) -> str:
    return str(doc.get("text", type=Text))


def carried_out(text: str, edits: list[TextEdit]) -> str:
    """The edits by slicing, as an oracle."""
    result, at = "", 0
    for edit in edits:
        assert at <= edit.start <= edit.end
        result += slice_utf16(text, at, edit.start) + edit.text
        at = edit.end
    return result + slice_utf16(text, at, utf16_length(text))


def test_an_edit_is_an_update_under_its_own_client_id() -> None:
    doc = document("aé😀b")
    before = doc.get_update()
    update = edit_update(doc, [TextEdit(4, 5, "c"), TextEdit(0, 0, "x"), TextEdit(2, 4, "")], client_id=99)
    assert doc.get_update() == before
    header = read_update(update, "text")
    assert list(header.ranges) == [99]
    assert missing(header, {1: 5}) is None
    doc.apply_update(update)
    assert text_of(doc) == "xaéc"


def test_insertions_at_one_place_keep_their_order() -> None:
    doc = document("ab")
    doc.apply_update(edit_update(doc, [TextEdit(1, 1, "1"), TextEdit(1, 1, "2"), TextEdit(1, 2, "B")], client_id=9))
    assert text_of(doc) == "a12B"


def test_an_edit_keeps_what_others_write_meanwhile() -> None:
    doc = document("one two three")
    other = fork(doc, client_id=5)
    other.get("text", type=Text).insert(3, " and a half")
    update = edit_update(doc, [TextEdit(8, 13, "3")], client_id=9)
    for replica in (doc, other):
        replica.apply_update(update)
        replica.apply_update(doc.get_update())
        replica.apply_update(other.get_update())
    assert text_of(doc) == text_of(other) == "one and a half two 3"


def test_edits_that_cannot_be() -> None:
    doc = document("aé😀b")
    with pytest.raises(ValueError, match="overlap"):
        edit_update(doc, [TextEdit(0, 2, ""), TextEdit(1, 4, "")], client_id=9)
    with pytest.raises(OffsetInsideSurrogatePair):
        edit_update(doc, [TextEdit(3, 3, "x")], client_id=9)
    with pytest.raises(OffsetOutsideText):
        edit_update(doc, [TextEdit(0, 6, "x")], client_id=9)
    assert edit_update(doc, [], client_id=9) == b"\x00\x00"


def test_a_fresh_client_id_is_none_of_those_taken() -> None:
    class AllButOne:
        def __init__(self) -> None:
            self.asked = 0

        def __contains__(self, client: object) -> bool:
            self.asked += 1
            return self.asked < 3

    taken = AllButOne()
    assert 0 < fresh_client_id(taken) < 2**32
    assert taken.asked == 3


@settings(deadline=None)
@given(st.text(st.sampled_from(ALPHABET)), st.text(st.sampled_from(ALPHABET)))
def test_edits_between_any_two_texts(old: str, new: str) -> None:
    edits = minimal_edits(old, new)
    assert carried_out(old, edits) == new
    assert all(before.end < behind.start for before, behind in pairwise(edits))
    doc = document(old)
    doc.apply_update(edit_update(doc, edits, client_id=2))
    assert text_of(doc) == new


def lines(seed: int, count: int, words: int = 12) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choice(("alpha", "bêta", "gamma😀", "x", "0")) for _ in range(words)) for _ in range(count)]


@pytest.mark.parametrize("seed", range(20))
def test_edits_between_a_text_and_its_revision(seed: int) -> None:
    rng = random.Random(seed)
    old = lines(seed, 200, words=3)
    new = old.copy()
    for _ in range(rng.randrange(1, 30)):
        at = rng.randrange(len(new))
        new[at : at + rng.randrange(3)] = lines(rng.random().__hash__(), rng.randrange(3), words=4)
    edits = minimal_edits("\n".join(old), "\n".join(new))
    assert carried_out("\n".join(old), edits) == "\n".join(new)


def test_only_the_changed_words_are_replaced() -> None:
    old = "def f(x):\n    return x + 1\n\n\ndef g(y):\n    return y\n"
    new = "def f(x):\n    return x + 22\n\n\ndef h(y):\n    return y\n\nz = 1\n"
    assert minimal_edits(old, new) == [
        TextEdit(25, 26, "22"),
        TextEdit(33, 34, "h"),
        TextEdit(52, 52, "\nz = 1\n"),
    ]
    assert minimal_edits("same", "same") == []
    assert minimal_edits("", "new") == [TextEdit(0, 0, "new")]
    assert minimal_edits("old", "") == [TextEdit(0, 3, "")]
    assert minimal_edits("a 😀 b", "a 😁 b") == [TextEdit(2, 4, "😁")]


MEGABYTES_5 = 5_000_000


def of_size(seed: int, line: int, size: int = MEGABYTES_5) -> str:
    rng = random.Random(seed)
    one = "".join(rng.choice("abcdef ") for _ in range(line - 1))
    return "".join(f"{one[:-8]}{number:08}\n" for number in range(size // line))


def changed_lines(text: str) -> str:
    split = text.splitlines(keepends=True)
    for at in range(0, len(split), len(split) // 40):
        split[at] = f"changed {at} 😀\n"
    return "".join(split)


UNLIKE: dict[str, Callable[[int], tuple[str, str]]] = {
    "a few lines": lambda size: (of_size(1, 50, size), changed_lines(of_size(1, 50, size))),
    "no line in common": lambda size: (of_size(1, 50, size), of_size(2, 50, size)),
    "two kinds of line": lambda size: ("a\n" * (size // 2), "b\na\n" * (size // 4)),
    "one line": lambda size: ("ab" * (size // 2), "ba " * (size // 3)),
    "one line of like words": lambda size: ("a b" * (size // 3), "c b" * (size // 3)),
}


@pytest.mark.parametrize("texts", UNLIKE.values(), ids=UNLIKE)
def test_edits_between_large_texts(texts: Callable[[int], tuple[str, str]]) -> None:
    old, new = texts(MEGABYTES_5)
    edits = minimal_edits(old, new)
    assert carried_out_quickly(old, edits) == new
    if texts is UNLIKE["a few lines"]:
        assert len(edits) < 200


@pytest.mark.parametrize("texts", UNLIKE.values(), ids=UNLIKE)
def test_edits_take_a_bounded_number_of_steps(
    texts: Callable[[int], tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`bench/costs.py` says how long that is."""
    monkeypatch.setattr(differing, "STEPS", 60_000)
    old, new = texts(100_000)
    assert work(lambda: minimal_edits(old, new)) < 8 * 60_000


def carried_out_quickly(text: str, edits: list[TextEdit]) -> str:
    units = text.encode("utf-16-le")
    parts, at = [], 0
    for edit in edits:
        parts += [units[2 * at : 2 * edit.start], edit.text.encode("utf-16-le")]
        at = edit.end
    return b"".join([*parts, units[2 * at :]]).decode("utf-16-le")


def structs(update: bytes) -> int:
    """How many structs an update of one client has."""
    sections, at = read_var_uint(update, 0)
    assert sections == 1
    return read_var_uint(update, at)[0]


def test_a_large_text_stays_in_pieces() -> None:
    """Also in Yjs, which joins by the same rule as yrs: only what stands in the order in which it was written."""
    text = "".join(f"line {number} é😀\n" for number in range(10_000))
    doc: Doc[Text] = Doc()
    doc.apply_update(first_update(text, 5))
    assert text_of(doc) == text
    assert structs(doc.get_update()) == -(-len(text) // PIECE)
    with oracle() as yjs:
        yjs.create("large")
        yjs.apply("large", doc.get_update())
        assert yjs.text("large") == text
        assert structs(yjs.update("large")) == structs(doc.get_update())


def test_a_long_insertion_into_a_text_is_in_pieces_and_in_one_place() -> None:
    doc = document("before behind")
    other = fork(doc, client_id=2**31)
    other.get("text", type=Text).insert(7, "between ")
    new = "before " + "word " * PIECE + "behind"
    made = replacing_updates(doc.get_update(), new, 3)
    assert made is not None
    [update], growth = made
    assert growth == 5 * PIECE
    assert structs(update) == 5
    for first, second in ((update, other.get_update()), (other.get_update(), update)):
        replica = fork(doc)
        replica.apply_update(first)
        replica.apply_update(second)
        assert text_of(replica).replace("between ", "") == new
        assert text_of(replica).count("word " * PIECE) == 1


@given(st.text(ALPHABET, max_size=80), st.text(ALPHABET, max_size=80), st.text(ALPHABET, min_size=1, max_size=9))
@settings(max_examples=200, deadline=None)
def test_a_replacement_keeps_what_is_typed_meanwhile(old: str, new: str, typed: str) -> None:
    doc = document(old, client_id=2)
    made = replacing_updates(doc.get_update(), new, 3)
    other = fork(doc, client_id=4)
    other.get("text", type=Text).insert(0, typed)
    assert (made is None) == (old == new)
    if made is not None:
        updates, growth = made
        assert growth == len(new.encode()) - len(old.encode())
        for update in updates:
            doc.apply_update(update)
            other.apply_update(update)
        assert text_of(doc) == new
    doc.apply_update(other.get_update())
    assert typed in text_of(doc)
    assert len(text_of(doc)) == len(new) + len(typed)


def test_between_the_updates_of_a_replacement_every_place_is_as_it_was_or_as_it_will_be() -> None:
    old = [f"old {number}\n" for number in range(300)]
    new = [line if number % 3 else f"new {number}\n" for number, line in enumerate(old)]
    doc = document("".join(old))
    made = replacing_updates(doc.get_update(), "".join(new), 3)
    assert made is not None
    for update in made[0]:
        doc.apply_update(update)
        lines = text_of(doc).splitlines(keepends=True)
        assert all(line in either for line, either in zip(lines, zip(old, new, strict=True), strict=True))
    assert len(made[0]) == -(-100 // TOGETHER)
    assert text_of(doc) == "".join(new)


def test_texts_that_differ_everywhere_are_replaced_in_a_bounded_number_of_places() -> None:
    old = "".join(f"{number}\n" for number in range(3 * MOST))
    new = "".join(f"{number} {'!' if number % 2 else ''}\n" for number in range(3 * MOST))
    found = differences(old, new)
    assert 0 < len(found) <= MOST
    assert carried_out(old, minimal_edits(old, new)) == new


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_few_places_are_those_that_lie_farthest_apart(changed: list[int]) -> None:
    old = "".join(f"{number}\n" for number in range(len(changed)))
    new = "".join(f"{number}{'+' * change}\n" for number, change in enumerate(changed))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("collab.replicas.differences.MOST", 3)
        edits = minimal_edits(old, new)
    assert len(edits) <= 3
    assert carried_out(old, edits) == new
