import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.tree.paths import MAX_NAME_BYTES, MAX_PATH_BYTES, InvalidPath, cut, legal_name, parse_name, parse_path


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("a", ("a",)),
        ("src/pkg/é.py", ("src", "pkg", "é.py")),
        ("e\u0301", ("é",)),
        (".env/..x/ y ", (".env", "..x", " y ")),
        ("x" * 255, ("x" * 255,)),
        ("/".join(["x" * 224] * 4), ("x" * 224,) * 4),
    ],
)
def test_legal_paths(path: str, names: tuple[str, ...]) -> None:
    assert parse_path(path) == names


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/../b",
            "a/./b",
            "a\\b",
            "a\x00",
            "a\nb",
            "\x7f",
            "a\x9f",
            "a\u202eb",
        ),
        *("\ud800", "x" * 256, "é" * 128, "/".join(["x" * 225] * 4)),
    ],
)
def test_paths_that_are_refused(path: str) -> None:
    with pytest.raises(InvalidPath):
        parse_path(path)


def test_the_limit_of_a_path_counts_bytes_after_normalisation() -> None:
    decomposed = "/".join(["e\u0301" * 100] * 4)  # 1,203 bytes here, 803 in NFC
    assert len(decomposed.encode()) > MAX_PATH_BYTES
    assert len("/".join(parse_path(decomposed)).encode()) == 803


MARKS = "a" + "\u0301" * 12_000 + "\u0316" * 12_000


@pytest.mark.parametrize("path", [MARKS, f"{MARKS}/{MARKS}", "/".join(["a"] * 20_000), MARKS + "\ud800"])
def test_what_is_far_too_long_is_refused_at_once(path: str) -> None:
    began = time.perf_counter()
    with pytest.raises(InvalidPath):
        parse_path(path)
    with pytest.raises(InvalidPath):
        parse_name(path)
    assert time.perf_counter() - began < 0.05


def test_what_is_far_too_long_is_cut_at_once() -> None:
    began = time.perf_counter()
    assert legal_name(MARKS + ".txt").endswith("\u0301.txt")
    assert time.perf_counter() - began < 0.05


def test_a_korean_name_may_be_taken_apart() -> None:
    assert parse_name("\u1112\u1161\u11ab" * 85) == legal_name("\u1112\u1161\u11ab" * 85) == "한" * 85


@given(st.text(st.characters(codec=None, categories=None), max_size=400))
def test_every_name_becomes_legal_and_stays_so(name: str) -> None:
    legal = legal_name(name)
    assert parse_name(legal) == legal
    assert legal_name(legal) == legal


@given(st.text(st.characters(codec="utf-8")), st.integers(0, 40))
def test_cut_keeps_whole_characters(text: str, size: int) -> None:
    short = cut(text, size)
    assert text.startswith(short)
    assert len(short.encode()) <= size
    assert short == text or len(text[: len(short) + 1].encode()) > size


def test_names_keep_their_length_limit() -> None:
    assert len(legal_name("é" * 300 + ".md").encode()) <= MAX_NAME_BYTES
    assert legal_name("é" * 300 + ".md").endswith("é.md")
