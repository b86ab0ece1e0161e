"""API tokens: for scripts, and for the command line. Whoever holds one acts as its user."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pymongo.asynchronous.database import AsyncDatabase

from server.identity.secrets import fingerprint, new_code


@dataclass(frozen=True, slots=True)
class ApiToken:
    id: str
    user: str
    name: str
    created_at: datetime

    @classmethod
    def of(cls, record: dict[str, Any]) -> "ApiToken":
        return cls(record["_id"], record["user"], record["name"], record["created_at"])


class ApiTokens:
    """Collection ``tokens``: {_id, hash, user, name, created_at}."""

    def __init__(self, db: AsyncDatabase[dict[str, Any]]) -> None:
        self._tokens = db["tokens"]

    async def ensure_indexes(self) -> None:
        await self._tokens.create_index("hash", unique=True)
        await self._tokens.create_index("user")

    async def create(self, user: str, name: str, *, token: str | None = None) -> tuple[ApiToken, str]:
        """The new record and the token itself, which is kept nowhere; ``token`` gives one that exists elsewhere."""
        token = token or new_code()
        record = {
            "_id": uuid4().hex,
            "hash": fingerprint(token),
            "user": user,
            "name": name,
            "created_at": datetime.now(UTC),
        }
        await self._tokens.insert_one(record)
        return ApiToken.of(record), token

    async def find(self, token: str) -> ApiToken | None:
        record = await self._tokens.find_one({"hash": fingerprint(token)})
        return ApiToken.of(record) if record else None

    async def get(self, id: str) -> ApiToken | None:
        record = await self._tokens.find_one({"_id": id})
        return ApiToken.of(record) if record else None

    async def of_user(self, user: str) -> list[ApiToken]:
        return [ApiToken.of(record) async for record in self._tokens.find({"user": user}).sort("created_at", 1)]

    async def living(self, ids: list[str]) -> set[str]:
        """Those of ``ids`` that have not been revoked."""
        return {record["_id"] async for record in self._tokens.find({"_id": {"$in": ids}}, {"_id": 1})}

    async def revoke(self, id: str) -> None:
        await self._tokens.delete_one({"_id": id})
