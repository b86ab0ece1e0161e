"""What of a workspace goes into a prompt: a choice among candidates that fits into a number of tokens.

Pure. Every role has a share of the room that nobody takes from it; what it does not need goes to the others in the
order of the roles. Within a role whoever comes first is taken first: the text nearest to the place, the newest turn.
What is shown was cleaned first (`ai.prompting.cleaning`), so what is counted is what the model gets.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ai.pool.attempt import JobFailed
from ai.prompting.cleaning import Cleaned, cleaned
from ai.prompting.tokens import Tokenizer
from ai.record.secrets import Redaction, clipped

Role = Literal[
    "selection",
    "about",
    "files",
    "before",
    "after",
    "document",
    "mentioned",
    "knowledge",
    "history",
    "file",
    "example",
]
"""In the order in which people are told. `about`: what was selected when several files were asked about. `files`: their
names. `mentioned`: a file that a question names. `knowledge`: a passage that was found by what is asked. `file`:
another one that the group has open or has just edited. `example`: a hunk that somebody decided."""

Cut = Literal["whole", "beginning", "end"]
"""What of a candidate may stand for it: nothing less than all, its first lines, its last lines."""

WINDOW = 128_000
"""Tokens that a model takes, question and answer together, where nothing else is said."""

SURROUNDINGS = 12_000
"""Tokens of everything but the instruction and the selection. More would fit; nobody asked to pay for it."""

LEAST = 24
"""Tokens below which a piece of something tells nothing."""

PER_MESSAGE = 4
PER_REQUEST = 3
"""Tokens that endpoints put around a message and around all of them."""

MARGIN = 16_000
"""Letters beyond what can fit in which secrets are looked for as well: the longest private keys are cut otherwise."""

_LETTERS = 8
"""Letters for each token that may fit, so that a long document is not cleaned to its end."""


class TooMuchForModel(JobFailed):
    """What must go in whole is more than the model takes; the message says so."""


@dataclass(frozen=True, slots=True)
class Window:
    """How much a model takes at once, in tokens of `tokenizer`, and what of it the surroundings may have."""

    tokens: int = WINDOW
    surroundings: int = SURROUNDINGS
    reserved: int = 0
    """Of the tokens, for what comes in beside the prompt."""
    tokenizer: Tokenizer = field(default_factory=Tokenizer)

    @property
    def usable(self) -> int:
        """An eighth is left where the counts are those of another vocabulary."""
        return (self.tokens if self.tokenizer.exact else self.tokens * 7 // 8) - self.reserved


@dataclass(frozen=True, slots=True)
class Candidate:
    """`why` says to people why it may be of use. `line` is where `text` begins in its file, counted from 1."""

    role: Role
    text: str
    why: str
    cut: Cut
    path: str | None = None
    line: int = 1
    speaker: Literal["user", "assistant"] | None = None
    secrets: Sequence[Redaction] | None = None
    """Where they stand in `text`, if that is known already."""
    parts: tuple[tuple[str, str], ...] = ()
    """Of an example: (name, text) each, which together are its `text`."""
    number: int | None = None
    """Of a passage, by which an answer may cite it."""
    within: tuple[str, ...] = ()
    """What a passage stands in, outermost first."""
    best: int | None = None
    """The line of its file that holds most of what is asked."""
    source: str | None = None
    """How an answer is to name where it comes from."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What was taken of a candidate. `of` is how many tokens there were in all, `lines` the first and last shown."""

    candidate: Candidate
    text: str
    tokens: int
    of: int
    lines: tuple[int, int] | None = None
    secrets: int = 0
    unseen: int = 0
    kept: bool = False
    """It went in as it stands, with what of these there is in it."""

    def view(self) -> dict[str, Any]:
        """For people: {role, path, tokens, of, why, lines?, number?, within?, best?, secrets?, unseen?, kept?}, and
        nothing of the text."""
        one = self.candidate
        shown: dict[str, Any] = {"role": one.role, "path": one.path, "tokens": self.tokens, "of": self.of}
        shown["why"] = one.why
        lines = list(self.lines) if self.lines else None
        optional: dict[str, Any] = {"lines": lines, "number": one.number, "within": list(one.within)}
        optional |= {"best": one.best} if one.number is not None else {}
        optional |= {"secrets": self.secrets, "unseen": self.unseen, "kept": self.kept}
        return shown | {name: value for name, value in optional.items() if value}


def offers_of(candidates: Iterable[Candidate], room: int, tokenizer: Tokenizer) -> "list[Offer]":
    """The candidates that say anything, cleaned and counted as far as `room` tokens may reach into them."""
    return [_offer(number, one, room, tokenizer) for number, one in enumerate(candidates) if one.text]


def organised(
    offered: "Sequence[Offer]", room: int, shares: Mapping[Role, int], frame: int, tokenizer: Tokenizer
) -> list[Piece]:
    """What fits into `room` tokens, in the order of the candidates; equal for equal arguments.

    `shares` are parts of the whole among the roles that there are; a role without one is not taken. `frame` is what is
    written around each piece, in tokens.
    """
    found = {role: [offer for offer in offered if offer.candidate.role == role] for role in shares}
    by_role = {role: offers for role, offers in found.items() if offers}
    whole = sum(shares[role] for role in by_role)
    wanted = {role: sum(offer.wanted + frame for offer in offers) for role, offers in by_role.items()}
    granted = {role: min(wanted[role], max(0, room) * shares[role] // whole) for role in by_role}
    left = max(0, room) - sum(granted.values())
    taken: list[tuple[int, Piece]] = []
    for role, offers in by_role.items():
        more = min(left, wanted[role] - granted[role])
        fitted = _fill(offers, granted[role] + more, frame, tokenizer)
        used = sum(piece.tokens + frame for _, piece in fitted)
        left += granted[role] - used  # what did not fit whole leaves its room to the next
        taken += fitted
    return [piece for _, piece in sorted(taken, key=lambda item: item[0])]


@dataclass(frozen=True, slots=True)
class Offer:
    """A candidate as it may be shown, and how many tokens that takes."""

    number: int
    candidate: Candidate
    cleaned: Cleaned
    skipped: int
    """Letters of the candidate before what was cleaned."""
    complete: bool
    """Whether all of the candidate was cleaned, or as much as may fit."""
    wanted: int
    of: int

    def piece(self, text: str, tokens: int) -> Piece:
        one, shown = self.candidate, self.cleaned
        start = len(shown.text) - len(text) if one.cut == "end" else 0
        lines = None
        if one.path is not None and not one.parts and one.role != "files":
            # What follows a place begins with the end of its line, which is not shown for its own sake.
            end = start + len(text.removesuffix("\n"))
            start += one.role == "after" and text.startswith("\n")
            origin = [self.skipped + shown.origin(place) for place in (start, max(start, end))]
            first, last = (one.line + one.text.count("\n", 0, place) for place in origin)
            lines = (first, max(first, last))
        complete = len(text) == len(shown.text)
        return Piece(
            one,
            text,
            tokens,
            max(self.of, tokens),
            lines,
            shown.secrets if complete else text.count("«redacted:"),
            shown.unseen if complete else text.count(" invisible⟩"),
        )


def _offer(number: int, candidate: Candidate, room: int, tokenizer: Tokenizer) -> Offer:
    text, most = candidate.text, max(0, room) * _LETTERS + MARGIN
    skipped = 0
    if len(text) > most and candidate.cut != "whole":
        skipped = len(text) - most if candidate.cut == "end" else 0
        text = text[skipped : skipped + most]
    known = candidate.secrets
    shown = cleaned(text, clipped(known, skipped, skipped + len(text)) if known is not None else None)
    tokens = tokenizer.count(shown.text)
    complete = len(text) == len(candidate.text)
    every = tokens if complete else tokenizer.count(candidate.text)
    return Offer(number, candidate, shown, skipped, complete, tokens, every)


def _fill(offers: Sequence[Offer], room: int, frame: int, tokenizer: Tokenizer) -> list[tuple[int, Piece]]:
    taken: list[tuple[int, Piece]] = []
    for offer in offers:
        if offer.wanted + frame <= room and offer.complete:
            text = offer.cleaned.text
        elif offer.candidate.cut == "whole":
            # A turn left out would change what the next one answers; of other things, a smaller one may fit.
            if offer.candidate.role == "history":
                break
            continue
        elif room - frame < LEAST:
            break
        elif offer.candidate.cut == "end":
            text = tokenizer.last(offer.cleaned.text, room - frame)
        else:
            text = tokenizer.first(offer.cleaned.text, room - frame)
        if text:
            piece = offer.piece(text, tokenizer.count(text))
            taken.append((offer.number, piece))
            room -= piece.tokens + frame
    return taken
