"""What is logged under the old id after the switch to the new one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from collab.documents.records import Heir, now
from collab.history import renewal
from collab.rooms.present import text_of
from collab.rooms.replication import GivenUp
from collab.rooms.room import Room
from collab.yjs.codec import encode_update
from tests.collab.costly import STRUCTS, attack
from tests.collab.files_helpers import Process
from tests.collab.rooms_helpers import Client, eventually, losing
from tests.collab.test_renewal import discovered, heir_of, switched_by_one_who_dies, unaware

pytestmark = pytest.mark.usefixtures("never_here")


async def test_what_was_carried_over_is_not_carried_over_again(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.3)
    monkeypatch.setattr(renewal, "UNHEARD", 2.0)
    document = await one.write("notes/a.md", b"")
    async with unaware(one, two, document, monkeypatch) as (there, bob):
        carry = one.files.renewal._carry_over
        carried = asyncio.Event()

        async def noted(*arguments: Any) -> Any:
            heir = await carry(*arguments)
            carried.set()
            return heir

        monkeypatch.setattr(one.files.renewal, "_carry_over", noted)
        await discovered(one, document)
        heir = await heir_of(one, document)
        await bob.connection.receive(encode_update(Client().insert(0, "first word ")))
        await there.durable()
        await asyncio.wait_for(carried.wait(), 10)
        assert (await text_of(one.rooms, heir)).count("first word ") == 1
        await bob.connection.receive(encode_update(Client().insert(0, "second word ")))
        await there.durable()
        await one.files.renewal.close()
        present = await text_of(one.rooms, heir)
        assert present.count("second word ") == 1
        assert present.count("first word ") == 1


async def test_a_renewal_comes_to_its_end_although_somebody_who_heard_nothing_goes_on(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.05)
    monkeypatch.setattr(renewal, "UNHEARD", 0.1)
    document = await one.write("a.md", b"")
    there, leave_there = await two.rooms.enter(document)
    here, leave_here = await one.rooms.enter(document)
    await attack(here)
    await eventually(lambda: there.state == here.state)
    losing(monkeypatch, there, here.writer, GivenUp)
    read, rounds, enough = one.files.renewal._text, 0, asyncio.Event()

    async def while_somebody_types(room: Room) -> str:
        nonlocal rounds
        text = await read(room)
        rounds += 1
        if rounds > 6:
            enough.set()
        if not there.closed:
            there.apply(Client().insert(0, "on and on "), "user:bob")
            await there.durable()
        return text

    monkeypatch.setattr(one.files.renewal, "_text", while_somebody_types)
    one.rooms._give_up(here)
    tasks = list(one.files.renewal._tasks.values())
    stop = asyncio.create_task(enough.wait())
    await asyncio.wait({*tasks, stop}, return_when=asyncio.FIRST_COMPLETED)
    try:
        assert rounds <= 6, "it begins anew for as long as somebody writes, and tells nobody again"
    finally:
        there.closed = True
        leave_here()
        leave_there()


async def test_what_is_logged_after_the_switch_survives_the_death_of_who_switched(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LEFT_ALONE", 0.0)
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.2)
    monkeypatch.setattr(renewal, "UNHEARD", 0.2)
    document = await one.write("notes/a.md", b"")
    async with unaware(one, two, document, monkeypatch) as (there, bob):
        heir = await switched_by_one_who_dies(one, document, monkeypatch)
        await asyncio.wait(list(one.files.renewal._tasks.values()) or [asyncio.create_task(asyncio.sleep(0))])
        await bob.connection.receive(encode_update(Client().insert(0, "acknowledged ")))
        await bob.barrier()
        await eventually(lambda: any(frame[0] == 102 for frame in bob.frames))
        # Whoever comes to it next finishes what it left, as the sweep of every process does.
        await two.files.renewal.finish("w")
        await eventually(lambda: there.closed)
        await two.files.renewal.close()
        present = await text_of(two.rooms, heir)
        assert present.count("y") == STRUCTS
        assert "acknowledged " in present


async def test_what_was_begun_by_who_is_alive_is_left_to_them(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LEFT_ALONE", 0.2)
    document = await one.write("notes/a.md", b"text")
    heir = await two.write("notes/b.md", b"")
    documents = one.files.contents.documents
    await one.files.delete("w", "notes/a.md", "user:ann")
    await documents.set_heir(document, Heir(heir, "log/x/brought", {"writer.1": 3}, "one", now(), now()))
    await two.files.renewal.finish("w")
    await asyncio.sleep(0.1)
    assert await documents.see_to_heir(document, "one") is not None
    assert not two.files.renewal._tasks
    await eventually(lambda: not two.files.renewal._later)
    await two.files.renewal.close()
    assert await documents.see_to_heir(document, "one") is not None
    [found] = (await documents.heirs("w")).values()
    assert found.carried == {"writer.1": 3}
    assert await documents.take_over_heir(document, "two", now() + timedelta(seconds=1))
    assert await documents.see_to_heir(document, "one") is None
