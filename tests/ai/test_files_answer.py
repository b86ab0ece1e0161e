import random

import pytest

from ai.answers.files_answer import FileBegun, FilesReader, FileText

MAIN = "import sys\n\nprint('===', sys.argv)\n"
NOTES = "# Notes\n\n```sh\nmake\n```\n\nThe end.\n"
FILES = {"src/main.py": MAIN, "NOTES.md": NOTES}

MARKED = "".join(f"=== FILE: {path} ===\n{text}\n" for path, text in FILES.items())
FENCED = "".join(f"=== FILE: {path} ===\n````\n{text}````\n\n" for path, text in FILES.items())
HEADED = "Here is it:\n\n" + "".join(f"### `{path}`\n\n````text\n{text}````\n\n" for path, text in FILES.items())
BOLD = "Sure.\n" + "".join(f"**{path}**:\n````\n{text}````\nThat was it.\n" for path, text in FILES.items())


def read(answer: str, draw: random.Random) -> dict[str, str]:
    reader, files, said = FilesReader(), {}, []
    while answer:
        size = draw.choice([1, 2, 7, 30])
        said += reader.push(answer[:size])
        answer = answer[size:]
    path = ""
    for part in said + reader.finish():
        if isinstance(part, FileBegun):
            path = part.path
            files[path] = ""
        else:
            assert isinstance(part, FileText)
            assert path
            files[path] += part.text
    return files


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("answer", [MARKED, FENCED, HEADED, BOLD], ids=["marked", "fenced", "headed", "bold"])
def test_files_are_read_in_the_forms_that_models_write(answer: str, seed: int) -> None:
    found = read(answer, random.Random(seed))
    assert {path: text.rstrip("\n") for path, text in found.items()} == {p: t.rstrip("\n") for p, t in FILES.items()}


def test_what_is_said_outside_of_files_belongs_to_none() -> None:
    assert read("I would make main.py and notes.md.\nmain.py\nis the first.\n", random.Random(1)) == {}


def test_a_text_is_handed_out_while_it_is_written() -> None:
    reader = FilesReader()
    reader.push("=== FILE: a.md ===\n")
    assert reader.push("a long line that ") == [FileText("a long line that ")]
    assert reader.push("goes on\n=") == [FileText("goes on")]
    assert reader.push("== FILE: b.md ===\nx") == [
        FileText("\n"),
        FileBegun("b.md"),
        FileText("x"),
    ]


def test_an_answer_that_breaks_off_leaves_what_came() -> None:
    assert read("=== FILE: a.md ===\none\ntw", random.Random(2)) == {"a.md": "one\ntw\n"}


def test_a_line_without_an_end_names_no_file_and_takes_no_time() -> None:
    reader = FilesReader()
    assert reader.push("=== FILE: a.md" + " " * 300_000 + "x ===\n") + reader.finish() == []
