"""What cites passages is left out where nobody could follow it."""

import pytest

from ai.chat.citations import without_citations


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Nine florins [1], on Sundays [2][3].", "Nine florins, on Sundays."),
        ("Nine [1, 2] and [1,3].", "Nine and."),
        ("Nobody says [7], nor [1, 7].", "Nobody says [7], nor [1, 7]."),
        ("`a[1]` and ```\nb[1]\n``` [1]", "`a[1]` and ```\nb[1]\n```"),
        ("~~~\nc [1]", "~~~\nc [1]"),
        ("[1](notes.md) and\n[1]: notes.md", "[1](notes.md) and\n[1]: notes.md"),
        ("[x] [01] [1234] [a1] []", "[x] [01] [1234] [a1] []"),
        ("", ""),
    ],
)
def test_known_numbers_go_and_all_else_stays(text: str, left: str) -> None:
    assert without_citations(text, {1, 2, 3}) == left
    assert without_citations(text, ()) == text


@pytest.mark.parametrize("part", ["[", "`", "```", "[1", "[1, ", "~~~`"])
def test_hostile_answers_take_no_longer_than_others(part: str) -> None:
    text = part * 300_000
    assert without_citations(text, {1}) == text
