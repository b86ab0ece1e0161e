"""Sign-in links. Each works once; the code rides in the URL's fragment, which no server and no log ever sees."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from server.identity.secrets import fingerprint, new_code

LIFETIME = timedelta(days=7)


class SigninLinks:
    """Collection ``signin_links``: {_id: fingerprint, user, expires_at}."""

    def __init__(self, db: AsyncDatabase[dict[str, Any]]) -> None:
        self._links = db["signin_links"]

    async def create(self, user: str) -> str:
        code = new_code()
        await self._links.insert_one(
            {"_id": fingerprint(code), "user": user, "expires_at": datetime.now(UTC) + LIFETIME}
        )
        return code

    async def redeem(self, code: str) -> str | None:
        """The user that ``code`` signs in. Of two who try at once, one gets None."""
        record = await self._links.find_one_and_delete(
            {"_id": fingerprint(code), "expires_at": {"$gt": datetime.now(UTC)}}
        )
        return str(record["user"]) if record else None

    async def sweep(self) -> None:
        await self._links.delete_many({"expires_at": {"$lte": datetime.now(UTC)}})
