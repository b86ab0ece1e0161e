"""A notice: one thing that the assistant says without being asked. Pure.

Its edit, if it has one, is a suggestion whose hunks are decided like any others, so what became of it is read off them:
a second record of it could only disagree.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

from ai.clock import rfc3339
from ai.pool.jobs import Person
from ai.proposals.hunks import Hunk, HunkState

Kind = Literal["broken", "faults", "repeated", "todo", "question", "knowledge"]
"""A file that cannot be read as what it is, or in which a linter finds what is likely wrong; a change that somebody has
made in some places and not in others; a TODO that is addressed to the assistant; a question in a comment to which the
group's files have something to say; what KNOWLEDGE.md might say by now."""


class NoticeState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """Nobody wants to hear of it."""
    STALE = "stale"
    """Its edit does not fit any more."""
    GONE = "gone"
    """What it was about is not there any more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where, when the notice was made: line from 1, and what stood there; `path` only of another file than the one that
    the notice is about."""

    line: int
    text: str
    path: str | None = None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        return cls(record["line"], record["text"], record.get("path"))

    def record(self) -> dict[str, Any]:
        return {"line": self.line, "text": self.text} | ({"path": self.path} if self.path is not None else {})


@dataclass(frozen=True, slots=True)
class Notice:
    """One record of collection ``notices``.

    `id` is made of the cause, so that no cause is told twice. `reason` is one sentence; `sources` are the places that
    it comes from; `closed` is set once nothing can be decided about it any more, except for what its hunks say.
    """

    id: str
    workspace: str
    document: str
    path: str
    kind: Kind
    reason: str
    sources: tuple[Place, ...]
    suggestion: str | None
    created_at: float
    closed: NoticeState | None = None
    decided_by: Person | None = None
    decided_at: float | None = None
    read_by: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    """See `ai.notices.finding.Finding`."""

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        by = record["decided_by"]
        return cls(
            record["_id"],
            record["workspace"],
            record["document"],
            record["path"],
            record["kind"],
            record["reason"],
            tuple(map(Place.of, record["sources"])),
            record["suggestion"],
            record["created_at"],
            NoticeState(record["closed"]) if record["closed"] else None,
            Person(by["id"], by["name"]) if by else None,
            record["decided_at"],
            tuple(record["read_by"]),
            tuple(record.get("parts", ())),
        )

    def record(self) -> dict[str, Any]:
        return {
            "_id": self.id,
            "workspace": self.workspace,
            "document": self.document,
            "path": self.path,
            "kind": self.kind,
            "reason": self.reason,
            "sources": [source.record() for source in self.sources],
            "suggestion": self.suggestion,
            "created_at": self.created_at,
            "closed": self.closed.value if self.closed else None,
            "decided_by": self.decided_by.view() if self.decided_by else None,
            "decided_at": self.decided_at,
            "read_by": list(self.read_by),
            "parts": list(self.parts),
        }

    def state(self, hunks: Collection[Hunk]) -> NoticeState:
        """With `hunks` those of its suggestion, as they stand now."""
        if self.closed is not None:
            return self.closed
        if self.suggestion is None:
            return NoticeState.OPEN
        states = {hunk.state for hunk in hunks}
        for of_hunks, of_notice in _BY_HUNKS:
            if of_hunks in states:
                return of_notice
        return NoticeState.GONE  # they have expired, or were superseded

    def view(self, hunks: Collection[Hunk], path: str | None = None) -> dict[str, Any]:
        """As the HTTP interface and the events show it; `path` is where the file is by now."""
        decided = next((hunk for hunk in hunks if hunk.decided_by is not None), None)
        by = self.decided_by or (decided.decided_by if decided else None)
        at = self.decided_at or (decided.decided_at if decided else None)
        shown: dict[str, Any] = {
            "id": self.id,
            "workspace": self.workspace,
            "document": self.document,
            "path": path or self.path,
            "kind": self.kind,
            "reason": self.reason,
            "sources": [source.record() for source in self.sources],
            "state": self.state(hunks).value,
            "created_at": rfc3339(self.created_at),
            "read_by": list(self.read_by),
            "hunks": [hunk.view() for hunk in sorted(hunks, key=lambda hunk: hunk.ord)],
        }
        if self.suggestion is not None:
            shown["suggestion"] = self.suggestion
        if by is not None and at is not None:
            shown |= {"decided_by": by.view(), "decided_at": rfc3339(at)}
        return shown


# As long as a part can be decided the whole can; and who took some of it took it.
_BY_HUNKS = (
    (HunkState.PENDING, NoticeState.OPEN),
    (HunkState.ACCEPTED, NoticeState.ACCEPTED),
    (HunkState.REJECTED, NoticeState.REJECTED),
    (HunkState.UNDONE, NoticeState.REJECTED),
    (HunkState.STALE, NoticeState.STALE),
)
