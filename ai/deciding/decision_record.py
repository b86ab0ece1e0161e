"""The record of one decision on one hunk: collection ``decisions``."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from ai.clock import now
from ai.deciding.decision_updates import Insertion
from ai.pool.jobs import Person
from ai.proposals.hunks import HunkState

TAKEN_FOR_DEAD = 10.0
"""Seconds after which whoever decided is taken to have died before finishing; finishing it twice would do no harm."""

DecisionName = Literal["accepted", "rejected", "undone", "stale", "superseded"]
"""As the feedback calls it. A retried job supersedes what its earlier attempt proposed and nobody decided."""


def decision_id(hunk: str, revision: int) -> str:
    return f"{hunk}:{revision}"


@dataclass(frozen=True, slots=True)
class About:
    """What the group's figures tell apart: they outlive the suggestion. `requested_by` is the person's id.

    All None in records from before there were figures.
    """

    kind: str | None = None
    model: str | None = None
    language: str | None = None
    requested_by: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """`revision` is that of the hunk before the decision, `to` the state after it.

    `update` are the bytes that carry it out, None where the document stays as it is. `decided_by` is None for
    superseded alone. `was_shown` and `shown_ms` are about the screen of whoever decided: None where it did not say.
    """

    hunk: str
    revision: int
    suggestion: str
    job: str
    workspace: str
    document: str
    name: DecisionName
    to: HunkState
    decided_by: Person | None
    decided_at: float
    reason: str | None = None
    update: bytes | None = None
    insertion: Insertion | None = None
    finished: bool = False
    was_shown: bool | None = None
    shown_ms: int | None = None
    about: About = About()

    @property
    def id(self) -> str:
        return decision_id(self.hunk, self.revision)

    @property
    def author(self) -> str:
        """Of the text that `update` inserts."""
        return f"job:{self.job}"

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        by = record["decided_by"]
        return cls(
            record["hunk"],
            record["revision"],
            record["suggestion"],
            record["job"],
            record["workspace"],
            record["document"],
            record["decision"],
            HunkState(record["to"]),
            Person(by["id"], by["name"]) if by else None,
            record["decided_at"],
            record["reason"],
            bytes(record["update"]) if record["update"] is not None else None,
            Insertion(record["client"], record["length"]) if record["client"] is not None else None,
            record["state"] == "finished",
            record.get("was_shown"),
            record.get("shown_ms"),
            About(record.get("kind"), record.get("model"), record.get("language"), record.get("requested_by")),
        )

    def record(self) -> dict[str, Any]:
        """As it is inserted: unfinished, and for a while nobody else's business to finish."""
        return {
            "_id": self.id,
            "hunk": self.hunk,
            "revision": self.revision,
            "suggestion": self.suggestion,
            "job": self.job,
            "workspace": self.workspace,
            "document": self.document,
            "decision": self.name,
            "to": self.to.value,
            "decided_by": self.decided_by.view() if self.decided_by else None,
            "decided_at": self.decided_at,
            "reason": self.reason,
            "update": self.update,
            "client": self.insertion.client if self.insertion else None,
            "length": self.insertion.length if self.insertion else None,
            "was_shown": self.was_shown,
            "shown_ms": self.shown_ms,
            "state": "unfinished",
            "leased_until": now() + TAKEN_FOR_DEAD,
            **asdict(self.about),
        }
