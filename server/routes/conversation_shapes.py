"""The JSON of conversations with the assistant. Times are RFC 3339."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from server.routes.assistant_shapes import Id, Position, Seen, SomePerson, Words

MOST_SEARCHED = 200
"""Letters of what is searched for."""

Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
]
Query = Annotated[str, StringConstraints(max_length=MOST_SEARCHED)]


class ChatSelection(BaseModel):
    start: Position
    end: Position


class ChatRequest(BaseModel):
    message: Words
    conversation: Id | None = None
    path: str | None = None
    """The file that is open."""
    selection: ChatSelection | None = None
    """Of the file at `path`: what the message is about."""
    mentions: Annotated[list[str], Field(fail_fast=True, max_length=100)] = []
    """Paths of files whose texts the question is about, beside those that `message` names by `@path`."""


class ProposalRequest(BaseModel):
    block: Annotated[int, Field(ge=0, strict=True)] | Literal["all"]
    """Which code block of the answer, counted from 0."""
    path: str
    where: Literal["found", "whole", "end"] = "found"
    """The place that is found for it, in place of the whole text, or behind it."""


class Renamed(BaseModel):
    title: Title


class AskedChat(BaseModel):
    job: str
    conversation: str


class Proposed(BaseModel):
    suggestion: str


class SharedFileShown(BaseModel):
    document: str
    path: str
    """As it was when the question was asked."""


class MatchShown(BaseModel):
    message: str | None = None
    """Null when it was the title that matched."""
    author_name: str | None = None
    snippet: str


class ConversationShown(BaseModel):
    id: str
    title: str
    created_by: SomePerson
    created_at: str
    updated_at: str
    match: MatchShown | None = None
    """In the answer to a search."""


class MessageShown(BaseModel):
    id: str
    role: Literal["user", "assistant"]
    author: str
    author_name: str
    text: str
    state: Literal["streaming", "done", "failed", "cancelled"]
    created_at: str
    job: str | None = None
    """Of an answer, what made it; of a question, what makes its newest answer."""
    error: str | None = None
    model: str | None = None
    """Of an answer: what gave it."""
    context: list[Seen] | None = None
    """Of an answer: what the model saw for it."""
    question: str | None = None
    """Of an answer: what it answers."""
    attempt: int | None = None
    """Of a question, how often it was asked again; of an answer, which worker writes it: each one begins anew."""
    shortened: bool | None = None
    """Of an answer: whether the beginning of the conversation did not fit into what the model read."""
    answer: str | None = None
    """Of a question: the answer that counts, also before it has begun."""
    about: SharedFileShown | None = None
    mentions: list[SharedFileShown] | None = None


class ConversationWhole(ConversationShown):
    messages: list[MessageShown]
    """The newest; answers follow their question."""
    earlier: bool
    """Whether there are messages before these: `?before=<id of the first>`."""


Shown = dict[str, Any]
