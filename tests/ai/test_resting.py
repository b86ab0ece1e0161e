"""When the assistant looks at texts: once people who write in them have left them alone."""

from typing import Any

import pytest

from ai.announcements import DOCUMENT_RESTED
from ai.clock import now
from ai.notices import resting
from ai.notices.resting import PAUSE, STRETCH
from server.core import running
from tests.ai.group import Group, Process, Watching, eventually

LONG_AGO = PAUSE + 1


async def settle(process: Process, document: str, ago: float = LONG_AGO, *, is_open: bool = False) -> None:
    """As the drive does, and the event that follows."""
    await process.files.history.make(process.workspace, document, "user:bob", None)
    await process.assistant.resting.touched(process.workspace, document, now() - ago, is_open=is_open)


async def told(group: Group) -> list[dict[str, Any]]:
    """What it has told of, once it has looked."""
    await group.assistant.resting._tell_of_due()
    found = group.storage.db["events"].find({"stream": group.workspace, "type": DOCUMENT_RESTED}).sort("number")
    return [event["data"] async for event in found]


async def versions(group: Group, document: str) -> list[str]:
    return [version.id for version in reversed(await group.files.history.versions.latest(document, 100))]


async def test_a_text_rests_once_people_have_written_in_it_and_left_it_alone(group: Group) -> None:
    document = await group.file("a.md", "one")
    await settle(group, document)
    assert await told(group) == [], "it was brought in, and nobody has written in it"
    await group.type(document, 3, 3, " two")
    await settle(group, document, ago=PAUSE - 5)
    assert await told(group) == [], "that was a moment ago"
    await settle(group, document)
    first, *_, last = await versions(group, document)
    assert await told(group) == [{"document": document, "path": "a.md", "version": last, "since": first}]
    assert len(await told(group)) == 1, "it is told once"


async def test_what_is_new_and_open_rests_as_well(group: Group) -> None:
    document = await group.file("a.md", "one")
    await settle(group, document, is_open=True)
    [only] = await versions(group, document)
    assert await told(group) == [{"document": document, "path": "a.md", "version": only, "since": None}]
    empty = await group.file("b.md", "")
    await group.assistant.resting.touched(group.workspace, empty, now() - LONG_AGO, is_open=True)
    assert len(await told(group)) == 1, "an empty text has no version, and nothing is to be said of it"


async def test_a_text_that_somebody_types_in_does_not_rest(group: Group) -> None:
    document = await group.file("a.md", "one")
    await settle(group, document)
    await group.type(document, 3, 3, " two")
    await settle(group, document)
    await group.type(document, 3, 3, " and a half")
    assert await told(group) == []
    await settle(group, document)
    assert len(await told(group)) == 1


async def test_a_stretch_of_work_goes_on_over_pauses(group: Group) -> None:
    document = await group.file("a.md", "one")
    await settle(group, document)
    for ago in (STRETCH + 1_000, 600, 100):
        await group.type(document, 0, 0, "x")
        await settle(group, document, ago)
        await told(group)
    first, before, _, _ = await versions(group, document)
    assert [rest["since"] for rest in await told(group)] == [first, before, before]


async def test_of_several_processes_one_tells_and_another_takes_over_when_it_dies(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await group.another()
    document = await group.file("a.md", "one")
    await settle(group, document)
    await group.type(document, 0, 0, "x")
    await settle(group, document)
    mine = await other.assistant.resting._claimed()
    assert mine is not None
    assert await told(group) == [], "the other one has it"
    moment = now()
    monkeypatch.setattr(resting, "now", lambda: moment + resting.CLAIM + 1)
    assert len(await told(group)) == 1


async def test_what_is_deleted_or_touched_meanwhile_is_not_told(group: Group) -> None:
    document = await group.file("a.md", "one")
    await settle(group, document)
    await group.type(document, 0, 0, "x")
    await settle(group, document)
    await group.files.delete(group.workspace, "a.md", "user:ann")
    assert await told(group) == []


async def test_it_goes_on_by_itself(group: Group) -> None:
    async with running(group.assistant.resting.run()), Watching(group) as watching:
        document = await group.file("a.md", "one")
        await settle(group, document)
        await group.type(document, 0, 0, "x")
        await settle(group, document)
        await eventually(lambda: watching.has(DOCUMENT_RESTED, document=document))
