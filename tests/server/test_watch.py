"""Who loses a right loses it at once where the bus brings the word; the round every second is for when it does not.

So the rounds are an hour apart here, and what happens without them is what the word alone has done.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from server.callers import Credential, Member
from server.problems import Problem
from server.watch import INTERVAL, Watch
from storage.bus import Bus
from storage.bus_memory import MemoryBus
from storage.bus_redis import RedisBus
from storage.waiting import end
from tests.server.conftest import House
from tests.services.launchers import Redis
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def hardly_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    for interval in ("INTERVAL", "INTERVAL_ALONE"):
        monkeypatch.setattr(f"server.watch.{interval}", 3600)


@dataclass
class Process:
    """What one process watches over."""

    watch: Watch
    closed: list[tuple[str, int]] = field(default_factory=list)

    def open_socket(self, member: Member) -> None:
        def revoked(problem: Problem) -> None:
            unwatch()
            self.closed.append((member.user.name, problem.close_code))

        unwatch = self.watch.watch(member, lambda now: None, revoked)


@asynccontextmanager
async def process(house: House, bus: Bus) -> AsyncIterator[Process]:
    started = Process(Watch(house.services.identity, bus))
    running = asyncio.create_task(started.watch.run())
    try:
        await asyncio.sleep(0)
        yield started
    finally:
        await end([running])


async def guest(house: House, name: str) -> Member:
    user = await house.add(name, "editor")
    token, _ = await house.services.identity.tokens.create(user.id, "socket")
    return Member(user, Credential("token", token.id), house.workspace, "editor")


async def test_two_rounds_fit_into_the_time_within_which_a_right_is_lost() -> None:
    """The first may have begun just before the change."""
    assert 2 * INTERVAL <= 2


async def test_a_round_finds_what_a_bus_between_processes_has_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.watch.INTERVAL", 0.02)
    monkeypatch.setattr(MemoryBus, "spans_processes", True)
    async with process(house, MemoryBus()) as here:
        member = await guest(house, "removed unheard")
        here.open_socket(member)
        await house.services.identity.members.remove(member.workspace, member.user.id)
        await until(lambda: here.closed == [("removed unheard", 4403)])


async def test_the_bus_brings_the_word_to_the_other_processes(house: House) -> None:
    bus = MemoryBus()
    async with process(house, bus) as here, process(house, bus) as there:
        member = await guest(house, "removed")
        there.open_socket(member)
        await house.services.identity.members.remove(member.workspace, member.user.id)
        await here.watch.announce()
        await until(lambda: there.closed == [("removed", 4403)], within=2)


async def test_the_process_that_takes_a_right_away_does_not_wait_for_a_bus_that_is_away(
    house: House, redis_service: Redis
) -> None:
    bus = RedisBus(redis_service.url)
    await bus.start()
    async with process(house, bus) as here:
        member = await guest(house, "removed without redis")
        here.open_socket(member)
        await asyncio.to_thread(redis_service.kill)
        await until(lambda: not bus.connected)
        await house.services.identity.members.remove(member.workspace, member.user.id)
        await here.watch.announce()
        await until(lambda: here.closed == [("removed without redis", 4403)], within=2)
    await bus.close()


async def test_who_was_signed_in_before_and_opens_a_socket_after_the_word_is_looked_at_too(house: House) -> None:
    bus = MemoryBus()
    async with process(house, bus) as here:
        witness, late = await guest(house, "witness"), await guest(house, "late")
        here.open_socket(witness)
        for member in (witness, late):
            await house.services.identity.members.remove(member.workspace, member.user.id)
        await Watch(house.services.identity, bus).announce()  # a process that watches over nobody
        await until(lambda: here.closed == [("witness", 4403)], within=2)  # the round for that change has been
        here.open_socket(late)
        await until(lambda: here.closed[1:] == [("late", 4403)], within=2)
