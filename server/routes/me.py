"""Whoever is signed in: signing in and out, their name, and where they belong."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel
from starlette.requests import Request

from server.access import Anyone, SomeoneSignedIn
from server.bodies import Route
from server.callers import Caller
from server.problems import Problem
from server.routes.people import JoinedWorkspace, Name, Person
from server.services import Services, ServicesDep

router = APIRouter(prefix="/api", tags=["people"], route_class=Route)


class Me(Person):
    workspaces: list[JoinedWorkspace]


class Signin(BaseModel):
    code: str


class SignedInAs(BaseModel):
    user: Person


class Rename(BaseModel):
    name: Name


@router.post("/signin")
async def sign_in(body: Signin, _: Anyone, services: ServicesDep, request: Request, response: Response) -> SignedInAs:
    """Redeem the code of a sign-in link. It works once."""
    user_id = await services.identity.links.redeem(body.code)
    user = await services.identity.users.get(user_id) if user_id else None
    if user is None:
        raise Problem(401, "This link was used already, or is too old. Starting the server prints a new one.")
    token = await services.identity.sessions.create(user.id)
    services.address.set_session(request, response, token, days=services.settings.session_days)
    return SignedInAs(user=Person.of(user))


@router.post("/signout", status_code=204)
async def sign_out(caller: SomeoneSignedIn, services: ServicesDep, request: Request, response: Response) -> None:
    """End the session of this browser, and its open sockets."""
    if caller.credential.kind == "session":
        await services.identity.sessions.end(caller.credential.id)
        await services.watch.announce()
    services.address.clear_session(request, response)


@router.get("/me")
async def me(caller: SomeoneSignedIn, services: ServicesDep) -> Me:
    return Me(**Person.of(caller.user).model_dump(), workspaces=await workspaces_of(caller, services))


@router.patch("/me")
async def rename_me(body: Rename, caller: SomeoneSignedIn, services: ServicesDep) -> Person:
    await services.identity.users.rename(caller.user.id, body.name)
    await services.watch.announce()
    for workspace in await workspaces_of(caller, services):
        data: dict[str, Any] = {"user": caller.user.id, "name": body.name, "role": workspace.role}
        await services.storage.events.append(workspace.id, "scriptorium.member.changed", data)
    return Person(id=caller.user.id, name=body.name, color=caller.user.color)


async def workspaces_of(caller: Caller, services: Services) -> list[JoinedWorkspace]:
    roles = {m.workspace: m.role for m in await services.identity.members.of_user(caller.user.id)}
    found = await services.identity.workspaces.many(list(roles))
    return [JoinedWorkspace.of(workspace, roles[workspace.id]) for workspace in found]
