"""An editor who forges updates tells one process this and another that, under one client id and the same clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from collab.durable.entries import LogEntry
from collab.durable.folding import Contradicted
from collab.durable.snapshots import DocumentGone
from collab.history import renewal
from collab.refusals import RoomClosed
from collab.rooms import replication
from collab.rooms.following import Following
from collab.rooms.room import RENEWED, Room
from collab.yjs.codec import encode_update
from storage import Storage
from tests.collab.costly import Unwatched
from tests.collab.files_helpers import ANN, Process, on_drive
from tests.collab.rooms_helpers import Client, eventually, joined, log_away, losing
from tests.collab.yjs_bytes import deleted, text, update

EVE = 66


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.2)
    monkeypatch.setattr(renewal, "UNHEARD", 0.3)
    monkeypatch.setattr("collab.rooms.following.BEFORE_COMPARING", 0.05)


def forged(said: str, clock: int = 0, origin: tuple[int, int] | None = None) -> bytes:
    return update((EVE, clock, [text(said, origin)]))


async def both_told(here: Room, there: Room, one: bytes, other: bytes) -> None:
    """Eve tells one process this and the other that, at the same moment."""
    for room, data in ((here, one), (there, other)):
        eve = Unwatched(user="eve")
        eve.join(room)
        await eve.connection.receive(encode_update(data))


async def heir_of(process: Process, document: str, path: str = "notes/a.md") -> str:
    async def moved() -> bool:
        return (await process.files.entry("w", path)).id != document

    await eventually(moved, 10)
    return (await process.files.entry("w", path)).id


async def agreed(one: Process, two: Process, heir: str) -> str:
    """The text of ``heir``, which is the same in both processes, to who opens it anew, and on the drive."""
    async with one.rooms.open(heir) as here, two.rooms.open(heir) as there:
        await one.rooms.catch_up(here)
        await two.rooms.catch_up(there)
        assert here.text == there.text
        found = here.text
        assert str((await one.rooms.snapshots.load(heir)).replica.text) == found
    assert await two.rooms.text_of(heir) == found
    await one.drive.sweep("w")
    await one.drive.settle_due()
    assert await on_drive(one.storage) == await one.expected()
    assert (await one.expected())["notes/a.md"].decode() == found
    return found


SAYINGS = [
    (forged("aaa"), forged("bbb")),
    (forged("aaa"), forged("bbbb")),
    (forged("a"), update((EVE, 0, [text("😀")]))),
    (forged("same", origin=(5, 0)), forged("same", origin=(5, 2))),
    (forged("same", origin=(5, 0)), update((EVE, 0, [text("same", (5, 0), (5, 2))]))),
    (update((EVE, 0, [text("x"), deleted(3, (EVE, 0))])), update((EVE, 0, [text("y"), deleted(3, (EVE, 0))]))),
]


@pytest.mark.parametrize(("one_said", "other_said"), SAYINGS)
async def test_a_text_in_which_a_client_says_two_things_goes_on_under_a_new_id(
    one: Process, two: Process, one_said: bytes, other_said: bytes
) -> None:
    document = await one.write("notes/a.md", b"")
    async with one.rooms.open(document) as here, two.rooms.open(document) as there:
        here.apply(update((5, 0, [text("base")])), ANN)
        await eventually(lambda: there.text == "base")
        [ann], [bob] = await joined(here, "ann"), await joined(there, "bob")
        await both_told(here, there, one_said, other_said)
        await ann.type(0, "from ann ")
        await bob.type(0, "from bob ")
        for who in (ann, bob):
            await eventually(lambda who=who: who.closed == (4410, RENEWED))  # type: ignore[misc]
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    await two.files.renewal.close()
    with pytest.raises(DocumentGone):
        await one.rooms.snapshots.load(document)
    present = await agreed(one, two, heir)
    assert present.count("from ann ") == present.count("from bob ") == 1
    assert sorted(set("base") - set(present)) == []


async def test_what_one_process_is_told_is_deleted_is_deleted_in_all(one: Process, two: Process) -> None:
    document = await one.write("notes/a.md", b"")
    async with one.rooms.open(document) as here, two.rooms.open(document) as there:
        await both_told(here, there, update((EVE, 0, [deleted(3)])), forged("bbb"))
        await eventually(lambda: here.state == there.state == {EVE: 3})
        await eventually(lambda: here.text == there.text == "")
        await here.durable()
        await there.durable()
        assert str((await one.rooms.snapshots.load(document)).replica.text) == ""
        assert not any(room.closed for room in (here, there))


async def test_it_is_found_where_the_log_was_away(one: Process, two: Process) -> None:
    document = await one.write("notes/a.md", b"")
    async with one.rooms.open(document) as here, two.rooms.open(document) as there:
        [ann] = await joined(there, "ann")
        with log_away(one.rooms), log_away(two.rooms):
            await both_told(here, there, forged("aaa"), forged("bbb"))
            await ann.type(0, "unlogged ")
            await eventually(lambda: here.closed and there.closed)
        await eventually(lambda: here.logged_sequence == here.sequence and there.logged_sequence == there.sequence)
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    await two.files.renewal.close()
    assert (await agreed(one, two, heir)).count("unlogged ") == 1


async def test_it_is_found_when_the_log_is_read_anew(
    storage: Storage, one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whoever opens the document next, and when it is folded, in whichever order the entries come."""
    document = await one.write("notes/a.md", b"")
    entries = [LogEntry(document, f"p{n}", 1, 1, data) for n, data in enumerate((forged("aaa"), forged("bbb")))]
    await one.rooms.updates.append(entries)
    with pytest.raises(Contradicted):
        await one.rooms.snapshots.compact(document)
    assert len(await one.rooms.updates.read(document)) == 2
    with pytest.raises(RoomClosed):
        await one.rooms.enter(document)
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    assert await one.rooms.text_of(heir) in ("aaa", "bbb")


async def test_it_is_found_against_a_snapshot(one: Process) -> None:
    document = await one.write("notes/a.md", b"")
    await one.rooms.updates.append([LogEntry(document, "p", 1, 1, forged("aaa"))])
    assert await one.rooms.snapshots.compact(document)
    await one.rooms.updates.append([LogEntry(document, "q", 1, 1, forged("bbb"))])
    with pytest.raises(Contradicted):
        await one.rooms.snapshots.compact(document)
    assert (await one.rooms.snapshots.load(document)).contradicted
    with pytest.raises(RoomClosed):
        async with one.rooms.open(document):
            pass
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    assert await one.rooms.text_of(heir) == "aaa"


async def test_it_is_found_in_what_the_bus_lost(one: Process, two: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await one.write("notes/a.md", b"")
    async with one.rooms.open(document) as here, two.rooms.open(document) as there:
        losing(monkeypatch, there, here.writer)
        take = Following.take

        def deaf(receiver: Following, message: replication.Replica) -> Awaitable[None] | None:
            return None if receiver.room is here else take(receiver, message)

        monkeypatch.setattr(Following, "take", deaf)
        await both_told(here, there, forged("aaa"), forged("bbb"))
        await here.durable()
        here.heartbeat(everything=True)
        await eventually(lambda: there.closed)
    await heir_of(one, document)
    await two.files.renewal.close()


async def test_a_crash_before_the_switch_leaves_it_to_whoever_opens_the_text_next(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await one.write("notes/a.md", b"")

    async def dies(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        for process in (one, two):
            patch.setattr(process.files.renewal, "_switch", dies)
        async with one.rooms.open(document) as here, two.rooms.open(document) as there:
            await both_told(here, there, forged("aaa"), forged("bbb"))
            await here.durable()
            await there.durable()
            await eventually(lambda: here.closed and there.closed)
        await one.files.renewal.close()
        await two.files.renewal.close()
    third = Process(one.storage)
    with pytest.raises(RoomClosed):
        await third.rooms.enter(document)
    await heir_of(third, document)
    await third.close()


async def test_who_says_the_same_again_and_again_changes_nothing(one: Process, two: Process) -> None:
    """Two tabs that share their edits, a page that goes to another process, a forger who wants work done."""
    document = await one.write("notes/a.md", b"")
    compared = 0
    async with one.rooms.open(document) as here, two.rooms.open(document) as there:
        run = two.rooms.aside.run

        async def counted(*arguments: object) -> object:
            nonlocal compared
            compared += 1
            return await run(*arguments)  # type: ignore[arg-type]

        two.rooms.aside.run = counted  # type: ignore[method-assign, assignment]
        ann, bob = Client(), Client(user="bob")
        for number in range(30):
            made = ann.insert(0, f"{number} ")
            for client, room in ((ann, here), (bob, there)):
                client.join(room)
                await client.connection.receive(encode_update(made))
            if number % 10 == 0:
                await here.durable()
                await there.durable()
        await here.durable()
        await there.durable()
        await eventually(lambda: here.text == there.text == ann.text)
        await eventually(lambda: not there.claims)
        await asyncio.sleep(0.3)
        assert not any(room.closed or room.contradicted for room in (here, there))
        assert 0 < compared < 10
        two.rooms.aside.run = run  # type: ignore[method-assign]
    loaded = await one.rooms.snapshots.load(document)
    assert not loaded.contradicted
    assert await one.rooms.snapshots.compact(document)
