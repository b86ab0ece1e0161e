"""Which checker a text has, and what it says."""

import asyncio
from typing import Literal

from ai.checking.diagnostic import Diagnostic
from ai.checking.json_text import check_json
from ai.checking.python_text import check_python
from ai.checking.ruff import RuffFailed
from ai.checking.yaml_text import check_yaml

Checker = Literal["python", "json", "json with comments", "yaml"]

_ENDINGS: dict[Checker, str] = {
    "python": "py pyi pyw",
    "json": "json geojson webmanifest ipynb",
    "json with comments": "jsonc",
    "yaml": "yaml yml",
}
_BY_ENDING = {ending: checker for checker, endings in _ENDINGS.items() for ending in endings.split()}
# What reads these allows comments in them.
_WITH_COMMENTS = ("tsconfig", "jsconfig", "tslint", "devcontainer", ".eslintrc", ".babelrc", "language-configuration")
_WITH_COMMENTS_FOLDERS = (".vscode", ".devcontainer")

_MOST_LETTERS: dict[Checker, int] = {
    "python": 500_000,
    "json": 500_000,
    "json with comments": 500_000,
    "yaml": 200_000,
}


class CannotCheck(Exception):
    """The checker failed, or the text is too long for it; the message is a sentence."""


def checker_of(path: str) -> Checker | None:
    """Known by the path alone; None for a text that nobody checks."""
    *folders, name = path.lower().split("/")
    stem, dot, ending = name.rpartition(".")
    checker = _BY_ENDING.get(ending) if dot and stem else None
    if checker != "json":
        return checker
    may_comment = name.startswith(_WITH_COMMENTS) or any(folder in _WITH_COMMENTS_FOLDERS for folder in folders)
    return "json with comments" if may_comment else "json"


async def diagnose(path: str, text: str) -> list[Diagnostic]:
    """In the order of the text, 200 at most; none for a text that nobody checks. Raises CannotCheck.

    Nothing is read but `text`: no file, and no settings of the tree that it is from.
    """
    checker = checker_of(path)
    if checker is None:
        return []
    if len(text) > _MOST_LETTERS[checker]:
        raise CannotCheck(f"The text is too long to be checked: it may have {_MOST_LETTERS[checker]:,} characters.")
    if checker == "python":
        try:
            return await check_python(text, path.rpartition("/")[2].lower())
        except RuffFailed as error:
            raise CannotCheck(f"The text could not be checked: {error}.") from None
    if checker == "yaml":
        return await asyncio.to_thread(check_yaml, text)
    return await asyncio.to_thread(check_json, text, comments=checker == "json with comments")
