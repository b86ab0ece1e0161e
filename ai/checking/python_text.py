"""What ruff finds in a Python text, with what it would do about it."""

import asyncio
import json
from typing import Any

from ai.checking.diagnostic import MOST, Diagnostic, Fix, Severity
from ai.checking.places import Places
from ai.checking.ruff import run_ruff
from collab.replicas.edits import TextEdit

# What is most likely a mistake, and little of what is a matter of taste: the group's own settings are not read, so
# nobody could switch off what is only strict.
_RULES = "E4,E7,E9,F,B,W605,PLE"
_LEFT_OUT = "B008,B028,B904,B905,E701,E741"
_ERRORS = ("E9", "F5", "F63", "F7", "F82", "F83", "PLE")
_MATTERS_OF_TASTE = ("E4", "E7")
# The newest there is: what a text is written for is not known, and syntax that is too new for it is no mistake here.
_TARGET = "py314"
_MOST_OUTPUT = 4 * 1024 * 1024
_MOST_REPLACED = 20_000
"""UTF-16 code units that one fix may write."""

_NO_CODE = (None, "invalid-syntax")


async def check_python(text: str, name: str) -> list[Diagnostic]:
    """`name` is that of the file without its folders. Raises RuffFailed."""
    output = await run_ruff(
        text,
        "check",
        _known_name(name),
        f"--select={_RULES}",
        f"--ignore={_LEFT_OUT}",
        f"--target-version={_TARGET}",
        "--output-format=json-lines",
        "--exit-zero",
        most=_MOST_OUTPUT,
    )
    return await asyncio.to_thread(_diagnostics, text, output)


def _known_name(name: str) -> str:
    """Never the file's own, which could be anything; but some rules look at these."""
    if name == "__init__.py":
        return name
    return "document.pyi" if name.endswith(".pyi") else "document.py"


def _diagnostics(text: str, output: str) -> list[Diagnostic]:
    # ruff counts the first line without its byte-order mark.
    mark = 1 if text.startswith("\ufeff") else 0
    places = Places(text[mark:])
    found = []
    for line in output.splitlines()[:MOST]:
        try:
            found.append(_diagnostic(json.loads(line), places, mark))
        except json.JSONDecodeError:
            break  # cut off
    return found


def _diagnostic(problem: dict[str, Any], places: Places, shift: int) -> Diagnostic:
    start, end = _range(problem, places, shift)
    code = None if problem["code"] in _NO_CODE else str(problem["code"])
    message = str(problem["message"]).strip().removesuffix(".")
    message = message[:1].upper() + message[1:]
    return Diagnostic(
        start, end, _severity(code), message, "ruff", code, problem.get("url"), _fixes(problem, places, shift)
    )


def _severity(code: str | None) -> Severity:
    if code is None or code.startswith(_ERRORS):
        return "error"
    return "info" if code.startswith(_MATTERS_OF_TASTE) else "warning"


def _fixes(problem: dict[str, Any], places: Places, shift: int) -> tuple[Fix, ...]:
    fix = problem.get("fix")
    if not fix or fix["applicability"] not in ("safe", "unsafe"):
        return ()
    edits = tuple(TextEdit(*_range(edit, places, shift), edit["content"]) for edit in fix["edits"])
    if sum(len(edit.text) for edit in edits) > _MOST_REPLACED:
        return ()
    message = str(fix["message"] or problem["message"]).removesuffix(".")
    if fix["applicability"] == "unsafe":
        message += " (look at what it does)"
    return (Fix(message, tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))),)


def _range(thing: dict[str, Any], places: Places, shift: int) -> tuple[int, int]:
    first, last = thing["location"], thing["end_location"]
    start = places.of(first["row"], first["column"])
    return start + shift, max(start, places.of(last["row"], last["column"])) + shift
