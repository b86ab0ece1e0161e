"""Every error is a problem document, and tells no secrets."""

import json

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.routing import APIRoute
from starlette.types import Message
from structlog.testing import capture_logs
from uvicorn.protocols.utils import ClientDisconnected

from server.bodies import Route
from server.problems import Problem, close_reason, install
from tests.server.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def check(answer_status: int, house: House, method: str, path: str, **request: object) -> dict[str, object]:
    answer = await house.http("owner").request(method, path, **request)  # type: ignore[arg-type]
    assert answer.status_code == answer_status
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert problem["status"] == answer_status
    assert problem["title"]
    assert str(problem["detail"]).endswith((".", ")"))
    return problem


async def test_an_address_that_is_not_there(house: House) -> None:
    await check(404, house, "GET", "/api/nothing")
    await check(404, house, "POST", "/nothing/at/all")


async def test_a_method_that_is_not_there(house: House) -> None:
    answer = await house.http("owner").delete("/api/me")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, PATCH"
    answer = await house.http("owner").patch(f"/api/workspaces/{house.workspace}/files/a.md")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD, PUT")
    await check(405, house, "DELETE", "/api/me")


async def test_wrong_json(house: House) -> None:
    await check(400, house, "POST", "/api/workspaces", content=b"{", headers={"Content-Type": "application/json"})


async def test_a_wrong_shape_says_where_and_does_not_repeat_what_was_sent(house: House) -> None:
    problem = await check(422, house, "POST", "/api/signin", json={"code": {"secret": "hunter2"}})
    assert "hunter2" not in str(problem)
    assert problem["errors"] == [{"in": "body", "pointer": "/code", "detail": "Input should be a valid string"}]


HALVES = [
    rb"\ud800",
    rb"\uDFFF",
    rb"\ud83d\ud83d\ude00",
    rb"\ud83d\ude00\ude00",
    rb"\ud83dx\ude00",
    rb"\\\ud83d",
    rb"\\ud83d\ude00",
    "\ud800".encode(errors="surrogatepass"),
]


@pytest.mark.parametrize("text", HALVES)
async def test_half_of_a_surrogate_pair(house: House, text: bytes) -> None:
    with pytest.raises(UnicodeEncodeError):
        json.loads(b'"' + text + b'"').encode()
    headers = {"Content-Type": "application/json"}
    for body in (b'{"code": "%b"}', b'{"code": "x", "%b": 1}'):
        await check(422, house, "POST", "/api/signin", content=body % text, headers=headers)


@pytest.mark.parametrize("text", [r"\ud83d\uDE00", r"\\ud83d", r"\ud7ff\ue000", "한"])
async def test_whole_characters(house: House, text: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        answer = await house.http("owner").post(
            "/api/workspaces",
            content=f'{{"name": "{text}"}}'.encode(encoding),
            headers={"Content-Type": "application/json"},
        )
        assert (answer.status_code, answer.json()["name"]) == (201, json.loads(f'"{text}"'))


async def test_every_route_that_reads_json_looks_for_halves(house: House) -> None:
    reading = [route for route in house.app.routes if isinstance(route, APIRoute) and route.body_field is not None]
    assert reading
    assert [route.path for route in reading if not isinstance(route, Route)] == []


async def test_a_body_that_is_too_large_announced_or_not(house: House) -> None:
    headers = {"Content-Type": "application/json"}
    assert (await check(413, house, "POST", "/api/workspaces", content=b"x" * 2_000_000, headers=headers))["limit"]

    async def pieces():  # type: ignore[no-untyped-def]
        for _ in range(40):
            yield b"x" * 100_000

    await check(413, house, "POST", "/api/workspaces", content=pieces(), headers=headers)


async def test_a_host_that_is_not_ours(house: House) -> None:
    await check(421, house, "GET", "/api/me", headers={"Host": "evil.example"})


async def test_an_address_that_is_not_utf8(house: House) -> None:
    await check(422, house, "GET", f"/api/workspaces/{house.workspace}/files/%ff.txt")


async def test_a_fault_of_ours_tells_nothing_of_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(user: str) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(house.services.identity.members, "of_user", broken)
    problem = await check(500, house, "GET", "/api/me")
    assert "hunter2" not in str(problem)


async def test_close_codes_that_stock_clients_take_for_final_are_final() -> None:
    assert {status: Problem(status, "x").close_code for status in (401, 403, 404, 410, 413, 422)} == {
        401: 4401,
        403: 4403,
        404: 4404,
        410: 4410,
        413: 4413,
        422: 4400,
    }
    for status in (429, 503, 500):
        assert not 4400 <= Problem(status, "x").close_code < 4500


async def test_a_close_reason_fits_its_frame() -> None:
    assert close_reason("ä" * 100) == "ä" * 61


async def test_who_leaves_before_a_socket_is_accepted_is_no_fault() -> None:
    app = FastAPI()
    install(app)

    @app.websocket("/socket")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        raise ClientDisconnected  # as uvicorn does

    scope = {"type": "websocket", "path": "/socket", "headers": [], "query_string": b"", "subprotocols": []}
    with capture_logs() as logs:
        await app(scope, receive, send)
    assert logs == []
