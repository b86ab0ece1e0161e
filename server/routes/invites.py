"""Inviting people, and coming in by an invitation."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from starlette.requests import Request

from server.access import Anyone, Owner, identify_if_credentials
from server.bodies import MOST, Route
from server.identity import Invite, Role, User, Workspace, includes
from server.problems import Problem
from server.routes.people import JoinedWorkspace, Name, Person
from server.services import Services, ServicesDep

router = APIRouter(tags=["people"], route_class=Route)

WEEK = 7 * 24 * 3600
YEAR = 365 * 24 * 3600


class NewInvite(BaseModel):
    role: Role
    expires_in: Annotated[int, Field(ge=1, le=YEAR)] = WEEK
    """Seconds."""
    uses: Annotated[int, Field(ge=1, le=MOST)] | None = 1
    """How many people may come in by it; null: any number until it expires."""


class InviteShown(BaseModel):
    id: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime
    uses_left: int | None

    @classmethod
    def of(cls, invite: Invite) -> "InviteShown":
        return cls(
            id=invite.id,
            role=invite.role,
            created_by=invite.created_by,
            created_at=invite.created_at,
            expires_at=invite.expires_at,
            uses_left=invite.uses_left,
        )


class InviteCreated(InviteShown):
    code: str
    url: str


class WorkspaceNamed(BaseModel):
    id: str
    name: str


class Invitation(BaseModel):
    workspace: WorkspaceNamed
    role: Role
    collect_feedback: bool
    """Whether what is asked and decided in the workspace is kept to learn from."""


class Join(BaseModel):
    name: Name


class Joined(BaseModel):
    user: Person
    workspace: JoinedWorkspace
    role: Role
    token: str


@router.post("/api/workspaces/{workspace}/invites", status_code=201)
async def create_invite(body: NewInvite, member: Owner, services: ServicesDep, request: Request) -> InviteCreated:
    """The code is shown this once."""
    invite, code = await services.identity.invites.create(
        member.workspace, body.role, member.user.id, expires_in=timedelta(seconds=body.expires_in), uses=body.uses
    )
    # In the fragment, so that no server between here and there writes it down.
    url = f"{services.address.base_url(request)}/#invite={code}"
    return InviteCreated(**InviteShown.of(invite).model_dump(), code=code, url=url)


@router.get("/api/workspaces/{workspace}/invites")
async def list_invites(member: Owner, services: ServicesDep) -> list[InviteShown]:
    """Those that still let somebody in."""
    return [InviteShown.of(invite) for invite in await services.identity.invites.of_workspace(member.workspace)]


@router.get("/api/workspaces/{workspace}/invites/{id}")
async def show_invite(id: str, member: Owner, services: ServicesDep) -> InviteShown:
    invite = await services.identity.invites.get(member.workspace, id)
    if invite is None:
        raise Problem(404, "There is no such invite.")
    return InviteShown.of(invite)


@router.delete("/api/workspaces/{workspace}/invites/{id}", status_code=204)
async def withdraw_invite(id: str, member: Owner, services: ServicesDep) -> None:
    await services.identity.invites.withdraw(member.workspace, id)


@router.get("/api/invites/{code}")
async def show_invitation(code: str, _: Anyone, services: ServicesDep) -> Invitation:
    """What the holder of an invite is invited to."""
    invite, workspace = await _find(services, code)
    named = WorkspaceNamed(id=workspace.id, name=workspace.name)
    return Invitation(workspace=named, role=invite.role, collect_feedback=workspace.collect_feedback)


@router.post("/api/invites/{code}")
async def join(code: str, body: Join, _: Anyone, services: ServicesDep, request: Request, response: Response) -> Joined:
    """Come in: as a new person of that name, or, when signed in, as who one already is."""
    caller = await identify_if_credentials(request)
    invite, workspace = await _find(services, code)
    role = await services.identity.members.role(workspace.id, caller.user.id) if caller else None
    gains = role is None or not includes(role, invite.role)
    if gains and not await services.identity.invites.spend(invite):
        raise _no_invite()
    user = caller.user if caller else await _newcomer(services, workspace.id, body.name)
    if caller is None:
        await services.identity.users.insert(user)
    role = await services.identity.members.join(workspace.id, user.id, invite.role)
    await services.storage.events.append(
        workspace.id, "scriptorium.member.changed", {"user": user.id, "name": user.name, "role": role}
    )
    await services.watch.announce()
    if caller is None:
        session = await services.identity.sessions.create(user.id)
        services.address.set_session(request, response, session, days=services.settings.session_days)
    _record, token = await services.identity.tokens.create(user.id, f"Invitation to {workspace.name}")
    return Joined(user=Person.of(user), workspace=JoinedWorkspace.of(workspace, role), role=role, token=token)


async def _newcomer(services: Services, workspace: str, name: str) -> User:
    """Two people of one workspace should not look alike while there are colours left."""
    members = await services.identity.members.of_workspace(workspace)
    known = await services.identity.users.many([member.user for member in members])
    return services.identity.users.draft(name, [user.color for user in known.values()])


async def _find(services: Services, code: str) -> tuple[Invite, Workspace]:
    invite = await services.identity.invites.find(code)
    workspace = await services.identity.workspaces.get(invite.workspace) if invite else None
    if invite is None or workspace is None:
        raise _no_invite()
    return invite, workspace


def _no_invite() -> Problem:
    return Problem(404, "This invitation was used up, withdrawn, or has expired. Ask for a new one.")
