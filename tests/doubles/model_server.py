"""A scripted model: an HTTP server with the OpenAI interface that answers, delays and fails as a test tells it to.

In a test: `async with ModelServer() as server:`, then a provider at `server.url` and `server.enqueue(Script(...))`.
As a process of its own: `python -m tests.doubles.model_server --port 9000`; then `POST /scripts` with a JSON object of
`Script`'s fields puts one into the queue, and `GET /requests` lists what was asked.

A request takes the next script of the queue; with an empty queue, the script that its last message carries as
`#model {"answer": "…", "behaviour": "…"}`; with neither, it is answered normally, with something that fits the prompt.
"""

import argparse
import asyncio
import dataclasses
import itertools
import json
import re
import socket
import struct
import time
import zlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Literal, Self

Behaviour = Literal[
    "answer",
    "rate_limited",  # 429 with Retry-After
    "server_error",  # 500
    "unauthorized",  # 401
    "rejected",  # 400
    "cut_off",  # the connection breaks after `tokens` tokens
    "ends_early",  # the stream ends properly after `tokens` tokens, but without a finish reason and [DONE]
    "stalls",  # sends nothing more after `tokens` tokens
    "error_event",  # an error object in the stream after `tokens` tokens
    "invalid_json",  # an event that is no JSON after `tokens` tokens
    "nonsense",  # 200 with a page of HTML
    "endless",  # tokens until the client goes away
    "empty",  # a proper stream without a single letter
    "refuse",  # resets the connection before any answer
]
_MARKER = re.compile(r"#model (\{.*\})")
_MARKS = re.compile(r"(?<=-)\d{16}(?=>)")
_SELECTION = re.compile(r"<selection-(\w+)>\n(.*?)\n</selection-\1>", re.DOTALL)


@dataclasses.dataclass
class Script:
    behaviour: Behaviour = "answer"
    answer: str | None = None  # None: made up to fit the prompt
    replace: tuple[str, str] | None = None  # without `answer`: the selection, with the second in place of the first
    wrap: Literal["plain", "fenced", "chatty"] = "plain"
    first: float = 0.0  # seconds before the first token
    delay: float = 0.0  # seconds between two tokens
    tokens: int = 3  # how many are sent before a failure, or before `goes_on`
    goes_on: asyncio.Event | None = None  # an answer waits for it after `tokens` tokens, and says so all the time
    retry_after: str | None = "1"
    finish_reason: str = "stop"
    usage: bool = True
    comments: bool = False  # keep-alive comments while waiting
    unsupported: tuple[str, ...] = ()  # parameters that are answered with 400
    says: str | None = None  # what a refusal says instead
    line_end: str = "\n"


@dataclasses.dataclass
class Request:
    """One chat completion that was asked for. Times are of `time.monotonic`."""

    body: dict[str, Any]
    headers: dict[str, str]
    received_at: float
    status: int = 0
    tokens_sent: int = 0
    first_token_at: float | None = None
    disconnected_at: float | None = None
    ended: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    @property
    def prompt(self) -> str:
        return "\n".join(message["content"] for message in self.body["messages"])


class ModelServer:
    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, remembers: bool = False) -> None:
        """`remembers`: the same prompt gets the answer again that was enqueued for it, instead of one that is made up.

        For whole products on slow machines, where a worker that has lost its lease is followed by one that asks again.
        """
        self._remembers = remembers
        self.host, self.port = host, port
        self.requests: list[Request] = []
        self.scripts: deque[Script] = deque()
        self._answered: dict[str, Script] = {}  # prompts → what they were told to be answered with
        self.connections = 0  # accepted so far
        self.embedded: list[str] = []  # all texts of which vectors were asked for
        self.same: dict[str, str] = {}  # words that mean what another one does
        self.embedding_status = 200
        self.embedding_answer: Any = None  # instead of vectors
        self.embedding_numbers = 256  # of each vector
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/v1"

    def enqueue(self, *scripts: Script) -> None:
        self.scripts.extend(scripts)

    def forget(self) -> None:
        """What was enqueued, and which prompts were answered with it."""
        self.scripts.clear()
        self._answered.clear()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Stops listening, so that connections are refused until `listen` is called again (on the same port)."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                continue
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection can take another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if path.endswith("/chat/completions"):
            request = Request(json.loads(body), headers, time.monotonic())
            self.requests.append(request)
            return await self._complete(request, self._script(request), reader, writer)
        if path.endswith("/embeddings"):
            await self._embed(json.loads(body), writer)
        elif (method, path) == ("POST", "/scripts"):
            self.enqueue(Script(**json.loads(body)))
            await _respond(writer, 200, {"queued": len(self.scripts)})
        elif path == "/requests":
            await _respond(writer, 200, [_public(request) for request in self.requests])
        elif path.endswith("/models"):
            await _respond(writer, 200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})
        else:
            await _respond(writer, 404, {"error": {"message": f"no {path} here"}})
        return True

    async def _embed(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        """Texts mean their words: each is a direction of its own, or that of the word which means the same."""
        if self.embedding_status != 200:
            await _respond(writer, self.embedding_status, {"error": {"message": "no vectors now"}})
            return
        self.embedded += request["input"]
        data = []
        for index, text in enumerate(request["input"]):
            vector = [0.01] * self.embedding_numbers
            for word in re.findall(r"\w+", text.lower()):
                vector[zlib.crc32(self.same.get(word, word).encode()) % len(vector)] += 1.0
            data.append({"object": "embedding", "index": index, "embedding": vector})
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        answer = {"object": "list", "data": data, "model": request["model"], "usage": usage}
        await _respond(writer, 200, answer if self.embedding_answer is None else self.embedding_answer)

    def _script(self, request: Request) -> Script:
        prompt = _MARKS.sub("", request.prompt)
        if self.scripts:
            script = self.scripts.popleft()
            if self._remembers and script.behaviour == "answer" and script.answer is not None:
                self._answered[prompt] = script
            return script
        marker = _MARKER.search(request.body["messages"][-1]["content"])
        return Script(**json.loads(marker[1])) if marker else self._answered.get(prompt, Script())

    async def _complete(
        self, request: Request, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        refusals: dict[Behaviour, tuple[int, str]] = {
            "rate_limited": (429, "Rate limit reached"),
            "server_error": (500, "The server had an error"),
            "unauthorized": (401, f"Incorrect API key provided: {request.headers.get('authorization')}"),
            "rejected": (400, "The request is too long, see http://model.example/help?key=abc"),
        }
        if unknown := next((name for name in script.unsupported if name in request.body), None):
            request.status = 400
            await _respond(writer, 400, {"error": {"message": f"Unsupported parameter: {unknown}", "param": unknown}})
        elif refusal := refusals.get(script.behaviour):
            request.status = refusal[0]
            extra = {"Retry-After": script.retry_after} if script.retry_after is not None else {}
            await _respond(writer, refusal[0], {"error": {"message": script.says or refusal[1]}}, extra)
        elif script.behaviour == "refuse":
            _reset(writer)
            return False
        elif script.behaviour == "nonsense":
            request.status = 200
            await _respond(writer, 200, "<html><body>It works!</body></html>", {"Content-Type": "text/html"})
        else:
            request.status = 200
            return await self._stream(request, script, reader, writer)
        request.ended.set()
        return True

    async def _stream(
        self, request: Request, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        # The client sends nothing more while it is being answered: whatever can be read now is its end.
        gone = asyncio.ensure_future(reader.read(1))
        sending = asyncio.ensure_future(self._send(request, script, writer))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done() or isinstance(sending.exception(), ConnectionError):
                request.disconnected_at = time.monotonic()
                return False
            return sending.result() and not gone.done()
        finally:
            sending.cancel()
            gone.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
            request.ended.set()

    async def _send(self, request: Request, script: Script, writer: asyncio.StreamWriter) -> bool:
        await _wait(script.first, script, writer)
        async for token in self._tokens(request, script):
            if request.tokens_sent and script.delay:
                await _wait(script.delay, script, writer)
            if request.tokens_sent == script.tokens and script.goes_on is not None:
                await _think(script, script.goes_on, writer)
            _write_event(writer, script, _event({"content": token}))
            await writer.drain()
            request.tokens_sent += 1
            request.first_token_at = request.first_token_at or time.monotonic()
        if script.behaviour == "stalls":
            await asyncio.Event().wait()
        if script.behaviour == "cut_off":
            await asyncio.sleep(0.02)  # lets the tokens leave before the reset overtakes them
            _reset(writer)
            return False
        if script.behaviour == "error_event":
            _write_event(writer, script, {"error": {"message": "overloaded"}})
        elif script.behaviour == "invalid_json":
            _write_chunk(writer, b"data: {not json\n\n")
        elif script.behaviour != "ends_early":
            _write_event(writer, script, _event({}, script.finish_reason))
            if script.usage and request.body.get("stream_options", {}).get("include_usage"):
                prompt, completion = len(request.prompt) // 4, request.tokens_sent
                usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
                _write_event(writer, script, {"object": "chat.completion.chunk", "choices": [], "usage": usage})
            _write_chunk(writer, f"data: [DONE]{script.line_end * 2}".encode())
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _tokens(self, request: Request, script: Script) -> AsyncIterator[str]:
        if script.behaviour == "empty":
            return
        answer = _fitting_answer(request, script) if script.answer is None else script.answer
        if script.wrap != "plain":
            answer = f"```\n{answer}\n```"
        if script.wrap == "chatty":
            answer = f"Sure! Here is the updated text:\n\n{answer}\n\nLet me know if you need anything else."
        tokens = re.findall(r"\s*\S{1,6}|\s+", answer)
        if script.behaviour == "endless":
            for token in itertools.cycle(tokens or ["again "]):
                yield token
                await asyncio.sleep(0)
        for token in tokens if script.behaviour == "answer" else tokens[: script.tokens]:
            yield token


def _fitting_answer(request: Request, script: Script) -> str:
    last = request.body["messages"][-1]["content"]
    if selection := _SELECTION.search(last):
        return selection[2].replace(*script.replace) if script.replace else selection[2].upper()
    return "A scripted model wrote this.\n" if "<before-" in last else "This is a scripted answer."


def _event(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}],
    }


async def _wait(seconds: float, script: Script, writer: asyncio.StreamWriter) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 0.05) if script.comments else left)
        if script.comments:
            _write_chunk(writer, b": still here\n\n")


async def _think(script: Script, until: asyncio.Event, writer: asyncio.StreamWriter) -> None:
    """As models do that reason out of sight: with events without a word, so that nobody takes them for stalled."""
    while not until.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await until.wait()
        _write_event(writer, script, _event({"content": ""}))
        await writer.drain()


def _write_event(writer: asyncio.StreamWriter, script: Script, event: dict[str, Any]) -> None:
    _write_chunk(writer, f"data: {json.dumps(event)}{script.line_end * 2}".encode())


def _write_chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends the connection as a killed process would: without a word."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _respond(writer: asyncio.StreamWriter, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode() + data)
    await writer.drain()


def _public(request: Request) -> dict[str, Any]:
    fields = {field.name: getattr(request, field.name) for field in dataclasses.fields(request)}
    return {**fields, "ended": request.ended.is_set()}


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    async with ModelServer(host=options.host, port=options.port) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(_main())
    except KeyboardInterrupt:
        raise SystemExit(0) from None
