"""A running `scriptorium serve` for whole-product tests, on each kind of storage, with a scripted model behind it.

`store`, `server`  on each kind of storage; whoever stops or kills the server starts it again
`model`            the scripted model that the servers ask
`clients`          stock Yjs clients, in a process of their own
`site`, `people`   a server for browsers, and the people who use it there
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.conftest import Services
from tests.doubles.model_server import ModelServer
from tests.e2e import stores
from tests.e2e.browser import People, chromium_at, pictures_in
from tests.e2e.helpers import asking, running_worker
from tests.e2e.stores import Store
from tests.support.server import Server, running_server
from tests.support.yjs import Clients, yjs_clients


# Of a module: FerretDB looks through whole collections, so what the tests before it have left, as thousands of imported
# files, would make each statement of those after it slower.
@pytest.fixture(scope="module", params=["embedded", "services"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    data_dir = tmp_path_factory.mktemp("store")
    if request.param == "embedded":
        return stores.embedded(data_dir)
    services: Services = request.getfixturevalue("services")
    return stores.on_services(services, data_dir)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def the_model() -> AsyncIterator[ModelServer]:
    async with ModelServer(remembers=True) as model:
        yield model


@pytest.fixture
def model(the_model: ModelServer) -> ModelServer:
    the_model.forget()
    return the_model


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def server(store: Store, the_model: ModelServer) -> AsyncIterator[Server]:
    environment = {**store.environment, **asking(the_model)}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running_server(store.data_dir, environment))
        if store.is_shared:
            # With Redis, the assistant's work is done by workers.
            await stack.enter_async_context(running_worker(store.data_dir / "worker", environment))
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def clients() -> AsyncIterator[Clients]:
    async with yjs_clients() as clients:
        yield clients


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory, the_model: ModelServer) -> AsyncIterator[Server]:
    async with running_server(tmp_path_factory.mktemp("site"), asking(the_model)) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with chromium_at(chromium) as browser:
        yield browser


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pictures_in(tmp_path_factory.mktemp("pictures"))


@pytest_asyncio.fixture(loop_scope="session")
async def people(browser: Browser, site: Server, pictures: Path) -> AsyncIterator[People]:
    people = People(browser, site, pictures)
    before = {entry["path"] for entry in await site.tree()}
    try:
        yield people
        people.complain()
    finally:
        await people.close()
        await tidy(site, before)


async def tidy(site: Server, keep: set[str]) -> None:
    """Delete all but ``keep``: a row that the files of other tests push out of sight is not in the page."""
    for entry in await site.tree():
        if "/" not in entry["path"] and entry["path"] not in keep:
            route = "folders" if entry["kind"] == "folder" else "files"
            await site.owner.http.delete(f"{site.workspace_path}/{route}/{quote(entry['path'])}")
