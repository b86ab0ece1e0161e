"""Models behind one port: any OpenAI-compatible endpoint, or the built-in local assistant."""

from ai.models.port import (
    ChatMessage,
    Chunk,
    Corpus,
    ErrorKind,
    FinishReason,
    Kind,
    ModelError,
    ModelParams,
    ModelRequest,
    Outage,
    Price,
    Provider,
    SourceFile,
    Task,
    Usage,
    no_corpus,
)

__all__ = [
    "ChatMessage",
    "Chunk",
    "Corpus",
    "ErrorKind",
    "FinishReason",
    "Kind",
    "ModelError",
    "ModelParams",
    "ModelRequest",
    "Outage",
    "Price",
    "Provider",
    "SourceFile",
    "Task",
    "Usage",
    "no_corpus",
]
