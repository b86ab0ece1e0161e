"""What other processes wrote, where the bus does not bring it in order: what is held, read again, and forgotten."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from collab.durable.entries import LogEntry
from collab.replicas.edits import TextEdit
from collab.rooms import following as following_module
from collab.rooms import rooms as rooms_module
from collab.rooms.keeping_up import FULL_HEARTBEAT
from collab.rooms.replication import Heartbeat, Logged, Unlogged
from collab.rooms.rooms import Rooms
from collab.yjs.update import InvalidUpdate, read_update
from storage import Storage
from tests.collab.rooms_helpers import eventually, following, joined, losing, new_document
from tests.collab.yjs_bytes import text, update


async def test_what_waits_for_ever_in_the_log_is_not_read_for_ever(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following_module, "READ_AGAIN", 0.01)
    document = await new_document(storage)
    await rooms.updates.append(
        [
            LogEntry(document, "p", 1, 1, update((5, 0, [text("here")]))),
            LogEntry(document, "p", 2, 2, update((6, 0, [text("rests on what nobody has", origin=(9, 3))]))),
        ]
    )
    loads = 0
    load = rooms.snapshots.load

    async def counted(document: str) -> Any:
        nonlocal loads
        loads += 1
        return await load(document)

    monkeypatch.setattr(rooms.snapshots, "load", counted)
    async with rooms.open(document) as room:
        assert room.text == "here"
        following(rooms, room).read_on()  # as when the bus was away, or a process has left
        await asyncio.sleep(1)
        assert loads < 10
        room.closed = True


async def test_what_waits_in_the_log_is_read_once_that_on_which_it_rests_is_here(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("READ_AGAIN", "LEAST_PAUSE", "LONGEST_PAUSE"):
        monkeypatch.setattr(following_module, name, 0.01)
    document = await new_document(storage)
    base, rests = update((9, 0, [text("base ")])), update((6, 0, [text("on top", origin=(9, 4))]))
    async with rooms.open(document) as room:
        follows = following(rooms, room)
        reads, read_once = 0, follows._read_once

        async def counted() -> bool:
            nonlocal reads
            reads += 1
            return await read_once()

        monkeypatch.setattr(follows, "_read_once", counted)
        await rooms.updates.append([LogEntry(document, "p", 1, 1, rests)])
        follows.receive(Heartbeat("p", 1))
        await eventually(lambda: reads > 2 or (reads > 0 and not follows._reading))
        await rooms.updates.append([LogEntry(document, "q", 1, 1, base)])
        follows.receive(Logged("q", 1, 1, base))
        await eventually(lambda: room.text == "base on top")
        await eventually(lambda: not follows._reading)
        assert room.covers({"p": 1, "q": 1})


async def test_what_is_held_is_not_read_again_with_every_message(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        follows = following(rooms, room)
        monkeypatch.setattr(follows, "read_on", lambda: None)
        for n in range(200):  # of somebody whose first message was lost, while the log is away
            follows.receive(Unlogged("q", update((9, 10 + n, [text("x", (9, 9 + n))]))))
        assert len(follows._held) == 200
        reads = 0

        def counted(content: bytes, kind: Any) -> Any:
            nonlocal reads
            reads += 1
            return read_update(content, kind)

        monkeypatch.setattr(following_module, "read_update", counted)
        for n in range(1, 21):  # somebody else writes
            follows.receive(Logged("p", n, n, update((5, n - 1, [text("a", (5, n - 2) if n > 1 else None)]))))
            await eventually(lambda: not follows.busy)
        assert reads < 20 + 2 * 200, reads


async def test_what_contradicts_over_the_bus_is_known_to_be_missing(storage: Storage, rooms: Rooms) -> None:
    """Read from the log the same entry makes the room `spoilt`, so that its text replaces no good copy."""
    document = await new_document(storage)
    contradicts = update((5, 0, [text("abc\U0001f600")]), (6, 0, [text("never taken here")]))
    async with rooms.open(document) as room:
        room.apply(update((5, 0, [text("a\U0001f600b")])), "user:ann")
        await room.durable()
        await rooms.updates.append([LogEntry(document, "p", 1, 1, contradicts)])
        for message in (Logged("p", 1, 1, contradicts), Heartbeat("p", 1)):
            with suppress(InvalidUpdate):
                following(rooms, room).receive(message)
        await eventually(lambda: not following(rooms, room)._reading)
        await rooms.catch_up(room)
        assert "never taken here" in room.text or not room.whole


async def test_what_a_process_without_people_logged_before_it_died_is_shown(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit over HTTP: nobody is connected there, so nobody's presence ends when it dies."""
    document = await new_document(storage)
    monkeypatch.setattr("collab.rooms.room.SILENCE", 0.0)
    async with other.open(document) as there:
        [bob] = await joined(there, "bob")
        async with rooms.open(document) as here:
            losing(monkeypatch, there, here.writer, Logged)
            here.edit([TextEdit(0, 0, "by HTTP ")], "user:ann")
            await here.durable()
            rooms._keeping_up.stop()  # kill -9: it has logged, and its message and heartbeats never come
            for _ in range(3 * FULL_HEARTBEAT):
                there.heartbeat(everything=True)
            await asyncio.gather(*other._tasks)
            await eventually(lambda: bob.text == "by HTTP ", 3)


async def test_writers_of_the_past_are_forgotten(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms_module, "IDLE", 0.0)
    monkeypatch.setattr("collab.durable.snapshots.FORGET_PROCESS", timedelta(0))
    monkeypatch.setattr("collab.rooms.room.SILENCE", 0.0)
    document = await new_document(storage)
    async with rooms.open(document) as here:
        for visit in range(20):
            async with other.open(document) as there:
                there.edit([TextEdit(0, 0, f"{visit} ")], "user:bob")
                await there.durable()
            await eventually(lambda: document not in other._slots)
        await eventually(lambda: here.text.startswith("19 "))
        await rooms.snapshots.compact(document)
        here.edit([TextEdit(0, 0, "more ")], "user:ann")
        await here.durable()
        await rooms.snapshots.compact(document)  # the first one still remembers whom it has folded
        here.heartbeat(everything=True)
        await asyncio.gather(*rooms._tasks)
        assert len(here.covered) < 10
        assert len(here.announced) < 10
