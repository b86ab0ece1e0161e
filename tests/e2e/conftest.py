"""A running `scriptorium serve` for whole-product tests, on each kind of storage, with a scripted model behind it.

`store`, `server`          one for all tests, on each kind of storage
`own_store`, `own_server`  for this test alone, which may stop and kill it
`model`                    the scripted model that all of these servers ask
`site`, `people`           a server for browsers, and the people who use it there
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

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

KINDS = ["embedded", "services"]


def _store(request: pytest.FixtureRequest, data_dir: Path) -> Store:
    if request.param == "embedded":
        return stores.embedded(data_dir)
    services: Services = request.getfixturevalue("services")
    return stores.on_services(services, data_dir)


@pytest.fixture(scope="session", params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return _store(request, tmp_path_factory.mktemp("store"))


@pytest.fixture(params=KINDS)
def own_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return _store(request, tmp_path / "store")


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def the_model() -> AsyncIterator[ModelServer]:
    async with ModelServer() as model:
        yield model


@pytest.fixture
def model(the_model: ModelServer) -> ModelServer:
    the_model.scripts.clear()
    return the_model


@asynccontextmanager
async def product_on(store: Store, model: ModelServer) -> AsyncIterator[Server]:
    """A server, and with Redis also the worker that it then needs."""
    environment = {**store.environment, **asking(model)}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running_server(store.data_dir, environment))
        if "SCRIPTORIUM_REDIS_URL" in environment:
            await stack.enter_async_context(running_worker(store.data_dir / "worker", environment))
        yield server


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def server(store: Store, the_model: ModelServer) -> AsyncIterator[Server]:
    async with product_on(store, the_model) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def own_server(own_store: Store, the_model: ModelServer) -> AsyncIterator[Server]:
    async with product_on(own_store, the_model) as server:
        yield server


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
    try:
        yield people
        people.complain()
    finally:
        await people.close()
