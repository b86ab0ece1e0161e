"""What people and programs send by mistake: a sentence comes back, and nothing has changed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from tests.support.server import Server, running_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

EMOJI = "emoji.txt"
"""Holds `a😀b`."""


@dataclass(frozen=True)
class Bad:
    """A request, and the status that answers it. ``{ws}`` in the path is the workspace's address."""

    method: str
    path: str
    status: int
    json: Any = None
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path[:60]} {str(self.json or self.content or '')[:40]} {self.status}"


JSON = {"Content-Type": "application/json"}
ZIP = {"Content-Type": "application/zip"}
NOWHERE = "0" * 32

TABLE = [
    # Bodies.
    Bad("POST", "{ws}/moves", 400, content=b"{not json", headers=JSON),
    Bad("POST", "{ws}/moves", 422, content=b"[]", headers=JSON),
    Bad("POST", "{ws}/moves", 422, json={"from": "a.txt"}),
    Bad("POST", "{ws}/moves", 422, json={"from": 1, "to": "b.txt"}),
    Bad("POST", "/api/workspaces", 422, json={}),
    Bad("POST", "/api/workspaces", 422, json={"name": ""}),
    Bad("PATCH", "{ws}", 422, json={"name": "x" * 10_000}),
    Bad("POST", "{ws}/invites", 422, json={"role": "king"}),
    Bad("POST", "{ws}/invites", 422, json={"role": "editor", "uses": 0}),
    Bad("POST", "{ws}/moves", 413, content=b'{"from": "' + b"x" * (2 << 20) + b'"}', headers=JSON),
    # Addresses.
    Bad("GET", "/api/nothing", 404),
    Bad("DELETE", "/api/me", 405),
    Bad("GET", f"/api/workspaces/{NOWHERE}/tree", 403),
    Bad("GET", "{ws}/files/none.txt", 404),
    Bad("GET", "{ws}/files/folder", 404),
    Bad("GET", f"{{ws}}/documents/{NOWHERE}", 404),
    Bad("DELETE", "{ws}/files/none.txt", 404),
    Bad("DELETE", "{ws}/files/folder", 409),
    Bad("DELETE", "{ws}/folders/a.txt", 409),
    Bad("GET", f"/api/jobs/{NOWHERE}", 404),
    Bad("DELETE", f"/api/jobs/{NOWHERE}", 404),
    Bad("GET", f"/api/suggestions/{NOWHERE}", 404),
    Bad("POST", f"/api/suggestions/{NOWHERE}/decisions", 404, json={"hunks": "all", "decision": "accept"}),
    Bad("GET", f"{{ws}}/conversations/{NOWHERE}", 404),
    Bad("GET", "{ws}/feedback?format=csv", 422),
    Bad("GET", "{ws}/feedback?since=yesterday", 422),
    Bad("GET", "{ws}/feedback?since=1795000000", 422),
    Bad("GET", "{ws}/feedback?since=2026-11-30", 422),
    Bad("GET", "{ws}/feedback?since=2026-13-30T12:00:00Z", 422),
    Bad("GET", "{ws}/feedback?until=soon", 422),
    Bad("GET", "{ws}/feedback?since=2026-11-30T12:00:01Z&until=2026-11-30T12:00:00Z", 422),
    Bad("GET", "{ws}/feedback/records?after=inf_x", 422),
    Bad("GET", "{ws}/feedback/records?limit=101", 422),
    Bad("GET", "{ws}/feedback/records?kind=poem", 422),
    Bad("GET", "{ws}/feedback/records/none", 404),
    Bad("DELETE", "{ws}/feedback/records/none", 404),
    Bad("GET", "/api/invites/not-a-code", 404),
    Bad("POST", "/api/invites/not-a-code", 404, json={"name": "Nobody"}),
    Bad("POST", "/api/signin", 401, json={"code": "not-a-code"}),
    # Names.
    Bad("PUT", "{ws}/files/a/%2e%2e/b.txt", 422, content=b"x"),
    Bad("PUT", "{ws}/files/%2e%2e%2fb.txt", 422, content=b"x"),
    Bad("PUT", "{ws}/files/con%07trol.txt", 422, content=b"x"),
    Bad("PUT", "{ws}/files/line%0Abreak.txt", 422, content=b"x"),
    Bad("PUT", "{ws}/files/nul%00.txt", 422, content=b"x"),
    Bad("PUT", "{ws}/files/back%5Cslash.txt", 422, content=b"x"),
    Bad("PUT", "{ws}/files/gpj%E2%80%AEexe.txt", 422, content=b"x"),
    Bad("PUT", "{ws}/files/not-utf-8-%FF.txt", 422, content=b"x"),
    Bad("PUT", "{ws}/files/a//b.txt", 422, content=b"x"),
    Bad("PUT", "{ws}/files/%2Fabsolute.txt", 422, content=b"x"),
    Bad("PUT", f"{{ws}}/files/{'n' * 256}", 422, content=b"x"),
    Bad("PUT", f"{{ws}}/files/{'/'.join(['directory'] * 100)}", 422, content=b"x"),
    Bad("PUT", "{ws}/folders/%2e%2e", 422),
    Bad("POST", "{ws}/moves", 422, json={"from": "a.txt", "to": "../a.txt"}),
    # What stands in the way.
    Bad("PUT", "{ws}/files/folder", 409, content=b"x"),
    Bad("PUT", "{ws}/files/a.txt/b.txt", 409, content=b"x"),
    Bad("PUT", "{ws}/folders/a.txt", 409),
    Bad("POST", "{ws}/moves", 404, json={"from": "none.txt", "to": "b.txt"}),
    Bad("POST", "{ws}/moves", 409, json={"from": "a.txt", "to": EMOJI}),
    Bad("POST", "{ws}/moves", 409, json={"from": "folder", "to": "folder/inside"}),
    # Sizes: this server takes texts of 100,000 bytes and other files of 200,000.
    Bad("PUT", "{ws}/files/a.txt", 413, content=b"x" * 100_001),
    Bad("PUT", "{ws}/files/large.txt", 413, content=b"x" * 200_001),
    Bad("PUT", "{ws}/files/a.txt", 413, content=b"x" * 200_001),
    Bad("PUT", "{ws}/files/large.bin", 413, content=b"\0" * 200_001),
    # The assistant.
    Bad("POST", "{ws}/ai/edits", 404, json={"path": "none.txt", "start": 0, "end": 1, "instruction": "x"}),
    Bad("POST", "{ws}/ai/edits", 422, json={"path": EMOJI, "start": 0, "end": 2, "instruction": "x"}),
    Bad("POST", "{ws}/ai/edits", 422, json={"path": EMOJI, "start": 2, "end": 3, "instruction": "x"}),
    Bad("POST", "{ws}/ai/edits", 422, json={"path": EMOJI, "start": 3, "end": 1, "instruction": "x"}),
    Bad("POST", "{ws}/ai/edits", 422, json={"path": EMOJI, "start": -1, "end": 1, "instruction": "x"}),
    Bad("POST", "{ws}/ai/edits", 422, json={"path": EMOJI, "start": 0, "end": 99, "instruction": "x"}),
    Bad("POST", "{ws}/ai/edits", 422, json={"path": EMOJI, "start": 0, "end": 1, "instruction": ""}),
    Bad("POST", "{ws}/ai/edits", 409, json={"path": EMOJI, "start": 0, "end": 1, "instruction": "x", "expected": "b"}),
    Bad("POST", "{ws}/ai/edits", 422, json={"path": "picture.png", "start": 0, "end": 1, "instruction": "x"}),
    Bad("POST", "{ws}/ai/writes", 422, json={"path": EMOJI, "at": 2, "instruction": "x"}),
    Bad("POST", "{ws}/ai/writes", 422, json={"path": "../x", "at": 0, "instruction": "x"}),
    Bad("POST", "{ws}/ai/chat", 422, json={"message": ""}),
    Bad("POST", "{ws}/ai/chat", 404, json={"message": "x", "conversation": NOWHERE}),
]


NONSENSE = [
    b"\0\0\0\0\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"PUT /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
]
"""Below HTTP's own rules."""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server that takes small files alone."""
    limits = {"SCRIPTORIUM_LIMIT_TEXT_DOCUMENT": "100000", "SCRIPTORIUM_LIMIT_BINARY_FILE": "200000"}
    async with running_server(tmp_path_factory.mktemp("small"), limits) as server:
        for path, content in {
            "a.txt": b"a",
            EMOJI: "a😀b".encode(),
            "folder/inner.txt": b"inner",
            "picture.png": b"\x89PNG\r\n\x1a\n\0\0",
        }.items():
            await server.owner.http.put(f"{server.workspace_path}/files/{path}", content=content)
        yield server


async def everything(server: Server) -> tuple[Any, list[bytes]]:
    """All that a bad request could have changed."""
    http = server.owner.http
    tree = (await http.get(f"{server.workspace_path}/tree")).json()
    files = [n["path"] for n in tree if n["kind"] != "folder"]
    contents = [(await http.get(f"{server.workspace_path}/files/{path}")).content for path in files]
    around = ("", "/invites", "/members", "/conversations")
    others = [
        (await http.get(address)).json()
        for address in ("/api/me", *(f"{server.workspace_path}{part}" for part in around))
    ]
    names = [(n["id"], n["path"], n["kind"]) for n in tree]
    return [names, others], contents


async def test_bad_requests_are_told_what_is_wrong_and_change_nothing(small: Server) -> None:
    before = await everything(small)
    wrong = []
    for bad in TABLE:
        answer = await small.owner.http.request(
            bad.method,
            bad.path.replace("{ws}", small.workspace_path),
            json=bad.json,
            content=bad.content,
            headers=bad.headers,
        )
        if complaint := _complaint(bad, answer.status_code, answer.headers.get("content-type"), answer.text):
            wrong.append(f"{bad}: {complaint}")
        elif not str(answer.json()["detail"]).endswith((".", ").")):
            wrong.append(f"{bad}: no sentence: {answer.json()['detail']!r}")
    assert not wrong, "\n".join(wrong)
    assert await everything(small) == before


def _complaint(bad: Bad, status: int, content_type: str | None, text: str) -> str | None:
    if status != bad.status:
        return f"answered {status} {text[:200]}"
    if content_type != "application/problem+json":
        return f"is {content_type}: {text[:200]}"
    return None


async def test_what_is_not_even_http_ends_its_own_connection_alone(small: Server) -> None:
    for nonsense in NONSENSE:
        reader, writer = await asyncio.open_connection("127.0.0.1", small.port)
        writer.write(nonsense)
        answer = await asyncio.wait_for(reader.read(), 5)
        assert answer.startswith(b"HTTP/1.1 4"), answer
        writer.close()
    assert (await small.owner.http.get("/healthz")).status_code == 200


async def test_a_half_sent_file_is_no_file(small: Server) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", small.port)
    writer.write(
        f"PUT {small.workspace_path}/files/half.txt HTTP/1.1\r\nHost: 127.0.0.1:{small.port}\r\n"
        f"Authorization: Bearer {small.owner.token}\r\nContent-Length: 1000\r\n\r\nonly this much".encode()
    )
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.close()
    await asyncio.sleep(0.2)
    assert (await small.owner.http.get(f"{small.workspace_path}/files/half.txt")).status_code == 404


async def test_the_roles_hold(small: Server) -> None:
    """One request of each kind; tests/server has the whole table of routes."""
    viewer, editor = await small.join("viewer"), await small.join("editor")
    ws = small.workspace_path
    assert (await viewer.http.get(f"{ws}/files/a.txt")).text == "a"
    for answer in [
        await viewer.http.put(f"{ws}/files/a.txt", content=b"b"),
        await viewer.http.post(f"{ws}/ai/chat", json={"message": "x"}),
        await editor.http.get(f"{ws}/feedback"),
        await editor.http.post(f"{ws}/invites", json={"role": "viewer"}),
        await editor.http.delete(f"{ws}/members/{viewer.id}"),
    ]:
        assert answer.status_code == 403
        assert answer.json()["detail"].endswith(".")
    assert (await editor.http.get(f"{ws}/files/a.txt")).text == "a"
