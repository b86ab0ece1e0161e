"""Who belongs to a workspace, and as what."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from server.identity.roles import Role, includes
from storage.leases import Leases


class LastOwner(Exception):
    """A workspace without an owner could never be managed again."""


class NotAMember(KeyError):
    pass


@dataclass(frozen=True, slots=True)
class Membership:
    workspace: str
    user: str
    role: Role
    joined_at: datetime

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Membership":
        return cls(record["workspace"], record["user"], record["role"], record["joined_at"])


class Members:
    """Collection ``members``: {_id: "<workspace>:<user>", workspace, user, role, joined_at}."""

    def __init__(self, db: AsyncDatabase[dict[str, Any]], leases: Leases) -> None:
        self._members = db["members"]
        self._leases = leases

    async def ensure_indexes(self) -> None:
        await self._members.create_index("workspace")
        await self._members.create_index("user")

    async def role(self, workspace: str, user: str) -> Role | None:
        record = await self._members.find_one({"_id": f"{workspace}:{user}"})
        return record["role"] if record else None

    async def roles(self, pairs: set[tuple[str, str]]) -> dict[tuple[str, str], Role]:
        """The roles of all ``pairs`` of workspace and user that are members, in one query."""
        found = self._members.find({"_id": {"$in": [f"{workspace}:{user}" for workspace, user in pairs]}})
        return {(record["workspace"], record["user"]): record["role"] async for record in found}

    async def of_workspace(self, workspace: str) -> list[Membership]:
        return [Membership.of(r) async for r in self._members.find({"workspace": workspace}).sort("joined_at", 1)]

    async def of_user(self, user: str) -> list[Membership]:
        return [Membership.of(r) async for r in self._members.find({"user": user})]

    async def join(self, workspace: str, user: str, role: Role) -> Role:
        """Make ``user`` a member, or raise the role of one who is; never lowers it. Returns the role."""
        async with self._leases.hold(_lease(workspace), ttl=10):
            present = await self.role(workspace, user)
            if present is not None and includes(present, role):
                return present
            await self._set(workspace, user, role)
            return role

    async def change_role(self, workspace: str, user: str, role: Role) -> None:
        """Raises NotAMember, LastOwner."""
        async with self._leases.hold(_lease(workspace), ttl=10):
            await self._check_leaves_an_owner(workspace, user, role)
            await self._set(workspace, user, role)

    async def remove(self, workspace: str, user: str) -> None:
        """Raises NotAMember, LastOwner."""
        async with self._leases.hold(_lease(workspace), ttl=10):
            await self._check_leaves_an_owner(workspace, user, None)
            await self._members.delete_one({"_id": f"{workspace}:{user}"})

    async def remove_all(self, workspace: str) -> None:
        """Everyone leaves, since the workspace is deleted."""
        await self._members.delete_many({"workspace": workspace})

    async def _check_leaves_an_owner(self, workspace: str, user: str, role: Role | None) -> None:
        # Under the lease: two owners who demote each other at once must not both succeed.
        present = await self.role(workspace, user)
        if present is None:
            raise NotAMember(user)
        if present == "owner" and role != "owner":
            owners = await self._members.count_documents({"workspace": workspace, "role": "owner"})
            if owners == 1:
                raise LastOwner

    async def _set(self, workspace: str, user: str, role: Role) -> None:
        key = f"{workspace}:{user}"
        try:
            joined = {"_id": key, "workspace": workspace, "user": user, "role": role, "joined_at": datetime.now(UTC)}
            await self._members.insert_one(joined)
        except DuplicateKeyError:
            await self._members.update_one({"_id": key}, {"$set": {"role": role}})


def _lease(workspace: str) -> str:
    return f"members:{workspace}"
