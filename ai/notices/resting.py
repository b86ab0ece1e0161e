"""Texts that people write in and have left alone for a while: only then does the assistant look at them.

A text that settles is only two seconds old, and whoever has written half a line thinks about the other half for longer.
What was brought in and that nobody has written in since never rests: whoever imports a source tree did not ask for a
review of it.

Collection ``rests``: {_id: document, workspace, due, since, touched_at}, so that a process which dies, or one that has
never had the text open, makes no difference. `due` is when to look, absent once that was done; `since` is the version
that the text was when the present stretch of work began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pymongo import ASCENDING, ReturnDocument

from ai.announcements import Announcements
from ai.clock import now
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.files.files import Files
from collab.history.versions import Version, Versions, digest
from collab.refusals import RoomClosed
from collab.rooms.present import text_of
from collab.rooms.rooms import Rooms
from storage.mongo import Database
from storage.repeating import repeat

PAUSE = 15.0
"""Seconds for which a text must not have been changed."""

STRETCH = 900.0
"""Seconds without a change after which work begins anew."""

LOOK_EVERY = 1.0

CLAIM = 30.0
"""Seconds after which another process looks, where the one that was about to has died."""

KEPT = 24 * 3600.0
"""Seconds after which a text that nobody has touched is forgotten."""


class Resting:
    def __init__(self, db: Database, rooms: Rooms, files: Files, announcements: Announcements) -> None:
        self._rests = db["rests"]
        self._rooms = rooms
        self._files = files
        self._versions: Versions = files.history.versions
        self._announcements = announcements

    async def ensure_indexes(self) -> None:
        await self._rests.create_index([("due", ASCENDING)])
        await self._rests.create_index([("workspace", ASCENDING)])

    async def touched(self, workspace: str, document: str, at: float, *, is_open: bool) -> None:
        """The document has settled, at that moment in seconds. The same as often as one likes.

        It is one that people write in when somebody has it open, or when it is not as it was brought in any more.
        """
        versions = await self._versions.latest(document, 2)
        if not is_open and len(versions) < 2:
            return
        known = await self._rests.find_one({"_id": document})
        goes_on = known is not None and at - known["touched_at"] < STRETCH
        since = known["since"] if known is not None and goes_on else _before(versions)
        fields = {"workspace": workspace, "due": at + PAUSE, "since": since, "touched_at": at}
        await self._rests.update_one({"_id": document}, {"$set": fields}, upsert=True)

    async def run(self) -> None:
        """Tell of texts that rest, until cancelled."""
        await repeat(self._tell_of_due, LOOK_EVERY)

    async def _tell_of_due(self) -> None:
        while (rest := await self._claimed()) is not None:
            with suppress(DocumentGone, DocumentNotFound, RoomClosed):
                await self._tell_of(rest)
            # Not if it was touched meanwhile.
            await self._rests.update_one({"_id": rest["_id"], "due": rest["due"]}, {"$unset": {"due": 1}})

    async def _claimed(self) -> Mapping[str, Any] | None:
        moment = now()
        due = await self._rests.find_one({"due": {"$lte": moment}})
        if due is None:
            return None
        mine: dict[str, Any] | None = await self._rests.find_one_and_update(
            {"_id": due["_id"], "due": due["due"]},
            {"$set": {"due": moment + CLAIM}},
            return_document=ReturnDocument.AFTER,
        )
        return mine

    async def _tell_of(self, rest: Mapping[str, Any]) -> None:
        document = rest["_id"]
        path = await self._files.path_of(document)
        newest = await self._newest(document)
        if path is None or newest is None:
            return
        # Another text is one that somebody is typing, and it will settle again.
        if newest.hash == await digest(await text_of(self._rooms, document)):
            await self._announcements.document_rested(rest["workspace"], document, path, newest.id, rest["since"])

    async def _newest(self, document: str) -> Version | None:
        """None of a text that was always empty."""
        return next(iter(await self._versions.latest(document, 1)), None)


def _before(versions: Sequence[Version]) -> str | None:
    return versions[1].id if len(versions) > 1 else None
