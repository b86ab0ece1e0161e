"""What holds the event loop: bodies of 1 MiB that somebody has made up, a document of 90,000 structs, large files, and
an archive that unpacks to more than it says.

    python -m bench.held [--times 3]

CPU time of the thread, so that other programs do not count; of several times the shortest.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import httpx2
from fastapi import APIRouter, FastAPI
from pycrdt import Doc, Text

from collab.aside import Aside
from collab.documents.textfile import MAX_TEXT_BYTES, decode, encode
from collab.files.archive import Archive, InvalidArchive
from collab.history.attributed import attributed
from collab.replicas.building import build_in_turns
from server.bodies import Route
from server.problems import install
from server.routes.assistant_shapes import DecisionRequest
from server.routes.search import Replacement
from tests.support.work import longest_line

MIB = 1 << 20
STRUCTS = 90_000

BODIES = {
    "500,000 wrong matches": (
        "/replace",
        b'{"q":"a","replacement":"","files":['
        + b",".join([b'{"document":"a","matches":[' + b",".join([b"1"] * 500) + b"]}"] * 1_000)
        + b"]}",
    ),
    "10,000 wrong times": (
        "/decide",
        b'{"decision":"accept","hunks":"all","shown":{'
        + b",".join(b'"%080d":-1' % number for number in range(10_000))
        + b"}}",
    ),
    "empty lists": ("/replace", b'{"x":[' + b"[]," * (MIB // 3 - 20) + b"[]]}"),
    "many keys": ("/replace", b"{" + b",".join(b'"%d":1' % number for number in range(MIB // 10)) + b"}"),
    "tiny numbers": ("/replace", b'{"files":[' + b"1," * (MIB // 2 - 20) + b"1]}"),
    "escaped pairs": ("/replace", b'{"q":"' + b"\\ud83d\\ude00" * (MIB // 12 - 20) + b'"}'),
    "open brackets": ("/replace", b"[" * MIB),
}

FILES = {
    "250 MB Latin-1": b"\xe9a" * 125_000_000,
    "250 MB UTF-16": b"\xff\xfe" + b"\n\0" * 125_000_000,
    "250 MB UTF-8": "é".encode() * 125_000_000,
    "250 MB ASCII": b"a" * 250_000_000,
    "16 MB Windows-1252": b"\x93abcde" * (MAX_TEXT_BYTES // 8),
    "16 MB of CRLF": b"\r\n" * (MAX_TEXT_BYTES // 2),
    "16 MB, one mixed line": b"\r\n\n" + b"a" * (MAX_TEXT_BYTES - 2),
}


def application() -> FastAPI:
    app, router = FastAPI(), APIRouter(route_class=Route)
    install(app)

    @router.post("/replace")
    async def replace(body: Replacement) -> int:
        return len(body.files)

    @router.post("/decide")
    async def decide(body: DecisionRequest) -> int:
        return len(body.hunks)

    app.include_router(router)
    return app


async def bodies(times: int) -> None:
    transport = httpx2.ASGITransport(application(), raise_app_exceptions=False)
    headers = {"Content-Type": "application/json"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://held", timeout=600) as http:
        for name, (address, body) in BODIES.items():
            spent = []
            for _ in range(times):
                began = time.thread_time()
                answer = await http.post(address, content=body, headers=headers)
                spent.append(time.thread_time() - began)
            print(f"{name:24} {answer.status_code} {min(spent) * 1000:8.1f} ms")


def strewn() -> bytes:
    """Each in front of the one before it, so that none can be joined to another."""
    doc: Doc[Any] = Doc(client_id=1)
    text = doc.get("text", type=Text)
    with doc.transaction():
        for _ in range(STRUCTS):
            text.insert(0, "a")
    return doc.get_update()


async def building(times: int) -> None:
    content = strewn()

    async def at_a_stretch() -> None:
        doc: Doc[Any] = Doc()
        doc.get("text", type=Text)
        doc.apply_update(content)

    async def in_turns() -> None:
        await build_in_turns("text", [content])

    for name, build in (("built at a stretch", at_a_stretch), ("built in turns", in_turns)):
        found = [await _measured(build) for _ in range(times)]
        total, longest = min(found)
        print(f"{name:24} {total * 1000:8.1f} ms, at most {longest * 1000:.1f} ms at a stretch")


async def whose(times: int) -> None:
    """Who wrote what of a text of which two people wrote each second letter, as `History.attribution` has it found."""
    mine, other = (Doc(client_id=client) for client in (1, 2))
    for doc in (mine, other):
        doc.get("text", type=Text)
    for number in range(STRUCTS):
        writing, reading = (mine, other) if number % 2 else (other, mine)
        before = writing.get_state()
        writing.get("text", type=Text).insert(0, "\n" if number % 8 == 0 else "a")
        reading.apply_update(writing.get_update(before))
    content, aside = mine.get_update(), Aside()

    async def find() -> None:
        await aside.attempt(len(content), attributed, content, {1: "user:a", 2: "user:b"})

    total, longest = min([await _measured(find) for _ in range(times)])
    print(f"{'who wrote what':24} {total * 1000:8.1f} ms, at most {longest * 1000:.1f} ms at a stretch")
    await aside.close()


def files() -> None:
    """In a thread, where one line of Python keeps the interpreter to itself."""
    for name, raw in FILES.items():
        decoded = decode(raw)
        back = "" if decoded is None else f", and back {longest_line(partial(encode, *decoded)) * 1000:.1f} ms"
        print(f"{name:24} {longest_line(partial(decode, raw)) * 1000:8.1f} ms at a stretch{back}")


async def bomb(times: int) -> None:
    """An entry of 512 MiB that claims ten bytes, and their checksum."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped, zipped.open("x", "w") as entry:
        for _ in range(512):
            entry.write(bytes(MIB))
    data = bytearray(file.getvalue())
    struct.pack_into("<I", data, (directory := data.rindex(b"PK\x01\x02")) + 16, zlib.crc32(bytes(10)))
    struct.pack_into("<I", data, directory + 24, 10)
    archive = Archive(io.BytesIO(bytes(data)), max_entries=1, max_bytes=10, max_file=10)

    async def read() -> None:
        with suppress(InvalidArchive):
            await archive.read(archive.files[0])

    print(f"{'512 MiB claiming 10 bytes':24} {min([await _measured(read) for _ in range(times)])[1] * 1000:8.1f} ms")


async def _measured(work: Callable[[], Coroutine[Any, Any, None]]) -> tuple[float, float]:
    """Seconds of CPU in all, and of the longest turn."""
    longest = 0.0
    began = before = time.thread_time()

    async def watch() -> None:
        nonlocal longest, before
        while True:
            now = time.thread_time()
            longest, before = max(longest, now - before), now
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    await work()
    await asyncio.sleep(0)
    watching.cancel()
    return time.thread_time() - began, longest


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--times", type=int, default=3)
    times = options.parse_args().times
    await bodies(times)
    await building(times)
    await whose(times)
    files()
    await bomb(times)


if __name__ == "__main__":
    asyncio.run(main())
