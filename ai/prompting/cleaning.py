"""Documents as a model may see them where it only looks: without secrets, and with nothing that people cannot see.

Letters that no screen shows (tags, zero widths, directions, variation selectors in rows) can carry whole sentences past
everybody who reads a document, and marks such as <|im_start|> begin a new speaker where an endpoint takes them from
text. The text that is to be edited is not cleaned, since the edit would then take out of the document what was taken
out here (docs/decisions.md).
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai.record.secrets import Redaction, redact

# Default-ignorable letters, controls but for tab and line end, separators that look like line ends, and blanks that are
# letters. One variation selector belongs to the letter before it, and joiners have their place (`_is_joined`).
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]+"
)
_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]\u200d?")
_JOINERS = "\u200c\u200d"

_SPEAKERS = re.compile(
    r"<[|｜][^|｜<>\n]{1,60}[|｜]>|<</?SYS>>|</?s>|<(?:start|end)_of_(?:turn|image)>|<(?:bos|eos|pad|unk)>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT))\]"
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`text` is what is shown of a document. `secrets` and `unseen` are how many of either were taken out."""

    text: str
    secrets: int
    unseen: int
    _cuts: tuple[tuple[int, int, int], ...]
    """(where a replacement begins in `text`, where it ends, where what it replaced ends in the original), ascending."""

    def origin(self, position: int) -> int:
        """Where a position of `text` was in the original; one inside of a replacement was at the end of that."""
        index = bisect_left(self._cuts, (position, -1, -1)) - 1
        _, after, original = self._cuts[index] if index >= 0 else (0, 0, 0)
        return original + max(0, position - after)


def cleaned(text: str, secrets: Sequence[Redaction] | None = None) -> Cleaned:
    """`secrets` are where they stand in `text`, if that is known already."""
    secrets = redact(text).redactions if secrets is None else secrets
    replacements = [(one.start, one.end, f"«redacted:{one.type}»") for one in secrets]
    unseen = 0
    for start, end in _unseen(text):
        unseen += end - start
        replacements.append((start, end, f"⟨{end - start} invisible⟩"))
    replacements += [(m.start(), m.end(), f"{m[0][0]} {m[0][1:]}") for m in _SPEAKERS.finditer(text)]
    parts: list[str] = []
    cuts: list[tuple[int, int, int]] = []
    reached = length = 0
    for start, end, replacement in sorted(replacements):
        if start >= reached:
            parts += [text[reached:start], replacement]
            length += start - reached + len(replacement)
            reached = end
            cuts.append((length - len(replacement), length, end))
    return Cleaned("".join(parts) + text[reached:], len(secrets), unseen, tuple(cuts))


def unseen(text: str) -> int:
    """How many letters of `text` nobody sees."""
    return sum(end - start for start, end in _unseen(text))


def _unseen(text: str) -> Iterator[tuple[int, int]]:
    for match in _UNSEEN.finditer(text):
        start, end = match.span()
        if not _belongs(text, start, end):
            yield start, end


def _belongs(text: str, start: int, end: int) -> bool:
    """Whether it is part of the letters beside it, as in emoji, in Persian and in Indian scripts."""
    found = text[start:end]
    if found == "\ufe0f" and text[end : end + 1] == "\u20e3":  # the key of a digit
        return True
    if start == 0 or text[start - 1] < "\u00a9":
        return False
    if len(found) == 1 and found in _JOINERS:
        return end < len(text) and text[end] >= "\u0600"
    if _SELECTOR.fullmatch(found) is None:
        return False
    return len(found) == 1 or (end < len(text) and text[end] >= "\u0600")
