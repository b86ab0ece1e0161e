"""What somebody has changed in some places and not in the others."""

import random
import re
from itertools import pairwise

import pytest

from ai.notices.repeats import Repeat, edits, places, repeats
from collab.replicas.edits import TextEdit
from collab.yjs.offsets import utf16_to_codepoint


def made(text: str, found: tuple[TextEdit, ...]) -> str:
    for edit in reversed(found):
        start, end = utf16_to_codepoint(text, edit.start), utf16_to_codepoint(text, edit.end)
        text = text[:start] + edit.text + text[end:]
    return text


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("get_user", "fetch_user", "{}(1)\n{}(2)\n{}(3)\n"),
        ("getUser", "getUsers", "{}()\n{}()\n{}()\n"),
        ("GmbH", "AG", "Foo {}\nFoo {}\nFoo {}\n"),
        ("v1.2.3", "v1.3.0", "{} a\n{} b\n{} c\n"),
        ("2024-01-05", "2024-02-07", "{} a\n{} b\n{}\n"),
        ("8080", "9090", "😀 port {}\nport {}\nport {}\n"),
        # What was put before a word is no place that lacks it.
        ("price", "net price", "The {}. The {}. A {}.\n"),
    ],
)
def test_what_was_replaced_twice_is_found_where_it_is_left(old: str, new: str, text: str) -> None:
    now = text.format(new, new, old)
    [repeat] = repeats(text.format(old, old, old), now, prose=True)
    assert (repeat.old, repeat.new, repeat.done) == (old, new, 2)
    assert len(list(places(now, repeat))) == 1
    assert made(now, edits(now, list(places(now, repeat)), repeat)) == text.format(new, new, new)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("a(x)\nb(x)\nc(x)\n", "a(x, 1)\nb(x)\nc(x)\n"),  # once
        ("foo.a\nfoo.b\nfoo.c\n", "a\nb\nfoo.c\n"),  # taken away
        ("one\ntwo\nthree\n", "three\ntwo\none\n"),  # moved
        ("x\n", "x\ny\ny\n"),  # new
        ("a = load(1)\nb = load(2)\nc = load(3)\n", "a = f(1)\nb = f(2, 3)\nc = load(3)\n"),  # rewritten
        ("load()\nload()\nload()\nread()\n", "read()\nread()\nload()\nread()\n"),  # switched to another
        (
            "f(left, right)\ng(left, right)\nh(left, right)\n",
            "f(right, left)\ng(right, left)\nh(left, right)\n",
        ),  # swapped
        ("a = b + c\nd = b + c\ne = b + c\n", "a = total\nd = total\ne = b + c\n"),  # an expression
    ],
    ids=["once", "taken away", "moved", "new", "rewritten", "switched", "swapped", "expression"],
)
def test_nothing_else_is_a_repeat(before: str, now: str) -> None:
    assert repeats(before, now) == []


def test_it_has_to_be_replaced_as_often_as_it_is_left_and_an_everyday_word_three_times() -> None:
    assert not Repeat("user", "owner", 2).is_worth(1)
    assert Repeat("user", "owner", 3).is_worth(3)
    assert not Repeat("user", "owner", 3).is_worth(4)
    for plain in ("True", "continue", "100", "The", "Optional", "userName.get"):
        new = f"self.{plain}" if plain == "userName.get" else "other"
        assert not Repeat(plain, new, 2).is_worth(1)
    assert Repeat("userName", "owner", 2).is_worth(2)
    assert not Repeat("userName", "owner", 2).is_worth(3)
    assert not Repeat("userName", "owner", 2).is_worth(0)


def test_a_text_that_was_written_anew_has_none() -> None:
    before = "".join(f"old_name = {number}\n" for number in range(2_000))
    assert repeats(before, before.replace("old_name", "new_name")[: len(before) // 2]) == []


WORDS = ("order", "price", "get_total", "Customer", "x1", "naïve", "日本", "total")


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_renamed_in_some_places_is_proposed_in_all_the_others(seed: int) -> None:
    draw = random.Random(seed)
    old, new = "frobnicate_all", draw.choice(["renamed_it", "frobnicate", "frobnicate_all_of", "füge_alles_zusammen"])
    words = [draw.choice(WORDS) for _ in range(draw.randint(20, 200))]
    spots = sorted(draw.sample(range(len(words)), draw.randint(3, min(12, len(words)))))
    for spot in spots:
        words[spot] = old
    gaps = [draw.choice([" ", "\n", "(", ") ", ", ", ".\n", " = "]) for _ in words]

    def text(of: list[str]) -> str:
        return "".join(word + gap for word, gap in zip(of, gaps, strict=True))

    done = draw.randint(2, len(spots) - 1)
    chosen = draw.sample(spots, done)
    now = text([new if at in chosen else word for at, word in enumerate(words)])
    wanted = text([new if at in spots else word for at, word in enumerate(words)])
    found = {repeat.old: repeat for repeat in repeats(text(words), now)}
    # Beside others of the same kind two may be one difference, so fewer may have been counted.
    repeat = found[old] if old in found else Repeat(old, new, done)
    assert repeat.new == new
    assert made(now, edits(now, list(places(now, repeat)), repeat)) == wanted


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_texts_are_edits_replace_the_old_by_the_new(seed: int) -> None:
    draw = random.Random(seed)
    letters = "ab_ \n.1😀-"
    before = "".join(draw.choice(letters) for _ in range(draw.randint(0, 300)))
    pieces = re.split(r"(?<=[ .])", before)
    now = "".join(draw.choice([piece, piece, piece, piece.replace("a", "b"), piece + "a"]) for piece in pieces)
    for repeat in repeats(before, now):
        found = edits(now, list(places(now, repeat)), repeat)
        starts = [utf16_to_codepoint(now, edit.start) for edit in found]
        assert all(now[start:].startswith(repeat.old) for start in starts)
        assert all(one.end <= other.start for one, other in pairwise(found))
