"""Every error is a problem document, and tells no secrets."""

import json

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import Message
from structlog.testing import capture_logs
from uvicorn.protocols.utils import ClientDisconnected

from server.bodies import MOST_VALUES, Route, _values
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


MIB = 1 << 20
SMALLER = MOST_VALUES - 100

HOSTILE = {
    "open brackets": (413, b"[" * MIB),
    "open objects": (413, b'{"a":' * (MIB // 5)),
    "deep": (400, b"[" * SMALLER + b"]" * SMALLER),
    "tiny numbers": (413, b'{"files":[' + b"1," * (MIB // 2 - 20) + b"1]}"),
    "empty lists": (413, b'{"x":[' + b"[]," * (MIB // 3 - 20) + b"[]]}"),
    "empty strings": (413, b'{"files":[' + b'"",' * (MIB // 3 - 20) + b'""]}'),
    "many keys": (413, b"{" + b",".join(b'"%d":1' % number for number in range(MIB // 10)) + b"}"),
    "one key": (422, b"{" + b'"files":1,' * SMALLER + b'"files":1}'),
    "a huge number": (400, b'{"files":' + b"9" * (MIB - 20) + b"}"),
    "escapes": (422, b'{"files":"' + b"\\n" * (MIB // 2 - 20) + b'"}'),
    "pairs": (422, b'{"files":"' + b"\\ud83d\\ude00" * (MIB // 12 - 20) + b'"}'),
    "quotes": (422, b'{"files":"' + b'\\"' * (MIB // 2 - 20) + b'"}'),
    "wrong files": (422, b'{"q":"a","replacement":"b","files":[' + b"1," * (SMALLER - 10) + b"1]}"),
}


@pytest.mark.parametrize("shape", HOSTILE)
async def test_a_hostile_body_is_refused_soon_and_in_few_words(
    house: House, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    status, body = HOSTILE[shape]
    values = 0
    load = json.loads

    def counted(text: str | bytes) -> object:
        nonlocal values
        if isinstance(text, str):  # not our own reading of the answer
            values += text.count(",") + text.count("[") + text.count("{")
        return load(text)

    monkeypatch.setattr("server.bodies.json.loads", counted)
    headers = {"Content-Type": "application/json"}
    address = f"/api/workspaces/{house.workspace}/search/replace"
    assert len(str(await check(status, house, "POST", address, content=body, headers=headers))) < 2_000
    assert values <= MOST_VALUES


async def test_of_very_many_faults_only_their_number_is_told_and_only_to_who_may_ask(house: House) -> None:
    app = FastAPI()
    install(app)
    router = APIRouter(route_class=Route)

    def may_ask(token: str) -> None:
        if token != "secret":
            raise Problem(401, "Not signed in.")

    class Times(BaseModel):
        shown: dict[str, int]

    @router.post("/times", dependencies=[Depends(may_ask)])
    async def take(body: Times) -> int:
        return len(body.shown)

    app.include_router(router)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://times") as http:
        for wrong, status in ((0, 200), (1, 422), (10_000, 422)):
            times = {str(number): "wrong" if number < wrong else 1 for number in range(10_000)}
            assert (await http.post("/times?token=guessed", json={"shown": times})).status_code == 401
            answer = await http.post("/times?token=secret", json={"shown": times})
            assert answer.status_code == status
            assert len(answer.content) < 1_000
            if wrong == 1:
                assert answer.json()["errors"][0]["pointer"] == "/shown/0"
            elif wrong:
                assert answer.json()["detail"] == "The body is wrong in 10000 places."


async def test_a_list_in_which_all_is_wrong_is_refused_for_the_first_of_it(house: House) -> None:
    chosen = [{"document": "a", "matches": [1] * 500} for _ in range(60)]
    wrong = {"q": "a", "replacement": "b", "files": chosen}
    problem = await check(422, house, "POST", f"/api/workspaces/{house.workspace}/search/replace", json=wrong)
    assert problem["errors"] == [
        {"in": "body", "pointer": "/files/0/matches/0", "detail": "Input should be a valid string"}
    ]


async def test_as_many_values_as_a_decision_may_have_are_taken(house: House) -> None:
    ids = [f"{number:024x}" for number in range(10_000)]
    times = dict.fromkeys(ids, 1)
    body = json.dumps({"hunks": ids, "decision": "accept", "shown": times, "revisions": times}, separators=(",", ":"))
    headers = {"Content-Type": "application/json"}
    await check(404, house, "POST", "/api/suggestions/x/decisions", content=body.encode(), headers=headers)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1", 1),
        ("[]", 2),
        ("[1, 2]", 3),
        (r'{"a,[{": "\"[,{", "b": [1, 2]}', 5),
        (r'["____", "\",["]', 3),
    ],
)
async def test_values_are_counted_beside_strings(text: str, count: int) -> None:
    assert _values(text) == count


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
