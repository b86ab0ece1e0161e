"""Where a text may be cut, line by line, and what each of its lines is in."""

import re
from dataclasses import dataclass

INSIDE = 100
"""Ranks from here are of cuts through the middle of something; below, of cuts between two things."""

UNWANTED = 300
"""Ranks from here are of lines that belong to the one before."""

_MOST_INDENT = 35
_CLOSES = re.compile(
    r"\s*(?:[\])}]|</|(?:else|elif|except|finally|catch|rescue|ensure|end|fi|done|esac|then|do)(?![\w-]))", re.I
)


@dataclass(frozen=True, slots=True)
class Outline:
    """One of both for each line of a text."""

    ranks: list[int]
    """The lower, the better is it to begin a chunk with that line."""
    within: list[tuple[str, ...]]
    """Outermost first."""


def is_blank(line: str) -> bool:
    return not line or line.isspace()


def indent_of(line: str) -> int:
    """In columns; what is indented further than anybody reads is as good as that."""
    white = line[: min(len(line) - len(line.lstrip()), _MOST_INDENT)]
    return min(len(white) + 3 * white.count("\t"), _MOST_INDENT)


def closes(line: str) -> bool:
    """Whether it ends what others have begun, or goes on with it."""
    return _CLOSES.match(line) is not None


def rank_of(line: str, after_blank: bool) -> int:
    """By the line alone: the less indented the better, and behind a blank line. Below INSIDE, or UNWANTED."""
    if closes(line):
        return UNWANTED + indent_of(line)
    return 2 * indent_of(line) + (10 if after_blank else 20)


def plain_outline(lines: list[str], prose: bool) -> Outline:
    """Of data and of languages without a grammar here; of prose, where what begins is behind a blank line."""
    ranks = []
    after_blank = True
    for line in lines:
        blank = is_blank(line)
        between = INSIDE if prose and not after_blank else 0
        ranks.append(UNWANTED if blank else between + rank_of(line, after_blank))
        after_blank = blank
    return Outline(ranks, [()] * len(lines))


# ---- Markdown

_BLOCK, _ITEM, _CONTINUED, _FENCED = 10, INSIDE + 10, INSIDE + 60, INSIDE + 100
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
_FENCE = re.compile(r"\s*(`{3,}(?=[^`]*$)|~{3,})")
_MARKER = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])(?:\s|$)")
_MOST_TITLE = 200


def markdown_outline(lines: list[str]) -> Outline:
    """By sections, then by what is between blank lines; lists, tables and fences are cut only where they do not fit."""
    ranks: list[int] = []
    within: list[tuple[str, ...]] = []
    headings: list[tuple[int, str]] = []
    path: tuple[str, ...] = ()

    def begin(level: int, title: str) -> None:
        nonlocal path
        while headings and headings[-1][0] >= level:
            headings.pop()
        headings.append((level, title[:_MOST_TITLE].strip()))
        path = tuple(title for _, title in headings if title)

    # Settings in front of the text are as good as a fence.
    fence = "---" if lines[0].strip("\ufeff \t\r") == "---" else ""
    paragraph: int | None = None
    last, after_blank = "", True
    for row, line in enumerate(lines):
        line = (line if row else line.removeprefix("\ufeff")).rstrip("\r")
        bare = line.strip()
        rank = UNWANTED
        if fence:
            rank = _FENCED + rank_of(line, after_blank)
            if row and bare.startswith(fence) and not bare.strip(fence[0]):
                fence, rank = "", UNWANTED
        elif not bare:
            paragraph = None
        elif heading := _HEADING.match(line):
            last, paragraph, rank = "heading", None, len(heading[1])
            begin(rank, re.sub(r"(?:^|\s)#+$", "", (heading[2] or "").rstrip()))
        elif paragraph is not None and _UNDERLINE.match(line):
            level = 1 if bare[0] == "=" else 2
            begin(level, " ".join(one.strip() for one in lines[paragraph:row]))
            ranks[paragraph] = level
            within[paragraph:] = [path] * (row - paragraph)
            last, paragraph = "heading", None
        else:
            opening, item = _FENCE.match(line), _MARKER.match(line)
            if last == "heading":
                pass
            elif item and (last == "list" or not after_blank):
                rank = _ITEM + indent_of(line)
            elif last == "list" and indent_of(line) > 1:
                rank = _CONTINUED + indent_of(line)
            else:
                rank = _BLOCK if after_blank else _CONTINUED
            if opening:
                fence, paragraph = opening[1], None
            elif item:
                last, paragraph = "list", None
            elif last != "list" or indent_of(line) < 2:
                last = "text"
                paragraph = row if paragraph is None else paragraph
            if opening and last == "heading":
                last = "text"
        ranks.append(rank)
        within.append(path)
        after_blank = not bare
    return Outline(ranks, within)
