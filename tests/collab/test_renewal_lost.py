"""A renewal for which the object store lacks something comes to an end, and others go on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from collab.aside import AsideFailed
from collab.durable.snapshots import ContentLost
from collab.history import renewal
from tests.collab.files_helpers import Process
from tests.collab.test_renewal_chains import cut_off, finished, renewed_by_one_who_dies, words

pytestmark = pytest.mark.usefixtures("never_here", "renewed_soon")


def errors(logs: list[Any]) -> list[Any]:
    return [
        line for line in logs if line["log_level"] in ("warning", "error") and "takes too long" not in line["event"]
    ]


async def test_the_renewal_of_a_text_that_is_lost_ends(one: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await one.write("notes/a.md", b"kept ")
    asked = 0

    async def lost(_: object) -> str:
        nonlocal asked
        asked += 1
        raise ContentLost("snapshots/… is not in the object store")

    monkeypatch.setattr(one.files.renewal, "_text", lost)
    room, leave = await one.rooms.enter(document)
    with capture_logs() as logs:
        one.rooms._give_up(room)
        [task] = one.files.renewal._tasks.values()
        await asyncio.wait({task}, timeout=20)
    leave()
    assert task.done()
    assert task.exception() is None
    assert 1 < asked <= renewal.HOPE
    [said] = errors(logs)
    assert said["document"] == document
    assert (await one.files.entry("w", "notes/a.md")).id == document


async def test_late_words_that_cannot_be_had_keep_nobody_elses_waiting(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [await one.write(f"notes/{number}.md", b"kept ") for number in range(3)]
    for number, document in enumerate(documents):
        await renewed_by_one_who_dies(one, document, monkeypatch, f"notes/{number}.md")
        await cut_off(one, document)
    heirs = await one.files.contents.documents.heirs("w")
    lost = heirs[documents[1]]
    brought = await one.storage.objects.get(lost.brought)
    await one.storage.objects.delete(lost.brought)
    with capture_logs() as logs:
        await finished(two)
        await two.files.renewal.finish("w")
        assert not two.files.renewal._tasks, "it is left alone for a while"
        monkeypatch.setattr(renewal, "REST", 0.0)
        two.files.renewal._failed[documents[1]] = 0.0  # as after an hour
        await two.files.renewal.finish("w")
        await asyncio.wait(list(two.files.renewal._tasks.values()), timeout=20)
    [said] = errors(logs)
    assert said["document"] == documents[1]
    for document in (documents[0], documents[2]):
        assert await words(two, heirs[document].document) == ["acknowledged", "kept"]
    # A backup has brought it back.
    await one.storage.objects.put(lost.brought, brought)
    await finished(two)
    assert await words(two, lost.document) == ["acknowledged", "kept"]
    assert two.files.renewal._failed == {}


async def test_what_cannot_be_had_for_a_day_is_forgotten(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await one.write("notes/a.md", b"kept ")
    await renewed_by_one_who_dies(one, document, monkeypatch)
    await cut_off(one, document)
    documents = one.files.contents.documents
    [heir] = (await documents.heirs("w")).values()
    await one.storage.objects.delete(heir.brought)
    await finished(two)
    assert await documents.heirs("w")
    monkeypatch.setattr(renewal, "KEPT", 0.0)
    await one.files.renewal.finish("w")  # who has not tried it tries it first
    await asyncio.wait(list(one.files.renewal._tasks.values()), timeout=20)
    assert await documents.heirs("w")
    await one.files.renewal.finish("w")
    assert await documents.heirs("w") == {}


async def test_storage_that_is_away_is_asked_more_and_more_rarely(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep, waits, tries = asyncio.sleep, [], 0
    monkeypatch.setattr(renewal, "RETRY", 1.0)

    async def at_once(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    async def away() -> str:
        nonlocal tries
        tries += 1
        if tries <= 8:
            raise OSError("away")
        return "there"

    monkeypatch.setattr("collab.history.renewal.asyncio.sleep", at_once)
    with capture_logs() as logs:
        assert await one.files.renewal._until_storage_answers(away) == "there"
    monkeypatch.setattr("collab.history.renewal.asyncio.sleep", sleep)
    ours = [wait for wait in waits if wait >= 1.0]
    assert [wait for wait in ours if wait in (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)][:6] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
    assert len([line for line in logs if line["event"] == "renewal put off"]) == 1


async def test_what_fails_again_and_again_although_storage_answers_is_given_up(one: Process) -> None:
    tries = 0

    async def killed() -> str:
        nonlocal tries
        tries += 1
        raise AsideFailed("salvage ended with -9")

    with pytest.raises(AsideFailed):
        await one.files.renewal._until_storage_answers(killed)
    assert tries == renewal.HOPE
