"""Objects that nothing refers to go, a day later; nothing else ever does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collab.documents.orphans import remove_orphans
from collab.documents.records import blob_key
from collab.durable.entries import LARGEST_RECORD
from collab.files.files import Files
from collab.replicas.edits import TextEdit
from collab.rooms.rooms import Rooms
from storage import Storage

ANN = "user:ann"
W = "w"


@pytest.fixture
def at_any_age(monkeypatch: pytest.MonkeyPatch) -> None:
    # Less than nothing, as some stores keep whole seconds.
    for module in ("collab.documents.orphans", "collab.documents.contents"):
        monkeypatch.setattr(f"{module}.AGE", timedelta(seconds=-10))


async def keys(storage: Storage, folder: str) -> set[str]:
    return {info.key async for info in storage.objects.list(folder)}


async def whole(files: Files, path: str) -> bytes:
    return await (await files.read(W, path)).plain.bytes()


async def all_kinds(storage: Storage, files: Files, rooms: Rooms) -> set[str]:
    """Something of every kind that is referred to, and one of each that is not; returns those."""
    large = "x" * (LARGEST_RECORD + 1)
    await files.write(W, "binary", b"\0old", ANN)
    [old] = await keys(storage, "blobs")
    await files.write(W, "binary", b"\0new", ANN)
    await files.write(W, "folded", b"folded", ANN)
    await rooms.snapshots.compact((await files.entry(W, "folded")).id)
    await files.write(W, "large", large.encode(), ANN)
    document = (await files.entry(W, "large")).id
    orphans = {
        old,
        f"snapshots/{document}/{'0' * 64}.{'1' * 16}",
        f"log/{document}/p.1.{'0' * 64}",
        f"log/{'f' * 32}/p.1",
    }
    for key in orphans - {old}:
        await storage.objects.put(key, b"left by a crash")
    return orphans


@pytest.mark.usefixtures("at_any_age")
async def test_what_nothing_refers_to_goes_and_nothing_else(storage: Storage, files: Files, rooms: Rooms) -> None:
    orphans = await all_kinds(storage, files, rooms)
    before = await keys(storage, "")
    assert await remove_orphans(storage) == len(orphans)
    assert await keys(storage, "") == before - orphans
    assert await remove_orphans(storage) == 0
    assert await whole(files, "binary") == b"\0new"
    assert await whole(files, "folded") == b"folded"
    assert len(await whole(files, "large")) == LARGEST_RECORD + 1


async def test_nothing_goes_on_its_first_day(storage: Storage, files: Files, rooms: Rooms) -> None:
    await all_kinds(storage, files, rooms)
    before = await keys(storage, "")
    assert await remove_orphans(storage) == 0
    assert await keys(storage, "") == before


@pytest.mark.usefixtures("at_any_age")
async def test_the_trash_is_kept(storage: Storage, files: Files) -> None:
    await files.write(W, "binary", b"\0", ANN)
    await files.delete(W, "binary", ANN)
    assert await remove_orphans(storage) == 0


@pytest.mark.usefixtures("at_any_age")
@pytest.mark.parametrize("step", ["insert", "set_content"])
async def test_content_that_goes_while_a_record_comes_to_refer_to_it_is_stored_again(
    storage: Storage, files: Files, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    if step == "set_content":
        await files.write(W, "binary", b"\0other", ANN)
    documents = files.contents.documents
    refer = getattr(documents, step)

    async def swept_just_before(*arguments: object) -> None:
        await remove_orphans(storage)
        await refer(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(documents, step, swept_just_before)
        await files.write(W, "binary", b"\0content", ANN)
    await remove_orphans(storage)
    assert await whole(files, "binary") == b"\0content"


async def test_content_found_old_is_made_young_again(
    storage: Storage, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    await files.write(W, "one", b"\0same", ANN)
    stored: list[str] = []
    put = storage.objects.put

    async def noted(key: str, data: bytes) -> None:
        stored.append(key)
        await put(key, data)

    monkeypatch.setattr(storage.objects, "put", noted)
    await files.write(W, "two", b"\0same", ANN)
    assert stored == []
    monkeypatch.setattr("collab.documents.contents.AGE", timedelta(seconds=-10))
    await files.write(W, "three", b"\0same", ANN)
    assert set(stored) == await keys(storage, "blobs")


@pytest.mark.usefixtures("at_any_age")
async def test_what_is_put_again_after_it_was_listed_stays(
    storage: Storage, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = blob_key(W, "0" * 64)
    await storage.objects.put(key, b"\0")
    head = storage.objects.head

    async def young_by_now(asked: str) -> object:
        monkeypatch.setattr("collab.documents.orphans.AGE", timedelta(days=1))
        return await head(asked)

    monkeypatch.setattr(storage.objects, "head", young_by_now)
    assert await remove_orphans(storage) == 0


@pytest.mark.usefixtures("at_any_age")
async def test_an_open_document_goes_on_while_its_folded_entries_are_swept(
    storage: Storage, files: Files, rooms: Rooms
) -> None:
    await files.write(W, "text", b"text", ANN)
    async with rooms.open((await files.entry(W, "text")).id) as room:
        for number in range(5):
            room.edit([TextEdit(0, 0, f"{number} ")], ANN)
            await room.durable()
            await rooms.snapshots.compact(room.document)
            await remove_orphans(storage)
        loaded = await rooms.snapshots.load(room.document)
        assert str(loaded.replica.text) == room.text == "4 3 2 1 0 text"
