"""Find in files on real storage, by one process and by two."""

from __future__ import annotations

import asyncio
import io
import threading
import zipfile
from collections.abc import Sequence
from typing import Any
from unittest.mock import AsyncMock

import pytest
from pymongo.errors import AutoReconnect

from collab.documents import contents as contents_module
from collab.documents.records import FileRecord
from collab.drive.drive import Drive
from collab.durable.entries import LogEntry
from collab.durable.snapshots import DocumentNotFound
from collab.files.files import Files
from collab.replicas.building import MOST
from collab.replicas.edits import TextEdit
from collab.rooms.following import Following
from collab.rooms.present import presents_of, text_of
from collab.rooms.rooms import Rooms
from collab.searching import search
from collab.searching import texts as searchtexts
from collab.searching.finding import Text
from collab.searching.globs import Globs
from collab.searching.matching import Matcher, Wanted
from collab.searching.replacing import TextNotFound
from collab.searching.search import Match, Page
from collab.tree.edits import create
from storage import Storage
from tests.collab.rooms_helpers import Client, eventually, integrated_in_each_turn, joined, of_many_structs
from tests.collab.test_trash import by_socket

ANN, BOB = "user:ann", "user:bob"


async def found(files: Files, query: str) -> list[tuple[str, int, int]]:
    return [(match.path, match.line, match.column) for match in await files.search.find("w", query)]


async def test_names_and_texts(files: Files) -> None:
    await files.write("w", "src/Wheel.py", b"import os\n\ndef wheel():\n    return 'Wheel'  # wheel\n", ANN)
    await files.write("w", "wheel.png", b"\x89PNG wheel \0", ANN)
    await files.make_folder("w", "wheels", ANN)
    await files.write("w", "latin.txt", b"caf\xe9 wheel\r\n", ANN)
    everything = await found(files, "wheel")
    assert set(everything) == {
        ("wheels", 0, 0),
        ("wheel.png", 0, 0),
        ("src/Wheel.py", 0, 4),
        ("latin.txt", 1, 5),
        ("src/Wheel.py", 3, 4),
        ("src/Wheel.py", 4, 12),
    }
    assert all(line == 0 for _, line, _ in everything[:3]), "names come first"
    assert await found(files, "Wheel") == [("src/Wheel.py", 0, 4), ("src/Wheel.py", 4, 12)]
    assert await files.search.find("w", "CAFÉ") == []
    assert await files.search.find("w", "café") == [Match("latin.txt", 1, 0, "café wheel")]
    assert await found(files, "nothing like it") == []
    with pytest.raises(DocumentNotFound):
        await files.search.find("unknown", "wheel")


async def test_what_was_just_typed_renamed_or_deleted(files: Files, rooms: Rooms) -> None:
    written = await files.write("w", "a.txt", b"one\n", ANN)
    assert await found(files, "two") == []
    async with rooms.open(written.id) as room:
        room.edit([TextEdit(4, 4, "two\n")], ANN)
        assert await found(files, "two") == [("a.txt", 2, 0)]  # not logged yet
    await files.write("w", "a.txt", b"one\nthree\n", BOB)
    assert (await found(files, "two"), await found(files, "three")) == ([], [("a.txt", 2, 0)])
    await files.move("w", "a.txt", "three.txt", ANN)
    assert await found(files, "three") == [("three.txt", 0, 0), ("three.txt", 2, 0)]
    await files.delete("w", "three.txt", ANN)
    assert await found(files, "three") == []


async def test_what_was_typed_at_another_process_is_found_once_it_settled(
    storage: Storage, files: Files, elsewhere: Files
) -> None:
    drive = Drive(storage, files._rooms, files)
    await files.write("w", "a.txt", b"one\n", ANN)
    assert await found(elsewhere, "one") == [("a.txt", 1, 0)]
    await files.write("w", "a.txt", b"two\n", ANN)
    assert await found(files, "two") == [("a.txt", 1, 0)]
    await drive.settle_due()

    async def there() -> bool:
        return await found(elsewhere, "two") == [("a.txt", 1, 0)]

    await eventually(there)
    assert await found(elsewhere, "one") == []


async def test_a_file_is_found_at_its_path_although_the_bus_says_nothing_of_it(
    files: Files, elsewhere: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    await files.write("w", "a.txt", b"wheel\n", ANN)
    assert await found(elsewhere, "wheel") == [("a.txt", 1, 0)]
    monkeypatch.setattr(Following, "take", lambda receiver, message: None)
    await files.move("w", "a.txt", "b.txt", ANN)
    assert await found(elsewhere, "wheel") == [("b.txt", 1, 0)]


async def test_after_a_restart_plain_files_are_read_as_far_as_they_are_right(
    storage: Storage, rooms: Rooms, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {f"{n}.txt": f"number {n}\r\nsame\r\n" for n in range(30)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
    await files.import_archive("w", packed, ANN, max_entries=100, max_bytes=100_000)
    await asyncio.sleep(1.1)  # what was written just before it settled is read from the log
    await Drive(storage, rooms, files).sweep("w")
    ids = {entry.path: entry.id for entry in await files.list("w")}
    await storage.objects.put("drive/w/7.txt", b"number seven, says somebody with an S3 client")
    await storage.objects.delete("drive/w/8.txt")
    async with rooms.open(ids["9.txt"]) as room:
        room.edit([TextEdit(0, 0, "later: ")], ANN)
        await room.durable()
    there = Rooms(storage)
    built: list[str] = []

    async def counted(rooms: Rooms, documents: list[str]) -> object:
        if rooms is there:
            built.extend(documents)
        return await presents_of(rooms, documents)

    monkeypatch.setattr(contents_module, "presents_of", counted)
    started = Files(storage, there)
    assert {path for path, line, _ in await found(started, "number") if line} == set(contents)
    assert {match.text for match in await started.search.find("w", "number 7")} == {"number 7"}
    assert await found(started, "later: number 9") == [("9.txt", 1, 0)]
    assert {"7.txt", "8.txt", "9.txt"} == {path for path, document in ids.items() if document in built}
    await started.search_texts.close()
    await there.close()


async def test_more_texts_than_may_be_kept(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searchtexts, "MEMORY", 1000)
    for number in range(8):
        await files.write("w", f"{number}", b"needle " * 30, ANN)
    for _ in range(3):
        assert len(await found(files, "needle")) == 8
    [kept] = files.search_texts._kept.values()
    assert 0 < kept.size <= 1000
    await files.create_workspace("other")
    await files.write("other", "a", b"needle " * 30, ANN)
    assert len(await files.search.find("other", "needle")) == 1
    assert len(await found(files, "needle")) == 8


async def test_there_is_an_end_to_matches(files: Files) -> None:
    for number in range(12):
        await files.write("w", f"e{number}", b"e\n" * 1000, ANN)
    matches = await found(files, "e")
    assert len(matches) == search.MOST_MATCHES
    assert sum(line == 0 for _, line, _ in matches) == 12
    assert max(line for _, line, _ in matches) == search.MOST_LINES


async def test_a_node_grants_nothing(files: Files, rooms: Rooms) -> None:
    await files.create_workspace("other")
    secret = await files.write("other", "secret", b"needle", BOB)
    await by_socket(rooms, create(secret.id, "stolen", None, "text"))
    await by_socket(rooms, create(FileRecord.new("w", "text", 0).id, "made up", None, "text"))
    assert await found(files, "needle") == []
    async with rooms.open(secret.id):
        assert await found(files, "needle") == []


async def test_what_changes_while_it_is_read_is_not_kept(
    storage: Storage, files: Files, elsewhere: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = await files.write("w", "a.txt", b"one\n", ANN)
    latest = elsewhere._rooms.updates.latest

    async def late(documents: object) -> object:
        found = await latest(documents)  # type: ignore[arg-type]
        elsewhere.search_texts._changed("w", written.id)
        return found

    monkeypatch.setattr(elsewhere._rooms.updates, "latest", late)
    await found(elsewhere, "one")
    [kept] = elsewhere.search_texts._kept.values()
    assert kept.texts == {}


async def test_of_two_who_read_a_text_the_later_one_is_believed(
    files: Files, elsewhere: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = await files.write("w", "a.txt", b"one\n", ANN)
    presents = elsewhere.contents.presents
    waiting: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def held(documents: list[str]) -> object:
        read = await presents(documents)
        await waiting.put(go := asyncio.Event())
        await go.wait()
        return read

    monkeypatch.setattr(elsewhere.contents, "presents", held)
    early = asyncio.create_task(found(elsewhere, "two"))
    first = await waiting.get()
    await files.write("w", "a.txt", b"two\n", ANN)
    elsewhere.search_texts._changed("w", written.id)
    late = asyncio.create_task(found(elsewhere, "two"))
    second = await waiting.get()
    first.set()
    assert await early == []
    second.set()
    assert await late == [("a.txt", 1, 0)]
    assert await found(elsewhere, "two") == [("a.txt", 1, 0)]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searchtexts, "SOON", 0.01)


def kept(files: Files, workspace: str = "w") -> set[str]:
    """The texts of a workspace that are in memory for searching."""
    held = files.search_texts._kept.get(workspace)
    return {text.text for text in held.texts.values()} if held is not None else set()


async def test_a_text_that_somebody_has_only_opened_is_built_in_turns(
    storage: Storage, files: Files, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = (await files.write("w", "many.txt", b"", ANN)).id
    await rooms.updates.append([LogEntry(document, "before.0", 1, 1, of_many_structs(25_000, "a"))])
    assert await rooms.snapshots.compact(document)
    there = Rooms(storage)
    _, leave = await there.enter(document)
    searching = Files(storage, there)
    await searching.trees.read("w")
    turns = integrated_in_each_turn(monkeypatch)
    assert await found(searching, "a" * 100) == [("many.txt", 1, 0)]
    assert sum(turns) >= 25_000
    assert max(turns) <= MOST
    leave()
    await searching.search_texts.close()
    await there.close()


async def test_a_text_that_is_made_anew_is_not_looked_at_before_that_is_done(files: Files, rooms: Rooms) -> None:
    document = (await files.write("w", "a.txt", b"before", ANN)).id
    async with rooms.open(document) as room:
        room.distrust()
        searching = asyncio.create_task(found(files, "before"))
        await asyncio.sleep(0.1)
        assert not searching.done()
        await room.rebuilt(await rooms.snapshots.load(document))
        assert await searching == [("a.txt", 1, 0)]


async def test_while_somebody_is_there_texts_are_in_memory_before_anybody_searches(
    files: Files, elsewhere: Files, monkeypatch: pytest.MonkeyPatch, soon: None
) -> None:
    monkeypatch.setattr(searchtexts, "AHEAD", 3)
    monkeypatch.setattr(searchtexts, "KEEP", 0.2)
    texts = {f"text {number}" for number in range(10)}
    for text in texts:
        await files.write("w", text, text.encode(), ANN)
    with elsewhere.search_texts.attended("w"):
        with elsewhere.search_texts.attended("w"):
            await eventually(lambda: kept(elsewhere) == texts)
        await asyncio.sleep(0.5)
        assert kept(elsewhere) == texts
        read = AsyncMock(wraps=elsewhere.search_texts._read)
        monkeypatch.setattr(elsewhere.search_texts, "_read", read)
        assert len(await found(elsewhere, "text")) == 20
        read.assert_not_called()
    await eventually(lambda: not kept(elsewhere))


async def test_what_changes_while_somebody_is_there_is_read_again(
    storage: Storage, files: Files, elsewhere: Files, soon: None
) -> None:
    drive = Drive(storage, files._rooms, files)
    await files.write("w", "a.txt", b"one", ANN)
    with files.search_texts.attended("w"), elsewhere.search_texts.attended("w"):
        await eventually(lambda: kept(files) == kept(elsewhere) == {"one"})
        await files.write("w", "a.txt", b"two", ANN)
        await files.write("w", "b.txt", b"new", ANN)
        await eventually(lambda: kept(files) == {"two", "new"})
        await drive.settle_due()
        await eventually(lambda: kept(elsewhere) == {"two", "new"})


async def test_what_settles_as_it_was_read_is_not_read_again(
    storage: Storage, rooms: Rooms, files: Files, elsewhere: Files, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = Drive(storage, rooms, files)
    same = await files.write("w", "same.txt", b"same", ANN)
    other = await files.write("w", "other.txt", b"\xef\xbb\xbfother\r\n", ANN)
    with elsewhere.search_texts.attended("w"):
        await eventually(lambda: kept(elsewhere) == {"same", "other\n"})
        read: list[str] = []
        latest = elsewhere._rooms.updates.latest

        async def noted(documents: Sequence[str]) -> object:
            read.extend(documents)
            return await latest(documents)

        monkeypatch.setattr(elsewhere._rooms.updates, "latest", noted)
        await drive.settle_due()
        await eventually(lambda: other.id in read)
        assert same.id not in read


async def test_reading_ahead_forgets_no_other_texts_and_leaves_out_what_is_typed_in(
    files: Files, rooms: Rooms, monkeypatch: pytest.MonkeyPatch, soon: None
) -> None:
    monkeypatch.setattr(searchtexts, "MEMORY", 1000)
    await files.create_workspace("other")
    await files.write("other", "a", b"a" * 300, ANN)
    written = [await files.write("w", f"{number}", b"%d" % number * 150, ANN) for number in range(3)]
    await files.search.find("other", "a")
    ann = Client()
    async with rooms.open(written[0].id) as room:
        ann.join(room)
        with files.search_texts.attended("w"):
            await eventually(lambda: len(kept(files)) == 1)
            await asyncio.sleep(0.1)
            assert len(kept(files) & {"1" * 150, "2" * 150}) == 1
            assert kept(files, "other") == {"a" * 300}
        ann.connection.detach()


async def test_reading_ahead_outlasts_a_database_that_is_away(
    storage: Storage, files: Files, elsewhere: Files, monkeypatch: pytest.MonkeyPatch, soon: None
) -> None:
    await files.write("w", "a.txt", b"one", ANN)
    newest, away = storage.events.newest, AsyncMock(side_effect=AutoReconnect("away"))
    monkeypatch.setattr(storage.events, "newest", away)
    with elsewhere.search_texts.attended("w"):
        await eventually(lambda: away.called)
        monkeypatch.setattr(storage.events, "newest", newest)
        await eventually(lambda: kept(elsewhere) == {"one"})


async def places(files: Files, matcher: Matcher, paths: str = "", skip: int = 0, most: int = 100) -> Page:
    return await files.search.places("w", matcher, Globs(paths), skip=skip, most=most)


async def test_every_match_page_by_page(files: Files) -> None:
    for name in ("a.md", "b.txt", "c.md"):
        await files.write("w", name, b"one two\n one\n", ANN)
    first = await places(files, Matcher(Wanted("one")), most=3)
    assert [(file.path, file.count, [place.line for place in file.places]) for file in first.files] == [
        ("a.md", 2, [1, 2]),
        ("b.txt", 2, [1]),
    ]
    assert (first.matches, first.in_files, first.whole) == (6, 3, True)
    second = await places(files, Matcher(Wanted("one")), skip=3, most=3)
    assert [(file.path, [place.line for place in file.places]) for file in second.files] == [
        ("b.txt", [2]),
        ("c.md", [1, 2]),
    ]
    only = await places(files, Matcher(Wanted("one")), "*.md, !c.md")
    assert [file.path for file in only.files] == ["a.md"]


async def test_there_is_an_end_to_counting(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_COUNTED", 5)
    for name in "abc":
        await files.write("w", name, b"e\n" * 4, ANN)
    page = await places(files, Matcher(Wanted("e")))
    assert (page.matches, page.in_files, page.whole) == (8, 2, False)


async def test_an_end_to_looking(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PATIENCE", 0.0)
    for name in "abc":
        await files.write("w", name, b"e\n" * 4, ANN)
    page = await places(files, Matcher(Wanted("e")))
    assert (page.matches, page.in_files, page.whole) == (1, 1, False)


async def test_one_workspace_does_not_hold_up_the_search_of_another(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PORTION", 0.0)
    await files.create_workspace("other")
    await files.write("other", "a", b"e\n", ANN)
    for name in "abcd":
        await files.write("w", name, b"e\n", ANN)
    arrived, go_on = threading.Semaphore(0), threading.Semaphore(0)

    class Slow(Matcher):
        def count(self, text: Text) -> int | None:
            arrived.release()
            assert go_on.acquire(timeout=60)
            return super().count(text)

    slow = [asyncio.create_task(places(files, Slow(Wanted("e")))) for _ in range(3)]
    assert await asyncio.to_thread(arrived.acquire, timeout=60)
    page = await files.search.places("other", Matcher(Wanted("e")), Globs(""), skip=0, most=500)
    assert page.matches == 1
    assert len(await files.search.find("other", "e")) == 1
    assert not any(task.done() for task in slow)
    assert not arrived.acquire(blocking=False), "of one workspace one search goes on at a time"
    go_on.release(12)
    assert [page.matches for page in await asyncio.gather(*slow)] == [4] * 3


async def chosen(files: Files, wanted: Wanted, lines: set[int]) -> list[str]:
    [file] = (await places(files, Matcher(wanted))).files
    return [place.id for place in file.places if place.line in lines]


async def test_some_are_replaced_while_somebody_types(files: Files, rooms: Rooms) -> None:
    written = await files.write("w", "a.txt", b"red\r\nblue\r\nred\r\nthe red one\r\nred rose\r\n", ANN)
    wanted = Wanted("red")
    meant = await chosen(files, wanted, {3, 4, 5})
    async with rooms.open(written.id) as room:
        [ann] = await joined(room, "ann")
        await ann.type(room.text.index(" rose"), "dish")
        await ann.type(0, "typed above\n")
        done = await files.replacing.replace("w", written.id, wanted, "green", meant, BOB)
        assert (done.path, done.done, done.changed) == ("a.txt", meant[:2], meant[2:])
        assert room.text == "typed above\nred\nblue\ngreen\nthe green one\nreddish rose\n"
        await ann.pump()
        assert str(ann.shared) == room.text
    assert await (await files.read("w", "a.txt")).plain.bytes() == room.text.replace("\n", "\r\n").encode()


async def test_what_is_in_the_trash_is_not_replaced_in(files: Files, elsewhere: Files) -> None:
    written = await files.write("w", "a.txt", b"red", ANN)
    wanted = Wanted("red")
    meant = await chosen(files, wanted, {1})
    await elsewhere.delete("w", "a.txt", ANN)
    with pytest.raises(TextNotFound):
        await files.replacing.replace("w", written.id, wanted, "green", meant, BOB)


async def test_nor_in_a_file_of_others_or_in_one_that_is_no_text(files: Files, rooms: Rooms) -> None:
    await files.create_workspace("other")
    secret = await files.write("other", "secret", b"needle", BOB)
    await by_socket(rooms, create(secret.id, "stolen", None, "text"))
    picture = await files.write("w", "wheel.png", b"\x89PNG wheel \0", ANN)
    for document in (secret.id, picture.id, "0" * 32):
        with pytest.raises(TextNotFound):
            await files.replacing.replace("w", document, Wanted("needle"), "x", ["id"], ANN)


async def test_two_who_replace_the_same_at_once_do_it_once(files: Files, rooms: Rooms) -> None:
    written = await files.write("w", "a.txt", b"red red\n" * 3, ANN)
    wanted = Wanted("red")
    meant = await chosen(files, wanted, {1, 2, 3})
    outcomes = await asyncio.gather(
        *(files.replacing.replace("w", written.id, wanted, "reddish", meant, who) for who in (ANN, BOB))
    )
    assert await text_of(rooms, written.id) == "reddish reddish\n" * 3
    assert sorted(len(outcome.done) for outcome in outcomes) == [0, 6]


async def test_nor_do_two_processes(files: Files, elsewhere: Files, rooms: Rooms) -> None:
    written = await files.write("w", "a.txt", b"red\n" * 40, ANN)
    wanted = Wanted("red")
    meant = await chosen(files, wanted, set(range(41)))
    await asyncio.gather(
        *(side.replacing.replace("w", written.id, wanted, "reddish", meant, ANN) for side in (files, elsewhere))
    )
    assert await text_of(rooms, written.id) == "reddish\n" * 40
    assert await text_of(elsewhere._rooms, written.id) == "reddish\n" * 40


async def test_typing_all_the_while_loses_nothing(files: Files, rooms: Rooms) -> None:
    written = await files.write("w", "a.txt", b"\nred\nred\n", ANN)
    wanted = Wanted("red")
    meant = await chosen(files, wanted, {2, 3})
    async with rooms.open(written.id) as room:
        [ann] = await joined(room, "ann")

        async def type_on() -> None:
            for _ in range(200):
                await ann.type(0, "x")
                await asyncio.sleep(0.001)

        typing = asyncio.create_task(type_on())
        await files.replacing.replace("w", written.id, wanted, "green", meant, BOB)
        await typing
        assert room.text.count("x") == 200
        assert room.text.endswith("x\ngreen\ngreen\n")


async def test_many_searches_at_once(files: Files, elsewhere: Files) -> None:
    for number in range(20):
        await files.write("w", f"{number}.txt", f"line {number}\n".encode() * 50, ANN)
    results = await asyncio.gather(*(found(side, f"line {n}") for n in range(10) for side in (files, elsewhere)))
    assert all(results)


def packed(**texts: str) -> io.BytesIO:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        for name, text in texts.items():
            writing.writestr(f"{name}.md", text)
    archive.seek(0)
    return archive


async def test_what_was_imported_here_is_found_without_being_read(
    files: Files, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    await files.write("w", "before.md", b"before", ANN)
    await found(files, "wheel")  # somebody looks around
    read = AsyncMock(wraps=files.search_texts._read)
    monkeypatch.setattr(files.search_texts, "_read", read)
    import_ = files.contents.create

    async def searched_meanwhile(*arguments: Any) -> Any:
        made = await import_(*arguments)
        assert await found(files, "wheel") == []  # it is shown nowhere yet
        return made

    with monkeypatch.context() as patched:
        patched.setattr(files.contents, "create", searched_meanwhile)
        archive = packed(one="a wheel", two="two wheels", three="none\r\n")
        await files.import_archive("w", archive, ANN, max_entries=100, max_bytes=100_000)
    assert sorted(await found(files, "wheel")) == [("one.md", 1, 2), ("two.md", 1, 4)]
    assert read.await_count == 0
    # And what becomes of it afterwards is found as ever.
    await files.write("w", "one.md", b"nothing", ANN)
    three = (await files.tree("w")).by_path["three.md"].id
    async with rooms.open(three) as room:
        room.edit([TextEdit(0, 4, "three wheels")], BOB)
        await room.durable()
    assert sorted(await found(files, "wheel")) == [("three.md", 1, 6), ("two.md", 1, 4)]


async def test_what_an_import_takes_back_is_kept_no_longer(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    await files.write("w", "before.md", b"before", ANN)
    await found(files, "wheel")
    size = files.search_texts.size

    def away(*_: Any, **__: Any) -> Any:
        raise AutoReconnect("connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(files.trees, "change", away)
        with pytest.raises(AutoReconnect):
            await files.import_archive("w", packed(one="a wheel"), ANN, max_entries=100, max_bytes=100_000)
    assert files.search_texts.size == size
    assert len(files.search_texts._kept["w"].texts) == 1
    assert await found(files, "wheel") == []
