"""Vectors of texts, from an OpenAI-compatible endpoint (``POST /embeddings``)."""

import asyncio
from collections.abc import Sequence
from math import isfinite
from urllib.parse import urlsplit

import httpx2
from openai import APIConnectionError, APIError, APIStatusError, AsyncOpenAI

from ai.models.port import ModelError
from ai.models.refusals import describe_status

AT_ONCE = 64
"""Texts of one request."""

PATIENCE = 60.0
"""Seconds for one request."""


class Embedder:
    """One model at one endpoint."""

    def __init__(self, model: str, api_key: str | None, base_url: str | None) -> None:
        self.model = model
        self._api_key = api_key
        # Endpoints of one's own mostly ask for no key, the SDK always does.
        self._client = AsyncOpenAI(
            api_key=api_key or "none", base_url=base_url, max_retries=0, timeout=httpx2.Timeout(PATIENCE, connect=10.0)
        )

    @property
    def host(self) -> str:
        return urlsplit(str(self._client.base_url)).netloc.rpartition("@")[2]

    async def embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """One vector for each text, all of one length. Raises ModelError."""
        vectors: list[Sequence[float]] = []
        for start in range(0, len(texts), AT_ONCE):
            vectors += await self._embed(texts[start : start + AT_ONCE])
        if len(set(map(len, vectors))) > 1:
            raise self.nonsense()
        return vectors

    async def _embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._client.embeddings.create(
                    model=self.model, input=list(texts), encoding_format="float"
                )
        except APIStatusError as error:
            raise describe_status(error, host=self.host, model=self.model, api_key=self._api_key) from error
        except (APIConnectionError, TimeoutError) as error:
            raise ModelError("unreachable", f"The model endpoint {self.host} cannot be reached.") from error
        except (APIError, ValueError) as error:
            raise self.nonsense() from error
        try:  # the SDK takes an answer for what it should be
            found = {one.index: one.embedding for one in answer.data}
            vectors: list[Sequence[float]] = [found[index] for index in range(len(texts))]
            right = all(any(vector) and all(map(isfinite, vector)) for vector in vectors)
        except (AttributeError, KeyError, TypeError) as error:
            raise self.nonsense() from error
        if not right:
            raise self.nonsense()
        return vectors

    def nonsense(self) -> ModelError:
        """Of an answer that is none."""
        return ModelError("nonsense", f"{self.host} answers with something that is no embeddings of “{self.model}”.")

    async def close(self) -> None:
        await self._client.close()
