"""The editor's pages, the headers that guard them, and what watches over the process."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from collab.durable.entries import LogEntry
from server.app import create_app
from server.routes import client
from server.services import Services
from server.settings import Settings
from tests.server.conftest import ORIGIN, House

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built editor."""
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>Editor</title>")
    (built / "favicon.svg").write_text("<svg/>")
    (built / "assets" / "index-abc.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(client, "DIST", built)
    return built


@pytest.mark.parametrize("path", ["/", "/w/0123/deep/down.md", "/w/0123"])
async def test_the_editor_has_one_page_for_all_its_addresses(house: House, dist: Path, path: str) -> None:
    answer = await house.http().get(path)
    assert answer.status_code == 200
    assert "Editor" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_what_is_named_by_its_content_is_kept_for_ever(house: House, dist: Path) -> None:
    for encoding in ("identity", "gzip"):
        answer = await house.http(**{"Accept-Encoding": encoding}).get("/assets/index-abc.js")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers.get("content-encoding", "identity") == encoding
        assert answer.text == "export {}"
    assert (await house.http().get("/favicon.svg")).status_code == 200


@pytest.mark.parametrize(
    "path", ["/assets/..%2f..%2fsecret.txt", "/..%2fsecret.txt", "/assets/no.js", "/no.ico", "/assets"]
)
async def test_nothing_beside_the_build_is_served(house: House, dist: Path, path: str) -> None:
    assert (await house.http().get(path)).status_code == 404


async def test_without_a_build_the_page_says_how_to_get_one(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "DIST", tmp_path / "dist")
    answer = await house.http().get("/")
    assert answer.status_code == 503
    assert "make install" in answer.text


async def test_answers_of_the_api_are_not_kept(house: House) -> None:
    assert (await house.http("owner").get("/api/me")).headers["cache-control"] == "no-store"


async def test_the_openapi_document_tells_errors_and_rules(house: House) -> None:
    document = (await house.http().get("/api/openapi.json")).json()
    operation = document["paths"]["/api/workspaces/{workspace}/invites"]["post"]
    assert operation["x-authorization"] == "owner of the workspace"
    assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert "422" not in operation["responses"]
    assert document["paths"]["/healthz"]["get"]["security"] == []


async def test_the_openapi_document_declares_what_a_path_has_places_for(house: House) -> None:
    document = (await house.http().get("/api/openapi.json")).json()
    for path, item in document["paths"].items():
        for operation in item.values():
            declared = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"]
            assert sorted(declared) == sorted(re.findall(r"{(\w+)}", path)), path


async def test_alive_and_ready(house: House) -> None:
    assert (await house.http().get("/healthz")).json() == {"status": "alive"}
    ready = await house.http().get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "ready": True,
        "parts": {"database": "ok", "object_store": "ok", "log": "ok", "bus": "ok"},
        "since": {},
    }


async def test_not_ready_names_the_part_and_says_since_when(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise ConnectionError("s3://user:password@host")

    before = datetime.now(UTC)
    with monkeypatch.context() as outage:
        outage.setattr(house.services.storage.objects, "ping", away)
        first, second = [await house.http().get("/readyz") for _ in range(2)]
    assert first.status_code == 503
    assert first.json()["parts"]["object_store"] == "does not answer"
    assert list(first.json()["since"]) == ["object_store"]
    assert before <= datetime.fromisoformat(first.json()["since"]["object_store"]) <= datetime.now(UTC)
    assert second.json() == first.json()
    assert "password" not in first.text
    assert (await house.http().get("/readyz")).json()["since"] == {}


async def test_the_figures(house: House) -> None:
    await house.http("owner").get(f"/api/workspaces/{house.workspace}/tree")
    answer = await house.http().get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    route = "/api/workspaces/{workspace}/tree"
    assert f'scriptorium_http_requests_total{{method="GET",route="{route}",status="200"}}' in answer.text
    assert "scriptorium_log_backlog_bytes 0.0" in answer.text
    assert "process_cpu_seconds_total" in answer.text
    assert house.workspace not in answer.text


async def test_the_figures_are_for_this_machine_or_for_a_token(house: House) -> None:
    async def status(services: Services, client: str, **headers: str) -> int:
        transport = httpx2.ASGITransport(create_app(services), client=(client, 1234))
        async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as http:
            return (await http.get("/metrics")).status_code

    assert await status(house.services, "127.0.0.1") == 200
    assert await status(house.services, "192.168.1.9") == 403
    proxied = replace(house.services, settings=Settings(public_url="https://write.example.org"))
    assert await status(proxied, "127.0.0.1") == 403
    guarded = replace(house.services, settings=Settings(metrics_token=SecretStr("watch")))
    assert await status(guarded, "127.0.0.1") == 401
    assert await status(guarded, "192.168.1.9", Authorization="Bearer guess") == 401
    assert await status(guarded, "192.168.1.9", Authorization="Bearer watch") == 200


async def test_documents_that_lack_something_of_their_log_are_counted(house: House) -> None:
    async def counted() -> str:
        figures = (await house.http().get("/metrics")).text
        return figures.split("\nscriptorium_rooms_incomplete ")[1].split()[0]

    w = f"/api/workspaces/{house.workspace}"
    await house.http("editor").put(f"{w}/files/spoilt.txt", content=b"good")
    tree = (await house.http("editor").get(f"{w}/tree")).json()
    document = next(entry["id"] for entry in tree if entry["path"] == "spoilt.txt")
    rooms = house.services.rooms
    async with rooms.open(document):
        assert await counted() == "0.0"
        await rooms.updates.append([LogEntry(document, "p", 1, 1, b"\x07\x07\x07")])
    # Its room has not heard of the entry, as nobody announced it.
    async with rooms.open(document) as room:
        await rooms.catch_up(room)
        assert await counted() == "1.0"
    made = await house.http("editor").post(f"{w}/documents/{document}/versions", json={})
    assert made.json()["incomplete"] is True
