"""The embedded database as a process: it is killed, orphaned, fed nonsense, and keeps every acknowledged write."""

import asyncio
import os
import random
import signal
import socket
import stat
import struct
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import bson
import pytest
from pymongo.errors import PyMongoError

from storage.embedded_mongo import EmbeddedMongoFailed, embedded_mongo
from storage.mongo import Database, connect
from tests.support.waiting import until

# Prints the URL, then every key that was acknowledged.
WRITER = """
import asyncio, signal, sys
from pathlib import Path
from storage.embedded_mongo import embedded_mongo
from storage.mongo import connect

async def main():
    async with embedded_mongo(Path(sys.argv[1])) as url:
        db = connect(url)
        print(url, flush=True)
        async def write(writer):
            for n in range(1_000_000):
                await db.log.insert_one({"_id": f"{writer}.{n}", "data": b"x" * 500})
                print(f"{writer}.{n}", flush=True)
        await asyncio.gather(*map(write, range(4)))

# Tests that a script runs in the background inherit that the keyboard's signal is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
asyncio.run(main())
"""


def pid_of(folder: Path) -> int:
    return int((folder / "lock").read_text())


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def keys(db: Database) -> set[str]:
    return {document["_id"] async for document in db.log.find({}, {"_id": 1})}


async def test_it_starts_quickly_and_only_for_this_user(tmp_path: Path) -> None:
    began = time.monotonic()
    async with embedded_mongo(tmp_path / "mongo") as url:
        assert time.monotonic() - began < 3  # a tenth of a second when the machine has nothing else to do
        path = Path(unquote(urlsplit(url).netloc))
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "mongo").stat().st_mode) == 0o700
        pid = pid_of(tmp_path / "mongo")
        assert alive(pid)
    assert not alive(pid)
    assert not path.parent.exists()


async def test_a_killed_database_comes_back_behind_the_same_url_with_everything(tmp_path: Path) -> None:
    async with embedded_mongo(tmp_path) as url:
        db = connect(url)
        acknowledged: set[str] = set()
        ended = False

        async def write(writer: int) -> None:
            number = 0
            while not ended:
                key = f"{writer}.{number}"
                number += 1
                try:
                    await db.log.insert_one({"_id": key, "data": b"x" * 500})
                    acknowledged.add(key)
                except PyMongoError:
                    await asyncio.sleep(0.01)

        writers = [asyncio.create_task(write(writer)) for writer in range(4)]
        for _ in range(4):
            before = len(acknowledged)
            await until(lambda before=before: len(acknowledged) > before + 50)  # type: ignore[misc]
            pid = pid_of(tmp_path)
            os.kill(pid, signal.SIGKILL)
            await until(lambda pid=pid: pid_of(tmp_path) != pid)  # type: ignore[misc]
        ended = True
        await asyncio.gather(*writers)
        assert acknowledged <= await keys(db)
        await db.client.close()


async def test_killed_with_its_parent_it_has_every_acknowledged_write(tmp_path: Path) -> None:
    for moment in (0.05, 0.3):
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        assert parent.stdout is not None
        await parent.stdout.readline()
        acknowledged = {(await parent.stdout.readline()).decode().strip()}
        await asyncio.sleep(moment)
        child = pid_of(tmp_path)
        for pid in (child, parent.pid):
            os.kill(pid, signal.SIGKILL)
        lines = (await parent.stdout.read()).decode().split("\n")[:-1]
        acknowledged |= set(lines)
        await parent.wait()
        async with embedded_mongo(tmp_path) as url:
            db = connect(url)
            assert acknowledged <= await keys(db)
            await db.log.drop()
            await db.client.close()


@pytest.mark.parametrize("hangs", [False, True])
async def test_an_orphan_ends_and_gives_way(tmp_path: Path, hangs: bool) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    await parent.stdout.readline()
    written = (await parent.stdout.readline()).decode().strip()
    orphan = pid_of(tmp_path)
    if hangs:
        os.kill(orphan, signal.SIGSTOP)
    parent.kill()
    await parent.wait()
    async with embedded_mongo(tmp_path) as url:
        assert not alive(orphan)
        db = connect(url)
        assert written in await keys(db)
        await db.client.close()


async def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "documents.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(EmbeddedMongoFailed, match="file is not a database"):
        async with embedded_mongo(tmp_path):
            pass


def message(operation: int, payload: bytes) -> bytes:
    return struct.pack("<iiii", 16 + len(payload), 1, 0, operation) + payload


NONSENSE = [
    b"\xff" * 64,
    b"\x00" * 64,
    struct.pack("<iiii", 2**31 - 1, 1, 0, 2013) + b"x",
    struct.pack("<iiii", 8, 1, 0, 2013),
    message(2013, b""),
    message(2013, b"\x00\x00\x00\x00"),
    message(2013, b"\x00\x00\x00\x00\x00\xff\xff\xff\x7f"),
    message(2013, b"\x00\x00\x00\x00\x07" + bson.encode({"ping": 1})),
    message(2013, b"\x00\x00\x00\x00\x01\xff\x00\x00\x00documents\x00"),
    message(2013, b"\x00\x00\x00\x00\x00" + bson.encode({})),
    message(2013, b"\x00\x00\x00\x00\x00" + bson.encode({"insert": 1, "$db": 1})),
    message(2013, b"\x00\x00\x00\x00\x00" + bson.encode({"insert": "x", "documents": 7, "$db": "d"})),
    message(2013, b"\x00\x00\x00\x00\x00" + bson.encode({"find": "x", "filter": {"$or": 1}, "sort": 5, "$db": "d"})),
    message(2013, b"\x00\x00\x00\x00\x00" + bson.encode({"update": "x", "updates": [{"q": 1, "u": 2}], "$db": "d"})),
    message(2013, b"\x00\x00\x00\x00\x00" + bson.encode({"getMore": "x", "$db": "d"})),
    message(2013, b"\x00\x00\x00\x00\x00" + bson.encode({"createIndexes": "x", "indexes": [5], "$db": "d"})),
    message(2004, b"\x00\x00\x00\x00no end"),
    message(1, b"x"),
]


async def test_nonsense_on_the_socket_disturbs_nobody_else(tmp_path: Path) -> None:
    chance = random.Random(1)
    valid = message(
        2013, b"\x00\x00\x00\x00\x00" + bson.encode({"find": "x", "filter": {"a": {"$in": [1]}}, "$db": "d"})
    )
    mutations = []
    for _ in range(300):
        mutated = bytearray(valid)
        for _ in range(chance.randint(1, 4)):
            mutated[chance.randrange(4, len(mutated))] = chance.randrange(256)
        mutations.append(bytes(mutated))
    async with embedded_mongo(tmp_path) as url:
        path = unquote(urlsplit(url).netloc)
        db = connect(url)
        await db.things.insert_one({"_id": "x"})
        pid = pid_of(tmp_path)

        def throw(payload: bytes) -> None:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(0.02)
                client.connect(path)
                client.sendall(payload)
                try:
                    client.recv(10_000)
                except (TimeoutError, ConnectionError):
                    return

        for payload in NONSENSE + mutations:
            await asyncio.to_thread(throw, payload)
        assert await db.things.find_one({}) == {"_id": "x"}
        assert pid_of(tmp_path) == pid
        await db.client.close()


async def test_it_is_not_stopped_by_ctrl_c(tmp_path: Path) -> None:
    """The keyboard's signal goes to all processes of the terminal; the database must outlive the last flush."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WRITER,
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        process_group=0,
    )
    assert parent.stdout is not None
    await parent.stdout.readline()
    written = {(await parent.stdout.readline()).decode().strip()}
    child = pid_of(tmp_path)
    assert os.getpgid(child) != os.getpgid(parent.pid)
    os.killpg(parent.pid, signal.SIGINT)
    written |= set((await parent.stdout.read()).decode().split("\n")[:-1])
    await parent.wait()
    assert not alive(child)
    async with embedded_mongo(tmp_path) as url:
        db = connect(url)
        assert written <= await keys(db)
        await db.client.close()
