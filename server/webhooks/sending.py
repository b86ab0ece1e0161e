"""One attempt to deliver something, over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2

from server.webhooks.addresses import AddressRefused, resolved
from server.webhooks.webhook import Attempt, InvalidUrl, check_url

TIMEOUT = 10.0
"""Seconds for looking the name up, connecting, sending and an answer, together."""


@dataclass(frozen=True, slots=True)
class Sent:
    attempt: Attempt
    retry_after: float | None = None
    """Seconds that the receiver asked for."""


class Sender:
    """Close it in the end."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        # Without the environment's proxies, which would look names up again.
        self._http = httpx2.AsyncClient(timeout=None, trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Sent:
        at, began = datetime.now(UTC), time.monotonic()
        status: int | None = None
        error: str | None = None
        retry_after: float | None = None
        try:
            async with asyncio.timeout(TIMEOUT):
                checked = httpx2.URL(check_url(url, private=self._private))
                status, retry_after = await self._post(checked, body, headers)
        except (InvalidUrl, AddressRefused) as refused:
            error = str(refused)
        except TimeoutError:
            error = "It did not answer in time."
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError):
            error = "It could not be reached."
        return Sent(Attempt(at, time.monotonic() - began, status, error), retry_after)

    async def _post(self, url: httpx2.URL, body: bytes, headers: Mapping[str, str]) -> tuple[int, float | None]:
        name = url.host
        address = await resolved(name, url.port or (443 if url.scheme == "https" else 80), private=self._private)
        request = self._http.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={**headers, "host": url.netloc.decode(), "content-type": "application/cloudevents+json"},
            # Certificates are those of the name, not of the address.
            extensions={"sni_hostname": name},
        )
        answer = await self._http.send(request, stream=True)
        try:  # nobody reads what it says: it may be without end
            return answer.status_code, _seconds(answer.headers.get("retry-after"))
        finally:
            await answer.aclose()


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
