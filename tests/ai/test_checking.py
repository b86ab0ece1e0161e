"""What is said of a text that is wrong, and that nothing in it can hold up whoever asks."""

import asyncio
import time
from pathlib import Path

import pytest

from ai.checking import CannotCheck, Diagnostic, checker_of, diagnose
from ai.checking.ruff import run_ruff


def at(text: str, diagnostic: Diagnostic) -> str:
    """What stands there, by UTF-16 code units."""
    return text.encode("utf-16-le")[2 * diagnostic.start : 2 * diagnostic.end].decode("utf-16-le")


async def said(path: str, text: str) -> list[tuple[str, str, str]]:
    return [(at(text, one), one.severity, one.message) for one in await diagnose(path, text)]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", 'x = "😀", nothing\n', [("nothing", "error", "Undefined name `nothing`")]),
        ("a.py", "def f(:\n    pass\n", [(":", "error", "Expected a parameter or the end of the parameter list")]),
        ("a.py", "\ufeffimport os\n", [("os", "warning", "`os` imported but unused")]),
        ("a.py", "# a\r# b\r\n\x0c😀\nx = y\n", [("😀", "error", "Got unexpected token 😀")]),
        ("a.py", "type A = int\nmatch 1:\n    case _:\n        print(t'{A}')\n", []),
        ("a.pyi", "def f() -> int: ...\n", []),
        ("a.py", "import os  # noqa: F401\n", []),
        ("a.py", "x = 1; y = 2\n", [(";", "info", "Multiple statements on one line (semicolon)")]),
        ("a.json", '{"a": "😀" 1}', [("1", "error", "A comma or a closing bracket is missing here")]),
        ("a.json", '{"a": 1,\n}', [(",", "error", "There is a comma too many in front of the closing bracket")]),
        ("a.json", "[1, ]", [(",", "error", "There is a comma too many in front of the closing bracket")]),
        ("a.json", '{"a": 1}\n// no', [("/", "error", "The text should end here, but it goes on")]),
        ("a.json", '\ufeff{"a" 1}', [("1", "error", "A colon is missing here")]),
        ("a.json", "[1", [("1", "error", "A comma or a closing bracket is missing here")]),
        ("a.json", "  \n", []),
        ("a.json", "9" * 5000, []),
        ("tsconfig.json", '// 😀\n{"a": ["//", 1,], /* x\n */}', []),
        ("tsconfig.build.json", '{"a": "/*" 1}', [("1", "error", "A comma or a closing bracket is missing here")]),
        (".vscode/settings.json", '{} /* "', [("/", "error", "A comment is opened and not closed")]),
        ("a.jsonc", '/**/{"a": "\\"//"}', []),
        ("a.yaml", "😀: 1\n😀: 2\n", [("😀", "error", "“😀” stands here twice")]),
        ("a.yaml", "1: a\n'1': b\n---\n1: c\n", []),
        ("a.yaml", "a: &b [*b]\nc: *d\n", [("*d", "error", "Nothing above is named &d")]),
        ("a.yaml", "a: &b 1\n---\na: *b\n", [("*b", "error", "Nothing above is named &b")]),
        ("a.yml", "a: 1\n\tb: 2\n", [("\t", "error", "Indent with spaces, not with tabs")]),
        ("a.yml", "a: [1\nb: 2\n", [(":", "error", "A list in brackets is not closed")]),
        ("a.yml", "é: \x01", [("\x01", "error", "There is a character here that cannot be seen; delete it")]),
        ("a.yml", "\ufeffa: 1\na: 2", [("a", "error", "“a” stands here twice")]),
        ("a.yml", "a: !!python/object/apply:os.system [exit]\n", []),
        ("a.yml", "? [a]\n: b\n? {c: d}\n: e\n", []),
        ("a.yml", "", []),
        ("a.md", "{", []),
        ("json", "{", []),
    ],
)
async def test_what_is_wrong_and_where(path: str, text: str, expected: list[tuple[str, str, str]]) -> None:
    assert (await said(path, text))[: max(1, len(expected))] == expected


async def test_a_fix_says_what_it_would_do() -> None:
    text = "# 😀\nimport os\nimport sys\n\n\ndef f():\n    x = 1\n    return sys\n"
    first, second = await diagnose("a.py", text)
    [fix] = first.fixes
    assert (first.code, first.source, first.url) == ("F401", "ruff", "https://docs.astral.sh/ruff/rules/unused-import")
    assert fix.message == "Remove unused import: `os`"
    assert [(edit.start, edit.end, edit.text) for edit in fix.edits] == [(5, 15, "")]
    [fix] = second.fixes
    assert fix.message == "Remove assignment to unused variable `x` (look at what it does)"


async def test_settings_of_the_tree_and_of_the_machine_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ruff.toml").write_text('lint.select = ["ALL"]\n')
    monkeypatch.chdir(tmp_path)
    assert await diagnose("a.py", "x=1") == []
    monkeypatch.setenv("RUFF_OUTPUT_FORMAT", "github")
    assert len(await diagnose("../--config=x.py", "import os\n")) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "undefined\n" * 50_000),
        ("a.py", "é=undefined\n" * 40_000),
        ("a.py", "import os\n" * 50_000),
        ("a.json", "[1," * 150_000),
        ("a.json", "[" + "1," * 240_000 + "1]"),
        ("a.jsonc", '"' + '\\"' * 240_000),
        ("a.jsonc", '\\"' * 240_000),
        ("a.jsonc", "/*" + "*" * 490_000),
        ("a.jsonc", ",  " * 160_000),
        ("a.yaml", "[" * 190_000),
        ("a.yaml", "{a: " * 45_000),
        ("a.yaml", "? " * 90_000),
        ("a.yaml", "- " * 90_000),
        ("a.yaml", "é: *b\n" * 30_000),
        ("a.yaml", "a: &a [1]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(5_000))),
    ],
    ids=lambda given: given[:8],
)
async def test_a_hostile_text_costs_little(path: str, text: str) -> None:
    began = time.perf_counter()
    assert len(await diagnose(path, text)) <= 200
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("text", ["-" * 450_000 + "1", "x = " + "[" * 90_000 + "]" * 90_000])
async def test_a_text_that_breaks_ruff_is_told(text: str) -> None:
    with pytest.raises(CannotCheck, match="nested too deep"):
        await diagnose("a.py", text)


@pytest.mark.parametrize("path", ["a.py", "a.json", "a.yaml"])
async def test_a_text_that_is_too_long_is_not_looked_at(path: str) -> None:
    with pytest.raises(CannotCheck, match="too long"):
        await diagnose(path, "#" * 1_000_001)


async def test_ruff_is_ended_when_it_says_more_than_is_read() -> None:
    text, most = "undefined\n" * 50_000, 8 * 1024 * 1024
    options = ("--select=F", "--output-format=json-lines", "--exit-zero")
    async with asyncio.timeout(60):  # seconds; it waited for ever, but not every time
        outputs = await asyncio.gather(*(run_ruff(text, "check", "a.py", *options, most=most) for _ in range(8)))
    assert {len(output) for output in outputs} == {most}


async def test_whoever_goes_away_leaves_no_process() -> None:
    asking = asyncio.create_task(diagnose("a.py", "x = 1\n" * 80_000))
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


def test_what_is_checked_is_told_by_the_path() -> None:
    assert [
        checker_of(path)
        for path in ("a.py", "A.PYI", "x/package.json", "x/tsconfig.json", ".devcontainer/a.json", "b.yml", "py", ".py")
    ] == ["python", "python", "json", "json with comments", "json with comments", "yaml", None, None]
