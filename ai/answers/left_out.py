"""Lines that stand for others, which a model did not write out: "# ... existing code ...", "[the rest is unchanged]".

Pure.
"""

import re

_LONGEST = 200
_WORDS = ("rest", "remaining", "remainder", "existing", "other", "previous", "same", "unchanged", "omitted")
_SAYS_SO = r"unchanged|as before|stays? the same|remains?|omitted|same as"
_LEFT_OUT = re.compile(
    r"^[^\w\n]*(?:\.{3}|…)[^\w\n]*$"
    rf"|^[^\w\n]*(?:\.{{3}}|…)?[^\w\n]*(?:the )?(?:{'|'.join(_WORDS)})\b"
    rf"[\w ,'-]{{0,60}}(?:\.{{3}}|…|{_SAYS_SO})[^\w\n]*$",
    re.IGNORECASE,
)
_CLEARLY = re.compile(rf"\s*(?:#|//|/\*|<!--|--|%|;|\[|\(|\.{{3}}|…)(?=.*\w)|.*\b(?:{_SAYS_SO})\b", re.IGNORECASE)


def stands_for_others(line: str) -> bool:
    """Whether a line of a piece of text may stand for what it leaves out; "..." may also be code."""
    return len(line) <= _LONGEST and _LEFT_OUT.match(line) is not None


class UpToLeftOut:
    """Passes on what is written instead of `text`, up to the first line that clearly stands for others.

    A line is held back only while it may become one. After `finish`, `met` tells whether there was one, and `goes_on`
    whether more was written behind it: nobody knows where that belongs.
    """

    def __init__(self, text: str) -> None:
        self._known = {line.strip() for line in text.split("\n") if stands_for_others(line)}
        self._line = ""
        self._passes = False
        """Whether the beginning of the present line was passed on."""
        self.met = False
        self.goes_on = False

    def push(self, text: str) -> str:
        return "".join(self._take(part) for part in text.splitlines(keepends=True))

    def finish(self) -> str:
        line, self._line = self._line, ""
        return "" if not line or self._is_met(line) else line

    def _take(self, part: str) -> str:
        if self.met:
            self.goes_on = self.goes_on or bool(part.strip("`~ \t\n"))
            return ""
        self._line += part
        ends = part.endswith("\n")
        if not ends and not self._passes and _may_become(self._line):
            return ""
        line, self._line = self._line, ""
        if not self._passes and self._is_met(line):
            return ""
        self._passes = not ends
        return line

    def _is_met(self, line: str) -> bool:
        clearly = stands_for_others(line) and _CLEARLY.match(line) is not None
        self.met = clearly and line.strip() not in self._known
        return self.met


def _may_become(line: str) -> bool:
    said = line.lstrip("#/*<!-%;[(.… \t").lower().removeprefix("the ")
    return len(line) <= _LONGEST and any(word.startswith(said) or said.startswith(word) for word in ("the ", *_WORDS))
