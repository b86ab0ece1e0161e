"""What a workspace's event stream tells of documents."""

from dataclasses import dataclass

SETTLED = "scriptorium.document.settled"
"""The event that tells everybody of a `Settled`. Told again after a crash."""

REMOVED = "scriptorium.document.removed"
"""The same of a `Removed`."""

INCOMPLETE = "scriptorium.document.incomplete"
"""The same of an `Incomplete`."""


@dataclass(frozen=True, slots=True)
class Settled:
    document: str
    path: str
    size: int
    hash: str
    open: bool
    """Whether somebody has it open at the process that has settled it, which is the one that they type at."""


@dataclass(frozen=True, slots=True)
class Removed:
    """It is in the trash."""

    document: str
    path: str
    """Where it was."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Something of the document's log cannot be taken, so its file on the drive stays what it was."""

    document: str
    path: str


News = Settled | Removed | Incomplete

TYPES: dict[type[News], str] = {Settled: SETTLED, Removed: REMOVED, Incomplete: INCOMPLETE}
