"""Any endpoint that speaks OpenAI's chat completions: OpenAI, vLLM, Ollama, llama.cpp and many more.

Requests go through the `openai` SDK; its answers are read raw, because its own stream parser costs several times what
reading the events here does, for every token of every stream.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
from openai import APIConnectionError, APIStatusError, AsyncAPIResponse, AsyncOpenAI

from ai.models.chunks import AnswerReader
from ai.models.port import Chunk, ModelError, ModelRequest, Price
from ai.models.refusals import OPTIONAL, describe_status, unsupported_parameter
from ai.models.sse import EventParser, EventTooLong

_MOST_REFUSED = 1_000
_REMEMBERED = 3600.0  # seconds: behind one address, a server is replaced by a newer one
_DRAIN = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds. A cold model may need a minute before its first word, hardly ever as long between two."""

    connect: float = 5.0
    first_event: float = 90.0
    next_event: float = 30.0


class OpenAICompatible:
    """One model at one endpoint. Streams share the connection pool, otherwise they know nothing of each other."""

    name: Literal["openai"] = "openai"

    def __init__(
        self,
        *,
        model: str,
        api_key: str | None,
        base_url: str | None,
        waits: Waits | None = None,
        price: Price | None = None,
    ) -> None:
        """`price` tells what an answer costs where the endpoint does not."""
        self.model = model
        self.price = price
        self._waits = waits or Waits()
        self._client = AsyncOpenAI(
            # Endpoints of one's own mostly ask for no key, the SDK always does.
            api_key=api_key or "none",
            base_url=base_url,
            max_retries=0,
            # Reading is timed per event, below: comments that keep a connection alive are no progress.
            timeout=httpx2.Timeout(None, connect=self._waits.connect),
        )
        self._api_key = api_key
        # With their values, because groups choose them: what was too much for one must not be taken from all.
        self._refused: dict[tuple[str, float | None], float] = {}
        """Until when it is believed."""

    @property
    def host(self) -> str:
        return urlsplit(str(self._client.base_url)).netloc.rpartition("@")[2]

    @property
    def label(self) -> str:
        return self.model

    @property
    def label_detail(self) -> str:
        return f"{self.model} at {self.host} answers: what is sent to the assistant goes there."

    async def close(self) -> None:
        await self._client.close()

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        loop = asyncio.get_running_loop()
        patience = self._waits.first_event
        asked = loop.time()
        response, left_out = await self._open(request, patience)
        patience -= loop.time() - asked
        events, answer = EventParser(), AnswerReader(request.params.max_tokens)
        try:
            # Closing an answer that has not ended closes its connection, by which the endpoint learns to stop.
            async with aclosing(response.http_response.aiter_bytes()) as body:
                while not answer.ended:
                    waited_from = loop.time()
                    received = await self._next(body, patience, answer)
                    if received is None:
                        break
                    data = events.feed(received)
                    patience = self._waits.next_event if data else patience - (loop.time() - waited_from)
                    if text := answer.read(data):
                        yield Chunk(text)
                else:
                    await _drain(body)
            if not answer.complete:
                raise self._cut_off() if answer.began else self._nonsense()
            yield self._last_chunk(answer, left_out)
        except EventTooLong as error:
            raise self._nonsense() from error
        finally:
            await response.close()

    async def _open(self, request: ModelRequest, patience: float) -> tuple[AsyncAPIResponse[Any], set[str]]:
        """Asks, and asks again without what the endpoint refuses, which is left out for a while; and what was."""
        values = request.params.as_dict()
        now = time.monotonic()
        left_out = {
            name for name in (*values, "stream_options") if self._refused.get((name, values.get(name)), 0.0) > now
        }
        learned: set[str] = set()
        for _ in range(len(OPTIONAL) + 1):
            try:
                async with asyncio.timeout(patience):
                    create = self._client.chat.completions.with_streaming_response.create
                    body = self._body(request, left_out | learned)
                    response: AsyncAPIResponse[Any] = await create(**body).__aenter__()
            except APIStatusError as error:
                parameter = unsupported_parameter(error)
                if parameter is None or parameter in left_out | learned:
                    raise describe_status(error, host=self.host, model=self.model, api_key=self._api_key) from error
                learned.add(parameter)
            except TimeoutError as error:
                raise self._too_slow() from error
            except APIConnectionError as error:
                raise ModelError("unreachable", f"The model endpoint {self.host} cannot be reached.") from error
            else:
                # Only now: a refusal that was misread would otherwise take something from every request to come.
                if len(self._refused) >= _MOST_REFUSED:
                    self._refused.clear()
                self._refused |= {(name, values.get(name)): now + _REMEMBERED for name in learned}
                return response, left_out | learned
        raise ModelError("rejected", f"{self.host} refuses every form of the request that this program knows.")

    async def _next(self, body: AsyncIterator[bytes], patience: float, answer: AnswerReader) -> bytes | None:
        """The next bytes of the answer, None at its end."""
        try:
            # Per read and not around the loop: a timeout in force while the stream is suspended in its `yield` would
            # strike whoever consumes it.
            async with asyncio.timeout(patience):
                return await anext(body, None)
        except TimeoutError as error:
            raise self._too_slow() from error
        except httpx2.RequestError as error:
            if answer.complete:
                return None
            raise self._cut_off() from error

    def _last_chunk(self, answer: AnswerReader, left_out: Collection[str]) -> Chunk:
        chunk = answer.last_chunk()
        if self.price is not None and chunk.usage is not None and chunk.usage.cost is None:
            chunk = replace(chunk, usage=replace(chunk.usage, cost=self.price.of(chunk.usage)))
        # Under its newer name, `max_tokens` was not refused.
        if named := [name for name in OPTIONAL if name in left_out and name not in ("max_tokens", "stream_options")]:
            these = " and ".join(named)
            chunk = replace(chunk, note=f"{self.host} refuses {these} as it is set here, and answered without it.")
        return chunk

    def _body(self, request: ModelRequest, left_out: Collection[str]) -> dict[str, Any]:
        params = request.params.as_dict()
        known: dict[str, Any] = {name: value for name, value in params.items() if name not in left_out}
        if "max_tokens" in params and "max_tokens" not in known:
            known["max_completion_tokens"] = params["max_tokens"]
        if "top_k" in known:
            # No parameter of OpenAI's own, so the SDK does not know it.
            known["extra_body"] = {"top_k": known.pop("top_k")}
        if "stream_options" not in left_out:
            known["stream_options"] = {"include_usage": True}
        messages = [message.as_dict() for message in request.messages]
        return {"model": self.model, "messages": messages, "stream": True, **known}

    def _nonsense(self) -> ModelError:
        return ModelError("nonsense", f"{self.host} sent something that is no answer of a model.")

    def _too_slow(self) -> ModelError:
        return ModelError("timeout", f"The model at {self.host} has not answered for too long.")

    def _cut_off(self) -> ModelError:
        return ModelError("cut_off", f"The connection to {self.host} broke off in the middle of the answer.")


async def _drain(body: AsyncIterator[bytes]) -> None:
    """Reads the few bytes that follow the answer's end: only then is the connection used again."""
    try:
        async with asyncio.timeout(_DRAIN):
            async for _ in body:
                pass
    except (TimeoutError, httpx2.RequestError):
        return
