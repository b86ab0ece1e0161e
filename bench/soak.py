"""Thousands of documents are opened, typed into and left, again and again: does the server's memory grow?

    .venv/bin/python -m bench.soak [--documents 5000] [--passes 3]

Prints what the server and its embedded database have resident (PSS), after each pass and once the rooms are gone.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import tempfile
import time
import zipfile
from pathlib import Path

from websockets.asyncio.client import connect

from bench.measure import usage
from collab.replicas.edits import first_update, fresh_client_id
from collab.rooms.rooms import IDLE
from collab.yjs.codec import encode_barrier, encode_sync_step_1, encode_sync_step_2
from tests.support.server import Server, running_server

AT_ONCE = 8
BARRIER = encode_barrier(b"soak")


async def documents(server: Server, count: int) -> list[str]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number // 100}/{number}.txt", f"text {number}\n" * 20)
    url = f"{server.workspace_path}/import"
    headers = {"Content-Type": "application/zip"}
    (await server.owner.http.post(url, content=buffer.getvalue(), headers=headers, timeout=600)).raise_for_status()
    tree = (await server.owner.http.get(f"{server.workspace_path}/tree", timeout=60)).raise_for_status().json()
    return [node["id"] for node in tree if node["kind"] == "text"][:count]


async def visit(server: Server, document: str) -> None:
    """Open, type a letter, wait for Saved, leave."""
    url = server.owner.socket(f"/sync/{server.workspace}/{document}")
    async with connect(url, compression=None, max_size=None, proxy=None) as socket:
        await socket.send(encode_sync_step_1(b"\x00"))
        await socket.send(encode_sync_step_2(first_update("x", fresh_client_id(()))))
        await socket.send(BARRIER)
        while await socket.recv() != BARRIER:
            pass


async def visit_all(server: Server, some: list[str]) -> None:
    waiting = iter(some)

    async def visitor() -> None:
        for document in waiting:
            await visit(server, document)

    await asyncio.gather(*(visitor() for _ in range(AT_ONCE)))


def resident(server: Server) -> str:
    used = usage([server.pid])
    return f"server {used.own / 2**20:.1f}, database {(used.memory - used.own) / 2**20:.1f} MiB"


async def soak(count: int, passes: int) -> None:
    with tempfile.TemporaryDirectory(prefix="scriptorium-soak-") as folder:
        async with running_server(Path(folder) / "data") as server:
            print(f"started: {resident(server)}", flush=True)
            some = await documents(server, count)
            print(f"{len(some):,} documents imported: {resident(server)}", flush=True)
            for number in range(1, passes + 1):
                began = time.monotonic()
                await visit_all(server, some)
                took = time.monotonic() - began
                print(f"pass {number}, {took:.0f} s: {resident(server)}", end="", flush=True)
                await asyncio.sleep(IDLE + 10)
                print(f", all rooms left: {resident(server)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=5_000)
    parser.add_argument("--passes", type=int, default=3)
    arguments = parser.parse_args()
    asyncio.run(soak(arguments.documents, arguments.passes))


if __name__ == "__main__":
    main()
