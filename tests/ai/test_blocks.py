import random

import pytest

from ai.answers.blocks import BlockReader, Ended, Replacing, Said, Searched, instructions, mark_for

ANSWER = """Sure:
<<<<<<< SEARCH
one
two
=======
one

2
>>>>>>> REPLACE
and then
<<<<<<< SEARCH
six
=======
>>>>>>> REPLACE
"""
SAID: list[Said] = [
    Searched(("one\n", "two\n")),
    Replacing("one\n"),
    Replacing("\n"),
    Replacing("2\n"),
    Ended(whole=True),
    Searched(("six\n",)),
    Ended(whole=True),
]


def read(answer: str, *, cut_off: bool = False, mark: int = 7) -> list[Said]:
    reader = BlockReader(mark)
    return reader.push(answer) + reader.finish(cut_off=cut_off)


@pytest.mark.parametrize("seed", range(10))
def test_blocks_are_read_however_the_answer_is_cut_into_pieces(seed: int) -> None:
    draw, reader, rest, said = random.Random(seed), BlockReader(), ANSWER, []
    while rest:
        size = draw.randint(1, 9)
        said += reader.push(rest[:size])
        rest = rest[size:]
    assert said + reader.finish() == SAID


def test_the_example_that_models_are_shown_is_a_block() -> None:
    for mark in (7, 12):
        searched, replacing, ended = read(instructions(mark), mark=mark)
        assert isinstance(searched, Searched)
        assert isinstance(replacing, Replacing)
        assert ended == Ended(whole=True)


def test_a_fence_around_a_block_is_no_part_of_it_and_one_inside_is() -> None:
    inside = "```md\n<<<<<<< SEARCH\na\n=======\n```\nb\n```\n>>>>>>> REPLACE\n```\n"
    assert read(inside)[1:] == [Replacing("```\n"), Replacing("b\n"), Replacing("```\n"), Ended(whole=True)]
    around = "```\n<<<<<<< SEARCH\na\n=======\nb\n```\n<<<<<<< SEARCH\nc\n=======\nd\n```\n"
    assert [part for part in read(around) if isinstance(part, Replacing)] == [Replacing("b\n"), Replacing("d\n")]


def test_a_block_without_its_last_mark_is_whole_unless_the_answer_was_cut_off() -> None:
    answer = "<<<<<<< SEARCH\na\n=======\nb\nc"
    assert read(answer) == [Searched(("a\n",)), Replacing("b\n"), Replacing("c\n"), Ended(whole=True)]
    assert read(answer, cut_off=True) == [Searched(("a\n",)), Replacing("b\n"), Ended(whole=False)]


@pytest.mark.parametrize(
    "answer",
    [
        "<<<<<<< SEARCH\na\n",
        "<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n",
        "<<<<<<< SEARCH\na\n<<<<<<< SEARCH\nb\n=======\nc\n",
    ],
)
def test_a_search_without_a_replacement_is_broken(answer: str) -> None:
    reader = BlockReader()
    said = reader.push(answer) + reader.finish()
    assert reader.broken == 1
    assert [part for part in said if isinstance(part, Searched)] == said[:1] * (len(said) > 0)


@pytest.mark.parametrize("text", ["=======\n", "a\n  <<<<<<<<< x\n", "Title\n==========\n", ">>>>>>> b\n", "plain\n"])
def test_no_line_of_the_text_can_be_taken_for_a_mark(text: str) -> None:
    mark = mark_for(text)
    answer = f"{'<' * mark} SEARCH\n{text}{'=' * mark}\n{text}{text}{'>' * mark} REPLACE\n"
    lines = text.splitlines(keepends=True)
    assert read(answer, mark=mark) == [
        Searched(tuple(lines)),
        *map(Replacing, lines * 2),
        Ended(whole=True),
    ]


def test_a_line_without_an_end_is_no_mark_and_takes_no_time() -> None:
    long = ">>>>>>>" + " " * 300_000 + "x"
    said = read(f"<<<<<<< SEARCH\none\n=======\n{long}\n>>>>>>> REPLACE\n")
    assert said == [Searched(("one\n",)), Replacing(long + "\n"), Ended(whole=True)]
