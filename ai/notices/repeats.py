"""A change that somebody has made in some places and not in the others: found by what differs between two texts. Pure.

Words and identifiers that were replaced by the same others, more than once, are taken to be meant wherever they still
stand. Moved and rewritten text is none of it: only replacements within a line count.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collab.replicas.differences import differences
from collab.replicas.edits import TextEdit
from collab.yjs.offsets import utf16_length

MOST_DIFFERENCES = 400
"""Beyond it a text was written anew, and no longer changed here and there."""

LONGEST = 60
"""Letters of what was replaced."""

_WORD = re.compile(r"\w+")
_WORDS = re.compile(r" ?\w[\w -]*")
_WORD_BEHIND = re.compile(r" ?\w+")
_WORD_BEFORE = re.compile(r"\w+ ?$")
_LETTER = re.compile(r"[^\W\d_]")
_IN_A_RUN = re.compile(r"[\w.:/-]")
_NAME = re.compile(r"[\w.:/-]*\w[\w.:/-]*")
_PHRASE = re.compile(r"[\w.:/-]*\w[\w.:/ -]*")
# A capital or an underscore inside of a word; a digit beside a letter; a date or a version.
_DISTINCTIVE = re.compile(r"[^\W\d_][A-Z_]|\w_\w|[^\W\d_]\d|\d[^\W\d_]|\d[.:-]\d")


@dataclass(frozen=True, slots=True)
class Repeat:
    """`old` was replaced by `new` in `done` places."""

    old: str
    new: str
    done: int

    @property
    def is_distinctive(self) -> bool:
        """Whether `old` means the same wherever it stands, as a name does and "this", `True` and 100 do not."""
        return _DISTINCTIVE.search(self.old) is not None and self.old not in self.new

    def is_worth(self, left: int) -> bool:
        """Whether those `left` are likely to be meant as well: where most of them stayed, they are to stay."""
        return 0 < left <= self.done and self.done >= (2 if self.is_distinctive else 3)


def repeats(before: str, now: str, *, prose: bool = False) -> list[Repeat]:
    """What was replaced at least twice, or where it comes from; most often first. A second for texts of megabytes.

    In `prose` a name may be of several words; elsewhere those are expressions, and mean something where they stand.
    """
    is_name = (_PHRASE if prose else _NAME).fullmatch
    found = differences(before, now)
    if len(found) > MOST_DIFFERENCES:
        return []
    pairs: dict[tuple[int, int], tuple[str, str]] = {}
    shift = 0
    for one in found:
        at = one.start + shift
        shift += len(one.text) - (one.end - one.start)
        span, old, new = _pair(before, now, (one.start, one.end), (at, at + len(one.text)))
        if not is_name(old) or not is_name(new) or not _is_replaced(old, new):
            continue
        # Where more of the line is another, it was not a matter of the word.
        if re.sub(_whole(new), old.replace("\\", r"\\"), _line(now, at)) == _line(before, span[0]):
            pairs[span] = old, new  # of several differences in one word the last one knows the same as the others
    counted = Counter(pairs.values())
    return [
        Repeat(old, new, done)
        for (old, new), done in counted.most_common()
        # What was there before is another thing that some places were switched to, and not its new name.
        if (done > 1 or (not prose and defines(before, old))) and not re.search(_whole(new), before)
    ]


def _line(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)]


def _pair(before: str, now: str, old: tuple[int, int], new: tuple[int, int]) -> tuple[tuple[int, int], str, str]:
    """Where in `before` whole words were replaced, these, and what they were replaced by."""
    first, last = _whole_words(before, *old)
    start, end = new[0] - (old[0] - first), new[1] + (last - old[1])
    if not _WORD.search(before, first, last) and _WORDS.fullmatch(now, start, end):
        # Words that were put before or behind one that stays: that one is meant, too ("price" → "net price").
        beside = _beside(before, first)
        start, end = start - (first - beside[0]), end + (beside[1] - last)
        first, last = beside
    if not _LETTER.search(before, first, last):
        # Of a version or a date all of it is meant.
        first, last = _run(before, *old)
        start, end = _run(now, *new)
    return (first, last), before[first:last].strip(" \t"), now[start:end].strip(" \t")


def _is_replaced(old: str, new: str) -> bool:
    if old == new or len(old) > LONGEST or len(new) > LONGEST:
        return False
    return len(old) > 2 or bool(_LETTER.search(old))


def _run(text: str, start: int, end: int) -> tuple[int, int]:
    least, most = max(0, start - LONGEST), min(len(text), end + LONGEST)
    while start > least and _IN_A_RUN.match(text[start - 1]):
        start -= 1
    while end < most and _IN_A_RUN.match(text[end]):
        end += 1
    return start, end


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Around what may begin and end inside of words."""
    least, most = max(0, start - LONGEST), min(len(text), end + LONGEST)
    while start > least and _WORD.match(text[start - 1]) and (end > start or _WORD.match(text[start : start + 1])):
        start -= 1
    while end < most and end > start and _WORD.match(text[end]) and _WORD.match(text[end - 1]):
        end += 1
    return start, end


def _beside(text: str, at: int) -> tuple[int, int]:
    """From `at` to the end of the word that begins there, behind a space or none; or else of the word before it."""
    if behind := _WORD_BEHIND.match(text, at):
        return at, behind.end()
    before = _WORD_BEFORE.search(text, max(0, at - LONGEST), at)
    return (before.start(), at) if before else (at, at)


def places(text: str, repeat: Repeat) -> Iterator[int]:
    """Where `repeat.old` stands as whole words and not as a part of `repeat.new`, in code points."""
    within = re.finditer(_whole(repeat.new), text) if repeat.old in repeat.new else iter(())
    new = next(within, None)
    for match in re.finditer(_whole(repeat.old), text):
        while new is not None and new.end() < match.end():
            new = next(within, None)
        if new is None or match.start() < new.start():
            yield match.start()


def is_public(name: str) -> bool:
    """Whether others may use it, by how it is written."""
    return not name.startswith("_") and "." not in name


def defines(text: str, name: str) -> bool:
    """Whether `text` is where `name` comes from, as far as that can be told of any language."""
    keywords = (
        r"def|class|fn|func|function|struct|enum|trait|interface|type|const|let|var|val|static|module|package|record"
    )
    said = rf"^(?:{re.escape(name)}[ \t]*(?::[^=\n]*)?=|.*\b(?:{keywords})[ \t]+{_whole(name)})"
    return re.search(said, text, re.MULTILINE) is not None


def _whole(words: str) -> str:
    before = r"(?<!\w)" if words[:1].isalnum() or words[:1] == "_" else ""
    behind = r"(?!\w)" if words[-1:].isalnum() or words[-1:] == "_" else ""
    return before + re.escape(words) + behind


def edits(text: str, found: Sequence[int], repeat: Repeat) -> tuple[TextEdit, ...]:
    """`repeat`, made at the places `found`, which ascend."""
    made, before, units, width = [], 0, 0, utf16_length(repeat.old)
    for start in found:
        units += utf16_length(text[before:start])
        made.append(TextEdit(units, units + width, repeat.new))
        before = start
    return tuple(made)
