"""The built-in assistant on real files: what it proposes is what it says, and nothing is ever run."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import fastapi
import pytest

from ai.models import ChatMessage, Chunk, ModelRequest, SourceFile, Task
from ai.models.local import LocalAssistant
from ai.models.port import Kind
from ai.models.text_repair import laid_out_json, without_stray_blanks

FASTAPI = Path(fastapi.__file__).parent


async def fastapi_files() -> Sequence[SourceFile]:
    return [SourceFile(f"src/{path.name}", path.read_text()) for path in sorted(FASTAPI.glob("*.py"))]


async def ask(kind: Kind, **fields) -> tuple[str, str]:
    task = Task(**{"instruction": "Do something.", **fields})
    chunks: list[Chunk] = [
        chunk async for chunk in LocalAssistant().stream(ModelRequest(kind, [ChatMessage("user", "x")], task))
    ]
    assert chunks[-1].finish_reason == "stop"
    assert all(chunk.finish_reason is None for chunk in chunks[:-1])
    return "".join(chunk.text for chunk in chunks), chunks[-1].note or ""


async def edit(selection: str, path: str, language: str | None, before: str = "", after: str = "") -> tuple[str, str]:
    return await ask("edit", path=path, language=language, before=before, selection=selection, after=after)


async def test_python_is_repaired_and_formatted() -> None:
    text, note = await edit("import sys, os\n\ndef f( x ):\n  return os.path.join( x,'a' )\n", "a.py", "python")
    assert text == 'import os\n\n\ndef f(x):\n    return os.path.join(x, "a")\n'
    assert "`sys` imported but unused" in note
    assert "not read" in note


async def test_python_outside_of_the_selection_stays() -> None:
    before, after = "import os\nimport sys\n\nx = {  'a':1 }\n", "\ny = {  'b':2 }\nprint(os,   sys)\n"
    text, _ = await edit("def f( a,b ):\n    return a+b\n", "a.py", "python", before, after)
    assert text == "def f(a, b):\n    return a + b\n"


async def test_half_of_a_change_is_not_made() -> None:
    before, selection, after = "x = call(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,\n", "  b, c, d,\n", "  e)\n"
    text, _ = await edit(selection, "a.py", "python", before, after)
    compile(before + text + after, "a.py", "exec")


async def test_an_import_that_is_used_below_the_selection_stays() -> None:
    text, _ = await edit("import os\nimport sys\n", "a.py", "python", "", "\nprint(os)\n")
    assert text == "import os\n"


async def test_what_cannot_be_repaired_is_named_with_its_line() -> None:
    text, note = await edit("x = 1\nprint(undefined)\n", "a.py", "python")
    assert text == "x = 1\nprint(undefined)\n"
    assert "Undefined name `undefined` (line 2)" in note


async def test_its_line_is_the_one_that_people_see_before_they_accept() -> None:
    text, note = await edit("import os\nimport sys\n\n\n\n\nx=[1,\n2]\nprint( undefined)\n", "a.py", "python")
    assert text.splitlines().index("print(undefined)") + 1 != 9
    assert "Undefined name `undefined` (line 9)" in note
    _, note = await edit("y=1\nprint( undefined)\n", "a.py", "python", "import os\nimport sys\nprint(os,sys)\n")
    assert "Undefined name `undefined` (line 5)" in note


async def test_python_that_ruff_cannot_read_is_not_touched_but_for_blanks() -> None:
    text, note = await edit("def f(:   \n  x\n", "a.py", "python")
    assert text == "def f(:\n  x\n"
    assert "cannot be read by ruff" in note
    assert "line 1" in note


async def test_nothing_to_repair_is_said() -> None:
    text, note = await edit("x = 1\n", "a.py", "python")
    assert (text, "nothing here" in note) == ("x = 1\n", True)


async def test_nothing_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    await edit(f"import pathlib\npathlib.Path({str(trace)!r}).touch()\n", "a.py", "python")
    await edit(f"__import__('os').system('touch {trace}')\n", "$(touch x).py", "python")
    assert not trace.exists()


async def test_a_cancelled_repair_leaves_no_process() -> None:
    work = asyncio.ensure_future(edit("x = 1\n" * 50_000, "a.py", "python"))
    await asyncio.sleep(0.02)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    children = [pid for task in Path("/proc/self/task").glob("*/children") for pid in _read(task).split()]
    assert not [pid for pid in children if b"ruff" in _read(Path(f"/proc/{pid.decode()}/cmdline"))]


def _read(path: Path) -> bytes:
    """Nothing of a thread or a process that has ended meanwhile."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def test_json_is_laid_out_as_it_was_written() -> None:
    text, note = await edit('{"b":[1.10,2e3,{}],"a":"x: [,]\\"","a":null}', "a.json", "json")
    assert text == '{\n  "b": [\n    1.10,\n    2e3,\n    {}\n  ],\n  "a": "x: [,]\\"",\n  "a": null\n}\n'
    assert "Laid out the JSON" in note


async def test_json_inside_of_a_file_keeps_its_place() -> None:
    text, _ = await edit('{"b":1}', "a.json", "json", before='{\n    "a": ', after="\n}\n")
    assert text == '{\n      "b": 1\n    }'


@pytest.mark.parametrize("value", [{}, [], 1, "x", {"a": {"b": [1, [2, []], {}]}}, [[[1]], {"x": "{"}]])
def test_laid_out_json_is_what_json_dumps_writes(value: object) -> None:
    assert laid_out_json(json.dumps(value, separators=(",", ":"))) == json.dumps(value, indent=2)


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "// x\n{}", "[" * 100_000])
def test_what_is_no_json_is_left_alone(text: str) -> None:
    assert laid_out_json(text) is None


def test_stray_blanks() -> None:
    assert without_stray_blanks("a  \n\tb\t\n\n\n", markdown=False, ends_file=True) == "a\n\tb\n"
    assert without_stray_blanks("a  \nb \nc\t\n", markdown=True, ends_file=False) == "a  \nb\nc\n"
    assert without_stray_blanks("  ", markdown=False, ends_file=True) == ""


async def test_a_text_goes_on_as_elsewhere_in_the_files() -> None:
    source = (FASTAPI / "routing.py").read_text()
    at = source.index("        self.default_response_class = ")
    before = "class Mine:\n" + source[at - 60 : at] + "        self.default_resp"
    text, note = await ask("write", path="src/mine.py", before=before, corpus=fastapi_files)
    assert text.startswith("onse_class = default_response_class")
    assert "src/" in note
    assert text in "".join(file.text for file in await fastapi_files())
    assert (text, note) == await ask("write", path="src/mine.py", before=before, corpus=fastapi_files)


async def test_the_majority_is_followed_while_there_is_one() -> None:
    async def files() -> Sequence[SourceFile]:
        return [
            SourceFile("a.txt", "Dear colleagues, good morning to you.\n"),
            SourceFile("b.txt", "Dear colleagues, good morning to everybody.\n"),
            SourceFile("c.txt", "Dear colleagues, good night.\n"),
        ]

    text, note = await ask("write", path="d.txt", before="Dear colleagues,", corpus=files)
    assert text == " good morning to"
    assert "2 places of a.txt, b.txt" in note


async def test_a_paragraph_that_is_complete_is_followed_by_the_next() -> None:
    async def files() -> Sequence[SourceFile]:
        return [SourceFile("a.txt", "Yours sincerely\n\nThe board\nof this club\n\nP. S.\n")]

    text, _ = await ask("write", path="d.txt", before="Yours sincerely", corpus=files)
    assert text == "\n\nThe board\nof this club"


async def test_nothing_to_continue_is_said() -> None:
    text, note = await ask("write", path="d.txt", before="Quite unheard of", corpus=fastapi_files)
    assert text == ""
    assert "nothing to propose" in note


async def test_what_follows_already_is_not_proposed_again() -> None:
    async def files() -> Sequence[SourceFile]:
        return [SourceFile("a.txt", "one two three four five\n")]

    text, _ = await ask("write", path="d.txt", before="one two three", after=" four five\nsix", corpus=files)
    assert text == ""


async def test_the_chat_says_that_nobody_is_there_and_quotes_the_files() -> None:
    text, _ = await ask("chat", instruction="Where is the OAuth2 password bearer defined?", corpus=fastapi_files)
    assert "No model is configured" in text
    assert "OPENAI_API_KEY" in text
    text, _ = await ask(
        "chat", instruction="What is jsonable_encoder doing with sqlalchemy_safe?", corpus=fastapi_files
    )
    assert "src/encoders.py" in text.replace("\\", "")


async def test_quotes_stay_inside_of_their_fence() -> None:
    async def files() -> Sequence[SourceFile]:
        return [SourceFile("[x](javascript:alert).md", "the zebra\n````\n<b>quoted</b>\n````\n")]

    text, _ = await ask("chat", instruction="zebra?", corpus=files)
    assert "\n`````\nthe zebra" in text
    assert text.rstrip().endswith("`````")
    assert "[x](" not in text
