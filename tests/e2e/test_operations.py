"""What docs/operations.md promises to whoever runs the server."""

import asyncio
import re
import shutil
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from collab.limits import Limits
from server.settings import Settings
from tests.e2e.helpers import file_text, new_document
from tests.support.server import ROOT, log_lines, running_server
from tests.support.sync_client import sync_client

pytestmark = pytest.mark.asyncio(loop_scope="session")

GUIDE = (ROOT / "docs" / "operations.md").read_text()


async def test_the_settings_are_those_that_there_are() -> None:
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", GUIDE, re.MULTILINE))
    settings = {
        str(field.validation_alias or f"SCRIPTORIUM_{name.upper()}")
        for name, field in Settings.model_fields.items()
        if name != "limits"
    }
    assert named == settings | {f"SCRIPTORIUM_LIMIT_{limit.name.upper()}" for limit in fields(Limits)}


async def test_a_copy_of_the_stopped_data_folder_is_a_backup(tmp_path: Path) -> None:
    async with running_server(tmp_path / "data") as server:
        document = await new_document(server, "kept.md", "kept\n")
        async with sync_client(server.owner.socket(f"/sync/{server.workspace}/{document}")) as client:
            await client.type("also ")
            await client.barrier()
        assert await server.stop() == 0
        shutil.copytree(tmp_path / "data", tmp_path / "copy")
    async with running_server(tmp_path / "copy") as restored:
        assert restored.workspace == server.workspace
        assert await file_text(restored, "kept.md") == "also kept\n"


async def test_a_second_server_on_the_folder_is_told_what_to_set(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        for command in (("serve", "--port", "0"), ("worker",)):
            code, errors = await scriptorium(*command, "--data-dir", str(server.data_dir))
            assert code == 1
            assert "SCRIPTORIUM_REDIS_URL" in errors
            assert "Traceback" not in errors
        # Nobody noticed.
        assert (await server.http().get("/readyz")).json()["ready"]
        figures = (await server.http().get("/metrics")).text
        for name in re.findall(r"^\| `(scriptorium_\w+)", GUIDE, re.MULTILINE):
            assert f"# TYPE {name} " in figures, name
        assert all({"event", "level", "logger", "timestamp"} <= line.keys() for line in log_lines(server))


async def scriptorium(*arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", *arguments, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode, errors.decode()
