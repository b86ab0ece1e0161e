"""What a trigger has found that may be worth a notice. Pure."""

import hashlib
from dataclasses import dataclass

from ai.notices.notice import Kind, Place
from collab.replicas.edits import TextEdit

MOST_SOURCES = 5
"""Places that one notice names."""

_SHOWN = 160
"""Letters of a line."""


@dataclass(frozen=True, slots=True)
class Change:
    """`edits` of `text`, which is that of `document`; they do not overlap, and are in order (UTF-16 code units)."""

    document: str
    path: str
    text: str
    edits: tuple[TextEdit, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """`cause` is the same as long as the same is to be said of the same document (`cause_of`).

    `edits` of that document, and `elsewhere` of others, are what it proposes.
    """

    kind: Kind
    cause: str
    reason: str
    sources: tuple[Place, ...]
    edits: tuple[TextEdit, ...] = ()
    parts: tuple[str, ...] = ()
    """Of what it is made of, each of which somebody may have dismissed before."""
    elsewhere: tuple[Change, ...] = ()
    scope: str | None = None
    """What the cause is one of, where that is not the document: it outlives it."""


def cause_of(kind: Kind, *parts: str) -> str:
    return hashlib.sha256("\1".join((kind, *parts)).encode()).hexdigest()[:16]


def place_at(text: str, offset: int, path: str | None = None) -> Place:
    """Of the line around `offset`, in code points."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : end if end >= 0 else len(text)].strip()
    return Place(text.count("\n", 0, offset) + 1, line[:_SHOWN], path)
