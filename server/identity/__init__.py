"""Who is who: users, how they sign in, workspaces, and who belongs to them."""

from dataclasses import dataclass
from datetime import timedelta

from server.identity.invites import Invite, Invites
from server.identity.links import SigninLinks
from server.identity.members import LastOwner, Members, Membership, NotAMember
from server.identity.roles import Role, includes
from server.identity.sessions import Sessions
from server.identity.tokens import ApiToken, ApiTokens
from server.identity.users import User, Users
from server.identity.workspaces import Workspace, Workspaces
from storage import Storage

__all__ = [
    "ApiToken",
    "Identity",
    "Invite",
    "LastOwner",
    "Membership",
    "NotAMember",
    "Role",
    "User",
    "Workspace",
    "includes",
]


@dataclass(frozen=True)
class Identity:
    users: Users
    sessions: Sessions
    tokens: ApiTokens
    links: SigninLinks
    invites: Invites
    members: Members
    workspaces: Workspaces

    @classmethod
    async def open(cls, storage: Storage, session_lifetime: timedelta) -> "Identity":
        db = storage.db
        identity = cls(
            Users(db),
            Sessions(db, session_lifetime),
            ApiTokens(db),
            SigninLinks(db),
            Invites(db),
            Members(db, storage.leases),
            Workspaces(db),
        )
        await identity.tokens.ensure_indexes()
        await identity.invites.ensure_indexes()
        await identity.members.ensure_indexes()
        return identity

    async def sweep(self) -> None:
        """Remove what has expired."""
        await self.sessions.sweep()
        await self.links.sweep()
        await self.invites.sweep()
