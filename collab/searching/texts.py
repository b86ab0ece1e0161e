"""The texts that searching keeps in memory, and what makes sure that they are not old.

A text that is open here is looked at where it is typed. One that this process has logged something of is read again,
and so is one that settled anywhere: the event of that comes through the database, so that none is missed. What people
type at another process is therefore found once its plain file is written, two seconds after they pause.

While somebody is in a workspace its texts are read before anybody searches: two thousand files take most of a second,
which whoever searches first after a start, or after an import, would wait for. That goes in small groups with pauses,
it forgets no other workspace's texts, and it leaves out what people are just typing in. What this process has just made
for such a workspace need not be read: of an import of 18,000 files that took half a minute.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import structlog
from pymongo.errors import PyMongoError

from collab.documents.announcements import SETTLED
from collab.documents.contents import LARGE, Contents, at_length
from collab.documents.records import FileRecord, drive_key, tree_id
from collab.documents.textfile import decode
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.rooms.rooms import Rooms
from collab.searching.finding import Text
from collab.tree.trees import Trees
from storage import Storage
from storage.errors import STORAGE_AWAY
from storage.events import Event
from storage.objects import ObjectNotFound
from storage.waiting import end

log = structlog.get_logger(__name__)

MEMORY = 256 * 1024 * 1024
"""Bytes of texts that a process keeps. A workspace that has more is searched whole all the same, only more slowly."""

KEEP = 600.0
"""Seconds that the texts of a workspace are kept after it was last searched, and after the last person left."""

PARALLEL = 16
"""Plain files that are read at a time."""

BUILT = 20
"""Texts that are built from log and snapshot at a time: some 10 ms."""

AHEAD = 50
"""Texts that are read at a time while nobody waits for them."""

AHEAD_SHARE = 0.5
"""Of the time, for reading them."""

SOON = 1.0
"""Seconds until what has changed is read again: an import, or a script that writes file after file, is not chased."""

LATE = timedelta(seconds=1)
"""How far clocks of processes may differ, and how long a write to the log may take, without a text being found old."""


@dataclass(slots=True)
class _Kept:
    """The texts of one workspace."""

    following: asyncio.Task[None]
    forgetting: asyncio.TimerHandle | None = None
    texts: dict[str, Text] = field(default_factory=dict)
    size: int = 0
    reading: dict[str, object] = field(default_factory=dict)
    """Texts that are on their way, and who reads each. What is taken out of here has changed meanwhile and is not to be
    kept; nor is what somebody else has begun to read since, who may have seen a change that we have not."""

    made: set[str] = field(default_factory=set)
    """Of the texts, those that were put here when they were made, and are not announced yet."""

    def drop(self, document: str) -> None:
        self.reading.pop(document, None)
        self.made.discard(document)
        if (text := self.texts.pop(document, None)) is not None:
            self.size -= text.size


@dataclass(slots=True)
class _Attended:
    """A workspace that people are in."""

    reading: asyncio.Task[None]
    changed: asyncio.Event
    people: int = 0


class SearchTexts:
    """Make it on the event loop, and `close` it before storage."""

    def __init__(self, storage: Storage, rooms: Rooms, trees: Trees, contents: Contents) -> None:
        self._storage = storage
        self._rooms = rooms
        self._trees = trees
        self._contents = contents
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        """By workspace; who was looked at last comes last."""
        self._attended: dict[str, _Attended] = {}
        rooms.on_change(self._changed)
        contents.on_create(self._made)
        contents.on_discard(self._discarded)
        contents.on_change(self._announced)

    async def close(self) -> None:
        tasks = [kept.following for kept in self._kept.values()] + [one.reading for one in self._attended.values()]
        for workspace in list(self._kept):
            self._forget(workspace)
        await end(tasks)

    # ---- reading

    async def of(self, workspace: str, documents: Sequence[str], *, ahead: bool = False) -> dict[str, Text]:
        """The present texts of ``documents``, as far as they can be had, in that order.

        ``ahead``: nobody waits for them, so no others are forgotten for their sake.
        """
        kept = await self._keep(workspace)
        # Into a room that is not built nobody has typed since it was opened, and one that is being rebuilt is not to be
        # trusted: building them takes turns, and `_read` waits for that.
        typed = {
            room.document: room
            for room in self._rooms.open_rooms
            if room.kind == "text" and room.workspace == workspace and room.built and room.sound.is_set()
        }
        missing = [document for document in documents if document not in kept.texts and document not in typed]
        read = await self._read(workspace, kept, missing, ahead) if missing else {}
        texts = {}
        for document in documents:
            text = kept.texts.get(document) or read.get(document)
            if (room := typed.get(document)) is not None and (text is None or text.text != room.text):
                text = await _folded(room.text)
                if text.text == room.text:
                    self._store(kept, document, text, ahead)
            if text is not None:
                texts[document] = text
        return texts

    def drop_all_but(self, workspace: str, documents: Iterable[str]) -> None:
        """Forget texts that are not to be found any more."""
        if (kept := self._kept.get(workspace)) is not None:
            for document in kept.texts.keys() - kept.made - set(documents):
                kept.drop(document)

    async def _read(self, workspace: str, kept: _Kept, documents: Sequence[str], ahead: bool) -> dict[str, Text]:
        reader = object()
        kept.reading.update(dict.fromkeys(documents, reader))
        records = await self._contents.documents.find_all(documents)
        ours = {key: record for key, record in records.items() if record.workspace == workspace}
        written = await self._rooms.updates.latest(ours)
        gate = asyncio.Semaphore(PARALLEL)
        settled = [record for record in ours.values() if _is_on_drive(record, written.get(record.id))]
        plain = await asyncio.gather(*(self._read_plain(record, gate) for record in settled))
        texts = {record.id: text for record, text in zip(settled, plain, strict=True) if text is not None}
        others = [record.id for record in ours.values() if record.kind == "text" and record.id not in texts]
        for start in range(0, len(others), BUILT):
            for document, present in (await self._contents.presents(others[start : start + BUILT])).items():
                texts[document] = await _folded(present.text)
        for document, text in texts.items():
            if kept.reading.get(document) is reader:
                self._store(kept, document, text, ahead)
        for document in documents:
            if kept.reading.get(document) is reader:
                del kept.reading[document]
        return texts

    async def _read_plain(self, record: FileRecord, gate: asyncio.Semaphore) -> Text | None:
        """The text of the plain file; None when it is not what the record says."""
        assert record.drive.path is not None
        async with gate:
            try:
                raw = await self._storage.objects.get(drive_key(record.workspace, record.drive.path))
            except ObjectNotFound:
                return None
            text = await (asyncio.to_thread(_decoded, raw, record) if at_length(raw) else _soon(raw, record))
            return await _folded(text) if text is not None else None

    # ---- reading ahead

    @contextmanager
    def attended(self, workspace: str) -> Iterator[None]:
        """While this lasts, somebody is there: the texts are read ahead and kept."""
        attended = self._attended.get(workspace)
        if attended is None:
            changed = asyncio.Event()
            changed.set()
            reading = asyncio.create_task(self._read_ahead(workspace, changed), name=f"search reads {workspace}")
            attended = self._attended[workspace] = _Attended(reading, changed)
        attended.people += 1
        try:
            yield
        finally:
            attended.people -= 1
            if not attended.people:
                del self._attended[workspace]
                attended.reading.cancel()
                if (kept := self._kept.get(workspace)) is not None:
                    self._forget_later(workspace, kept)

    async def _read_ahead(self, workspace: str, changed: asyncio.Event) -> None:
        while True:
            await changed.wait()
            await asyncio.sleep(SOON)
            changed.clear()
            try:
                await self._read_missing(workspace)
            except STORAGE_AWAY as error:
                log.info("reading texts ahead put off", workspace=workspace, error=str(error))
                changed.set()
            except (DocumentNotFound, DocumentGone):
                return  # the workspace is being deleted, and its people are on their way out

    async def _read_missing(self, workspace: str) -> None:
        nodes = (await self._trees.read(workspace)).nodes.values()
        texts = [node.id for node in nodes if node.kind == "text"]
        kept = await self._keep(workspace)
        # What people are just typing in changes too often to be read ahead, and is in memory anyway.
        missing = [text for text in texts if text not in kept.texts and not self._rooms.visited(text)]
        for start in range(0, len(missing), AHEAD):
            if self._kept.get(workspace) is not kept:
                return  # forgotten for the sake of who searches in another
            began = time.monotonic()
            await self.of(workspace, missing[start : start + AHEAD], ahead=True)
            await asyncio.sleep((time.monotonic() - began) * (1 / AHEAD_SHARE - 1))

    # ---- what is kept

    @property
    def size(self) -> int:
        """Bytes of all texts that are kept."""
        return sum(kept.size for kept in self._kept.values())

    async def _keep(self, workspace: str) -> _Kept:
        if workspace not in self._kept:
            newest = await self._storage.events.newest(workspace)
            if workspace not in self._kept:
                following = asyncio.create_task(self._follow(workspace, newest), name=f"search follows {workspace}")
                self._kept[workspace] = _Kept(following)
        kept = self._kept[workspace]
        self._kept.move_to_end(workspace)
        self._forget_later(workspace, kept)
        return kept

    def _store(self, kept: _Kept, document: str, text: Text, ahead: bool) -> None:
        kept.drop(document)
        while self.size + text.size > MEMORY:
            oldest = next(iter(self._kept))
            if ahead or self._kept[oldest] is kept:
                return
            self._forget(oldest)
        kept.texts[document] = text
        kept.size += text.size

    def _forget_later(self, workspace: str, kept: _Kept) -> None:
        if kept.forgetting is not None:
            kept.forgetting.cancel()
        kept.forgetting = asyncio.get_running_loop().call_later(KEEP, self._forget_unless_attended, workspace)

    def _forget_unless_attended(self, workspace: str) -> None:
        if workspace not in self._attended:
            self._forget(workspace)

    def _forget(self, workspace: str) -> None:
        if (kept := self._kept.pop(workspace, None)) is not None:
            kept.following.cancel()
            if kept.forgetting is not None:
                kept.forgetting.cancel()

    def _changed(self, workspace: str, document: str) -> None:
        if (kept := self._kept.get(workspace)) is not None:
            kept.drop(document)
        attended = self._attended.get(workspace)
        if attended is not None and (document == tree_id(workspace) or not self._rooms.visited(document)):
            attended.changed.set()

    def _made(self, workspace: str, texts: Mapping[str, str]) -> None:
        if (kept := self._kept.get(workspace)) is None:
            return  # nobody is there, or has searched there lately
        for document, text in texts.items():
            if len(text) < LARGE:  # a large one is made ready in a thread, by whoever reads it
                self._store(kept, document, Text(text), ahead=True)
                if document in kept.texts:
                    kept.made.add(document)

    def _discarded(self, documents: Collection[str]) -> None:
        for kept in self._kept.values():
            for document in kept.made.intersection(documents):
                kept.drop(document)

    def _announced(self, workspace: str, document: str) -> None:
        kept = self._kept.get(workspace)
        if kept is not None and document in kept.made:
            kept.made.remove(document)  # shown as it was made, or it would not be here any more
        else:
            self._changed(workspace, document)

    def _settled(self, workspace: str, document: str, sha256: str) -> None:
        """Of two thousand files that were imported and read, each settles seconds later as what it was read as."""
        kept = self._kept.get(workspace)
        text = kept.texts.get(document) if kept is not None else None
        if text is None or len(text.text) >= LARGE or hashlib.sha256(text.text.encode()).hexdigest() != sha256:
            self._changed(workspace, document)

    async def _follow(self, workspace: str, after: int) -> None:
        try:
            events = cast(AsyncGenerator[Event], self._storage.events.follow(workspace, after))
            async with aclosing(events) as followed:
                async for event in followed:
                    if event.type == SETTLED:
                        self._settled(workspace, event.data["document"], event.data["hash"])
        except PyMongoError as error:
            log.warning("texts for searching are read anew", workspace=workspace, error=str(error))
            self._forget(workspace)


async def _folded(text: str) -> Text:
    """Ready to be searched; a large one is made ready in a thread, which lets others go on every few milliseconds."""
    ready = Text(text)
    if len(text) >= LARGE:
        await asyncio.to_thread(getattr, ready, "folded")
    return ready


def _is_on_drive(record: FileRecord, written: datetime | None) -> bool:
    """Whether the plain file of a text holds all of it.

    A text settles two seconds after it was last written, so what was written until just before can only be later.
    """
    drive = record.drive
    if record.kind != "text" or drive.path is None or drive.hash is None or drive.seen_at is None:
        return False
    return all(moment < drive.seen_at - LATE for moment in (written, record.folded_at) if moment is not None)


def _decoded(raw: bytes, record: FileRecord) -> str | None:
    if hashlib.sha256(raw).hexdigest() != record.drive.hash:
        return None
    decoded = decode(raw)
    return decoded[0] if decoded is not None else None


async def _soon(raw: bytes, record: FileRecord) -> str | None:
    await asyncio.sleep(0)
    return _decoded(raw, record)
