"""A real `scriptorium serve`, in a process of its own, and people who are signed in to it.

async with running_server(tmp_path) as server:
    editor = await server.join("editor")
    await editor.http.put(f"{server.workspace_path}/files/a.md", content=b"text")
    async with connect(editor.socket(f"/sync/{server.workspace}/{document}")) as socket: ...
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
OWNER_TOKEN = "owner-token-of-the-tests"
START_WITHIN = 120.0
"""Its imports alone take seconds where several start at once, and a whole folder of tests may wait for one."""
STOP_WITHIN = 60.0
"""It may wait a quarter of a minute for storage, and has its share of a machine on which much else runs."""


@dataclass
class Person:
    id: str
    token: str
    url: str
    http: httpx2.AsyncClient
    """With the token in it; without a cookie."""

    def socket(self, path: str) -> str:
        """The address of a socket, with the token in its query."""
        return f"ws://{urlsplit(self.url).netloc}{path}{'&' if '?' in path else '?'}token={self.token}"


@dataclass
class Server:
    """One server on one data folder. It may be stopped, killed and started again on the same port."""

    data_dir: Path
    environment: Mapping[str, str]
    program: str = "server"
    """The module that is started."""
    port: int = field(default_factory=free_port)
    link: str = ""
    """The owner's sign-in link of the last start."""
    workspace: str = ""
    """The id of the first workspace."""
    owner: Person = field(init=False)
    _process: subprocess.Popen[str] | None = None
    _clients: list[httpx2.AsyncClient] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def workspace_path(self) -> str:
        return f"/api/workspaces/{self.workspace}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def database(self) -> int:
        """The pid of the embedded database; the server may have other children, as the one that reads files."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        command = b"storage.embedded.server"
        [database] = [int(child) for child in children if command in Path(f"/proc/{child}/cmdline").read_bytes()]
        return database

    @property
    def log(self) -> str:
        """All that the server has logged so far, over all its starts."""
        return (self.data_dir / "test.log").read_text()

    async def start(self) -> None:
        """Returns when the owner's link has been printed."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "test.log").open("a") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - starting it takes a millisecond
                [
                    sys.executable,
                    "-m",
                    self.program,
                    "serve",
                    "--port",
                    str(self.port),
                    "--data-dir",
                    str(self.data_dir),
                ],
                cwd=ROOT,
                env=clean_environment({"SCRIPTORIUM_OWNER_TOKEN": OWNER_TOKEN, **self.environment}),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            self.link = await asyncio.wait_for(asyncio.to_thread(self._read_link), START_WITHIN)
        except (TimeoutError, EOFError):
            self.kill()
            raise AssertionError(f"the server did not start:\n{self.log}") from None

    def _read_link(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "#signin=" in line:
                return line.strip()
        raise EOFError

    async def stop(self) -> int:
        """End it gracefully; returns the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self._process.wait, STOP_WITHIN)

    def kill(self) -> None:
        """kill -9"""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    async def restart(self) -> None:
        """After `stop` or `kill`."""
        await self.start()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def http(self, token: str | None = None) -> httpx2.AsyncClient:
        """A client of nobody, or of whoever the token belongs to."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # An idle connection is left before the server closes it, after 5 s: a request that meets the closing is lost.
        limits = httpx2.Limits(keepalive_expiry=2.0)
        client = httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=30, trust_env=False, limits=limits)
        self._clients.append(client)
        return client

    def person(self, id: str, token: str) -> Person:
        return Person(id, token, self.url, self.http(token))

    async def sign_in_owner(self) -> Person:
        http = self.http(OWNER_TOKEN)
        me = (await http.get("/api/me")).raise_for_status().json()
        self.workspace = me["workspaces"][0]["id"]
        self.owner = Person(me["id"], OWNER_TOKEN, self.url, http)
        return self.owner

    async def join(self, role: str, name: str | None = None, *, workspace: str | None = None) -> Person:
        """A new person, invited into the workspace as ``role``."""
        target = f"/api/workspaces/{workspace or self.workspace}"
        invite = (await self.owner.http.post(f"{target}/invites", json={"role": role})).raise_for_status().json()
        joined = await self.http().post(f"/api/invites/{invite['code']}", json={"name": name or f"A {role}"})
        answer = joined.raise_for_status().json()
        return self.person(answer["user"]["id"], answer["token"])

    async def stranger(self) -> Person:
        """Somebody who is signed in, and belongs to another workspace alone."""
        other = (await self.owner.http.post("/api/workspaces", json={"name": "Elsewhere"})).raise_for_status().json()
        return await self.join("viewer", "A stranger", workspace=other["id"])

    async def document(self, path: str) -> str:
        """The id of the document at ``path`` of the workspace."""
        return next(node["id"] for node in await self.tree() if node["path"] == path)

    async def tree(self) -> list[dict[str, Any]]:
        """Every file and folder of the workspace."""
        answer = await self.owner.http.get(f"{self.workspace_path}/tree")
        return answer.raise_for_status().json()  # type: ignore[no-any-return]

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()
        if self.is_running:
            await self.stop()
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()


@asynccontextmanager
async def running_server(
    data_dir: Path, environment: Mapping[str, str] | None = None, program: str = "server"
) -> AsyncIterator[Server]:
    """A server on a fresh data folder, with its owner signed in; ``environment`` is added to a clean one."""
    server = Server(data_dir, environment or {}, program)
    await server.start()
    try:
        await server.sign_in_owner()
        yield server
    finally:
        await server.close()


def clean_environment(added: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the developer's own settings may decide what a test sees."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SCRIPTORIUM_", "OPENAI_"))}
    return {**clean, **added}


def log_lines(server: Server) -> list[dict[str, object]]:
    """The structured log, parsed."""
    return [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
