"""Files that are written as one answer are read as the same files."""

import random

import pytest

from ai.answers.files_answer import FileBegun, FilesReader
from ai.answers.files_writer import in_files

LINES = [
    "def f(x):",
    "    return x",
    "",
    "# Title",
    "=" * 10,
    "a = b == c",
    "- `name.py`",
    "α😀",
    "  ",
    "} // end",
    "~~~",
]


def read(said: str) -> list[list[str]]:
    reader = FilesReader()
    files: list[list[str]] = []
    for part in [*reader.push(said), *reader.finish()]:
        if isinstance(part, FileBegun):
            files.append([part.path, ""])
        else:
            files[-1][1] += part.text
    return files


@pytest.mark.parametrize("seed", range(200))
def test_what_is_written_is_read_as_the_same(seed: int) -> None:
    dice = random.Random(seed)
    files = [
        (f"folder {number}/file-{number}.md", "\n".join(["first", *dice.choices(LINES, k=dice.randint(0, 8)), "last"]))
        for number in range(dice.randint(1, 4))
    ]
    said = in_files(files)
    assert said is not None
    assert read(said) == [[path, text + "\n"] for path, text in files]


def test_no_file_and_an_empty_one() -> None:
    assert in_files([]) == ""
    said = in_files([("a.md", ""), ("b.md", "b")])
    assert said is not None
    assert read(said) == [["a.md", ""], ["b.md", "b\n"]]


@pytest.mark.parametrize("text", ["=== FILE: other.md ===", "one\n=== FILE: other.md ===\ntwo\n", "```py\ncode\n```\n"])
def test_what_would_be_read_as_something_else_is_not_written(text: str) -> None:
    assert in_files([("a.md", text)]) is None


@pytest.mark.parametrize("path", ["", "a=b.md", "it's.md"])
def test_nor_is_a_path_that_the_form_has_no_place_for(path: str) -> None:
    assert in_files([(path, "text")]) is None
