"""A model endpoint that streams tokens at a steady rate, in a process of its own: `python bench/endpoint.py PORT`.

A request says in its last message how: `bench:<tokens>,<tokens per second>`, 0 for all at once. Each token is the time
at which it was sent, so whoever reads it knows how long it was on its way (the monotonic clock is the machine's). All
streams share one timer: with one each, the endpoint would be what is measured.

`GET /asked` tells of each request that came: {key, at, tokens, gone}, `key` being the one it was made with.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Any

TICK = 0.005
_ORDER = re.compile(r"bench:(\d+),(\d+)")
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(eq=False)
class Stream:
    key: str
    tokens: int
    rate: int
    writer: asyncio.StreamWriter
    at: float = field(default_factory=time.monotonic)
    sent: int = 0
    gone: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def send_due(self, now: float) -> None:
        due = self.tokens if self.rate == 0 else min(self.tokens, 1 + int((now - self.at) * self.rate))
        events = b"".join(_chunk(_event({"content": f"{time.monotonic():.6f} "})) for _ in range(due - self.sent))
        self.sent = due
        if self.sent == self.tokens:
            events += _chunk(_event({}, "stop")) + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"
        if events:
            self.writer.write(events)
        if self.sent == self.tokens:
            self.ended.set()


class Endpoint:
    def __init__(self) -> None:
        self.streaming: set[Stream] = set()
        self.asked: list[Stream] = []

    async def tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            for stream in [stream for stream in self.streaming if stream.rate]:
                stream.send_due(now)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        if not head.startswith("POST"):
            known = [{"key": s.key, "at": s.at, "tokens": s.sent, "gone": s.gone} for s in self.asked]
            data = json.dumps(known).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
            return True
        ordered = _ORDER.search(json.loads(body)["messages"][-1]["content"])
        tokens, rate = (int(ordered[1]), int(ordered[2])) if ordered else (1, 0)
        stream = Stream(fields.get("authorization", "").removeprefix("bearer "), tokens, rate, writer)
        self.asked.append(stream)
        writer.write(_HEAD)
        stream.send_due(time.monotonic())
        self.streaming.add(stream)
        # Nothing more is sent to us while we answer: whatever can be read is the end.
        gone = asyncio.ensure_future(reader.read(1))
        ended = asyncio.ensure_future(stream.ended.wait())
        await asyncio.wait({gone, ended}, return_when=asyncio.FIRST_COMPLETED)
        self.streaming.discard(stream)
        if ended.done():
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            return True
        ended.cancel()
        gone.exception()  # a reset is an end like any other
        stream.gone = True
        return False


def _event(delta: dict[str, str], reason: str | None = None) -> bytes:
    event: dict[str, Any] = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    return f"data: {json.dumps(event)}\n\n".encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def main(port: int) -> None:
    endpoint = Endpoint()
    async with await asyncio.start_server(endpoint.serve, "127.0.0.1", port):
        await endpoint.tick()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
