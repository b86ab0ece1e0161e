"""The events of a streamed chat completion, read as strictly as the variety of endpoints allows."""

import json
from collections.abc import Iterable
from typing import Any

from ai.models.port import Chunk, FinishReason, ModelError, Usage

_FINISH: dict[str, FinishReason] = {"length": "length", "max_tokens": "length", "content_filter": "filtered"}
# An endpoint that ignores `max_tokens` must not fill the memory; no tokenizer makes tokens of more letters on average.
_LETTERS_PER_TOKEN = 16
_MAX_LETTERS = 2_000_000
_NONSENSE = "The model endpoint sent something that is no answer of a model."


class AnswerReader:
    """Takes the data of events. `complete`: the model said that it has finished; `ended`: nothing can follow."""

    def __init__(self, max_tokens: int | None) -> None:
        self.began = False
        self.complete = False
        self.ended = False
        self._left = min(_MAX_LETTERS, _LETTERS_PER_TOKEN * max_tokens) if max_tokens else _MAX_LETTERS
        self._wrote = False
        self._thought = False
        self._finish_reason: FinishReason = "stop"
        self._usage: Usage | None = None

    def read(self, events: Iterable[bytes]) -> str:
        """The text in these events, perhaps empty. Raises `ModelError` for what is no part of an answer."""
        parts: list[str] = []
        for data in events:
            if data.startswith(b"[DONE]"):
                self.complete = self.ended = self.began
                break
            parts.append(self._read_one(data))
        text = "".join(parts)
        self._wrote = self._wrote or bool(text.strip())
        self._left -= len(text)
        if self._left < 0:
            raise ModelError("nonsense", "The model did not stop writing.")
        return text

    def last_chunk(self) -> Chunk:
        """The chunk that ends the stream. Raises `ModelError` when the model has written nothing at all."""
        if not self._wrote and self._finish_reason != "filtered":
            spent = self._finish_reason == "length" and self._thought
            raise ModelError(
                "nonsense",
                "The model spent all its tokens on thinking and wrote no answer."
                if spent
                else "The model answered with nothing.",
            )
        return Chunk("", finish_reason=self._finish_reason, usage=self._usage)

    def _read_one(self, data: bytes) -> str:
        try:
            event = json.loads(data)
        except ValueError as error:
            raise ModelError("nonsense", _NONSENSE) from error
        if not isinstance(event, dict):
            raise ModelError("nonsense", _NONSENSE)
        if event.get("error"):
            # A server that fails after the headers went out can say so in no other way.
            raise ModelError("server_error", "The model endpoint failed in the middle of the answer.")
        if isinstance(usage := event.get("usage"), dict):
            self._usage = _usage(usage)
        choices = event.get("choices")
        if not isinstance(choices, list):
            raise ModelError("nonsense", _NONSENSE)
        self.began = True
        if not choices:
            return ""
        choice = choices[0]
        if not isinstance(choice, dict):
            raise ModelError("nonsense", _NONSENSE)
        if isinstance(reason := choice.get("finish_reason"), str):
            self._finish_reason = _FINISH.get(reason, "stop")
            self.complete = True
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return ""
        if delta.get("reasoning_content") or delta.get("reasoning"):
            self._thought = True
        text = delta.get("content")
        return text if isinstance(text, str) else ""


def _usage(usage: dict[str, Any]) -> Usage:
    def count(name: str) -> int:
        value = usage.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0

    cost = usage.get("cost")
    return Usage(
        count("prompt_tokens"),
        count("completion_tokens"),
        float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) and cost >= 0 else None,
    )
