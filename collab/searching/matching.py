"""Every place of a text that fits a query with its options, and what it becomes when it is replaced. Pure.

Expressions are those of RE2: to find the next match takes time that is linear in the text, whatever somebody searches
for. A match lies in one line. With whole words it neither begins nor ends inside of one; RE2 looks for that, too, since
of 19 MB of Python a million places hold an "e", and six are a word.

People go on typing between looking and replacing, so a match has a name by which it is found again or not at all: what
its line says, which of the lines that say the same it is, how many of them there are, and the column. While those
lines stay as many, the second one is the second one. When they do not, it is the one that has the same lines beside it,
as long as there was and is only one such; where nobody can tell, the match counts as changed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from unicodedata import category

import re2

from collab.refusals import DocumentTooLarge
from collab.replicas.edits import TextEdit, in_pieces
from collab.searching.finding import MAX_QUERY, InvalidQuery, Text, excerpt
from collab.yjs.offsets import utf16_length

MAX_REPLACEMENT = 10_000
"""Characters."""

MAX_BECOMES = 1_000_000
"""Characters of what one match becomes: a short replacement can name thousands of times what a long line holds."""

MOST_SHOWN = 5_000_000
"""Characters of what the matches of one answer become: room for 500 of the longest replacements as they are written."""

MOST_IN_TEXT = 10_000
"""Matches in one text after which nobody looks further."""

PATIENCE = 5.0
"""Seconds of CPU after which nobody looks further: looking for one match is linear, but an expression that looks far
behind each of its thousands of matches is not."""

QUICK = 1_000_000
"""Characters that Python looks through at once for a query, without letting other threads in."""

COUNTED = 1 << 20
"""Bytes whose lines are counted at once, without letting other threads in."""


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
    """False when there may be more: than `MOST_IN_TEXT`, or behind where patience ended."""


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    """In bytes of the text as UTF-8."""
    end: int
    found: Any
    """By RE2. It knows where the groups are; a hundred of them, one in the other, would be a hundred copies."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    start: int
    """In bytes of the text as UTF-8."""
    end: int
    matches: list[_Match]


class Matcher:
    def __init__(self, wanted: Wanted, replacement: str | None = None) -> None:
        """Raises InvalidQuery, which says in a sentence what is wrong with the query or with the replacement."""
        self._wanted = wanted
        self._pattern, self._next = _compiled(wanted)
        self._whole = int(wanted.word)
        """The group of the pattern that is the match: beside a word there may be a character more."""
        groups = self._pattern.groups - self._whole if wanted.regex else None
        self._template = _template(replacement, groups, self._whole)

    def count(self, text: Text) -> int | None:
        """How many matches ``text`` holds, where that is said without looking at each; otherwise None."""
        query, hay = self._wanted.query, text.text
        if self._wanted.regex or len(hay) > QUICK:
            return None
        if not self._wanted.case:
            if not (query.isascii() and hay.isascii()):
                return None  # of other letters RE2 and Python do not agree which are the same
            query, hay = query.lower(), text.folded
        count = hay.count(query)
        return None if count > MOST_IN_TEXT or (count and self._wanted.word) else count

    def places(
        self,
        text: str,
        skip: int = 0,
        most: int = MOST_IN_TEXT,
        longest: int = MOST_SHOWN,
        patience: float | None = None,
    ) -> Places:
        """Of all matches, or the first `MOST_IN_TEXT`, at most ``most`` behind the first ``skip``.

        ``patience``: seconds of CPU, instead of `PATIENCE`.

        Raises InvalidQuery when one of those becomes too long, or all together become more than ``longest`` characters.
        """
        raw = text.encode()
        matches, everything = self._matches(raw, patience)
        chosen = matches[skip : skip + most]
        places: list[Place] = []
        if chosen:  # or nobody asks in which lines the others are
            first, last = chosen[0].start, chosen[-1].start
            for name, line in _named(raw, _lines(raw, matches), everything):
                if first < line.end and line.start <= last:
                    for match, said, at, column in _measured(raw, line):
                        if first <= match.start <= last:
                            longest -= self._length(line, match)
                            if longest < 0:
                                raise InvalidQuery(
                                    f"What these matches would become has more than {MOST_SHOWN} characters."
                                )
                            places.append(self._place(raw, name, line, match, said, at, column))
        return Places(len(matches), places, everything)

    def edits(self, text: str, chosen: Collection[str], largest: int) -> tuple[list[TextEdit], set[str]]:
        """What replaces the ``chosen`` matches that are still there, and which those are.

        Raises:
            InvalidQuery: one of them becomes too long.
            DocumentTooLarge: what takes their places is alone larger than ``largest`` bytes in UTF-8.
        """
        raw = text.encode()
        matches, everything = self._matches(raw)
        there = list(_named(raw, _lines(raw, matches), everything))
        found = _found_again(there, chosen)
        edits: list[TextEdit] = []
        units = at = 0
        for name, line in there:
            for match in line.matches:
                if _id(name, line, match) not in found:
                    continue
                self._length(line, match)
                new = self._become(match)
                assert new is not None
                largest -= len(new.encode())
                if largest < 0:
                    raise DocumentTooLarge("what is put in has more bytes than a text document may have")
                old = raw[match.start : match.end].decode()
                if new != old:
                    units, at = units + utf16_length(raw[at : match.start].decode()), match.start
                    edits += in_pieces(TextEdit(units, units + utf16_length(old), new))
        return edits, set(found.values())

    def _matches(self, raw: bytes, patience: float | None = None) -> tuple[list[_Match], bool]:
        """The first `MOST_IN_TEXT`, and whether these are all."""
        until = time.thread_time() + (PATIENCE if patience is None else patience)
        plain = raw.isascii()
        matches: list[_Match] = []
        for found in self._words(raw) if self._wanted.word else self._pattern.finditer(raw):
            start, end = found.span(self._whole)
            if not self._wanted.word or plain or _is_word(raw, start, end):
                matches.append(_Match(start, end, found))
            if len(matches) >= MOST_IN_TEXT or time.thread_time() > until:
                return matches, False
        return matches, True

    def _words(self, raw: bytes) -> Iterator[Any]:
        """What RE2 finds; next to letters that are not ASCII an expression may have found part of a word."""
        at = 0
        while True:
            # What has no word before it need not look for that, which would take it from the match before it.
            beside = at > 0 and (not _in_word(_before(raw, at)) or (self._wanted.regex and raw[at - 1] >= 128))
            found = (self._next.match(raw, at) if beside else None) or self._pattern.search(raw, at)
            if found is None:
                return
            yield found
            at = found.end(1)

    def _place(self, raw: bytes, name: _Name, line: _Line, match: _Match, said: str, at: int, column: int) -> Place:
        """``said``: the line. ``at`` and ``column``: its characters and UTF-16 code units before the match."""
        matched = raw[match.start : match.end].decode()
        text, start, end = excerpt(said, at, at + len(matched))
        return Place(
            _id(name, line, match),
            line.number,
            column,
            utf16_length(matched),
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


def _lines(raw: bytes, matches: Iterable[_Match]) -> list[_Line]:
    """Those that hold the matches."""
    lines: list[_Line] = []
    number, counted, end = 1, 0, -1
    for match in matches:
        if match.start > end:
            start = raw.rfind(b"\n", counted, match.start) + 1 or counted
            number += sum(raw.count(b"\n", at, min(at + COUNTED, start)) for at in range(counted, start, COUNTED))
            counted, end = start, _end_of_line(raw, match.start)
            lines.append(_Line(number, start, end, []))
        lines[-1].matches.append(match)
    return lines


def _measured(raw: bytes, line: _Line) -> Iterator[tuple[_Match, str, int, int]]:
    """Each match, the line, and how many of its characters and of its UTF-16 code units are before the match."""
    said = raw[line.start : line.end].decode()
    at = column = 0
    counted = line.start
    for match in line.matches:
        between = raw[counted : match.start].decode()
        at, column, counted = at + len(between), column + utf16_length(between), match.start
        yield match, said, at, column


def _named(raw: bytes, lines: list[_Line], everything: bool) -> Iterator[tuple[_Name, _Line]]:
    """``everything``: whether the text was looked at to the end. If not, what it says is in the names: nobody knows
    which further lines say the same."""
    origin = "" if everything else _digest(raw)
    said = [_digest(raw[line.start : line.end]) + origin for line in lines]
    around = [_digest(_with_neighbours(raw, line)) for line in lines]
    like, like_around, so_far = Counter(said), Counter(around), Counter[str]()
    for line, says, beside in zip(lines, said, around, strict=True):
        so_far[says] += 1
        alone = like_around[beside] == 1 and everything
        yield _Name(f"{says}.{so_far[says]}.{like[says]}", beside if alone else ""), line


def _with_neighbours(raw: bytes, line: _Line) -> bytes:
    return raw[raw.rfind(b"\n", 0, max(0, line.start - 1)) + 1 : _end_of_line(raw, line.end + 1)]


def _id(name: _Name, line: _Line, match: _Match) -> str:
    return f"{name.among_like}~{name.by_neighbours}.{match.start - line.start}"


def _found_again(there: list[tuple[_Name, _Line]], chosen: Collection[str]) -> dict[str, str]:
    """Of the matches that are ``there``, by their ids of now, those that are ``chosen``, by their ids of then."""
    among_like: dict[tuple[str, str], str] = {}
    by_neighbours: dict[tuple[str, str], str] = {}
    for name, line in there:
        for match in line.matches:
            start = str(match.start - line.start)
            among_like[name.among_like, start] = by_neighbours[name.by_neighbours, start] = _id(name, line, match)
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


def _compiled(wanted: Wanted) -> tuple[Any, Any]:
    """What fits, and for a whole word also what fits behind a character that is in no word."""
    query = wanted.query
    if not query or len(query) > MAX_QUERY:
        raise InvalidQuery(f"A query has 1 to {MAX_QUERY} characters.")
    if any(ord(character) < 32 and character != "\t" for character in query):
        raise InvalidQuery("A query lies in one line and holds no control characters.")
    options = re2.Options()
    options.case_sensitive = wanted.case
    options.never_nl = True
    options.log_errors = False
    expression = query if wanted.regex else re2.escape(query)
    try:
        alone = re2.compile(expression, options)  # what is wrong is told of what was written
        # In groups, or the flag would end at the first "|".
        pattern = follows = re2.compile(f"(?m:{expression})", options)
        if wanted.word:
            before, behind = _edges(wanted)
            pattern = re2.compile(f"(?m:{before}({expression}){behind})", options)
            follows = re2.compile(f"(?m:({expression}){behind})", options)
    except re2.error as error:
        raise InvalidQuery(f"This is no regular expression: {_why(error)}.") from None
    if wanted.regex and any(alone.fullmatch(text, at, at) is not None for text, at in _NOWHERE):
        raise InvalidQuery("This expression also fits where nothing is. Let it ask for at least one character.")
    return pattern, follows


_NOWHERE = [(text, at) for text in ("", "a", "-", "aa", "a-", "-a", "--") for at in range(len(text) + 1)]
"""Each neighbourhood of a place that an expression can tell from others."""


def _edges(wanted: Wanted) -> tuple[str, str]:
    """Expressions of what is before and behind a whole word. RE2 does not look around, but at ASCII's words."""
    if wanted.regex:
        return r"(?:\b|^|\W)", r"(?:\b|$|\W)"
    outside = r"[^_\pL\pN\pM]"
    before = f"(?:^|{outside})" if _in_word(wanted.query[0]) else ""
    return before, f"(?:$|{outside})" if _in_word(wanted.query[-1]) else ""


def _why(error: Exception) -> str:
    """RE2's own words, which name the place."""
    [message] = error.args or ("it cannot be read",)
    return message.decode(errors="replace") if isinstance(message, bytes) else str(message)


def _is_word(raw: bytes, start: int, end: int) -> bool:
    return not (_joined(raw, start) or _joined(raw, end))


def _joined(raw: bytes, at: int) -> bool:
    """Whether a word goes on from the character before ``at`` to the one behind it."""
    return 0 < at < len(raw) and _in_word(_before(raw, at)) and _in_word(_characters(raw[at : at + 4])[0])


def _before(raw: bytes, at: int) -> str:
    return _characters(raw[max(0, at - 4) : at])[-1]


def _characters(cut: bytes) -> str:
    """Those of UTF-8 that are whole."""
    return cut.decode(errors="ignore")


def _in_word(character: str) -> bool:
    return character == "_" or character.isalnum() or category(character).startswith("M")


class _Template:
    """What a match becomes: texts, and numbers of groups that RE2 found."""

    def __init__(self, parts: list[str | int], whole: int) -> None:
        """``whole``: the group that is all of the match; those that the parts name are counted from there."""
        self._parts = parts
        self._whole = whole
        self._groups = Counter(part for part in parts if isinstance(part, int))
        self._written = sum(len(part) for part in parts if isinstance(part, str))

    def length(self, found: Any) -> int:
        """Characters."""
        length = self._written
        for group, often in self._groups.items():
            length += len(self._said(found, group)) * often
        return length

    def fill(self, found: Any) -> str:
        groups = {group: self._said(found, group) for group in self._groups}
        return "".join(groups[part] if isinstance(part, int) else part for part in self._parts)

    def _said(self, found: Any, group: int) -> str:
        return (found.group(self._whole + group) or b"").decode()


def _template(replacement: str | None, groups: int | None, whole: int) -> _Template | None:
    """None when nobody has said what a match becomes.

    ``groups``: how many there are; None when the replacement is literal. ``whole``: as of `_Template`.

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
        return _Template([replacement], whole)
    parts = list(_parts(replacement))
    if (most := max((part for part in parts if isinstance(part, int)), default=0)) > groups:
        raise InvalidQuery(f"The expression has no group {most}.")
    return _Template(parts, whole)


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
