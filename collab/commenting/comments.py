"""Threads of comments, kept in collection ``comments``, one record each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from pymongo import ASCENDING

from collab.commenting.threads import (
    QUOTED,
    CannotComment,
    Message,
    Thread,
    answered,
    checked,
    edited,
    reopened,
    resolved,
    without,
)
from collab.documents.records import now
from collab.replicas.positions import Anchor, range_anchors, resolve
from collab.rooms.arriving import needed_for, until_known
from collab.rooms.rooms import Rooms
from collab.yjs.offsets import slice_utf16, utf16_length
from storage import Storage

MOST_THREADS = 2_000
"""In one document, resolved ones among them, and as many in a list."""

PATIENCE = 5.0
"""Seconds to wait for text that somebody comments on as soon as it is typed."""

ATTEMPTS = 20
"""Of a change that others were quicker than."""


class ThreadNotFound(LookupError):
    """There is no such thread in this workspace; the message says so in a sentence."""


class TextChanged(ValueError):
    """The text that was expected is not there any more."""


class Comments:
    """Every method may raise pymongo.errors.PyMongoError."""

    def __init__(self, storage: Storage, rooms: Rooms) -> None:
        self._threads = storage.db["comments"]
        self._rooms = rooms

    async def ensure_indexes(self) -> None:
        await self._threads.create_index([("document", ASCENDING)])
        await self._threads.create_index([("workspace", ASCENDING), ("resolved_at", ASCENDING)])

    async def of_document(self, document: str) -> list[Thread]:
        return [Thread.of(record) async for record in self._threads.find({"document": document}, limit=MOST_THREADS)]

    async def open_in(self, workspace: str) -> list[Thread]:
        """Those of all documents that nobody has resolved."""
        open_ones = {"workspace": workspace, "resolved_at": None}
        return [Thread.of(record) async for record in self._threads.find(open_ones, limit=MOST_THREADS)]

    async def begin(
        self, workspace: str, document: str, start: int, end: int, by: str, text: str, expected: str | None = None
    ) -> Thread:
        """A thread on the range [start, end) of the present text, in UTF-16 units, with its first message.

        Raises:
            CannotComment, TextChanged
            collab.yjs.offsets.OffsetOutsideText, OffsetInsideSurrogatePair
            As `collab.rooms.rooms.Rooms.open`.
        """
        text = await self._admit(document, text)
        async with self._rooms.open(document) as room:
            room.flush()
            quote = slice_utf16(room.text, start, end)
            if expected is not None and quote != expected:
                raise TextChanged("Somebody has changed this text meanwhile. Select it again.")
            [anchors] = range_anchors(room.doc, [(start, end)])
            # Anchors that name text which is not logged would name nothing after a crash.
            await room.durable()
        return await self._insert(workspace, document, anchors, quote, by, text)

    async def begin_at(self, workspace: str, document: str, anchors: tuple[bytes, bytes], by: str, text: str) -> Thread:
        """As `begin`, on what stands between two encoded relative positions, however the text changes meanwhile.

        Raises:
            CannotComment
            TextChanged: they name text that does not arrive.
            collab.replicas.positions.InvalidAnchor
            As `collab.rooms.rooms.Rooms.open`.
        """
        left, right = (Anchor.decode(anchor) for anchor in anchors)
        text = await self._admit(document, text)
        async with self._rooms.open(document) as room:
            try:
                async with asyncio.timeout(PATIENCE):
                    await until_known(room, needed_for((left, right)))
            except TimeoutError:
                raise TextChanged("The text that this is about has not arrived here. Try again in a moment.") from None
            room.flush()
            start, end = resolve(room.doc, (left, right))
            assert start is not None
            assert end is not None
            quote = slice_utf16(room.text, start, max(start, end))
            await room.durable()
        return await self._insert(workspace, document, (left, right), quote, by, text)

    async def _admit(self, document: str, text: str) -> str:
        text = checked(text)
        if await self._threads.count_documents({"document": document}, limit=MOST_THREADS) == MOST_THREADS:
            raise CannotComment(f"This file has {MOST_THREADS:,} threads of comments already.")
        return text

    async def _insert(
        self, workspace: str, document: str, anchors: tuple[Anchor, Anchor], quote: str, by: str, text: str
    ) -> Thread:
        left, right = (anchor.encode() for anchor in anchors)
        message = Message(uuid4().hex, by, now(), text)
        thread = Thread(uuid4().hex, workspace, document, (left, right), quote[:QUOTED], (message,))
        await self._threads.insert_one(thread.record())
        return thread

    async def answer(self, workspace: str, thread: str, by: str, text: str) -> Thread:
        """Raises ThreadNotFound, CannotComment."""
        message = Message(uuid4().hex, by, now(), checked(text))
        return await self._change(workspace, thread, lambda found: answered(found, message))

    async def edit(self, workspace: str, thread: str, message: str, by: str, text: str) -> Thread:
        """Raises ThreadNotFound, CannotComment, MessageNotFound, NotYours."""
        text = checked(text)
        return await self._change(workspace, thread, lambda found: edited(found, message, by, text, now()))

    async def remove(self, workspace: str, thread: str, message: str, by: str) -> Thread | None:
        """None when that was the last message, and the thread is gone. Raises as `edit`."""
        for _ in range(ATTEMPTS):
            found = await self.find(workspace, thread)
            if (left := without(found, message, by)) is not None:
                if (changed := await self._put(found, left)) is not None:
                    return changed
            elif (await self._threads.delete_one({"_id": thread, "revision": found.revision})).deleted_count:
                return None
        raise CannotComment("Too many people change this at once. Try again in a moment.")

    async def resolve(self, workspace: str, thread: str, by: str, *, done: bool) -> Thread:
        """Raises ThreadNotFound."""
        at = now()
        return await self._change(workspace, thread, lambda found: resolved(found, by, at) if done else reopened(found))

    async def move(self, document: str, heir: str) -> None:
        """``document`` goes on as ``heir``: so do its threads, each where its quote stands if that is in one place."""
        threads = await self.of_document(document)
        if not threads:
            return
        async with self._rooms.open(heir) as room:
            room.flush()
            places = [_only_place(room.text, thread.quote) for thread in threads]
            known = [place for place in places if place is not None]
            anchors = iter(range_anchors(room.doc, known))
            await room.durable()
        for thread, place in zip(threads, places, strict=True):
            pair = None
            if place is not None:
                left, right = next(anchors)
                pair = (left.encode(), right.encode())
            await self._change(
                thread.workspace,
                thread.id,
                lambda found, pair=pair: replace(found, document=heir, anchors=pair),  # type: ignore[misc]
            )

    async def find(self, workspace: str, thread: str) -> Thread:
        """Raises ThreadNotFound."""
        record = await self._threads.find_one({"_id": thread, "workspace": workspace})
        if record is None:
            raise ThreadNotFound("There is no such comment.")
        return Thread.of(record)

    async def _change(self, workspace: str, thread: str, change: Callable[[Thread], Thread]) -> Thread:
        for _ in range(ATTEMPTS):
            found = await self.find(workspace, thread)
            if (changed := await self._put(found, change(found))) is not None:
                return changed
        raise CannotComment("Too many people change this at once. Try again in a moment.")

    async def _put(self, found: Thread, wanted: Thread) -> Thread | None:
        """None when somebody else was quicker."""
        if wanted == found:
            return found
        wanted = replace(wanted, revision=found.revision + 1)
        result = await self._threads.replace_one({"_id": found.id, "revision": found.revision}, wanted.record())
        return wanted if result.matched_count else None


def _only_place(text: str, quote: str) -> tuple[int, int] | None:
    """In UTF-16 units; None where it does not stand, or stands more than once."""
    at = text.find(quote) if quote else -1
    if at < 0 or text.find(quote, at + 1) >= 0:
        return None
    start = utf16_length(text[:at])
    return start, start + utf16_length(quote)
