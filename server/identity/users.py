"""People. They have no passwords: a link, an invite or a token is what lets somebody in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pymongo.asynchronous.database import AsyncDatabase

MAX_NAME = 80
"""Characters of a person's or workspace's name."""

COLORS = (
    "#be123c", "#0369a1", "#4d7c0f", "#6d28d9", "#b45309", "#0f766e",
    "#a21caf", "#15803d", "#4338ca", "#c2410c", "#0e7490", "#be185d",
)  # fmt: skip
"""People's colours, in the order in which they are given out: each is far from those before it as long as that can be.
Dark enough for white text on them, and none of them the accent or the assistant's."""


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    color: str

    @classmethod
    def of(cls, record: dict[str, Any]) -> "User":
        return cls(record["_id"], record["name"], record["color"])


class Users:
    """Collection ``users``: {_id, name, color, installation_owner?, created_at}."""

    def __init__(self, db: AsyncDatabase[dict[str, Any]]) -> None:
        self._users = db["users"]

    @staticmethod
    def draft(name: str, others: Sequence[str] = ()) -> User:
        """A new person, not stored yet, in the colour that is rarest among ``others``, the colours of those around."""
        return User(uuid4().hex, name, min(COLORS, key=others.count))

    async def insert(self, user: User, *, installation_owner: bool = False) -> None:
        record = {"_id": user.id, "name": user.name, "color": user.color, "created_at": datetime.now(UTC)}
        if installation_owner:
            record["installation_owner"] = True
        await self._users.insert_one(record)

    async def get(self, id: str) -> User | None:
        record = await self._users.find_one({"_id": id})
        return User.of(record) if record else None

    async def many(self, ids: list[str]) -> dict[str, User]:
        return {record["_id"]: User.of(record) async for record in self._users.find({"_id": {"$in": ids}})}

    async def rename(self, id: str, name: str) -> None:
        await self._users.update_one({"_id": id}, {"$set": {"name": name}})

    async def installation_owner(self) -> User | None:
        """Whoever the first start created; the one that ``serve`` prints a link for."""
        record = await self._users.find_one({"installation_owner": True})
        return User.of(record) if record else None
