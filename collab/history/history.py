"""The history of a text: automatic versions when it settles, versions that people make, and the way back to one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from collab.documents.contents import Contents
from collab.documents.records import now
from collab.durable.snapshots import DocumentNotFound
from collab.history.attributed import Attributed, attributed
from collab.history.attribution import Moment
from collab.history.hunks import hunks
from collab.history.versions import Draft, Newest, Version, Versions, digest
from collab.rooms.present import Present, present_of, text_of
from collab.rooms.rooms import Rooms
from storage import Storage

BUSY_FOR = timedelta(minutes=5)
"""How long a text that is never quiet goes without a version."""

JOBS = "job"
"""The author of all that jobs have written: a version names people, and beside them the assistant once."""

_SOON_BUILT = 64 * 1024
"""Bytes of a text that is built in a few milliseconds, whatever it was written of."""


@dataclass(frozen=True, slots=True)
class Restored:
    before: Version | None
    """What was there; restoring it takes the restoring back. None when nothing had to be changed."""


class History:
    """Authors are "user:<id>" or "job:<id>".

    Every method may raise DocumentNotFound, DocumentGone, ContentLost (`collab.durable.snapshots`);
    pymongo.errors.PyMongoError, obstore.exceptions.BaseError or OSError when storage is away.
    """

    def __init__(self, storage: Storage, rooms: Rooms, contents: Contents) -> None:
        self._rooms = rooms
        self._contents = contents
        self.versions = Versions(storage)

    # ---- making

    async def settled(self, workspace: str, texts: Mapping[str, Present], busy: Collection[str]) -> None:
        """Make automatic versions of texts that have settled, by document, but for those whose newest one has the text.

        The caller holds the drive of the workspace. ``busy``: these are still being written; of such a text there is a
        version now and then.
        """
        # After an import there are thousands, none of which has any.
        first = await self.versions.without(texts) if len(texts) > 1 else set()
        # In a new file that is empty nobody has written yet.
        written = [document for document in first if texts[document].text]
        if written:
            recorded = await self._rooms.updates.authors_of_many(written)
            drafts = {document: _draft(texts[document], None, recorded[document]) for document in written}
            await self.versions.add(workspace, drafts)
        for document in texts.keys() - first:
            await self._settled(workspace, document, texts[document], quiet=document not in busy)

    async def _settled(self, workspace: str, document: str, present: Present, *, quiet: bool) -> None:
        newest = await self.versions.newest(document)
        if newest is not None:
            if newest.version.hash == await digest(present.text):
                await self._credit_deleters(document, newest.version)
                return
            if not quiet and now() - newest.version.at < BUSY_FOR:
                return
        elif not present.text:
            return
        added = await self._add(workspace, document, present, newest)
        if newest is not None:
            await self.versions.thin(workspace, document, newest.version, added)

    async def _credit_deleters(self, document: str, version: Version) -> None:
        """Of several processes the first to settle makes the version; the others know who else took part."""
        deleters = self._rooms.deleters(document)
        taken = frozenset(deleters)
        if missing := _hands(taken).difference(version.authors):
            await self.versions.credit(version.id, missing)
        deleters -= taken

    async def make(self, workspace: str, document: str, author: str, name: str | None) -> Version:
        """A version by hand, which is kept for ever. Raises LeaseUnavailable."""
        async with self.versions.hold(document):
            present = await present_of(self._rooms, document)
            newest = await self.versions.newest(document)
            return await self._add(workspace, document, present, newest, name=name, by=author)

    async def _add(
        self, workspace: str, document: str, present: Present, newest: Newest | None, **more: Any
    ) -> Version:
        """``more``: of `Draft`."""
        recorded = await self._rooms.updates.authors(document, _writers(present, newest))
        deleters = self._rooms.deleters(document)
        taken = frozenset(deleters)
        draft = _draft(present, newest, recorded, taken, **more)
        version = (await self.versions.add(workspace, {document: draft}))[document]
        deleters -= taken
        return version

    async def restore(self, workspace: str, document: str, version: Version, author: str) -> Restored:
        """Make the text what it was, by a minimal edit of the live document. Durable on return.

        What is there now becomes a version first, exactly as the edit finds it; what others write meanwhile stays.

        Raises:
            VersionNotFound, LeaseUnavailable, DocumentTooLarge: nothing has changed.
            Overloaded, RoomClosed: some of it may have.
        """
        text = await self.versions.text(workspace, document, version)
        async with self.versions.hold(document), self._contents.rewriting(document) as room:
            if room.kind != "text":
                raise DocumentNotFound(document)
            await room.copyable()
            present = Present.in_room(room)
            content = room.encode_whole()
            if present.text == text:
                return Restored(None)
            newest = await self.versions.newest(document)
            if newest is not None and newest.version.hash == await digest(present.text):
                before = newest.version
                await self.versions.keep(before.id)
            else:
                before = await self._add(workspace, document, present, newest, held=True)
            await self._contents.replace(room, content, text, author)
        return Restored(before)

    # ---- looking

    async def differences(self, workspace: str, document: str, version: Version, against: Version | None) -> bytes:
        """What has to change in ``version`` to make it ``against``, None for the present text: `hunks`.

        Raises:
            VersionNotFound, AsideFailed (`collab.aside`)
        """
        old = await self.versions.text(workspace, document, version)
        if against is None:
            new = await text_of(self._rooms, document)
        else:
            new = await self.versions.text(workspace, document, against)
        return await self._rooms.aside.run(max(len(old), len(new)), hunks, old, new)

    async def attribution(self, document: str) -> Attributed:
        """Who wrote what of the present text, and when, as far as versions tell.

        Raises:
            AsideFailed (`collab.aside`)
        """
        content = await self._content(document)
        recorded = await self._rooms.updates.authors(document)
        authors = {client: _hand(author) for client, author in recorded.items()}
        moments = [Moment(at, state) for at, state in await self.versions.states(document)]
        aside = self._rooms.aside
        # It is built twice, in calls that no thread interrupts.
        elsewhere = aside.run if len(content) < _SOON_BUILT else aside.attempt
        return await elsewhere(len(content), attributed, content, authors, moments)

    async def _content(self, document: str) -> bytes:
        async with self._rooms.open(document) as room:
            if room.kind != "text":
                raise DocumentNotFound(document)
            await self._rooms.catch_up(room)
            await room.copyable()
            return room.encode_whole()


def _writers(present: Present, newest: Newest | None) -> set[int]:
    """Yjs client ids that have written since the newest version."""
    if newest is None:
        return set(present.state)
    return {client for client, clock in present.state.items() if clock > newest.state.get(client, 0)}.union(
        newest.uncredited
    )


def _draft(
    present: Present, newest: Newest | None, recorded: Mapping[int, str], deleters: Iterable[str] = (), **more: Any
) -> Draft:
    writers = _writers(present, newest)
    authors = {recorded[client] for client in writers & recorded.keys()}
    return Draft(
        present.text,
        present.state,
        _hands(authors.union(deleters)),
        sorted(writers - recorded.keys()),
        newest.version if newest is not None else None,
        whole=present.whole,
        **more,
    )


def _hands(authors: Iterable[str]) -> set[str]:
    return set(map(_hand, authors))


def _hand(author: str) -> str:
    return JOBS if author.startswith("job:") else author
