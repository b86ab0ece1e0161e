"""Files by path on real storage: what the HTTP interface promises, minus HTTP."""

from __future__ import annotations

import asyncio
import io
import struct
import time
import zipfile

import pytest

from collab.documents.contents import Content
from collab.documents.records import FileRecord, tree_id
from collab.durable.snapshots import DocumentNotFound
from collab.files.archive import InvalidArchive
from collab.files.files import FileNotFound, Files, FileTooLarge, InvalidPath, PathConflict
from collab.files.importing import BATCH_FILES
from collab.limits import Limits
from collab.refusals import DocumentTooLarge
from collab.replicas.edits import TOGETHER, TextEdit, fresh_client_id
from collab.rooms.rooms import Rooms
from collab.tree.edits import TreeDraft, create, rename
from collab.yjs.update import read_update
from storage import Storage
from tests.collab.rooms_helpers import joined

ANN, BOB = "user:ann", "user:bob"
BROKEN = b"BROKEN"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@pytest.fixture
async def files(storage: Storage, rooms: Rooms) -> Files:
    files = Files(storage, rooms, Limits(text_document=5_000_000))
    await files.ensure_indexes()
    await files.create_workspace("w")
    return files


async def content(files: Files, path: str) -> bytes:
    return await (await files.read("w", path)).plain.bytes()


async def paths(files: Files) -> list[str]:
    return [entry.path for entry in await files.list("w")]


async def test_a_file_and_its_folders(files: Files) -> None:
    written = await files.write("w", "src/pkg/e\u0301.py", b"x = 1\n", ANN)
    assert written.created
    assert await paths(files) == ["src", "src/pkg", "src/pkg/é.py"]
    folder, _, file = await files.list("w")
    assert (folder.kind, folder.size, folder.updated_at) == ("folder", None, None)
    assert (file.id, file.kind, file.size) == (written.id, "text", 6)
    assert await content(files, "src/pkg/é.py") == b"x = 1\n"
    assert await files.path_of(written.id) == "src/pkg/é.py"
    assert await files.entry("w", "src/pkg/é.py") == file
    assert (await files.entry("w", "src")).kind == "folder"
    described = await files.describe("w", written.id)
    assert described.format is not None
    assert (described.path, described.format.summary()["line_ending"]) == ("src/pkg/é.py", "lf")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xef\xbb\xbfa\r\nb\r\n",
        b"one\r\ntwo\nthree\r",
        b"caf\xe9\r\n",
        "\ufeffü\n".encode("utf-16-le"),
        PNG,
        b"\x00" * 1000,
        "aé😀b\n".encode() * 1000,
    ],
)
async def test_bytes_come_back_as_they_were(files: Files, raw: bytes) -> None:
    await files.write("w", "a", raw, ANN)
    read = await files.read("w", "a")
    assert await read.plain.bytes() == raw
    assert read.entry.size == len(raw)
    assert (await files.list("w"))[0].size == len(raw)


async def test_writing_again_edits_the_live_document_where_it_differs(files: Files, rooms: Rooms) -> None:
    first = await files.write("w", "a.txt", b"one\r\ntwo\r\nthree\r\n" * 500, ANN)
    async with rooms.open(first.id) as room:
        updates: list[bytes] = []
        room.audience.observe(updates.append)
        second = await files.write("w", "a.txt", b"one\r\ntwo\r\nthree\r\n" * 499 + b"one\r\n2\r\nthree\r\n", BOB)
        assert (second.id, second.created, second.changed) == (first.id, False, True)
        assert room.text.endswith("one\n2\nthree\n")
        [update] = updates
        assert len(update) < 50
        [client] = read_update(update, "text").ranges
        assert (await rooms.updates.authors(first.id))[client] == BOB
        room.edit([TextEdit(0, 3, "ONE")], ANN)
        assert (await content(files, "a.txt")).startswith(b"ONE\r\ntwo")
    assert not (await files.write("w", "a.txt", await content(files, "a.txt"), BOB)).changed


async def test_a_change_of_line_ends_alone_is_a_change(files: Files) -> None:
    await files.write("w", "a.txt", b"a\nb\n", ANN)
    assert (await files.write("w", "a.txt", b"a\r\nb\r\n", ANN)).changed
    assert await content(files, "a.txt") == b"a\r\nb\r\n"


async def test_text_becomes_binary_and_text_again_in_new_documents(files: Files) -> None:
    text = await files.write("w", "d/a", b"text", ANN)
    binary = await files.write("w", "d/a", PNG, ANN)
    again = await files.write("w", "d/a", b"text again", ANN)
    assert len({text.id, binary.id, again.id}) == 3
    assert not binary.created
    assert binary.changed
    assert await content(files, "d/a") == b"text again"
    assert await paths(files) == ["d", "d/a"]
    assert set((await files.tree("w")).trash) == {text.id, binary.id}
    assert await files.path_of(text.id) is None


async def test_binary_content_changes_under_the_same_document(files: Files) -> None:
    first = await files.write("w", "a.png", PNG, ANN)
    assert not (await files.write("w", "a.png", PNG, ANN)).changed
    second = await files.write("w", "a.png", PNG + b"more", ANN)
    assert (second.id, second.changed) == (first.id, True)
    assert await content(files, "a.png") == PNG + b"more"
    assert (await files.describe("w", first.id)).format is None


async def test_text_beyond_the_limit_is_a_binary_file(files: Files) -> None:
    await files.write("w", "large.txt", b"a" * 5_000_001, ANN)
    assert (await files.entry("w", "large.txt")).kind == "binary"
    assert await content(files, "large.txt") == b"a" * 5_000_001


async def test_a_shared_text_is_not_replaced_by_one_too_large_to_be_shared(files: Files) -> None:
    written = await files.write("w", "shared.txt", b"people are in it", ANN)
    with pytest.raises(FileTooLarge, match="5000000"):
        await files.write("w", "shared.txt", b"a" * 5_000_001, ANN)
    assert (await files.entry("w", "shared.txt")).id == written.id
    assert await content(files, "shared.txt") == b"people are in it"


async def test_a_file_beyond_the_limit_is_refused(storage: Storage, rooms: Rooms, files: Files) -> None:
    strict = Files(storage, rooms, Limits(binary_file=10))
    with pytest.raises(FileTooLarge, match="11 bytes"):
        await strict.write("w", "a", b"12345678901", ANN)
    assert await paths(files) == []


async def test_what_is_in_the_way(files: Files) -> None:
    await files.write("w", "d/a", b"", ANN)
    for write in (
        files.write("w", "d/a/b", b"", ANN),
        files.write("w", "d", b"", ANN),
        files.make_folder("w", "d/a", ANN),
    ):
        with pytest.raises(PathConflict):
            await write
    with pytest.raises(InvalidPath):
        await files.write("w", "d/../x", b"", ANN)
    with pytest.raises(FileNotFound):
        await files.read("w", "d")
    with pytest.raises(FileNotFound):
        await files.read("w", "nothing")
    with pytest.raises(DocumentNotFound):
        await files.write("unknown", "a", b"", ANN)
    assert await paths(files) == ["d", "d/a"]


async def test_folders(files: Files) -> None:
    assert await files.make_folder("w", "a/b", ANN)
    assert not await files.make_folder("w", "a/b", ANN)
    await files.write("w", "a/b/x", b"x", ANN)
    with pytest.raises(PathConflict):
        await files.delete("w", "a", ANN)
    with pytest.raises(PathConflict):
        await files.delete_folder("w", "a/b/x", ANN)
    with pytest.raises(FileNotFound):
        await files.delete_folder("w", "c", ANN)
    await files.delete_folder("w", "a", ANN)
    assert await paths(files) == []
    assert len((await files.tree("w")).trash) == 1, "one thing was deleted, one thing comes back"


async def test_delete_and_create_anew(files: Files) -> None:
    first = await files.write("w", "a", b"1", ANN)
    await files.delete("w", "a", ANN)
    with pytest.raises(FileNotFound):
        await files.delete("w", "a", ANN)
    second = await files.write("w", "a", b"2", ANN)
    assert second.created
    assert second.id != first.id


async def test_moves(files: Files) -> None:
    written = await files.write("w", "a/x", b"x", ANN)
    await files.write("w", "b/y", b"y", ANN)
    await files.move("w", "a/x", "new/folder/z", ANN)
    assert await files.path_of(written.id) == "new/folder/z"
    await files.move("w", "new", "b/new", ANN)
    assert await content(files, "b/new/folder/z") == b"x"
    await files.move("w", "b", "b", ANN)
    for source, target in (("b", "b/new/b"), ("b/new", "b/y"), ("b/new", "b/y/c"), ("b", "a")):
        with pytest.raises(PathConflict):
            await files.move("w", source, target, ANN)
    with pytest.raises(FileNotFound):
        await files.move("w", "c", "d", ANN)
    with pytest.raises(InvalidPath):
        await files.move("w", "b", "..", ANN)
    await files.write("w", "/".join(["n" * 200] * 4), b"", ANN)
    with pytest.raises(InvalidPath, match="more than 900 bytes"):
        await files.move("w", "n" * 200, "/".join("m" * 100 for _ in range(3)), ANN)
    deep = ["/".join(["n" * 200] * depth) for depth in range(1, 5)]
    assert sorted(await paths(files)) == ["a", "b", "b/new", "b/new/folder", "b/new/folder/z", "b/y", *deep]


async def test_a_move_keeps_the_name_under_which_it_is_shown(files: Files, rooms: Rooms) -> None:
    one, two = await files.write("w", "a.txt", b"1", ANN), await files.write("w", "b.txt", b"2", ANN)
    async with rooms.open(tree_id("w")) as room:  # two people rename at once, each unseen by the other
        for file in (one, two):
            room.apply(TreeDraft(room.doc).update([rename(file.id, "same.txt")], fresh_client_id(room.clients)), BOB)
    shown = {entry.id: entry.path for entry in await files.list("w")}
    numbered = next(key for key, path in shown.items() if path == "same (2).txt")
    await files.move("w", "same (2).txt", "folder/same (2).txt", ANN)
    assert await files.path_of(numbered) == "folder/same (2).txt"


async def test_a_node_grants_nothing(files: Files, rooms: Rooms) -> None:
    await files.create_workspace("other")
    secret = await files.write("other", "secret", b"secret", BOB)
    made_up = FileRecord.new("w", "text", 0).id
    async with rooms.open(tree_id("w")) as room:
        stolen = [create(secret.id, "stolen", None, "text"), create(made_up, "made up", None, "text")]
        room.apply(TreeDraft(room.doc).update(stolen, 99), ANN)
    assert await paths(files) == []
    for path in ("stolen", "made up"):
        with pytest.raises(FileNotFound):
            await files.read("w", path)
    with pytest.raises(FileNotFound):
        await files.describe("w", secret.id)
    taken = await files.write("w", "stolen", b"mine", ANN)
    assert taken.id != secret.id
    assert await content(files, "stolen") == b"mine"
    assert await (await files.read("other", "secret")).plain.bytes() == b"secret"


async def test_what_one_process_made_the_other_finds_at_once(files: Files, elsewhere: Files) -> None:
    for number in range(5):
        await files.write("w", f"{number}", b"%d" % number, ANN)
        assert await content(elsewhere, f"{number}") == b"%d" % number
        await elsewhere.write("w", f"{number}", b"new", BOB)
        await elsewhere.move("w", f"{number}", f"moved {number}", BOB)
        assert await content(files, f"moved {number}") == b"new"


async def test_the_same_new_file_in_two_processes_is_one_file(files: Files, elsewhere: Files) -> None:
    for number in range(5):
        path = f"d{number}/a"
        both = await asyncio.gather(
            files.write("w", path, b"ann", ANN),
            elsewhere.write("w", path, b"bob", BOB),
            elsewhere.make_folder("w", f"d{number}", BOB),
        )
        assert [written.created for written in both[:2]].count(True) == 1
        assert both[0].id == both[1].id
        assert await content(files, path) in (b"ann", b"bob")
    assert sorted(await paths(files)) == sorted(path for n in range(5) for path in (f"d{n}", f"d{n}/a"))


@pytest.mark.parametrize("two", [False, True], ids=["one process", "two processes"])
@pytest.mark.parametrize(
    "other",
    [b"one\ntwo\nthree\n", b"\xff\xfe" + "four\nfive\n".encode("utf-16-le"), b"base\r\n"],
    ids=["the same", "in another format", "in another format alone"],
)
async def test_of_two_contents_at_one_moment_one_stays(files: Files, elsewhere: Files, two: bool, other: bytes) -> None:
    """As of a proxy that tries again, a double click, or a script that runs twice."""
    one = b"one\ntwo\nthree\n"
    for _ in range(10):
        await files.write("w", "a.txt", b"base\n", ANN)
        writings = files.write("w", "a.txt", one, ANN), (elsewhere if two else files).write("w", "a.txt", other, BOB)
        await asyncio.gather(*writings)
        assert await content(files, "a.txt") in (one, other)


async def test_two_moves_to_one_path(files: Files, elsewhere: Files) -> None:
    await files.write("w", "a", b"a", ANN)
    await files.write("w", "b", b"b", ANN)
    results = await asyncio.gather(
        files.move("w", "a", "c", ANN), elsewhere.move("w", "b", "c", BOB), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "PathConflict"]


def archive(**contents: bytes | None) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path, data in contents.items():
            method = zipfile.ZIP_STORED if data == BROKEN else None
            zipped.writestr(path if data is not None else path + "/", data or b"", method)
    return file


async def imported(files: Files, file: io.BytesIO, folder: str = "") -> tuple[int, int, int]:
    report = await files.import_archive("w", file, ANN, max_entries=1000, max_bytes=50_000_000, folder=folder)
    return report.created, report.changed, report.unchanged


async def exported(files: Files) -> dict[str, bytes | None]:
    stream = b"".join([chunk async for chunk in files.export("w")])
    with zipfile.ZipFile(io.BytesIO(stream)) as zipped:
        assert zipped.testzip() is None
        return {info.filename.rstrip("/"): None if info.is_dir() else zipped.read(info) for info in zipped.infolist()}


async def test_an_import_comes_out_again_byte_for_byte(files: Files) -> None:
    contents: dict[str, bytes | None] = {
        "src": None,
        "src/leer": None,
        "src/日本語/é.py": b"x = 1\n",
        "empty": b"",
        "windows.txt": b"\xef\xbb\xbfa\r\nb\r\n",
        "latin.txt": b"caf\xe9\n",
        "mixed.txt": b"a\r\nb\nc\n",
        "five.txt": "fünf Megabyte\n".encode() * 200_000,
        "bild.png": PNG * 10_000,
    }
    assert await imported(files, archive(**contents)) == (7, 0, 0)
    everything = {**contents, "src/日本語": None}
    assert await exported(files) == everything
    assert await imported(files, archive(**contents)) == (0, 0, 7)
    assert (await files.entry("w", "five.txt")).kind == "text"


async def test_an_import_goes_into_a_folder(files: Files) -> None:
    contents: dict[str, bytes | None] = {"a.txt": b"a\n", "deep/b.txt": b"b\n", "__MACOSX/._a.txt": b"x"}
    assert await imported(files, archive(**contents), "läuft/hier") == (2, 0, 0)
    assert {path for path in await exported(files) if path.endswith(".txt")} == {
        "läuft/hier/a.txt",
        "läuft/hier/deep/b.txt",
    }
    assert await imported(files, archive(**contents), "läuft/hier") == (0, 0, 2)
    for outside in ("../w", "/etc", "läuft/"):
        with pytest.raises(InvalidPath):
            await imported(files, archive(**contents), outside)
    with pytest.raises(PathConflict):
        await imported(files, archive(**contents), "läuft/hier/a.txt")


async def test_an_import_edits_what_is_there(files: Files, rooms: Rooms) -> None:
    kept = await files.write("w", "d/a.txt", b"one\ntwo\n", BOB)
    await files.write("w", "d/other", b"untouched", BOB)
    assert await imported(files, archive(**{"d/a.txt": b"one\n2\n", "d/new": b"new"})) == (1, 1, 0)
    assert await files.path_of(kept.id) == "d/a.txt"
    assert await content(files, "d/a.txt") == b"one\n2\n"
    assert await content(files, "d/other") == b"untouched"


@pytest.mark.parametrize("contents", [{"d": b"file"}, {"f/a": b""}, {"f": None}])
async def test_an_import_that_does_not_fit_changes_nothing(files: Files, contents: dict[str, bytes | None]) -> None:
    await files.write("w", "d/a", b"", ANN)
    await files.write("w", "f", b"", ANN)
    with pytest.raises(PathConflict):
        await imported(files, archive(**{"new": b"new"} | contents))
    assert sorted(await paths(files)) == ["d", "d/a", "f"]


async def test_mixed_line_ends_do_not_hold_the_loop() -> None:
    raw = b"\r\n\n" * 85_000
    began = time.thread_time()
    content = await Content.of(raw, Limits())
    assert content.format.line_ends.exceptions
    assert time.thread_time() - began < 0.05  # which takes half a second


def damaged(**contents: bytes) -> io.BytesIO:
    """An archive in which what is `BROKEN` does not have the checksum that its directory states."""
    return io.BytesIO(archive(**contents).getvalue().replace(BROKEN, BROKEN.lower(), 1))


async def test_an_import_with_something_damaged_over_what_is_there_changes_nothing(files: Files) -> None:
    for path in ("a", "z"):
        await files.write("w", path, b"old", ANN)
    with pytest.raises(InvalidArchive):
        await imported(files, damaged(a=b"new", m=b"new", z=BROKEN))
    assert await paths(files) == ["a", "z"]
    assert [await content(files, path) for path in ("a", "z")] == [b"old", b"old"]


async def test_an_import_with_an_entry_that_holds_more_than_it_claims_changes_nothing(files: Files) -> None:
    file = archive(a=b"new", z=bytes(1_000_000))
    data = bytearray(file.getvalue())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, 10)
    with pytest.raises(InvalidArchive, match="“z” is damaged"):
        await imported(files, io.BytesIO(bytes(data)))
    assert await paths(files) == []


async def test_an_import_with_something_too_large_to_be_shared_changes_nothing(files: Files) -> None:
    for path in ("a", "z"):
        await files.write("w", path, b"old", ANN)
    with pytest.raises(FileTooLarge, match="“z”"):
        await imported(files, archive(a=b"new", m=b"new", z=b"large" * 1_000_001))
    assert await paths(files) == ["a", "z"]
    assert [await content(files, path) for path in ("a", "z")] == [b"old", b"old"]


async def test_an_import_that_is_refused_leaves_no_documents_behind(files: Files, storage: Storage) -> None:
    before = await storage.db["documents"].count_documents({}), await storage.db["updates"].count_documents({})
    contents = {f"{number}": b"text" for number in range(BATCH_FILES + 1)}
    with pytest.raises(InvalidArchive):
        await imported(files, damaged(**contents, z=BROKEN))
    after = await storage.db["documents"].count_documents({}), await storage.db["updates"].count_documents({})
    assert after == before
    assert await paths(files) == []


async def test_a_file_that_somebody_makes_during_the_import_is_edited(files: Files, elsewhere: Files) -> None:
    contents: dict[str, bytes | None] = {f"{n}": b"%d" % n for n in range(30)}
    (created, changed, unchanged), written = await asyncio.gather(
        imported(files, archive(**contents)), elsewhere.write("w", "29", b"bob's", BOB)
    )
    assert created + changed + unchanged == 30
    assert await content(files, "29") in (b"29", b"bob's")
    assert len(await paths(files)) == 30
    assert await files.path_of(written.id) == "29"


async def test_replacing_all_of_a_large_text(files: Files) -> None:
    one, other = (b"".join(b"%d%s\n" % (n, letter) for n in range(500_000)) for letter in (b"a", b"b"))
    assert len(one) + len(other) > 5_000_000
    first = await files.write("w", "large.txt", one, ANN)
    second = await files.write("w", "large.txt", other, ANN)
    assert second.id == first.id
    assert await content(files, "large.txt") == other


async def test_others_have_their_turn_while_a_thousand_places_are_replaced_and_the_log_gets_one_entry(
    rooms: Rooms, files: Files
) -> None:
    old = [f"old {number}\n" for number in range(3_000)]
    new = [line if number % 3 else f"new {number}\n" for number, line in enumerate(old)]
    document = (await files.write("w", "many.txt", "".join(old).encode(), ANN)).id
    async with rooms.open(document) as room:
        [bob] = await joined(room, "bob")
        seen: list[str] = []

        def look(_: bytes) -> None:
            seen.append(room.text)
            if len(seen) == 20:
                asyncio.get_running_loop().create_task(bob.type(0, "meanwhile\n"))

        stop = room.audience.observe(look)
        await files.write("w", "many.txt", "".join(new).encode(), ANN)
        stop()
        assert room.text == "meanwhile\n" + "".join(new)
        assert len(seen) > 1_000 / TOGETHER
        assert seen.index(next(text for text in seen if "meanwhile" in text)) < len(seen) - 20
    first, second = await rooms.updates.read(document)
    assert len(read_update(first.update, "text").ranges) == 1
    assert len(read_update(second.update, "text").ranges) == 2


async def test_what_is_as_large_as_it_may_be_can_become_smaller(storage: Storage, rooms: Rooms, files: Files) -> None:
    strict = Rooms(storage, Limits(text_document=100))
    small = Files(storage, strict, Limits(text_document=100))
    written = await small.write("w", "full", b"x" * 100, ANN)
    async with strict.open(written.id) as room:
        with pytest.raises(DocumentTooLarge):
            room.edit([TextEdit(0, 0, "y")], ANN)
        room.edit([TextEdit(0, 10, "")], ANN)
        room.edit([TextEdit(0, 90, "y" * 100)], ANN)
        assert room.text == "y" * 100
    await strict.close()
