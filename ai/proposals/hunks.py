"""Hunks: the pieces of a suggestion that are decided one by one.

Pure: which decision leads from which state to which, and the record. The worker writes a hunk only while it streams;
from then on it changes through decisions alone, each of which is the next revision.
"""

from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

from ai.clock import rfc3339
from ai.pool.jobs import Person

Mode = Literal["edit", "write"]


class HunkState(StrEnum):
    STREAMING = "streaming"
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    STALE = "stale"
    UNDONE = "undone"


class Decision(StrEnum):
    """What a person can say to a hunk."""

    ACCEPT = "accept"
    REJECT = "reject"
    UNDO = "undo"


class Effect(StrEnum):
    """What a decision does to the document."""

    NONE = "none"
    REPLACE = "replace"
    """The base text gives way to the proposed text."""
    RESTORE = "restore"
    """What an acceptance inserted is deleted, and the base text inserted again."""
    DELETE_TYPED = "delete typed"
    """Exactly the characters that the assistant typed are deleted."""
    RETYPE = "retype"
    """What the assistant had typed, and somebody took away, stands there again."""


@dataclass(frozen=True, slots=True)
class Transition:
    state: HunkState
    effect: Effect
    needs_base: bool = False
    """Only while the base text is untouched; otherwise the hunk becomes stale."""


_TRANSITIONS: dict[tuple[Mode, HunkState, Decision], Transition] = {
    ("edit", HunkState.PENDING, Decision.ACCEPT): Transition(HunkState.ACCEPTED, Effect.REPLACE, needs_base=True),
    ("edit", HunkState.PENDING, Decision.REJECT): Transition(HunkState.REJECTED, Effect.NONE),
    ("edit", HunkState.ACCEPTED, Decision.UNDO): Transition(HunkState.UNDONE, Effect.RESTORE),
    ("edit", HunkState.REJECTED, Decision.UNDO): Transition(HunkState.PENDING, Effect.NONE, needs_base=True),
    # What was typed stands in the document already: accepting leaves it there.
    ("write", HunkState.PENDING, Decision.ACCEPT): Transition(HunkState.ACCEPTED, Effect.NONE),
    ("write", HunkState.PENDING, Decision.REJECT): Transition(HunkState.REJECTED, Effect.DELETE_TYPED),
    ("write", HunkState.PENDING, Decision.UNDO): Transition(HunkState.UNDONE, Effect.DELETE_TYPED),
    ("write", HunkState.ACCEPTED, Decision.UNDO): Transition(HunkState.UNDONE, Effect.DELETE_TYPED),
    # One click has deleted what a model wrote in a minute; it is not asked for it again.
    ("write", HunkState.REJECTED, Decision.UNDO): Transition(HunkState.PENDING, Effect.RETYPE),
    ("write", HunkState.UNDONE, Decision.UNDO): Transition(HunkState.PENDING, Effect.RETYPE),
}

_UNDECIDABLE = {
    HunkState.STREAMING: "It is still being written.",
    HunkState.PENDING: "It has not been decided yet.",
    HunkState.ACCEPTED: "It was already accepted{by}.",
    HunkState.REJECTED: "It was already rejected{by}.",
    HunkState.STALE: "Its text was changed meanwhile, so it does not fit any more. Ask for it again.",
    HunkState.UNDONE: "It was already undone{by}.",
}


def transition(mode: Mode, state: HunkState, decision: Decision) -> Transition | None:
    """Where `decision` leads from `state`; None when it cannot be made there."""
    return _TRANSITIONS.get((mode, state, decision))


@dataclass(frozen=True, slots=True)
class Hunk:
    """One record of collection ``hunks``. `start` and `end` are where the base text stood when they were last written,

    in UTF-16 code units; `anchors` are encoded Yjs relative positions that follow it. `typed` is, for a hunk of mode
    write, how many UTF-16 code units the assistant typed under which Yjs client id, over all attempts; `around` is then
    what stood beside the place to write at, as encoded relative positions.
    """

    id: str
    suggestion: str
    workspace: str
    document: str
    path: str
    mode: Mode
    attempt: int
    ord: int
    start: int
    end: int
    anchors: tuple[bytes, bytes]
    base: str
    proposed: str
    state: HunkState
    revision: int = 0
    decided_by: Person | None = None
    decided_at: float | None = None
    typed: tuple[tuple[int, int], ...] = ()
    created: bool = False
    """Whether its file was made for it, and goes when nothing is left in it."""
    around: tuple[bytes, bytes] | None = None

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        by, around = record["decided_by"], record.get("around")
        return cls(
            record["_id"],
            record["suggestion"],
            record["workspace"],
            record["document"],
            record["path"],
            record["mode"],
            record["attempt"],
            record["ord"],
            record["start"],
            record["end"],
            (bytes(record["anchors"][0]), bytes(record["anchors"][1])),
            record["base"],
            record["proposed"],
            HunkState(record["state"]),
            record["revision"],
            Person(by["id"], by["name"]) if by else None,
            record["decided_at"],
            tuple((typed["client"], typed["length"]) for typed in record["typed"]),
            record["created"],
            (bytes(around[0]), bytes(around[1])) if around else None,
        )

    def record(self) -> dict[str, Any]:
        return {
            "_id": self.id,
            "suggestion": self.suggestion,
            "workspace": self.workspace,
            "document": self.document,
            "path": self.path,
            "mode": self.mode,
            "attempt": self.attempt,
            "ord": self.ord,
            "start": self.start,
            "end": self.end,
            "anchors": list(self.anchors),
            "base": self.base,
            "proposed": self.proposed,
            "state": self.state.value,
            "revision": self.revision,
            "decided_by": self.decided_by.view() if self.decided_by else None,
            "decided_at": self.decided_at,
            "typed": [{"client": client, "length": length} for client, length in self.typed],
            "created": self.created,
            "around": list(self.around) if self.around else None,
        }

    def view(self) -> dict[str, Any]:
        """As the HTTP interface and the events show it."""
        shown: dict[str, Any] = {
            "id": self.id,
            "document": self.document,
            "path": self.path,
            "start": self.start,
            "end": self.end,
            "anchors": [b64encode(anchor).decode() for anchor in self.anchors],
            "base": self.base,
            "proposed": self.proposed,
            "state": self.state.value,
            "revision": self.revision,
        }
        if self.decided_by is not None and self.decided_at is not None:
            shown |= {"decided_by": self.decided_by.view(), "decided_at": rfc3339(self.decided_at)}
        return shown

    def why_not(self) -> str:
        """Why no decision other than the one that led here can be made now, as a sentence."""
        by = f" by {self.decided_by.name}" if self.decided_by else ""
        return _UNDECIDABLE[self.state].format(by=by)
