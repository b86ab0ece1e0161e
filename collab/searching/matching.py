"""Every place of a text that fits a query with its options, and what it becomes when it is replaced. Pure.

Expressions are those of RE2, whose time is linear in the text whatever somebody searches for. A match lies in one line.

People go on typing between looking and replacing, so a match has a name by which it is found again or not at all: what
its line says, which of the lines that say the same it is, how many of them there are, and the column. While those
lines stay as many, the second one is the second one. When they do not, it is the one that has the same lines beside it,
as long as there was and is only one such; where nobody can tell, the match counts as changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import Any
from unicodedata import category

import re2

from collab.refusals import DocumentTooLarge
from collab.replicas.edits import TextEdit, in_pieces
from collab.searching.finding import MAX_QUERY, InvalidQuery, excerpt
from collab.yjs.offsets import utf16_length

MAX_REPLACEMENT = 10_000
"""Characters."""

MAX_BECOMES = 1_000_000
"""Characters of what one match becomes: a short replacement can name thousands of times what a long line holds."""

MOST_SHOWN = 5_000_000
"""Characters of what the matches of one answer become: room for 500 of the longest replacements as they are written."""

MOST_IN_TEXT = 10_000
"""Matches in one text after which nobody looks further."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody searches for."""

    query: str
    case: bool = False
    """Whether letter case counts."""
    word: bool = False
    """Whether it has to begin and end where words do."""
    regex: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A match."""

    id: str
    """Finds it again in this document as long as it can be told for sure."""
    line: int
    """Counted from 1."""
    column: int
    """UTF-16 code units of the line before it."""
    length: int
    """UTF-16 code units."""
    text: str
    """The line, cut as in `collab.searching.finding`, with "…" where something is left out."""
    start: int
    """UTF-16 code units of `text` before the match."""
    end: int
    """Where in `text` it ends, or is cut."""
    replacement: str | None
    """What it becomes; None when nobody has said."""


@dataclass(frozen=True, slots=True)
class Places:
    """The matches of one text."""

    count: int
    places: list[Place]
    """Those that were asked for."""
    whole: bool
    """False when there may be more than `MOST_IN_TEXT`."""


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    """In characters of the line."""
    end: int
    column: int
    """UTF-16 code units of the line before it."""
    length: int
    """UTF-16 code units."""
    found: Any
    """By RE2. It knows where the groups are; a hundred of them, one in the other, would be a hundred copies."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    start: int
    """In bytes of the text as UTF-8."""
    text: str
    matches: list[_Match]
    around: str
    """What it and the lines beside it say."""
    origin: str = ""
    """What the whole text says, where not all of it was looked at: nobody knows what further lines say the same."""


class Matcher:
    def __init__(self, wanted: Wanted, replacement: str | None = None) -> None:
        """Raises InvalidQuery, which says in a sentence what is wrong with the query or with the replacement."""
        self._word = wanted.word
        self._pattern = _compiled(wanted)
        self._template = _template(replacement, self._pattern.groups if wanted.regex else None)

    def places(self, text: str, skip: int = 0, most: int = MOST_IN_TEXT, longest: int = MOST_SHOWN) -> Places:
        """Of all matches, or the first `MOST_IN_TEXT`, at most ``most`` behind the first ``skip``.

        Raises InvalidQuery when one of those becomes too long, or all together become more than ``longest`` characters.
        """
        lines, everything = self._lines(text)
        matches = ((name, line, match) for name, line in _named(lines) for match in line.matches)
        places: list[Place] = []
        for name, line, match in islice(matches, skip, skip + most):
            longest -= self._length(line, match)
            if longest < 0:
                raise InvalidQuery(f"What these matches would become has more than {MOST_SHOWN} characters.")
            places.append(self._place(name, line, match))
        return Places(sum(len(line.matches) for line in lines), places, everything)

    def edits(self, text: str, chosen: Collection[str], largest: int) -> tuple[list[TextEdit], set[str]]:
        """What replaces the ``chosen`` matches that are still there, and which those are.

        Raises:
            InvalidQuery: one of them becomes too long.
            DocumentTooLarge: what takes their places is alone larger than ``largest`` bytes in UTF-8.
        """
        lines, _ = self._lines(text)
        there = list(_named(lines))
        found = _found_again(there, chosen)
        edits: list[TextEdit] = []
        raw = text.encode()
        units = at = 0
        for name, line in there:
            for match in line.matches:
                if _id(name, match) not in found:
                    continue
                self._length(line, match)
                new = self._become(match)
                assert new is not None
                largest -= len(new.encode())
                if largest < 0:
                    raise DocumentTooLarge("what is put in has more bytes than a text document may have")
                if new != match.found.group():
                    units, at = units + utf16_length(raw[at : line.start].decode()), line.start
                    start = units + match.column
                    edits += in_pieces(TextEdit(start, start + match.length, new))
        return edits, set(found.values())

    def _lines(self, text: str) -> tuple[list[_Line], bool]:
        """The lines that hold a match, and whether these are all.

        The whole text is gone through at once, and only where something fits line by line.
        """
        raw = text.encode()
        lines: list[_Line] = []
        left = MOST_IN_TEXT
        number, counted, at = 1, 0, 0
        while at <= len(raw) and (somewhere := self._pattern.search(raw, at)) is not None:
            start = raw.rfind(b"\n", counted, somewhere.start()) + 1 or counted
            end = _end_of_line(raw, somewhere.start())
            number += raw.count(b"\n", counted, start)
            line = raw[start:end].decode()
            if matches := list(islice(self._in_line(line), left)):
                around = raw[raw.rfind(b"\n", 0, max(0, start - 1)) + 1 : _end_of_line(raw, end + 1)]
                lines.append(_Line(number, start, line, matches, _digest(around)))
                left -= len(matches)
                if not left:
                    whole = _digest(raw)
                    return [replace(line, origin=whole) for line in lines], False
            counted, at = start, end + 1
        return lines, True

    def _in_line(self, line: str) -> Iterator[_Match]:
        column = at = 0
        for match in self._pattern.finditer(line):
            start, end = match.span()
            if start < end and (not self._word or _is_word(line, start, end)):
                column, at = column + utf16_length(line[at:start]), start
                yield _Match(start, end, column, utf16_length(line[start:end]), match)

    def _place(self, name: _Name, line: _Line, match: _Match) -> Place:
        text, start, end = excerpt(line.text, match.start, match.end)
        return Place(
            _id(name, match),
            line.number,
            match.column,
            match.length,
            text,
            utf16_length(text[:start]),
            utf16_length(text[:end]),
            self._become(match),
        )

    def _become(self, match: _Match) -> str | None:
        return self._template.fill(match.found) if self._template is not None else None

    def _length(self, line: _Line, match: _Match) -> int:
        """Characters of what it becomes, known before it is made. Raises InvalidQuery for more than `MAX_BECOMES`."""
        length = self._template.length(match.found) if self._template is not None else 0
        if length > MAX_BECOMES:
            raise InvalidQuery(f"A match in line {line.number} would become more than {MAX_BECOMES} characters.")
        return length


@dataclass(frozen=True, slots=True)
class _Name:
    """Of a line."""

    among_like: str
    """What it says, which of the lines that say so it is, and how many these are."""
    by_neighbours: str
    """What it says together with those beside it; "" where another line would have that name, too."""


def _named(lines: list[_Line]) -> Iterator[tuple[_Name, _Line]]:
    said = [_digest(line.text.encode()) + line.origin for line in lines]
    like, like_around, so_far = Counter(said), Counter(line.around for line in lines), Counter[str]()
    for line, says in zip(lines, said, strict=True):
        so_far[says] += 1
        # Of a text that was not looked at to the end nobody knows what else is in it.
        alone = like_around[line.around] == 1 and not line.origin
        yield _Name(f"{says}.{so_far[says]}.{like[says]}", line.around if alone else ""), line


def _id(name: _Name, match: _Match) -> str:
    return f"{name.among_like}~{name.by_neighbours}.{match.start}"


def _found_again(there: list[tuple[_Name, _Line]], chosen: Collection[str]) -> dict[str, str]:
    """Of the matches that are ``there``, by their ids of now, those that are ``chosen``, by their ids of then."""
    among_like: dict[tuple[str, str], str] = {}
    by_neighbours: dict[tuple[str, str], str] = {}
    for name, line in there:
        for match in line.matches:
            among_like[name.among_like, str(match.start)] = _id(name, match)
            by_neighbours[name.by_neighbours, str(match.start)] = _id(name, match)
    found: dict[str, str] = {}
    for then in chosen:
        like, _, rest = then.partition("~")
        neighbours, _, start = rest.partition(".")
        now = among_like.get((like, start))
        if now is None and neighbours:
            now = by_neighbours.get((neighbours, start))
        if now is not None:
            found[now] = then
    return found


def _end_of_line(raw: bytes, at: int) -> int:
    end = raw.find(b"\n", at)
    return len(raw) if end < 0 else end


def _digest(said: bytes) -> str:
    return blake2b(said, digest_size=12).hexdigest()


def _compiled(wanted: Wanted) -> Any:
    query = wanted.query
    if not query or len(query) > MAX_QUERY:
        raise InvalidQuery(f"A query has 1 to {MAX_QUERY} characters.")
    if any(ord(character) < 32 and character != "\t" for character in query):
        raise InvalidQuery("A query lies in one line and holds no control characters.")
    options = re2.Options()
    options.case_sensitive = wanted.case
    options.literal = not wanted.regex
    options.log_errors = False
    try:
        alone = re2.compile(query, options)  # what is wrong is told of what was written
        # In a group, or the flag would end at the first "|".
        pattern = re2.compile(f"(?m:{query})", options) if wanted.regex else alone
    except re2.error as error:
        raise InvalidQuery(f"This is no regular expression: {_why(error)}.") from None
    if wanted.regex and alone.search("") is not None:
        raise InvalidQuery("This expression also fits where nothing is. Let it ask for at least one character.")
    return pattern


def _why(error: Exception) -> str:
    """RE2's own words, which name the place."""
    [message] = error.args or ("it cannot be read",)
    return message.decode(errors="replace") if isinstance(message, bytes) else str(message)


def _is_word(line: str, start: int, end: int) -> bool:
    return not (_joined(line, start) or _joined(line, end))


def _joined(line: str, at: int) -> bool:
    """Whether a word goes on from the character before ``at`` to the one behind it."""
    return 0 < at < len(line) and _in_word(line[at - 1]) and _in_word(line[at])


def _in_word(character: str) -> bool:
    return character == "_" or character.isalnum() or category(character).startswith("M")


class _Template:
    """What a match becomes: texts, and numbers of groups that RE2 found."""

    def __init__(self, parts: list[str | int]) -> None:
        self._parts = parts
        self._groups = Counter(part for part in parts if isinstance(part, int))
        self._written = sum(len(part) for part in parts if isinstance(part, str))

    def length(self, found: Any) -> int:
        """Characters."""
        length = self._written
        for group, often in self._groups.items():
            start, end = found.span(group)
            length += (end - start) * often
        return length

    def fill(self, found: Any) -> str:
        groups = {group: found.group(group) or "" for group in self._groups}
        return "".join(groups[part] if isinstance(part, int) else part for part in self._parts)


def _template(replacement: str | None, groups: int | None) -> _Template | None:
    """None when nobody has said what a match becomes.

    ``groups``: how many there are; None when the replacement is literal.

    In the replacement of a regular expression `$1` is its first group, `$0` or `$&` all of the match, `$$` a dollar
    sign; `\\n` begins a line, `\\t` is a tab, `\\\\` a backslash.
    """
    if replacement is None:
        return None
    if len(replacement) > MAX_REPLACEMENT:
        raise InvalidQuery(f"A replacement has at most {MAX_REPLACEMENT} characters.")
    if any(ord(character) < 32 and character not in "\t\n" for character in replacement):
        raise InvalidQuery("A replacement holds no control characters.")
    if groups is None:
        return _Template([replacement])
    parts = list(_parts(replacement))
    if (most := max((part for part in parts if isinstance(part, int)), default=0)) > groups:
        raise InvalidQuery(f"The expression has no group {most}.")
    return _Template(parts)


_SPECIAL = re2.compile(r"\$(\d{1,2}|[&$])|\\([nt\\])")
_SIGNS = {"n": "\n", "t": "\t", "\\": "\\"}


def _parts(replacement: str) -> Iterator[str | int]:
    """Text, and numbers of groups."""
    at = 0
    for special in _SPECIAL.finditer(replacement):
        yield replacement[at : special.start()]
        group, sign = special.groups()
        if sign is not None:
            yield _SIGNS[sign]
        elif group == "$":
            yield "$"
        else:
            yield 0 if group == "&" else int(group)
        at = special.end()
    yield replacement[at:]
