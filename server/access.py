"""Who may do what. Every route and every socket carries exactly one rule, and gets who is asking from it.

A rule is a dependency: ``async def tree(member: Viewer, ...)``. `check_rules` refuses an application in which a route
has none, or two, so that a route cannot be forgotten.

Credentials, the first of these that is there: ``Authorization: Bearer``, ``?token=`` (sockets only, for scripts), the
session cookie. Only the cookie is sent by a browser on its own, so only with it must unsafe methods and sockets come
from our own Origin; SameSite does not do that, since it ignores ports.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator
from ipaddress import ip_address
from secrets import compare_digest
from typing import Annotated, Any

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute

from server.callers import Caller, Credential, Member
from server.identity import Role, includes
from server.problems import STORAGE_AWAY, Problem
from server.services import Services, services_of
from server.web import SAFE_METHODS

HANDSHAKE = 5.0
"""Seconds after which a socket is accepted and closed though nobody knows who asks: browsers give up a handshake after
some time, and then know nothing of when to come again."""


class Rule(ABC):
    """An authorization rule; calling it answers who is asking, or raises a `Problem` with 401, 403 or 404."""

    @property
    @abstractmethod
    def description(self) -> str:
        """One line, unique to what the rule demands; appears in the OpenAPI document."""

    @abstractmethod
    async def __call__(self, connection: HTTPConnection) -> Any: ...


class Public(Rule):
    description = "public"

    async def __call__(self, connection: HTTPConnection) -> None:
        # A foreign page must not be able to sign a visitor in as somebody else either.
        _require_own_origin(connection, may_be_absent=True)


class SignedIn(Rule):
    description = "signed in"

    async def __call__(self, connection: HTTPConnection) -> Caller:
        return await _identify(connection)


class InWorkspace(Rule):
    """At least ``role`` in the workspace that the path names as ``{workspace}``."""

    def __init__(self, role: Role) -> None:
        self.role = role

    @property
    def description(self) -> str:
        return f"{self.role} of the workspace"

    async def __call__(self, connection: HTTPConnection) -> Member:
        if connection.scope["type"] == "http":
            return await self._member(connection)
        try:
            async with asyncio.timeout(HANDSHAKE):
                return await self._member(connection)
        except TimeoutError:
            raise Problem(503, STORAGE_AWAY) from None

    async def _member(self, connection: HTTPConnection) -> Member:
        caller = await _identify(connection)
        # One answer for a foreign workspace and for none, so that it tells nobody which exist.
        absent = Problem(403, "There is no such workspace, or you are not a member of it.")
        return await _as_member(connection, caller, connection.path_params["workspace"], self.role, absent)


class InWorkspaceOf(Rule):
    """At least ``role`` in the workspace that something belongs to, which has an address of its own.

    ``find`` answers that workspace, or None when there is no such thing.
    """

    def __init__(self, role: Role, kind: str, find: Callable[[Services, str], Awaitable[str | None]]) -> None:
        self.role = role
        self.kind = kind
        self._find = find

    @property
    def description(self) -> str:
        return f"{self.role} of the workspace of the {self.kind}"

    async def __call__(self, connection: HTTPConnection) -> Member:
        caller = await _identify(connection)
        absent = Problem(
            404, f"There is no such {self.kind}, or it belongs to a workspace that you are not a member of."
        )
        workspace = await self._find(services_of(connection), connection.path_params["id"])
        if workspace is None:
            raise absent
        return await _as_member(connection, caller, workspace, self.role, absent)


class OwnerOrThemselves(InWorkspace):
    """An owner of the workspace, or the very member whom the path names as ``{user}``."""

    def __init__(self) -> None:
        super().__init__("viewer")

    @property
    def description(self) -> str:
        return "owner of the workspace, or that member"

    async def __call__(self, connection: HTTPConnection) -> Member:
        member = await super().__call__(connection)
        if member.role != "owner" and connection.path_params["user"] != member.user.id:
            raise Problem(
                403, f"Only owners may do this to others, and you are a {member.role} here.", role=member.role
            )
        return member


class OwnerOf(Rule):
    """Whoever the thing at the path's ``{id}`` belongs to; ``find`` answers the user's id, or None."""

    def __init__(self, kind: str, find: Callable[[Services, str], Awaitable[str | None]]) -> None:
        self.kind = kind
        self._find = find

    @property
    def description(self) -> str:
        return f"whose {self.kind} it is"

    async def __call__(self, connection: HTTPConnection) -> Caller:
        caller = await _identify(connection)
        if await self._find(services_of(connection), connection.path_params["id"]) != caller.user.id:
            raise Problem(404, f"You have no such {self.kind}.")
        return caller


class Monitoring(Rule):
    """``SCRIPTORIUM_METRICS_TOKEN``; without one set, this machine alone.

    Behind a proxy on this machine everybody seems to come from it, so a public URL switches that second way off.
    """

    description = "monitoring"

    async def __call__(self, connection: HTTPConnection) -> None:
        settings = services_of(connection).settings
        if settings.metrics_token is not None:
            if not compare_digest(
                (_bearer(connection) or "").encode(), settings.metrics_token.get_secret_value().encode()
            ):
                raise _unauthorized("Monitoring needs SCRIPTORIUM_METRICS_TOKEN as a bearer token.")
        elif settings.public_url is not None or not _is_loopback(connection):
            raise Problem(403, "Monitoring from another machine needs SCRIPTORIUM_METRICS_TOKEN to be set.")


public = Public()
Anyone = Annotated[None, Depends(public)]
SomeoneSignedIn = Annotated[Caller, Depends(SignedIn())]
Viewer = Annotated[Member, Depends(InWorkspace("viewer"))]
Editor = Annotated[Member, Depends(InWorkspace("editor"))]
Owner = Annotated[Member, Depends(InWorkspace("owner"))]
Monitor = Annotated[None, Depends(Monitoring())]


class UnguardedRoute(Exception):
    """A route without a rule, or with several."""


def check_rules(routes: Iterable[BaseRoute]) -> None:
    """Raises UnguardedRoute unless each of ``routes`` carries exactly one rule."""
    for route in routes:
        rules = list(rules_of(route))
        if len(rules) != 1:
            where = getattr(route, "path", repr(route))
            raise UnguardedRoute(f"{where} has {len(rules)} authorization rules; every route needs exactly one")


def rules_of(route: BaseRoute) -> Iterator[Rule]:
    if isinstance(route, APIRoute | APIWebSocketRoute):
        yield from _rules_in(route.dependant)


def _rules_in(dependant: Dependant) -> Iterator[Rule]:
    if isinstance(dependant.call, Rule):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _rules_in(inner)


async def _identify(connection: HTTPConnection) -> Caller:
    """Raises Problem 401; 403 for a cookie from a foreign page; 429 when an address asks for too much at once."""
    services = services_of(connection)
    if connection.scope["type"] == "http":
        return await _find_caller(connection, services)
    async with services.doorway.enter(connection.client.host if connection.client else ""):
        return await _find_caller(connection, services)


async def identify_if_credentials(connection: HTTPConnection) -> Caller | None:
    """Who is asking at a public route: None without credentials, and for a browser whose session is over.

    Raises Problem 401 for a bad token.
    """
    services = services_of(connection)
    if _bearer(connection) is None and services.address.cookie_name not in connection.cookies:
        return None
    try:
        return await _find_caller(connection, services)
    except Problem as problem:
        if problem.status_code == 401 and _bearer(connection) is None:
            return None
        raise


async def _find_caller(connection: HTTPConnection, services: Services) -> Caller:
    identity = services.identity
    if (token := _bearer(connection) or _query_token(connection)) is not None:
        found = await identity.tokens.find(token)
        if found is None:
            raise _unauthorized("This token is unknown or was revoked.")
        credential, user_id = Credential("token", found.id), found.user
    elif (cookie := connection.cookies.get(services.address.cookie_name)) is not None:
        _require_own_origin(connection, may_be_absent=False)
        session = await identity.sessions.find(cookie)
        if session is None:
            raise _unauthorized("You were signed out. Open your link again, or ask for a new one.")
        credential, user_id = Credential("session", session.id), session.user
    else:
        raise _unauthorized("You are not signed in.")
    user = await identity.users.get(user_id)
    if user is None:
        raise _unauthorized("This account no longer exists.")
    return Caller(user, credential)


async def _as_member(connection: HTTPConnection, caller: Caller, workspace: str, role: Role, absent: Problem) -> Member:
    present = await services_of(connection).identity.members.role(workspace, caller.user.id)
    if present is None:
        raise absent
    if not includes(present, role):
        raise Problem(403, f"Only {role}s may do this, and you are a {present} here.", role=present, needed=role)
    return Member(caller.user, caller.credential, workspace, present)


def _bearer(connection: HTTPConnection) -> str | None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _query_token(connection: HTTPConnection) -> str | None:
    return connection.query_params.get("token") if connection.scope["type"] == "websocket" else None


def _require_own_origin(connection: HTTPConnection, *, may_be_absent: bool) -> None:
    if connection.scope["type"] == "http" and connection.scope["method"] in SAFE_METHODS:
        return
    origin = connection.headers.get("origin")
    if origin is None and may_be_absent:
        return
    if origin is None or not services_of(connection).address.is_own_origin(connection, origin):
        raise Problem(403, f"This came from a page of {origin or 'an unknown origin'}, not from this server's own.")


def _is_loopback(connection: HTTPConnection) -> bool:
    try:
        return connection.client is not None and ip_address(connection.client.host).is_loopback
    except ValueError:
        return False


def _unauthorized(sentence: str) -> Problem:
    return Problem(401, sentence, headers={"WWW-Authenticate": "Bearer"})
