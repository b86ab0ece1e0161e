"""The same product on embedded storage and on the real services, as one process and as several."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Backend
from tests.services.launchers import Redis
from tests.support.server import ROOT, Server, clean_environment, running_server
from tests.support.sync_client import open_socket, sync_client
from tests.support.waiting import until


async def test_what_people_do_in_their_first_minute(backend: Backend) -> None:
    async with running_server(backend.data_dir, backend.environment()) as server:
        editor = await server.join("editor", "Ada")
        put = await editor.http.put(f"{server.workspace_path}/files/notes/a.md", content=b"one\r\ntwo\r\n")
        assert put.status_code == 201
        path = f"/sync/{server.workspace}/{put.json()['id']}"
        async with (
            open_socket(editor.socket(f"{server.workspace_path}/events")) as events,
            sync_client(editor.socket(path)) as one,
            sync_client(server.owner.socket(path)) as two,
        ):
            assert one.text == "one\ntwo\n"
            await one.type("zero\n")
            await two.shows("zero\none\ntwo\n")
            await one.barrier()
            async with asyncio.timeout(20):
                while (event := json.loads(await events.recv()))["data"].get("path") != "notes/a.md":
                    pass
            assert event["type"] == "scriptorium.document.settled"
            server.kill()
        await server.restart()
        answer = await editor.http.get(f"{server.workspace_path}/files/notes/a.md")
        assert answer.content == b"zero\r\none\r\ntwo\r\n"
        assert (await server.http().get("/readyz")).json()["ready"]


@asynccontextmanager
async def two_servers(backend: Backend, tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    """Two processes of one Scriptorium, as on two machines: nothing but the services is shared."""
    async with (
        running_server(tmp_path / "one", without_folder(backend)) as one,
        running_server(tmp_path / "two", without_folder(backend)) as two,
    ):
        assert one.workspace == two.workspace
        yield one, two


def without_folder(backend: Backend) -> dict[str, str]:
    return {name: value for name, value in backend.environment().items() if name != "SCRIPTORIUM_DATA_DIR"}


services_alone = pytest.mark.parametrize("backend", ["services"], indirect=True)


@services_alone
async def test_two_processes_are_one_place(backend: Backend, tmp_path: Path) -> None:
    async with two_servers(backend, tmp_path) as (one, two):
        path = f"/sync/{one.workspace}/{await one.document('Welcome.md')}"
        async with (
            sync_client(one.owner.socket(path)) as here,
            sync_client(two.owner.socket(path)) as there,
            open_socket(two.owner.socket(f"{two.workspace_path}/events")) as events,
        ):
            await here.type("from here ")
            await until(lambda: there.text == here.text)
            await there.type("from there ")
            await until(lambda: there.text == here.text)
            await here.barrier()
            await there.barrier()
            assert here.text.startswith("from there from here # Welcome")
            await one.owner.http.patch(one.workspace_path, json={"name": "Both"})
            async with asyncio.timeout(10):
                while json.loads(await events.recv())["type"] != "scriptorium.workspace.changed":
                    pass


@services_alone
async def test_whoever_is_removed_is_out_everywhere_even_without_redis(
    backend: Backend, redis_service: Redis, tmp_path: Path
) -> None:
    backend = replace(backend, redis_url=redis_service.url)
    async with two_servers(backend, tmp_path) as (one, two):
        path = f"/sync/{one.workspace}/tree"
        for redis_is_away in (False, True):
            person = await one.join("editor")
            at_the_other = two.person(person.id, person.token)
            async with sync_client(at_the_other.socket(path)) as client:
                if redis_is_away:
                    redis_service.kill()
                removed = time.monotonic()
                answer = await one.owner.http.delete(f"{one.workspace_path}/members/{person.id}")
                assert answer.status_code == 204
                assert await client.closed() == 4403
                assert time.monotonic() - removed < 2


@services_alone
async def test_a_worker_of_its_own_answers(backend: Backend) -> None:
    async with running_server(backend.data_dir, backend.environment()) as server:
        asked = await server.owner.http.post(f"{server.workspace_path}/ai/chat", json={"message": "Hello?"})
        assert asked.status_code == 202, asked.text
        job = f"/api/jobs/{asked.json()['job']}"
        assert (await server.owner.http.get(job)).json()["state"] == "queued"
        worker = subprocess.Popen(  # noqa: ASYNC220 - starting it takes a millisecond
            [sys.executable, "-m", "server", "worker", "--data-dir", str(backend.data_dir / "worker")],
            cwd=ROOT,
            env=clean_environment(without_folder(backend)),
        )
        try:
            async with open_socket(server.owner.socket(f"{server.workspace_path}/events?after=0")) as events:
                async with asyncio.timeout(30):
                    while (event := json.loads(await events.recv()))["data"].get("state") != "done":
                        pass
                assert event["type"] == "scriptorium.job.changed"
                assert event["data"]["id"] == asked.json()["job"]
        finally:
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(worker.wait, 20) == 0
