"""`kill -9` under load: what a barrier has answered is there afterwards, whoever else remembers it."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server
from tests.support.yjs import Clients, YjsClient, YjsError, yjs_clients

pytestmark = pytest.mark.asyncio(loop_scope="session")

WRITERS = 3


class Writer:
    """Types one marked line after the other, and remembers which of them are acknowledged."""

    def __init__(self, name: str, client: YjsClient) -> None:
        self.name = name
        self.client = client
        self.typed: list[str] = []
        self.acknowledged: list[str] = []

    async def type(self, dice: random.Random, barriers: asyncio.Queue[None]) -> None:
        while True:
            for _ in range(dice.randint(1, 8)):
                line = f"{self.name}-{len(self.typed)}\n"
                self.typed.append(line)
                await self.client.insert(0, line)
            sent = list(self.typed)
            try:
                await self.client.barrier(str(len(sent)).encode(), seconds=5)
            except YjsError:
                return
            self.acknowledged = sent
            barriers.put_nowait(None)


@pytest_asyncio.fixture(loop_scope="session")
async def mortal() -> AsyncIterator[Clients]:
    """Clients that die together with the server."""
    async with yjs_clients() as clients:
        yield clients


@pytest_asyncio.fixture(loop_scope="session")
async def lasting() -> AsyncIterator[Clients]:
    async with yjs_clients() as clients:
        yield clients


@pytest.mark.parametrize(
    ("store", "seed"), [("embedded", 1), ("embedded", 2), ("embedded", 3), ("services", 4)], indirect=["store"]
)
async def test_what_was_acknowledged_outlives_the_server(
    server: Server, mortal: Clients, lasting: Clients, seed: int
) -> None:
    dice = random.Random(seed)
    # Nobody is left who could type the first document again; the people in the second one come back by themselves.
    alone = await writers(server, mortal, f"alone-{seed}.md")
    together = await writers(server, lasting, f"together-{seed}.md")
    barriers: asyncio.Queue[None] = asyncio.Queue()
    typing = [asyncio.create_task(w.type(random.Random(dice.random()), barriers)) for w in alone + together]
    for _ in range(dice.randint(15, 60)):
        await asyncio.wait_for(barriers.get(), 10)
    while not all(writer.acknowledged for writer in alone + together):  # on a busy machine some are far ahead
        await asyncio.wait_for(barriers.get(), 10)
    assert not any(task.done() for task in typing)  # nobody's barrier failed
    server.kill()
    for writer in alone:
        await writer.client.destroy()
    for task in typing:
        task.cancel()
    await asyncio.gather(*typing, return_exceptions=True)

    await server.restart()
    text = await file_text(server, f"alone-{seed}.md")
    for writer in alone:
        # Each line whole, once, and in the order in which it was typed at the front.
        found = [line for line in text.splitlines(keepends=True) if line.startswith(f"{writer.name}-")][::-1]
        assert found == writer.typed[: len(found)]
        assert found[: len(writer.acknowledged)] == writer.acknowledged

    everything = sorted(line for writer in together for line in writer.typed)
    await eventually(
        lambda: file_text(server, f"together-{seed}.md"),
        lambda text: sorted(text.splitlines(keepends=True)) == everything,
        20,
    )
    text = await file_text(server, f"together-{seed}.md")
    for writer in together:
        await writer.client.wait_for_text(text)


async def writers(server: Server, clients: Clients, path: str) -> list[Writer]:
    document = await new_document(server, path)
    url = f"ws://127.0.0.1:{server.port}/sync/{server.workspace}"
    made = []
    for number in range(WRITERS):
        client = await clients.open(url, document, token=server.owner.token)
        await client.wait_until_synced()
        made.append(Writer(f"{path[0]}{number}", client))
    return made
