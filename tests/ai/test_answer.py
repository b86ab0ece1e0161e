"""Answers as models really wrap them, whole and in pieces."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai.answers.answer import AnswerStream, TextCleaner, clean_answer

CODE = "def f():\n    return 1\n"
MARKDOWN = "# Title\n\n```\nmake run\n```\n\nThe end.\n"

CASES = [
    # answer, selection, what is meant
    ("def f():\n    return 2\n", CODE, "def f():\n    return 2\n"),
    ("def f():\n    return 2", CODE, "def f():\n    return 2\n"),
    ("\n\ndef f():\n    return 2\n\n\n", CODE, "def f():\n    return 2\n"),
    ("```python\ndef f():\n    return 2\n```", CODE, "def f():\n    return 2\n"),
    ("```\ndef f():\n    return 2\n```\n", CODE, "def f():\n    return 2\n"),
    ("~~~py\ndef f():\n    return 2\n~~~\n\nI changed the 1.", CODE, "def f():\n    return 2\n"),
    (
        "Sure! Here is the updated function:\n\n```python\ndef f():\n    return 2\n```\nDone.",
        CODE,
        "def f():\n    return 2\n",
    ),
    ("Here's the code:\n```\nx\n```\nand\n```\ny\n```", "a\n", "x\n"),
    ("The revised sentence:\n\nA better sentence.", "A sentence.", "A better sentence."),
    ("<think>\nHm, ```.\n</think>\n\nA better sentence.", "A sentence.", "A better sentence."),
    ("one\r\ntwo\r\n\0", "a\nb\n", "one\ntwo\n"),
    ("x = 1\n```", "x = 0\n", "x = 1\n"),
    # a wrapper around text that has fences itself
    (f"```markdown\n{MARKDOWN}```", MARKDOWN, MARKDOWN),
    (f"Sure:\n````md\n{MARKDOWN}````\nBye.", MARKDOWN, MARKDOWN),
    (
        "```markdown\n# Title\n\n```sh\nmake run\n```\n\nThe end.\n```",
        "# Title\n",
        "# Title\n\n```sh\nmake run\n```\n\nThe end.\n",
    ),
    ("```markdown\n# Title\n\n```\nmake run\n```\n\nThe end.", MARKDOWN, MARKDOWN),
    # what looks like a wrapper and is none
    (MARKDOWN, MARKDOWN, MARKDOWN),
    ("```python\nprint(2)\n```\n", "```python\nprint(1)\n```\n", "```python\nprint(2)\n```\n"),
    ("Use it so:\n\n```\nmake run\n```\n", "Use it.\n", "Use it so:\n\n```\nmake run\n```\n"),
    ("Here is the plan:\n\nfirst", "Here is the plan:\n\nnothing", "Here is the plan:\n\nfirst"),
    ("Here is what we do: we write.", "We write.", "Here is what we do: we write."),
    ("Sure: yes.", "No.", "Sure: yes."),
    ("Sure:", "No.", "Sure:"),
    ("`code` and more", "code", "`code` and more"),
    # indentation that a server stripped from the beginning
    ("return 2", "    return 1\n", "    return 2\n"),
    ("if x:\n        return 2", "    if y:\n        return 1", "    if x:\n        return 2"),
    ("if x:\n    return 2", "    if y:\n        return 1", "if x:\n    return 2"),
    # blank lines at the ends of the selection
    ("two", "\n\none\n\n", "\n\ntwo\n\n"),
    ("two\n", "one\n\n\n", "two\n"),
    ("two\n\n", "one", "two"),
    # inserted text keeps its own
    ("\n\n## Next\n", "", "\n\n## Next\n"),
    ("```python\nx = 1\n```", "", "x = 1"),
    ("Here are two ideas:\n\n- one", "", "Here are two ideas:\n\n- one"),
    # nothing
    ("```\n```", CODE, ""),
    ("", CODE, ""),
    ("\n\n", CODE, ""),
]


@pytest.mark.parametrize(("answer", "selection", "meant"), CASES)
def test_answers_as_models_wrap_them(answer: str, selection: str, meant: str) -> None:
    assert clean_answer(answer, selection) == meant


@pytest.mark.parametrize(("answer", "selection", "meant"), CASES)
def test_pieces_give_what_the_whole_gives(answer: str, selection: str, meant: str) -> None:
    for seed in range(20):
        rng = random.Random(seed)
        stream, out, at = AnswerStream(selection), "", 0
        while at < len(answer):
            size = rng.randint(1, rng.choice([1, 3, 30]))
            out += stream.push(answer[at : at + size])
            at += size
        assert out + stream.finish() == meant


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.sampled_from(["```", "```\n", "```py\n", "~~~", "\n", "Sure:\n", "a", " ", "\ud83d", "\ude00", "\r\n"]),
        max_size=14,
    ),
    st.sampled_from(["", "x", "x\n", "  x\n  y\n", MARKDOWN, "\n\n"]),
)
def test_any_pieces_give_what_the_whole_gives(pieces: list[str], selection: str) -> None:
    stream = AnswerStream(selection)
    out = "".join(map(stream.push, pieces)) + stream.finish()
    assert out == clean_answer("".join(pieces), selection)
    assert not out.encode("utf-8").count(b"\r")


def test_nothing_on_purpose_is_told_from_nothing_at_all() -> None:
    for answer, deleted in (
        ("```\n```", True),
        ("Sure:\n\n```python\n\n```", True),
        ("", False),
        ("\n", False),
        ("```", False),
    ):
        stream = AnswerStream(CODE)
        assert stream.push(answer) + stream.finish() == ""
        assert stream.deleted is deleted, answer
    stream = AnswerStream(CODE)
    stream.push("```\nx\n```")
    stream.finish()
    assert not stream.deleted


def test_ordinary_text_is_not_held_back() -> None:
    stream = AnswerStream("x = 0\n")
    assert stream.push("x") == "x"
    assert stream.push(" = 1") == " = 1"
    assert stream.push("\n") == ""
    assert stream.push("y") == "\ny"
    stream = AnswerStream(CODE)
    assert stream.push("```python\nde") == "de"
    assert stream.push("f g():\n    ") == "f g():\n    "


def test_characters_whose_halves_come_apart_are_put_together() -> None:
    cleaner = TextCleaner()
    assert cleaner.push("a\ud83d") == "a"
    assert cleaner.push("\ude00b") == "😀b"
    assert cleaner.push("\ud83d") + cleaner.finish() == "\ufffd"


def test_thoughts_without_an_end_are_no_answer() -> None:
    cleaner = TextCleaner()
    assert cleaner.push("<thi") + cleaner.push("nk>a lot") + cleaner.push(" more" * 50) + cleaner.finish() == ""
    cleaner = TextCleaner()
    assert cleaner.push("<thi") + cleaner.push("ck>") + cleaner.finish() == "<thick>"


def test_a_fence_with_a_line_without_an_end_takes_no_time() -> None:
    for line in ("```" + " " * 300_000 + "`", "~" * 300_000 + "`"):
        assert clean_answer(f"one\n{line}\n", "one\n") == f"one\n{line}\n"
