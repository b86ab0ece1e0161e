"""What the documentation promises, done."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.server import ROOT, Server, running_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

GUIDE = ROOT / "docs" / "http.md"
SEPARATOR = "\x1e"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def fresh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """As somebody has it who has just followed the README: no model, nothing but the first files."""
    async with running_server(tmp_path_factory.mktemp("fresh")) as server:
        yield server


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)


async def test_the_examples_of_the_guide_work(fresh: Server, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        (pytest.fail if os.environ.get("SCRIPTORIUM_REQUIRE_SERVICES") else pytest.skip)("curl is missing")
    shell = blocks("sh")
    script = f"\nprintf '{SEPARATOR}'\n".join(shell).replace("http://127.0.0.1:8000", fresh.url)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SCRIPTORIUM_DATA_DIR": str(fresh.data_dir),
        "EVENTS": fresh.url.replace("http", "ws") + f"{fresh.workspace_path}/events",
        "TOKEN": fresh.owner.token,
    }
    process = await asyncio.create_subprocess_exec(
        *("bash", "-eu", "-o", "pipefail", "-c", script),
        cwd=tmp_path,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode() + output.decode()[-2000:]
    outputs = dict(zip(shell, output.decode().split(SEPARATOR), strict=True))

    # Where the guide shows an answer, the answer looks like that.
    shown = re.findall(r"```sh\n((?:(?!```).)*)```\s*```json\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(shown) == len(blocks("json"))
    for code, answer in shown:
        got = last_json(outputs[code])
        assert shape(got) == shape(json.loads(answer)), code

    [program] = blocks("python")
    followed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=20
    )
    assert "scriptorium.suggestion.changed" in followed.stdout, followed.stderr


def last_json(output: str) -> Any:
    """The last JSON value of an output in which several may follow one another."""
    decoder = json.JSONDecoder()
    found, at = None, output.find("{")
    while at >= 0:
        found, end = decoder.raw_decode(output, at)
        at = output.find("{", end)
    return found


def shape(value: Any) -> Any:
    """What stays of an answer when ids, times and numbers are others."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


async def test_the_guide_names_every_route_and_no_other(fresh: Server) -> None:
    document = (await fresh.owner.http.get("/api/openapi.json")).json()
    served = {
        (method.upper(), re.sub(r"\{\w+\}", "<>", path))
        for path, operations in document["paths"].items()
        for method in operations
    }
    table = GUIDE.read_text().split("## All routes")[1]
    named = set()
    for methods, path in re.findall(r"`([A-Z]+(?:, [A-Z]+)*) (\S+?)[ `?{]", table):
        whole = re.sub(r"<\w+>", "<>", path.replace("…/", "/api/workspaces/"))
        named |= {(method, whole) for method in methods.split(", ")}
    assert named == served


async def test_the_readme_names_the_dependencies_that_there_are() -> None:
    text = (ROOT / "README.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [re.split(r"[\[><=; ]", dependency)[0] for dependency in project["dependencies"]]
    package = json.loads((ROOT / "client" / "package.json").read_text())
    table = text.split("## What it is built on")[1].split("\n## ")[0]
    missing = [name for name in [*named, *package["dependencies"]] if f"`{name}`" not in table]
    assert missing == []


async def test_links_between_documents_lead_somewhere() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
