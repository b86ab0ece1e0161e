"""The drive on real storage: what lies in the object store, whatever happens to documents, paths and processes."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from collab.documents.records import Documents, blob_key, drive_folder, drive_key, tree_id
from collab.drive import drive as drive_module
from collab.drive.drive import Drive
from collab.drive.settling import Settling
from storage import Storage
from storage.events import EventLog
from storage.leases import Lease
from tests.collab.files_helpers import ANN, Process, on_drive
from tests.collab.rooms_helpers import Crashing, eventually, following
from tests.conftest import Backend

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


async def settled_events(storage: Storage) -> list[dict[str, object]]:
    found = []
    async with asyncio.timeout(5):
        async for event in storage.events.follow("w", after=0):
            if event.type == "end":
                return found
            if event.type == "scriptorium.document.settled":
                found.append(event.data)
    return found


async def told(storage: Storage) -> dict[str, str]:
    """Path → hash, of the drive as whoever has heard every event believes it to be."""
    there: dict[str, tuple[str, str]] = {}
    for event in await storage.db["events"].find({"stream": "w"}).sort("number", 1).to_list():
        data = event["data"]
        match event["type"]:
            case "scriptorium.document.settled":
                there[data["document"]] = data["path"], data["hash"]
            case "scriptorium.document.removed":
                there.pop(data["document"], None)
    return dict(there.values())


async def test_settled_documents_are_plain_files(one: Process) -> None:
    text = await one.write("src/é ü.txt", b"a\r\nb\r\n")
    binary = await one.write("bild.png", PNG)
    assert await on_drive(one.storage) == {}
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {"src/é ü.txt": b"a\r\nb\r\n", "bild.png": PNG}
    await one.type(text, "new ")
    await one.drive.settle_due()
    assert (await on_drive(one.storage))["src/é ü.txt"] == b"new a\r\nb\r\n"
    assert (await one.files.entry("w", "src/é ü.txt")).size == 10
    await one.storage.events.append("w", "end", {})
    events = await settled_events(one.storage)
    assert events[-1] == {
        "document": text,
        "path": "src/é ü.txt",
        "size": 10,
        "hash": sha256(b"new a\r\nb\r\n").hexdigest(),
        "open": False,
    }
    assert sorted(str(event["document"]) for event in events) == sorted([text, text, binary])


async def test_a_document_settles_when_it_has_been_quiet(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive_module, "QUIET", 0.6)
    document = await one.write("a", b"")
    await one.drive.settle_due()
    running = asyncio.create_task(one.drive.run())
    for number in range(5):
        await one.type(document, f"{number} ")
        await asyncio.sleep(0.2)
    assert await on_drive(one.storage) == {"a": b""}, "it was never quiet"

    async def settled() -> bool:
        return await on_drive(one.storage) == {"a": b"4 3 2 1 0 "}

    await eventually(settled)
    monkeypatch.setattr(drive_module, "QUIET", 60.0)
    await one.type(document, "last ")
    running.cancel()
    await asyncio.wait([running])
    assert await on_drive(one.storage) == {"a": b"last 4 3 2 1 0 "}, "a process that ends leaves nothing due"


async def test_two_seconds_are_quiet(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(drive_module, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(drive_module, "TICK", 0.01)
    monkeypatch.setattr(drive_module, "FIRST_SWEEP", 3600.0)
    running = asyncio.create_task(one.drive.run())
    await one.write("a", b"text")
    now += 1.9
    await asyncio.sleep(0.1)
    assert await on_drive(one.storage) == {}
    now += 0.2

    async def settled() -> bool:
        return await on_drive(one.storage) == {"a": b"text"}

    await eventually(settled)
    running.cancel()
    await asyncio.wait([running])


async def test_who_types_without_a_pause_settles_now_and_then(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive_module, "LONGEST", 0.3)
    document = await one.write("a", b"")
    await one.drive.settle_due()
    running = asyncio.create_task(one.drive.run())
    for number in range(12):
        await one.type(document, f"{number} ")
        await asyncio.sleep(0.1)
    assert (await on_drive(one.storage))["a"] != b""
    running.cancel()
    await asyncio.wait([running])


async def test_renames_moves_and_deletions_move_and_remove_files(one: Process) -> None:
    for path in ("a/1", "a/2", "a/b/3", "c.png"):
        await one.write(path, PNG if path.endswith("png") else path.encode())
    await one.drive.settle_due()
    await one.move("a", "z/y")
    await one.move("c.png", "a")
    await one.files.delete("w", "z/y/1", ANN)
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {"z/y/2": b"a/2", "z/y/b/3": b"a/b/3", "a": PNG}
    await one.files.delete_folder("w", "z", ANN)
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {"a": PNG}


async def test_names_are_swapped_and_nothing_is_lost(one: Process) -> None:
    await one.write("x", b"1")
    await one.write("y", b"2")
    await one.write("p.png", PNG)
    await one.drive.settle_due()
    for source, target in (("x", "tmp"), ("y", "x"), ("p.png", "y"), ("tmp", "p.png")):
        await one.move(source, target)
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {"x": b"2", "y": PNG, "p.png": b"1"}


async def test_whoever_stands_in_the_way_is_moved_as_well(one: Process, two: Process) -> None:
    await one.write("x", b"1")
    second = await one.write("y", b"2")
    await one.drive.settle_due()
    await one.move("x", "z")
    await one.move("y", "x")
    two.drive.touch("w", second)  # the other one's move is not told, as if its process had died
    await two.drive.settle_due()
    assert await on_drive(one.storage) == {"x": b"2", "z": b"1"}


async def test_a_file_becomes_a_folder_and_a_folder_a_file(one: Process) -> None:
    await one.write("a", b"file")
    await one.write("d/e/f", b"deep")
    await one.drive.settle_due()
    await one.move("a", "tmp")
    await one.move("tmp", "a/a")
    await one.move("d/e/f", "tmp")
    await one.files.delete_folder("w", "d", ANN)
    await one.move("tmp", "d")
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {"a/a": b"file", "d": b"deep"}


async def test_long_and_strange_names(one: Process) -> None:
    names = ["x" * 255, "é" * 127, "a#1", "100%.txt", "a b", " ", "?*<>|:\"'", "日本語", "%2F", "a.", "-"]
    deep = "/".join(["n" * 224] * 4)
    for name in [*names, deep]:
        await one.write(name, name.encode())
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {name: name.encode() for name in [*names, deep]}


async def test_a_settled_document_costs_no_write(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await one.write("a", b"text")
    await one.drive.settle_due()
    puts: list[str] = []
    monkeypatch.setattr(type(one.storage.objects), "put", lambda self, key, data: puts.append(key))
    one.drive.touch("w", document)
    one.drive.touch("w", tree_id("w"))
    await one.drive.settle_due()
    assert puts == []


async def test_a_document_that_cannot_be_read_keeps_its_file(one: Process) -> None:
    broken, other = await one.write("broken", b"the only good copy"), await one.write("other", b"other")
    await one.write("third", b"third")
    await one.drive.settle_due()
    await one.rooms.close()
    await one.storage.db["updates"].update_one({"document": broken}, {"$set": {"update": b"\x01garbage"}})
    fresh = Process(one.storage)
    fresh.drive.touch("w", broken)
    await fresh.write("third", b"3")
    await fresh.drive.settle_due()
    assert await on_drive(one.storage) == {"broken": b"the only good copy", "other": b"other", "third": b"3"}
    await fresh.move("broken", "tmp")
    await fresh.move("other", "broken")
    await fresh.move("tmp", "other")
    fresh.drive.touch("w", broken)
    fresh.drive.touch("w", other)
    await fresh.drive.settle_due()
    assert b"the only good copy" in (await on_drive(one.storage)).values()
    assert (await on_drive(one.storage))["third"] == b"3"
    await fresh.rooms.close()


async def test_a_missing_blob_harms_nobody_else(one: Process) -> None:
    await one.write("p.png", PNG)
    await one.storage.objects.delete(blob_key("w", sha256(PNG).hexdigest()))
    await one.write("a", b"a")
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {"a": b"a"}


@pytest.mark.parametrize("how", ["settles", "is swept"])
async def test_a_lost_snapshot_harms_nobody_else(one: Process, how: str) -> None:
    broken = await one.write("broken", b"the only good copy")
    await one.write("other", b"older")
    await one.drive.settle_due()
    assert await one.rooms.snapshots.compact(broken)
    await one.rooms.close()
    record = await one.storage.db["documents"].find_one({"_id": broken})
    assert record is not None
    await one.storage.objects.delete(record["snapshot"]["key"])
    fresh = Process(one.storage)
    await fresh.write("other", b"newer")
    if how == "settles":
        fresh.drive.touch("w", broken)
        await fresh.drive.settle_due()
    else:
        assert await fresh.drive._sweep_or_put_off("w") is None
    assert await on_drive(one.storage) == {"broken": b"the only good copy", "other": b"newer"}
    await fresh.rooms.close()
    await one.storage.events.append("w", "end", {})
    assert [event["path"] for event in await settled_events(one.storage)].count("other") == 2


async def test_two_processes_settle_the_same_documents(one: Process, two: Process) -> None:
    documents = [await one.write(f"{n}", b"") for n in range(6)]
    for number, document in enumerate(documents):
        await (one if number % 2 else two).type(document, "one ")
        await (two if number % 2 else one).type(document, "two ")
    await asyncio.gather(one.drive.settle_due(), two.drive.settle_due())
    assert await on_drive(one.storage) == await one.expected()
    await asyncio.gather(one.move("0", "a/0"), two.move("1", "a/1"))
    await asyncio.gather(one.drive.settle_due(), two.drive.settle_due())
    assert await on_drive(one.storage) == await two.expected()


async def test_no_two_processes_write_one_file_at_once(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = type(one.storage.objects).put
    writing = most = 0

    async def slow(store: object, key: str, data: bytes) -> None:
        nonlocal writing, most
        if key == drive_key("w", "a"):
            writing += 1
            most = max(most, writing)
            await asyncio.sleep(0.3)  # enough for the other one to come here too, if it may
            writing -= 1
        await put(store, key, data)  # type: ignore[arg-type]

    document = await one.write("a", b"")
    await one.drive.settle_due()
    await one.type(document, "one ")
    await two.type(document, "two ")
    monkeypatch.setattr(type(one.storage.objects), "put", slow)
    await asyncio.gather(one.drive.settle_due(), two.drive.settle_due())
    assert most == 1
    assert await on_drive(one.storage) == await one.expected()


async def test_who_has_lost_the_lease_writes_nothing_more(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Lease] = []
    left, late = 0, 0
    hold = one.drive._lease

    @asynccontextmanager
    async def seen(workspace: str) -> AsyncIterator[Lease]:
        async with hold(workspace) as lease:
            held[:] = [lease]
            yield lease

    def watched(method: Callable[..., Any]) -> Callable[..., Any]:
        async def write(owner: object, what: Any, *more: object) -> object:
            nonlocal left, late
            if isinstance(what, str) and not what.startswith(drive_folder("w")):
                return await method(owner, what, *more)
            late += held[0].lost.is_set()
            written = await method(owner, what, *more)
            left -= 1
            if left == 0:
                held[0].lost.set()
            return written

        return write

    for path, raw in {"x": b"1", "y": b"2", "d/1": b"3", "d/2": b"4", "gone": b"5", "p.png": PNG}.items():
        await one.write(path, raw)
    await one.drive.settle_due()
    await change_much(one)
    monkeypatch.setattr(one.drive, "_lease", seen)
    for owner, names in ((type(one.storage.objects), ("put", "copy", "delete")), (Documents, ("set_drive",))):
        for name in names:
            monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    for writes in itertools.count(1):
        left = writes
        await one.drive.settle_due()
        assert late == 0, f"after {writes} writes"
        if left > 0:
            break
    assert writes > 5
    assert await on_drive(one.storage) == await one.expected()


async def test_a_settle_misses_nothing_that_another_process_has_logged(one: Process, two: Process) -> None:
    document = await one.write("a", b"")
    async with two.rooms.open(document) as room:
        following(two.rooms, room).take = lambda message: None  # type: ignore[method-assign]  # a bus that loses everything
        await one.type(document, "from one")
        await two.drive.settle_due()
        two.drive.touch("w", document)
        await two.drive.settle_due()
    assert await on_drive(one.storage) == {"a": b"from one"}


async def change_much(process: Process) -> None:
    await process.move("x", "tmp")
    await process.move("y", "x")
    await process.move("tmp", "y")
    await process.move("d", "e")
    await process.write("x", b"changed")
    await process.files.delete("w", "gone", ANN)
    await process.write("gone/now a folder", b"new")
    await process.move("p.png", "e/p.png")


async def test_a_crash_between_any_two_steps_is_mended_by_the_sweep(
    one: Process, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, raw in {"x": b"1", "y": b"2", "d/1": b"3", "d/2": b"4", "gone": b"5", "p.png": PNG}.items():
        await one.write(path, raw)
    await one.drive.settle_due()
    steps_of = {type(one.storage.objects): ("put", "copy", "delete"), Documents: ("set_drive",), EventLog: ("append",)}
    store = Crashing(monkeypatch, steps_of)
    monkeypatch.setattr("collab.drive.settling._is_about_the_document", lambda error: False)
    for steps in itertools.count(step=3 if backend.name == "embedded" else 6):
        await change_much(one)
        store.left = steps
        with monkeypatch.context() as dying:
            dying.setattr("collab.drive.drive.log", _Silent())
            await one.drive.settle_due()
        whole = store.left >= 0
        store.left = 1_000_000
        if not whole:
            there = set((await on_drive(one.storage)).values())
            assert {b"3", b"4", PNG} <= there, "what only moved is always somewhere"
        one.drive = Drive(one.storage, one.rooms, one.files)  # a new process knows nothing of what was due
        await one.move("e", "f")  # and finds other paths than those at which the crash has left files
        await one.drive.sweep("w")
        expected = await one.expected()
        assert await on_drive(one.storage) == expected, f"after {steps} steps"
        assert await told(one.storage) == {path: sha256(raw).hexdigest() for path, raw in expected.items()}
        records = await one.files.contents.documents.of_workspace("w")
        assert not any(record.drive.leftovers for record in records.values())
        if whole:
            assert steps > 10
            break
        # Back to the beginning, under other documents for those that were deleted.
        await one.files.delete("w", "gone/now a folder", ANN)
        await one.files.delete_folder("w", "gone", ANN)
        await one.move("f/p.png", "p.png")
        await one.move("f", "d")
        await one.write("gone", b"5")
        await one.drive.settle_due()


class _Silent:
    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **more: None


async def test_everybody_hears_what_came_and_what_went(one: Process) -> None:
    for path in ("a/1", "a/2", "b"):
        await one.write(path, path.encode())
    await one.drive.settle_due()
    await one.files.delete_folder("w", "a", ANN)
    await one.move("b", "c")
    await one.drive.settle_due()
    assert await told(one.storage) == {"c": sha256(b"b").hexdigest()}
    [folder] = await one.files.trash.list("w")
    await one.files.trash.restore("w", folder.id, ANN)
    await one.drive.settle_due()
    assert await told(one.storage) == {path: sha256(raw).hexdigest() for path, raw in (await one.expected()).items()}
    types = [event["type"] async for event in one.storage.db["events"].find({"stream": "w"}).sort("number", 1)]
    assert types.count("scriptorium.document.removed") == 2


async def test_the_sweep_finds_what_a_crash_left_unsettled(one: Process, two: Process) -> None:
    document = await one.write("a", b"")
    await one.write("b", b"b")
    await one.write("p.png", PNG)
    await one.drive.settle_due()
    await one.type(document, "typed before the crash")
    await one.write("c", b"new")
    await one.move("b", "d")
    await one.storage.objects.delete(drive_key("w", "p.png"))
    await two.drive.sweep("w")
    assert await on_drive(one.storage) == {"a": b"typed before the crash", "d": b"b", "c": b"new", "p.png": PNG}


async def test_the_sweep_sees_changes_that_are_in_a_snapshot_by_now(one: Process, two: Process) -> None:
    document = await one.write("a", b"")
    await one.drive.settle_due()
    await one.type(document, "folded")
    await one.rooms.snapshots.compact(document)
    assert await one.rooms.updates.latest([document]) == {}
    await two.drive.sweep("w")
    assert await on_drive(one.storage) == {"a": b"folded"}


async def test_the_sweep_looks_at_little_when_all_is_well(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        await one.write(f"{number}", b"text")
    await one.drive.settle_due()
    looked_at: list[object] = []
    run = Settling.run

    async def watched(self: Settling, dirty: set[str], moved: set[str]) -> set[str]:
        looked_at.extend([dirty, moved])
        return await run(self, dirty, moved)

    monkeypatch.setattr(Settling, "run", watched)
    monkeypatch.setattr(drive_module, "SKEW", -drive_module.SKEW)
    await one.drive.sweep("w")
    assert looked_at == [set(), set()]


async def test_a_workspace_that_is_gone_has_no_drive(one: Process) -> None:
    one.drive.touch("unknown", "0" * 32)
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {}


async def test_trees_in_which_nothing_has_moved_are_forgotten_too(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive_module, "REMEMBERED_TREES", 2)
    await one.write("a", b"a")
    await one.drive.settle_due()
    for number in range(4):
        await one.files.create_workspace(f"w{number}")
        one.drive.touch(f"w{number}", tree_id(f"w{number}"))
        await one.drive.settle_due()
    assert list(one.drive._placed) == ["w2", "w3"]
    await one.move("a", "d/a")
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {"d/a": b"a"}
    assert list(one.drive._placed) == ["w3", "w"]


async def test_random_trees_from_two_processes(one: Process, two: Process) -> None:
    rng = random.Random(7)
    names = ["a", "b", "c", "a/b", "b/a", "a/b/c", "c/c", "b/b/b"]
    processes = [one, two]
    for _ in range(6):
        for _ in range(8):
            process = rng.choice(processes)
            path, target = rng.sample(names, 2)
            try:
                match rng.choice(["write", "write", "move", "move", "delete"]):
                    case "write":
                        await process.write(path, rng.choice([b"text", b"more\r\ntext", PNG]) * rng.randrange(3))
                    case "move":
                        await process.move(path, target)
                    case "delete":
                        await process.files.delete("w", path, ANN)
            except (ValueError, LookupError):
                continue
        await asyncio.gather(one.drive.settle_due(), two.drive.settle_due())
        assert await on_drive(one.storage) == await one.expected()
