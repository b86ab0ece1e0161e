"""What the tests of files share: a server process' part in them, and what lies on the drive."""

from __future__ import annotations

from collab.documents.records import drive_folder
from collab.drive.drive import Drive
from collab.files.files import Files
from collab.replicas.edits import TextEdit
from collab.rooms.rooms import Rooms
from storage import Storage

ANN = "user:ann"


class Process:
    """What one server process has of the files."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.rooms = Rooms(storage)
        self.files = Files(storage, self.rooms)
        self.drive = Drive(storage, self.rooms, self.files)

    async def begin(self) -> None:
        """The first on its storage makes the workspace `w`."""
        await self.rooms.ensure_indexes()
        await self.files.ensure_indexes()
        await self.files.create_workspace("w")

    async def close(self) -> None:
        await self.files.renewal.close()
        await self.rooms.close()

    async def write(self, path: str, raw: bytes) -> str:
        return (await self.files.write("w", path, raw, ANN)).id

    async def move(self, source: str, target: str) -> None:
        await self.files.move("w", source, target, ANN)

    async def type(self, document: str, text: str) -> None:
        async with self.rooms.open(document) as room:
            room.edit([TextEdit(0, 0, text)], ANN)
            await room.durable()

    async def expected(self) -> dict[str, bytes]:
        entries = [entry for entry in await self.files.list("w") if entry.kind != "folder"]
        return {entry.path: await (await self.files.read("w", entry.path)).plain.bytes() for entry in entries}


async def on_drive(storage: Storage) -> dict[str, bytes]:
    folder = drive_folder("w")
    keys = [info.key async for info in storage.objects.list(folder)]
    return {key.removeprefix(folder): await storage.objects.get(key) for key in keys}
