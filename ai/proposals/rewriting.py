"""What a model says about one text becomes the hunks of a proposal, in whichever of two forms it answers.

Short texts are written anew as a whole, which the smallest model can do, and the difference is found here. Of long ones
models are asked for search/replace blocks. Some answer in the other form than they were asked for; both are understood.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ai.answers.answer import AnswerStream, clean_answer
from ai.answers.blocks import BlockReader, Ended, Replacing, Said, Searched
from ai.answers.matching import Ambiguous, Fitting, Missing, Place, locate, nearest_to
from ai.proposals.proposal import Proposal, Region
from collab.offsets import utf16_length

Form = Literal["whole", "blocks"]

_OPENS = re.compile(r"(?:\s*(?:```|~~~)[^\n]*\n)?\s*<{6,}[^\n]*\n")
_MAY_OPEN = re.compile(r"(?:\s*(?:`{0,2}|~{0,2}|(?:```|~~~)[^\n]*(?:\n\s*)?))?<*[^\n<]{0,20}\Z")

_BEGINNING = 200
"""Letters of an answer by which its form is told."""

_LOOKED = 20
"""Blocks that could not be placed, for which the text is looked through."""

_ALIKE = 0.5
"""Share of a text's lines that an answer without a block has in common with it, if it is that text written anew."""

_MANY_LINES = 10
"""From so many lines on their number tells whether a text was written anew, line by line."""
_DIFFERENT = 0.2
"""Share of its lines by which it may grow or shrink then."""


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
        self._repairing = False

    @property
    def said(self) -> str:
        """All that the model has said in this answer."""
        return self._said

    def push(self, text: str) -> bool:
        held, self._said = (self._said if self.form is None else ""), self._said + text
        if self.form is None:
            start = self._said[:_BEGINNING]
            if _OPENS.match(start):
                self.form = "blocks"
            elif len(self._said) < _BEGINNING and _MAY_OPEN.match(start):
                return False
            else:
                self.form = "whole"
            text = held + text
        if self.form == "whole":
            return self._write(self._answer.push(text))
        return self._take(self._reader.push(text))

    def finish(self, *, cut_off: bool = False) -> bool:
        """The answer is complete, or was `cut_off`: then what came in full lines stays."""
        news = False
        if self.form is None:
            self.form = "whole"
            news = self._write(self._answer.push(self._said))
        if self.form == "blocks":
            news = self._take(self._reader.finish(cut_off=cut_off))
            if self._reader.blocks or self.placed or cut_off or self._declines or not self._is_whole():
                return news
            self.form = "whole"
            news = self._write(self._answer.push(self._said))
        news = self._write(self._answer.finish()) or news
        # A model that says nothing has not said that all is to be deleted.
        if cut_off or not (self._answered or self._answer.deleted):
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
        self.failures = []
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
        return self.form == "blocks" and not self._reader.blocks and not self._declines

    @property
    def _declines(self) -> bool:
        return self._said.strip(" \n\t.`'\"*").lower() == "none"

    @property
    def understood(self) -> bool:
        """Whether all that the model said became part of the proposal, as far as can be told."""
        if self.form == "whole":
            return self._answered or self._answer.deleted
        if self._declines:
            return True
        return self._reader.blocks > 0 and not self.failures and not self._reader.broken

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
            return abs(len(lines) - len(wanted)) <= _DIFFERENT * len(wanted)
        words, written = self._text.split(), set(said.split())
        return sum(word in written for word in words) >= _ALIKE * len(words)

    # ---- as a whole

    def _region(self) -> Region:
        if self._whole is None:
            self._whole = self._proposal.region(self._start, self._text)
            assert self._whole is not None, "an answer in one form has no other regions"
        return self._whole

    def _write(self, text: str) -> bool:
        if not text:
            return False
        self._answered = True
        return self._region().push(text)

    # ---- in blocks

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
