"""Opening everything together: one process per folder unless Redis connects them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage import FolderInUse, open_storage
from storage.folder_lock import FolderLock
from storage.leases import Leases
from tests.conftest import Backend
from tests.support.waiting import until


async def test_a_folder_serves_one_process(tmp_path: Path) -> None:
    embedded = Backend("embedded", tmp_path)
    async with embedded.open() as storage:
        await storage.db.things.insert_one({"_id": "x"})
        await storage.objects.put("a/b", b"x")
        with pytest.raises(FolderInUse) as caught:
            async with embedded.open():
                pass
        for part in (str(tmp_path), str(os.getpid()), "SCRIPTORIUM_REDIS_URL", "SCRIPTORIUM_DATA_DIR"):
            assert part in str(caught.value)
    async with embedded.open() as again:
        assert await again.db.things.find_one({}) == {"_id": "x"}
        assert await again.objects.get("a/b") == b"x"
        assert again.process != storage.process


async def test_leases_of_a_dead_process_do_not_hold_up_the_next_one(tmp_path: Path) -> None:
    embedded = Backend("embedded", tmp_path)
    async with embedded.open() as storage:
        assert await Leases(storage.db, "killed").acquire("tree", 3600) is not None
    async with embedded.open() as storage:
        assert await storage.leases.acquire("tree", 1) is not None


async def test_with_services_several_processes_share_everything(backend: Backend) -> None:
    if backend.name == "embedded":
        return
    async with backend.open() as one, backend.open() as other:
        await one.objects.put("a", b"x")
        assert await other.objects.get("a") == b"x"
        heard: list[bytes] = []
        await other.bus.subscribe("c", heard.append)
        one.bus.publish("c", b"x")
        async with one.leases.hold("tree", 5):
            assert await other.leases.acquire("tree", 5) is None
        await until(lambda: bool(heard))


HOLDER = """
import sys, time
from pathlib import Path
from storage.folder_lock import FolderLock

lock = FolderLock(Path(sys.argv[1]))
print(flush=True)
time.sleep(60)
"""


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(FolderInUse, match=str(holder.pid)):
        FolderLock(tmp_path)
    holder.kill()
    holder.wait()
    with FolderLock(tmp_path):
        assert (tmp_path / "lock").read_text().strip() == str(os.getpid())
    FolderLock(tmp_path).release()


async def test_opening_is_quick(tmp_path: Path) -> None:
    began = time.monotonic()
    async with Backend("embedded", tmp_path).open():
        assert time.monotonic() - began < 3  # a fifth of a second when the machine has nothing else to do


@pytest.mark.parametrize(
    "wrong", [{"object_store_url": "ftp://x"}, {"redis_url": "http://x"}, {"mongo_url": "redis://x"}]
)
async def test_urls_of_no_known_kind_are_named(tmp_path: Path, wrong: dict[str, str]) -> None:
    urls = {"mongo_url": "mongodb://127.0.0.1:1", "object_store_url": "memory://", "redis_url": "redis://127.0.0.1:1"}
    with pytest.raises(ValueError, match="://"):
        async with open_storage(**urls | wrong, data_dir=tmp_path):
            pass
