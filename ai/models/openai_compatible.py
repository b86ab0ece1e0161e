"""Any endpoint that speaks OpenAI's chat completions: OpenAI, vLLM, Ollama, llama.cpp and many more.

Requests go through the `openai` SDK; its answers are read raw, because its own stream parser costs several times what
reading the events here does, for every token of every stream.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
from openai import APIConnectionError, APIStatusError, AsyncAPIResponse, AsyncOpenAI

from ai.models.chunks import AnswerReader
from ai.models.port import Chunk, ModelError, ModelParams, ModelRequest, Price
from ai.models.refusals import OPTIONAL, describe_status, unsupported_parameter
from ai.models.sse import EventParser, EventTooLong

_MOST_REFUSED = 1_000
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
        self._price = price
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
        self._refused: set[tuple[str, float | None]] = set()

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
        response = await self._open(request, patience)
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
            yield self._last_chunk(answer, request.params)
        except EventTooLong as error:
            raise self._nonsense() from error
        finally:
            await response.close()

    async def _open(self, request: ModelRequest, patience: float) -> AsyncAPIResponse[Any]:
        """Asks, and asks again without what the endpoint refuses; that is left out from then on."""
        for _ in range(len(OPTIONAL) + 1):
            try:
                async with asyncio.timeout(patience):
                    create = self._client.chat.completions.with_streaming_response.create
                    response: AsyncAPIResponse[Any] = await create(**self._body(request)).__aenter__()
                    return response
            except APIStatusError as error:
                parameter = unsupported_parameter(error)
                if (
                    parameter is None
                    or (refused := (parameter, request.params.as_dict().get(parameter))) in self._refused
                ):
                    raise describe_status(error, host=self.host, model=self.model, api_key=self._api_key) from error
                if len(self._refused) >= _MOST_REFUSED:
                    self._refused.clear()
                self._refused.add(refused)
            except TimeoutError as error:
                raise self._too_slow() from error
            except APIConnectionError as error:
                raise ModelError("unreachable", f"The model endpoint {self.host} cannot be reached.") from error
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

    def _last_chunk(self, answer: AnswerReader, params: ModelParams) -> Chunk:
        chunk = answer.last_chunk()
        if self._price is not None and chunk.usage is not None and chunk.usage.cost is None:
            chunk = replace(chunk, usage=replace(chunk.usage, cost=self._price.of(chunk.usage)))
        # Under its newer name, `max_tokens` was not refused.
        without = [name for name, value in params.as_dict().items() if (name, value) in self._refused]
        if named := [name for name in without if name != "max_tokens"]:
            these = " and ".join(named)
            chunk = replace(chunk, note=f"{self.host} refuses {these} as it is set here, and answered without it.")
        return chunk

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        params = request.params.as_dict()
        known: dict[str, Any] = {name: value for name, value in params.items() if (name, value) not in self._refused}
        if "max_tokens" in params and "max_tokens" not in known:
            known["max_completion_tokens"] = params["max_tokens"]
        if "top_k" in known:
            # No parameter of OpenAI's own, so the SDK does not know it.
            known["extra_body"] = {"top_k": known.pop("top_k")}
        if ("stream_options", None) not in self._refused:
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
