"""Who wrote what: the same as real Yjs says, whatever was typed, deleted and merged."""

import random

import pytest
from pycrdt import Doc, Text

from collab.history.attribution import Run, attribute, by_line
from collab.replicas.edits import TextEdit, edit_update
from collab.yjs.offsets import utf16_length
from tests.collab.texts_helpers import typed_at_once
from tests.support.yjs import Oracle


def document(*edits: tuple[int, int, str, int]) -> Doc[Text]:
    doc: Doc[Text] = Doc()
    doc.get("text", type=Text)
    for start, end, text, client in edits:
        doc.apply_update(edit_update(doc, [TextEdit(start, end, text)], client))
    return doc


ANN, BOB, JOB = "user:ann", "user:bob", "job:1"


def test_what_is_left_of_everybodys_text() -> None:
    doc = document((0, 0, "hello world", 1), (5, 5, ", dear 😀", 2), (0, 5, "", 3), (0, 0, "Hi", 3), (2, 2, "!", 4))
    content = doc.get_update()
    assert str(doc.get("text", type=Text)) == "Hi!, dear 😀 world"
    assert attribute(content, {1: ANN, 2: BOB, 3: JOB, 4: JOB}) == [Run(0, 3, JOB), Run(3, 12, BOB), Run(12, 18, ANN)]
    assert attribute(content, {2: BOB}) == [Run(0, 3, None), Run(3, 12, BOB), Run(12, 18, None)]


def test_an_empty_text_is_nobodys() -> None:
    assert attribute(document().get_update(), {}) == []
    assert attribute(document((0, 0, "gone", 1), (0, 4, "", 2)).get_update(), {1: ANN, 2: BOB}) == []


def test_of_more_authors_than_there_are_signs_the_last_are_not_named() -> None:
    authors = {client: f"job:{client:06}" for client in range(1, 60_000)}
    doc = document((0, 0, "a", 1), (1, 1, "b", 130), (2, 2, "c", 40_000), (3, 3, "d", 59_999))
    found = attribute(doc.get_update(), authors)
    assert [run.author for run in found] == ["job:000001", "job:000130", "job:040000", None]


PIECES = ["a", "bc", "\n", "é", "😀", "a😀b😁", "中", "word ", "\u2028", "\x0b"]


@pytest.mark.parametrize("seed", range(10))
def test_the_same_authors_as_yjs_in_text_that_several_people_type_at_once(yjs: Oracle, seed: int) -> None:
    rng = random.Random(seed)
    names = ["one", "two", "three"]
    clients = rng.sample(range(1, 1 << 32), len(names))
    for name, client in zip(names, clients, strict=True):
        yjs.create(name, client)
    doc: Doc[Text] = Doc()
    shared = doc.get("text", type=Text)
    for _ in range(8):
        everything = typed_at_once(yjs, rng, names, PIECES)
        doc.apply_update(everything)
        yjs.create("all")
        yjs.apply("all", everything)
        assert str(shared) == yjs.text("all")
        authors = {client: f"user:{client}" for client in clients}
        runs = attribute(doc.get_update(), authors)
        assert [run.author for run in runs for _ in range(run.start, run.end)] == [
            authors[client] for client in yjs.call("writers", doc="all")
        ]
        lines = by_line(str(shared), runs)
        assert [number for run in lines for number in range(run.start, run.end)] == list(
            range(str(shared).count("\n") + (str(shared)[-1:] not in ("", "\n")))
        )


def test_a_line_is_its_main_authors() -> None:
    pieces = [("ann's ", ANN), ("line", BOB), ("\nit", JOB), ("bob's one", BOB), ("\n", BOB), ("\n", ANN), ("ab", ANN)]
    pieces += [("😀", BOB), ("\u2028", JOB), ("\nlast", JOB)]
    runs: list[Run] = []
    for text, author in pieces:
        start = runs[-1].end if runs else 0
        runs.append(Run(start, start + utf16_length(text), author))
    whole = "".join(text for text, _ in pieces)
    assert by_line(whole, runs) == [Run(0, 1, ANN), Run(1, 2, BOB), Run(2, 4, ANN), Run(4, 5, JOB)]
    assert by_line("", []) == []
    assert by_line("\n", [Run(0, 1, BOB)]) == [Run(0, 1, BOB)]
