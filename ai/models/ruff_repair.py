"""Repairs and formats a selected part of a Python file with ruff, which reads the file and never runs it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ai.answers.alignment import Alignment, Pair
from ai.checking.ruff import RuffFailed, run_ruff

# Errors, unused and unsorted imports, blanks: what has one right answer. Nothing about style.
_RULES = "E4,E7,E9,F,I,W"

_Problem = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PythonRepair:
    """`repaired` and `left` name the problems inside of the selection, the latter with their lines before the repair:

    nobody sees others until they accept it.
    """

    text: str
    repaired: list[str]
    left: list[str]


async def repair_python(before: str, selection: str, after: str, *, stub: bool = False) -> PythonRepair:
    """The selection repaired as part of its file. Raises `RuffFailed`."""
    text = before + selection + after
    name = "document.pyi" if stub else "document.py"
    found = left = await _problems(text, name)
    for command in ("check", "format"):
        last = text[: len(text) - len(after)].count("\n") + 2
        options = {
            "check": [f"--select={_RULES}", "--fix", "--exit-zero"],
            "format": [f"--range={before.count(chr(10)) + 1}:1-{last}:1"],
        }
        changed = _inside(text, await run_ruff(text, command, name, *options[command]), before, after)
        try:
            left = await _problems(changed, name)
        except RuffFailed:
            # A change that reaches beyond the selection is no Python any more when a part of it is left out.
            continue
        text = changed
    inside = _within(found, before, before + selection)
    still = _within(left, before, text[: len(text) - len(after)])
    return PythonRepair(
        text[len(before) : len(text) - len(after)],
        sorted({problem["message"] for problem in inside} - {problem["message"] for problem in still}),
        _with_lines(still, left, found),
    )


def _inside(text: str, changed: str, before: str, after: str) -> str:
    """The changes of whole lines between `before` and `after`: those around them were not asked for."""
    old, new = text.splitlines(keepends=True), changed.splitlines(keepends=True)
    alignment = Alignment(old)
    pairs = [pair for line in new for pair in alignment.append(line)] + alignment.finish()
    kept = [pair for pair in pairs if old[pair.base] == new[pair.new]]
    start, end = len(before), len(text) - len(after)
    out: list[str] = []
    place = line = new_line = 0
    for pair in (*kept, Pair(len(old), len(new))):
        gone = "".join(old[line : pair.base])
        is_inside = start <= place and place + len(gone) <= end
        out += new[new_line : pair.new] if is_inside else [gone]
        out += old[pair.base : pair.base + 1]
        place += len(gone) + len(out[-1] if pair.base < len(old) else "")
        line, new_line = pair.base + 1, pair.new + 1
    return "".join(out)


def _with_lines(still: Sequence[_Problem], left: Sequence[_Problem], found: Sequence[_Problem]) -> list[str]:
    """`still`, some of what is `left` of the problems that were `found`, each with its line before the repair.

    What has the same message counts as the same, in order, where as many are left as were found.
    """
    before, after = _by_message(found), _by_message(left)
    named = []
    for problem in still:
        message, row = problem["message"], problem["location"]["row"]
        same, now = before.get(message, []), after[message]
        where = f"line {same[now.index(row)]}" if len(same) == len(now) else f"line {row} after the change"
        named.append(f"{message} ({where})")
    return named


def _by_message(problems: Sequence[_Problem]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for problem in problems:
        rows.setdefault(problem["message"], []).append(problem["location"]["row"])
    return rows


async def _problems(text: str, name: str) -> list[_Problem]:
    output = await run_ruff(text, "check", name, f"--select={_RULES}", "--output-format=json", "--exit-zero")
    problems: list[_Problem] = json.loads(output)
    for problem in problems:
        if problem["code"] in (None, "invalid-syntax", "E999"):
            raise RuffFailed(f"{problem['message']} (line {problem['location']['row']})")
    return problems


def _within(problems: Sequence[_Problem], before: str, until: str) -> list[_Problem]:
    first, last = before.count("\n") + 1, until.rstrip("\n").count("\n") + 1
    return [problem for problem in problems if first <= problem["location"]["row"] <= last]
