"""What is said about a place in a text."""

from dataclasses import dataclass
from typing import Literal

from collab.replicas.edits import TextEdit

Severity = Literal["error", "warning", "info"]

MOST = 200
"""Diagnostics of one text. Who has more of them begins with these."""


@dataclass(frozen=True, slots=True)
class Fix:
    """What a person may choose to have done about it; nobody does it by itself."""

    message: str
    edits: tuple[TextEdit, ...]
    """In the order of the text, none inside of another."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """`start` and `end` are UTF-16 code units; they are the same where something is missing at the end of the text."""

    start: int
    end: int
    severity: Severity
    message: str
    """A sentence without its full stop."""
    source: str
    """Who says so: "ruff", "json" or "yaml"."""
    code: str | None = None
    """The name of the rule."""
    url: str | None = None
    """Where the rule is explained."""
    fixes: tuple[Fix, ...] = ()
