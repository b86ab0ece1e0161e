"""Calls of models, metered: each is let in by the budget before it begins, and is in the ledger once it has ended.

Everything that asks a model on somebody's behalf goes through `Meter.stream`.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import structlog

from ai.clock import now
from ai.models import Chunk, ModelError, ModelRequest, Price, Provider, Usage
from ai.models.local import LocalAssistant
from ai.spending.budget_book import BudgetBook, BudgetSpent, Lost
from ai.spending.budgets import Amount, Budget
from ai.spending.prices import Cost, cost_of
from ai.spending.token_estimate import estimated_tokens, weight
from ai.spending.usage import Caller, CallUsage, Ended, Ledger
from storage.faults import fault

log = structlog.get_logger(__name__)

STEP = 1_000
"""Tokens by which a call that writes more than it holds goes on asking for more: how far each may overshoot a budget,
beside what the endpoint counts above our estimate."""

BEGUN_AFTER = 0.1
"""Seconds after which a call of a workspace without a budget is on record, for who has to find it should its process
die."""

LOST_AFTER = 2 * 3600.0
"""Seconds after which a call that nobody has settled is taken for lost with its process."""

_UNBILLED = frozenset({"unreachable", "rate_limited", "rejected", "server_error"})
"""How a call fails that the endpoint has not worked on, unless some text has come."""


@dataclass
class _Tally:
    """What one call has come to by now. `prompt` and `written` are tokens by our own estimate."""

    price: Price | None
    prompt: int
    held: int
    began: float
    written: float = 0.0
    first_token: float | None = None
    counted: Usage | None = None
    ended: Ended = "stopped"
    noted: Literal["not yet", "begun", "held"] = "not yet"
    """Where it is found should its process die: among the calls that run, or in the account."""
    stood_in: bool = False
    """Whether the built-in assistant answers instead of a model that is down."""

    def take(self, chunk: Chunk) -> None:
        self.stood_in = self.stood_in or chunk.instead_of is not None
        if chunk.text and self.first_token is None:
            self.first_token = time.monotonic() - self.began
        self.written += weight(chunk.text)
        self.counted = chunk.usage or self.counted
        if chunk.finish_reason is not None:
            self.ended = "done" if chunk.finish_reason == "stop" else chunk.finish_reason

    def fail(self, error: ModelError) -> None:
        self.ended = "failed"
        if error.kind in _UNBILLED and not self.written:
            self.prompt = 0

    @property
    def usage(self) -> Usage:
        return self.counted or Usage(self.prompt, math.ceil(self.written))


class Meter:
    """`currency` is that of all prices. The local assistant costs nothing and asks no budget."""

    def __init__(self, book: BudgetBook, ledger: Ledger, currency: str) -> None:
        self._book = book
        self._ledger = ledger
        self._currency = currency
        self._writing: set[asyncio.Task[None]] = set()

    async def budget(self, workspace: str) -> Budget:
        """What `stream` wants to know of a workspace, for who looks it up beside other work."""
        return await self._book.budget(workspace)

    async def stream(
        self, caller: Caller, provider: Provider, request: ModelRequest, budget: Awaitable[Budget] | None = None
    ) -> AsyncGenerator[Chunk, None]:
        """`Provider.stream`, metered. `budget` is that of the workspace, if somebody has begun to look it up.

        Raises:
            ai.spending.budget_book.BudgetSpent: before the model is called. One that goes beyond the budget while it
                writes is cut off, with the finish reason "budget".
            ai.models.ModelError
        """
        free = provider.name == "local"
        prompt = 0 if free else estimated_tokens(message.content for message in request.messages)
        tally = _Tally(provider.price, prompt, _expected(request), time.monotonic())
        call = _call(caller, provider, request)
        holding = None
        if not free:
            limits = await (budget or self._book.budget(caller.workspace))
            if limits.unlimited:
                # Nobody waits for it, and nothing may hold up the model's first words.
                holding = asyncio.create_task(self._begin_later(call, tally))
            else:
                holding = asyncio.create_task(self._hold(call, tally, limits))
                await self._held(call, holding)
        try:
            async with aclosing(provider.stream(request)) as chunks:
                async for chunk in chunks:
                    tally.take(chunk)
                    yield chunk
                    paid = not (free or tally.stood_in)
                    if paid and tally.written > tally.held and not await self._goes_on(call, tally):
                        tally.ended = "budget"
                        yield Chunk("", finish_reason="budget")
                        return
        except ModelError as error:
            tally.fail(error)
            raise
        finally:
            # Whoever reads must not wait for the record, least of all to be cancelled.
            if tally.noted == "not yet" and holding is not None:
                holding.cancel()
            self._write_later(self._note(*self._used(call, tally, free=free), tally, holding))

    async def idle(self) -> None:
        """Return once every call that has ended is in the ledger."""
        while self._writing:
            await asyncio.wait(self._writing)

    async def settle_lost(self) -> int:
        """Put calls into the ledger whose process died over them, by what they held; how many there were."""
        found = await self._book.abandoned(now() - LOST_AFTER)
        for lost in found:
            await self._settle_lost(lost)
        return len(found)

    async def settle_left_behind(self, workspace: str, job: str, attempt: int) -> None:
        """The same for what earlier attempts of `job` have left, as soon as another worker takes it over."""
        for lost in await self._book.left_behind(workspace, job, attempt):
            await self._settle_lost(lost)

    async def _settle_lost(self, lost: Lost) -> None:
        facts, at = lost.call, now()
        total = at - facts["begun_at"]
        usage = CallUsage(**facts, at=at, ended="lost", estimated=True, first_token=None, total=total)
        await self._ledger.add(usage)
        # Who died between the two has left its own record, which says more.
        known = await self._ledger.find(usage.id) or facts
        counted = Usage(known["prompt_tokens"], known["completion_tokens"])
        cost = Cost(known["cost"], known["currency"]) if known["cost"] is not None else None
        await self._settle(usage, _amount(counted, cost), held=lost.held, begun=True)

    # ---- one call

    async def _held(self, call: dict[str, Any], holding: asyncio.Task[None]) -> None:
        """Raises BudgetSpent."""
        try:
            await asyncio.shield(holding)
        except asyncio.CancelledError:
            # It may be held by now: who is cancelled at this moment must not be charged with it.
            self._write_later(self._let_go(call, holding))
            raise

    async def _let_go(self, call: dict[str, Any], holding: asyncio.Task[None]) -> None:
        try:
            await holding
            await self._book.settle(call["workspace"], call["id"], call["begun_at"], Amount(0, None))
        except BudgetSpent:
            return
        except Exception as error:
            log.error("a call of a model is not settled yet", call=call["id"], error=fault(error))

    async def _begin_later(self, call: dict[str, Any], tally: _Tally) -> None:
        await asyncio.sleep(BEGUN_AFTER)
        tally.noted = "begun"
        usage = Usage(tally.prompt, tally.held)
        await self._book.begin(call | _spending(usage, cost_of(usage, tally.price, self._currency)))

    async def _hold(self, call: dict[str, Any], tally: _Tally, budget: Budget) -> None:
        tally.noted = "held"
        usage = Usage(tally.prompt, tally.held)
        cost = cost_of(usage, tally.price, self._currency)
        await self._book.hold(budget, call | _spending(usage, cost), _amount(usage, cost))

    async def _goes_on(self, call: dict[str, Any], tally: _Tally) -> bool:
        """Hold more for a call that writes more than was expected; False when the budget has no more."""
        tally.held = math.ceil(tally.written) + STEP
        if tally.noted != "held":
            return True  # what began without a budget goes on without one
        try:
            await self._hold(call, tally, await self._book.budget(call["workspace"]))
        except BudgetSpent:
            return False
        return True

    async def _note(self, usage: CallUsage, spent: Amount, tally: _Tally, holding: asyncio.Task[None] | None) -> None:
        try:
            await self._ledger.add(usage)
            if holding is None:
                return
            await asyncio.wait({holding})
            if not holding.cancelled():
                holding.result()
            await self._settle(usage, spent, held=tally.noted == "held", begun=tally.noted == "begun")
        except Exception as error:
            # It stays in the account or among those that run, and `settle_lost` finds it there.
            log.error("a call of a model is not settled yet", call=usage.id, error=fault(error))

    async def _settle(self, usage: CallUsage, spent: Amount, *, held: bool, begun: bool) -> None:
        if held:
            await self._book.settle(usage.workspace, usage.id, usage.begun_at, spent)
        else:
            await self._book.end(usage.workspace, usage.id, usage.person, usage.begun_at, spent, begun=begun)

    def _used(self, call: dict[str, Any], tally: _Tally, *, free: bool) -> tuple[CallUsage, Amount]:
        if tally.stood_in:
            free, call = True, call | {"provider": LocalAssistant.name, "model": LocalAssistant.model}
        used = Usage(0, 0) if free else tally.usage
        cost = None if free else cost_of(used, tally.price, self._currency)
        usage = CallUsage(
            **call,
            **_spending(used, cost),
            at=now(),
            ended=tally.ended,
            estimated=not free and tally.counted is None,
            first_token=tally.first_token,
            total=time.monotonic() - tally.began,
        )
        return usage, _amount(used, cost)

    def _write_later(self, writing: Coroutine[Any, Any, None]) -> None:
        self._writing.add(task := asyncio.create_task(writing))
        task.add_done_callback(self._writing.discard)


def _call(caller: Caller, provider: Provider, request: ModelRequest) -> dict[str, Any]:
    """The fields of `CallUsage` that are known when it begins."""
    return {
        "id": uuid4().hex,
        "workspace": caller.workspace,
        "person": caller.person,
        "kind": request.kind,
        "job": caller.job,
        "attempt": caller.attempt,
        "provider": provider.name,
        "model": provider.model,
        "language": request.task.language,
        "begun_at": now(),
    }


def _spending(usage: Usage, cost: Cost | None) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost": cost.amount if cost else None,
        "currency": cost.currency if cost else None,
    }


def _amount(usage: Usage, cost: Cost | None) -> Amount:
    return Amount(usage.prompt_tokens + usage.completion_tokens, cost)


def _expected(request: ModelRequest) -> int:
    """Tokens that an answer is expected to take: the text to be written anew and a little more, or a page."""
    expected = math.ceil(weight(request.task.selection) * 1.25) + STEP
    return min(expected, request.params.max_tokens or expected)
