"""Answers of models as grey text: what is new of them, whole and in pieces."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.completing.completion_text import MOST_LETTERS, MOST_LINES, CompletionText

CASES = [
    # before, after, answer, what is shown
    ("The meeting was ", "\n", "on Tuesday.", "on Tuesday."),
    ("The meeting was", "", " on Tuesday.\n", " on Tuesday."),
    # wrappers
    ("x = ", "\n", "```python\n1\n```", "1"),
    ("x = ", "\n", "Sure, here it is:\n```\n1\n```\nAnything else?", "1"),
    ("x = ", "", "<think>Hm.</think>1", "1"),
    ("x = ", "", "```\n```", ""),
    ("x = ", "", "\n\n", ""),
    # what stands before, said once more
    ("first\nThe meeting was", "", "The meeting was on Tuesday.", " on Tuesday."),
    ("if x:\n    return so", "", "    return some(x)", "me(x)"),
    ("if x:\n    return so", "", "return some(x)", "me(x)"),
    ("The meeting was ", "", "The meeting was on Tuesday.", "on Tuesday."),
    ("The meeting was ", "", " on Tuesday.", "on Tuesday."),
    ("if x:\n    ", "\n", "    return x", "return x"),
    ("if x:\n    ", "\n", "  return x", "return x"),
    ("if x:\n    ", "\n", "return x", "return x"),
    ("if x:\n    ", "\n", "        return x", "    return x"),
    ("ha ", "", "ha ha", "ha ha"),
    # what stands after
    ("print(", ")\n", "x)", "x"),
    ("print(", ")\n", "f(x))", "f(x)"),
    ("print(", ")", "f(x)", "f(x"),
    ('say("', '")', 'hello")\nbye', "hello"),
    ("def f():\n    a = 1", "\n    return a\n", "\n    b = 2\n    return a\n", "\n    b = 2"),
    ("def f():\n    a = 1", "\n\n\n    return a\n", "\n    b = 2\n    return a\n    c()", "\n    b = 2"),
    ("def f():\n    a = 1", "\n    return a\n", "\n    return a", ""),
    ("if (x) {\n  y()", "\n}\n", "\n  if (z) {\n  }\n}\nmore()", "\n  if (z) {\n  }"),
    ("one\n", "\nthree", "two\nthree and more", "two\nthree and more"),
    # surrogates and what is no text at all
    ("é😀 ", "", "😀😀", "😀😀"),
    ("", "", "a\r\nb\0c", "a\nbc"),
]


def shaped(before: str, after: str, *pieces: str) -> tuple[list[str], CompletionText]:
    """What is shown after each piece, and at the end."""
    text = CompletionText(before, after)
    seen: list[str] = []
    for piece in pieces:
        text.push(piece)
        seen.append(text.text)
    text.finish()
    return [*seen, text.text], text


@pytest.mark.parametrize(("before", "after", "answer", "shown"), CASES)
def test_what_is_new_is_shown(before: str, after: str, answer: str, shown: str) -> None:
    assert shaped(before, after, answer)[0][-1] == shown
    assert shaped(before, after, *answer)[0][-1] == shown


def test_it_is_as_long_as_a_glance() -> None:
    [*_, lines], text = shaped("", "", "line\n" * 100)
    assert (lines, text.full) == ("\n".join(["line"] * MOST_LINES), True)
    [*_, prose], text = shaped("", "", "many words " * 1_000)
    assert text.full
    assert MOST_LETTERS <= len(prose) < MOST_LETTERS + 100
    assert prose.endswith(("many", "words"))
    [*_, endless], text = shaped("", "", "x" * 10_000)
    assert (len(endless), text.full) == (MOST_LETTERS + 100, True)
    [*_, one], text = shaped("f(", ")", "a,\nb,\nc")
    assert (one, text.full) == ("a,", True)


ALPHABET = st.text(alphabet="ab() \n\t}é😀`", max_size=40)


@given(ALPHABET, ALPHABET, st.lists(ALPHABET, max_size=8))
def test_what_was_shown_is_never_taken_back(before: str, after: str, pieces: list[str]) -> None:
    seen, text = shaped(before, after, *pieces)
    for earlier, later in pairwise(seen):
        assert later.startswith(earlier)
    assert text.text.count("\n") < MOST_LINES
    assert text.text == text.text.rstrip()


@given(ALPHABET, ALPHABET, ALPHABET, st.integers(0, 2**40 - 1))
def test_the_pieces_make_no_difference(before: str, after: str, answer: str, cuts: int) -> None:
    pieces = [""]
    for number, letter in enumerate(answer):
        if cuts >> number & 1:
            pieces.append("")
        pieces[-1] += letter
    assert shaped(before, after, *pieces)[0][-1] == shaped(before, after, answer)[0][-1]


ONE_LINE = st.text(alphabet="ab() é😀", max_size=20)


@given(ONE_LINE, ONE_LINE)
def test_the_rest_of_a_line_is_not_said_twice(new: str, rest: str) -> None:
    rest += ")"
    assert shaped("", rest + "\n", new + rest)[0][-1] == new.rstrip()


def test_a_large_document_is_not_cut_up_for_it() -> None:
    text = CompletionText("x" * 10_000_000, "y" * 10_000_000)
    assert text.push("x" * 100) == ""
    assert text.finish() == "x" * 100
