"""Whole editing sessions, typed again through the sync socket."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import sessions
from tests.e2e.helpers import file_text, new_document
from tests.support.server import Server
from tests.support.yjs import yjs_clients

pytestmark = pytest.mark.asyncio(loop_scope="session")

REPLAY = Path(__file__).parent / "replay.mjs"

MADE_UP = [
    pytest.param(lambda: sessions.typed_alone(seed=1, transactions=3_000), 1, id="made-up-alone"),
    pytest.param(lambda: sessions.typed_at_once(seed=2, transactions=1_500, authors=3), 1, id="made-up-at-once"),
]
RECORDED = [
    pytest.param(lambda path=path: sessions.read(path), 10, id=path.name.removesuffix(".json.gz"))
    for path in sessions.recorded()
]


@pytest.mark.parametrize(("session", "batch"), MADE_UP + RECORDED)
async def test_a_session_ends_in_its_end(
    server: Server, session: Any, batch: int, request: pytest.FixtureRequest
) -> None:
    trace = session()
    path = f"{request.node.callspec.id}.md"
    document = await new_document(server, path, trace.get("startContent", ""))
    async with yjs_clients() as clients:
        reader = await clients.open(
            f"ws://127.0.0.1:{server.port}/sync/{server.workspace}", document, token=server.owner.token
        )
        result = await replay(server, document, trace, batch)
        print(f"{len(trace['txns'])} transactions in {result['updates']} updates, {result['seconds']:.1f} s")
        for text in result["texts"]:
            assert text == trace["endContent"]
        await reader.wait_for_text(trace["endContent"])
    assert await file_text(server, path) == trace["endContent"]


async def replay(server: Server, document: str, trace: dict[str, Any], batch: int) -> dict[str, Any]:
    node = shutil.which("node")
    assert node is not None
    url = f"ws://127.0.0.1:{server.port}/sync/{server.workspace}"
    process = await asyncio.create_subprocess_exec(
        node,
        str(REPLAY),
        url,
        document,
        server.owner.token,
        str(batch),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(json.dumps(trace).encode())
    assert process.returncode == 0
    result: dict[str, Any] = json.loads(output)
    return result
