"""One answer of a model, and what the record must know about how it was made."""

import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import Any, Literal

from ai import metrics
from ai.models import Chunk, FinishReason, ModelRequest, Outage, Provider, Usage
from ai.models.local import LocalAssistant
from ai.pool.attempt import Run
from ai.prompting.prompts import Prompt
from ai.spending.budgets import Budget
from ai.spending.metering import Meter
from ai.spending.usage import Caller

MOST_WRITTEN = 100_000
MOST_REWRITTEN = 4
"""Letters of an answer, and more for each letter that it is to replace. Models fall into saying one thing for ever, and
each token of it would cost everybody who watches."""


class Generation:
    """Counts and times one stream. Seconds throughout; `first_token` and `total` from the attempt's beginning."""

    def __init__(
        self,
        run: Run,
        provider: Provider,
        meter: Meter,
        prompt: Prompt,
        request: ModelRequest,
        start: int = 0,
        budget: Awaitable[Budget] | None = None,
    ) -> None:
        """`start` is where the request's selection begins in the document, in UTF-16 code units.

        `budget` is that of the workspace, if somebody has begun to look it up.
        """
        self._letters_left = MOST_WRITTEN + MOST_REWRITTEN * len(request.task.selection)
        self._run = run
        self._provider = provider
        self._meter = meter
        self._prompt = prompt
        self._request = request
        self._start = start
        self._budget = budget
        self._began = time.monotonic()
        self._first_token: float | None = None
        self._total: float | None = None
        self._usage: Usage | None = None
        self.outage: Outage | None = None
        """Why the built-in assistant answers and not the model that was asked."""
        self.note: str | None = None
        self.finish_reason: FinishReason | None = None
        self.form: Literal["text", "blocks", "files"] = "text"
        """What was asked for: the new text, search/replace blocks, or several files with their names."""
        self.unplaced = 0
        """Changes in the answer that became no hunks, because nobody can tell where they belong."""
        self._ended = False

    async def stream(self) -> AsyncGenerator[Chunk, None]:
        """The model's chunks. Closing this closes the connection to the model.

        Raises:
            ai.models.ModelError, ai.spending.budget_book.BudgetSpent
        """
        job = self._run.job
        caller = Caller(job.workspace, job.requested_by.id, job.id, job.attempt)
        if self._run.taken_over:
            # What a killed worker held would else count against the budget for hours, also against this very job.
            await self._meter.settle_left_behind(job.workspace, job.id, job.attempt)
        try:
            async with aclosing(self._meter.stream(caller, self._provider, self._request, self._budget)) as chunks:
                async for chunk in chunks:
                    if chunk.instead_of is not None:
                        self.outage = self._run.outage = chunk.instead_of
                    elif chunk.ends is not None:
                        self._run.outage_over = chunk.ends
                    if chunk.text and self._first_token is None:
                        self._first_token = time.monotonic() - self._began
                        metrics.FIRST_TOKEN_SECONDS.labels(job.kind, self.model).observe(self._first_token)
                    self.note = chunk.note or self.note
                    self.finish_reason = chunk.finish_reason or self.finish_reason
                    self._usage = chunk.usage or self._usage
                    yield chunk
                    self._letters_left -= len(chunk.text)
                    if self._letters_left < 0:
                        self.finish_reason = "length"
                        return
            self._ended = True
        finally:
            self._total = time.monotonic() - self._began
            if self._usage is not None:
                tokens = metrics.TOKENS.labels
                tokens(job.kind, self.model, "prompt").inc(self._usage.prompt_tokens)
                tokens(job.kind, self.model, "completion").inc(self._usage.completion_tokens)

    @property
    def model(self) -> str:
        """Whoever really answers."""
        return LocalAssistant.model if self.outage else self._provider.model

    @property
    def warning(self) -> str | None:
        """What people should know about the answer, besides itself."""
        if self.finish_reason == "length":
            return "The answer was cut off: it is longer than the model may write."
        if self.finish_reason == "filtered":
            return "The answer was cut off by the model's content filter."
        if self.finish_reason == "budget":
            return "The answer was cut off: it takes more than the budget of this workspace has left."
        return self.note

    @property
    def context(self) -> list[dict[str, Any]]:
        """What the model saw, for people (`ai.prompting.context.Piece.view`); the local assistant works from no
        prompt."""
        return list(self._prompt.context) if self._prompted else []

    @property
    def _prompted(self) -> bool:
        return self._provider.name != "local" and self.outage is None

    @property
    def cut_off(self) -> bool:
        return self.finish_reason in ("length", "filtered", "budget")

    def record(self) -> dict[str, Any]:
        """What `ai.proposals.suggestions.Suggestion.generations` holds, as far as it is known by now."""
        job, usage = self._run.job, self._usage
        return {
            "attempt": job.attempt,
            "selection": self._request.task.selection,
            "start": self._start,
            "provider": LocalAssistant.name if self.outage else self._provider.name,
            "model": self.model,
            "params": self._request.params.as_dict(),
            "messages": [message.as_dict() for message in self._prompt.messages] if self._prompted else [],
            "context": self.context,
            "timings": {
                "queued": max(0.0, (job.started_at or job.created_at) - job.created_at),
                "first_token": self._first_token,
                "total": self._total,
            },
            "whole": self._ended and not self.cut_off and not self.unplaced,
            "form": self.form,
            "usage": {
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "cost": usage.cost,
            }
            if usage
            else None,
        }
