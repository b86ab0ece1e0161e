"""What most of these tests do first and last."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from tests.doubles.model_server import ModelServer
from tests.support.server import ROOT, Person, Server
from tests.support.waiting import PATIENCE, until
from tests.support.yjs import Clients, YjsClient

T = TypeVar("T")


async def new_document(server: Server, path: str, text: str = "") -> str:
    """A new file at ``path`` of the server's first workspace; the id of its document."""
    answer = await server.owner.http.put(f"{server.workspace_path}/files/{path}", content=text.encode())
    assert answer.status_code == 201, answer.text
    return await server.document(path)


async def file_text(server: Server, path: str) -> str:
    """The file as HTTP gives it."""
    return (await server.owner.http.get(f"{server.workspace_path}/files/{path}")).raise_for_status().text


async def join(clients: Clients, server: Server, document: str, person: Person | None = None) -> YjsClient:
    """A stock client in the document, of ``person`` or else of the owner, that has all of it."""
    url = f"ws://127.0.0.1:{server.port}/sync/{server.workspace}"
    client = await clients.open(url, document, token=(person or server.owner).token)
    await client.wait_until_synced()
    return client


async def eventually(look: Callable[[], Awaitable[T]], holds: Callable[[T], object], within: float = PATIENCE) -> T:
    """What ``look`` finds, as soon as it ``holds``; AssertionError with what it found instead."""
    began = time.monotonic()
    while not holds(found := await look()):
        waited = time.monotonic() - began
        assert waited < within, f"after {within} s: {found!r}"
        # What takes long is looked at rarely: a look may cost something.
        await asyncio.sleep(0.05 + waited / 10)
    return found


def asking(model: ModelServer) -> dict[str, str]:
    """The settings of a server whose model is ``model``."""
    return {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "key-of-the-tests", "SCRIPTORIUM_MODEL": "scripted"}


@asynccontextmanager
async def stopped_database(server: Server) -> AsyncIterator[None]:
    """The server's embedded database answers nobody meanwhile."""
    database = server.database
    os.kill(database, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(database, signal.SIGCONT)


@asynccontextmanager
async def running_worker(data_dir: Path, environment: Mapping[str, str]) -> AsyncIterator[None]:
    """`scriptorium worker`, at work, with the settings of the servers that it works for."""
    data_dir.mkdir(parents=True, exist_ok=True)
    file = data_dir / "worker.log"
    with file.open("a") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "worker", "--data-dir", str(data_dir)),
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
        )
    await until(lambda: "working" in file.read_text(), 30)
    try:
        yield
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
