"""What can be said of a text without a model: its size, what it is written in, what of it nobody wrote by hand.

Pure, and by the content alone: equal texts are looked at once, wherever they lie (`ai.prompting.analyses`).
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any, Literal, Self

from ai.languages import KNOWN
from ai.prompting.cleaning import unseen
from ai.prompting.tokens import Tokenizer
from ai.record.secrets import Redaction, redact

VERSION = 1
"""Of what is found out: results of another version are not used."""

MOST_SECRETS = 1_000
MOST_LINES = 20_000
"""Lines of a text that are compared with what they were."""

MOST_CHANGES = 8
"""Places that are told apart; further ones are joined with the last."""

_LONG_LINES = 400
"""Letters a line, on the average, from which nobody reads them."""

_HEAD = 2_000
_GENERATED = re.compile(
    r"^[ \t]*(?:#|//|--|;|%|\*|/\*|<!--|\"\"\"|''\').*(?:@generated\b|\bDO NOT EDIT\b|\bauto-?generated\b"
    r"|\b(?:code|file) (?:is |was )?(?:automatically )?generated (?:by|from)\b)",
    re.IGNORECASE | re.MULTILINE,
)
_LICENCE = re.compile(r"\blicen[cs]e|\bcopyright\b|\bSPDX-|©|\(c\) \d{4}", re.IGNORECASE)
_COMMENT = re.compile(r"[ \t]*(?:#|//|--|;|%|\*|/\*|<!--|$)")
_SHEBANG = re.compile(r"#!\s*\S*?(?:/env\s+(?:-\S+\s+)*)?(\w+?)[\d.]*(?:\s|$)")
_MODE = re.compile(r"(?:vim?:.*\b(?:ft|filetype)=|-\*-\s*(?:mode:\s*)?)([A-Za-z]+)")
_BEGINNINGS = (("<?php", "php"), ("<?xml", "xml"), ("<!doctype html", "html"), ("<html", "html"), ("%!tex", "latex"))
_INTERPRETERS = {"bash": "shell", "sh": "shell", "zsh": "shell", "dash": "shell", "ksh": "shell", "node": "javascript"}
_LOCK_FILES = (".lock", "package-lock.json", "npm-shrinkwrap.json", "packages.lock.json", "pnpm-lock.yaml", "go.sum")


@dataclass(frozen=True, slots=True)
class Analysis:
    """`header` is how many lines at its beginning say who may copy it; `language` is named only if the text says it.

    `secrets` are places in code points, never what stands there; None when there are too many to keep.
    """

    letters: int
    lines: int
    tokens: int
    language: str | None
    made: Literal["by hand", "generated", "minified"]
    header: int
    unseen: int
    secrets: tuple[Redaction, ...] | None

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        found = record["secrets"]
        return cls(**(record | {"secrets": None if found is None else tuple(Redaction(**one) for one in found)}))

    def record(self) -> dict[str, Any]:
        found = self.secrets
        return asdict(self) | {"secrets": None if found is None else [asdict(one) for one in found]}


def analysed(text: str) -> Analysis:
    """Takes some 60 ns a letter, most of it looking for secrets."""
    lines = text.count("\n") + 1
    minified = len(text) > _LONG_LINES * 5 and len(text) > _LONG_LINES * lines
    generated = _GENERATED.search(text, 0, _HEAD) is not None
    secrets = redact(text).redactions
    return Analysis(
        len(text),
        lines,
        Tokenizer().count(text),
        language_in(text),
        "minified" if minified else "generated" if generated else "by hand",
        _header(text),
        unseen(text),
        secrets if len(secrets) <= MOST_SECRETS else None,
    )


def is_lock_file(path: str) -> bool:
    """Whether a tool writes the file at `path` to remember versions, by its name."""
    return path.lower().endswith(_LOCK_FILES)


def language_in(text: str) -> str | None:
    """What a text is written in, if it says so itself: by its first line, or for an editor.

    Only names that `ai.languages` knows: prompts tell it in our own words, where no word of a document may stand.
    """
    first = text[:200].partition("\n")[0]
    start = text[:200].lstrip().lower()
    begun = next((language for beginning, language in _BEGINNINGS if start.startswith(beginning)), None)
    if (found := _SHEBANG.match(first)) is not None:
        said = _INTERPRETERS.get(found[1], found[1])
    elif begun is not None:
        said = begun
    else:
        mode = _MODE.search(text[:_HEAD]) or _MODE.search(text[-300:])
        said = mode[1].lower() if mode else ""
    return said if said in KNOWN else None


def _header(text: str) -> int:
    """Lines of comments at the beginning, if they speak of a licence."""
    lines = text[:20_000].split("\n")
    first = 1 if lines[0].startswith("#!") else 0
    end, inside = first, False
    for line in lines[first:]:
        inside = inside or line.lstrip().startswith(("/*", "<!--"))
        if not inside and _COMMENT.match(line) is None:
            break
        end += 1
        if inside and ("*/" in line or "-->" in line):
            inside = False
            # What comes after a comment of its own, past an empty line, is about the code.
            break
        if not inside and not line.strip() and end > first + 1:
            break
    said = "\n".join(lines[first:end])
    return end if end < len(lines) and _LICENCE.search(said) else 0


# ---- what changed


def marks(text: str) -> bytes | None:
    """Four bytes for each line, to tell later which of them have changed; None for a text of too many lines."""
    lines = text.split("\n", MOST_LINES)
    if len(lines) > MOST_LINES:
        return None
    return b"".join(zlib.crc32(line.encode("utf-8", "replace")).to_bytes(4, "big") for line in lines)


def changes(before: bytes, after: bytes) -> list[tuple[int, int]]:
    """The lines of the newer text, first and last counted from 1, that are not as they were; of what was only taken

    out, the line that stands there now.
    """
    old, new = _split(before), _split(after)
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    old, middle = old[start : len(old) - end], new[start : len(new) - end]
    if not old and not middle:
        return []
    # Comparing each line with each takes long where much has changed, and then tells little.
    whole = len(old) * len(middle) > 1_000_000
    steps = [("replace", 0, 0, 0, len(middle))] if whole else SequenceMatcher(None, old, middle, False).get_opcodes()
    found = [(start + low + 1, start + max(high, low + 1)) for kind, _, _, low, high in steps if kind != "equal"]
    found = [(min(low, len(new)), min(high, len(new))) for low, high in found]
    if len(found) > MOST_CHANGES:
        found[MOST_CHANGES - 1 :] = [(found[MOST_CHANGES - 1][0], found[-1][1])]
    return found


def _split(marked: bytes) -> Sequence[bytes]:
    return [marked[at : at + 4] for at in range(0, len(marked), 4)]


# ---- dialogue

_FENCE = re.compile(r"(`{3,}|~{3,})")
_KEPT_OF_FENCE = 30


def tidied(text: str) -> str:
    """A message of a conversation as it is told again: without rows of empty lines, and of long code the beginning.

    Line by line: a pattern that looks for the end of every fence takes long where none of them ends.
    """
    kept: list[str] = []
    inside: list[str] | None = None
    fence = ""
    for line in (line.rstrip(" \t") for line in text.split("\n")):
        if inside is None:
            kept.append(line)
            if opening := _FENCE.match(line):
                fence, inside = opening[1], []
        elif line == fence:
            kept += [*_shortened(inside), line]
            inside = None
        else:
            inside.append(line)
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join([*kept, *(inside or [])])).strip("\n")


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= _KEPT_OF_FENCE + 10:
        return lines
    return [*lines[:_KEPT_OF_FENCE], f"… {len(lines) - _KEPT_OF_FENCE} more lines"]
