"""One pass over a workspace's drive: some documents' plain files are written, moved or removed.

The drive is derived and can always be written again, as long as a document can be read. So the rules are:

* A file on the drive that its document's record claims (path and hash) is that document's last good copy. It is only
  ever replaced by the same document's newer text, or given up after the document has been read and is about to be
  written elsewhere. A document that cannot be read keeps its file, also against others that want its path.
* Before a file is written at a new path, the record names that path among `leftovers`; before a file is removed or its
  path goes to somebody else, the record lets go of it. So after a crash between any two steps each record claims only
  what is there, and whatever else may be there is named by some record, to be removed by the next pass.
* All of it happens under the lease ``drive:<workspace>``, which is looked at before each step that writes.

A text gets its automatic version here, and everybody hears of it, before its record says that it has settled: after a
crash in between it settles again. So with a file that is removed.

A pass costs what changes: a file that moved is copied on the store, and a document whose text is what the file holds
already costs one look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import structlog

from collab.documents.announcements import Incomplete, News, Removed, Settled
from collab.documents.contents import Contents, Plain, batches
from collab.documents.records import DriveState, FileRecord, blob_key, drive_key, now
from collab.drive.moves import Moves
from collab.durable.snapshots import ContentLost
from collab.faults import is_panic
from collab.history.history import History
from collab.refusals import RoomClosed
from collab.rooms.present import Present
from collab.tree.rule import Node
from storage.errors import STORAGE_AWAY
from storage.leases import Lease, LeaseUnavailable
from storage.objects import ObjectNotFound, ObjectStore

T = TypeVar("T")

log = structlog.get_logger(__name__)

PARALLEL = 8
"""Files that are written at a time."""

FILES_PER_TURN = 1000
"""How many files are looked at before others have their turn on the loop: some 5 ms."""

_IN_THE_WAY = (FileExistsError, NotADirectoryError, IsADirectoryError)


@dataclass(slots=True)
class _File:
    record: FileRecord
    state: DriveState
    path: str | None
    """Where it belongs; None: nowhere, it is in the trash."""
    look: bool
    """Whether the content is looked at; otherwise the file on the drive is taken to be right, and moved."""
    seen_at: datetime
    """Before its text was read."""
    plain: Plain | None = None
    """What its file is to be, once it was read."""
    present: Present | None = None
    """The text that was written, until it has its version."""

    @property
    def stands(self) -> bool:
        return self.state.path == self.path


class Settling:
    """One pass. Make a new one for each.

    ``nodes`` are those of one legal tree, which must not change during the pass.
    """

    def __init__(
        self,
        objects: ObjectStore,
        contents: Contents,
        history: History,
        workspace: str,
        nodes: Mapping[str, Node],
        lease: Lease,
        announce: Callable[[str, News], Awaitable[None]],
        busy: Collection[str] = (),
    ) -> None:
        """``busy``: documents that settle although they are still being written."""
        self._objects = objects
        self._contents = contents
        self._history = history
        self._documents = contents.documents
        self._workspace = workspace
        self._nodes = nodes
        self._lease = lease
        self._announce = announce
        self._busy = busy
        self._files: dict[str, _File] = {}
        self._failed: set[str] = set()

    async def run(self, dirty: Collection[str], moved: Collection[str]) -> set[str]:
        """Bring the files of ``dirty`` and ``moved`` documents up to date.

        Returns those that could not be brought where they belong, and keep what they have.

        Raises:
            LeaseUnavailable: the lease was lost; do it again.
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError, OSError: storage is away; do it again.
        """
        await self._gather(dirty, moved)
        await self._remove_leftovers()
        # In threads, which let others go on every few milliseconds: after an import there are thousands of them.
        moves = await asyncio.to_thread(Moves, {key: (file.state.path, file.path) for key, file in self._files.items()})
        while moves.waiting:
            ready = await asyncio.to_thread(moves.ready)
            for batch in batches(self._files[key].record for key in ready):
                arrived = await self._bring([self._files[record.id] for record in batch])
                for record in batch:
                    (moves.arrived if record.id in arrived else moves.stays)(record.id)
            if not ready:
                key = moves.to_lift()
                if key is None:
                    break
                await self._lift(self._files[key])
                (moves.stays if key in self._failed else moves.lifted)(key)
        await self._put_back(moves.waiting)
        return self._failed

    async def _gather(self, dirty: Collection[str], moved: Collection[str]) -> None:
        wanted = {*dirty, *moved}
        while wanted:
            records = await self._documents.find_all(wanted)
            for number, record in enumerate(records.values()):
                if number % FILES_PER_TURN == 0:
                    await asyncio.sleep(0)
                if record.workspace == self._workspace:
                    self._files[record.id] = self._file(record, record.id in dirty)
            # Whoever claims the place of one of these has moved away as well, in a pass that did not end.
            places = [file.path for key in wanted if (file := self._files.get(key)) and file.path and not file.stands]
            claims = await self._documents.claims(self._workspace, places)
            wanted = set(claims.values()) - self._files.keys()

    def _file(self, record: FileRecord, dirty: bool) -> _File:
        node = self._nodes.get(record.id)
        path = node.path if node and node.kind != "folder" else None
        # Where the drive has nothing to copy from, and where looking is free, the content is looked at anyway.
        look = dirty or record.drive.hash is None or record.kind == "binary"
        return _File(record, record.drive, path, look, now())

    async def _remove_leftovers(self) -> None:
        having = [file for file in self._files.values() if file.state.leftovers]
        leftovers = {path for file in having for path in file.state.leftovers}
        if leftovers:
            await self._delete(leftovers - (await self._documents.claims(self._workspace, leftovers)).keys())
            await self._store((file, replace(file.state, leftovers=())) for file in having)

    async def _bring(self, batch: Sequence[_File]) -> set[str]:
        """Bring files to places that are free; returns the ids of those that are there now."""
        for file in batch:
            if file.path is None and (old := file.state.path) is not None:
                await self._announce(self._workspace, Removed(file.record.id, old))
        await self._store((file, _intent(file)) for file in batch if not file.stands)
        for file in batch:
            file.seen_at = now()
        texts = [file.record for file in batch if file.look and file.path and file.record.kind == "text"]
        incomplete: dict[str, Present] = {}
        async for record, plain in self._contents.read_many(texts):
            if plain.present is None or plain.present.whole:
                self._files[record.id].plain = plain
            else:
                incomplete[record.id] = plain.present
        gate = asyncio.Semaphore(PARALLEL)
        states = await _all(self._write(file, gate) for file in batch)
        arrived = [(file, state) for file, state in zip(batch, states, strict=True) if state is not None]
        self._failed.update(file.record.id for file, state in zip(batch, states, strict=True) if state is None)
        present = {file.record.id: file.present for file, _ in arrived if file.present is not None}
        # Versions go on where the drive cannot: what people write meanwhile must not be in the log alone, which has
        # just turned out not to be readable to the end.
        await self._make_versions(present | incomplete)
        for document in incomplete:
            if (path := self._files[document].path) is not None:
                await self._announce(self._workspace, Incomplete(document, path))
        for file, state in arrived:
            file.present = None
            before = file.record.drive
            if state.path and state.hash and (state.path, state.hash) != (before.path, before.hash):
                named = (file.record.id, state.path, state.size, state.hash)
                await self._announce(self._workspace, Settled(*named, self._contents.is_open(file.record.id)))
        await self._store(arrived)
        left = [file for file, _ in arrived if file.state.leftovers]
        await self._delete({path for file in left for path in file.state.leftovers})
        await self._store((file, replace(file.state, leftovers=())) for file in left)
        return {file.record.id for file, _ in arrived}

    async def _make_versions(self, texts: Mapping[str, Present]) -> None:
        if texts:
            self._check_lease()
            try:
                await self._history.settled(self._workspace, texts, self._busy)
            except BaseException as error:
                # Whatever is wrong there must not hold up the drive.
                if not _is_about_the_document(error):
                    raise
                log.exception("texts have settled without a version", documents=len(texts))

    async def _write(self, file: _File, gate: asyncio.Semaphore) -> DriveState | None:
        """Write a file to its place; returns what its record may then claim, None when it could not be written."""
        if file.path is None:
            return file.state
        async with gate:
            try:
                written = await (self._put(file, file.path) if file.look else self._copy(file, file.path))
            except _IN_THE_WAY as error:
                log.warning("something on the drive is in the way", document=file.record.id, error=str(error))
                return None
            except RoomClosed:
                # It is about to go on under a new id, which settles by itself, or to be opened anew.
                log.info("a document is closed, and settles later", document=file.record.id)
                return None
            except BaseException as error:
                # Whatever is wrong with this document must neither hold up the others nor touch its own file.
                if not _is_about_the_document(error):
                    raise
                log.exception("a document could not be settled", document=file.record.id)
                return None
        old = file.state.path
        return replace(written, path=file.path, leftovers=(old,) if old is not None and old != file.path else ())

    async def _copy(self, file: _File, path: str) -> DriveState:
        if not file.stands and file.state.path is not None:
            self._check_lease()
            try:
                await self._objects.copy(self._key(file.state.path), self._key(path))
            except ObjectNotFound:  # somebody removed it from the drive
                return await self._put(file, path)
        return file.state

    async def _put(self, file: _File, path: str) -> DriveState:
        record = file.record
        if record.kind == "binary":
            assert record.blob is not None
            if not (path == file.state.path and file.state.hash == record.blob):
                self._check_lease()
                await self._objects.copy(blob_key(self._workspace, record.blob), self._key(path))
            return DriveState(hash=record.blob, size=record.size, seen_at=file.seen_at)
        plain = file.plain or await self._read(record)
        if not (path == file.state.path and file.state.hash == plain.hash):
            raw = await plain.bytes()
            self._check_lease()
            await self._objects.put(self._key(path), raw)
        file.present, file.plain = plain.present, None
        return DriveState(hash=plain.hash, size=plain.size, seen_at=file.seen_at)

    async def _read(self, record: FileRecord) -> Plain:
        plain = await self._contents.read(record)
        if plain.present is not None and not plain.present.whole:
            raise ContentIncomplete(record.id)
        return plain

    # ---- rings

    async def _lift(self, file: _File) -> None:
        """Free the old path of a file of a ring. A document that cannot be read is not touched: it fails."""
        record, old = file.record, file.state.path
        assert old is not None
        try:
            if record.kind == "text":
                file.plain = await self._read(record)
            elif await self._objects.head(blob_key(self._workspace, record.blob or "")) is None:
                raise ObjectNotFound(record.blob)
        except BaseException as error:
            if not _is_about_the_document(error):
                raise
            log.exception("a document could not be settled", document=record.id)
            self._failed.add(record.id)
            return
        file.look = True
        await self._store([(file, DriveState(leftovers=(old,)))])
        await self._delete([old])

    async def _put_back(self, waiting: Iterable[str]) -> None:
        """Return lifted files that somebody's failure has kept from their new places, if they still can."""
        for key in waiting:
            file = self._files[key]
            self._failed.add(key)
            old = file.record.drive.path
            if not file.state.path and old and not await self._documents.claims(self._workspace, [old]):
                file.path = old
                await self._bring([file])

    # ---- steps

    def _key(self, path: str) -> str:
        return drive_key(self._workspace, path)

    def _check_lease(self) -> None:
        if not self._lease.valid:
            raise LeaseUnavailable(self._lease.name)

    async def _delete(self, paths: Iterable[str]) -> None:
        self._check_lease()
        await _all(self._objects.delete(self._key(path)) for path in paths)

    async def _store(self, states: Iterable[tuple[_File, DriveState]]) -> None:
        """Write what the records claim from now on, in one command."""
        changes = [(file, state) for file, state in states if state != file.state]
        if changes:
            self._check_lease()
            await self._documents.set_drive([(file.record, state) for file, state in changes])
        for file, state in changes:
            file.state = state


def _intent(file: _File) -> DriveState:
    """What the record says before the file is written or removed."""
    if file.path is None:
        return DriveState(leftovers=(file.state.path,)) if file.state.path else file.state
    return replace(file.state, leftovers=(*file.state.leftovers, file.path))


class ContentIncomplete(Exception):
    """Something of a document's log cannot be taken: its plain file, perhaps the only good copy, stays as it is."""


def _is_about_the_document(error: BaseException) -> bool:
    # Content that is lost is an OSError, as if its store were away; but the store answers, and only this is not there.
    return (
        is_panic(error)
        or isinstance(error, ContentLost)
        or (isinstance(error, Exception) and not isinstance(error, (*STORAGE_AWAY, LeaseUnavailable)))
    )


async def _all(work: Iterable[Awaitable[T]]) -> list[T]:
    """As gather, but nothing of it goes on when it raises: a late write would come after the lease."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results  # type: ignore[return-value]
