"""What became of notices: collection ``notice_fates``, `{_id: notice, workspace, kind, wanted, at, by}`.

Apart from the notices, because it outlives them: a month after a notice is gone the group still has not wanted it.
"""

from pymongo import ASCENDING, DESCENDING

from ai.clock import now
from ai.notices.acceptance import HALF_LIFE, MOST_COUNTED, Fate, estimate, weary
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
        about = {"workspace": notice.workspace, "kind": notice.kind}
        record = about | {"wanted": fate.wanted, "at": fate.at, "by": fate.by}
        await self._fates.replace_one({"_id": notice.id}, record, upsert=True)

    async def acceptance(self, workspace: str, kind: Kind) -> float:
        """See `ai.notices.acceptance.estimate`."""
        return estimate(await self._newest(workspace, kind), now())

    async def weary(self, workspace: str, kind: Kind) -> set[str]:
        """See `ai.notices.acceptance.weary`."""
        return weary(await self._newest(workspace, kind), now())

    async def _newest(self, workspace: str, kind: Kind) -> list[Fate]:
        found = self._fates.find({"workspace": workspace, "kind": kind}).sort([("at", DESCENDING)])
        return [Fate(one["wanted"], one["at"], one.get("by")) for one in await found.limit(MOST_COUNTED).to_list()]
