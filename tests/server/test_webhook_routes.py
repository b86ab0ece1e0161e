"""Webhooks as their owner handles them over HTTP, on a real server, which may be killed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.doubles.webhook_receiver import Receiver
from tests.support.server import Server, running_server
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    environment = {"SCRIPTORIUM_PRIVATE_WEBHOOKS": "true"}
    async with running_server(tmp_path_factory.mktemp("server"), environment) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


async def create(server: Server, receiver: Receiver, **more: Any) -> dict[str, Any]:
    answer = await server.owner.http.post(f"{server.workspace_path}/webhooks", json={"url": receiver.url, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def rename(server: Server, name: str) -> None:
    (await server.owner.http.patch(server.workspace_path, json={"name": name})).raise_for_status()


async def test_the_owner_makes_one_and_sees_what_becomes_of_it(server: Server, receiver: Receiver) -> None:
    hooks = f"{server.workspace_path}/webhooks"
    http = server.owner.http
    made = await create(server, receiver, types=["scriptorium.workspace.changed"])
    shown = {name: value for name, value in made.items() if name != "secret"}
    assert made["secret"].startswith("whsec_")
    assert (await http.get(hooks)).json() == [shown]
    await rename(server, "Told")
    await until(lambda: len(receiver.received) == 1)
    assert receiver.received[0].event["data"] == {"name": "Told"}
    [delivery] = (await http.get(f"{hooks}/{made['id']}/deliveries")).json()
    assert (delivery["type"], delivery["state"]) == ("scriptorium.workspace.changed", "delivered")
    assert delivery["event"] == receiver.received[0].event["id"]
    assert delivery["attempts"][0]["status"] == 204

    again = await http.post(f"{hooks}/{made['id']}/deliveries/{delivery['event']}/retry")
    assert again.status_code == 202, again.text
    await until(lambda: len(receiver.received) == 2)
    assert receiver.received[1].body == receiver.received[0].body

    ping = (await http.post(f"{hooks}/{made['id']}/ping")).json()
    assert (ping["status"], ping["error"]) == (204, None)
    assert receiver.events[-1] == "scriptorium.webhook.ping"

    changed = await http.patch(f"{hooks}/{made['id']}", json={"active": False})
    assert changed.json() == {**shown, "active": False}
    await rename(server, "Not told")
    assert (await http.post(f"{hooks}/{made['id']}/deliveries/{delivery['event']}/retry")).status_code == 409
    assert (await http.delete(f"{hooks}/{made['id']}")).status_code == 204
    assert (await http.get(hooks)).json() == []
    assert len(receiver.received) == 3
    for path in ("/deliveries", "/deliveries/1/retry", "/ping"):
        method = "GET" if path == "/deliveries" else "POST"
        assert (await http.request(method, f"{hooks}/{made['id']}{path}")).status_code == 404


async def test_a_killed_server_goes_on_with_what_was_not_told(server: Server, receiver: Receiver) -> None:
    made = await create(server, receiver, types=["scriptorium.workspace.changed"])
    receiver.answers.append(None)
    await rename(server, "one")
    await rename(server, "two")
    await until(lambda: len(receiver.received) == 1)
    server.kill()
    await server.start()
    await rename(server, "three")
    # The claim of the one that was killed lasts for 20 s.
    await until(lambda: [one.event["data"]["name"] for one in receiver.received] == ["one", "one", "two", "three"], 60)
    assert receiver.received[0].headers["webhook-id"] == receiver.received[1].headers["webhook-id"]
    await server.owner.http.delete(f"{server.workspace_path}/webhooks/{made['id']}")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"url": "ftp://example.org"}, 422),
        ({"url": "https://a b"}, 422),
        ({"url": "https://example.org/" + "x" * 2000}, 422),
        ({"url": "https://example.org", "types": []}, 422),
        ({"url": "https://example.org", "types": ["document.settled"]}, 422),
        ({"url": "https://example.org", "types": ["*"]}, 422),
        ({"url": "https://example.org", "types": ["scriptorium.document*"]}, 422),
        ({"url": "https://example.org", "types": ["external.a"] * 51}, 422),
    ],
)
async def test_what_is_no_webhook_is_refused(server: Server, body: dict[str, Any], status: int) -> None:
    hooks = f"{server.workspace_path}/webhooks"
    answer = await server.owner.http.post(hooks, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await server.owner.http.get(hooks)).json() == []


async def test_nobody_points_it_at_the_house_unless_allowed(tmp_path: Path, receiver: Receiver) -> None:
    async with running_server(tmp_path) as server:
        hooks = f"{server.workspace_path}/webhooks"
        answer = await server.owner.http.post(hooks, json={"url": receiver.url})
        assert answer.status_code == 422
        assert "https://" in answer.json()["detail"]
        made = (await server.owner.http.post(hooks, json={"url": f"https://localhost:{receiver.port}/"})).json()
        ping = (await server.owner.http.post(f"{hooks}/{made['id']}/ping")).json()
        assert (ping["status"], ping["error"]) == (
            None,
            "It leads to a private network, which whoever runs this server does not allow.",
        )
    assert receiver.received == []
