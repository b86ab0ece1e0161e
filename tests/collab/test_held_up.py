"""Rooms that take nothing for a while, since their document is tried, mended or rebuilt: what comes meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from collab.aside import Aside, AsideFailed, TookTooLong
from collab.durable.entries import LogEntry
from collab.limits import Limits
from collab.replicas.trial import Structs
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_sync_step_2, encode_update
from collab.yjs.known import Known
from collab.yjs.update import read_update
from storage import Storage
from tests.collab.rooms_helpers import eventually, following, joined, log_away, new_document
from tests.collab.yjs_bytes import text, update
from tests.support.yjs import Oracle

EMOJI = update((5, 0, [text("a😀b")]))
BETWEEN = update((6, 0, [text("X", origin=(5, 1), right=(5, 2))]))

Work = Callable[..., Awaitable[Any]]


@contextmanager
def held_back(aside: Aside, kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Event]:
    """Answers of ``kind``, "run" or "attempt", arrive after the event."""
    arrives, work = asyncio.Event(), getattr(aside, kind)

    async def later(*arguments: Any) -> Any:
        answer = await work(*arguments)
        await arrives.wait()
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(aside, kind, later)
        yield arrives


async def too_long(*_: Any) -> Any:
    raise TookTooLong("as if")


async def given_up_at_the_next_look(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> tuple[Room, Callable[[], None]]:
    """A room, and what leaves it; its text has an emoji, and is found too costly as soon as somebody tries it."""
    room, leave = await rooms.enter(await new_document(storage))
    room.apply(EMOJI, "user:ann")
    await room.durable()
    monkeypatch.setattr(rooms.aside, "attempt", too_long)
    room._replica.structs = Structs(0, 100_000)
    return room, leave


async def test_a_text_that_is_given_up_takes_no_cut_any_more(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, leave = await given_up_at_the_next_look(storage, rooms, monkeypatch)
    holds: list[Any] = []
    hold = room._hold
    monkeypatch.setattr(room, "_hold", lambda work: (holds.append(work), hold(work)))
    room.apply(BETWEEN, "user:eve")
    await eventually(lambda: room.unbearable)
    await asyncio.wait_for(room.idle(), 10)
    assert len(holds) == 1
    assert room.text == "a😀b"
    leave()


async def test_a_room_that_has_dropped_something_leaves_memory(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.rooms.IDLE", 0.05)
    document = await new_document(storage)
    await rooms.updates.append([LogEntry(document, "p", 1, 1, EMOJI)])
    room, leave = await rooms.enter(document)
    room._replica.structs = Structs(0, 100_000)
    monkeypatch.setattr(rooms.aside, "attempt", too_long)
    room.apply(update((7, 0, [text("Y", origin=(5, 0), right=(5, 1))])), "user:eve")
    await eventually(lambda: room.unbearable)
    leave()
    await eventually(lambda: document not in rooms._slots)


async def test_a_trial_does_not_bring_back_what_was_mended_meanwhile(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    room, leave = await rooms.enter(document)
    room.apply(update((5, 0, [text("a😀b" + "x" * 3_000_000)])), "user:ann")
    for clock in range(12):
        room.apply(update((8, clock, [text("k", right=(8, clock - 1) if clock else (5, 0))])), "user:ann")
    assert room.doubtful
    with held_back(rooms.aside, "attempt", monkeypatch) as arrives:
        copying = asyncio.create_task(room.copyable())
        await eventually(lambda: room._trial is not None)
        room.apply(update(deletes={5: [(4, 3_000_000)]}), "user:ann")
        assert not room.doubtful
        room.apply(BETWEEN, "user:eve")
        await room.idle()
        arrives.set()
        await copying
    assert room.text == "k" * 12 + "a\ufffdX\ufffdb"
    leave()


async def test_a_trial_of_a_text_that_is_to_be_mended_mends_it(
    yjs: Oracle, storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_room(*_: Any) -> Any:
        raise AsideFailed("killed")

    document = await new_document(storage)
    async with rooms.open(document) as room:
        base = update((5, 0, [text("a😀b" + "x" * 1_500_000)]))
        more = [text("k", right=(5, 0)) for _ in range(59)]
        cut = update((6, 0, [text("X", origin=(5, 1), right=(5, 2)), *more]))
        after = update((9, 0, [text("Z", origin=(5, 3), right=(5, 4))]))
        room.apply(base, "user:ann")
        with monkeypatch.context() as patched:
            patched.setattr(rooms.aside, "run", no_room)
            room.apply(cut, "user:eve")
            await room.idle()
        await room.copyable()
        room.apply(after, "user:bob")
        await room.durable()
        yjs.create("torn")
        for part in (base, cut, after):
            yjs.apply("torn", part)
        assert room.text == yjs.text("torn")


@pytest.mark.usefixtures("unmendable")
async def test_who_is_merged_with_what_cannot_be_mended_does_not_pay_for_it(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        room.apply(EMOJI, "user:ann")
        await room.durable()
        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        await ann.type(0, "honest ")
        await eve.connection.receive(encode_update(BETWEEN))
        await ann.barrier()
        await eventually(lambda: bool(ann.answers))
        assert "honest" in room.text
        assert ann.closed is None
        assert eve.closed == (1007, "malformed update")


async def test_what_others_show_while_the_log_is_away_is_neither_forgotten_nor_held_for_long(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as here, other.open(document) as there:
        here.apply(EMOJI, "user:ann")
        await here.durable()
        await eventually(lambda: there.text == here.text)
        [bob] = await joined(there, "bob")
        [eve] = await joined(here, "eve")
        with log_away(rooms), log_away(other):
            await bob.type(0, "0")
            await eventually(lambda: other.log_away and "0" in here.text)
            monkeypatch.setattr(here._window, "delay", lambda now: 0.05)
            with held_back(rooms.aside, "run", monkeypatch) as arrives:
                await eve.connection.receive(encode_update(BETWEEN))
                assert here._incoming  # flushed by what comes next over the bus
                there.apply(update((77, 0, [text("CARL", right=(5, 0))])), "user:carl")
                await eventually(lambda: bool(following(rooms, here)._held))
                await bob.type(0, "1")
                arrives.set()
                await eventually(lambda: "1" in here.text and "CARL" in here.text)
            assert here.state[77] == 4
            assert not following(rooms, here)._held
        await here.durable()
        await there.durable()
        await eventually(lambda: here.text == there.text)
        assert (await rooms.updates.authors(document))[77] == "user:carl"


async def test_who_comes_back_meets_somebody_elses_cut(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        ann, eve = await joined(room, "ann", "eve")
        room.apply(EMOJI, "user:ann")
        await room.durable()
        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        await eve.connection.receive(encode_update(BETWEEN))
        await ann.connection.receive(encode_sync_step_2(update(deletes={5: [(0, 1)]})))
        await room.idle()
        assert room.text == "\ufffdX\ufffdb"


async def test_a_stop_waits_for_what_is_held_up_and_for_nothing_else(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.rooms.rooms.IDLE", 0.05)
    document = await new_document(storage)
    stops = Rooms(storage)
    room, leave = await stops.enter(document)
    room.apply(EMOJI, "user:ann")
    await room.durable()
    with held_back(stops.aside, "run", monkeypatch) as arrives:
        room.apply(BETWEEN, "user:bob")
        leave()
        await asyncio.sleep(0.2)  # its expiry waits for the log
        asyncio.get_running_loop().call_later(0.5, arrives.set)
        await asyncio.wait_for(stops.close(), 20)
    loaded = await stops.snapshots.load(document)
    assert str(loaded.replica.text) == "a\ufffdX\ufffdb"


async def test_a_document_that_cannot_be_rebuilt_at_first_is_so_later(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.apply(EMOJI, "user:ann")
        await room.durable()
        load, failed = rooms.snapshots.load, 0

        async def fails(document: str) -> Any:
            nonlocal failed
            failed += 1
            if failed == 1:
                raise ValueError("nobody knows why")
            return await load(document)

        monkeypatch.setattr(rooms.snapshots, "load", fails)
        room._rebuild_without(ValueError("as if it had panicked"))
        await asyncio.wait_for(room.idle(), 10)
        assert room.text == "a😀b"


async def test_what_grows_nothing_is_taken_by_a_text_that_others_have_filled(storage: Storage) -> None:
    limits = Limits(text_document=1_000)
    here, there = Rooms(storage, limits), Rooms(storage, limits)
    document = await new_document(storage)
    async with here.open(document) as a, there.open(document) as b:
        a.apply(update((5, 0, [text("x" * 900)])), "user:ann")
        await a.durable()
        await eventually(lambda: b.text == a.text)
        decision = update((6, 0, [text("y" * 10, right=(5, 0))]))
        a.check(decision, read_update(decision, "text"), 10)
        with log_away(here), log_away(there):  # neither hears of the other before it is full
            a.apply(update((8, 0, [text("w" * 60, right=(5, 0))])), "user:ann")
            b.apply(update((7, 0, [text("z" * 80, right=(5, 0))])), "user:bob")
        await a.durable()
        await b.durable()
        await eventually(lambda: "z" in a.text and "w" in a.text)
        assert a.length > 1_000
        a.apply(decision, "user:ann", growth=0)
        assert "y" in a.text
    await here.close()
    await there.close()


async def test_pairs_are_learned_in_turns_and_not_over_what_was_taken_meanwhile() -> None:
    emoji = update(*((client, 0, [text("😀 ")]) for client in range(1, 25_000)))
    known = Known("text", emoji)
    reading, turns = asyncio.create_task(known.read_ahead()), 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 3
    half = update((30_000, 0, [text("X", origin=(24_000, 0), right=(24_000, 1))]))
    assert known.take(half, read_update(half, "text")).cuts
    known = Known("text", emoji)
    reading = asyncio.create_task(known.read_ahead())
    await asyncio.sleep(0)
    more = update((30_000, 0, [text("😀")]))
    known.take(more, read_update(more, "text"))
    await reading
    half = update((30_001, 0, [text("X", origin=(30_000, 0), right=(30_000, 1))]))
    assert known.take(half, read_update(half, "text")).cuts


async def test_what_is_refused_after_a_rebuild_is_its_senders_alone(
    storage: Storage, rooms: Rooms, other: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    async with rooms.open(document) as room, other.open(document) as there:
        ann, eve = await joined(room, "ann", "eve")
        room.apply(update((5, 0, [text("abc")])), "user:ann")
        await room.durable()
        await eventually(lambda: there.text == "abc")
        monkeypatch.setattr(room._window, "delay", lambda now: 0.05)
        integrate, load, reads = room._integrate, rooms.snapshots.load, asyncio.Event()

        def panics(incoming: Any) -> bool:
            monkeypatch.setattr(room, "_integrate", integrate)
            room._rebuild_without(ValueError("as if it had panicked"))
            return False

        async def waits(document: str) -> Any:
            await reads.wait()
            return await load(document)

        monkeypatch.setattr(room, "_integrate", panics)
        monkeypatch.setattr(rooms.snapshots, "load", waits)
        await eve.connection.receive(encode_update(update((6, 0, [text("😀")]))))
        await ann.connection.receive(encode_update(ann.insert(0, "honest ")))
        waiting = asyncio.create_task(ann.barrier())
        await eventually(lambda: not room.sound.is_set())
        there.apply(update((6, 0, [text("x")])), "user:eve")  # other content under the same clocks
        await there.durable()
        reads.set()
        await eventually(lambda: bool(ann.answers))
        await waiting
        assert "honest" in str((await load(document)).replica.text)
        assert "honest" in room.text
        assert ann.closed is None
        assert eve.closed == (1007, "malformed update")


async def test_what_was_dropped_takes_no_memory_from_the_others(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, leave = await given_up_at_the_next_look(storage, rooms, monkeypatch)
    many = [(client, 0, [text("Y", origin=(5, 1), right=(5, 2))]) for client in range(1_000, 2_000)]
    room.apply(update(*many), "user:eve")
    assert rooms.backlog > 0
    await eventually(lambda: room.unbearable)
    await room.idle()
    assert rooms.backlog == 0
    leave()


async def test_a_document_that_could_not_be_opened_is_opened_anew_although_it_is_kept(
    storage: Storage, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await new_document(storage)
    with monkeypatch.context() as patched:
        patched.setattr(rooms.snapshots, "load", away)
        opening = asyncio.create_task(rooms.enter(document))
        await asyncio.sleep(0)
        leave = rooms.keep(document)
        with pytest.raises(OSError, match="away"):
            await opening
    _, leave_again = await rooms.enter(document)
    leave()
    assert document in rooms._slots
    leave_again()


async def away(*_: Any) -> Any:
    raise OSError("storage is away")
