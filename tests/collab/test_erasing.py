"""A deleted workspace leaves nothing behind, and takes nothing of others along."""

from __future__ import annotations

import pytest

from collab.drive.drive import Drive
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.files.files import Files
from collab.replicas.edits import TextEdit
from collab.rooms.rooms import Rooms
from storage import Storage
from tests.collab.rooms_helpers import Client

ANN = "user:ann"


async def kept(storage: Storage, workspace: str) -> tuple[int, int, int]:
    """Documents, log entries and objects of a workspace."""
    ids = [record["_id"] async for record in storage.db["documents"].find({"workspace": workspace})]
    entries = await storage.db["updates"].count_documents({"document": {"$in": ids}})
    objects = [
        info.key async for info in storage.objects.list("") if any(part in info.key for part in [workspace, *ids])
    ]
    return len(ids), entries, len(objects)


async def test_nothing_is_left(storage: Storage, rooms: Rooms) -> None:
    files = Files(storage, rooms)
    drive = Drive(storage, rooms, files)
    await files.ensure_indexes()
    for workspace in ("going", "staying"):
        await files.create_workspace(workspace)
        await files.write(workspace, "a/text", b"text", ANN)
        await files.write(workspace, "large", b"l\xc3\xa4rge" * 1_600_000, ANN)
        await files.write(workspace, "binary", b"\x00", ANN)
    document = (await files.entry("going", "a/text")).id
    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 0, "more ")], ANN)
        await room.durable()
    await rooms.snapshots.compact(document)
    await drive.settle_due()
    before = await kept(storage, "staying")
    assert (await kept(storage, "going"))[0] == before[0] == 4
    async with rooms.open(document) as room:
        client = Client()
        client.join(room)
        await files.erase_workspace("going")
        assert client.closed is not None
        assert client.closed[0] == 4410
    assert await kept(storage, "going") == (0, 0, 0)
    assert [info.key async for info in storage.objects.list("") if "going" in info.key] == []
    assert await kept(storage, "staying") == before
    with pytest.raises((DocumentNotFound, DocumentGone)):
        await files.write("going", "new", b"", ANN)
    await files.erase_workspace("going")
    drive.touch("going", document)
    await drive.settle_due()
    assert await kept(storage, "going") == (0, 0, 0)
