"""A large text, and a text of many edits, on a real server: what each step takes, and how long it holds up others.

    .venv/bin/python -m bench.large [--mb 10] [--edits 260000] [--parts text,turns,cold]

Recorded sessions are found where SCRIPTORIUM_EDITING_TRACES says.

While a step runs, a second process sends a barrier to an idle document every few milliseconds. The server answers one
as soon as its event loop comes round, so the slowest answer is the longest time for which everybody else stood still.
On a machine that does other things as well it includes those; the first line, in which the server does nothing, shows
how much of that there is. `turns` replaces the large text without a server between, and tells CPU time of the loop's
thread instead, which other programs do not add to.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import multiprocessing
import random
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pycrdt import Doc, Text
from websockets.asyncio.client import connect

from bench.tree import Stalls
from collab.documents.contents import Content, Contents
from collab.durable.entries import LogEntry
from collab.limits import Limits
from collab.rooms.rooms import Rooms
from collab.yjs.codec import (
    SyncStep2,
    decode_frame,
    encode_barrier,
    encode_sync_step_1,
)
from storage import open_storage
from tests.e2e import sessions
from tests.support.server import Server, running_server
from tests.support.waiting import until
from tests.support.yjs import Clients, YjsClient, yjs_clients

PROBE_EVERY = 0.002
PLACES = 20
COPIES = 7


def source_text(size: int) -> str:
    """``size`` ASCII characters of real source: Python's own library, one file after the other."""
    parts: list[str] = []
    left = size
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        text = path.read_bytes().decode("ascii", "ignore").replace("\r", "").replace("\0", "")
        parts.append(text[:left])
        left -= len(parts[-1])
        if not left:
            return "".join(parts)
    raise SystemExit(f"only {size - left} characters of source are to be had here")


def with_others(lines: list[str], count: int) -> str:
    """The text with ``count`` of its lines replaced, evenly spread."""
    changed = lines[:]
    for number in range(count):
        changed[number * len(lines) // count] = f"another line {number} of {count}"
    return "\n".join(changed)


# ---- the probe, in a process of its own


def probe(url: str, orders: Connection) -> None:
    asyncio.run(_probe(url, orders))


async def _probe(url: str, orders: Connection) -> None:
    """For every order, answer with the longest round trip since the one before, in seconds."""
    async with connect(url, compression=None, max_size=None, proxy=None) as socket:
        longest = 0.0
        while True:
            began = time.perf_counter()
            await socket.send(encode_barrier(b"probe"))
            while (await socket.recv())[:1] != encode_barrier(b"")[:1]:
                pass
            longest = max(longest, time.perf_counter() - began)
            if orders.poll():
                if orders.recv() is None:
                    return
                orders.send(longest)
                longest = 0.0
            await asyncio.sleep(PROBE_EVERY)


class Pauses:
    def __init__(self, url: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._orders, theirs = context.Pipe()
        self._process = context.Process(target=probe, args=(url, theirs), daemon=True)
        self._process.start()

    async def longest(self) -> float:
        """Seconds, since the last call."""
        self._orders.send(True)
        return float(await asyncio.to_thread(self._orders.recv))

    def close(self) -> None:
        self._orders.send(None)
        self._process.join()


@asynccontextmanager
async def measuring(server: Server) -> AsyncIterator[Callable[[str, Callable[[], Awaitable[Any]]], Awaitable[Any]]]:
    """Yields ``step(name, work)``, which prints a line for it."""
    await put(server, "idle.txt", b"")
    pauses = Pauses(server.owner.socket(f"/sync/{server.workspace}/{await server.document('idle.txt')}"))
    await pauses.longest()

    async def step(name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        await asyncio.sleep(0.5)
        await pauses.longest()
        began = time.perf_counter()
        result = await work()
        seconds = time.perf_counter() - began
        print(f"  {name:<58}{seconds * 1e3:>9.0f} ms{await pauses.longest() * 1e3:>9.0f} ms", flush=True)
        return result

    print(f"  {'':<58}{'took':>12}{'pause':>12}")
    await step("nothing, for a second", lambda: asyncio.sleep(1))
    try:
        yield step
    finally:
        pauses.close()


# ---- a large text


async def put(server: Server, path: str, data: bytes) -> None:
    answer = await server.owner.http.put(f"{server.workspace_path}/files/{path}", content=data, timeout=300)
    answer.raise_for_status()


async def get(server: Server, path: str) -> bytes:
    answer = await server.owner.http.get(f"{server.workspace_path}/{path}", timeout=300)
    return bytes(answer.raise_for_status().content)


async def settled(server: Server, path: str, data: bytes) -> None:
    file = server.data_dir / "objects" / "drive" / server.workspace / path
    await until(lambda: file.exists() and file.stat().st_size == len(data) and file.read_bytes() == data, 120)


async def opened(server: Server, clients: Clients, document: str) -> YjsClient:
    url = f"ws://127.0.0.1:{server.port}/sync/{server.workspace}"
    client = await clients.open(url, document, token=server.owner.token)
    await client.wait_until_synced(120)
    return client


async def saved_at_places(client: YjsClient, length: int) -> list[float]:
    """Seconds from a keystroke to Saved, sorted."""
    dice = random.Random(7)
    took = []
    for _ in range(PLACES):
        began = time.perf_counter()
        await client.insert(dice.randrange(length), "x")
        await client.barrier(seconds=120)
        took.append(time.perf_counter() - began)
    return sorted(took)


async def large_text(size: int) -> None:
    text = source_text(size)
    lines = text.split("\n")
    few, some, many = with_others(lines, 11), with_others(lines, 200), with_others(lines, 5000)
    backwards = "\n".join(reversed(lines))
    with tempfile.TemporaryDirectory(prefix="scriptorium-large-") as folder:
        async with running_server(Path(folder) / "data") as server, yjs_clients() as clients:
            print(f"\nA text of {size / 1e6:.1f} MB, {len(lines):,} lines")
            async with measuring(server) as step:
                await step("PUT, new", lambda: put(server, "large.py", text.encode()))
                await step("until it is on the drive", lambda: settled(server, "large.py", text.encode()))
                document = await server.document("large.py")
                client = await step("open, until a stock Yjs client has it", lambda: opened(server, clients, document))
                took = await step(f"type at {PLACES} places", lambda: saved_at_places(client, size))
                print(
                    f"    from a keystroke to Saved: p50 {took[PLACES // 2] * 1e3:.0f} ms, max {took[-1] * 1e3:.0f} ms"
                )
                typed = (await client.text()).encode()
                await step("until that is on the drive", lambda: settled(server, "large.py", typed))
                assert await step("GET", lambda: get(server, "files/large.py")) == typed
                archive = await step("export", lambda: get(server, "export"))
                assert zipfile.ZipFile(io.BytesIO(archive)).read("large.py") == typed
                for name, replacement in (
                    ("PUT over it, 11 lines are others", few),
                    ("PUT over it, 200 lines are others", some),
                    ("PUT over it, 5,000 lines are others", many),
                    ("PUT over it, the lines in reverse", backwards),
                ):
                    await step(name, lambda data=replacement: put(server, "large.py", data.encode()))  # type: ignore[misc]
                    await step("  until the client shows it", lambda data=replacement: shows(client, data))  # type: ignore[misc]
                await step("until it is on the drive", lambda: settled(server, "large.py", backwards.encode()))
                await client.destroy()
            await server.stop()
            await server.restart()
            async with measuring(server) as step:
                await step("open after a restart", lambda: opened(server, clients, document))


async def turns(size: int) -> None:
    """The longest turns of the event loop while a large text is replaced."""
    text = source_text(size)
    lines = text.split("\n")
    print(f"\nReplacing a text of {size / 1e6:.1f} MB in this process\n  {'':<58}{'took':>12}{'held up':>12}")
    with tempfile.TemporaryDirectory(prefix="scriptorium-large-") as folder:
        async with open_storage(
            mongo_url=None, object_store_url=None, redis_url=None, data_dir=Path(folder)
        ) as storage:
            rooms = Rooms(storage)
            contents = Contents(storage, rooms)
            [record] = await contents.create("w", [await Content.of(text.encode(), Limits())], "user:ann")
            async with rooms.open(record.id) as room:
                encoding, before = [], room.text
                for _ in range(9):
                    began = time.thread_time()
                    room.doc.get_update()
                    encoding.append(time.thread_time() - began)
                print(
                    f"  one call of the CRDT library encodes it in {sorted(encoding)[4] * 1e3:.0f} ms (CPU, p50 of 9)"
                )
                stalls = Stalls()
                for count in (11, 200, 1_000, 5_000, 0):
                    changed = with_others(lines, count) if count else "\n".join(reversed(lines))
                    content = await Content.of(changed.encode(), Limits())
                    await asyncio.sleep(0.01)
                    stalls.longest, began = 0.0, time.perf_counter()
                    async with contents.alone(record.id) as lease:
                        await contents.overwrite(record, content, "user:ann", lease)
                    took = time.perf_counter() - began
                    await asyncio.sleep(0.01)
                    name = f"{count:,} lines are others" if count else "the lines in reverse"
                    print(f"  {name:<58}{took * 1e3:>9.0f} ms{stalls.longest * 1e3:>9.0f} ms", flush=True)
                    assert room.text == changed != before
                stalls.stop()
            await rooms.close()


async def shows(client: YjsClient, text: str) -> None:
    """Returns when the client shows ``text``; it is not asked for its text more often than it can say it."""
    while True:
        if await client.text() == text:
            return
        await asyncio.sleep(0.2)


# ---- a text of many edits


def typed(edits: int) -> Doc[Any]:
    """A document into which ``edits`` keystrokes of real people went, one update each; made up where no session is had.

    Sessions are typed one after the other, each by another client in front of what is there.
    """
    traces = [trace for path in sessions.recorded() if "numAgents" not in (trace := sessions.read(path))]
    transactions = [txn for trace in traces or [sessions.typed_alone(3, 20_000)] for txn in trace["txns"]]
    doc: Doc[Any] = Doc()
    for first in range(0, edits, len(transactions)):
        before = doc.get_update()
        doc = Doc(client_id=first + 1)
        text = doc.get("text", type=Text)
        doc.apply_update(before)
        written = ""
        for transaction in transactions[: edits - first]:
            with doc.transaction():
                for position, deleted, inserted in transaction["patches"]:
                    start = len(written[:position].encode())
                    if deleted:
                        del text[start : start + len(written[position : position + deleted].encode())]
                    if inserted:
                        text.insert(start, inserted)
                    written = written[:position] + inserted + written[position + deleted :]
    return doc


async def answered(server: Server, document: str) -> tuple[float, int]:
    """Seconds from the opening of a socket to all of the document in one frame, and that frame's bytes."""
    url = server.owner.socket(f"/sync/{server.workspace}/{document}")
    began = time.perf_counter()
    async with connect(url, compression=None, max_size=None, proxy=None) as socket:
        await socket.send(encode_sync_step_1(b"\x00"))
        while True:
            frame = await socket.recv()
            took = time.perf_counter() - began
            assert isinstance(frame, bytes)
            if frame[:1] == b"\x00" and isinstance(step := decode_frame(frame), SyncStep2):
                return took, len(step.update)


async def store(data_dir: Path, documents: list[str], update: bytes, *, folded: bool) -> None:
    """Put ``update`` into documents of a server that is down, as its log or as their snapshots."""
    async with open_storage(mongo_url=None, object_store_url=None, redis_url=None, data_dir=data_dir) as storage:
        rooms = Rooms(storage)
        await rooms.updates.append([LogEntry(document, "bench", 1, 1, update) for document in documents])
        for document in documents if folded else ():
            await rooms.snapshots.compact(document)
        await rooms.close()


async def cold_open(edits: int) -> None:
    doc = typed(edits)
    update = doc.get_update()
    encoding, building = [], []
    for _ in range(15):
        began = time.perf_counter()
        doc.get_update()
        encoding.append(time.perf_counter() - began)
        began = time.perf_counter()
        fresh: Doc[Any] = Doc()
        fresh.get("text", type=Text)
        fresh.apply_update(update)
        building.append(time.perf_counter() - began)
    encode = sorted(encoding)[7]
    print(f"\nA text of {edits:,} edits, {len(update):,} bytes")
    print(f"  yrs encodes it in {encode * 1e3:.2f} ms, and builds it from that in {sorted(building)[7] * 1e3:.1f} ms")
    with tempfile.TemporaryDirectory(prefix="scriptorium-cold-") as folder:
        async with running_server(Path(folder) / "data") as server:
            documents = []
            for number in range(2 * COPIES):
                await put(server, f"copy {number}.txt", b"")
                documents.append(await server.document(f"copy {number}.txt"))
            await put(server, "empty.txt", b"")
            empty = await server.document("empty.txt")
            await server.stop()
            await store(server.data_dir, documents[:COPIES], update, folded=True)
            await store(server.data_dir, documents[COPIES:], update, folded=False)
            await server.restart()
            await answered(server, empty)
            for label, some in (("from its snapshot", documents[:COPIES]), ("from its log", documents[COPIES:])):
                socket = await middle(server, [empty] * COPIES)
                cold = await middle(server, some)
                warm = await middle(server, some)
                print(
                    f"  cold open {label}: {cold * 1e3:.1f} ms (p50 of {COPIES}), again while it is open"
                    f" {warm * 1e3:.1f} ms, an empty text that is open {socket * 1e3:.1f} ms\n"
                    f"    so the cold document's own share is {(cold - socket) * 1e3:.1f} ms,"
                    f" {(cold - socket) / encode:.2f} of what yrs takes to encode it"
                )


async def middle(server: Server, documents: list[str]) -> float:
    return sorted([(await answered(server, document))[0] for document in documents])[len(documents) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=float, default=10)
    parser.add_argument("--edits", type=int, default=260_000)
    parser.add_argument("--parts", default="text,turns,cold")
    arguments = parser.parse_args()
    if "text" in arguments.parts:
        asyncio.run(large_text(int(arguments.mb * 1e6)))
    if "turns" in arguments.parts:
        asyncio.run(turns(int(arguments.mb * 1e6)))
    if "cold" in arguments.parts:
        asyncio.run(cold_open(arguments.edits))


if __name__ == "__main__":
    sys.exit(main())
