"""What is carried over into a renewed text comes there once, whatever fails in the middle of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from collab.aside import AsideFailed
from collab.documents import orphans
from collab.documents.records import Heir
from collab.history import renewal
from collab.rooms.present import text_of
from collab.yjs.codec import encode_update
from tests.collab.files_helpers import Process
from tests.collab.rooms_helpers import Client, eventually, log_away
from tests.collab.test_renewal import attacked, discovered, heir_of, switched_by_one_who_dies, unaware

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("never_here")]


@pytest.mark.parametrize("what", ["record", "object"])
async def test_what_is_carried_over_comes_once_although_storage_was_away_for_a_moment(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.3)
    monkeypatch.setattr(renewal, "UNHEARD", 0.5)
    monkeypatch.setattr(renewal, "RETRY", 0.01)
    document = await one.write("notes/a.md", b"")
    async with unaware(one, two, document, monkeypatch) as (there, bob):
        documents, brought = one.files.contents.documents, one.files.renewal._brought
        store, failed, calls = documents.put_heir, asyncio.Event(), 0

        async def hiccup(real: Callable[..., Any], *arguments: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 2:  # the first is the switch, or that it is about to come there
                failed.set()
                raise AutoReconnect("connection closed")
            return await real(*arguments)

        if what == "record":
            monkeypatch.setattr(documents, "put_heir", lambda *a: hiccup(store, *a))
        else:
            monkeypatch.setattr(one.files.renewal, "_brought", lambda *a: hiccup(brought, *a))
        await discovered(one, document)
        heir = await heir_of(one, document)
        await bob.connection.receive(encode_update(Client().insert(0, "late word ")))
        await there.durable()
        await asyncio.wait_for(failed.wait(), 20)
        await one.files.renewal.close()
        assert (await text_of(one.rooms, heir)).count("late word ") == 1


async def test_what_is_carried_over_comes_once_although_who_did_it_died_before_saying_so(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LEFT_ALONE", 0.0)
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.3)
    monkeypatch.setattr(renewal, "UNHEARD", 0.2)
    document = await one.write("notes/a.md", b"")
    async with unaware(one, two, document, monkeypatch) as (there, bob):
        brought, calls, died = one.files.renewal._brought, 0, asyncio.Event()

        async def dies(*arguments: Any) -> Heir:
            nonlocal calls
            calls += 1
            if calls == 2:
                died.set()
                raise asyncio.CancelledError  # kill -9: nothing of it goes on
            return await brought(*arguments)

        monkeypatch.setattr(one.files.renewal, "_brought", dies)
        await discovered(one, document)
        heir = await heir_of(one, document)
        await bob.connection.receive(encode_update(Client().insert(0, "late word ")))
        await there.durable()
        await asyncio.wait_for(died.wait(), 20)
        await two.files.renewal.finish("w")
        await asyncio.wait(list(two.files.renewal._tasks.values()), timeout=20)
        assert (await text_of(two.rooms, heir)).count("late word ") == 1


async def test_who_is_taken_for_dead_carries_nothing_over_any_more(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its way to the object store was away for longer than `LEFT_ALONE`; another process has finished meanwhile."""
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.3)
    monkeypatch.setattr(renewal, "UNHEARD", 0.2)
    monkeypatch.setattr(renewal, "RETRY", 0.01)
    document = await one.write("notes/a.md", b"")
    async with unaware(one, two, document, monkeypatch) as (there, bob):
        away, tried, salvage = True, asyncio.Event(), one.rooms.snapshots.salvage

        async def unreachable(document: str) -> str:
            if away and tried_switch:
                tried.set()
                raise OSError("the store is away")
            return await salvage(document)

        tried_switch = False
        monkeypatch.setattr(one.rooms.snapshots, "salvage", unreachable)
        await discovered(one, document)
        heir = await heir_of(one, document)
        tried_switch = True
        await bob.connection.receive(encode_update(Client().insert(0, "late word ")))
        await there.durable()
        await asyncio.wait_for(tried.wait(), 20)
        monkeypatch.setattr(renewal, "LEFT_ALONE", 0.0)
        await two.files.renewal.finish("w")
        await asyncio.wait(list(two.files.renewal._tasks.values()), timeout=20)
        assert (await text_of(two.rooms, heir)).count("late word ") == 1
        away = False
        await one.files.renewal.close()
        await eventually(lambda: not one.files.renewal._tasks)
        assert (await text_of(two.rooms, heir)).count("late word ") == 1


async def test_a_renewal_goes_on_after_its_process_aside_was_killed(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.05)
    monkeypatch.setattr(renewal, "UNHEARD", 0.1)
    monkeypatch.setattr(renewal, "RETRY", 0.01)
    document = await attacked(one)
    salvage, calls = two.rooms.snapshots.salvage, 0

    async def killed(document: str) -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise AsideFailed("salvage ended with -9")
        return await salvage(document)

    monkeypatch.setattr(two.rooms.snapshots, "salvage", killed)
    await discovered(two, document)
    [task] = two.files.renewal._tasks.values()
    await asyncio.wait({task}, timeout=20)
    assert calls > 0
    assert task.exception() is None, "nobody goes on with it, and nobody is told"
    await heir_of(two, document)


async def test_what_is_to_be_carried_over_survives_that_nobody_was_there_for_a_day(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `test_what_is_logged_after_the_switch_survives_the_death_of_who_switched`, with a weekend in between: the
    first that a process does when it begins is to remove orphans that are a day old.
    """
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
        with monkeypatch.context() as monday:
            monday.setattr(orphans, "AGE", timedelta(0))
            await orphans.remove_orphans(one.storage)
        await two.files.renewal.finish("w")
        await eventually(lambda: there.closed)
        await two.files.renewal.close()
        assert "acknowledged " in await text_of(two.rooms, heir)


async def test_what_a_process_that_was_cut_off_logs_after_the_end_of_a_renewal_is_not_lost(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reached neither the database nor the bus for as long as the renewal took; then its people are told that all
    that they typed is saved."""
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.05)
    monkeypatch.setattr(renewal, "UNHEARD", 0.1)
    document = await one.write("notes/a.md", b"")
    async with unaware(one, two, document, monkeypatch) as (there, bob):
        await there.durable()
        monkeypatch.setattr(there, "_publish", lambda payload: None)
        with log_away(two.rooms):
            await bob.connection.receive(encode_update(Client().insert(0, "acknowledged ")))
            await bob.barrier()
            await discovered(one, document)
            heir = await heir_of(one, document)
            await one.files.renewal.close()
            assert not any(frame[0] == 102 for frame in bob.frames)
        await eventually(lambda: any(frame[0] == 102 for frame in bob.frames) or bool(there.closed))
        if any(frame[0] == 102 for frame in bob.frames):
            monkeypatch.setattr(renewal, "LEFT_ALONE", 0.0)
            await two.files.renewal.finish("w")
            await two.files.renewal.close()
            assert "acknowledged " in await text_of(one.rooms, heir)


async def test_what_is_kept_for_late_words_is_forgotten_after_a_day(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.05)
    monkeypatch.setattr(renewal, "UNHEARD", 0.1)
    document = await attacked(one)
    await discovered(one, document)
    await heir_of(one, document)
    await one.files.renewal.close()
    documents = one.files.contents.documents
    await two.files.renewal.finish("w")
    assert list(await documents.heirs("w")) == [document]
    assert two.files.renewal._tasks == {}, "all of it is done"
    monkeypatch.setattr(renewal, "KEPT", 0.0)
    await two.files.renewal.finish("w")
    assert await documents.heirs("w") == {}


async def test_what_is_to_be_carried_over_is_kept_while_the_room_of_the_new_text_is_closed(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LEFT_ALONE", 0.0)
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.05)
    monkeypatch.setattr(renewal, "UNHEARD", 0.1)
    document = await one.write("notes/a.md", b"")
    async with unaware(one, two, document, monkeypatch) as (there, bob):
        heir = await switched_by_one_who_dies(one, document, monkeypatch)
        await one.files.renewal.close()
        await bob.connection.receive(encode_update(Client().insert(0, "late word ")))
        await there.durable()
        room, leave = await two.rooms.enter(heir)
        room.close(1012, "the document could not be rebuilt")
        await two.files.renewal.finish("w")
        await two.files.renewal.close()
        assert document in await two.files.contents.documents.heirs("w")
        leave()
        await two.rooms._expire(heir, two.rooms._slots[heir])  # and so it can be opened anew
        await two.files.renewal.finish("w")  # as the next sweep does
        await two.files.renewal.close()
        assert (await text_of(two.rooms, heir)).count("late word ") == 1
