"""A model with a circuit breaker around it: while it fails, the built-in assistant answers, and says so.

Each process learns by itself that a model is down, from `FAILURES` requests of its own. A state that all share would
cost every request a look at it, and would be wrong where one machine alone has lost its way to the endpoint.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Literal

from ai.clock import now
from ai.models.circuit import Circuit
from ai.models.local import LocalAssistant
from ai.models.port import Chunk, ErrorKind, ModelError, ModelRequest, Outage, Price, Provider

_DOWN: frozenset[ErrorKind] = frozenset({"unreachable", "timeout", "server_error", "cut_off"})
"""What says that the endpoint does not work. One that refuses, or is busy, does."""


class Breaker:
    """See `ai.models.Provider`. `endpoint` names where the model is, for people; a provider of its own for each model.

    Before the first chunk and never after it, another one answers: an answer that breaks off stays as it is and raises.
    """

    def __init__(self, provider: Provider, endpoint: str, circuit: Circuit | None = None) -> None:
        self._provider = provider
        self._endpoint = endpoint
        self._circuit = circuit or Circuit()

    @property
    def name(self) -> Literal["openai", "local"]:
        return self._provider.name

    @property
    def model(self) -> str:
        return self._provider.model

    @property
    def price(self) -> Price | None:
        return self._provider.price

    @property
    def label(self) -> str:
        return self._provider.label

    @property
    def label_detail(self) -> str:
        return self._provider.label_detail

    async def close(self) -> None:
        await self._provider.close()

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        ticket = self._circuit.admit(time.monotonic())
        answer = self._provider.stream(request) if ticket is not None else self._instead(request)
        known = ticket is None  # whether the circuit has heard what became of it
        try:
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    if not known:
                        known = True
                        if (since := self._circuit.answered()) is not None:
                            chunk = replace(chunk, ends=self._outage(since))
                    yield chunk
            if ticket is not None:
                self._circuit.completed()
        except ModelError as error:
            if ticket is not None and error.kind in _DOWN:
                known = True
                self._circuit.failed(ticket, time.monotonic(), error.retry_after or 0.0)
            raise
        finally:
            if ticket is not None and not known:
                self._circuit.left(ticket)

    async def _instead(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        outage = self._outage(self._circuit.since)
        stand_in = LocalAssistant(
            because=f"{outage.sentence} The built-in assistant answered instead, which does not read instructions.",
            greeting=f"{outage.sentence} The built-in assistant answers instead, which cannot talk. Ask again later.",
        )
        async with aclosing(stand_in.stream(request)) as chunks:
            async for chunk in chunks:
                yield replace(chunk, instead_of=outage)

    def _outage(self, since: float | None) -> Outage:
        ago = time.monotonic() - since if since is not None else 0.0
        return Outage(self._endpoint, self._provider.model, now() - ago)
