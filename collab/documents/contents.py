"""Contents of files, apart from where the tree places them: shared texts, and binary objects named by their hash.

Text is the shared document itself: storing one over another is a minimal edit of the live document, reading one gives
its present text. Binary content lies in the object store under its hash, and the record points to it.

New content is stored first, then its record; the node that shows it comes last and elsewhere (`collab.files.files`). A
crash between two steps leaves content or a record that nothing shows.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from collab.documents.lineends import in_portions
from collab.documents.orphans import AGE
from collab.documents.records import Documents, FileKind, FileRecord, blob_key, now
from collab.documents.textfile import TextFormat, decode, encode
from collab.durable.snapshots import DocumentNotFound
from collab.faults import is_panic
from collab.limits import Limits
from collab.replicas.edits import fresh_client_id, replacing_updates
from collab.rooms.present import Present, present_of, presents_of
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from storage import Storage
from storage.leases import Lease, LeaseUnavailable

LARGE = 256 * 1024
"""Bytes from which looking at a file is left to a thread."""

MIXED = 4 * 1024
"""The same, where line ends may be mixed: each line is looked at several times, which takes 3 µs for each byte."""

CHUNK = 1024 * 1024

PARALLEL_PUTS = 8

REWRITING = 15.0
"""Seconds after which a text may be rewritten although whoever did has died; it is waited for a little longer."""

Expectation = Callable[[str | None], None]
"""Is told the SHA-256 (hex) of the plain file that a change finds, None where there is none, and raises what is to keep
the change from being made. Nobody else rewrites or deletes that file by such a change in between."""

READ_FILES, READ_BYTES = 100, 4 * 1024 * 1024
"""How much is read at a time."""


class FileTooLarge(ValueError):
    """The file has more bytes than the limit; nothing has changed."""


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file on their way in."""

    kind: FileKind
    raw: bytes
    hash: str
    """SHA-256 of `raw`, hex."""
    text: str
    """The shared text; "" for a binary file."""
    format: TextFormat
    too_large_to_share: bool = False
    """Whether it might be a text but for its size. No text that is there becomes that: people who have it open would go
    on in one that is in the trash."""

    @classmethod
    def shared(cls, text: str, format: TextFormat) -> Content:
        """A shared text that there is already."""
        raw, digest = _encode(text, format)
        return cls("text", raw, digest, text, format)

    @classmethod
    async def of(cls, raw: bytes, limits: Limits) -> Content:
        """Find out what ``raw`` is. Text beyond the limit of a text document is a binary file.

        Raises:
            FileTooLarge
        """
        if len(raw) > limits.binary_file:
            raise FileTooLarge(f"The file has {len(raw)} bytes; {limits.binary_file} are allowed.")
        if not at_length(raw):
            return cls._of(raw, limits.text_document)
        return await asyncio.to_thread(cls._of, raw, limits.text_document)

    @classmethod
    def _of(cls, raw: bytes, max_text: int) -> Content:
        digest = hashlib.sha256(raw).hexdigest()
        decoded = decode(raw, max_text)
        if decoded is not None:
            return cls("text", raw, digest, *decoded)
        outgrown = len(raw) > max_text and not any(0 in portion for portion in in_portions(raw))
        return cls("binary", raw, digest, "", TextFormat(), outgrown)

    @property
    def blob(self) -> str | None:
        return self.hash if self.kind == "binary" else None


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain file as it goes out."""

    size: int
    hash: str
    """SHA-256, hex."""
    body: AsyncIterator[bytes]
    """To be read once."""
    part: Callable[[int, int], AsyncIterator[bytes]] | None = None
    """Of a binary file: its bytes from one place up to another."""
    present: Present | None = None
    """The shared text that it was made of; None for a binary file."""

    async def bytes(self) -> bytes:
        return b"".join([chunk async for chunk in self.body])


class Contents:
    def __init__(self, storage: Storage, rooms: Rooms) -> None:
        self._objects = storage.objects
        self._leases = storage.leases
        self._rooms = rooms
        self._changed: list[Callable[[str, str], None]] = []
        self._created: list[Callable[[str, Mapping[str, str]], None]] = []
        self._discarded: list[Callable[[Collection[str]], None]] = []
        self.documents = Documents(storage.db)

    def on_change(self, callback: Callable[[str, str], None]) -> None:
        """Call ``callback(workspace, document)`` after content was stored that no room has logged."""
        self._changed.append(callback)

    def on_create(self, callback: Callable[[str, Mapping[str, str]], None]) -> None:
        """Call ``callback(workspace, texts)``, by document, after texts were made that are shown nowhere yet."""
        self._created.append(callback)

    def on_discard(self, callback: Callable[[Collection[str]], None]) -> None:
        """Call ``callback(documents)`` when what was made is taken back."""
        self._discarded.append(callback)

    def announce(self, workspace: str, document: str) -> None:
        for callback in self._changed:
            callback(workspace, document)

    def is_open(self, document: str) -> bool:
        """Whether somebody is connected to it here."""
        return self._rooms.visited(document)

    async def create(self, workspace: str, contents: Sequence[Content], author: str | None) -> list[FileRecord]:
        """New documents that hold ``contents``, in their order; durable on return, shown nowhere yet.

        ``author`` None: it was written by many, of whom nothing is known any more.

        Raises:
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError, OSError: storage is away.
        """
        gate = asyncio.Semaphore(PARALLEL_PUTS)
        binary = {content.hash: content for content in contents if content.kind == "binary"}.values()
        await asyncio.gather(*(self._store_blob(workspace, content, gate) for content in binary))
        records = [
            FileRecord.new(workspace, content.kind, len(content.raw), format=content.format, blob=content.blob)
            for content in contents
        ]
        await self.documents.insert(records)
        await asyncio.gather(*(self._store_blob(workspace, content, gate) for content in binary))
        texts = [(record.id, content.text, author) for record, content in zip(records, contents, strict=True)]
        await self._rooms.create(texts)
        made = {
            record.id: content.text for record, content in zip(records, contents, strict=True) if content.kind == "text"
        }
        for callback in self._created:
            callback(workspace, made)
        return records

    async def _store_blob(self, workspace: str, content: Content, gate: asyncio.Semaphore) -> None:
        """Once before the record refers to it, and once after that: see `collab.documents.orphans`."""
        key = blob_key(workspace, content.hash)
        async with gate:
            there = await self._objects.head(key)
            if there is None or now() - there.modified > AGE / 2:
                await self._objects.put(key, content.raw)

    async def overwrite(
        self, record: FileRecord, content: Content, author: str, lease: Lease, expects: Expectation | None = None
    ) -> bool:
        """Make ``content`` the content of a document of its kind, of which the caller holds `alone`. Durable on return;
        False when it was that already.

        Raises:
            DocumentNotFound, DocumentGone: the document is no more.
            LeaseUnavailable: the lease was lost meanwhile; nothing has changed.
            Whatever ``expects`` raises; nothing has changed.
            As `create`.
        """
        if content.kind == "binary":
            changed = await self._overwrite_binary(record.id, content, lease, expects)
        else:
            changed = await self._overwrite_text(record.id, content, author, lease, expects)
        if changed:
            self.announce(record.workspace, record.id)
        return changed

    async def _overwrite_binary(
        self, document: str, content: Content, lease: Lease, expects: Expectation | None
    ) -> bool:
        present = await self._record(document)
        if expects is not None:
            expects(present.blob)
        if present.blob == content.hash:
            return False
        await self._store_blob(present.workspace, content, asyncio.Semaphore())
        check(lease)
        await self._set(present, content)
        await self._store_blob(present.workspace, content, asyncio.Semaphore())
        return True

    async def _overwrite_text(
        self, document: str, content: Content, author: str, lease: Lease, expects: Expectation | None
    ) -> bool:
        async with self._whole(document) as room:
            present = await self._record(document)
            await room.copyable()
            # Of one moment: what is expected is what the edit is worked out from.
            whole, text = room.encode_whole(), room.text
            if expects is not None:
                expects((await _encoded(text, present.format))[1])
            updates, growth = await self.replacing(whole, content.text, room.state)
            check(lease)
            await self.carry_out(room, updates, growth, author)
            changed = bool(updates) or present.format != content.format
            if changed:
                await self._set(present, content)
            return changed

    async def _record(self, document: str) -> FileRecord:
        """As it is now: another writing may have ended a moment ago, in another format."""
        if (present := await self.documents.find(document)) is None:
            raise DocumentNotFound(document)
        return present

    async def _set(self, record: FileRecord, content: Content) -> None:
        size, blob = len(content.raw), content.blob
        await self.documents.set_content(replace(record, format=content.format, blob=blob, size=size, updated_at=now()))

    def alone(self, document: str) -> AbstractAsyncContextManager[Lease]:
        """Sole right to rewrite a file, of all who look first what is in it: who works out an edit from what the whole
        text should become, and who expects something of it. Two of them at once would each put in what one should: the
        same bytes twice.

        People type meanwhile, unasked: the documents merge that.

        Raises:
            LeaseUnavailable: somebody else rewrites it for too long.
        """
        return self._leases.hold(f"rewriting:{document}", REWRITING, wait=REWRITING + 5)

    @asynccontextmanager
    async def rewriting(self, document: str) -> AsyncIterator[Room]:
        """As `alone`, of a text; its room, with all that the log has.

        Raises:
            As `alone`, and as `collab.rooms.rooms.Rooms.open`.
        """
        async with self.alone(document), self._whole(document) as room:
            yield room

    @asynccontextmanager
    async def _whole(self, document: str) -> AsyncIterator[Room]:
        async with self._rooms.open(document) as room:
            await self._rooms.catch_up(room)
            await room.complete()
            yield room

    async def replace(self, room: Room, content: bytes, text: str, author: str) -> Sequence[bytes]:
        """Turn what ``content``, an update of all that the room held, says into ``text`` by a minimal edit.

        What others have written since stays. Durable on return. Returns the updates of the edit, none when the text was
        that already.

        Raises:
            DocumentTooLarge: nothing has changed.
            Overloaded, RoomClosed: some of it may have.
        """
        updates, growth = await self.replacing(content, text, room.state)
        await self.carry_out(room, updates, growth, author)
        return updates

    async def replacing(self, content: bytes, text: str, taken: Container[int]) -> tuple[Sequence[bytes], int]:
        """The edit of `replace`, not carried out: its updates, under a client id that is none of ``taken``, and by how
        many bytes the text becomes longer.
        """
        size = max(len(content), len(text))
        made = await self._rooms.aside.run(size, replacing_updates, content, text, fresh_client_id(taken))
        return made if made is not None else ((), 0)

    async def carry_out(self, room: Room, updates: Sequence[bytes], growth: int, author: str) -> None:
        """Durable on return. Raises as `replace`."""
        if updates:
            await room.apply_in_turns(updates, author, growth=growth)
        # Also without an edit: that there was none to make may rest on text which is not logged yet.
        await room.durable()

    async def discard(self, documents: Sequence[str]) -> None:
        """Take back what `create` made, as long as nothing shows it. Blobs stay: others may point to them."""
        for callback in self._discarded:
            callback(documents)
        await self.documents.delete(documents)
        for document in documents:
            await self._rooms.updates.delete(await self._rooms.updates.read(document))

    async def read_many(self, records: Iterable[FileRecord]) -> AsyncIterator[tuple[FileRecord, Plain]]:
        """As `read` for many, a few megabytes at a time. What cannot be had is left out: `read` says why."""
        for batch in batches(records):
            texts = await self.presents([record.id for record in batch if record.kind == "text"])
            for record in batch:
                if record.kind == "binary":
                    yield record, await self.read(record)
                elif record.id in texts:
                    yield record, await _plain(texts.pop(record.id), record)

    async def presents(self, documents: Sequence[str]) -> dict[str, Present]:
        """As `collab.rooms.present.presents_of`, also where one of them is too much for the CRDT library."""
        try:
            return await presents_of(self._rooms, documents)
        except BaseException as error:
            if not is_panic(error):
                raise
        # One of them is too much for the CRDT library. Whoever asks for it alone hears of it.
        return {}

    async def read(self, record: FileRecord) -> Plain:
        """The plain file of a document as it is now.

        Raises:
            DocumentNotFound, DocumentGone: the document is no more.
            As `create`.
        """
        if record.kind == "binary":
            assert record.blob is not None
            bytes_of_blob = partial(self._objects.stream, blob_key(record.workspace, record.blob))
            return Plain(record.size, record.blob, bytes_of_blob(), bytes_of_blob)
        return await _plain(await present_of(self._rooms, record.id), record)


async def _plain(present: Present, record: FileRecord) -> Plain:
    raw, digest = await _encoded(present.text, record.format)
    return Plain(len(raw), digest, _in_chunks(raw), present=present)


async def _encoded(text: str, format: TextFormat) -> tuple[bytes, str]:
    """The plain file of a text, and its SHA-256, hex."""
    if len(text) < (MIXED if format.line_ends.exceptions else LARGE):
        return _encode(text, format)
    return await asyncio.to_thread(_encode, text, format)


def _encode(text: str, format: TextFormat) -> tuple[bytes, str]:
    raw = encode(text, format)
    return raw, hashlib.sha256(raw).hexdigest()


def at_length(raw: bytes) -> bool:
    """Whether looking at a file takes more than a few milliseconds, and is left to a thread."""
    return len(raw) >= LARGE or (len(raw) >= MIXED and b"\r" in raw)


def check(lease: Lease) -> None:
    """Right before something is written that only one may write. Raises LeaseUnavailable."""
    if not lease.valid:
        raise LeaseUnavailable(lease.name)


def batches(records: Iterable[FileRecord]) -> Iterator[list[FileRecord]]:
    """Few enough to have all their contents in memory at once."""
    batch: list[FileRecord] = []
    size = 0
    for record in records:
        if len(batch) >= READ_FILES or size >= READ_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += record.size
    if batch:
        yield batch


async def _in_chunks(raw: bytes) -> AsyncIterator[bytes]:
    # A socket copies what it cannot take at once.
    for at in range(0, len(raw), CHUNK):
        yield raw[at : at + CHUNK]
