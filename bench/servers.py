"""Starts Scriptorium and its peers, each pinned to the first core.

Scriptorium runs with durability on. The peers run as published: without any extension, thus without persistence.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

HERE = Path(__file__).parent
INSTALLED = HERE.parent / ".bench"
"""Where `make bench` puts the peers and their Node."""

NODE = INSTALLED / "node/bin/node"
OWNER_TOKEN = "bench-" + "0" * 32
SERVER_CORE, LOAD_CORE = "0", "1"

# Nobody types 260,000 keystrokes a minute, and the document of the cold-open row must not take nine minutes.
UNHURRIED = {
    "SCRIPTORIUM_LIMIT_UPDATES_PER_SECOND": "1000000",
    "SCRIPTORIUM_LIMIT_UPDATE_BYTES_PER_SECOND": "1000000000",
}


SETTLING = 8.0
"""Seconds for what an import leaves to do, plain files and first versions. The peers have no files to keep."""


STARTING = 6.0
"""Seconds that workers may take to start; nobody tells when they have."""


class Failed(Exception):
    """A server or the load did not do what was asked. The message is for the table."""


PEERS: dict[str, list[str]] = {
    "y-websocket": [str(NODE), str(HERE / "peers/node_modules/y-websocket/bin/server.cjs")],
    "hocuspocus": [str(NODE), str(HERE / "peers/hocuspocus.mjs")],
    "pycrdt-websocket": [
        str(INSTALLED / "pycrdt-websocket/bin/python"),
        str(HERE / "peers/asgi.py"),
        "pycrdt.websocket",
    ],
    "ypy-websocket": [str(INSTALLED / "ypy-websocket/bin/python"), str(HERE / "peers/asgi.py"), "ypy_websocket"],
}
RELAY = "relay"
"""No peer but a floor: `bench/peers/relay.c` hands frames on and does nothing else."""

PEERS[RELAY] = [str(INSTALLED / RELAY)]
SERVERS = ["scriptorium", *PEERS]


@dataclass
class Running:
    """One server or several of one group, ready to be connected to."""

    pids: list[int]
    targets: list[dict[str, Any]]
    """What the load client needs to know of each."""
    base: str = ""
    """Of the workspace in the HTTP interface; the peers have none."""
    metrics: str = ""
    idle_seconds: float = 3.0
    """After which a peer has dropped a document that nobody has open, if it ever does."""
    databases: list[int] = field(default_factory=list)
    """Processes that belong to the group and are no servers."""

    def documents(self, names: list[str]) -> list[str]:
        """What to connect to for each name. Peers make documents up by name; Scriptorium has files."""
        if not self.base:
            return names
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            for name in names:
                files.writestr(f"{name}.txt", "")
        request(f"{self.base}/import", archive.getvalue())
        time.sleep(SETTLING)
        ids = {node["path"]: node["id"] for node in json.loads(request(f"{self.base}/tree"))}
        return [ids[f"{name}.txt"] for name in names]

    def wait_until_idle(self) -> None:
        """Return when documents that nobody has open have left memory, or had the time to."""
        time.sleep(self.idle_seconds)
        deadline = time.monotonic() + 120
        while self.metrics and "scriptorium_rooms 0.0" not in request(self.metrics).decode():
            if time.monotonic() > deadline:
                raise Failed("documents stay in memory")
            time.sleep(0.5)


def request(url: str, body: bytes | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {OWNER_TOKEN}", "Content-Type": "application/zip"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=300) as answer:
        return bytes(answer.read())


@contextlib.contextmanager
def server(name: str, data: Path | None = None, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """``data`` is Scriptorium's data folder, kept for a later start; without it there is a fresh one."""
    port = free_port()
    if name == "scriptorium":
        with _scriptorium(port, data, environment or {}) as running:
            yield running
        return
    command = PEERS[name]
    if not Path(command[0]).exists():
        raise Failed("not installed")
    if command[0] != str(NODE):
        command = [*command, str(port)]
    with _process(command, {"HOST": "127.0.0.1", "PORT": str(port), "NODE_ENV": "production"}) as process:
        wait_for_port(port, process)
        target = {"url": f"ws://127.0.0.1:{port}", "hocuspocus": name == "hocuspocus"}
        yield Running([process.pid], [target])


@contextlib.contextmanager
def group(count: int) -> Iterator[Running]:
    """``count`` Scriptorium processes on one Redis, one database and one object store, all on the first core."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scriptorium-bench-")))
        shared, databases = stack.enter_context(_shared(folder))
        members = [
            stack.enter_context(_scriptorium(free_port(), folder / f"data{index}", shared)) for index in range(count)
        ]
        yield Running(
            [pid for member in members for pid in member.pids],
            [target for member in members for target in member.targets],
            members[0].base,
            databases=databases,
        )


@dataclass
class Pool:
    """A `serve` process and workers, each with a key of its own for the model: it tells which of them asks."""

    running: Running
    keys: list[str]
    _environment: Mapping[str, str]
    _folder: Path
    _workers: dict[int, tuple[contextlib.ExitStack, subprocess.Popen[bytes]]] = field(default_factory=dict)

    def start(self, number: int) -> None:
        stack = contextlib.ExitStack()
        key = {"OPENAI_API_KEY": self.keys[number], "SCRIPTORIUM_DATA_DIR": str(self._folder / f"worker{number}")}
        command = [str(Path(sys.executable).with_name("scriptorium")), "worker"]
        process = stack.enter_context(_process(command, {**self._environment, **key}))
        self._workers[number] = stack, process
        self.running.pids.append(process.pid)

    def kill(self, number: int) -> None:
        stack, process = self._workers.pop(number)
        self.running.pids.remove(process.pid)
        process.kill()
        stack.close()

    def stop(self) -> None:
        for stack, _ in self._workers.values():
            stack.close()


@contextlib.contextmanager
def pool(count: int, environment: Mapping[str, str]) -> Iterator[Pool]:
    """One `serve` and ``count`` workers on one Redis, one database and one object store, all on the first core."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scriptorium-bench-")))
        shared, _ = stack.enter_context(_shared(folder))
        running = stack.enter_context(_scriptorium(free_port(), folder / "data", {**shared, **environment}))
        made = Pool(running, [f"worker-{number}" for number in range(count)], {**shared, **environment}, folder)
        stack.callback(made.stop)
        for number in range(count):
            made.start(number)
        time.sleep(STARTING)
        yield made


@contextlib.contextmanager
def _shared(folder: Path) -> Iterator[tuple[dict[str, str], list[int]]]:
    """The settings of a group, and the processes that they lead to."""
    with _database(folder) as (mongo, mongo_pid), _redis(folder) as (redis, redis_pid):
        settings = {
            "SCRIPTORIUM_MONGO_URL": mongo,
            "SCRIPTORIUM_REDIS_URL": redis,
            "SCRIPTORIUM_OBJECT_STORE_URL": (folder / "objects").as_uri(),
        }
        yield settings, [mongo_pid, redis_pid]


@contextlib.contextmanager
def _scriptorium(port: int, data: Path | None, environment: Mapping[str, str]) -> Iterator[Running]:
    with contextlib.ExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scriptorium-bench-")))
        command = [str(Path(sys.executable).with_name("scriptorium")), "serve", "--port", str(port)]
        process = stack.enter_context(
            _process([*command, "--data-dir", str(data)], {"SCRIPTORIUM_OWNER_TOKEN": OWNER_TOKEN} | dict(environment))
        )
        wait_for_port(port, process)
        base = f"http://127.0.0.1:{port}"
        workspace = json.loads(request(f"{base}/api/workspaces"))[0]["id"]
        target = {
            "url": f"ws://127.0.0.1:{port}/sync/{workspace}",
            "headers": {"Authorization": f"Bearer {OWNER_TOKEN}"},
        }
        yield Running(
            [process.pid], [target], f"{base}/api/workspaces/{workspace}", f"{base}/metrics", idle_seconds=20.0
        )


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[tuple[str, int]]:
    """The embedded database as a server of its own, so that several processes can share it."""
    (folder / "mongo").mkdir()
    path = folder / "mongo.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        descriptor = listener.fileno()
        command = [sys.executable, "-P", "-m", "storage.embedded.server", str(folder / "mongo"), str(descriptor)]
        with _process(command, {}, pass_fds=[descriptor], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise Failed("the database did not start")
            yield f"mongodb://{quote(str(path), safe='')}/scriptorium", process.pid


@contextlib.contextmanager
def _redis(folder: Path) -> Iterator[tuple[str, int]]:
    program = shutil.which("redis-server")
    if program is None:
        raise Failed("redis-server is missing; `make services` gets it")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    with _process(command, {}) as process:
        wait_for_port(port, process)
        yield f"redis://127.0.0.1:{port}/0", process.pid


@contextlib.contextmanager
def _process(command: list[str], environment: Mapping[str, str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("SCRIPTORIUM_", "OPENAI_"))}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": HERE / "peers"}
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, *command], env=ours | dict(environment), **quiet | options
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failed(f"the server ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise Failed("the server did not open its port")
