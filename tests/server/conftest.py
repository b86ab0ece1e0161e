"""An application in this process, for what needs no socket; `tests.support.server` has the real one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from server.app import create_app, open_services
from server.first_start import ensure_owner
from server.identity import Role, User
from server.services import Services
from server.settings import Settings

ORIGIN = "http://127.0.0.1:8000"


@dataclass
class House:
    """The application and the people in it; `users` and `tokens` by their names."""

    app: FastAPI
    services: Services
    workspace: str
    users: dict[str, User]
    tokens: dict[str, str]

    def http(self, who: str | None = None, **headers: str) -> httpx2.AsyncClient:
        if who is not None:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        transport = httpx2.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)

    async def browser(self, who: str, **headers: str) -> httpx2.AsyncClient:
        """Signed in by a session cookie."""
        http = self.http(**headers)
        session = await self.services.identity.sessions.create(self.users[who].id)
        http.cookies.set(self.services.address.cookie_name, session)
        return http

    async def add(self, name: str, role: Role | None, workspace: str | None = None) -> User:
        identity = self.services.identity
        user = identity.users.draft(name)
        await identity.users.insert(user)
        if role is not None:
            await identity.members.join(workspace or self.workspace, user.id, role)
        self.users[name] = user
        self.tokens[name] = (await identity.tokens.create(user.id, "test"))[1]
        return user

    async def fresh_workspace(self) -> str:
        """The path of one that everybody of the house belongs to."""
        workspace = (await self.http("owner").post("/api/workspaces", json={"name": "Fresh"})).json()["id"]
        for role in ("editor", "viewer"):
            await self.services.identity.members.join(workspace, self.users[role].id, role)  # type: ignore[arg-type]
        return f"/api/workspaces/{workspace}"


async def furnished(services: Services) -> House:
    """With an owner, an editor and a viewer in it."""
    owner = await ensure_owner(services)
    [membership] = await services.identity.members.of_user(owner.id)
    house = House(create_app(services), services, membership.workspace, {"owner": owner}, {})
    house.tokens["owner"] = (await services.identity.tokens.create(owner.id, "test"))[1]
    await house.add("editor", "editor")
    await house.add("viewer", "viewer")
    return house


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    data: Path = tmp_path_factory.mktemp("data")
    async with open_services(Settings(data_dir=data), port=8000) as services:
        house = await furnished(services)
        await house.add("stranger", None)
        yield house
