"""Who loses a right loses it at once where the bus brings the word; the round every second is for when it does not.

So the rounds are an hour apart here, and what happens without them is what the word alone has done.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from collab.refusals import RoomClosed
from server.callers import Credential, Member
from server.identity import Role
from server.problems import Problem
from server.watch import INTERVAL, Watch, watch_deleted
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


class PanicException(BaseException):
    """As pyo3 raises it."""


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


@pytest.mark.parametrize("fault", [RuntimeError("on purpose"), PanicException("as pyo3 raises it")])
async def test_a_round_that_fails_is_not_the_last(
    house: House, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    monkeypatch.setattr("server.watch.INTERVAL", 0.02)
    members = house.services.identity.members
    failed = asyncio.Event()

    async def fails(pairs: set[tuple[str, str]]) -> dict[tuple[str, str], Role]:
        monkeypatch.setattr(members, "roles", roles)
        failed.set()
        raise fault

    roles = members.roles
    async with process(house, MemoryBus()) as here:
        member = await guest(house, f"removed after {type(fault).__name__}")
        here.open_socket(member)
        await members.remove(member.workspace, member.user.id)
        monkeypatch.setattr(members, "roles", fails)
        await here.watch.announce()
        await failed.wait()
        await until(lambda: here.closed == [(member.user.name, 4403)])


async def test_a_socket_that_cannot_be_closed_keeps_nobody_else_in_and_is_closed_once_it_can(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.watch.INTERVAL", 0.02)
    async with process(house, MemoryBus()) as here:
        first, second = await guest(house, "resists"), await guest(house, "removed as well")
        attempts: list[Problem] = []

        def resists(problem: Problem) -> None:
            attempts.append(problem)
            if len(attempts) < 3:
                raise RuntimeError("on purpose")
            unwatch()

        unwatch = here.watch.watch(first, lambda role: None, resists)
        here.open_socket(second)
        for member in (first, second):
            await house.services.identity.members.remove(member.workspace, member.user.id)
        await here.watch.announce()
        await until(lambda: len(attempts) == 3)
        assert here.closed == [("removed as well", 4403)]


async def test_a_role_that_could_not_be_told_is_told_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.watch.INTERVAL", 0.02)
    async with process(house, MemoryBus()) as here:
        member = await guest(house, "viewer from now on")
        told: list[Role] = []

        def fails_once(member: Member) -> None:
            told.append(member.role)
            if len(told) == 1:
                raise RuntimeError("on purpose")

        here.watch.watch(member, fails_once, lambda problem: None)
        await house.services.identity.members.change_role(member.workspace, member.user.id, "viewer")
        await here.watch.announce()
        await until(lambda: told == ["viewer", "viewer"])


async def test_a_look_for_deleted_files_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.watch.INTERVAL", 0.02)
    faults = [AutoReconnect("away"), RoomClosed("w.tree"), PanicException("as pyo3 raises it")]
    looked = asyncio.Event()

    async def look() -> None:
        if faults:
            raise faults.pop()
        looked.set()

    files: Any = SimpleNamespace(trees=SimpleNamespace(send_away_from_deleted=look))
    bus: Any = SimpleNamespace(spans_processes=True)
    looking = asyncio.create_task(watch_deleted(files, bus))
    await asyncio.wait_for(looked.wait(), 5)
    await end([looking])


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
