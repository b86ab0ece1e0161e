"""Workspaces and their settings."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from ai.clock import now
from server.access import Owner, SomeoneSignedIn, Viewer
from server.bodies import Route
from server.identity import Role
from server.problems import Problem
from server.routes.budget_shapes import BudgetSetting
from server.routes.me import workspaces_of
from server.routes.people import JoinedWorkspace, Name
from server.services import Services, ServicesDep

router = APIRouter(prefix="/api/workspaces", tags=["workspaces"], route_class=Route)


class NewWorkspace(BaseModel):
    name: Name


class WorkspaceSettings(BaseModel):
    name: str
    collect_feedback: bool
    budget: BudgetSetting


class WorkspaceShown(WorkspaceSettings):
    id: str
    role: Role
    created_at: datetime


class WorkspaceChange(BaseModel):
    name: Name | None = None
    collect_feedback: bool | None = None
    budget: BudgetSetting | None = None
    """In place of the one before; a limit that is left out, or null, is none."""


@router.get("")
async def list_workspaces(caller: SomeoneSignedIn, services: ServicesDep) -> list[JoinedWorkspace]:
    return await workspaces_of(caller, services)


@router.post("", status_code=201)
async def create_workspace(body: NewWorkspace, caller: SomeoneSignedIn, services: ServicesDep) -> JoinedWorkspace:
    workspace = await services.identity.workspaces.create(body.name, caller.user.id)
    await services.files.create_workspace(workspace.id)
    role = await services.identity.members.join(workspace.id, caller.user.id, "owner")
    return JoinedWorkspace.of(workspace, role)


@router.get("/{workspace}")
async def show_workspace(member: Viewer, services: ServicesDep) -> WorkspaceShown:
    found = await _settings(services, member.workspace)
    return found.model_copy(update={"role": member.role})


@router.get("/{workspace}/settings")
async def show_settings(member: Viewer, services: ServicesDep) -> WorkspaceSettings:
    return await _settings(services, member.workspace)


@router.patch("/{workspace}")
async def change_workspace(body: WorkspaceChange, member: Owner, services: ServicesDep) -> WorkspaceShown:
    """Who switches the collection on or off is named in the records, with the time: nothing of before is kept."""
    found = await _settings(services, member.workspace)
    fields = body.model_dump(exclude_none=True)
    if fields:
        kept = {}
        if body.collect_feedback is not None and body.collect_feedback != found.collect_feedback:
            kept = {"consent": {"since": now(), "by": {"id": member.user.id, "name": member.user.name}}}
        await services.identity.workspaces.change(member.workspace, fields | kept)
        await services.storage.events.append(member.workspace, "scriptorium.workspace.changed", fields)
    return await show_workspace(member, services)


@router.delete("/{workspace}", status_code=204)
async def delete_workspace(member: Owner, services: ServicesDep) -> None:
    """Everyone is out within 2 seconds; then all that it held is erased."""
    await services.identity.workspaces.mark_deleted(member.workspace)
    await services.identity.members.remove_all(member.workspace)
    await services.identity.invites.withdraw_all(member.workspace)
    await services.watch.announce()
    services.housekeeping.soon()


async def _settings(services: Services, id: str) -> WorkspaceShown:
    workspace = await services.identity.workspaces.get(id)
    if workspace is None:
        raise Problem(404, "This workspace was deleted.")
    return WorkspaceShown(
        id=workspace.id,
        name=workspace.name,
        role="viewer",
        collect_feedback=workspace.collect_feedback,
        budget=BudgetSetting(**workspace.budget),
        created_at=workspace.created_at,
    )
