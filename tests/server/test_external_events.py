"""Another system tells a workspace what has happened there."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from server.routes.external_events import MOST_BYTES
from tests.server.test_events import next_event
from tests.support.server import Server, running_server
from tests.support.sync_client import open_socket

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPE = "external.orders.exported"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


def event(id: str, **more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": id, "source": "https://shop.example", "type": TYPE, **more}


async def test_it_comes_to_everybody_as_it_was_sent(server: Server) -> None:
    # Keys and numbers that a database would not take.
    data = {"$set": {"a.b": 2**80, "": None}, "a\0b": "😀", "list": [1.5, True]}
    sent = event("one", data=data, subject="orders", time="2026-11-30T08:00:00Z", traceparent="00-ab-cd-01")
    path = f"{server.workspace_path}/events"
    viewer = await server.join("viewer")
    async with open_socket(viewer.socket(path)) as socket:
        answer = await server.owner.http.post(path, json=sent, headers={"content-type": "application/cloudevents+json"})
        assert answer.status_code == 202, answer.text
        told = await next_event(socket, TYPE)
    assert told["data"] == sent
    assert (told["source"], [told["id"]]) == (server.workspace_path, answer.json()["ids"])


async def test_the_same_again_is_not_told_again(server: Server) -> None:
    path = f"{server.workspace_path}/events"
    first = (await server.owner.http.post(path, json=event("twice"))).json()
    again = (await server.owner.http.post(path, json=event("twice", data="others, by mistake"))).json()
    other = (await server.owner.http.post(path, json=event("twice") | {"source": "another"})).json()
    assert first == again
    assert other != first


async def test_a_batch_is_told_in_its_order(server: Server) -> None:
    path = f"{server.workspace_path}/events"
    batch = [event(f"of a batch {number}", data=number) for number in range(5)]
    ids = (await server.owner.http.post(path, json=batch)).json()["ids"]
    assert [int(one) for one in ids] == sorted({int(one) for one in ids})
    async with open_socket(server.owner.socket(f"{path}?after={int(ids[0]) - 1}")) as socket:
        assert [(await next_event(socket, TYPE))["data"]["data"] for _ in batch] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"type": "scriptorium.decision.recorded"}, 422),
        ({"type": "external"}, 422),
        ({"type": "external..a"}, 422),
        ({"type": "external.a b"}, 422),
        ({"type": "external.a\n"}, 422),
        ({"specversion": "0.3"}, 422),
        ({"id": ""}, 422),
        ({"source": None}, 422),
        ({"time": "yesterday"}, 422),
        ({"datacontenttype": "text/xml"}, 422),
        ({"data_base64": "AAAA"}, 422),
        ({"data": "x" * MOST_BYTES}, 413),
    ],
)
async def test_what_is_no_event_from_outside_is_refused(server: Server, wrong: dict[str, Any], status: int) -> None:
    before, path = await _mark(server), f"{server.workspace_path}/events"
    for body in (event("wrong") | wrong, [event("right"), event("wrong") | wrong]):
        answer = await server.owner.http.post(path, json=body)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    after = await _mark(server)
    told: dict[str, Any] = {"id": before}
    async with asyncio.timeout(10), open_socket(server.owner.socket(f"{path}?after={before}")) as socket:
        while int(told["id"]) != after:
            told = json.loads(await socket.recv())
            sent = told["data"].get("id")
            assert sent not in ("right", "wrong"), "nothing of a batch is told when one of it is wrong"


@pytest.mark.parametrize("body", ["[]", "1", "null", "[[]]", json.dumps([event("many")] * 101)])
async def test_what_is_no_list_of_events_is_refused(server: Server, body: str) -> None:
    headers = {"content-type": "application/cloudevents-batch+json"}
    answer = await server.owner.http.post(f"{server.workspace_path}/events", content=body, headers=headers)
    assert answer.status_code == 422, answer.text


async def test_viewers_and_strangers_tell_nothing(server: Server) -> None:
    viewer = await server.join("viewer")
    path = f"{server.workspace_path}/events"
    assert (await viewer.http.post(path, json=event("no"))).status_code == 403
    assert (await server.http().post(path, json=event("no"))).status_code == 401


async def _mark(server: Server) -> int:
    answer = await server.owner.http.post(f"{server.workspace_path}/events", json=event(uuid4().hex))
    return int(answer.json()["ids"][0])
