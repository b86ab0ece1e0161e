"""Unified diffs, as models write them: numbers of lines do not count, nor does what is said around it. Pure."""

import re
from collections.abc import Iterator, Sequence

HUNK = re.compile(r"^@@.*@@|^@@[ \t]*$")
HEAD = ("diff ", "index ", "--- ", "+++ ")
"""Beginnings of the lines before the first hunk."""


def diff_hunks(lines: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """The (old, new) lines of each hunk that changes something, with line ends."""
    old: list[str] = []
    new: list[str] = []
    for line in [*lines, "@@"]:
        if HUNK.match(line) or line.startswith(("```", "~~~")):
            if old != new:
                yield old, new
            old, new = [], []
        elif line.startswith(HEAD):
            continue
        elif line.startswith("-"):
            old.append(f"{line[1:]}\n")
        elif line.startswith("+"):
            new.append(f"{line[1:]}\n")
        elif not line.startswith("\\"):
            old.append(f"{line.removeprefix(' ')}\n")
            new.append(f"{line.removeprefix(' ')}\n")
