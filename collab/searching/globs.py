"""Which paths are meant by patterns such as `*.md, docs, !docs/old`. Pure.

A pattern without a slash is the name of a file or of a folder anywhere; one with a slash counts from the workspace. A
folder stands for all that is in it. `*` and `?` stay within a name, `**` does not; letter case does not count. `!` in
front leaves out what fits, whatever else fits it. Names are kept in NFC, and patterns are taken as such.
"""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import re2

from collab.searching.finding import InvalidQuery

MAX_PATTERNS = 1000
"""Characters of all patterns together."""


class Globs:
    def __init__(self, patterns: str) -> None:
        """Patterns are separated by commas; none at all is every path. Raises InvalidQuery."""
        if len(patterns) > MAX_PATTERNS:
            raise InvalidQuery(f"The patterns of paths have at most {MAX_PATTERNS} characters together.")
        listed = map(str.strip, normalize("NFC", patterns).split(","))
        given = [pattern for pattern in listed if pattern not in ("", "!")]
        self._within = _any([pattern for pattern in given if not pattern.startswith("!")])
        self._without = _any([pattern[1:].strip() for pattern in given if pattern.startswith("!")])

    def fit(self, path: str) -> bool:
        if self._within is not None and not self._within.fullmatch(path):
            return False
        return self._without is None or not self._without.fullmatch(path)


def _any(patterns: list[str]) -> Any:
    """An expression for what fits one of them; None when there are none."""
    if not patterns:
        return None
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.dot_nl = True
    return re2.compile("|".join(map(_expression, patterns)), options)


def _expression(pattern: str) -> str:
    rooted = "/" in pattern.rstrip("/")
    signs = pattern.strip("/")
    found = "" if rooted else "(?:.*/)?"
    at = 0
    while at < len(signs):
        if signs.startswith("**/", at):
            found, at = found + "(?:.*/)?", at + 3
        elif signs.startswith("**", at):
            found, at = found + ".*", at + 2
        elif signs[at] == "*":
            found, at = found + "[^/]*", at + 1
        elif signs[at] == "?":
            found, at = found + "[^/]", at + 1
        else:
            found, at = found + re2.escape(signs[at]), at + 1
    return f"(?:{found}(?:/.*)?)"
