"""What is never given back, and what one document does to others."""

from __future__ import annotations

import asyncio
import signal
from types import SimpleNamespace
from typing import Any

import pytest
from pycrdt import merge_updates
from starlette.websockets import WebSocket
from websockets.frames import Opcode

from collab.aside import LARGE, Aside
from collab.durable.entries import LogEntry
from collab.durable.snapshots import Loaded
from collab.replicas.edits import TextEdit, first_update
from collab.rooms.presence import _encode, _payload
from collab.rooms.present import presents_of
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_awareness, encode_sync_step_1
from server.sync import sync
from storage import Storage
from tests.collab.files_helpers import Process, on_drive
from tests.collab.rooms_helpers import joined, new_document
from tests.collab.test_refused_and_counted import BETWEEN, PanicException, poison, send_together
from tests.collab.yjs_bytes import text, update
from tests.server.test_protocol import Served, frame

__all__ = ["poison"]


# ---- presence of who is gone


async def test_who_left_while_the_document_was_rebuilt_is_no_ghost(
    storage: Storage, rooms: Rooms, poison: dict[str, bool]
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        poison["on"] = False
        bad = eve.insert(0, "poison")
        poison["on"] = True
        send_together(room, (eve, bad))
        assert not room.sound.is_set()
        cursor = encode_awareness(_payload([_encode(ann.doc.client_id, 1, b'{"cursor":1}')]))
        taking = asyncio.create_task(ann.connection.receive(cursor))
        await asyncio.sleep(0)
        ann.connection.detach()  # as the socket does when it is lost
        await taking
        assert room.audience.presence.all_states() is None
        assert not room.audience.presence._clients


# ---- one document that cannot be built, among many


async def test_a_text_that_cannot_be_built_leaves_the_others_readable(
    storage: Storage, rooms: Rooms, poison: dict[str, bool]
) -> None:
    bad, good = await new_document(storage), await new_document(storage)
    await rooms.updates.append(
        [
            LogEntry(bad, "p", 1, 1, update((5, 0, [text("a😀b")]))),
            LogEntry(bad, "p", 2, 2, merge_updates(BETWEEN, update((8, 0, [text("poison")])))),
            LogEntry(good, "p", 1, 1, first_update("good", 7)),
        ]
    )
    try:
        presents = await presents_of(rooms, [bad, good])
    except PanicException:
        pytest.fail("none of them can be read")
    assert presents[good].text == "good"


async def test_a_text_that_cannot_be_built_keeps_no_other_file_from_the_drive(
    one: Process, poison: dict[str, bool]
) -> None:
    bad = await one.write("bad.md", b"")
    await one.write("good.md", b"good")
    await one.drive.settle_due()
    await one.rooms.updates.append(
        [
            LogEntry(bad, "p", 1, 1, update((5, 0, [text("a😀b")]))),
            LogEntry(bad, "p", 2, 2, merge_updates(BETWEEN, update((8, 0, [text("poison")])))),
        ]
    )
    fresh = Process(one.storage)
    try:
        await fresh.files.write("w", "good.md", b"better", "user:ann")
        try:
            await fresh.drive.sweep("w")
            fresh.drive._again("w", [bad], 0.0)
            await fresh.drive.settle_due()
        except PanicException:
            pass
        assert (await on_drive(one.storage))["good.md"] == b"better"
    finally:
        await fresh.close()


# ---- memory for the author of what another process has logged meanwhile


async def test_memory_of_an_author_is_given_back_when_another_process_was_quicker(
    storage: Storage, rooms: Rooms, other: Rooms, poison: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        ann, eve = await joined(here, "ann", "eve")
        monkeypatch.setattr(here._window, "delay", lambda now: 0.05)
        poison["on"] = False
        bad = eve.insert(0, "poison")
        poison["on"] = True
        good = ann.insert(0, "good ")
        load = rooms.snapshots.load

        async def slow(document: str) -> Loaded:
            there.apply(good, "user:ann")  # her page comes again, to the other process
            await there.durable()
            return await load(document)

        monkeypatch.setattr(rooms.snapshots, "load", slow)
        send_together(here, (ann, good), (eve, bad))
        await asyncio.wait_for(here.sound.wait(), 10)
        await here.durable()
        await rooms._commits.drain()
        assert here.text == "good "
        assert rooms.backlog == 0


# ---- renewals that are on record from before


async def test_a_renewal_on_record_from_before_does_not_end_sweeps(one: Process) -> None:
    old, heir = await one.write("a.md", b"a"), await one.write("b.md", b"b")
    await one.storage.db["documents"].update_one({"_id": old}, {"$set": {"heir": heir}})
    await one.drive.sweep("w")


# ---- a conversation that fails in its first frame


async def test_a_conversation_that_fails_at_once_gives_its_room_back_once(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 0, "text")], "user:ann")
        await room.durable()
        entered = asyncio.Event()

        class Conversing(Served):
            async def application(self, scope: Any, receive: Any, send: Any) -> None:
                socket = WebSocket(scope, receive, send)

                async def shows(workspace: str, document: str) -> bool:
                    entered.set()
                    await self.go.wait()  # meanwhile the client's first frame arrives
                    return True

                user = SimpleNamespace(id="ann", name="Ann", color="#123456")
                member = SimpleNamespace(workspace="w", author="user:ann", user=user, role="editor")
                limits = SimpleNamespace(
                    connections_per_document=9, updates_per_second=99, update_bytes_per_second=1e9, burst_seconds=9
                )
                metrics = SimpleNamespace(
                    sockets={"sync": 0}, closes={}, frames_received=0, bytes_received=0, throttled_seconds=0.0
                )
                services = SimpleNamespace(
                    rooms=rooms,
                    files=SimpleNamespace(shows=shows),
                    settings=SimpleNamespace(limits=limits, outgoing_bytes=1000),
                    metrics=metrics,
                    watch=SimpleNamespace(watch=lambda *_: lambda: None),
                )
                self.accepting.set()
                await sync(socket, document, member, services)  # type: ignore[arg-type]

        def panics(*_: Any) -> bytes:
            raise PanicException("as if")

        monkeypatch.setattr(room, "encode_since", panics)
        slot = rooms._slots[document]
        before = slot.users
        served = Conversing()
        await asyncio.wait_for(entered.wait(), 5)
        served.protocol.data_received(frame(Opcode.BINARY, encode_sync_step_1(b"\x00")))
        tasks = list(served.protocol.tasks)
        served.go.set()
        await asyncio.wait(tasks)
        served.protocol.connection_lost(None)
        for _ in range(3):
            await asyncio.sleep(0)
        assert slot.users == before
        assert not room.audience.connections


# ---- processes that do not go on


async def test_processes_that_hang_do_not_keep_all_others_waiting_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab.aside.HANGS", 3.0)
    aside = Aside()
    hanging = [asyncio.create_task(aside.run(LARGE, signal.raise_signal, signal.SIGSTOP)) for _ in range(2)]
    await asyncio.sleep(0.5)
    try:
        async with asyncio.timeout(20):
            assert await aside.run(LARGE, max, 1, 2) == 2
    finally:
        for task in hanging:
            task.cancel()
        await asyncio.wait(hanging)
