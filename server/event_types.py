"""The catalogue of event types: what each tells, and the shape of its data.

`docs/events.md` and the AsyncAPI document at `/api/asyncapi.json` are made of it, and every event that a test stores is
held against it.
"""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from server.identity.roles import Role
from server.routes.assistant_shapes import (
    AssistantFileState,
    HunkShown,
    JobShown,
    OutageShown,
    SomePerson,
    SuggestionShown,
)
from server.routes.budget_shapes import BudgetSetting
from server.routes.comments import ThreadShown
from server.routes.conversation_shapes import ConversationShown, MessageShown
from server.routes.external_events import ExternalEvent
from server.routes.notices import NoticeShown
from server.routes.versions import VersionShown


class Data(BaseModel):
    """Of an event alone; everything else is shown over HTTP as well."""

    model_config = ConfigDict(extra="forbid")


class DecisionRecorded(Data):
    id: str
    """Of the decision: its hunk and the revision that was decided. The same one may be told twice."""
    suggestion: str
    hunk: str
    document: str
    notice: str | None
    """The notice whose change the hunk belongs to."""
    kind: str | None
    model: str | None
    language: str | None
    decision: Literal["accepted", "rejected", "undone", "stale", "superseded"]
    state: str
    """Of the hunk, after it."""
    decided_by: SomePerson | None
    decided_at: str


class Grown(Data):
    id: str
    at: int
    text: str


class SuggestionDelta(Data):
    id: str
    hunks: list[HunkShown]
    grown: list[Grown]
    removed: list[str]


class Outage(OutageShown):
    over: bool = False


class ChatMessage(Data):
    conversation: str
    message: MessageShown


class ChatDelta(Data):
    conversation: str
    message: str
    attempt: int
    offset: int
    text: str


class Identified(Data):
    id: str


class DocumentSettled(Data):
    document: str
    path: str
    size: int
    hash: str
    open: bool = False
    """Whether somebody has it open."""


class DocumentRested(Data):
    document: str
    path: str
    version: str
    """What it says."""
    since: str | None
    """The version that it was when people began to work on it, if there was one."""


class DocumentRemoved(Data):
    document: str
    path: str
    """Where it was."""


class DocumentIncomplete(Data):
    document: str
    path: str


class VersionCreated(Data):
    document: str
    version: VersionShown


class NoticesRead(Data):
    notices: list[str]
    by: str


class CommentDeleted(Data):
    id: str
    document: str


class MemberChanged(Data):
    user: str
    role: Role | None
    name: str | None = None


class WorkspaceChanged(Data):
    name: str | None = None
    collect_feedback: bool | None = None
    budget: BudgetSetting | None = None


class WebhookPing(Data):
    webhook: str


@dataclass(frozen=True)
class EventType:
    """`kept` events are numbered and can be resumed; others are heard by who is there."""

    name: str
    data: type[BaseModel]
    meaning: str
    kept: bool = True

    def check(self, data: Any) -> None:
        """Raises pydantic.ValidationError for data that an event of this type does not have."""
        TypeAdapter(self.data).validate_python(data)


EVENT_TYPES = (
    EventType("scriptorium.suggestion.changed", SuggestionShown, "The whole suggestion, after every change of it."),
    EventType(
        "scriptorium.suggestion.delta",
        SuggestionDelta,
        "While it streams: hunks that are new or others, and of those that only grew what comes behind the first `at` "
        "code units of `proposed`. `scriptorium.suggestion.changed` follows.",
        kept=False,
    ),
    EventType(
        "scriptorium.decision.recorded",
        DecisionRecorded,
        "One decision on one hunk, once all of it is carried out, also one that a process made for another that died.",
    ),
    EventType("scriptorium.job.changed", JobShown, "The job."),
    EventType("scriptorium.assistant.outage", Outage, "The model does not answer; with `over: true` it answers again."),
    EventType(
        "scriptorium.assistant.config", AssistantFileState, "The group's settings of its assistant were changed."
    ),
    EventType("scriptorium.chat.message", ChatMessage, "A message that is new, or whose state is another."),
    EventType(
        "scriptorium.chat.delta",
        ChatDelta,
        "More of an answer, behind its first `offset` code units. Another `attempt` begins the answer anew. Whoever "
        "lacks some reads the conversation, where an answer is at most a second behind.",
        kept=False,
    ),
    EventType("scriptorium.conversation.changed", ConversationShown, "It was renamed."),
    EventType("scriptorium.conversation.deleted", Identified, "With all that was said in it."),
    EventType(
        "scriptorium.document.settled",
        DocumentSettled,
        "Its plain file is on the drive: it is new, has another content, or another path. Told again after a crash.",
    ),
    EventType(
        "scriptorium.document.rested",
        DocumentRested,
        "People have written in it, and have left it alone for a quarter of a minute. Told again after a crash.",
    ),
    EventType(
        "scriptorium.document.removed",
        DocumentRemoved,
        "It is in the trash, by itself or with a folder, and no longer on the drive. Told again after a crash.",
    ),
    EventType(
        "scriptorium.document.incomplete",
        DocumentIncomplete,
        "Something of its log cannot be read, so the file on the drive stays as it was; versions go on.",
    ),
    EventType(
        "scriptorium.version.created",
        VersionCreated,
        "Somebody made it; for automatic ones look when a document has settled.",
    ),
    EventType("scriptorium.notice.changed", NoticeShown, "A notice that is new, or whose state is another."),
    EventType("scriptorium.notices.read", NoticesRead, "Somebody has seen them."),
    EventType("scriptorium.comment.changed", ThreadShown, "The whole thread; its `revision` grows with every change."),
    EventType("scriptorium.comment.deleted", CommentDeleted, "The last comment of a thread was taken away."),
    EventType(
        "scriptorium.member.changed",
        MemberChanged,
        "Somebody came, has another role or name, or, where the role is null, was removed.",
    ),
    EventType("scriptorium.workspace.changed", WorkspaceChanged, "What was changed of its settings."),
    EventType(
        "scriptorium.webhook.ping",
        WebhookPing,
        "Goes to one webhook alone, which its owner tries out; nobody hears of it on the socket.",
        kept=False,
    ),
    EventType(
        "external.*",
        ExternalEvent,
        "Another system says that something has happened: the event as it came from there, with its own `id`, `source` "
        "and `time`.",
    ),
)
