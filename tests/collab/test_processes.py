"""Rooms of the same document in two processes: what one takes the other has, whatever the bus loses."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
from pycrdt import Doc, Text, get_state, merge_updates
from pymongo.errors import PyMongoError

from collab.durable.entries import LogEntry
from collab.limits import Limits
from collab.refusals import DocumentTooLarge
from collab.replicas.edits import TextEdit, replacing_updates
from collab.rooms import replication
from collab.rooms.following import Following
from collab.rooms.present import present_of
from collab.rooms.rooms import Rooms
from collab.yjs.update import LARGE
from storage import Storage
from tests.collab.rooms_helpers import Client, eventually, following, joined, log_away, log_hangs, losing, new_document
from tests.conftest import Backend
from tests.services.launchers import Mongo


async def test_two_processes_converge(storage: Storage, rooms: Rooms, other: Rooms) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        here.edit([TextEdit(0, 0, "from here. ")], "user:ann")
        await eventually(lambda: there.text == "from here. ")
        there.edit([TextEdit(0, 0, "from there. ")], "user:bob")
        await eventually(lambda: here.text == there.text == "from there. from here. ")


async def test_whoever_catches_up_has_also_what_was_folded_unheard(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        losing(monkeypatch, there, here.writer)
        here.edit([TextEdit(0, 0, "folded ")], "user:ann")
        await here.durable()
        assert await rooms.snapshots.compact(document)
        assert await rooms.updates.read(document) == []
        await other.catch_up(there)
        assert there.text == "folded "


async def test_a_message_lost_on_the_bus_is_read_from_the_log(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    lost = 0
    async with rooms.open(document) as here, other.open(document) as there:
        take = Following.take

        def lossy(receiver: Following, message: replication.Replica) -> Awaitable[None] | None:
            nonlocal lost
            if receiver.room is there and isinstance(message, replication.Logged) and lost < 3:
                lost += 1
                return None
            return take(receiver, message)

        monkeypatch.setattr(Following, "take", lossy)
        for i in range(4):
            here.edit([TextEdit(0, 0, f"{i} ")], "user:ann")
            await here.durable()
        await eventually(lambda: there.text == here.text)
        assert lost == 3
        lost = 2  # now the very last message: nothing follows it but the heartbeat
        here.edit([TextEdit(0, 0, "last ")], "user:ann")
        await here.durable()
        await rooms.snapshots.compact(document)  # and the log no longer has it by itself
        await eventually(lambda: there.text == here.text)


async def test_a_lost_message_is_missed_also_when_nothing_after_it_rests_on_it(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        here.edit([TextEdit(0, 0, "start end")], "user:ann")
        await here.durable()
        await eventually(lambda: there.text == here.text)
        losing(monkeypatch, there, here.writer)
        here.edit([TextEdit(2, 2, "LOST")], "user:ann")  # each edit is under a client id of its own
        await here.durable()
        here.edit([TextEdit(11, 11, "kept")], "user:ann")
        await here.durable()
        await eventually(lambda: there.text == here.text)


async def test_a_message_that_rests_on_the_lost_one_of_another_process_is_held_against_the_log(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = Rooms(storage)
    for process in (rooms, other, third):
        process._keeping_up.stop()  # or its numbers would repair it later
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there, third.open(document) as elsewhere:
        losing(monkeypatch, elsewhere, here.writer)
        here.edit([TextEdit(0, 0, "one two")], "user:ann")
        await eventually(lambda: there.text == "one two")
        there.edit([TextEdit(3, 3, " and")], "user:bob")
        await eventually(lambda: elsewhere.text == "one and two")
    await third.close()


async def test_who_is_here_is_said_again_and_again(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bus may lose it, and whoever is not mentioned any more is taken to have died with their process."""
    monkeypatch.setattr("collab.rooms.keeping_up.HEARTBEAT", 0.02)
    rooms, other = Rooms(storage), Rooms(storage)
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        losing(monkeypatch, there, here.writer, replication.PresenceStates)
        ann = Client()
        ann.join(here)
        here.audience.presence.announce(ann.connection, 7, {"cursor": None}, ann.identity)
        here.audience.schedule_presence()
        await eventually(lambda: there.audience.presence.all_states() is not None)
    await rooms.close()
    await other.close()


async def test_a_number_is_said_again_while_all_is_quiet(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bus may lose the update, and the heartbeat that follows it as well."""
    monkeypatch.setattr("collab.rooms.keeping_up.HEARTBEAT", 0.02)
    rooms, other = Rooms(storage), Rooms(storage)
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        for kind in (replication.Logged, replication.Heartbeat):
            losing(monkeypatch, there, here.writer, kind)
        here.edit([TextEdit(0, 0, "lost twice")], "user:ann")
        await eventually(lambda: there.text == "lost twice")
    await rooms.close()
    await other.close()


async def test_who_is_in_a_document_elsewhere_is_sent_away_when_it_is_retired(
    storage: Storage, rooms: Rooms, other: Rooms
) -> None:
    document = await new_document(storage)
    async with other.open(document) as there:
        [ann] = await joined(there, "ann")
        await rooms.retire(document)
        await eventually(lambda: ann.closed == (4410, "this document is gone"))


async def test_who_is_in_a_document_elsewhere_is_sent_away_although_the_bus_did_not_say_that_it_is_retired(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.keeping_up.HEARTBEAT", 0.02)
    other = Rooms(storage)
    document = await new_document(storage)
    async with other.open(document) as there:
        losing(monkeypatch, there, rooms._process, replication.Gone)
        [ann] = await joined(there, "ann")
        await rooms.retire(document)
        await ann.type(0, "seen by nobody else")
        await eventually(lambda: ann.closed == (4410, "this document is gone"))
    await other.close()


async def test_what_was_lost_is_read_although_storage_is_away_when_that_is_noticed(
    mongo_service: Mongo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Backend("mongo", tmp_path / "data", mongo_url=mongo_service.url)
    async with backend.open() as storage:
        rooms, other = Rooms(storage), Rooms(storage)
        for process in (rooms, other):
            process._keeping_up.stop()  # or its numbers would have it read anew later
        failed = asyncio.Event()
        read_once = Following._read_once

        async def watched(receiver: Following) -> bool:
            try:
                return await read_once(receiver)
            except PyMongoError:
                failed.set()
                raise

        monkeypatch.setattr(Following, "_read_once", watched)
        document = await new_document(storage)
        async with rooms.open(document) as here, other.open(document) as there:
            losing(monkeypatch, there, here.writer)
            here.edit([TextEdit(0, 0, "lost")], "user:ann")
            await here.durable()
            await asyncio.to_thread(mongo_service.kill)
            here.heartbeat(everything=True)
            await asyncio.wait_for(failed.wait(), 20)
            await asyncio.to_thread(mongo_service.start)
            await eventually(lambda: there.text == "lost")
        await rooms.close()
        await other.close()


async def test_random_edits_from_two_processes_end_equal_everywhere(
    storage: Storage, rooms: Rooms, other: Rooms
) -> None:
    seeded = random.Random(11)
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        for _ in range(120):
            room = seeded.choice((here, there))
            length = room.length
            start = seeded.randint(0, length)
            end = min(length, start + seeded.randint(0, 3))
            try:
                room.edit([TextEdit(start, end, seeded.choice(("x", "é", "😀", "word ", "")))], "user:ann")
            except ValueError:
                continue  # inside a surrogate pair
            if seeded.random() < 0.2:
                await asyncio.sleep(seeded.random() * 0.03)
            if seeded.random() < 0.05:
                await rooms.snapshots.compact(document)
        await asyncio.gather(here.durable(), there.durable())
        await eventually(lambda: here.text == there.text)
        text = here.text
    fresh = Rooms(storage)
    async with fresh.open(document) as room:
        assert room.text == text
    await fresh.close()


def updates_of(*counts: int) -> list[bytes]:
    """Updates of so many structs each, as of a file that is typed here and there, each resting on those before it."""
    doc: Doc[Text] = Doc(client_id=77)
    shared = doc.get("text", type=Text)
    updates = []
    for count in counts:
        before = doc.get_state()
        for number in range(count):
            shared.insert(0 if number % 2 else len(shared), f"{number} ")
        updates.append(doc.get_update(before))
    return updates


@pytest.mark.parametrize("the_log_is", ["there", "away"])
async def test_a_large_edit_of_another_process_is_taken_in_turns_and_in_order(
    storage: Storage, rooms: Rooms, other: Rooms, the_log_is: str
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        [bob] = await joined(there, "bob")
        bob.frames.clear()
        lengths: list[int] = []
        there.audience.observe(lambda _: lengths.append(there.length))
        with ExitStack() as stack:
            if the_log_is == "away":
                for process in (rooms, other):
                    stack.enter_context(log_away(process))
            [update] = updates_of(5_000)
            assert len(update) > 4 * LARGE
            here.apply(update, "user:ann")
            here.edit([TextEdit(0, 0, "and then ")], "user:ann")
            # What comes while the large one is still being taken rests on it, and waits for its turn.
            await eventually(lambda: len(lengths) > 1)
            assert there.length < here.length
            here.edit([TextEdit(0, 0, "at last ")], "user:ann")
            await eventually(lambda: there.text == here.text)
            assert len(lengths) > 10
            assert lengths == sorted(lengths)
            assert bob.text == there.text
            await bob.barrier()
        await eventually(lambda: bob.answers == [b"t"])
        assert bob.asked == 0
    loaded = await rooms.snapshots.load(document)
    assert str(loaded.replica.text) == bob.text
    authors = await rooms.updates.authors(document)
    assert {authors[client] for client in loaded.replica.state} == {"user:ann"}


async def test_nobody_makes_a_copy_of_half_an_edit(storage: Storage, rooms: Rooms, other: Rooms) -> None:
    old = "".join(f"line {number}\n" for number in range(3_000))
    new = "".join(f"{'another' if number % 2 else 'line'} {number}\n" for number in range(3_000))
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        here.edit([TextEdit(0, 0, old)], "user:ann")
        await eventually(lambda: there.text == old)
        made = replacing_updates(here.encode_whole(), new, 77)
        assert made is not None
        updates, growth = made
        begun, heard = asyncio.Event(), asyncio.Event()
        here.audience.observe(lambda update: begun.set())
        there.audience.observe(lambda update: heard.set())
        replacing = asyncio.create_task(here.apply_in_turns(updates, "user:ann", growth=growth))
        await begun.wait()
        assert here.text not in (old, new)
        assert (await present_of(rooms, document)).text == new
        assert replacing.done()
        await heard.wait()
        assert there.text not in (old, new)
        assert (await present_of(other, document)).text == new


async def test_a_large_edit_that_the_bus_lost_is_read_from_the_log_in_turns(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        losing(monkeypatch, there, here.writer)
        here.apply(updates_of(5_000)[0], "user:ann")
        await here.durable()
        frames: list[bytes] = []
        there.audience.observe(frames.append)
        here.edit([TextEdit(0, 0, "missed ")], "user:ann")
        await eventually(lambda: there.text == here.text)
        assert len(frames) > 10


async def test_what_is_announced_while_the_log_is_read_is_read_too(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing follows it that would show that it is missing, and the heartbeat comes seconds later."""
    for process in (rooms, other):
        process._keeping_up.stop()
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        losing(monkeypatch, there, here.writer)
        here.apply(updates_of(5_000)[0], "user:ann")
        await here.durable()
        here.edit([TextEdit(0, 0, "missed ")], "user:ann")
        await here.durable()
        await eventually(lambda: bool(following(other, there)._reading))
        here.edit([TextEdit(0, 0, "meanwhile ")], "user:ann")
        await here.durable()
        await eventually(lambda: there.text == here.text)


@pytest.mark.parametrize("how", ["told", "lost", "away"])
async def test_the_limit_of_a_document_counts_what_other_processes_have_taken(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    limits = Limits(text_document=50_000)
    async with AsyncExitStack() as stack:
        processes = [Rooms(storage, limits) for _ in range(2)]
        for process in processes:
            stack.push_async_callback(process.close)
        document = await new_document(storage)
        here, there = [await stack.enter_async_context(process.open(document)) for process in processes]
        if how == "lost":
            losing(monkeypatch, there, here.writer)
        with ExitStack() as away:
            if how == "away":
                for process in processes:
                    away.enter_context(log_away(process))
            here.edit([TextEdit(0, 0, "a" * 45_000)], "user:ann")
            if how == "lost":
                await here.durable()
                here.edit([TextEdit(0, 0, "b")], "user:ann")
            await eventually(lambda: there.text == here.text)
            with pytest.raises(DocumentTooLarge):
                there.edit([TextEdit(0, 0, "c" * 10_000)], "user:bob")
            there.edit([TextEdit(0, 40_000, "")], "user:bob")
            there.edit([TextEdit(0, 0, "c" * 10_000)], "user:bob")
            await eventually(lambda: there.text == here.text)


async def test_what_comes_in_one_read_with_a_large_edit_of_another_process_waits_behind_it(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    updates = updates_of(5_000, 1, 5_000)
    async with rooms.open(document), other.open(document) as there:
        taken: list[bytes] = []
        reread = 0
        read = other.updates.read

        async def counted(of: str) -> list[LogEntry]:
            nonlocal reread
            reread += 1
            return await read(of)

        monkeypatch.setattr(other.updates, "read", counted)
        there.audience.observe(taken.append)
        for number, update in enumerate(updates, 1):
            message = replication.Logged("elsewhere", number, number, update)
            storage.bus.publish(replication.channel_of(document), replication.encode(message))
        await eventually(lambda: there.text.count(" ") == 10_001)
        assert reread == 0
        states = [get_state(merge_updates(*taken[: number + 1])) for number in range(len(taken))]
        assert len(set(states)) == len(states)


async def test_large_unlogged_text_that_was_held_is_taken_in_turns_once_what_it_rests_on_is_here(
    storage: Storage, other: Rooms
) -> None:
    document = await new_document(storage)
    base, rest = updates_of(1, 5_000)
    async with other.open(document) as there:
        with log_away(other):
            held = following(other, there).take(replication.Unlogged("elsewhere", rest))
            assert held is not None
            await held
            assert there.text == ""
            parts: list[bytes] = []
            there.audience.observe(parts.append)
            following(other, there).take(replication.Unlogged("elsewhere", base))
            await eventually(lambda: there.text.count(" ") == 5_001)
            assert len(parts) > 10


async def test_a_large_unlogged_edit_leaves_for_the_log_in_one_entry(storage: Storage, other: Rooms) -> None:
    document = await new_document(storage)
    [large] = updates_of(12_000)  # of more bytes than an entry usually has
    async with other.open(document) as there:
        with log_hangs(other) as given:
            there.edit([TextEdit(0, 0, "before ")], "user:bob")
            await eventually(lambda: bool(given))
            taking = following(other, there).take(replication.Unlogged("elsewhere", large))
            assert taking is not None
            await taking
        await there.durable()
        entries = await other.updates.read(document)
        assert len(entries) == 2
        assert get_state(entries[1].update) == get_state(large)
