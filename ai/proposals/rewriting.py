"""What a model says about one text becomes the hunks of a proposal, in whichever of two forms it answers.

Short texts are written anew as a whole, which the smallest model can do, and the difference is found here. Of long ones
models are asked for search/replace blocks. Some answer in the other form than they were asked for; both are understood.
Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ai.answers.answer import AnswerStream, clean_answer, greets
from ai.answers.blocks import BlockReader, Ended, Replacing, Said, Searched
from ai.answers.left_out import UpToLeftOut
from ai.answers.matching import Ambiguous, Fitting, Missing, Place, locate, nearest_to
from ai.answers.unified_diff import HEAD, HUNK, diff_hunks
from ai.proposals.proposal import Proposal, Region
from collab.yjs.offsets import utf16_length

Form = Literal["whole", "blocks"]

_FENCES = ("```", "~~~")
_MARK = "<<<<<<"

_BEGINNING = 600
"""Letters of an answer by which its form is told."""

_DECLINES = re.compile(
    r"(?:(?:i['’]m|i am|we['’]re) (?:very |so )?sorry|sorry|i apologi[sz]e|unfortunately|as an ai)\b[^\n]{0,100}"
    r"\b(?:can(?:not|['’]t| not)|unable|not able|won['’]t)\b"
    r"|i (?:cannot|can['’]t|can not|won['’]t)\b|(?:i['’]m|i am) (?:unable|not able)\b",
    re.IGNORECASE,
)
_HELP = re.compile(
    r"\b(?:help|assist|comply|fulfil\w*|provide|process|complete|perform|do (?:that|this)|with (?:that|this))\b"
    r"[^\n]{0,100}\b(?:request|that|this|you|text|content|task|instruction\w*)\b",
    re.IGNORECASE,
)
_REFUSALS = (
    *("i'm ", "i’m ", "i am ", "we're ", "we’re ", "sorry"),
    *("i apologi", "unfortunately", "as an ai", "i can", "i won"),
)
"""What one begins with, for telling early that an answer is none."""

_LOOKED = 20
"""Blocks that could not be placed, for which the text is looked through."""

_ALIKE = 0.5
"""Share of a text's lines that an answer without a block has in common with it, if it is that text written anew."""

_MANY_LINES = 10
"""From so many lines on their number tells whether a text was written anew, line by line."""
_DIFFERENT = 0.2
"""Share of its lines by which it may grow or shrink then."""
_SAME_BEGINNING = 0.5
"""Share of its lines that begin with one word, unless the text's do: then it is a list of remarks about the text."""


@dataclass(slots=True)
class Failure:
    """A block that cannot be placed. `problem` None: another block has taken its text."""

    search: Sequence[str]
    problem: Missing | Ambiguous | None
    replacement: list[str] = field(default_factory=list)


class Rewriting:
    """`text` begins at `start` (UTF-16 code units) of the proposal's document. The model was asked for `form`.

    Feed it with `push`, then call `finish` once. Before a second answer, which repairs blocks of the first, `again`.
    Each returns whether there is something new to show.
    """

    def __init__(self, proposal: Proposal, start: int, text: str, form: Form, mark: int) -> None:
        self._proposal = proposal
        self._start = start
        self._text = text
        self._mark = mark
        self.form: Form | None = "blocks" if form == "blocks" else None
        """In which it answers; None while that is open."""
        self._said = ""
        self._answer = AnswerStream(text)
        self._whole: Region | None = None
        self._answered = False
        self._reader = BlockReader(mark)
        self._block: _Block | None = None
        self.placed = 0
        """Blocks that have become part of the proposal."""
        self.failures: list[Failure] = []
        self._diffed = 0
        """Hunks of a unified diff."""
        self._repairing = False
        self._failed_before: list[Failure] = []
        self._written = UpToLeftOut(text)
        self._any_form = _told(text + "\n") != "blocks" and not _declines_to(text)
        """False where the text itself looks like an answer of another form."""
        self.refusal: str | None = None
        """What the model has said instead of an answer, where that is clear."""

    @property
    def left_out(self) -> bool:
        """Whether it was not written out to its end, on purpose: what it left out stays as it is."""
        return self._written.met

    @property
    def said(self) -> str:
        """All that the model has said in this answer."""
        return self._said

    def push(self, text: str) -> bool:
        held, self._said = (self._said if self.form is None else ""), self._said + text
        if self.form is None:
            told = _told(self._said[:_BEGINNING]) if self._any_form else "whole"
            if len(self._said) < _BEGINNING and (told is None or (self._any_form and _may_decline(self._said))):
                return False
            self.form = told or "whole"
            text = held + text
        if self.form == "whole":
            return self._write(self._answer.push(text))
        return self._take(self._reader.push(text))

    def finish(self, *, cut_off: bool = False) -> bool:
        """The answer is complete, or was `cut_off`: then what came in full lines stays."""
        news = False
        if self.form is None:
            self.form = (_told(self._said + "\n") if self._any_form else None) or "whole"
            if self._any_form and _declines_to(self._said):
                self.refusal = self._said.strip()
                return False
            if self.form == "blocks":
                news = self._take(self._reader.push(self._said))
            else:
                news = self._write(self._answer.push(self._said))
        if self.form == "blocks":
            news = self._take(self._reader.finish(cut_off=cut_off))
            if not self._reader.blocks:
                news = self._take_diff(cut_off=cut_off) or news
            if self._repairing and not self._pieces:
                self.failures = self._failed_before  # it has said nothing about them
            if self._pieces or self.placed or cut_off or self._nothing_to_do or not self._is_whole():
                return news
            self.form = "whole"
            news = self._write(self._answer.push(self._said))
        if not cut_off:  # half of a line would be taken for all of it
            news = self._write(self._answer.finish()) or news
            news = self._pass_on(self._written.finish()) or news
        # A model that says nothing has not said that all is to be deleted.
        if cut_off or self.left_out or not (self._answered or self._answer.deleted):
            return (self._whole.stop() if self._whole else False) or news
        return self._region().finish() or news

    def look_around(self) -> None:
        """Find out for lines that are nowhere which ones come close; may take a tenth of a second for each."""
        for failure in self.failures[:_LOOKED]:
            if isinstance(failure.problem, Missing):
                failure.problem = Missing(nearest_to(self._text, failure.search))

    def again(self) -> None:
        """A second answer follows, with the blocks that failed; whatever it says counts instead of them."""
        self.form = "blocks"
        self._said = ""
        self._reader = BlockReader(self._mark)
        self._diffed = 0
        self._failed_before, self.failures = self.failures, []
        self._repairing = True

    def stand_in(self) -> bool:
        """What answers is no model, and writes the whole text whatever was asked for.

        False for a second answer, which is to be pieces: then it is of no use.
        """
        if not self._repairing:
            self.form = "whole"
        return not self._repairing

    @property
    def astray(self) -> bool:
        """Whether the answer is in no form at all, and does not say that nothing is to be changed."""
        return self.form == "blocks" and not self._pieces and not self._nothing_to_do

    @property
    def _pieces(self) -> int:
        return self._reader.blocks + self._diffed

    @property
    def _nothing_to_do(self) -> bool:
        return self._said.strip(" \n\t.`'\"*").lower() == "none"

    @property
    def understood(self) -> bool:
        """Whether all that the model said became part of the proposal, as far as can be told."""
        if self.form == "whole":
            return (self._answered or self._answer.deleted) and not self._written.goes_on
        if self._nothing_to_do and not self.failures:
            return True
        return self._pieces > 0 and not self.failures and not self._reader.broken

    def _is_whole(self) -> bool:
        """Whether an answer without a block is the text written anew.

        It has most of its lines; or about as many, as a translation has; or, of a text of few lines, most of its words.
        """
        said = clean_answer(self._said, self._text)
        if len(said) < _ALIKE * len(self._text):
            return False
        wanted, lines = _full_lines(self._text), _full_lines(said)
        known = set(lines)
        if sum(line in known for line in wanted) >= _ALIKE * len(wanted):
            return bool(wanted)
        if len(wanted) >= _MANY_LINES:
            as_many = abs(len(lines) - len(wanted)) <= _DIFFERENT * len(wanted)
            return as_many and (_alike_begun(lines) < _SAME_BEGINNING or _alike_begun(wanted) >= _SAME_BEGINNING / 2)
        words, written = self._text.split(), set(said.split())
        return sum(word in written for word in words) >= _ALIKE * len(words)

    # ---- as a whole

    def _region(self) -> Region:
        if self._whole is None:
            self._whole = self._proposal.region(self._start, self._text)
            assert self._whole is not None, "an answer in one form has no other regions"
        return self._whole

    def _write(self, text: str) -> bool:
        return self._pass_on(self._written.push(text))

    def _pass_on(self, text: str) -> bool:
        if not text:
            return False
        self._answered = True
        return self._region().push(text)

    # ---- in blocks

    def _take_diff(self, *, cut_off: bool) -> bool:
        lines = self._said.split("\n")
        if not any(HUNK.match(line) for line in lines):
            return False
        hunks = list(diff_hunks(lines))
        if cut_off:
            del hunks[-1:]
        self._diffed = len(hunks)
        news = False
        for old, new in hunks:
            news = self._take([Searched(tuple(old)), *(Replacing(line) for line in new), Ended(whole=True)]) or news
        return news

    def _take(self, said: Sequence[Said]) -> bool:
        news = False
        for part in said:
            match part:
                case Searched(lines):
                    self._block = self._begin(lines)
                case Replacing(line) if self._block is not None:
                    news = self._block.push(line) or news
                case Ended(whole) if self._block is not None:
                    news = self._block.end(whole=whole) or news
                    self._block = None
        return news

    def _begin(self, lines: Sequence[str]) -> _Block:
        place = locate(self._text, lines) if self._text else Place(0, 0, whole_lines=False)
        if isinstance(place, Place):
            start = self._start + utf16_length(self._text[: place.start])
            base = self._text[place.start : place.end]
            if (region := self._proposal.region(start, base)) is not None:
                self.placed += 1
                fitting = Fitting(place, lines if self._text else ())
                return _Block(region, fitting, place.whole_lines and base.endswith("\n"))
        failure = Failure(lines, None if isinstance(place, Place) else place)
        if failure.problem is not None or not self._repairing:  # a second answer likes to repeat what was placed
            self.failures.append(failure)
        return _Block(failure=failure)


def _told(said: str) -> Form | None:
    """The form of an answer by its beginning, None while that may be any: "blocks" where it begins with a block or with
    a diff, after a greeting and a fence at most.
    """
    *lines, last = said.split("\n")
    greeted = fenced = False
    for line in lines:
        if line.lstrip().startswith(_MARK) or HUNK.match(line):
            return "blocks"
        if not line.strip() or line.startswith(HEAD):
            continue
        if not fenced and line.lstrip().startswith(_FENCES):
            fenced = True
        elif not (greeted or fenced) and greets(line, whole=True):
            greeted = True
        else:
            return "whole"
    begun = last.lstrip()
    beginnings = (_MARK, "@@", *HEAD, *(() if fenced else _FENCES))
    if any(begun.startswith(mark) or mark.startswith(begun) for mark in beginnings):
        return None
    return None if not (greeted or fenced) and greets(last, whole=False) else "whole"


def _may_decline(said: str) -> bool:
    begun = said.lstrip().lower()
    return any(begun.startswith(words) or words.startswith(begun) for words in _REFUSALS)


def _declines_to(said: str) -> bool:
    """Whether a model says that it will not do what it was asked for, and nothing else."""
    first = said.strip()
    return len(first) <= _BEGINNING and _DECLINES.match(first) is not None and _HELP.search(first) is not None


def _alike_begun(lines: Sequence[str]) -> float:
    """The share of lines that begin with the most frequent first word."""
    first = Counter(words[0].lower() for line in lines if (words := line.lstrip("-*•0123456789.) ").split()))
    return max(first.values(), default=0) / max(1, len(lines))


def _full_lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


@dataclass(slots=True)
class _Block:
    """The block that is being said: at its place, or one that cannot be placed."""

    region: Region | None = None
    fitting: Fitting | None = None
    line_end: bool = False
    failure: Failure | None = None

    def push(self, line: str) -> bool:
        if self.failure is not None:
            self.failure.replacement.append(line)
        if self.region is None or self.fitting is None:
            return False
        return self.region.push(self.fitting.push(line))

    def end(self, *, whole: bool) -> bool:
        if self.region is None or self.fitting is None:
            return False
        if not whole:
            return self.region.stop()
        news = self.region.push(self.fitting.finish(line_end=self.line_end))
        return self.region.finish() or news
