"""What "find in files" finds in one text or one name. Pure.

A query is taken literally. It ignores letter case as long as it has no capital itself ("smart case", as editors do),
and it lies in one line. A line is found once, however often it holds the query. Finding is linear in text and query.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from unicodedata import normalize

from collab.yjs.offsets import utf16_length

MAX_QUERY = 200
"""Characters."""

EXCERPT = 300
"""Characters of a line that are shown; of a longer one those around what was found."""

BEFORE = 60
"""Characters before what was found in a line that is too long to be shown whole."""


FOLDED = 64 * 1024
"""Characters that are folded at a time, so that a thread that does it lets the others in."""


class InvalidQuery(ValueError):
    """Nothing that a line could hold; the message says why in a sentence."""


@dataclass(frozen=True, slots=True)
class Found:
    line: int
    """Counted from 1."""
    column: int
    """UTF-16 code units of the line before what was found."""
    text: str
    """The line, cut to `EXCERPT` characters with "…" where something is left out."""


class Text:
    """A text with what finding in it needs again and again."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def folded(self) -> str:
        """The same positions in small letters; the very same string where there are no others."""
        folded = fold(self.text)
        return self.text if folded == self.text else folded

    @property
    def size(self) -> int:
        """Bytes in memory, about: a string takes 1, 2 or 4 for each character, like its widest one."""
        # Counted twice, for the folded form, which is most often another.
        return 2 * (len(self.text) if self.text.isascii() else 4 * len(self.text))


class Query:
    def __init__(self, query: str) -> None:
        """Raises InvalidQuery."""
        if not query or len(query) > MAX_QUERY:
            raise InvalidQuery(f"A query has 1 to {MAX_QUERY} characters.")
        if any(ord(character) < 32 and character != "\t" for character in query):
            raise InvalidQuery("A query lies in one line and holds no control characters.")
        self._folds = fold(query) == query
        self._query = query
        self._name = normalize("NFC", query)

    def in_name(self, path: str) -> int | None:
        """Where it is in a path, in UTF-16 code units; None when it is not."""
        at = (fold(path) if self._folds else path).find(self._name)
        return utf16_length(path[:at]) if at >= 0 else None

    def lines(self, text: Text) -> Iterator[Found]:
        whole, hay, query = text.text, text.folded if self._folds else text.text, self._query
        line, counted = 1, 0
        at = hay.find(query)
        while at >= 0:
            line += whole.count("\n", counted, at)
            start = whole.rfind("\n", counted, at) + 1 or counted
            end = whole.find("\n", at)
            end = len(whole) if end < 0 else end
            shown, _, _ = excerpt(whole[start:end], at - start, at - start + len(query))
            yield Found(line, utf16_length(whole[start:at]), shown)
            counted = end
            at = hay.find(query, end)


def fold(text: str) -> str:
    """``text`` in small letters, character for character: "İ" has none of its own length and stays as it is."""
    if text.isascii():
        return text.encode().lower().decode()  # ten times as quick
    return "".join(_fold(text[start : start + FOLDED]) for start in range(0, len(text), FOLDED))


def _fold(text: str) -> str:
    folded = text.lower()
    return folded if len(folded) == len(text) else "".join(map(_fold_letter, text))


def _fold_letter(letter: str) -> str:
    folded = letter.lower()
    return folded if len(folded) == 1 else letter


def excerpt(text: str, start: int, end: int) -> tuple[str, int, int]:
    """Of a line those `EXCERPT` characters that show best what lies from ``start`` up to ``end``, with "…" where
    something is left out; and where in it that begins, and ends or is cut."""
    if len(text) <= EXCERPT:
        return text, start, end
    begin = max(0, min(start - BEFORE, len(text) - EXCERPT))
    stop = min(len(text), begin + EXCERPT)
    left_out = "…" if begin > 0 else ""
    shown = left_out + text[begin:stop] + ("…" if stop < len(text) else "")
    moved = len(left_out) - begin
    return shown, start + moved, min(end, stop) + moved
