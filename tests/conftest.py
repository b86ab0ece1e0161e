"""Fixtures for every room.

`backend`        where things are stored, once embedded and once on the real services; each test has a store of its own.
                 `async with backend.open() as storage` in this process, `backend.environment()` for another one.
`storage`        an opened `storage.Storage` on each backend.
`redis_service`, `mongo_service`, `s3_service`
                 a service for this test alone, started; the test may stop, kill, pause and start it again.
`chromium`       the path of a Chromium.
`editing_traces` the folder of the recorded editing sessions, or None: they are not part of this repository.

`make test` runs several at the same time, each file in one process. A test marked `alone` has the machine to itself.

`make test` leaves out what is marked `thorough`, and `make test-all` runs it too. Without a word of their own these are
torture, fuzzing, the half of the tests of a store that needs the real services, and of the tests of the whole product
all but the files marked `essential`.

A test that needs a service, a browser or a fuzzer which is not on this machine is skipped. Where
SCRIPTORIUM_REQUIRE_SERVICES is set, as it is in `.ci/run`, it fails, and so does the run when any test at all was
skipped.
"""

import fcntl
import itertools
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from storage import Storage, open_storage
from storage.events import EventLog
from tests.services.launchers import S3, Mongo, Redis, Service, ServiceMissing, find_program
from tests.support.event_shapes import flaws

_Service = TypeVar("_Service", bound=Service)

# How long one example takes says more about the machine than about the code.
# Where tests decide what lands, the same cases are tried every time: who changed nothing of it must not be stopped by a
# case that was always there. Everybody else tries new ones with every run, and finds those.
settings.register_profile(
    "scriptorium", deadline=None, print_blob=True, derandomize="SCRIPTORIUM_REQUIRE_SERVICES" in os.environ
)
settings.load_profile("scriptorium")


@dataclass(frozen=True)
class Backend:
    """The settings of one Scriptorium. A URL that is None stands for the embedded form."""

    name: str
    data_dir: Path
    mongo_url: str | None = None
    object_store_url: str | None = None
    redis_url: str | None = None
    credentials: dict[str, str] = field(default_factory=dict)

    def open(self) -> AbstractAsyncContextManager[Storage]:
        return open_storage(
            mongo_url=self.mongo_url,
            object_store_url=self.object_store_url,
            redis_url=self.redis_url,
            data_dir=self.data_dir,
        )

    def environment(self) -> dict[str, str]:
        """For another process that is to work on the same store."""
        settings = {
            "SCRIPTORIUM_DATA_DIR": str(self.data_dir),
            "SCRIPTORIUM_MONGO_URL": self.mongo_url,
            "SCRIPTORIUM_OBJECT_STORE_URL": self.object_store_url,
            "SCRIPTORIUM_REDIS_URL": self.redis_url,
        }
        return {name: value for name, value in settings.items() if value is not None} | self.credentials


@dataclass(frozen=True)
class Services:
    """One of each for all tests of one process."""

    redis: Redis
    mongo: Mongo
    s3: S3
    numbers: Iterator[int]


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if _required_here() and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class SharedStarts(LoadScopeScheduling):
    """Hands out files; as one, though, what shares servers that take seconds to start."""

    def _split_scope(self, nodeid: str) -> str:
        path, _, test = nodeid.partition("::")
        if path.startswith("tests/e2e/test_browser_"):
            # Two processes share them, or they alone would take as long as all the others.
            return "browsers" if path < "tests/e2e/test_browser_g" else "more browsers"
        if path.startswith("tests/e2e/"):
            for store in ("embedded", "services"):
                if f"[{store}" in test:
                    return store
        return path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedStarts:
    return SharedStarts(config, log)


@pytest.hookimpl(tryfirst=True)  # before what is not wanted is left out by its marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, or one process would still be at it when the others have nothing left to do."""
    for item in items:
        if _is_thorough(item):
            item.add_marker("thorough")
    rank = {folder: number for number, folder in enumerate(("e2e", "torture", "fuzz", "server"))}
    items.sort(key=lambda item: rank.get(item.path.parent.name, len(rank)))


def _is_thorough(item: pytest.Item) -> bool:
    if item.path.parent.name in ("e2e", "torture", "fuzz"):
        return item.get_closest_marker("essential") is None
    case = getattr(item, "callspec", None)  # of a test that is run with several parameters
    return case is not None and "services" in case.params.values()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    assert item.config.cache is not None
    turns = item.config.cache.mkdir("turns")
    with (turns / "door").open("w") as door, (turns / "room").open("w") as room:
        # Who wants the room alone keeps the door shut until the others have left, or somebody would always be there.
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        try:
            return (yield)
        finally:
            # Closing it would not do: a process that the test has forked may have it open as well.
            fcntl.flock(room, fcntl.LOCK_UN)


@pytest.fixture(autouse=True)
def events_as_declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every event that is told in this process is as the catalogue says, whoever tells it."""
    found: list[str] = []
    append, transient = EventLog.append, EventLog.transient

    async def checked_append(self: EventLog, stream: str, type: str, data: dict[str, Any]) -> int:
        found.extend(flaws(type, data, kept=True))
        return await append(self, stream, type, data)

    async def checked_transient(self: EventLog, stream: str, type: str, data: dict[str, Any]) -> None:
        found.extend(flaws(type, data, kept=False))
        await transient(self, stream, type, data)

    monkeypatch.setattr(EventLog, "append", checked_append)
    monkeypatch.setattr(EventLog, "transient", checked_transient)
    yield
    assert not found


@pytest.fixture(params=["embedded", "services"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    if request.param == "embedded":
        return Backend("embedded", tmp_path / "scriptorium")
    services: Services = request.getfixturevalue("services")
    name = f"t{uuid4().hex}"
    credentials = dict(services.s3.credentials)
    for variable, value in credentials.items():
        monkeypatch.setenv(variable, value)
    return Backend(
        "services",
        tmp_path / "scriptorium",
        services.mongo.database(name),
        services.s3.bucket(name),
        services.redis.database(next(services.numbers)),
        credentials,
    )


@pytest.fixture
async def storage(backend: Backend) -> AsyncIterator[Storage]:
    async with backend.open() as opened:
        yield opened


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("services")
    redis, mongo, s3 = (_make(kind, folder / kind.program) for kind in (Redis, Mongo, S3))
    try:
        for service in (redis, mongo, s3):
            service.start()
        yield Services(redis, mongo, s3, itertools.count(1))
    finally:
        for service in (redis, mongo, s3):
            service.stop()


@pytest.fixture
def redis_service(tmp_path: Path) -> Iterator[Redis]:
    yield from _own(Redis, tmp_path)


@pytest.fixture
def mongo_service(tmp_path: Path) -> Iterator[Mongo]:
    yield from _own(Mongo, tmp_path)


@pytest.fixture
def s3_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    for service in _own(S3, tmp_path):
        for variable, value in service.credentials.items():
            monkeypatch.setenv(variable, value)
        yield service


@pytest.fixture(scope="session")
def chromium() -> str:
    return required(lambda: find_program("chromium", "chromium-browser", "google-chrome"))


@pytest.fixture(scope="session")
def editing_traces() -> Path | None:
    folder = os.environ.get("SCRIPTORIUM_EDITING_TRACES")
    return Path(folder) if folder else None


def _own(kind: type[_Service], tmp_path: Path) -> Iterator[_Service]:
    service = _make(kind, tmp_path / kind.program)
    service.start()
    yield service
    service.stop()


def _make(kind: type[_Service], folder: Path) -> _Service:
    return required(lambda: kind(folder))


_Found = TypeVar("_Found")


def required(find: Callable[[], _Found]) -> _Found:
    """What ``find`` gives; the test is skipped, or fails where services are required, when it raises ServiceMissing."""
    try:
        return find()
    except ServiceMissing as missing:
        if _required_here():
            pytest.fail(str(missing))
        pytest.skip(str(missing))


def _required_here() -> bool:
    return bool(os.environ.get("SCRIPTORIUM_REQUIRE_SERVICES"))
