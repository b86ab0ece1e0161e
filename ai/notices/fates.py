"""What became of notices: collection ``notice_fates``, `{_id: notice, workspace, kind, wanted, at}`.

Apart from the notices, because it outlives them: a month after a notice is gone the group still has not wanted it.
"""

from pymongo import ASCENDING, DESCENDING

from ai.clock import now
from ai.notices.acceptance import HALF_LIFE, MOST_COUNTED, Fate, estimate
from ai.notices.notice import Kind, Notice
from storage.mongo import Database

KEPT = 6 * HALF_LIFE
"""Seconds after which one counts for nothing any more."""


class Fates:
    def __init__(self, db: Database) -> None:
        self._fates = db["notice_fates"]

    async def ensure_indexes(self) -> None:
        await self._fates.create_index([("workspace", ASCENDING), ("kind", ASCENDING), ("at", DESCENDING)])
        await self._fates.create_index([("at", ASCENDING)])

    async def put(self, notice: Notice, fate: Fate | None) -> None:
        """The last word about `notice`; None when it is open again. The same as often as one likes."""
        if fate is None:
            await self._fates.delete_one({"_id": notice.id})
            return
        record = {"workspace": notice.workspace, "kind": notice.kind, "wanted": fate.wanted, "at": fate.at}
        await self._fates.replace_one({"_id": notice.id}, record, upsert=True)

    async def acceptance(self, workspace: str, kind: Kind) -> float:
        """See `ai.notices.acceptance.estimate`."""
        newest = self._fates.find({"workspace": workspace, "kind": kind}).sort([("at", DESCENDING)])
        fates = [Fate(one["wanted"], one["at"]) for one in await newest.limit(MOST_COUNTED).to_list()]
        return estimate(fates, now())
