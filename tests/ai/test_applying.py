"""Finding the place of a piece of an answer: every form that models write, and every doubt that has to be refused."""

import random

import pytest

from ai.answers.applying import CannotApply, Replacement, replacements

CODE = '''"""Prices of the museum."""

import datetime


def price(age: int) -> int:
    if age < 18:
        return 0
    return 9


def is_open(day: datetime.date) -> bool:
    if day.weekday() == 0:
        return False
    return True


class Desk:
    def sell(self, age: int) -> int:
        return price(age)

    def close(self) -> None:
        print("closed")
'''

SCRIPT = """function a() {
  return 1
}

function b() {
  return 2
}
"""

PROSE = """# Opening night

Doors open at seven.

## Programme

- music
- a welcome

## What is open

The lights flicker. Somebody has to fetch the catalogues.
"""


def applied(text: str, piece: str) -> str:
    for change in reversed(replacements(text, piece)):
        text = text[: change.start] + change.text + text[change.end :]
    return text


def refusal(text: str, piece: str) -> str:
    with pytest.raises(CannotApply) as refused:
        replacements(text, piece)
    assert str(refused.value).endswith(".")
    return str(refused.value)


def test_a_whole_text_anew_replaces_all_of_it() -> None:
    new = CODE.replace("return 9", "return 12").replace("import datetime\n", "import datetime\nimport math\n")
    assert applied(CODE, new) == new
    assert applied(PROSE, PROSE.replace("seven", "eight").rstrip("\n")) == PROSE.replace("seven", "eight")


def test_an_empty_file_takes_anything() -> None:
    assert applied("", "print(1)\n") == "print(1)\n"
    assert applied("\n\n", "print(1)") == "print(1)\n"


def test_a_function_replaces_the_one_of_its_name_and_nothing_else() -> None:
    new = "def price(age: int) -> int:\n    return 0 if age < 18 else 12\n"
    old = "def price(age: int) -> int:\n    if age < 18:\n        return 0\n    return 9\n"
    assert applied(CODE, new) == CODE.replace(old, new)


def test_a_function_whose_arguments_changed_is_found_by_its_name() -> None:
    new = "def price(age: int, member: bool) -> int:\n    return 0 if member else 9\n"
    old = "def price(age: int) -> int:\n    if age < 18:\n        return 0\n    return 9\n"
    assert applied(CODE, new) == CODE.replace(old, new)


def test_a_method_is_put_as_far_in_as_the_text_has_it() -> None:
    new = 'def close(self) -> None:\n    print("closed for today")\n'
    assert applied(CODE, new) == CODE.replace('"closed"', '"closed for today"')


def test_braces_belong_to_what_they_close() -> None:
    assert applied(SCRIPT, "function a() {\n  return 10\n}") == SCRIPT.replace("return 1\n", "return 10\n")
    assert applied(SCRIPT, "function b() {\n  return 20\n}\n") == SCRIPT.replace("return 2", "return 20")


def test_most_of_a_file_is_not_the_file_when_an_end_is_missing() -> None:
    long = "".join(f"  step({n})\n" for n in range(40))
    text = f"function a() {{\n{long}}}\n\nfunction b() {{\n  one()\n  two()\n  three()\n  four()\n}}\n"
    piece = f"function a() {{\n{long.replace('step(7)', 'leap(7)')}}}\n"
    assert applied(text, piece) == text.replace("step(7)", "leap(7)")


def test_sections_that_a_piece_leaves_out_stay() -> None:
    text = "def a():\n    return 1\n\n\ndef b():\n    return 2\n\n\ndef c():\n    return 3\n"
    piece = "def a():\n    return 10\n\n\ndef c():\n    return 30\n"
    assert applied(text, piece) == text.replace("return 1", "return 10").replace("return 3", "return 30")


def test_what_is_new_comes_where_the_piece_has_it() -> None:
    piece = "function a() {\n  return 1\n}\n\nfunction fresh() {\n  return 0\n}\n\nfunction b() {\n  return 2\n}\n"
    assert applied(SCRIPT, piece) == piece


def test_a_heading_stands_for_what_it_heads() -> None:
    piece = "## Programme\n\n- music\n- a welcome\n- a tour\n"
    assert applied(PROSE, piece) == PROSE.replace("- a welcome\n", "- a welcome\n- a tour\n")
    below = "## What is open\n\nNothing.\n"
    assert applied(PROSE, below) == PROSE[: PROSE.index("## What")] + below


def test_search_and_replace_blocks_change_what_they_name() -> None:
    piece = (
        "<<<<<<< SEARCH\n    if age < 18:\n        return 0\n"
        "=======\n    if age < 16:\n        return 0\n>>>>>>> REPLACE\n"
        '<<<<<<< SEARCH\n        print("closed")\n=======\n        print("bye")\n>>>>>>> REPLACE'
    )
    assert applied(CODE, piece) == CODE.replace("< 18", "< 16").replace('"closed"', '"bye"')


def test_the_white_space_of_a_search_does_not_matter_and_the_replacement_follows_the_text() -> None:
    piece = "<<<<<<< SEARCH\nif age < 18:\n    return 0\n=======\nif age < 16:\n    return 0\n>>>>>>> REPLACE"
    assert applied(CODE, piece) == CODE.replace("< 18", "< 16")


def test_a_sentence_within_a_paragraph_can_be_searched_for() -> None:
    piece = "<<<<<<< SEARCH\nThe lights flicker.\n=======\nThe lights are mended.\n>>>>>>> REPLACE"
    assert applied(PROSE, piece) == PROSE.replace("The lights flicker.", "The lights are mended.")


def test_an_empty_replacement_deletes_the_lines() -> None:
    assert applied(PROSE, "<<<<<<< SEARCH\n- music\n=======\n>>>>>>> REPLACE") == PROSE.replace("- music\n", "")


def test_of_equal_lines_at_several_depths_the_one_written_exactly_so() -> None:
    text = "go()\nif x:\n    go()\n"
    assert (
        applied(text, "<<<<<<< SEARCH\n    go()\n=======\n    stop()\n>>>>>>> REPLACE") == "go()\nif x:\n    stop()\n"
    )


def test_a_unified_diff_is_applied_wherever_its_lines_are_now() -> None:
    piece = (
        "--- a/prices.py\n+++ b/prices.py\n@@ -1,3 +1,3 @@ def price\n     if age < 18:\n"
        "-        return 0\n+        return 1\n     return 9\n"
    )
    assert applied(CODE, piece) == CODE.replace("        return 0\n    return 9", "        return 1\n    return 9")


@pytest.mark.parametrize(
    ("text", "piece", "words"),
    [
        (SCRIPT, "<<<<<<< SEARCH\n}\n=======\n};\n>>>>>>> REPLACE", "2 times"),
        (SCRIPT, "<<<<<<< SEARCH\nfunction c() {\n=======\nx\n>>>>>>> REPLACE", "not in the file"),
        (SCRIPT, "<<<<<<< SEARCH\nfunction a() {\n", "breaks off"),
        (SCRIPT, "<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE", "does not say which lines"),
        (SCRIPT, "const z = 1", "not in the file"),
        (SCRIPT + SCRIPT, "function a() {\n  return 3\n}", "2 times"),
        (SCRIPT, "\n \n", "nothing"),
        (CODE, "def price(age: int) -> int:\n    # ... existing code ...\n    return 12\n", "leaves parts"),
        (CODE, "def price(age: int) -> int:\n    ...\n", "leaves parts"),
        (SCRIPT, "function a() {\n  // rest of the function stays the same\n}", "leaves parts"),
        (PROSE, "Quite another text about something else.", "not in the file"),
        ("x\n" * 60_000, "x", "too many"),
        (
            CODE,
            "<<<<<<< SEARCH\n    return 9\n=======\n    return 1\n>>>>>>> REPLACE\n"
            "<<<<<<< SEARCH\n    return 9\n=======\n    return 2\n>>>>>>> REPLACE",
            "same place",
        ),
    ],
)
def test_where_the_place_is_not_clear_it_is_refused_with_a_sentence(text: str, piece: str, words: str) -> None:
    assert words in refusal(text, piece)


def test_what_the_text_says_already_changes_nothing() -> None:
    assert replacements(CODE, CODE) == []
    assert replacements(SCRIPT, "function b() {\n  return 2\n}") == []


def test_a_last_line_without_an_end_keeps_having_none() -> None:
    assert applied("a = 1\nb = 2", "b = 3\n") == "a = 1\nb = 3"


def test_hostile_pieces_are_looked_at_once_and_not_every_line_with_every_other() -> None:
    alike = "x\n" * 49_000
    refusal(alike, "x\n" * 3)
    refusal(alike, "# " + "." * 90_000 + "\n" + "rest " * 9_000)
    refusal(alike, "x = 1\n" * 15_000)
    refusal(alike, "<<<<<<< SEARCH\nx\nx\n=======\ny\n>>>>>>> REPLACE\n" * 50)
    assert "too many" in refusal(alike, "<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n" * 51)


def test_replacements_stay_inside_of_the_text_and_apart_whatever_is_asked() -> None:
    dice = random.Random(4)
    words = [
        "def a():",
        "    x = 1",
        "",
        "}",
        "# A",
        "text, text",
        "<<<<<<< SEARCH",
        "=======",
        ">>>>>>> REPLACE",
        "@@ @@",
        "-x",
        "+y",
    ]
    placed = 0
    for _ in range(3_000):
        text = "\n".join(dice.choices(words[:6], k=dice.randint(0, 12)))
        piece = "\n".join(dice.choices(words, k=dice.randint(0, 12)))
        try:
            found = replacements(text, piece)
        except CannotApply:
            continue
        placed += 1
        end = -1
        for change in found:
            assert end <= change.start
            assert 0 <= change.start <= change.end <= len(text)
            assert change != Replacement(change.start, change.end, text[change.start : change.end])
            end = change.end
    assert placed > 200
