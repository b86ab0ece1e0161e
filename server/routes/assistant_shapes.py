"""The JSON of the assistant's routes. Positions are UTF-16 code units of the shared text, times RFC 3339."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from ai.prompting.context import Role
from server.routes.budget_shapes import GaugeShown

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
"""What a person tells the assistant."""

Position = Annotated[int, Field(ge=0, strict=True)]
Id = Annotated[str, StringConstraints(max_length=64)]


MOST_MS = 30 * 24 * 3600 * 1000


class EditRequest(BaseModel):
    path: str
    start: Position
    end: Position
    instruction: Words
    expected: str | None = None
    """The text that the asker saw from `start` to `end`; another one there is 409."""
    also: Annotated[list[str], Field(fail_fast=True, max_length=1_000)] | Literal["all"] = []
    """Other files that are to change with this one: then the whole of each may, and the range is what it is about.
    "all" means those in which a name occurs that the range or the instruction names."""


class WriteRequest(BaseModel):
    path: str
    at: Position
    instruction: Words


class FilesRequest(BaseModel):
    path: str
    """Of the new file; or of the folder, "" for the workspace itself."""
    kind: Literal["text", "folder"]
    instruction: Words


class DecisionRequest(BaseModel):
    hunks: Annotated[list[Id], Field(fail_fast=True, min_length=1, max_length=10_000)] | Literal["all"]
    """\"all\" means those for which the decision can be made."""
    decision: Literal["accept", "reject", "undo"]
    reason: Annotated[Words, StringConstraints(max_length=2_000)] | None = None
    shown: Annotated[dict[Id, Annotated[int, Field(ge=0, le=MOST_MS)]], Field(max_length=10_000)] | None = None
    """For how many ms each hunk has been on the screen of whoever decides; left out by clients that cannot know."""
    revisions: dict[Id, Annotated[int, Field(ge=0)]] | None = Field(default=None, max_length=10_000)
    """The revision of each hunk that the decision is about: one that somebody has decided since is left alone. Without
    it, what was written and undone does not come back, because a second `undo` may be the first one sent again."""


class SomePerson(BaseModel):
    id: str
    name: str


class AskedSuggestion(BaseModel):
    job: str
    suggestion: str


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


class Seen(BaseModel):
    """A part of what the model saw, without its text."""

    role: Role
    path: str | None = None
    tokens: int
    of: int
    """Tokens that there were in all; `tokens` of them had room."""
    why: str
    lines: tuple[int, int] | None = None
    """The first and the last that were shown, of a file, counted from 1."""
    number: int | None = None
    """Of a passage, by which the answer cites it."""
    within: list[str] | None = None
    """What a passage stands in, outermost first."""
    best: int | None = None
    """The line of a passage that may be cited which holds most of what was asked."""
    messages: int | None = None
    of_messages: int | None = None
    """Messages of the conversation that were shown, and that there were."""
    secrets: int | None = None
    """Places where what looks like a secret was taken out."""
    unseen: int | None = None
    """Letters that nobody sees, which were taken out."""
    kept: bool | None = None
    """It went in as it stands: nothing of these was taken out."""


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
    context: list[Seen] | None = None
    """What the model saw."""
    notice: str | None = None
    """The notice that it is the change of."""


class HunkOutcome(BaseModel):
    id: str
    state: str | None
    reason: str | None = None
    """Why it was not decided."""


class DecisionOutcome(BaseModel):
    hunks: list[HunkOutcome]


class Erased(BaseModel):
    erased: int


Shown = dict[str, Any]
"""What the assistant's views give; FastAPI checks it against the model of the route."""
