"""A thread of comments on a place in a text, and what may become of it. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

MOST_MESSAGES = 200
"""In one thread."""

LONGEST = 10_000
"""Characters of a message."""

QUOTED = 300
"""Characters of the text that a thread was begun on, so that one knows it again when it is gone."""


class CannotComment(ValueError):
    """It makes no sense, or is too much; the message is a sentence. Nothing has changed."""


class NotYours(PermissionError):
    """Only who wrote a message may change it or take it away."""


class MessageNotFound(LookupError):
    pass


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    by: str
    """Id of a user."""
    at: datetime
    text: str
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """One record of collection ``comments``."""

    id: str
    workspace: str
    document: str
    anchors: tuple[bytes, bytes] | None
    """Encoded Yjs relative positions around what it is about; None when that was not to be found in the document as
    which its own went on."""
    quote: str
    messages: tuple[Message, ...]
    """At least one, oldest first."""
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    revision: int = 0

    def record(self) -> dict[str, Any]:
        fields = asdict(self)
        fields["_id"] = fields.pop("id")
        fields["anchors"] = list(self.anchors) if self.anchors is not None else None
        fields["messages"] = list(fields["messages"])
        return fields

    @classmethod
    def of(cls, record: dict[str, Any]) -> Thread:
        anchors = record["anchors"]
        return cls(
            record["_id"],
            record["workspace"],
            record["document"],
            (anchors[0], anchors[1]) if anchors is not None else None,
            record["quote"],
            tuple(Message(**message) for message in record["messages"]),
            record["resolved_by"],
            record["resolved_at"],
            record["revision"],
        )


def checked(text: str) -> str:
    """``text`` as a message keeps it. Raises CannotComment."""
    text = text.strip()
    if not text:
        raise CannotComment("A comment needs some text.")
    if "\0" in text:
        raise CannotComment("A comment holds no NUL.")
    if len(text) > LONGEST:
        raise CannotComment(f"A comment has at most {LONGEST:,} characters.")
    return text


def answered(thread: Thread, message: Message) -> Thread:
    """With ``message`` behind the others. What was resolved is open again: somebody has more to say.

    Raises:
        CannotComment
    """
    if len(thread.messages) >= MOST_MESSAGES:
        raise CannotComment(f"There are {MOST_MESSAGES} comments here already. Begin anew beside them.")
    return replace(thread, messages=(*thread.messages, message), resolved_by=None, resolved_at=None)


def edited(thread: Thread, message: str, by: str, text: str, at: datetime) -> Thread:
    """Raises MessageNotFound, NotYours."""
    old = _written(thread, message, by)
    new = replace(old, text=text, edited_at=at)
    return replace(thread, messages=tuple(new if one is old else one for one in thread.messages))


def without(thread: Thread, message: str, by: str) -> Thread | None:
    """None when nothing is left of it. Raises MessageNotFound, NotYours."""
    gone = _written(thread, message, by)
    left = tuple(one for one in thread.messages if one is not gone)
    return replace(thread, messages=left) if left else None


def resolved(thread: Thread, by: str, at: datetime) -> Thread:
    """Whoever was first stays the one who did it."""
    return thread if thread.resolved_at is not None else replace(thread, resolved_by=by, resolved_at=at)


def reopened(thread: Thread) -> Thread:
    return replace(thread, resolved_by=None, resolved_at=None)


def _written(thread: Thread, message: str, by: str) -> Message:
    found = next((one for one in thread.messages if one.id == message), None)
    if found is None:
        raise MessageNotFound("There is no such comment.")
    if found.by != by:
        raise NotYours("Only who wrote a comment can change it.")
    return found
