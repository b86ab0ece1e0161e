"""Who wrote what: the same as real Yjs says, whatever was typed, deleted and merged."""

import random
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from pycrdt import Doc, Text

from collab.history.attribution import Moment, Run, attribute, attribution, by_line
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


@pytest.mark.parametrize("seed", range(50))
def test_lines_are_counted_unit_by_unit(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choice(("a", "b", "\n", "\n\n", "😀", "long line ")) for _ in range(rng.randrange(1, 60)))
    units = utf16_length(text)
    cuts = sorted({0, units, *(rng.randrange(units) for _ in range(rng.choice((0, 1, 5, 40))))})
    moments = [None, *(datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2))]
    runs = [Run(start, end, rng.choice((ANN, BOB)), rng.choice(moments)) for start, end in pairwise(cuts)]
    expected = []
    start = 0
    for line in text.splitlines(keepends=True):
        end = start + utf16_length(line)
        counted = range(start, max(start + 1, end - line.endswith("\n")))
        of_line = [next(run for run in runs if run.start <= unit < run.end) for unit in counted]
        most = Counter(run.author for run in of_line)
        author = max(most, key=lambda one: most[one])
        times = [run.at for run in of_line if run.author == author]
        expected.append((author, None if None in times else max(time for time in times if time is not None)))
        start = end
    assert [(run.author, run.at) for run in by_line(text, runs) for _ in range(run.start, run.end)] == expected


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


def at(minute: int) -> datetime:
    return datetime(2026, 11, 29, 14, minute, tzinfo=UTC)


def test_what_a_moment_holds_was_there_at_the_latest() -> None:
    doc = document((0, 0, "one 😀\n", 1))
    moments = [Moment(at(1), doc.get_state())]
    # Goes on where it was: Yjs makes one string of both.
    for edit, minute in (((7, 7, "two\n", 1), 2), ((0, 0, "Bob's ", 2), 3)):
        doc.apply_update(edit_update(doc, [TextEdit(*edit[:3])], edit[3]))
        moments.append(Moment(at(minute), doc.get_state()))
    doc.apply_update(edit_update(doc, [TextEdit(17, 17, "three\n")], 1))
    content, authors = doc.get_update(), {1: ANN, 2: BOB}
    assert attribute(content, authors, moments) == [
        Run(0, 6, BOB, at(3)),
        Run(6, 13, ANN, at(1)),
        Run(13, 17, ANN, at(2)),
        Run(17, 23, ANN),
    ]
    found = attribution(content, authors, moments)
    assert found.runs == [Run(0, 6, BOB), Run(6, 23, ANN)]
    assert found.lines == [Run(0, 1, BOB, at(3)), Run(1, 2, ANN, at(2)), Run(2, 3, ANN)]


def test_moments_that_were_thinned_out_are_told_by_the_next_one() -> None:
    doc = document((0, 0, "ann", 1), (3, 3, " bob", 2), (7, 7, " ann", 1))
    state = doc.get_state()
    assert attribute(doc.get_update(), {1: ANN, 2: BOB}, [Moment(at(9), state), Moment(at(10), state)]) == [
        Run(0, 3, ANN, at(9)),
        Run(3, 7, BOB, at(9)),
        Run(7, 11, ANN, at(9)),
    ]
    # A document that was renewed has none of the clients that its old versions name.
    renewed = document((0, 0, "ann", 3))
    assert attribute(renewed.get_update(), {3: ANN}, [Moment(at(9), state)]) == [Run(0, 3, ANN)]


@pytest.mark.parametrize("seed", range(5))
def test_no_moment_is_too_early_or_too_late(seed: int) -> None:
    rng = random.Random(seed)
    doc: Doc[Text] = Doc()
    text = doc.get("text", type=Text)
    written: list[datetime | None] = []
    moments: list[Moment] = []
    for minute in range(1, 25):
        for _ in range(rng.randrange(4)):
            place, client = rng.randint(0, len(written)), rng.randint(1, 3)
            piece = rng.choice(["a", "bc", "def\n"])
            gone = min(rng.choice([0, 0, 1, 3]), len(written) - place)
            doc.apply_update(edit_update(doc, [TextEdit(place, place + gone, piece)], client))
            written[place : place + gone] = [None] * len(piece)
        moments.append(Moment(at(minute), doc.get_state()))
        written = [when or at(minute) for when in written]
    runs = attribute(doc.get_update(), {1: ANN, 2: BOB, 3: JOB}, moments)
    assert len(str(text)) == len(written)
    assert [run.at for run in runs for _ in range(run.start, run.end)] == written
