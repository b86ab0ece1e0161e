import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from starlette.requests import HTTPConnection

from server import doorway
from server.access import InWorkspace
from server.callers import Member
from server.doorway import Doorway
from server.problems import Problem
from tests.server.conftest import House


async def test_sixteen_of_one_address_and_any_number_of_addresses() -> None:
    door = Doorway(16)
    async with AsyncExitStack() as stack:
        for i in range(16):
            await stack.enter_async_context(door.enter("10.0.0.1"))
            await stack.enter_async_context(door.enter(f"10.0.1.{i}"))
        waiting = asyncio.create_task(stack.enter_async_context(door.enter("10.0.0.1")))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        waiting.cancel()


async def test_a_herd_comes_in_by_turns() -> None:
    door = Doorway(3)
    inside = most = 0

    async def visit() -> None:
        nonlocal inside, most
        async with door.enter("office"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(visit() for _ in range(50)))
    assert most == 3
    assert door.addresses == 0


async def test_who_waits_too_long_is_sent_away_and_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorway, "PATIENCE", 0.02)
    door = Doorway(1)
    async with door.enter("a"):
        with pytest.raises(Problem) as refused:
            async with door.enter("a"):
                pass
        assert refused.value.close_code == 4529
    async with door.enter("a"):
        pass
    assert door.addresses == 0


async def test_a_visitor_who_leaves_the_queue_takes_no_place() -> None:
    door = Doorway(1)

    async def visit() -> None:
        async with door.enter("a"):
            await asyncio.sleep(0.005)

    async with door.enter("a"):
        waiting = [asyncio.create_task(visit()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    waiting[1].cancel()  # has just been handed the place
    await asyncio.gather(*waiting, return_exceptions=True)
    assert door.addresses == 0


@pytest.mark.asyncio(loop_scope="module")
async def test_sockets_are_signed_in_at_the_door(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def arrive(address: str) -> Member:
        scope: dict[str, Any] = {
            "type": "websocket",
            "app": house.app,
            "client": (address, 1),
            "headers": [],
            "path_params": {"workspace": house.workspace},
            "query_string": f"token={house.tokens['viewer']}".encode(),
        }
        member: Member = await InWorkspace("viewer")(HTTPConnection(scope))
        return member

    monkeypatch.setattr(doorway, "PATIENCE", 0.02)
    async with AsyncExitStack() as stack:
        for _ in range(house.services.settings.limits.unanswered_connections):
            await stack.enter_async_context(house.services.doorway.enter("10.0.0.1"))
        with pytest.raises(Problem) as refused:
            await arrive("10.0.0.1")
        assert refused.value.close_code == 4529
        assert (await arrive("10.0.0.2")).role == "viewer"
    assert (await arrive("10.0.0.1")).role == "viewer"
