"""Versions on real storage: when they are made, who is named, what is kept, and the way back."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import timedelta

import pytest

from collab.documents.records import Documents, now
from collab.drive import drive as drive_module
from collab.history import history as history_module
from collab.history import versions as versions_module
from collab.history.history import Restored
from collab.history.versions import Version, VersionNotFound, versions_folder
from collab.replicas.edits import TextEdit
from collab.rooms.present import text_of
from collab.yjs.offsets import utf16_length
from storage import Storage
from tests.collab.files_helpers import Process, on_drive
from tests.collab.rooms_helpers import Client, eventually

ANN, BOB, JOB = "user:ann", "user:bob", "job:7"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Clock:
    """What versions take for the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = now().replace(minute=1, second=0, microsecond=0)
        for module in (history_module, versions_module):
            monkeypatch.setattr(module, "now", lambda: self.at)

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


async def edit(process: Process, document: str, author: str, start: int, end: int, text: str) -> None:
    async with process.rooms.open(document) as room:
        room.edit([TextEdit(start, end, text)], author)
        await room.durable()


async def versions(process: Process, document: str) -> list[Version]:
    """Oldest first."""
    return (await process.files.history.versions.list(document, None, 200))[::-1]


async def texts(process: Process, document: str) -> list[str]:
    store = process.files.history.versions
    return [await store.text("w", document, version) for version in await versions(process, document)]


async def kept_texts(storage: Storage) -> int:
    return len([info async for info in storage.objects.list(versions_folder("w"))])


async def test_a_version_for_every_text_that_it_settles_with(one: Process) -> None:
    document = await one.write("a", b"one\r\n")
    await one.write("b.png", b"\x00")
    await one.drive.settle_due()
    await edit(one, document, BOB, 0, 0, "zero ")
    await edit(one, document, JOB, 0, 0, "less ")
    await one.drive.settle_due()
    one.drive.touch("w", document)
    await one.drive.settle_due()
    await one.move("a", "c")
    await one.drive.settle_due()
    found = await versions(one, document)
    assert await texts(one, document) == ["one\n", "less zero one\n"]
    assert [version.authors for version in found] == [(ANN,), ("job", BOB)]
    assert [(version.by, version.name, version.size) for version in found] == [(None, None, 4), (None, None, 14)]
    assert found[0].at < found[1].at
    assert found[0].id < found[1].id


async def test_who_only_deletes_takes_part_too(one: Process, two: Process, clock: Clock) -> None:
    document = await one.write("a", b"one two three")
    await one.drive.settle_due()
    clock.forward(minutes=5)
    await edit(one, document, BOB, 0, 4, "")
    await edit(two, document, JOB, 0, 4, "")
    await one.drive.settle_due()
    assert [version.authors for version in await versions(one, document)] == [(ANN,), (BOB,)]
    await two.drive.settle_due()
    assert [set(version.authors) for version in await versions(one, document)] == [{ANN}, {BOB, "job"}]
    clock.forward(minutes=5)
    await edit(one, document, ANN, 0, 0, "and ")
    await one.drive.settle_due()
    await two.drive.settle_due()
    assert (await versions(one, document))[-1].authors == (ANN,)


async def test_of_one_who_goes_on_writing_few_stay_and_what_goes_is_removed_later(one: Process, clock: Clock) -> None:
    document = await one.write("a", b"")
    await one.drive.settle_due()
    made: list[str] = []
    for number in range(10):
        clock.forward(seconds=40)
        await edit(one, document, ANN, 0, 0, f"{number} ")
        await one.drive.settle_due()
        made.append((await versions(one, document))[-1].id)
    # The first four settled between minutes 1 and 5 of the hour, the rest in the next five minutes.
    assert await texts(one, document) == ["4 3 2 1 0 ", "9 8 7 6 5 4 3 2 1 0 "]
    store = one.files.history.versions
    gone = await store.find(document, made[0])
    assert await store.text("w", document, gone) == "0 ", "somebody's list may still show it"
    await one.drive.sweep("w")
    assert await store.find(document, made[0]) == gone
    assert await kept_texts(one.storage) == 10
    clock.forward(hours=2)
    await one.drive.sweep("w")
    with pytest.raises(VersionNotFound):
        await store.find(document, made[0])
    with pytest.raises(VersionNotFound):
        await store.text("w", document, gone)
    assert await kept_texts(one.storage) == 2
    assert await texts(one, document) == ["4 3 2 1 0 ", "9 8 7 6 5 4 3 2 1 0 "]


async def test_of_a_large_text_nothing_stays_that_is_in_no_list(one: Process, clock: Clock) -> None:
    document = await one.write("a", b"large " * 20_000)
    for _ in range(4):
        clock.forward(seconds=10)
        await edit(one, document, ANN, 0, 0, "more ")
        await one.drive.settle_due()
        assert await kept_texts(one.storage) == 1
    assert (await texts(one, document))[0].startswith("more more more more large")


async def test_what_is_wrong_with_versions_does_not_hold_up_the_drive(
    one: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(versions_module.Versions, "newest", fail)
    await one.write("a", b"text")
    await one.drive.settle_due()
    assert await on_drive(one.storage) == {"a": b"text"}


async def test_a_crash_before_it_counts_as_settled_makes_no_second_version(
    one: Process, two: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive_module, "QUIET", 0.0)  # a sweep leaves what was written a moment ago to its process
    document = await one.write("a", b"one")
    await one.drive.settle_due()
    await edit(one, document, BOB, 0, 0, "two ")

    async def crash(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as dying:
        dying.setattr(Documents, "set_drive", crash)
        await one.drive.settle_due()
    await two.drive.sweep("w")
    assert await texts(one, document) == ["one", "two one"]
    assert await on_drive(one.storage) == {"a": b"two one"}

    await edit(one, document, BOB, 0, 0, "three ")
    with monkeypatch.context() as dying:
        dying.setattr(versions_module.Versions, "add", crash)
        await one.drive.settle_due()
    await two.drive.sweep("w")
    assert (await texts(one, document))[-1] == "three two one", "and one before it was made makes it be made again"


async def test_somebody_new_leaves_standing_what_was_there_and_a_pause_does(one: Process, clock: Clock) -> None:
    document = await one.write("a", b"")
    await edit(one, document, ANN, 0, 0, "ann ")
    await one.drive.settle_due()
    for author in (ANN, BOB, BOB, ANN):
        clock.forward(seconds=10)
        await edit(one, document, author, 0, 0, f"{author[5:]} ")
        await one.drive.settle_due()
    clock.forward(minutes=10)
    await edit(one, document, ANN, 0, 0, "again ")
    await one.drive.settle_due()
    assert await texts(one, document) == ["ann ann ", "ann bob bob ann ann ", "again ann bob bob ann ann "]
    assert [version.authors for version in await versions(one, document)] == [(ANN,), (ANN, BOB), (ANN,)]


async def test_a_text_that_is_never_quiet_has_one_now_and_then(one: Process, clock: Clock) -> None:
    document = await one.write("a", b"first")
    await one.drive.settle_due()
    for _ in range(5):
        clock.forward(minutes=2)
        await edit(one, document, ANN, 0, 0, "x")
        one.drive._begin("w", [document], busy={document})
        await asyncio.gather(*one.drive._passes.values())
    assert await texts(one, document) == ["first", "xxxfirst"]
    await one.drive.settle_due()
    assert (await texts(one, document))[-1] == "xxxxxfirst", "it settles once more when it is quiet"


async def test_what_is_made_by_hand_is_kept_and_shares_its_text(one: Process, clock: Clock) -> None:
    document = await one.write("a", b"text")
    await one.drive.settle_due()
    for name in ("for print", None):
        await one.files.history.make("w", document, BOB, name)
    await edit(one, document, ANN, 0, 0, "more ")
    await one.drive.settle_due()
    clock.forward(days=1000)
    await edit(one, document, ANN, 0, 0, "much ")
    await one.drive.settle_due()
    clock.forward(hours=2)
    await one.drive.sweep("w")
    found = await versions(one, document)
    assert [(version.name, version.by) for version in found] == [
        ("for print", BOB),
        (None, BOB),
        (None, None),
        (None, None),
    ]
    assert await texts(one, document) == ["text", "text", "more text", "much more text"]
    assert await kept_texts(one.storage) == 3


async def test_a_text_goes_with_the_last_version_that_has_it(one: Process, clock: Clock) -> None:
    document = await one.write("a", b"one")
    await one.drive.settle_due()
    for text in ("two", "one", "two", "three"):
        clock.forward(seconds=5)
        await one.write("a", text.encode())
        await one.drive.settle_due()
    assert await texts(one, document) == ["three"]
    assert await kept_texts(one.storage) == 3
    clock.forward(hours=2)
    await one.write("a", b"one")
    await one.drive.settle_due()
    await one.drive.sweep("w")
    assert await texts(one, document) == ["three", "one"]
    assert await kept_texts(one.storage) == 2


async def test_older_ones_come_in_pages(one: Process) -> None:
    document = await one.write("a", b"text")
    made = [await one.files.history.make("w", document, ANN, f"{number}") for number in range(5)]
    store = one.files.history.versions
    first = await store.list(document, None, 2)
    second = await store.list(document, first[-1].id, 2)
    last = await store.list(document, second[-1].id, 2)
    assert [version.id for version in (*first, *second, *last)] == [version.id for version in reversed(made)]
    with pytest.raises(VersionNotFound):
        await store.find("other", made[0].id)


async def test_versions_of_one_moment_are_in_the_order_in_which_they_were_made(one: Process, clock: Clock) -> None:
    document = await one.write("a", b"text")
    made = []
    for _ in range(30):
        made.append((await one.files.history.make("w", document, ANN, None)).id)
        clock.forward(milliseconds=len(made) % 2)
    assert [version.id for version in await versions(one, document)] == made


async def test_the_way_back_and_forth_again(one: Process, clock: Clock) -> None:
    document = await one.write("a", "one\nzwei 😀\nthree\n".encode())
    await one.drive.settle_due()
    [old] = await versions(one, document)
    await edit(one, document, BOB, 4, 8, "two")
    await edit(one, document, BOB, 0, 0, "zero\n")
    restored = await one.files.history.restore("w", document, old, ANN)
    assert await text_of(one.rooms, document) == "one\nzwei 😀\nthree\n"
    assert restored.before is not None
    assert restored.before.authors == (BOB,)
    clock.forward(seconds=3)
    await one.drive.settle_due()
    assert await texts(one, document) == [
        "one\nzwei 😀\nthree\n",
        "zero\none\ntwo 😀\nthree\n",
        "one\nzwei 😀\nthree\n",
    ]
    assert [version.authors for version in await versions(one, document)] == [(ANN,), (BOB,), (ANN,)]
    assert (await one.files.history.restore("w", document, old, ANN)).before is None
    await one.files.history.restore("w", document, restored.before, BOB)
    assert await text_of(one.rooms, document) == "zero\none\ntwo 😀\nthree\n"


async def test_who_types_while_it_is_restored_loses_nothing(one: Process, two: Process) -> None:
    rng = random.Random(5)
    document = await one.write("a", b"the first text of all\n" * 20)
    await one.drive.settle_due()
    [old] = await versions(one, document)
    signs = iter(range(0x4E00, 0x9000))
    typed: set[str] = set()
    restored: list[Restored] = []

    async def type_on(client: Client) -> None:
        letters = 0
        while letters < 60 or len(restored) < 3:
            letters += 1
            sign = chr(next(signs))
            place = rng.randrange(len(client.text) + 1)
            await client.type(len(client.text[:place].encode()), sign)
            typed.add(sign)
            await asyncio.sleep(0.001)

    async with one.rooms.open(document) as here, two.rooms.open(document) as there:
        people = [Client(user="cleo"), Client(user="dan")]
        for client, room in zip(people, (here, there), strict=True):
            client.join(room)
            await client.pump()
        typing = [asyncio.create_task(type_on(client)) for client in people]
        while not all(task.done() for task in typing):
            restored.append(await one.files.history.restore("w", document, old, ANN))
        await asyncio.gather(*typing, here.durable(), there.durable())
        await eventually(lambda: here.text == there.text == people[0].text == people[1].text)
        last = here.text
    assert "".join(sign for sign in last if sign not in typed) == "the first text of all\n" * 20
    # Whatever was typed is in the text, or in what a restore has replaced.
    assert typed <= set(last).union(*await texts(one, document))
    assert len(typed) >= 120


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_every_version_has_its_text_and_no_text_is_left_over(
    one: Process, two: Process, clock: Clock, seed: int
) -> None:
    rng = random.Random(seed)
    document = await one.write("a", b"It begins.")
    made: dict[str, str] = {}
    for _ in range(40):
        process = rng.choice([one, two])
        history = process.files.history
        author = rng.choice([ANN, BOB, JOB])
        match rng.choice(["edit", "edit", "edit", "settle", "settle", "make", "restore", "wait", "sweep", "both"]):
            case "edit":
                length = utf16_length(await text_of(process.rooms, document))
                start = rng.randrange(length + 1)
                await edit(
                    process, document, author, start, min(length, start + rng.choice([0, 0, 3])), rng.choice("ab\n")
                )
            case "settle":
                await process.drive.settle_due()
            case "make":
                text = await text_of(process.rooms, document)
                made[(await history.make("w", document, ANN, "by hand")).id] = text
            case "restore" if found := await versions(process, document):
                version = rng.choice(found)
                text = await history.versions.text("w", document, version)
                await history.restore("w", document, version, BOB)
                assert await text_of(process.rooms, document) == text
            case "wait":
                clock.forward(seconds=rng.choice([1, 100, 10_000, 1_000_000]))
            case "sweep":
                await process.drive.sweep("w")
            case "both":
                await asyncio.gather(
                    one.drive.settle_due(), history.make("w", document, BOB, None), two.drive.sweep("w")
                )
        clock.forward(seconds=1)
    await one.drive.settle_due()
    await two.drive.settle_due()
    clock.forward(days=1)
    await one.drive.sweep("w")
    records = [record async for record in one.storage.db["versions"].find({"document": document})]
    assert {record["retired_at"] for record in records} == {None}
    listed = await versions(one, document)
    assert len(listed) == len(records)
    assert [version.at for version in listed] == sorted(version.at for version in listed)
    store = one.files.history.versions
    for version in listed:
        assert await versions_module.digest(await store.text("w", document, version)) == version.hash
    assert await kept_texts(one.storage) == len({version.hash for version in listed})
    assert {version.id: await store.text("w", document, version) for version in listed if version.id in made} == made
    assert await store.text("w", document, listed[-1]) == await text_of(one.rooms, document)


async def test_what_differs(one: Process) -> None:
    document = await one.write("a", b"one\ntwo\nthree")
    first = await one.files.history.make("w", document, ANN, None)
    await one.write("a", b"zero\none\n2\nthree")
    second = await one.files.history.make("w", document, ANN, None)
    await one.write("a", b"zero\none\n2\nthree\n")
    history = one.files.history

    async def differing(old: Version, new: Version | None) -> list[tuple[int, int, list[str], int, int, list[str]]]:
        told = json.loads(await history.differences("w", document, old, new))
        return [
            (d["old_start"], d["old_end"], d["removed"], d["new_start"], d["new_end"], d["added"])
            for d in told["hunks"]
        ]

    there = await differing(first, second)
    assert there == [(1, 1, [], 1, 2, ["zero\n"]), (2, 3, ["two\n"], 3, 4, ["2\n"])]
    assert await differing(second, first) == [(*hunk[3:], *hunk[:3]) for hunk in there]
    assert await differing(second, None) == [(4, 5, ["three"], 4, 5, ["three\n"])]


async def test_who_wrote_what(one: Process, two: Process) -> None:
    document = await one.write("a", b"ann's\n")
    await edit(two, document, BOB, 6, 6, "bob's 😀\n")
    await edit(one, document, JOB, 0, 0, "a job's\n")
    await edit(one, document, "job:8", 0, 0, "one more ")

    async def lines(process: Process) -> list[tuple[int, int, str, str | None]]:
        found = await process.files.history.attribution(document)
        told = json.loads(b"{%b}" % found.fields)["lines"]
        return [(run["start"], run["end"], found.authors[run["author"]], run["at"]) for run in told]

    found = await two.files.history.attribution(document)
    assert found.authors == ["job", ANN, BOB]
    told = json.loads(b"{%b}" % found.fields)
    assert told["length"] == utf16_length("one more a job's\nann's\nbob's 😀\n")
    assert [(run["start"], run["end"], run["author"]) for run in told["runs"]] == [(0, 17, 0), (17, 23, 1), (23, 32, 2)]
    assert await lines(two) == [(1, 2, "job", None), (2, 3, ANN, None), (3, 4, BOB, None)]
    old = await one.files.history.make("w", document, ANN, None)
    await edit(one, document, BOB, 0, 17, "")
    await one.files.history.restore("w", document, old, ANN)
    # What a restore brings back is new; the rest was there when the version was made.
    there = old.at.isoformat()
    assert await lines(one) == [(1, 2, ANN, None), (2, 3, ANN, there), (3, 4, BOB, there)]


async def test_an_author_who_is_recorded_late_is_named_then(one: Process) -> None:
    document = await one.write("a", b"")
    await one.drive.settle_due()
    await edit(one, document, BOB, 0, 0, "bob")
    clients = one.storage.db["clients"]
    held_back = [record async for record in clients.find({"author": BOB})]
    await clients.delete_many({"author": BOB})
    await one.drive.settle_due()
    assert (await versions(one, document))[-1].authors == ()
    await clients.insert_many(held_back)
    await edit(one, document, ANN, 0, 0, "ann")
    await one.drive.settle_due()
    assert (await versions(one, document))[-1].authors == (ANN, BOB)


async def test_a_deleted_workspace_takes_its_versions_along(one: Process) -> None:
    document = await one.write("a", b"text")
    await one.files.history.make("w", document, ANN, "kept")
    assert await kept_texts(one.storage) == 1
    await one.files.erase_workspace("w")
    assert await kept_texts(one.storage) == 0
    assert await one.storage.db["versions"].count_documents({"workspace": "w"}) == 0
