"""A renewed text that is renewed again before the late words of somebody who was cut off have come over."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from collab.documents.records import Heir, now
from collab.durable.entries import LogEntry
from collab.history import renewal
from collab.refusals import RoomClosed
from collab.rooms.present import text_of
from collab.rooms.room import Room
from tests.collab.costly import attack
from tests.collab.files_helpers import ANN, Process
from tests.collab.rooms_helpers import Client
from tests.collab.test_renewal import discovered, heir_of

pytestmark = pytest.mark.usefixtures("never_here", "renewed_soon")


async def renewed(process: Process, document: str, path: str = "notes/a.md") -> str:
    """Its heir."""
    room, leave = await process.rooms.enter(document)
    process.rooms._give_up(room)
    leave()
    return await heir_of(process, document, path)


async def renewed_by_one_who_dies(
    process: Process, document: str, monkeypatch: pytest.MonkeyPatch, path: str = "notes/a.md"
) -> str:
    with monkeypatch.context() as crash:
        crash.setattr(process.files.renewal, "_go_on", dies)
        heir = await renewed(process, document, path)
        await process.files.renewal.close()
    return heir


async def cut_off(process: Process, document: str, words: str = "acknowledged ") -> None:
    """What a process logs that has heard of nothing, and then tells whoever wrote it that it is saved."""
    await process.rooms.updates.append([LogEntry(document, uuid4().hex, 1, 1, Client().insert(0, words))])


async def finished(process: Process) -> None:
    """All that sweeps find to do of renewals is done."""
    for _ in range(20):
        await process.files.renewal.finish("w")
        if not (tasks := list(process.files.renewal._tasks.values())) and not process.files.renewal._later:
            return
        if tasks:
            await asyncio.wait(tasks, timeout=20)
        await asyncio.sleep(0.01)
    raise AssertionError("renewals never come to an end")


async def words(process: Process, document: str) -> list[str]:
    """In no order: which of two stands first that were written at the same place is chance."""
    return sorted((await text_of(process.rooms, document)).split())


async def dies(*_: object, **__: object) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("renewals", [2, 3])
async def test_late_words_reach_the_last_heir(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch, renewals: int
) -> None:
    document = await one.write("notes/a.md", b"kept ")
    last = await renewed_by_one_who_dies(one, document, monkeypatch)
    await cut_off(one, document, "first ")
    for _ in range(renewals - 1):
        last = await renewed(one, last)
        await one.files.renewal.close()
    await cut_off(one, document, "second ")
    await finished(two)
    assert await heir_of(two, document) == last
    assert await words(two, last) == ["first", "kept", "second"]
    # Nor does it come again.
    await finished(one)
    await finished(two)
    assert await words(two, last) == ["first", "kept", "second"]


async def test_late_words_reach_the_last_heir_where_nobody_has_died(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who renews both is still at the first when the second is made."""
    document = await one.write("notes/a.md", b"kept ")
    carry_over, made = one.files.renewal._carry_over, asyncio.Event()

    async def late(workspace: str, renewed: str) -> bool:
        if renewed == document:
            await made.wait()
        return await carry_over(workspace, renewed)

    monkeypatch.setattr(one.files.renewal, "_carry_over", late)
    last = await renewed(one, await renewed(one, document))
    assert document in one.files.renewal._tasks
    await cut_off(one, document)
    made.set()
    await one.files.renewal.close()
    await finished(one)
    assert await words(one, last) == ["acknowledged", "kept"]


async def test_late_words_wait_for_an_heir_that_is_about_to_be_renewed_itself(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not for whoever sees to what the dead have left behind."""
    monkeypatch.setattr(renewal, "UNHEARD", 2.0)
    monkeypatch.setattr(renewal, "LEFT_ALONE", 180.0)
    document = await one.write("notes/a.md", b"kept ")
    carry_over, switch = one.files.renewal._carry_over, one.files.renewal._switch
    closed, in_vain = asyncio.Event(), asyncio.Event()

    async def late(workspace: str, renewed: str) -> bool:
        if renewed == document:
            await closed.wait()
        try:
            return await carry_over(workspace, renewed)
        except RoomClosed:
            in_vain.set()
            raise

    async def slow(room: Room) -> Heir | None:
        if room.document != document:
            await in_vain.wait()
        return await switch(room)

    monkeypatch.setattr(one.files.renewal, "_carry_over", late)
    monkeypatch.setattr(one.files.renewal, "_switch", slow)
    heir = await renewed(one, document)
    await cut_off(one, document)
    room, leave = await one.rooms.enter(heir)
    one.rooms._give_up(room)
    leave()
    closed.set()
    last = await heir_of(one, heir)
    while one.files.renewal._tasks:
        await asyncio.wait(list(one.files.renewal._tasks.values()), timeout=20)
    assert await words(one, last) == ["acknowledged", "kept"]


async def test_late_words_come_once_although_the_second_switch_is_made_while_they_are_carried_over(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await one.write("notes/a.md", b"kept ")
    first = await renewed_by_one_who_dies(one, document, monkeypatch)
    await cut_off(one, document)
    carry_out, last = two.files.contents.carry_out, ""

    async def late(*arguments: Any) -> None:
        nonlocal last
        monkeypatch.setattr(two.files.contents, "carry_out", carry_out)
        last = await renewed(one, first)
        await one.files.renewal.close()
        await carry_out(*arguments)

    monkeypatch.setattr(two.files.contents, "carry_out", late)
    await finished(two)
    assert last
    assert await heir_of(two, first) == last
    assert await words(two, last) == ["acknowledged", "kept"]


async def test_late_words_come_once_although_the_second_switch_is_made_right_after_they_came_over(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And who carried them over died before it could say so."""
    document = await one.write("notes/a.md", b"kept ")
    first = await renewed_by_one_who_dies(one, document, monkeypatch)
    await cut_off(one, document)
    with monkeypatch.context() as crash:
        crash.setattr(two.files.renewal, "_brought", dies)
        await two.files.renewal.finish("w")
        await asyncio.wait(list(two.files.renewal._tasks.values()), timeout=20)
    assert await words(two, first) == ["acknowledged", "kept"]
    last = await renewed(one, first)
    await one.files.renewal.close()
    await finished(two)
    assert await words(two, last) == ["acknowledged", "kept"]


async def test_late_words_come_once_although_who_left_them_to_the_next_renewal_died_before_saying_so(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await one.write("notes/a.md", b"kept ")
    first = await renewed_by_one_who_dies(one, document, monkeypatch)
    last = await renewed(one, first)
    await one.files.renewal.close()
    await cut_off(one, document)
    append, appended = two.rooms.append, 0

    async def dies_then(*arguments: Any) -> None:
        nonlocal appended
        await append(*arguments)
        appended += 1
        await dies()

    with monkeypatch.context() as crash:
        crash.setattr(two.rooms, "append", dies_then)
        await two.files.renewal.finish("w")
        await asyncio.wait(list(two.files.renewal._tasks.values()), timeout=20)
    assert appended == 1
    await finished(one)
    assert await words(one, last) == ["acknowledged", "kept"]


async def test_what_the_first_left_behind_comes_to_the_last_heir_too(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions and comments, of a renewal that ended right after its switch."""
    document = await one.write("notes/a.md", b"kept ")
    await one.files.history.make("w", document, "user:ann", "by hand")
    before = await one.files.history.versions.list(document, None, 10)
    first = await renewed_by_one_who_dies(one, document, monkeypatch)
    last = await renewed(one, first)
    await one.files.renewal.close()
    await finished(two)
    after = await two.files.history.versions.list(last, None, 10)
    assert [version.id for version in after] == [version.id for version in before]
    assert await two.files.history.versions.text("w", last, after[0]) == "kept "
    assert await two.files.trash.list("w") == []


async def test_versions_come_to_the_last_heir_although_it_is_made_while_they_are_moved(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await one.write("notes/a.md", b"kept ")
    await one.files.history.make("w", document, "user:ann", "by hand")
    first = await renewed_by_one_who_dies(one, document, monkeypatch)
    move, last = two.files.history.versions.move, ""

    async def late(*arguments: Any) -> None:
        nonlocal last
        monkeypatch.setattr(two.files.history.versions, "move", move)
        last = await renewed(one, first)
        await one.files.renewal.close()
        await move(*arguments)

    monkeypatch.setattr(two.files.history.versions, "move", late)
    await finished(two)
    assert last
    assert [version.name for version in await two.files.history.versions.list(last, None, 10)] == ["by hand"]


@pytest.mark.parametrize("what", ["file", "folder"])
async def test_late_words_are_in_the_trash_with_an_heir_that_somebody_has_deleted(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    document = await one.write("notes/a.md", b"kept ")
    heir = await renewed_by_one_who_dies(one, document, monkeypatch)
    if what == "file":
        await one.files.delete("w", "notes/a.md", ANN)
    else:
        await one.files.delete_folder("w", "notes", ANN)
    await cut_off(one, document)
    await finished(two)
    [entry] = await two.files.trash.list("w")
    await two.files.trash.restore("w", entry.id, ANN)
    assert (await two.files.entry("w", "notes/a.md")).id == heir
    assert await words(two, heir) == ["acknowledged", "kept"]


async def test_late_words_wait_in_the_log_of_an_heir_in_the_trash_that_can_no_more_be_opened(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is renewed when it has come back from there."""
    document = await one.write("notes/a.md", b"kept ")
    heir = await renewed_by_one_who_dies(one, document, monkeypatch)
    room, leave = await one.rooms.enter(heir)
    await attack(room)
    await room.durable()
    leave()
    await one.files.delete("w", "notes/a.md", ANN)
    await cut_off(one, document)
    await finished(two)
    await one.files.trash.restore("w", heir, ANN)
    three = Process(one.storage)
    await discovered(three, heir)
    last = await heir_of(three, heir)
    await three.files.renewal.close()
    assert (await text_of(three.rooms, last)).count("acknowledged ") == 1
    await three.rooms.close()


async def test_what_is_kept_for_late_words_is_kept_while_an_earlier_document_may_bring_some(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await one.write("notes/a.md", b"kept ")
    first = await renewed_by_one_who_dies(one, document, monkeypatch)
    last = await renewed(one, first)
    await one.files.renewal.close()
    await finished(two)
    monkeypatch.setattr(renewal, "KEPT", 0.0)
    await cut_off(one, document)
    await finished(two)
    assert await words(two, last) == ["acknowledged", "kept"]
    assert await two.files.contents.documents.heirs("w") == {}, "and all of it is forgotten in the end"


async def test_what_was_deleted_before_its_renewal_was_made_stays_in_the_trash(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its heir is on record, and nothing shows that."""
    document = await one.write("notes/a.md", b"kept ")
    heir = await one.write("notes/b.md", b"")
    documents = one.files.contents.documents
    never_shown = "f" * 32
    record = await documents.find(heir)
    assert record is not None
    moment = now()
    await documents.set_heir(document, Heir(never_shown, f"log/{heir}/brought", {"writer.1": 3}, "one", moment, moment))
    await one.files.delete("w", "notes/a.md", ANN)
    await two.files.renewal.finish("w")
    await two.files.renewal.close()
    assert await documents.heirs("w") == {}
    assert [entry.id for entry in await two.files.trash.list("w")] == [document]
    assert await text_of(two.rooms, document) == "kept "
