"""Who belongs to a workspace. Changes reach open sockets within 2 seconds, on every process."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from server.access import Owner, OwnerOrThemselves, Viewer
from server.bodies import Route
from server.callers import Member
from server.identity import LastOwner, NotAMember, Role
from server.problems import Problem
from server.routes.people import Person
from server.services import Services, ServicesDep

router = APIRouter(prefix="/api/workspaces/{workspace}/members", tags=["people"], route_class=Route)


class MemberShown(Person):
    role: Role
    joined_at: datetime


class RoleChange(BaseModel):
    role: Role


@router.get("")
async def list_members(member: Viewer, services: ServicesDep) -> list[MemberShown]:
    memberships = await services.identity.members.of_workspace(member.workspace)
    users = await services.identity.users.many([m.user for m in memberships])
    return [
        MemberShown(**Person.of(users[m.user]).model_dump(), role=m.role, joined_at=m.joined_at)
        for m in memberships
        if m.user in users
    ]


@router.patch("/{user}", status_code=204)
async def change_role(user: str, body: RoleChange, member: Owner, services: ServicesDep) -> None:
    try:
        await services.identity.members.change_role(member.workspace, user, body.role)
    except NotAMember:
        raise _not_a_member() from None
    except LastOwner:
        raise _last_owner() from None
    if body.role != "owner":
        await services.identity.invites.withdraw_of(member.workspace, user)
    await _announce(services, member.workspace, user, body.role)


@router.delete("/{user}", status_code=204)
async def remove_member(
    user: str, member: Annotated[Member, Depends(OwnerOrThemselves())], services: ServicesDep
) -> None:
    """Remove a member, or leave. The invites that they made end, and what the assistant is about to do for them."""
    try:
        await services.identity.members.remove(member.workspace, user)
    except NotAMember:
        raise _not_a_member() from None
    except LastOwner:
        raise _last_owner() from None
    await services.identity.invites.withdraw_of(member.workspace, user)
    await services.assistant.cancel_all_of(member.workspace, user)
    await _announce(services, member.workspace, user, None)


async def _announce(services: Services, workspace: str, user: str, role: Role | None) -> None:
    await services.watch.announce()
    await services.storage.events.append(workspace, "scriptorium.member.changed", {"user": user, "role": role})


def _not_a_member() -> Problem:
    return Problem(404, "Nobody of that id is a member of this workspace.")


def _last_owner() -> Problem:
    return Problem(409, "This is the last owner. Make somebody else an owner first.")
