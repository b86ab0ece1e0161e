"""Places in a text as checkers name them, in UTF-16 code units."""

import re
from bisect import bisect_right
from itertools import accumulate

from collab.yjs.offsets import utf16_length

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_WORD = re.compile(r"\w+|.")


class Places:
    def __init__(self, text: str) -> None:
        self._text = text
        self._ascii = text.isascii()
        # As editors and ruff count lines; str.splitlines() would end one at a form feed too.
        lines = _LINE.findall(text)[:-1] if not text or text[-1] in "\r\n" else _LINE.findall(text)
        self._starts = list(accumulate(map(len, lines), initial=0))
        self._units = self._starts if self._ascii else list(accumulate(map(utf16_length, lines), initial=0))

    def at(self, index: int) -> int:
        """Of the character at `index`, or of the end of the text."""
        index = min(max(index, 0), len(self._text))
        if self._ascii:
            return index
        line = bisect_right(self._starts, index) - 1
        return self._units[line] + utf16_length(self._text[self._starts[line] : index])

    def of(self, row: int, column: int) -> int:
        """Of a place by line and character, both counted from 1."""
        line = min(max(row, 1), len(self._starts)) - 1
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self._text)
        return self.at(min(self._starts[line] + max(column, 1) - 1, end))

    def word(self, index: int) -> tuple[int, int]:
        """Around what stands at `index`: a word or a sign, which can be seen; the one before where there is none."""
        index = min(max(index, 0), len(self._text))
        if (found := _WORD.match(self._text, index)) is not None:
            return self.at(index), self.at(found.end())
        before = self._text.rstrip()
        end = min(index, len(before))
        return self.at(max(0, end - 1)), self.at(end)
