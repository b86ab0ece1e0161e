"""Real Yjs from Python: the oracle for property tests, and stock y-websocket clients (tests/yjs).

`make test` installs the Node packages that both need (`npm ci` in tests/yjs).
"""

import asyncio
import base64
import itertools
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent / "yjs"
_LONGEST_LINE = 256 * 1024 * 1024


class YjsError(Exception):
    """What JavaScript threw."""


def _command(script: str) -> list[str]:
    node = shutil.which("node")
    if node is None or not (_FOLDER / "node_modules").is_dir():
        raise RuntimeError("Node or the packages in tests/yjs are missing: run the tests with `make test`")
    return [node, str(_FOLDER / script)]


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Oracle:
    """Yjs, lib0 and y-protocols as functions. The operations are those of tests/yjs/oracle.mjs; bytes go as base64."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def call(self, op: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"id": 0, "op": op, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise YjsError(answer["error"])
        return answer["result"]

    def batch(self, requests: Iterable[Mapping[str, Any]]) -> list[Any]:
        """Many operations for one round trip: `{"op": …, **arguments}` each."""
        results: list[Any] = self.call("batch", requests=list(requests))
        return results

    def create(self, doc: str, client: int | None = None) -> int:
        """A new document under this name, in place of any other; returns its client id."""
        chosen: int = self.call("create", doc=doc, **({} if client is None else {"client": client}))
        return chosen

    def insert(self, doc: str, index: int, text: str) -> bytes:
        """The update that the edit makes."""
        return base64.b64decode(self.call("insert", doc=doc, index=index, text=text) or "AAA=")

    def delete(self, doc: str, index: int, length: int) -> bytes:
        return base64.b64decode(self.call("delete", doc=doc, index=index, length=length) or "AAA=")

    def apply(self, doc: str, update: bytes) -> None:
        self.call("apply", doc=doc, update=_b64(update))

    def text(self, doc: str) -> str:
        text: str = self.call("text", doc=doc)
        return text

    def update(self, doc: str, vector: bytes | None = None) -> bytes:
        return base64.b64decode(self.call("update", doc=doc, vector=vector and _b64(vector)))

    def vector(self, doc: str) -> bytes:
        return base64.b64decode(self.call("vector", doc=doc))

    def pending(self, doc: str) -> bool:
        """Whether the document holds back structs or deletes that it cannot integrate."""
        pending: bool = self.call("pending", doc=doc)
        return pending

    def merge(self, *updates: bytes) -> bytes:
        return base64.b64decode(self.call("merge", updates=[_b64(update) for update in updates]))

    def diff(self, update: bytes, vector: bytes) -> bytes:
        return base64.b64decode(self.call("diff", update=_b64(update), vector=_b64(vector)))

    def anchor(self, doc: str, index: int, assoc: int) -> bytes:
        return base64.b64decode(self.call("anchor", doc=doc, index=index, assoc=assoc))

    def resolve(self, doc: str, anchor: bytes) -> int | None:
        index: int | None = self.call("resolve", doc=doc, anchor=_b64(anchor))
        return index

    def set_node(self, doc: str, node: str, fields: Mapping[str, Any]) -> bytes:
        """Sets fields of a node of a tree document, and makes the node if there is none; the update."""
        return base64.b64decode(self.call("setNode", doc=doc, node=node, fields=dict(fields)) or "AAA=")

    def delete_node(self, doc: str, node: str) -> bytes:
        return base64.b64decode(self.call("deleteNode", doc=doc, node=node) or "AAA=")

    def nodes(self, doc: str) -> dict[str, Any]:
        nodes: dict[str, Any] = self.call("nodes", doc=doc)
        return nodes


@contextmanager
def oracle(script: str = "oracle.mjs") -> Iterator[Oracle]:
    process = subprocess.Popen(
        _command(script), cwd=_FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    with process:
        yield Oracle(process)
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def browser_rules() -> Iterator[Callable[[Mapping[str, Any]], dict[str, Any]]]:
    """The tree rule of the browser: content of `nodes` → {tree, trash}, as tests/vectors/tree.json has them."""
    with oracle("rules.mjs") as rules:
        yield lambda nodes: rules.call("legalTree", nodes=dict(nodes))


class Clients:
    """A Node process full of stock clients."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.create_task(self._read())

    async def open(
        self,
        url: str,
        room: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        state: dict[str, Any] | None = None,
        broadcast: bool = False,
    ) -> "YjsClient":
        """A client of `<url>/<room>`, connecting. `url` is ws://host:port/sync and the like.

        `state` is its presence from the beginning ({} as the stock client has it when None). With `broadcast`, clients
        of one `Clients` behave like tabs of one browser, which hear of each other's edits past the server.
        """
        name = f"client {next(self._numbers)}"
        arguments: dict[str, Any] = {"url": url, "room": room, "broadcast": broadcast, "headers": dict(headers or {})}
        if token is not None:
            arguments["params"] = {"token": token}
        if state is not None:
            arguments["state"] = state
        return YjsClient(self, name, await self.call("open", client=name, **arguments))

    async def call(self, op: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write((json.dumps({"id": number, "op": op, **arguments}) + "\n").encode())
        await self._process.stdin.drain()
        return await answer

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            answer = json.loads(line)
            waiting = self._waiting.pop(answer["id"])
            if waiting.cancelled():
                continue
            if "error" in answer:
                waiting.set_exception(YjsError(answer["error"]))
            else:
                waiting.set_result(answer["result"])
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(YjsError("the Node process has ended"))


class YjsClient:
    """A Yjs document behind a stock `WebsocketProvider`. Positions are UTF-16 code units."""

    def __init__(self, clients: Clients, name: str, client_id: int) -> None:
        self._clients = clients
        self._name = name
        self.client_id = client_id

    async def _call(self, op: str, **arguments: Any) -> Any:
        return await self._clients.call(op, client=self._name, **arguments)

    async def insert(self, index: int, text: str) -> None:
        await self._call("insert", index=index, text=text)

    async def insert_somewhere(self, at: float, text: str) -> None:
        """From 0, the beginning of the text as it is by then, to 1, its end."""
        await self._call("insertSomewhere", at=at, text=text)

    async def delete(self, index: int, length: int) -> None:
        await self._call("delete", index=index, length=length)

    async def text(self) -> str:
        text: str = await self._call("text")
        return text

    async def wait_for_text(self, text: str, seconds: float = 10) -> None:
        """Raises YjsError, with the text that it has, when it does not come."""
        await self._call("waitText", text=text, seconds=seconds)

    async def wait_until_synced(self, seconds: float = 10) -> None:
        """Until the server has answered sync step 1."""
        await self._call("waitSynced", seconds=seconds)

    async def is_connected(self) -> bool:
        connected: bool = await self._call("connected")
        return connected

    async def barrier(self, token: bytes = b"barrier", seconds: float = 10) -> None:
        """Until the server says that all that was sent before is durable. YjsError when it does not."""
        await self._call("barrier", token=_b64(token), seconds=seconds)

    async def send_frame(self, frame: bytes) -> None:
        """Any bytes, past the provider."""
        await self._call("send", frame=_b64(frame))

    async def set_state(self, state: dict[str, Any] | None) -> None:
        """Its presence; None: it leaves."""
        await self._call("setState", state=state)

    async def states(self) -> dict[int, dict[str, Any]]:
        """Everybody's presence as this client sees it, by client id."""
        return {int(client): state for client, state in (await self._call("states")).items()}

    async def closes(self) -> list[tuple[int, str] | None]:
        """(code, reason) of each time that the connection was closed; None when it was closed from this side."""
        return [close and (close["code"], close["reason"]) for close in await self._call("closes")]

    async def disconnect(self) -> None:
        await self._call("disconnect")

    async def connect(self) -> None:
        await self._call("connect")

    async def cut(self) -> None:
        """Drops the connection as a lost network does; the provider connects again by itself."""
        await self._call("cut")

    async def destroy(self) -> None:
        await self._call("destroy")

    async def set_node(self, node: str, fields: Mapping[str, Any]) -> None:
        """Sets fields of a node of a tree document; makes the node if there is none."""
        await self._call("setNode", node=node, fields=dict(fields))

    async def nodes(self) -> dict[str, Any]:
        nodes: dict[str, Any] = await self._call("nodes")
        return nodes

    async def update(self) -> bytes:
        """All that the document holds, as a Yjs v1 update."""
        return base64.b64decode(await self._call("update"))


@asynccontextmanager
async def yjs_clients(script: str = "client.mjs") -> AsyncIterator[Clients]:
    """The Node process that runs ``script``, whose operations `Clients.call` names."""
    process = await asyncio.create_subprocess_exec(
        *_command(script),
        cwd=_FOLDER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )
    clients = Clients(process)
    try:
        yield clients
    finally:
        await clients.close()
