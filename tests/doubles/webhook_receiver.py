"""Who is told by webhooks: an HTTP server that keeps what it is sent, and answers as a test tells it to."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from typing import Any, Self


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


class Receiver:
    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: deque[int | dict[str, str | int] | None] = deque()
        """To the next requests: a status, a status with headers, or None for an answer that never comes. 204 when there
        is none left."""
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Also once more, on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=1"

    @property
    def events(self) -> list[str]:
        """The types of what it was sent."""
        return [one.event["type"] for one in self.received]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                named = (line.split(": ", 1) for line in lines[1:] if line)
                headers = {name.lower(): value for name, value in named}
                body = await reader.readexactly(int(headers["content-length"]))
                self.received.append(Received({**headers, "": lines[0]}, body))
                answer = self.answers.popleft() if self.answers else 204
                if answer is None:
                    await asyncio.sleep(3600)
                more = dict(answer) if isinstance(answer, dict) else {"status": answer}
                said = [f"HTTP/1.1 {more.pop('status')} As told", *(f"{k}: {v}" for k, v in more.items())]
                if "204" not in said[0]:
                    said.append("content-length: 0")
                writer.write(("\r\n".join(said) + "\r\n\r\n").encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
