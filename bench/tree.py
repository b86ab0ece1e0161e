"""A tree of many files, and finding in a real source tree: how long each operation takes, and holds up everybody else.

    python bench/tree.py [--files 20000] [--source <folder>] [--only tree|search]

The application runs in this process on its embedded stores, as `serve` runs it, and is asked over HTTP without sockets
between, so what is measured is the server's own work. "held up" is the longest time for which nothing else got its turn
on the event loop meanwhile, in CPU time of its thread, so that other programs on the machine do not count: a keystroke
of somebody in another file would have waited so long.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import logging
import resource
import statistics
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import httpx2
import structlog

sys.path.insert(0, str(Path(__file__).parents[1]))

from collab.searching.texts import SearchTexts
from server.app import create_app, open_services
from server.first_start import ensure_owner
from server.settings import Settings

QUERIES = ["return", "asyncio.sleep", "def __init__", "xyzzy nowhere", "ThreadPoolExecutor", "e", "übung", "test_os.py"]
EVERY: list[dict[str, str]] = [
    {"q": "asyncio"},
    {"q": "xyzzy nowhere"},
    {"q": "import os"},
    {"q": "self"},
    *({"q": query, "word": "true"} for query in ("q", "sel", "et", "e")),
    {"q": r"\bet\b", "regex": "true"},
]
"""What the browser asks for: every match."""
AHEAD = 20
"""Seconds that somebody is there before the first search."""
ORIGIN = "http://127.0.0.1:8000"


class Stalls:
    """The most CPU time that the loop's thread has spent between two of its turns."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0.0005)
            now = time.thread_time()
            self.longest, before = max(self.longest, now - before), now

    async def measure(self, label: str, work: Callable[[int], Awaitable[object]], times: int = 1) -> None:
        took = []
        await asyncio.sleep(0.01)
        self.longest = 0.0
        for number in range(times):
            began = time.perf_counter()
            await work(number)
            took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0)
        took.sort()
        p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
        print(
            f"{label:44} {times:6} {statistics.median(took):10.1f} {p99:10.1f} {self.longest * 1000:10.1f}", flush=True
        )

    def stop(self) -> None:
        self._task.cancel()


@asynccontextmanager
async def application(data: Path) -> AsyncIterator[tuple[httpx2.AsyncClient, str, SearchTexts]]:
    """The application on a data folder, and its owner signed in; the path of the first workspace."""
    async with open_services(Settings(data_dir=data), port=8000) as services:
        owner = await ensure_owner(services)
        [membership] = await services.identity.members.of_user(owner.id)
        token = (await services.identity.tokens.create(owner.id, "bench"))[1]
        transport = httpx2.ASGITransport(create_app(services), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers, timeout=600) as http:
            gc.collect()
            gc.freeze()  # as `serve` does
            yield http, f"/api/workspaces/{membership.workspace}", services.files.search_texts


def generated(count: int) -> bytes:
    """A zip of ``count`` files, fifty to a folder, and half as many again in one folder."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(count):
            folder = "flat" if number % 3 == 0 else f"d{number // 1000}/e{number // 50}"
            archive.writestr(f"{folder}/file{number}.txt", f"file {number}\n" * 10)
    return packed.getvalue()


def source(folder: Path, prefix: str = "") -> tuple[bytes, int, int]:
    """A zip of the Python files below ``folder``, their number and their bytes."""
    packed = io.BytesIO()
    files = size = 0
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*.py")):
            if files < 2000:
                raw = path.read_bytes()
                archive.writestr(f"{prefix}{folder.name}/{path.relative_to(folder)}", raw)
                files, size = files + 1, size + len(raw)
    return packed.getvalue(), files, size


async def checked(answer: Awaitable[httpx2.Response]) -> httpx2.Response:
    response = await answer
    assert response.is_success, response.text
    return response


async def tree(data: Path, count: int) -> None:
    print(f"\n{count} files {'':31}  times     p50 ms     p99 ms  held up ms")
    archive = generated(count)
    async with application(data) as (http, w, _):
        stalls = Stalls()
        await stalls.measure("import", lambda _: checked(http.post(f"{w}/import", content=archive)))
        await stalls.measure("list (GET tree)", lambda _: checked(http.get(f"{w}/tree")), 3)
        await operations(http, w, stalls)
        print("while the drive is written", flush=True)
        await stalls.measure("  20 s later", lambda _: asyncio.sleep(20))
        stalls.stop()
    print("after a restart", flush=True)
    async with application(data) as (http, w, _):
        stalls = Stalls()
        await stalls.measure("first look at a path", lambda _: checked(http.get(f"{w}/files/flat/file0.txt")))
        await stalls.measure("first rename", lambda _: moved(http, w, "flat/file0.txt", "flat/renamed.txt"))
        await operations(http, w, stalls)
        stalls.stop()


async def moved(http: httpx2.AsyncClient, w: str, source: str, target: str) -> None:
    await checked(http.post(f"{w}/moves", json={"from": source, "to": target}))


async def operations(http: httpx2.AsyncClient, w: str, stalls: Stalls) -> None:
    mark = time.time_ns()
    trash: list[str] = []

    async def delete(number: int) -> None:
        await checked(http.delete(f"{w}/files/moved{mark}/n{number}.txt"))

    async def restore(number: int) -> None:
        await checked(http.post(f"{w}/trash/{trash[number]}/restore"))

    async def create(number: int) -> None:
        await checked(http.put(f"{w}/files/flat/new{mark}-{number}.txt", content=b"new\n"))

    await stalls.measure("create", create, 50)
    await stalls.measure("look at a path", lambda n: checked(http.get(f"{w}/files/flat/new{mark}-{n}.txt")), 50)
    await stalls.measure(
        "rename in a large folder", lambda n: moved(http, w, f"flat/new{mark}-{n}.txt", f"flat/m{mark}-{n}.txt"), 50
    )
    await stalls.measure("move", lambda n: moved(http, w, f"flat/m{mark}-{n}.txt", f"moved{mark}/n{n}.txt"), 50)
    await stalls.measure("delete", delete, 50)
    listed = (await http.get(f"{w}/trash")).json()
    trash += [entry["id"] for entry in listed if entry["path"].startswith(f"moved{mark}/")]
    await stalls.measure("list the trash", lambda _: checked(http.get(f"{w}/trash")), 10)
    await stalls.measure("restore", restore, 50)
    await stalls.measure("move a folder of a third of them", lambda _: moved(http, w, "flat", f"flat{mark}"))
    await stalls.measure("move it back", lambda _: moved(http, w, f"flat{mark}", "flat"))


async def search(data: Path, folder: Path) -> None:
    archive, files, size = source(folder)
    again, _, _ = source(folder, prefix="again/")
    print(f"\nfinding in {files} files, {size / 1e6:.1f} MB {'':16}  times     p50 ms     p99 ms  held up ms")
    async with application(data) as (http, w, _):
        await checked(http.post(f"{w}/import", content=archive))
        stalls = Stalls()
        await stalls.measure("first search after the import", lambda _: found(http, w, "xyzzy nowhere"))
        await asyncio.sleep(60)
        before = memory()
        for query in QUERIES:
            await stalls.measure(f"“{query}”", lambda _, query=query: found(http, w, query), 20)
        for asked in EVERY:
            name = " ".join(["every", f"“{asked['q']}”", *(option for option in asked if option != "q")])
            await stalls.measure(name, lambda _, asked=asked: every(http, w, asked), 5)
        path = f"{w}/files/{folder.name}/{quote('ast.py')}"

        async def typed(number: int) -> None:
            await checked(http.put(path, content=f"typed {number}\n".encode()))
            assert b"ast.py" in (await found(http, w, f"typed {number}")).content

        await stalls.measure("a change, and finding it", typed, 20)
        await stalls.measure("ten at once", lambda _: asyncio.gather(*(found(http, w, query) for query in QUERIES)), 5)
        print(f"memory of the process {before / 1e6:.0f} MB", flush=True)
        stalls.stop()
    async with application(data) as (http, w, _):
        stalls, before = Stalls(), memory()
        await stalls.measure("first search after a restart", lambda _: found(http, w, "xyzzy nowhere"))
        await stalls.measure("the next one", lambda _: found(http, w, "xyzzy nowhere"))
        print(f"highest memory of the process {memory() / 1e6:.0f} MB, {before / 1e6:.0f} MB before", flush=True)
        stalls.stop()
    print("with somebody in the workspace, after a restart", flush=True)
    async with application(data) as (http, w, texts):
        stalls = Stalls()
        with texts.attended(w.rpartition("/")[2]):
            await stalls.measure(f"  {AHEAD} s later", lambda _: asyncio.sleep(AHEAD))
            await stalls.measure("  first search", lambda _: found(http, w, "xyzzy nowhere"))
            await stalls.measure(
                "  import into another folder", lambda _: checked(http.post(f"{w}/import", content=again))
            )
            await stalls.measure(f"  {AHEAD} s later", lambda _: asyncio.sleep(AHEAD))
            await stalls.measure("  first search", lambda _: found(http, w, "xyzzy nowhere"))
        stalls.stop()


async def found(http: httpx2.AsyncClient, w: str, query: str) -> httpx2.Response:
    return await checked(http.get(f"{w}/search", params={"q": query}))


async def every(http: httpx2.AsyncClient, w: str, asked: dict[str, str]) -> httpx2.Response:
    return await checked(http.get(f"{w}/search/matches", params=asked))


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--source", type=Path, default=Path(sysconfig.get_path("stdlib")))
    parser.add_argument("--only", choices=["tree", "search"])
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        if arguments.only != "search":
            asyncio.run(tree(Path(folder) / "tree", arguments.files))
        if arguments.only != "tree":
            asyncio.run(search(Path(folder) / "search", arguments.source))


if __name__ == "__main__":
    main()
