"""The JSON of the assistant's routes. Positions are UTF-16 code units of the shared text, times RFC 3339."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from server.routes.budget_shapes import GaugeShown


def _has_no_half_characters(text: str) -> str:
    # JSON can spell half of a surrogate pair, which no encoding can store.
    text.encode()
    return text


Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000),
    AfterValidator(_has_no_half_characters),
]
"""What a person tells the assistant."""

Position = Annotated[int, Field(ge=0, strict=True)]
Path = Annotated[str, AfterValidator(_has_no_half_characters)]
Id = Annotated[str, StringConstraints(max_length=64), AfterValidator(_has_no_half_characters)]


_MOST_MS = 30 * 24 * 3600 * 1000


class EditRequest(BaseModel):
    path: Path
    start: Position
    end: Position
    instruction: Words
    expected: str | None = None
    """The text that the asker saw from `start` to `end`; another one there is 409."""
    also: Annotated[list[Path], Field(max_length=1_000)] | Literal["all"] = []
    """Other files that are to change with this one: then the whole of each may, and the range is what it is about.
    "all" means those in which a name occurs that the range or the instruction names."""


class WriteRequest(BaseModel):
    path: Path
    at: Position
    instruction: Words


class FilesRequest(BaseModel):
    path: Path
    """Of the new file; or of the folder, "" for the workspace itself."""
    kind: Literal["text", "folder"]
    instruction: Words


class ChatSelection(BaseModel):
    start: Position
    end: Position


class ChatRequest(BaseModel):
    message: Words
    conversation: Id | None = None
    path: Path | None = None
    selection: ChatSelection | None = None
    """Of the file at `path`: what the message is about."""


class DecisionRequest(BaseModel):
    hunks: Annotated[list[Id], Field(min_length=1, max_length=10_000)] | Literal["all"]
    """\"all\" means those for which the decision can be made."""
    decision: Literal["accept", "reject", "undo"]
    reason: Annotated[Words, StringConstraints(max_length=2_000)] | None = None
    shown: Annotated[dict[Id, Annotated[int, Field(ge=0, le=_MOST_MS)]], Field(max_length=10_000)] | None = None
    """For how many ms each hunk has been on the screen of whoever decides; left out by clients that cannot know."""


class SomePerson(BaseModel):
    id: str
    name: str


class AskedSuggestion(BaseModel):
    job: str
    suggestion: str


class AskedChat(BaseModel):
    job: str
    conversation: str


class AssistantFileState(BaseModel):
    """How `.scriptorium/assistant.yaml` was found. While it is bad, what it said before stays in force."""

    state: Literal["ok", "bad", "absent"]
    line: int | None = None
    column: int | None = None
    """Both from 1, in characters."""
    message: str | None = None


class OutageShown(BaseModel):
    model: str
    since: str
    message: str


class AssistantStatus(BaseModel):
    provider: str
    model: str
    configured: bool
    label: str
    label_detail: str
    config: AssistantFileState
    outage: OutageShown | None = None
    """Set while the model does not answer, and the built-in assistant answers instead."""
    budget: list[GaugeShown] = []
    """How far the workspace's budget is used up; empty where nothing counts against any."""


class JobShown(BaseModel):
    id: str
    workspace: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    requested_by: SomePerson
    created_at: str
    attempt: int
    suggestion: str | None = None
    conversation: str | None = None
    message: str | None = None
    """What is going on."""
    error: str | None = None


class HunkShown(BaseModel):
    id: str
    document: str
    path: str
    start: int
    end: int
    anchors: tuple[str, str]
    """Encoded Yjs relative positions of both ends, base64."""
    base: str
    proposed: str
    state: Literal["streaming", "pending", "accepted", "rejected", "stale", "undone"]
    revision: int
    decided_by: SomePerson | None = None
    decided_at: str | None = None


class SuggestionAuthor(SomePerson):
    model: str | None = None


class SuggestionShown(BaseModel):
    id: str
    job: str
    workspace: str
    documents: list[str]
    author: SuggestionAuthor
    requested_by: SomePerson
    instruction: str
    mode: Literal["edit", "write"]
    state: Literal["streaming", "ready", "done", "failed", "cancelled"]
    created_at: str
    hunks: list[HunkShown]
    note: str | None = None
    error: str | None = None


class HunkOutcome(BaseModel):
    id: str
    state: str | None
    reason: str | None = None
    """Why it was not decided."""


class DecisionOutcome(BaseModel):
    hunks: list[HunkOutcome]


class ConversationShown(BaseModel):
    id: str
    title: str
    created_by: SomePerson
    created_at: str
    updated_at: str


class MessageShown(BaseModel):
    id: str
    role: Literal["user", "assistant"]
    author: str
    author_name: str
    text: str
    state: Literal["streaming", "done", "failed", "cancelled"]
    created_at: str
    job: str | None = None
    error: str | None = None


class ConversationWhole(ConversationShown):
    messages: list[MessageShown]


class Erased(BaseModel):
    erased: int


Shown = dict[str, Any]
"""What the assistant's views give; FastAPI checks it against the model of the route."""
