"""A text whose history is too costly to build goes on at the same path under another id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from collab.documents.records import now
from collab.durable.entries import LogEntry
from collab.durable.folding import fold
from collab.durable.snapshots import DocumentGone
from collab.history import renewal
from collab.refusals import RoomClosed
from collab.replicas.trial import Structs
from collab.rooms.present import text_of
from collab.rooms.replication import GivenUp, Gone
from collab.rooms.room import RENEWED, Room
from collab.yjs.codec import encode_update
from tests.collab.costly import STRUCTS, Unwatched, attack, in_pieces
from tests.collab.files_helpers import Process, on_drive
from tests.collab.rooms_helpers import Client, eventually, losing
from tests.collab.yjs_bytes import text, update

pytestmark = pytest.mark.usefixtures("never_here")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "LAST_WORDS", 0.05)
    monkeypatch.setattr(renewal, "UNHEARD", 0.1)


async def attacked(one: Process) -> str:
    """The id of a file with a version and a settled plain file, after an attack that nobody has noticed yet."""
    document = await one.write("notes/a.md", b"\r\n")
    await one.type(document, "kept ")
    await one.drive.settle_due()
    await one.files.history.make("w", document, "user:ann", "by hand")
    room, leave = await one.rooms.enter(document)
    await attack(room)
    await room.durable()
    leave()
    return document


def bob_in(room: Room) -> Unwatched:
    bob = Unwatched(user="bob")
    bob.join(room)
    return bob


@asynccontextmanager
async def unaware(
    one: Process, two: Process, document: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Room, Unwatched]]:
    """`document`, attacked in `one`, in the room of `two`, with bob in it: that process will hear of no renewal."""
    there, leave_there = await two.rooms.enter(document)
    bob = bob_in(there)
    await bob.connection.receive(encode_update(Client().insert(0, "bob is here ")))
    here, leave_here = await one.rooms.enter(document)
    await attack(here)
    await eventually(lambda: there.state == here.state)
    losing(monkeypatch, there, here.writer, GivenUp)
    losing(monkeypatch, there, one.rooms._process, Gone)
    yield there, bob
    leave_here()
    leave_there()


async def discovered(process: Process, document: str) -> None:
    with pytest.raises(RoomClosed):
        async with process.rooms.open(document):
            pass


async def heir_of(process: Process, document: str, path: str = "notes/a.md") -> str:
    async def moved() -> bool:
        return (await process.files.entry("w", path)).id != document

    await eventually(moved, 10)
    return (await process.files.entry("w", path)).id


async def switched_by_one_who_dies(process: Process, document: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The heir of a document whose renewal ends before anything is brought after it."""

    async def dies(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(process.files.renewal, "_bring_after", dies)
    await discovered(process, document)
    return await heir_of(process, document)


async def test_the_text_goes_on_at_the_same_path_under_another_id(one: Process) -> None:
    document = await attacked(one)
    before = await one.files.history.versions.list(document, None, 10)
    await discovered(one, document)
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    raw = await (await one.files.read("w", "notes/a.md")).plain.bytes()
    assert raw.count(b"y") == STRUCTS
    assert raw.endswith(b"\r\n")
    with pytest.raises(DocumentGone):
        await one.rooms.enter(document)
    assert await one.files.trash.list("w") == []
    # The history has come along, and goes on.
    after = await one.files.history.versions.list(heir, None, 10)
    assert [version.id for version in after] == [version.id for version in before]
    assert await one.files.history.versions.text("w", heir, after[0]) == "kept \n"
    await one.type(heir, "and on ")
    await one.drive.settle_due()
    # Two, and one more where five minutes begin anew by the clock.
    listed = await one.files.history.versions.list(heir, None, 10)
    texts = [await one.files.history.versions.text("w", heir, version) for version in listed]
    assert texts[0].startswith("and on ")
    assert len(listed) >= 2
    assert await on_drive(one.storage) == {"notes/a.md": b"and on " + raw}


async def test_a_text_that_cannot_settle_because_it_is_about_to_be_renewed_is_no_fault(one: Process) -> None:
    document = await one.write("notes/a.md", b"kept")
    async with one.rooms.open(document) as room:
        one.rooms._give_up(room)
        with capture_logs() as logs:
            await one.drive.settle_due()
        assert not [entry for entry in logs if entry["log_level"] == "error"]
    heir = await heir_of(one, document)
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {"notes/a.md": b"kept"}
    assert await text_of(one.rooms, heir) == "kept"


async def test_what_another_process_logs_meanwhile_is_carried_over(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "LAST_WORDS", 1.0)
    document = await one.write("notes/a.md", b"")
    async with unaware(one, two, document, monkeypatch) as (there, bob):
        await discovered(one, document)
        heir = await heir_of(one, document)
        await one.type(heir, "ann ")
        await bob.connection.receive(encode_update(Client().insert(0, "bob was here ")))
        await there.durable()
        await one.files.renewal.close()
        present = await text_of(one.rooms, heir)
        assert present.count("ann ") == present.count("bob is here ") == present.count("bob was here ") == 1
        assert present.count("y") == STRUCTS


async def test_two_processes_that_find_out_at_once_make_one_heir(one: Process, two: Process) -> None:
    document = await attacked(one)
    _, leave = await two.rooms.enter(document)
    await asyncio.gather(discovered(one, document), discovered(two, document))
    await asyncio.gather(one.files.renewal.close(), two.files.renewal.close())
    heir = await heir_of(one, document)
    assert [entry.path for entry in await one.files.list("w")] == ["notes", "notes/a.md"]
    assert (await text_of(one.rooms, heir)).count("y") == STRUCTS
    leave()


async def test_everybody_in_other_processes_is_sent_away_too(one: Process, two: Process) -> None:
    document = await attacked(one)
    there, leave = await two.rooms.enter(document)
    bob = bob_in(there)
    await discovered(one, document)
    await eventually(lambda: bob.closed == (4410, RENEWED))
    leave()
    await heir_of(two, document)


async def test_after_a_crash_in_the_middle_it_is_found_again(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await attacked(one)

    async def crash(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(one.files.contents, "create", crash)
        await discovered(one, document)
        await one.files.renewal.close()
    assert (await one.files.entry("w", "notes/a.md")).id == document
    two = Process(one.storage)
    # The log replays as people wrote it, which is cheap; what is costly shows when it is folded.
    room, leave = await two.rooms.enter(document)
    await two.rooms._compacting.compact(room)
    leave()
    assert await heir_of(two, document) != document
    await two.files.renewal.close()
    await two.rooms.close()


async def test_a_text_that_no_room_has_built_is_salvaged(one: Process) -> None:
    document = await one.write("notes/a.md", b"")
    count = 3_000
    base = update((5, 0, [text("x" * count)]))
    forged = update((6, 0, [text("y", None, (5, count - 1 - k)) for k in range(count)]))
    await one.rooms.updates.append([LogEntry(document, "p", 1, 1, in_pieces(base, forged))])
    room, leave = await one.rooms.enter(document)
    assert not room.built
    await discovered(one, document)
    assert not room.built
    leave()
    heir = await heir_of(one, document)
    assert sorted(await text_of(one.rooms, heir)) == sorted("xy" * count)


async def test_what_another_process_has_folded_is_not_left_behind(one: Process, two: Process) -> None:
    document = await one.write("notes/a.md", b"")
    there, leave_there = await two.rooms.enter(document)
    bob = bob_in(there)
    await bob.connection.receive(encode_update(Client().insert(0, "bob is here ")))
    await there.durable()
    here, leave_here = await one.rooms.enter(document)
    slot = one.rooms._slots[document]
    assert slot.unsubscribe is not None
    await slot.unsubscribe()  # the process that finds out hears nothing of what follows
    slot.unsubscribe = None
    await attack(here)
    await here.durable()
    await bob.connection.receive(encode_update(Client().insert(0, "bob was here ")))
    await there.durable()
    cheap = [entry for entry in await two.rooms.updates.read(document) if entry.process == there.writer]
    folded = fold("text", None, Structs(), cheap)
    assert folded is not None
    await one.storage.objects.put("snapshots/bob", folded.snapshot)
    covers = [{"process": entry.process, "last": entry.last, "at": now()} for entry in cheap]
    pointer = {"key": "snapshots/bob", "size": len(folded.snapshot), "covers": covers}
    await one.storage.db["documents"].update_one({"_id": document}, {"$set": {"snapshot": pointer}})
    await two.rooms.updates.delete(cheap)
    await discovered(one, document)
    heir = await heir_of(one, document)
    present = await text_of(one.rooms, heir)
    assert present.count("bob is here ") == present.count("bob was here ") == 1
    leave_here()
    leave_there()


async def test_a_process_that_heard_nothing_leaves_a_document_that_is_gone(one: Process, two: Process) -> None:
    document = await one.write("notes/a.md", b"")
    there, leave = await two.rooms.enter(document)
    bob = bob_in(there)
    await bob.connection.receive(encode_update(Client().insert(0, "b")))
    await there.durable()
    await two.rooms._keeping_up.leave_what_is_gone()
    assert bob.closed is None
    await one.storage.db["documents"].update_one({"_id": document}, {"$set": {"gone_at": now()}})
    await two.rooms._keeping_up.leave_what_is_gone()  # it has logged nothing since
    assert bob.closed is None
    await bob.connection.receive(encode_update(Client().insert(0, "b")))
    await there.durable()
    await two.rooms._keeping_up.leave_what_is_gone()
    assert bob.closed == (4410, "this document is gone")
    leave()


async def test_a_crash_after_the_switch_leaves_nothing_undone(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await attacked(one)
    versions = one.files.history.versions

    async def crash(*_: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(versions, "move", crash)
        await discovered(one, document)
        heir = await heir_of(one, document)
        await one.files.renewal.close()
    assert len(await one.files.trash.list("w")) == 1
    before = await versions.list(document, None, 10)
    assert before
    await one.drive.sweep("w")
    assert await one.files.trash.list("w") == []
    assert [version.id for version in await versions.list(heir, None, 10)][-len(before) :] == [
        version.id for version in before
    ]
    await one.drive.sweep("w")


async def test_what_is_in_the_trash_stays_there(one: Process) -> None:
    document = await attacked(one)
    await one.files.delete("w", "notes/a.md", "user:ann")
    await discovered(one, document)
    await one.files.renewal.close()
    assert [entry.path for entry in await one.files.trash.list("w")] == ["notes/a.md"]


async def test_storage_that_is_away_in_the_middle_of_it_is_waited_for(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "UNHEARD", 0.05)
    monkeypatch.setattr(renewal, "RETRY", 0.02)
    document = await attacked(one)
    failures = 0

    def failing(work: Any) -> Any:
        tries = 0

        async def fail_at_first(*arguments: Any) -> Any:
            nonlocal tries, failures
            tries += 1
            if tries < 3:
                failures += 1
                raise OSError("away")
            return await work(*arguments)

        return fail_at_first

    versions, rooms = one.files.history.versions, one.rooms
    for owner, name in ((rooms.updates, "numbers"), (versions, "move"), (rooms, "retire")):
        monkeypatch.setattr(owner, name, failing(getattr(owner, name)))
    await discovered(one, document)
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    assert failures == 6
    assert await versions.list(document, None, 10) == []
    assert len(await versions.list(heir, None, 10)) > 0
    assert await one.files.trash.list("w") == []


async def test_a_process_that_is_told_to_stop_does_not_wait_for_ever(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "GRACE", 0.2)
    document = await attacked(one)

    async def away(*_: Any) -> None:
        raise OSError("away")

    with monkeypatch.context() as patch:
        patch.setattr(one.files.contents.documents, "find", away)
        await discovered(one, document)
        await asyncio.wait_for(one.files.renewal.close(), 5)
    assert (await one.files.entry("w", "notes/a.md")).id == document


async def test_what_came_to_a_room_that_was_given_up_and_was_not_taken_there_is_carried_over(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await one.write("notes/a.md", b"")
    here, leave_here = await one.rooms.enter(document)
    there, leave_there = await two.rooms.enter(document)
    here.apply(update((5, 0, [text("a\N{GRINNING FACE}b")])), "user:ann")
    await here.durable()
    assert here.text
    await eventually(lambda: there.text == here.text)
    losing(monkeypatch, there, here.writer, GivenUp)
    losing(monkeypatch, there, one.rooms._process, Gone)
    one.rooms._give_up(here)
    there.apply(update((6, 0, [text("X", origin=(5, 1), right=(5, 2))])), "user:bob")  # cuts a pair
    await there.durable()
    there.apply(update((6, 1, [text("bob goes on", origin=(6, 0))])), "user:bob")
    await there.durable()
    heir = await heir_of(one, document)
    await one.files.renewal.close()
    assert await text_of(one.rooms, heir) == there.text == "a\ufffdXbob goes on\ufffdb"
    leave_here()
    leave_there()
