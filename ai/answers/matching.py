"""Finds the lines that a search/replace block names, and fits their replacement to the text that is there.

Models copy text with small faults: blank space at line ends, other indentation, typographic quotes, a lost empty line.
Such lines are found all the same, if there is one place alone where they can be; where there are two, nobody can say
which was meant, and a wrong one would look right. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cached_property
from itertools import pairwise

_PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "\u00a0": " ", "\u2011": "-"}
)

_DRESSED = frozenset("'\"-")

_Dress = dict[tuple[str, bool], str]
"""Plain sign that was searched, and whether it opens something → the sign that stands there."""

_FROM, _MOST_COMPARED = 0.5, 200
"""Share of the words of two lines from which on one is taken to come from the other; lines that are looked at."""

_NEAR = 0.6
"""From this likeness on, lines are shown to a model as those that it may have meant."""
_MANY = 1_000
"""Blank lines: all of them."""
_RUNS, _COMPARED = 200, 2_000
"""Runs of lines that are compared at most, and letters of each."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The lines are nowhere. `nearest` are those of the text that come close (`nearest_to`), as far as is known."""

    nearest: str = ""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The lines are in so many places."""

    places: int


@dataclass(frozen=True)
class Place:
    """The lines are at [start, end) of the text, in code points. `whole_lines`: and not within a line.

    `searched` and `found` are those lines as they were searched and as they are, "" for what stands within a line.
    """

    start: int
    end: int
    whole_lines: bool = True
    step: int = 0
    """Characters by which the text is mostly indented further; 0 when it is not."""
    loose: bool = False
    """Whether blank lines were left out to find it."""
    searched: tuple[str, ...] = field(default=(), repr=False)
    found: tuple[str, ...] = field(default=(), repr=False)

    def fit(self, line: str) -> str:
        """A line of the replacement with what the search shows to be the model's faults taken back."""
        if self.searched == self.found or not line.strip():
            return line
        if (kept := self._kept.get(_plain(line))) is not None:
            return kept
        line = _dressed(line, self._dress_of(line)) if self._typographic else line.translate(_PLAIN)
        return _reindented(line if self._spaced else line.rstrip() + "\n", self._indents, self.step)

    @cached_property
    def _kept(self) -> dict[str, str]:
        """Lines that are to stay as they are."""
        return {_plain(searched): found for searched, found in _pairs(self.searched, self.found)}

    @cached_property
    def _indents(self) -> dict[str, str]:
        return {_indent(searched): _indent(found) for searched, found in _pairs(self.searched, self.found)}

    @cached_property
    def _spaced(self) -> bool:
        return any(line.rstrip() != line.removesuffix("\n") for line in self.found if line.strip())

    def _dress_of(self, line: str) -> _Dress:
        """That of the line that it comes from. Of one that is new, and of one without such signs, that of all lines, if
        they agree: in a program a comment may have other quotation marks than the code below it."""
        words = _words(line)
        alike, dress = max(
            ((len(words & other) / max(1, len(words | other)), number) for number, other in enumerate(self._worded)),
            default=(0.0, 0),
        )
        if alike >= _FROM and (own := self._dresses[dress]):
            return own
        return self._common_dress

    @cached_property
    def _worded(self) -> list[frozenset[str]]:
        return [_words(searched) for searched, _ in _pairs(self.searched, self.found)[:_MOST_COMPARED]]

    @cached_property
    def _dresses(self) -> list[_Dress]:
        return [
            _dress_between(searched.strip(), found.strip()) for searched, found in _pairs(self.searched, self.found)
        ]

    @cached_property
    def _common_dress(self) -> _Dress:
        signs: dict[tuple[str, bool], set[str]] = {}
        for dress in self._dresses:
            for sign, there in dress.items():
                signs.setdefault(sign, set()).add(there)
        return {sign: next(iter(there)) for sign, there in signs.items() if len(there) == 1}

    @cached_property
    def _typographic(self) -> bool:
        return any(ord(character) in _PLAIN for line in self.found for character in line)


def locate(text: str, search: Sequence[str]) -> Place | Missing | Ambiguous:
    """Where the lines `search`, each with its line end, are in `text`. Blank lines at both their ends do not count."""
    lines = lines_of(text)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    wanted = _trimmed(search)
    if not wanted:
        return Missing()
    if len(wanted) < len(search):
        found = _runs([_without_ends(line) for line in lines], [_without_ends(line) for line in search])
        if len(found) == 1:
            return _place(lines, starts, search, found[0], found[0] + len(search))
    for alike in (_exact, _without_ends, _plain, _flat):
        found = _runs([alike(line) for line in lines], [alike(line) for line in wanted])
        if alike is _flat:
            found = [at for at in found if _one_shift(wanted, lines[at : at + len(wanted)])]
        if len(found) > 1:
            return Ambiguous(len(found))
        if found:
            return _place(lines, starts, wanted, found[0], found[0] + len(wanted))
    return _within(text, wanted) or _without_blanks(lines, starts, wanted) or Missing()


class Fitting:
    """The replacement of what was `searched` and is at `place`, line by line as it comes."""

    def __init__(self, place: Place, searched: Sequence[str]) -> None:
        self._place = place
        full = [n for n, line in enumerate(searched) if line.strip()]
        trimmed = bool(place.searched) and len(place.searched) < len(searched)
        self._skip = full[0] if trimmed else _MANY if place.loose else 0
        self._drop = len(searched) - 1 - full[-1] if trimmed else _MANY if place.loose else 0
        self._blank = ""
        self._line_end = ""

    def push(self, line: str) -> str:
        """Returns what is certain by now to stand there. A line end is held back until another line follows."""
        if not line.strip():
            if self._skip:
                self._skip -= 1
            else:
                self._blank += "\n"
            return ""
        self._skip = 0
        line = self._place.fit(line)
        blank, self._blank = self._blank, ""
        held, self._line_end = self._line_end, "\n"
        return held + blank + line.removesuffix("\n")

    def finish(self, *, line_end: bool) -> str:
        """The rest; with its line end where what it stands for has one."""
        blank = self._blank[self._drop :]
        ends = self._line_end + blank
        return ends if line_end else ends[:-1]


def lines_of(text: str) -> list[str]:
    """Each with its line end, which the last may lack; none of an empty text."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _opens(line: str, at: int) -> bool:
    """Whether a quotation mark there opens something, or a dash stands by itself."""
    return at == 0 or line[at - 1] in " \t([{"


def _dress_between(searched: str, found: str) -> _Dress:
    """Where one line has both, most decide."""
    counts: Counter[tuple[str, bool, str]] = Counter()
    for at, (plain, sign) in enumerate(zip(searched, found, strict=False)):
        if plain in _DRESSED:
            counts[plain, _opens(searched, at), sign] += 1
    return {(plain, opens): sign for (plain, opens, sign), _ in reversed(counts.most_common())}


def _words(line: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", line))


def _dressed(line: str, dress: _Dress) -> str:
    """With the signs that the text has where the model writes plain ones."""
    if not dress:
        return line
    return "".join(
        dress.get((sign, _opens(line, at)), sign) if sign in _DRESSED else sign for at, sign in enumerate(line)
    )


def _trimmed(lines: Sequence[str]) -> list[str]:
    first = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
    last = next((n for n in range(len(lines), 0, -1) if lines[n - 1].strip()), 0)
    return list(lines[first:last])


def _exact(line: str) -> str:
    return line.removesuffix("\n")


def _without_ends(line: str) -> str:
    return line.rstrip()


def _plain(line: str) -> str:
    return line.rstrip().translate(_PLAIN)


def _flat(line: str) -> str:
    return line.strip().translate(_PLAIN)


def _runs(lines: Sequence[Hashable], wanted: Sequence[Hashable]) -> list[int]:
    """Where `wanted` stands in `lines`."""
    last = len(lines) - len(wanted)
    first = wanted[0]
    size = len(wanted)
    return [at for at in range(last + 1) if lines[at] == first and list(lines[at : at + size]) == list(wanted)]


def _pairs(searched: Sequence[str], found: Sequence[str]) -> list[tuple[str, str]]:
    """The lines that were taken for one another, but for blank ones."""
    return list(zip(_full(searched), _full(found), strict=True))


def _full(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line.strip()]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _one_shift(searched: Sequence[str], found: Sequence[str]) -> bool:
    """Whether equal indentation became equal indentation: else it is other text, at least in Python."""
    indents: dict[str, str] = {}
    return all(indents.setdefault(_indent(a), _indent(b)) == _indent(b) for a, b in _pairs(searched, found))


def _step(lines: Sequence[str]) -> int:
    depths = [len(_indent(line)) for line in lines if line.strip()]
    steps = Counter(b - a for a, b in pairwise(depths) if b > a)
    return steps.most_common(1)[0][0] if steps else 0


def _reindented(line: str, indents: dict[str, str], step: int) -> str:
    own = _indent(line)
    if own in indents:
        return indents[own] + line[len(own) :]
    if (unit := _unit(indents)) is not None:
        searched, found = unit
        return found[:1] * (len(own) * len(found) // len(searched)) + line[len(own) :]
    # Deeper than anything that was searched: what it has beyond the deepest that is known stays.
    known = max((indent for indent in indents if own.startswith(indent)), key=len, default=None)
    if known is not None:
        further = own[len(known) :]
        if known and step and len(further) % step and len(indents[known]) % len(known) == 0:
            # Not a step of the text's: the model takes steps of its own.
            further *= len(indents[known]) // len(known)
        return indents[known] + further + line[len(own) :]
    # Less deep: the model's own shift, taken back as far as there is indentation to take it from.
    searched, found = min(indents.items(), key=lambda pair: len(pair[0]))
    shift = len(found) - len(searched)
    if shift >= 0:
        return found[:shift] + line
    return line[min(-shift, len(own)) :]


def _unit(indents: dict[str, str]) -> tuple[str, str] | None:
    """One step of indentation in the search and in the text, where the steps differ and not just the beginning."""
    deeper = {a: b for a, b in indents.items() if a}
    if not deeper or indents.get("", "") or (len(deeper) < 2 and "" not in indents):
        return None
    searched, found = min(deeper.items(), key=lambda pair: len(pair[0]))
    same = all(len(a) * len(found) == len(b) * len(searched) for a, b in deeper.items())
    return (searched, found) if same and len(searched) != len(found) else None


def _within(text: str, wanted: Sequence[str]) -> Place | Ambiguous | None:
    """A piece of a line, or lines of which the first and the last are not whole."""
    piece = "".join(wanted).removesuffix("\n")
    places, at = 0, text.find(piece)
    first = at
    while at >= 0:
        places += 1
        at = text.find(piece, at + 1)
    if places > 1:
        return Ambiguous(places)
    return Place(first, first + len(piece), whole_lines=False) if places else None


def _without_blanks(lines: Sequence[str], starts: Sequence[int], wanted: Sequence[str]) -> Place | Ambiguous | None:
    """Blank lines were lost, or put in."""
    full = [n for n, line in enumerate(lines) if line.strip()]
    searched = [line for line in wanted if line.strip()]
    found = _runs([_flat(lines[n]) for n in full], [_flat(line) for line in searched])
    found = [at for at in found if _one_shift(searched, [lines[n] for n in full[at : at + len(searched)]])]
    if len(found) > 1:
        return Ambiguous(len(found))
    if not found:
        return None
    first, last = full[found[0]], full[found[0] + len(searched) - 1] + 1
    return replace(_place(lines, starts, wanted, first, last), loose=True)


def _place(lines: Sequence[str], starts: Sequence[int], searched: Sequence[str], first: int, last: int) -> Place:
    found = tuple(lines[first:last])
    return Place(starts[first], starts[last], step=_step(lines), searched=tuple(searched), found=found)


def nearest_to(text: str, search: Sequence[str]) -> str:
    """The lines of `text` that come closest to `search`, for a model to look at again; "" when none do.

    Of runs that share a line with what is wanted, the one with the most letters in common is compared: comparing all
    would cost as much as their lengths multiplied.
    """
    lines, wanted = lines_of(text), _trimmed(search)
    keys = {key for line in wanted if len(key := _flat(line)) > 3}
    size, piece = len(wanted), "".join(wanted)[:_COMPARED]
    matcher = SequenceMatcher(None, b=piece, autojunk=False)
    best, likeness = "", _NEAR
    starts = sorted({max(0, n - k) for n, line in enumerate(lines) if _flat(line) in keys for k in range(size)})
    for at in starts[:_RUNS]:
        run = "".join(lines[at : at + size])[:_COMPARED]
        matcher.set_seq1(run)
        if (ratio := matcher.quick_ratio()) > likeness:
            best, likeness = run, ratio
    matcher.set_seq1(best)
    return best if best and matcher.ratio() > _NEAR else ""
