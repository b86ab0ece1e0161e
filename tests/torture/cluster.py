"""The processes of a plan: servers, and the services behind them. Each can be killed, stopped, paused and started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx2

from storage import Storage, open_storage
from tests.services.launchers import S3, Redis, Service
from tests.support.ports import free_port
from tests.support.server import OWNER_TOKEN, ROOT, clean_environment
from tests.torture.links import Connect, Link
from tests.torture.plan import Plan

START_WITHIN = 60.0
STOP_WITHIN = 40.0
"""Seconds that a server may take to stop while all that it needs is there."""


class ServerFailed(AssertionError):
    """A server did not start or did not stop, though nothing was in its way."""


class Victim(Protocol):
    """What a plan can do to a process. Each is done whatever the state is, and does nothing where it makes no sense."""

    def kill(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    async def start(self) -> None: ...


class Nursery:
    """See `tests.torture.nursery`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def fork(self, arguments: list[str], environment: Mapping[str, str], log: Path, *, hasty: bool) -> int:
        request = {"arguments": arguments, "environment": dict(environment), "log": str(log), "hasty": hasty}
        return int(self._ask(request))

    def exit_code(self, pid: int) -> int | None:
        """None while it runs."""
        code: int | None = self._ask({"ended": pid})
        return code

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextlib.contextmanager
def nursery() -> Iterator[Nursery]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.torture.nursery"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment({}),
    )
    with process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()


class ServerProcess:
    def __init__(self, nursery: Nursery, data_dir: Path, environment: Mapping[str, str], *, hasty: bool) -> None:
        self._nursery = nursery
        self.data_dir = data_dir
        data_dir.mkdir(parents=True)
        self.log = data_dir.with_suffix(".log")
        self._environment = clean_environment({**environment, "SCRIPTORIUM_OWNER_TOKEN": OWNER_TOKEN})
        self._hasty = hasty
        self._pid: int | None = None
        self._stopping = False
        self.port = free_port()
        self.http = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {OWNER_TOKEN}"},
            timeout=30,
            trust_env=False,
        )

    @property
    def _running(self) -> int | None:
        """Its pid."""
        if self._pid is not None and self._nursery.exit_code(self._pid) is not None:
            self._pid = None
        return self._pid

    async def start(self) -> None:
        """One that is just stopping ends first, or is killed as an impatient operator would."""
        if self._stopping:
            with contextlib.suppress(ServerFailed):
                await self.stopped(within=3)
            self.kill()
        if self._running is not None:
            return
        self._pid = self._nursery.fork(
            ["serve", "--port", str(self.port), "--data-dir", str(self.data_dir)],
            self._environment,
            self.log,
            hasty=self._hasty,
        )

    async def answers(self) -> None:
        """Returns once it serves. Raises ServerFailed."""
        deadline = time.monotonic() + START_WITHIN
        while time.monotonic() < deadline:
            if self._running is None:
                break
            with contextlib.suppress(httpx2.HTTPError):
                if (await self.http.get("/readyz", timeout=5)).status_code == 200:
                    return
            await asyncio.sleep(0.05)
        raise ServerFailed(f"{self.data_dir.name} does not serve: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        if (pid := self._running) is not None:
            os.kill(pid, signal.SIGKILL)
            while self._running is not None:
                time.sleep(0.001)
        self._stopping = False

    def stop(self) -> None:
        if (pid := self._running) is not None and not self._stopping:
            os.kill(pid, signal.SIGTERM)
            self._stopping = True

    async def stopped(self, within: float = STOP_WITHIN) -> None:
        """Raises ServerFailed."""
        deadline = time.monotonic() + within
        while self._running is not None:
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.data_dir.name} does not stop: {self.log.read_text()[-2000:]}")
            await asyncio.sleep(0.02)
        self._stopping = False

    @property
    def is_stopping(self) -> bool:
        return self._stopping

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if (pid := self._running) is not None:
            os.kill(pid, number)

    def children(self, module: str) -> list[int]:
        """Those that run ``module``; not one between fork and exec, which still holds all that its parent holds."""
        found: list[int] = []
        if (pid := self._running) is not None:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                found = [int(c) for c in children if module.encode() in Path(f"/proc/{c}/cmdline").read_bytes()]
        return found


class EmbeddedDatabase:
    """The one that a lone server supervises: who kills it need not start it again."""

    MODULE = "storage.embedded.server"

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self._paused: set[int] = set()

    async def start(self) -> None:
        self.resume()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def pause(self) -> None:
        self._paused.update(self._signal(signal.SIGSTOP))

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def end_orphans(self) -> None:
        """Those that were paused when their server was killed never hear that they are alone."""
        for pid in self._paused:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if str(self._server.data_dir).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> list[int]:
        children = self._server.children(self.MODULE)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)
        return children


class SharedDatabase:
    """The embedded database's server, for several processes. While it is dead connections are refused."""

    SOCKET = "mongo.sock"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._socket = folder / self.SOCKET
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return mongo_url(self._socket)

    async def start(self) -> None:
        if self._process is not None:
            return
        self._socket.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener, (self._folder / "log.txt").open("ab") as log:
            listener.bind(str(self._socket))
            listener.listen(256)
            self._process = subprocess.Popen(  # noqa: ASYNC220 - starting it takes a millisecond
                [sys.executable, "-m", "storage.embedded.server", str(self._folder), str(listener.fileno())],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=[listener.fileno()],
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._socket.unlink()

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


class Outside:
    """One of the services that the other tests use too."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._alive = False

    async def start(self) -> None:
        if not self._alive:
            await asyncio.to_thread(self._service.start)
            self._alive = True

    def kill(self) -> None:
        self._service.kill()
        self._alive = False

    def pause(self) -> None:
        self._service.pause()

    def resume(self) -> None:
        self._service.resume()


class Everything:
    """A power cut, or a machine that sleeps."""

    def __init__(self, victims: Iterable[Victim]) -> None:
        self._victims = list(victims)

    async def start(self) -> None:
        for victim in self._victims:
            await victim.start()

    def kill(self) -> None:
        for victim in self._victims:
            victim.kill()

    def pause(self) -> None:
        for victim in self._victims:
            victim.pause()

    def resume(self) -> None:
        for victim in self._victims:
            victim.resume()


class Cluster:
    """All processes of ``plan``, with their data in ``folder``."""

    def __init__(self, plan: Plan, folder: Path, nursery: Nursery) -> None:
        self.victims: dict[str, Victim] = {}
        self.links: dict[str, Link] = {}
        """Between servers and services: "server 0 redis"."""
        self.redis: Redis | None = None
        self._urls: dict[str, str | None] = {"mongo_url": None, "object_store_url": None, "redis_url": None}
        self._credentials: Mapping[str, str] = {}
        self._ways: list[tuple[Path, Link]] = []
        self._listening: list[asyncio.Server] = []
        if plan.shape == "together":
            database = SharedDatabase(folder / "mongo")
            objects, self.redis = S3(folder / "s3"), Redis(folder / "redis")
            self.victims = {"database": database, "objects": Outside(objects), "redis": Outside(self.redis)}
            self._objects = folder / "s3" / "data" / "main"
            self._urls = {
                "mongo_url": database.url,
                "object_store_url": objects.bucket("main"),
                "redis_url": self.redis.url,
            }
            self._credentials = objects.credentials
        self.servers = [
            ServerProcess(nursery, folder / f"server {number}", self._environment(number, folder), hasty=plan.hasty)
            for number in range(plan.servers)
        ]
        for number, server in enumerate(self.servers):
            self.victims[f"server {number}"] = server
        if plan.shape == "alone":
            self._objects = self.servers[0].data_dir / "objects"
            self.victims["database"] = EmbeddedDatabase(self.servers[0])
        # Services come first in it, so they are there before servers start.
        self.victims["everything"] = Everything(self.victims.values())

    def _environment(self, server: int, folder: Path) -> dict[str, str]:
        urls = dict(self._urls)
        if (redis := self.redis) is not None:
            database = folder / "mongo" / SharedDatabase.SOCKET
            urls["mongo_url"] = mongo_url(
                self._link(server, "database", folder, lambda: asyncio.open_unix_connection(database))
            )
            way = self._link(server, "redis", folder, lambda: asyncio.open_connection("127.0.0.1", redis.port))
            urls["redis_url"] = f"unix://{way}"
        settings = {f"SCRIPTORIUM_{name.upper()}": url for name, url in urls.items() if url is not None}
        return settings | dict(self._credentials)

    def _link(self, server: int, service: str, folder: Path, connect: Connect) -> Path:
        link = self.links[f"server {server} {service}"] = Link(connect)
        self._ways.append((folder / f"{service}.{server}.sock", link))
        return self._ways[-1][0]

    async def start(self) -> None:
        """Raises ServerFailed."""
        self._listening = [await asyncio.start_unix_server(link.relay, way) for way, link in self._ways]
        await self.heal()

    async def heal(self) -> None:
        """Everything runs and answers. Raises ServerFailed."""
        for link in self.links.values():
            link.mend()
        self.victims["everything"].resume()
        for name, victim in self.victims.items():
            if name in ("database", "objects", "redis"):
                await victim.start()
        for server in self.servers:
            if server.is_stopping:
                await server.stopped()
        await asyncio.gather(*(self._serve(server) for server in self.servers))

    async def _serve(self, server: ServerProcess) -> None:
        await server.start()
        try:
            await server.answers()
        except ServerFailed:
            # It was just starting when its database was killed: whoever runs servers starts it again.
            await server.start()
            await server.answers()

    def drive(self, workspace: str) -> dict[str, bytes]:
        """The plain files of ``workspace`` by path. One that goes while this reads is left out."""
        folder = self._objects / "drive" / workspace
        found: dict[str, bytes] = {}
        for file in folder.rglob("*"):
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                found[file.relative_to(folder).as_posix()] = file.read_bytes()
        return found

    def kill_servers(self) -> None:
        for server in self.servers:
            server.kill()

    async def close(self) -> None:
        self.victims["everything"].kill()
        if isinstance(database := self.victims["database"], EmbeddedDatabase):
            database.end_orphans()
        for server in self.servers:
            await server.http.aclose()
        for listening in self._listening:
            listening.close()

    @asynccontextmanager
    async def storage(self) -> AsyncIterator[Storage]:
        """What the servers, which must be dead, have left."""
        before = dict(os.environ)
        os.environ.update(self._credentials)  # the object store's come from nowhere else
        try:
            async with open_storage(**self._urls, data_dir=self.servers[0].data_dir) as storage:
                yield storage
        finally:
            os.environ.clear()
            os.environ.update(before)


def mongo_url(socket: Path) -> str:
    return f"mongodb://{quote(str(socket), safe='')}/scriptorium"
