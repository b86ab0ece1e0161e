"""Invitations into a workspace, as links that several people may use."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo.asynchronous.database import AsyncDatabase

from server.identity.roles import Role
from server.identity.secrets import fingerprint, new_code


@dataclass(frozen=True, slots=True)
class Invite:
    id: str
    workspace: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime
    uses_left: int | None

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Invite":
        return cls(
            record["_id"],
            record["workspace"],
            record["role"],
            record["created_by"],
            record["created_at"],
            record["expires_at"],
            record["uses_left"],
        )

    @property
    def is_open(self) -> bool:
        return self.expires_at > datetime.now(UTC) and self.uses_left != 0


class Invites:
    """Collection ``invites``: {_id, hash, workspace, role, created_by, created_at, expires_at, uses_left}.

    ``uses_left`` None: any number.
    """

    def __init__(self, db: AsyncDatabase[dict[str, Any]]) -> None:
        self._invites = db["invites"]

    async def ensure_indexes(self) -> None:
        await self._invites.create_index("hash", unique=True)
        await self._invites.create_index("workspace")

    async def create(
        self, workspace: str, role: Role, created_by: str, *, expires_in: timedelta, uses: int | None
    ) -> tuple[Invite, str]:
        """The new invite and its code, which is kept nowhere. ``uses`` None: as often as wanted until it expires."""
        code = new_code()
        now = datetime.now(UTC)
        record = {
            "_id": uuid4().hex,
            "hash": fingerprint(code),
            "workspace": workspace,
            "role": role,
            "created_by": created_by,
            "created_at": now,
            "expires_at": now + expires_in,
            "uses_left": uses,
        }
        await self._invites.insert_one(record)
        return Invite.of(record), code

    async def find(self, code: str) -> Invite | None:
        """The open invite of ``code``."""
        record = await self._invites.find_one({"hash": fingerprint(code)})
        invite = Invite.of(record) if record else None
        return invite if invite and invite.is_open else None

    async def get(self, workspace: str, id: str) -> Invite | None:
        record = await self._invites.find_one({"_id": id, "workspace": workspace})
        return Invite.of(record) if record else None

    async def of_workspace(self, workspace: str) -> list[Invite]:
        found = self._invites.find({"workspace": workspace}).sort("created_at", 1)
        return [invite async for record in found if (invite := Invite.of(record)).is_open]

    async def spend(self, invite: Invite) -> bool:
        """Take one use; False when others were quicker, or it was withdrawn or expired meanwhile."""
        open_invite: dict[str, Any] = {"_id": invite.id, "expires_at": {"$gt": datetime.now(UTC)}}
        if invite.uses_left is None:
            return await self._invites.find_one(open_invite) is not None
        spent = await self._invites.find_one_and_update(
            {**open_invite, "uses_left": {"$gt": 0}}, {"$inc": {"uses_left": -1}}
        )
        return spent is not None

    async def withdraw(self, workspace: str, id: str) -> None:
        await self._invites.delete_one({"_id": id, "workspace": workspace})

    async def withdraw_of(self, workspace: str, user: str) -> None:
        """Those that ``user`` made, who is an owner no more: they would let them in again."""
        await self._invites.delete_many({"workspace": workspace, "created_by": user})

    async def withdraw_all(self, workspace: str) -> None:
        await self._invites.delete_many({"workspace": workspace})

    async def sweep(self) -> None:
        await self._invites.delete_many({"expires_at": {"$lte": datetime.now(UTC)}})
