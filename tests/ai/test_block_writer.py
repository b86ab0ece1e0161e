"""What is written in blocks is read as the same change."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.answers import block_writer
from ai.answers.block_writer import Piece, in_blocks
from ai.answers.blocks import MARK, BlockReader, Ended, Replacing, Searched, mark_for
from ai.answers.matching import Fitting, Place, locate

LINES = ["def f(x):", "    return x", "", "    y = 1", "x", "}", "# α😀", "  pass"]


def carried_out(text: str, answer: str, mark: int) -> str:
    """As `ai.proposals.rewriting` does it."""
    reader = BlockReader(mark)
    pieces: list[Piece] = []
    for said in reader.push(answer) + reader.finish():
        match said:
            case Searched(lines):
                place = locate(text, lines)
                assert isinstance(place, Place), lines
                fitting, new = Fitting(place, lines), ""
            case Replacing(line):
                new += fitting.push(line)
            case Ended():
                whole = place.whole_lines and text[place.start : place.end].endswith("\n")
                pieces.append((place.start, place.end, new + fitting.finish(line_end=whole)))
    return changed(text, sorted(pieces))


def changed(text: str, pieces: list[Piece]) -> str:
    parts, reached = [], 0
    for start, end, new in pieces:
        assert start >= reached
        parts += [text[reached:start], new]
        reached = end
    return "".join(parts) + text[reached:]


def random_pieces(draw: random.Random, text: str) -> list[Piece]:
    places = sorted(draw.randint(0, len(text)) for _ in range(2 * draw.randint(1, 4)))
    new = ["", "z", "one\n", "two\nthree", "\n    deep\n"]
    return [(a, b, draw.choice(new)) for a, b in zip(places[::2], places[1::2], strict=True)]


def seen(text: str) -> list[str]:
    """Without what blocks cannot say: blank space in blank lines, and whether the last line has an end."""
    return [line.rstrip() for line in text.removesuffix("\n").split("\n")]


@pytest.mark.parametrize("seed", range(300))
def test_random_changes_come_back(seed: int) -> None:
    draw = random.Random(seed)
    text = "\n".join(draw.choices(LINES, k=draw.randint(1, 30))) + draw.choice(["", "\n"])
    pieces = random_pieces(draw, text)
    wanted = changed(text, pieces)
    answer = in_blocks(text, pieces, MARK)
    if wanted == text:
        return
    if answer is None:
        # Nothing but blank lines can be searched for nowhere.
        assert not text.strip() or len(text.split("\n")) < 30
        return
    assert seen(carried_out(text, answer, MARK)) == seen(wanted)


def test_nearly_all_changes_of_a_real_text_can_be_said() -> None:
    draw = random.Random(1)
    text = "".join(f"line {n} of a text\n{draw.choice(LINES)}\n" for n in range(200))
    said = 0
    for _ in range(200):
        pieces = random_pieces(draw, text)
        answer = in_blocks(text, pieces, MARK)
        if changed(text, pieces) == text:
            said += answer is None
        elif answer is not None:
            said += 1
            assert carried_out(text, answer, MARK).split() == changed(text, pieces).split()
    assert said == 200


def test_a_block_repeats_no_more_than_it_must() -> None:
    text = "one\ntwo\nthree\nfour\n"
    assert in_blocks(text, [(4, 7, "2")], MARK) == "<<<<<<< SEARCH\ntwo\n=======\n2\n>>>>>>> REPLACE\n"
    assert in_blocks(text, [(4, 8, "")], MARK) == "<<<<<<< SEARCH\ntwo\n=======\n>>>>>>> REPLACE\n"
    twice = "a\nb\na\nc\n"
    assert in_blocks(twice, [(4, 5, "A")], MARK) == "<<<<<<< SEARCH\nb\na\nc\n=======\nb\nA\nc\n>>>>>>> REPLACE\n"


def test_where_nothing_changes_there_is_no_answer() -> None:
    assert in_blocks("one\n", [], MARK) is None
    assert in_blocks("one\n", [(0, 3, "one")], MARK) is None


@given(st.text(alphabet="ab\n=<> ", max_size=40), st.text(alphabet="ab\n=<> ", max_size=20), st.integers(0, 40))
def test_marks_in_the_text_do_not_mislead(text: str, new: str, at: int) -> None:
    at = min(at, len(text))
    mark = mark_for(text)
    answer = in_blocks(text, [(at, at, new)], mark)
    if answer is not None:
        assert carried_out(text, answer, mark).split() == changed(text, [(at, at, new)]).split()


def test_a_hundred_thousand_lines_that_all_change_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_writer, "MOST_LOOKED", 10_000)
    text = "".join(f"{n}\n" for n in range(1_000))
    few = [(0, 1, "zero"), (len(text) - 4, len(text) - 1, "last")]
    assert in_blocks(text, few, MARK) is not None
    assert in_blocks(text, [(at, at + 1, "x") for at in range(0, 2_000, 20)], MARK) is None
