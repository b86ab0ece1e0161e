"""One completion that waits for its decision: collection ``completions``.

Pure. A record lives for minutes: from the first letter that its asker is shown until what became of it is known and
has become feedback. While the workspace collects none it holds no text, only whose it is.
"""

from dataclasses import dataclass
from typing import Any, Literal, Self

from ai.pool.jobs import Person
from ai.record.feedback_record import Outcome

Decision = Literal["accept", "reject", "ignore"]
"""What the asker's editor says became of it."""

Part = Literal["whole", "line", "word"]
"""How much was accepted: all of it, up to the end of a line, or up to some word."""

SHOWN = 500
"""Milliseconds on the screen before which nobody has read a text, and so has not rejected it either."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a completion. `taken`: how many UTF-16 code units of its text, None for all of it."""

    decision: Outcome
    was_shown: bool
    shown_ms: int | None
    taken: int | None = None

    @classmethod
    def of(cls, decision: Decision, shown_ms: int, taken: int | None) -> Self:
        match decision:
            case "accept":
                return cls("accepted", True, shown_ms, taken)
            case "reject" if shown_ms >= SHOWN:
                return cls("rejected", True, shown_ms)
            case _:
                return cls("ignored", shown_ms >= SHOWN, shown_ms)

    def record(self) -> dict[str, Any]:
        return {
            "decision": self.decision,
            "was_shown": self.was_shown,
            "shown_ms": self.shown_ms,
            "taken": self.taken,
        }


SUPERSEDED = Fate("superseded", False, None)
"""A newer request of the same person took its place before anybody said that it was shown."""

FORGOTTEN = Fate("ignored", False, None)
"""Nobody ever said what became of it."""


@dataclass(frozen=True, slots=True)
class CompletionRecord:
    """`at` is where it was asked for, in UTF-16 code units. `proposed` is None while it streams, and where the
    workspace does not collect; `generation` is what `ai.proposals.suggestions.Suggestion.generation` holds.

    `anchors` are encoded Yjs relative positions around what was taken, where the asker's editor has named them.
    """

    id: str
    workspace: str
    document: str
    path: str
    at: int
    asker: Person
    created_at: float
    ended: bool = False
    proposed: str | None = None
    generation: dict[str, Any] | None = None
    fate: Fate | None = None
    decided_at: float | None = None
    anchors: tuple[bytes, bytes] | None = None

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        fate, anchors = record["fate"], record["anchors"]
        return cls(
            record["_id"],
            record["workspace"],
            record["document"],
            record["path"],
            record["at"],
            Person(record["user"], record["user_name"]),
            record["created_at"],
            record["ended"],
            record["proposed"],
            record["generation"],
            Fate(**fate) if fate else None,
            record["decided_at"],
            (bytes(anchors[0]), bytes(anchors[1])) if anchors else None,
        )

    def record(self, due: float) -> dict[str, Any]:
        """As it is inserted. `due`: when somebody has to look whether it was forgotten, in seconds since 1970."""
        return {
            "_id": self.id,
            "workspace": self.workspace,
            "document": self.document,
            "path": self.path,
            "at": self.at,
            "user": self.asker.id,
            "user_name": self.asker.name,
            "created_at": self.created_at,
            "ended": self.ended,
            "proposed": self.proposed,
            "generation": self.generation,
            "fate": self.fate.record() if self.fate else None,
            "decided_at": self.decided_at,
            "anchors": list(self.anchors) if self.anchors else None,
            "due": due,
        }


def part_of(proposed: str, taken: str) -> Part:
    """Which part of `proposed` its beginning `taken` is."""
    if taken == proposed:
        return "whole"
    return "line" if taken.endswith("\n") or proposed[len(taken)] == "\n" else "word"
