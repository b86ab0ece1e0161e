"""Server-sent events to one client, which end the moment it goes away."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """`data` goes out as JSON; `type` "" is what browsers call "message"."""

    data: Any
    type: str = ""

    def encode(self) -> bytes:
        named = f"event: {self.type}\n" if self.type else ""
        return f"{named}data: {json.dumps(self.data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


class EventStream(Response):
    """Sends `events`, of which there is at least one, and closes them when the client closes its connection.

    Starlette's own streaming response finds out only when it sends something, which is late while a model still thinks.
    What is raised before the first event leaves as a problem, like what a route raises.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[ServerEvent, None]) -> None:
        super().__init__()
        del self.headers["content-length"]
        # Or a proxy may gather the events for a while.
        self.headers["X-Accel-Buffering"] = "no"
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send))
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            left = not sending.done()
        finally:
            sending.cancel()
            gone.cancel()
            await asyncio.wait({sending, gone})
        if not left:
            sending.result()

    async def _send(self, send: Send) -> None:
        async with aclosing(self._events) as events:
            started = False
            async for event in events:
                if not started:
                    await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                    started = True
                await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
