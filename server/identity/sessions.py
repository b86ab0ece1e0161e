"""Signed-in browsers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from server.identity.secrets import fingerprint, new_code

TOUCH_AFTER = timedelta(hours=1)
"""A session's expiry slides in steps of this, so that not every request writes."""


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    user: str


class Sessions:
    """Collection ``sessions``: {_id: fingerprint, user, created_at, expires_at}."""

    def __init__(self, db: AsyncDatabase[dict[str, Any]], lifetime: timedelta) -> None:
        self._sessions = db["sessions"]
        self.lifetime = lifetime

    async def create(self, user: str) -> str:
        """The new session's token, for the cookie. It is kept nowhere else."""
        token = new_code()
        now = datetime.now(UTC)
        await self._sessions.insert_one(
            {"_id": fingerprint(token), "user": user, "created_at": now, "expires_at": now + self.lifetime}
        )
        return token

    async def find(self, token: str) -> Session | None:
        """The living session of ``token``; using it keeps it alive."""
        key = fingerprint(token)
        now = datetime.now(UTC)
        record = await self._sessions.find_one({"_id": key, "expires_at": {"$gt": now}})
        if record is None:
            return None
        expires_at = now + self.lifetime
        if expires_at - record["expires_at"] > TOUCH_AFTER:
            await self._sessions.update_one({"_id": key}, {"$set": {"expires_at": expires_at}})
        return Session(key, record["user"])

    async def living(self, ids: list[str]) -> set[str]:
        """Those of ``ids`` that have neither expired nor been ended."""
        now = datetime.now(UTC)
        found = self._sessions.find({"_id": {"$in": ids}, "expires_at": {"$gt": now}}, {"_id": 1})
        return {record["_id"] async for record in found}

    async def end(self, id: str) -> None:
        await self._sessions.delete_one({"_id": id})

    async def sweep(self) -> None:
        await self._sessions.delete_many({"expires_at": {"$lte": datetime.now(UTC)}})
