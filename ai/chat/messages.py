"""The messages of a conversation as records of collection ``messages``, and as people see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

from ai.clock import rfc3339


class MessageState(StrEnum):
    STREAMING = "streaming"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self is not MessageState.STREAMING


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file that a question is about, by the path that it had then."""

    document: str
    path: str

    @classmethod
    def of(cls, record: dict[str, str]) -> Self:
        return cls(record["document"], record["path"])

    def view(self) -> dict[str, str]:
        return {"document": self.document, "path": self.path}


@dataclass(frozen=True, slots=True)
class Message:
    """`text` of a message that streams is what has been stored of it; the rest travels as deltas.

    A question names the `answer` that counts and the `job` that makes it, and the files that it is about. An answer
    names its `question`; it is `shortened` when the beginning of the conversation did not fit into what the model read.
    `attempt` of a question counts how often it was asked again, of an answer the workers that have begun it.
    `asked_at` is when the question was asked, for both: messages are in order by it, and then by `created_at`.
    `model` is the one that gave an answer, `context` tells what it saw for it (`ai.prompting.context.Piece.view`),
    without any text.
    """

    id: str
    conversation: str
    workspace: str
    role: Literal["user", "assistant"]
    author: str
    author_name: str
    text: str
    state: MessageState
    created_at: float
    asked_at: float
    job: str | None = None
    attempt: int = 0
    error: str | None = None
    question: str | None = None
    shortened: bool = False
    answer: str | None = None
    about: SharedFile | None = None
    selection: str | None = None
    """Of a question: what it is about of the file `about`."""
    mentions: tuple[SharedFile, ...] = ()
    context: Sequence[dict[str, Any]] = ()
    model: str | None = None

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        # Those without the later fields are from before questions and answers knew of each other.
        about = record.get("about")
        return cls(
            record["_id"],
            record["conversation"],
            record["workspace"],
            record["role"],
            record["author"],
            record["author_name"],
            record["text"],
            MessageState(record["state"]),
            record["created_at"],
            record.get("asked_at", record["created_at"]),
            record["job"],
            record["attempt"],
            record["error"],
            record.get("question"),
            record.get("shortened", False),
            record.get("answer"),
            SharedFile.of(about) if about else None,
            record.get("selection"),
            tuple(SharedFile.of(file) for file in record.get("mentions", ())),
            record.get("context", ()),
            record.get("model"),
        )

    def record(self) -> dict[str, Any]:
        return {
            "_id": self.id,
            "conversation": self.conversation,
            "workspace": self.workspace,
            "role": self.role,
            "author": self.author,
            "author_name": self.author_name,
            "text": self.text,
            "state": self.state.value,
            "created_at": self.created_at,
            "asked_at": self.asked_at,
            "job": self.job,
            "attempt": self.attempt,
            "error": self.error,
            "question": self.question,
            "shortened": self.shortened,
            "answer": self.answer,
            "about": self.about.view() if self.about else None,
            "selection": self.selection,
            "mentions": [file.view() for file in self.mentions],
            "context": list(self.context),
            "model": self.model,
        }

    def view(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": self.id,
            "role": self.role,
            "author": self.author,
            "author_name": self.author_name,
            "text": self.text,
            "state": self.state.value,
            "created_at": rfc3339(self.created_at),
        }
        if self.role == "user":
            shown |= {"attempt": self.attempt, "mentions": [file.view() for file in self.mentions]}
            optional: dict[str, Any] = {
                "job": self.job,
                "answer": self.answer,
                "about": self.about.view() if self.about else None,
            }
        else:
            shown |= {"attempt": self.attempt, "shortened": self.shortened}
            optional = {
                "job": self.job,
                "question": self.question,
                "error": self.error,
                "context": list(self.context) or None,
                "model": self.model,
            }
        return shown | {name: value for name, value in optional.items() if value is not None}
