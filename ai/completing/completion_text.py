"""A model's answer as grey text: only what is new, and only as much as a person takes in at a glance.

Pure, and all of it works while the answer streams: what was given out once is never taken back. So whatever might
repeat the text around the cursor is held until it is clear.
"""

import re

from ai.answers.answer import AnswerStream

MOST_LINES = 8
MOST_LETTERS = 800
"""After as many the next blank ends the text, and the next hundred letters end it anyway."""

_LEAST_REPEATED = 4
"""Letters of the line that is being typed, from which on an answer that begins with them repeats it. Fewer may be a
word that comes twice."""

_LONGEST_LINE = 1_000
"""Letters of a line that are looked at: of a longer one nothing is repeated as a whole."""


class CompletionText:
    """Shapes one answer that is to be inserted between `before` and `after`.

    `full`: nothing that the model could still say would be shown.
    """

    def __init__(self, before: str, after: str) -> None:
        self.full = False
        self.text = ""
        self._answer = AnswerStream()
        self._beginning: _Beginning | None = _Beginning(before[before.rfind("\n") + 1 :][-_LONGEST_LINE:])
        end = after.find("\n")
        self._rest = (after if end < 0 else after[:end])[:_LONGEST_LINE].rstrip()
        self._next_line = _first_line(after, end) if end >= 0 else ""
        self._raw = ""

    def push(self, text: str) -> str:
        """Returns what is certain by now to be shown."""
        return self._show(self._answer.push(text), final=False)

    def finish(self) -> str:
        """The rest."""
        return self._show(self._answer.finish(), final=True)

    def _show(self, text: str, *, final: bool) -> str:
        if self.full:
            return ""
        if self._beginning is not None:
            new = self._beginning.push(text, final=final)
            if new is None:
                return ""
            self._beginning, text = None, new
        self._raw += text
        if self._rest:
            shown, self.full = _within_line(self._raw, self._rest)
        else:
            shown, self.full = _lines_before(self._raw, self._next_line, final=final)
        new, self.text = shown[len(self.text) :], shown
        return new


def _first_line(text: str, start: int) -> str:
    """The first that is not empty from `start` on; "" where it is longer than any that an answer would repeat."""
    found = re.compile(r"\S").search(text, start, start + _LONGEST_LINE)
    if found is None:
        return ""
    begin = text.rfind("\n", 0, found.start()) + 1
    line = text[begin : begin + _LONGEST_LINE + 1].partition("\n")[0]
    return line.rstrip() if len(line) <= _LONGEST_LINE else ""


class _Beginning:
    """Takes away what an answer repeats of the line that is being typed, which is what small models do most."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._seen = ""

    def push(self, text: str, *, final: bool) -> str | None:
        """The answer's beginning without the repetition; None while it cannot be told."""
        self._seen += text
        seen, line = self._seen, self._line
        if not line.strip():
            # Of an indentation that stands already, what the answer has of it too.
            common, most = 0, min(len(seen), len(line))
            while common < most and seen[common] == line[common]:
                common += 1
            return seen[common:] if final or common < len(seen) or most == len(line) else None
        if len(line.strip()) >= _LEAST_REPEATED:
            for repeated in (line, line.lstrip()):
                if seen.startswith(repeated):
                    return self._joined(seen[len(repeated) :], final)
                if repeated.startswith(seen) and not final:
                    return None
        return self._joined(seen, final)

    def _joined(self, text: str, final: bool) -> str | None:
        """Without a second blank where one stands already."""
        if self._line[-1:] not in (" ", "\t"):
            return text
        stripped = text.lstrip(" \t")
        return stripped if stripped or final else None


def _within_line(text: str, rest: str) -> tuple[str, bool]:
    """What of `text` goes in front of the `rest` of a line, and whether that is all."""
    line, end, _ = text.partition("\n")
    line, full = _bounded(line)
    overlap = next((size for size in range(min(len(line), len(rest)), 0, -1) if line.endswith(rest[:size])), 0)
    return line[: len(line) - overlap].rstrip(), full or bool(end)


def _lines_before(text: str, next_line: str, *, final: bool) -> tuple[str, bool]:
    """What of `text` goes in front of `next_line`, the first below that is not empty, and whether that is all."""
    first, *others = text.split("\n")
    kept, full = [first], False
    for number, line in enumerate(others, 1):
        if number == MOST_LINES:
            full = True
            break
        if line.strip() and next_line:
            complete = final or number < len(others)
            if complete and line.rstrip() == next_line:
                full = True
                break
            if not complete and next_line.startswith(line.rstrip()):
                break
        kept.append(line)
    shown, too_long = _bounded("\n".join(kept))
    return shown.rstrip(), full or too_long


def _bounded(text: str) -> tuple[str, bool]:
    if len(text) <= MOST_LETTERS:
        return text, False
    blank = re.compile(r"\s").search(text, MOST_LETTERS, MOST_LETTERS + 100)
    if blank is not None:
        return text[: blank.start()], True
    return text[: MOST_LETTERS + 100], len(text) >= MOST_LETTERS + 100
