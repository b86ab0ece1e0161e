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
    """The application with an owner, an editor, a viewer and a stranger in it; `tokens` by those names."""

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


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    data: Path = tmp_path_factory.mktemp("data")
    async with open_services(Settings(data_dir=data), port=8000) as services:
        owner = await ensure_owner(services)
        [membership] = await services.identity.members.of_user(owner.id)
        house = House(create_app(services), services, membership.workspace, {"owner": owner}, {})
        house.tokens["owner"] = (await services.identity.tokens.create(owner.id, "test"))[1]
        await house.add("editor", "editor")
        await house.add("viewer", "viewer")
        await house.add("stranger", None)
        yield house
