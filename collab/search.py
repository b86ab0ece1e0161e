"""Find in files: a query over the names and texts of a workspace.

The texts are kept in memory by each process that is asked, up to a limit, and scanned anew for each query: that takes
some 30 ms for a source tree of two thousand files, and nothing has to be kept up while people type (docs/decisions.md).

A text that is open here is looked at where it is typed. One that this process has logged something of is read again,
and so is one that settled anywhere: the event of that comes through the database, so that none is missed. What people
type at another process is therefore found once its plain file is written, two seconds after they pause.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import cast

import structlog
from pymongo.errors import PyMongoError

from collab.contents import LARGE, Contents
from collab.documents import FileRecord, drive_key
from collab.finding import Query, Text
from collab.rooms import Rooms
from collab.settling import SETTLED
from collab.textfile import decode
from collab.tree import Node
from collab.trees import Trees
from storage import Storage
from storage.events import Event
from storage.objects import ObjectNotFound

log = structlog.get_logger(__name__)

MOST_MATCHES = 500
MOST_NAMES = 100
"""Of the matches, so that names leave room for texts."""
MOST_LINES = 50
"""Of one text, so that it leaves room for others."""

MEMORY = 256 * 1024 * 1024
"""Bytes of texts that a process keeps. A workspace that has more is searched whole all the same, only more slowly."""

KEEP = 600.0
"""Seconds that the texts of a workspace are kept after it was last searched."""

TURN = 0.003
"""Seconds after which a search lets others have their turn on the loop."""

GROUP = 200
"""Texts that are looked for in memory, and read where they are not, at a time."""

PARALLEL = 16
"""Plain files that are read at a time."""

BUILT = 20
"""Texts that are built from log and snapshot at a time: some 10 ms."""

LATE = timedelta(seconds=1)
"""How far clocks of processes may differ, and how long a write to the log may take, without a text being found old."""


@dataclass(frozen=True, slots=True)
class Match:
    path: str
    line: int
    """Counted from 1; 0 when the path itself was found."""
    column: int
    """UTF-16 code units of the line, or of the path, before what was found."""
    text: str
    """The line, or the path; a long line is cut, which shows as "…"."""


@dataclass(slots=True)
class _Kept:
    """The texts of one workspace, and what makes sure that they are not old."""

    following: asyncio.Task[None]
    forgetting: asyncio.TimerHandle | None = None
    texts: dict[str, Text] = field(default_factory=dict)
    size: int = 0
    reading: set[str] = field(default_factory=set)
    """Texts that are on their way; whoever is taken out of here has changed meanwhile, and is not to be kept."""

    def drop(self, document: str) -> None:
        self.reading.discard(document)
        if (text := self.texts.pop(document, None)) is not None:
            self.size -= text.size


class Search:
    """Make it on the event loop, and `close` it before storage."""

    def __init__(self, storage: Storage, rooms: Rooms, trees: Trees, contents: Contents) -> None:
        self._storage = storage
        self._rooms = rooms
        self._trees = trees
        self._contents = contents
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        """By workspace; who was searched last comes last."""
        self._scanning = asyncio.Lock()
        rooms.on_change(self._changed)
        contents.on_change(self._changed)

    async def find(self, workspace: str, query: str) -> list[Match]:
        """Names first, then lines, both in the order of the tree; at most `MOST_MATCHES`.

        Raises:
            collab.finding.InvalidQuery
            As `collab.trees.Trees.read`.
        """
        wanted = Query(query)
        nodes = list((await self._trees.read(workspace, fresh=True)).nodes.values())
        matches = await self._scan(_names(nodes, wanted), MOST_NAMES)
        paths = {node.id: node.path for node in nodes if node.kind == "text"}
        kept = await self._keep(workspace)
        for document in kept.texts.keys() - paths.keys():
            kept.drop(document)
        documents = list(paths)
        for start in range(0, len(documents), GROUP):
            texts = await self._texts(workspace, kept, documents[start : start + GROUP])
            lines = _lines([(paths[document], text) for document, text in texts.items()], wanted)
            matches += await self._scan(lines, MOST_MATCHES - len(matches))
            if len(matches) >= MOST_MATCHES:
                break
        return matches

    async def close(self) -> None:
        following = [kept.following for kept in self._kept.values()]
        for workspace in list(self._kept):
            self._forget(workspace)
        await asyncio.gather(*following, return_exceptions=True)

    async def _scan(self, steps: Iterator[Match | None], most: int) -> list[Match]:
        """The first ``most`` matches of ``steps``; None is a step without one."""
        matches: list[Match] = []
        # One at a time: a hundred searches would each take their turn before anybody else had his.
        async with self._scanning:
            began = time.monotonic()
            for match in steps:
                if match is not None:
                    matches.append(match)
                    if len(matches) >= most:
                        break
                if time.monotonic() - began > TURN:
                    await asyncio.sleep(0)
                    began = time.monotonic()
        return matches

    # ---- texts

    async def _texts(self, workspace: str, kept: _Kept, documents: Sequence[str]) -> dict[str, Text]:
        """The present texts of ``documents``, as far as they can be had, in that order."""
        missing = [document for document in documents if document not in kept.texts]
        read = await self._read(workspace, kept, missing) if missing else {}
        typed = {
            room.document: room
            for room in self._rooms.open_rooms
            if room.kind == "text" and room.workspace == workspace
        }
        texts = {}
        for document in documents:
            text = kept.texts.get(document) or read.get(document)
            if (room := typed.get(document)) is not None and (text is None or text.text != room.text):
                text = await _folded(room.text)
                self._store(kept, document, text)
            if text is not None:
                texts[document] = text
        return texts

    async def _read(self, workspace: str, kept: _Kept, documents: Sequence[str]) -> dict[str, Text]:
        kept.reading.update(documents)
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
            if document in kept.reading:
                self._store(kept, document, text)
        kept.reading.difference_update(documents)
        return texts

    async def _read_plain(self, record: FileRecord, gate: asyncio.Semaphore) -> Text | None:
        """The text of the plain file; None when it is not what the record says."""
        assert record.drive.path is not None
        async with gate:
            try:
                raw = await self._storage.objects.get(drive_key(record.workspace, record.drive.path))
            except ObjectNotFound:
                return None
            text = await (asyncio.to_thread(_decoded, raw, record) if len(raw) >= LARGE else _soon(raw, record))
            return await _folded(text) if text is not None else None

    # ---- what is kept

    async def _keep(self, workspace: str) -> _Kept:
        if workspace not in self._kept:
            newest = await self._storage.events.newest(workspace)
            if workspace not in self._kept:
                following = asyncio.create_task(self._follow(workspace, newest), name=f"search follows {workspace}")
                self._kept[workspace] = _Kept(following)
        kept = self._kept[workspace]
        self._kept.move_to_end(workspace)
        if kept.forgetting is not None:
            kept.forgetting.cancel()
        kept.forgetting = asyncio.get_running_loop().call_later(KEEP, self._forget, workspace)
        return kept

    def _store(self, kept: _Kept, document: str, text: Text) -> None:
        kept.drop(document)
        while sum(one.size for one in self._kept.values()) + text.size > MEMORY:
            oldest = next(iter(self._kept))
            if self._kept[oldest] is kept:
                return
            self._forget(oldest)
        kept.texts[document] = text
        kept.size += text.size

    def _forget(self, workspace: str) -> None:
        if (kept := self._kept.pop(workspace, None)) is not None:
            kept.following.cancel()
            if kept.forgetting is not None:
                kept.forgetting.cancel()

    def _changed(self, workspace: str, document: str) -> None:
        if (kept := self._kept.get(workspace)) is not None:
            kept.drop(document)

    async def _follow(self, workspace: str, after: int) -> None:
        try:
            events = cast(AsyncGenerator[Event], self._storage.events.follow(workspace, after))
            async with aclosing(events) as followed:
                async for event in followed:
                    if event.type == SETTLED:
                        self._changed(workspace, event.data["document"])
        except PyMongoError as error:
            log.warning("texts for searching are read anew", workspace=workspace, error=str(error))
            self._forget(workspace)


def _names(nodes: Sequence[Node], query: Query) -> Iterator[Match | None]:
    for node in nodes:
        at = query.in_name(node.path)
        yield Match(node.path, 0, at, node.path) if at is not None else None


def _lines(texts: Iterable[tuple[str, Text]], query: Query) -> Iterator[Match | None]:
    for path, text in texts:
        yield None
        for found in islice(query.lines(text), MOST_LINES):
            yield Match(path, found.line, found.column, found.text)


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
