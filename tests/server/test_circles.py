"""Nobody who comes and goes leaves a circle of objects behind: the collector finds those an hour later."""

import asyncio
import gc
import logging
import os
from collections import Counter
from multiprocessing import get_context
from pathlib import Path

import httpx2
import pytest
import structlog
import uvloop
from websockets.asyncio.client import connect

from collab.replicas.edits import first_update, fresh_client_id
from collab.rooms import rooms
from collab.yjs.codec import encode_barrier, encode_sync_step_1, encode_sync_step_2
from server import serve
from server.settings import Settings

pytestmark = pytest.mark.thorough

TOKEN = "t" * 40
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
BARRIER = encode_barrier(b"b")
DOCUMENTS = 10
IDLE = 0.2
OURS = {"server", "ai", "collab", "storage"}


class House:
    def __init__(self, http: httpx2.AsyncClient, workspace: str, port: int) -> None:
        self.http = http
        self.files = f"/api/workspaces/{workspace}/files"
        self.tree = f"/api/workspaces/{workspace}/tree"
        self.events = f"ws://127.0.0.1:{port}/api/workspaces/{workspace}/events"
        self.sync = f"ws://127.0.0.1:{port}/sync/{workspace}"
        self.documents: list[str] = []

    async def edit(self, number: int) -> None:
        """Open, type, wait for Saved, leave."""
        url = f"{self.sync}/{self.documents[number]}"
        async with connect(url, compression=None, proxy=None, additional_headers=HEADERS) as socket:
            await socket.send(encode_sync_step_1(b"\x00"))
            await socket.send(encode_sync_step_2(first_update("x", fresh_client_id(()))))
            await socket.send(BARRIER)
            while await socket.recv() != BARRIER:
                pass

    async def listen(self, number: int) -> None:
        async with connect(self.events, compression=None, proxy=None, additional_headers=HEADERS):
            await asyncio.sleep(0.2)

    async def ask(self, number: int) -> None:
        assert (await self.http.get(f"{self.files}/{number}.txt")).status_code == 200
        assert (await self.http.get(f"{self.files}/none.txt")).status_code == 404
        assert (await self.http.put(f"{self.files}/{number}.txt", content=os.urandom(8).hex().encode())).is_success

    async def everything(self) -> None:
        for number in range(DOCUMENTS):
            await self.edit(number)
            await self.listen(number)
            await self.ask(number)
        await asyncio.sleep(6)  # all is settled, and out of memory


async def _serve(folder: Path) -> None:
    rooms.IDLE = IDLE
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    serve.collect_regularly = lambda: asyncio.sleep(3600)
    listener = serve.bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    ready = asyncio.Event()
    settings = Settings(data_dir=folder, owner_token=TOKEN)  # type: ignore[arg-type]
    serving = asyncio.create_task(serve.serve(settings, listener, proxy_headers=False, ready=lambda link: ready.set()))
    await ready.wait()
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=HEADERS) as http:
        workspace = (await http.get("/api/me")).json()["workspaces"][0]["id"]
        house = House(http, workspace, port)
        for number in range(DOCUMENTS):
            await http.put(f"{house.files}/{number}.txt", content=b"text\n")
        nodes = {node["path"]: node["id"] for node in (await http.get(house.tree)).json()}
        house.documents = [nodes[f"{number}.txt"] for number in range(DOCUMENTS)]
        await house.everything()  # once, for what is made at the first time
        gc.collect()
        gc.disable()
        await house.everything()
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found = Counter(type(thing) for thing in gc.garbage)
    ours = {kind.__qualname__: count for kind, count in found.items() if kind.__module__.split(".")[0] in OURS}
    # Some of a library's may be there by chance: whatever it was busy with when it was cancelled.
    if ours or found.total() > 20 * DOCUMENTS:
        print(ours, found.most_common(20), flush=True)
        os._exit(1)
    serving.cancel()
    os._exit(0)


def _run(folder: Path) -> None:
    uvloop.run(_serve(folder))


def test_who_comes_and_goes_leaves_nothing_for_the_collector(tmp_path: Path) -> None:
    process = get_context("spawn").Process(target=_run, args=(tmp_path,))  # its collector is switched off
    process.start()
    process.join(120)
    assert process.exitcode == 0
