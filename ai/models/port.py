"""What every model is to the rest of the assistant: one stream of text for one request, or a `ModelError`."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

Kind = Literal["edit", "write", "chat", "completion"]
ErrorKind = Literal["unreachable", "timeout", "rate_limited", "server_error", "rejected", "cut_off", "nonsense"]
FinishReason = Literal["stop", "length", "filtered", "budget"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: Literal["system", "user", "assistant"]
    content: str

    def as_dict(self) -> dict[str, str]:
        """The message as the OpenAI interface and the feedback record write it."""
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the endpoint counted them. `cost` is in the endpoint's currency, None where it names none."""

    prompt_tokens: int
    completion_tokens: int
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens, in whatever currency the server's prices are in."""

    input: float
    output: float

    def view(self) -> dict[str, float]:
        return {"input": self.input, "output": self.output}

    def of(self, usage: Usage) -> float:
        return (usage.prompt_tokens * self.input + usage.completion_tokens * self.output) / 1e6


@dataclass(frozen=True, slots=True)
class Outage:
    """A model that does not answer, `since` a Unix time; `endpoint` is where it is, as people know it."""

    endpoint: str
    model: str
    since: float

    @property
    def sentence(self) -> str:
        return f"{self.model} has not answered since {datetime.fromtimestamp(self.since, UTC):%H:%M} UTC."


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the answer. Only the last chunk of a stream has a `finish_reason`; its `text` may be empty. The reason
    "budget" is never the model's own: it comes from `ai.spending.metering`.

    `note` is a sentence about the answer that belongs beside it, never into the document: the local assistant says
    in it what it did, or why it has nothing to propose.

    `instead_of` is why the built-in assistant wrote this and not the model that was asked. `ends` is an outage that is
    over with this chunk.
    """

    text: str
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    note: str | None = None
    instead_of: Outage | None = None
    ends: Outage | None = None


class ModelError(Exception):
    """The model gave no usable answer. `str(error)` is a sentence for people: no key, no address with credentials.

    `retry_after` is in seconds, from the endpoint's own Retry-After; None when it sent none.
    """

    def __init__(self, kind: ErrorKind, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.message = message
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class SourceFile:
    path: str
    text: str


Corpus = Callable[[], Awaitable[Sequence[SourceFile]]]
"""Gives the text files of the workspace that a model may see (already without those of `.scriptorium/ignore`)."""


async def no_corpus() -> Sequence[SourceFile]:
    return ()


@dataclass(frozen=True, slots=True)
class Task:
    """The request before it became a prompt. The local assistant works from this; a real model sees only `messages`.

    edit: `selection` is to be replaced, `before` and `after` are the rest of the document around it.
    write: `selection` is empty, the text goes between `before` and `after`.
    completion: as write, with an empty `instruction`; a few words or lines at most.
    chat: `instruction` is the question; `before`, `selection` and `after` are empty.
    """

    instruction: str
    path: str | None = None
    language: str | None = None
    before: str = ""
    selection: str = ""
    after: str = ""
    corpus: Corpus = no_corpus


@dataclass(frozen=True, slots=True)
class ModelParams:
    """None leaves the choice to the endpoint."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None

    def as_dict(self) -> dict[str, float | int]:
        """Only what was set, under the names of the OpenAI interface and of those that extend it by `top_k`: the
        feedback record's `params`.
        """
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class ModelRequest:
    kind: Kind
    messages: Sequence[ChatMessage]
    task: Task
    params: ModelParams = field(default_factory=ModelParams)


class Provider(Protocol):
    """A model that can be asked. Safe for any number of streams at once on one event loop."""

    @property
    def name(self) -> Literal["openai", "local"]: ...

    @property
    def model(self) -> str:
        """The model's name, as it is written into the feedback record."""
        ...

    @property
    def label(self) -> str:
        """A few words that tell people who answers."""
        ...

    @property
    def label_detail(self) -> str:
        """One sentence for people: where the text goes, or how to configure a model."""
        ...

    @property
    def price(self) -> Price | None:
        """What answers cost where the endpoint does not say."""
        ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Yields chunks; the last one has the `finish_reason`. Raises `ModelError`, also after some chunks.

        Never retries: whoever asks knows what has been shown already.

        To cancel, cancel the task that awaits the next chunk, or `aclose()` between two chunks: either closes the
        connection at once, so that the endpoint stops spending.
        """
        ...

    async def close(self) -> None: ...
