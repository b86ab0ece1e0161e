"""Continues a text by what followed the same words elsewhere in the group's own files."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ai.models.port import SourceFile

_CONTEXT = 400  # letters before the cursor that are looked for, at most
_LEAST = 6  # letters, blanks not counted, that have to be the same for a continuation to mean anything
_PLACES = 200
_TOKENS = 160
_LINES = 12
_TOKEN = re.compile(r"\w+|[^\S\n]+|\n|.")


@dataclass(frozen=True, slots=True)
class Continuation:
    """`matched` letters before the cursor were found elsewhere; `places` go on with all of the text, in these files."""

    text: str
    matched: int
    places: int
    paths: tuple[str, ...]


def continuation(before: str, after: str, path: str | None, files: Iterable[SourceFile]) -> Continuation | None:
    """The text that most places agree on, following the longest end of `before` that the files contain.

    The same input gives the same text. The document itself counts as it is around the cursor, not as it is in `files`.
    """
    sources = [SourceFile(path or "", before), SourceFile(path or "", after)]
    sources += sorted((file for file in files if file.path != path), key=lambda file: file.path)
    matched = _longest_match(before, [source.text for source in sources])
    ending = before[len(before) - matched :]
    if sum(not letter.isspace() for letter in ending) < _LEAST:
        return None
    text, agreeing = _agreed(_places(ending, sources))
    if not text.strip() or after.lstrip().startswith(text.strip()):
        return None
    paths = tuple(sorted({source.path for source, _ in agreeing if source.path}))
    return Continuation(text, matched, len(agreeing), paths)


def _longest_match(before: str, texts: Sequence[str]) -> int:
    """The length of the longest end of `before` that something follows somewhere."""

    def found(length: int) -> bool:
        ending = before[len(before) - length :]
        # What ends at the very end of a text is followed by nothing; that is also how `before` does not find itself.
        return any(text.find(ending, 0, len(text) - 1) >= 0 for text in texts)

    low, high = 0, min(len(before), _CONTEXT)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if found(middle) else (low, middle - 1)
    return low


def _places(ending: str, sources: Iterable[SourceFile]) -> list[tuple[SourceFile, int]]:
    """Where the ending's followers begin."""
    places: list[tuple[SourceFile, int]] = []
    for source in sources:
        at = source.text.find(ending, 0, len(source.text) - 1)
        while at >= 0 and len(places) < _PLACES:
            places.append((source, at + len(ending)))
            at = source.text.find(ending, at + 1, len(source.text) - 1)
    return places


def _agreed(places: list[tuple[SourceFile, int]]) -> tuple[str, list[tuple[SourceFile, int]]]:
    """Follows the majority token by token, up to an empty line at most; the places that are left agree with it all."""
    text = ""
    for _ in range(_TOKENS):
        following = [(source, at, match) for source, at in places if (match := _TOKEN.match(source.text, at))]
        token, count = Counter(match[0] for _, _, match in following).most_common(1)[0] if following else ("", 0)
        paragraph_ends = token == "\n" and text.strip() and (text.endswith("\n") or text.count("\n") >= _LINES)
        if 2 * count <= len(following) or paragraph_ends:
            break
        text += token
        places = [(source, match.end()) for source, _, match in following if match[0] == token]
    return text.rstrip(), places
