import asyncio
import io
import stat
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

from collab.files.archive import MAX_DIRECTORY, Archive, ArchiveWriter, InvalidArchive

MIB = 1024 * 1024


def opened(file: io.BytesIO, max_file: int = MIB, max_entries: int = 100, max_bytes: int = 5 * MIB) -> Archive:
    return Archive(file, max_entries=max_entries, max_bytes=max_bytes, max_file=max_file)


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return file


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


async def test_what_a_mac_adds_to_its_archives_is_left_out() -> None:
    archive = opened(zipped(("a.txt", b"a"), ("__MACOSX/._a.txt", b"x"), ("deep/.DS_Store", b"x"), ("deep/b", b"b")))
    assert [file.path for file in archive.files] == ["a.txt", "deep/b"]
    assert archive.folders == ["deep"]


async def test_files_and_folders() -> None:
    archive = opened(
        zipped(("src/pkg/é.py", b"x = 1\n"), ("empty/", b""), ("big", b"a" * MIB), ("src/e\u0301", b"")),
        max_file=MIB,
    )
    assert [(file.path, file.size) for file in archive.files] == [("src/pkg/é.py", 6), ("big", MIB), ("src/é", 0)]
    assert archive.folders == ["empty", "src", "src/pkg"]
    assert [await archive.read(file) for file in archive.files] == [b"x = 1\n", b"a" * MIB, b""]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (io.BytesIO(b""), "not a zip"),
        (io.BytesIO(b"PK\x05\x06 and nothing"), "not a zip"),
        (zipped(("../x", b"")), "named “..”"),
        (zipped(("a/../../x", b"")), "named “..”"),
        (zipped(("/etc/passwd", b"")), "empty name"),
        (zipped(("C:\\x", b"")), "backslash"),
        (zipped(("a//b", b"")), "empty name"),
        (zipped(("a\x01b", b"")), "control character"),
        (zipped(("x" * 256, b"")), "256 bytes"),
        (zipped(("é", b"1"), ("e\u0301", b"2")), "“é” twice"),
        (zipped(("a", b""), ("a/b", b"")), "“a” is a file and a folder"),
        (zipped((special("link", stat.S_IFLNK | 0o777), b"/etc/passwd")), "“link” is a link"),
        (zipped((special("pipe", stat.S_IFIFO), b"")), "“pipe” is a link or a device"),
        (zipped(("x", b"abc"), method=zipfile.ZIP_BZIP2), "use deflate"),
        (zipped(("x", b"a" * (MIB + 1))), "1048577 bytes"),
    ],
)
def test_refused(file: io.BytesIO, words: str) -> None:
    with pytest.raises(InvalidArchive, match=words):
        opened(file)


def patched(file: io.BytesIO, change: Callable[[bytearray], None]) -> io.BytesIO:
    data = bytearray(file.getvalue())
    change(data)
    return io.BytesIO(bytes(data))


def directory_field(data: bytearray, offset: int, value: bytes) -> None:
    at = data.index(b"PK\x01\x02") + offset
    data[at : at + len(value)] = value


def test_encrypted_entries_are_refused() -> None:
    with pytest.raises(InvalidArchive, match="encrypted"):
        opened(patched(zipped(("x", b"abc")), lambda data: directory_field(data, 8, b"\x01\x00")))


def test_a_name_with_nul_is_refused_and_not_cut() -> None:
    with pytest.raises(InvalidArchive, match="control character"):
        opened(patched(zipped(("a.py_.png", b"")), lambda data: directory_field(data, 50, b"\x00")))


def test_too_many_bytes_in_all() -> None:
    file = zipped(*((f"{n}", b"") for n in range(9)))

    def bomb(data: bytearray) -> None:
        at = -1
        while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
            data[at + 24 : at + 28] = struct.pack("<I", 250 * MIB)

    with pytest.raises(InvalidArchive, match="unpacks to 2359296000 bytes"):
        opened(patched(file, bomb), max_file=256 * MIB)


def test_entries_of_the_same_bytes_are_refused() -> None:
    file = zipped(*((name, b"a" * 100) for name in "abc"), method=zipfile.ZIP_STORED)
    all_of_it = len(file.getvalue()).to_bytes(4, "little")
    with pytest.raises(InvalidArchive, match="overlap"):
        opened(patched(file, lambda data: directory_field(data, 20, all_of_it)))


def claiming(size: int, holding: bytes, crc: int | None = None) -> io.BytesIO:
    """The directory says that its only entry has ``size`` bytes, and the checksum of that, or of what is there."""

    def lie(data: bytearray) -> None:
        directory_field(data, 16, struct.pack("<I", zlib.crc32(holding) if crc is None else crc))
        directory_field(data, 24, struct.pack("<I", size))

    return patched(zipped(("x", holding)), lie)


@pytest.mark.parametrize(
    ("size", "crc"),
    [(10, zlib.crc32(b"a" * 10)), (10, None), (10, zlib.crc32(b"a" * 11)), (99_999, None), (100_001, None)],
)
async def test_an_entry_has_what_its_directory_states(size: int, crc: int | None) -> None:
    archive = opened(claiming(size, b"a" * 100_000, crc))
    with pytest.raises(InvalidArchive, match="“x” is damaged"):
        await archive.read(archive.files[0])


async def test_a_stored_entry_has_what_its_directory_states() -> None:
    archive = opened(
        patched(
            zipped(("x", b"abc"), method=zipfile.ZIP_STORED),
            lambda data: directory_field(data, 24, struct.pack("<I", 4)),
        )
    )
    with pytest.raises(InvalidArchive, match="does not have the 4 bytes"):
        await archive.read(archive.files[0])


async def test_a_bomb_takes_neither_memory_nor_the_event_loop() -> None:
    archive = opened(claiming(10, bytes(64 * MIB), zlib.crc32(bytes(10))))
    tracemalloc.start()
    began = time.thread_time()
    try:
        with pytest.raises(InvalidArchive):
            await archive.read(archive.files[0])
        assert time.thread_time() - began < 0.05  # all of it takes 0.3 s
        assert tracemalloc.get_traced_memory()[1] < 2 * MIB
    finally:
        tracemalloc.stop()


async def test_others_have_turns_between_small_entries() -> None:
    archive = opened(zipped(*((f"{n}", b"x") for n in range(100))))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(others())
    for file in archive.files:
        await archive.read(file)
    counting.cancel()
    assert turns >= 100


def test_too_many_entries() -> None:
    with pytest.raises(InvalidArchive, match="4 entries"):
        opened(zipped(*((f"{n}", b"") for n in range(4))), max_entries=3)


def test_a_huge_directory_is_refused_before_it_is_read() -> None:
    class Counting(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1) -> bytes:
            self.largest = max(self.largest, size or 0)
            return super().read(size)

    size = MAX_DIRECTORY + 1
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 60_000, 60_000, size, 0, 0)
    file = Counting(b"\x00" * size + end)
    with pytest.raises(InvalidArchive, match="directory"):
        opened(file)
    assert file.largest < MIB


async def test_damage_is_found_when_it_is_read() -> None:
    def damage(data: bytearray) -> None:
        data[data.index(b"hello")] ^= 1

    archive = opened(patched(zipped(("x", b"hello"), method=zipfile.ZIP_STORED), damage))
    with pytest.raises(InvalidArchive, match="“x” is damaged"):
        await archive.read(archive.files[0])


def test_names_that_a_mac_wrote() -> None:
    def forget_utf8(data: bytearray) -> None:
        directory_field(data, 8, b"\x00\x00")
        data[6:8] = b"\x00\x00"

    archive = opened(patched(zipped(("é.txt", b"")), forget_utf8))
    assert [file.path for file in archive.files] == ["é.txt"]


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_what_the_writer_streams_the_reader_reads() -> None:
    writer = ArchiveWriter()
    modified = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    stream = [writer.folder("ordner/leer")]
    stream += [piece async for piece in writer.file("日本語.txt", modified, chunks(b"a\r\n", "é".encode()))]
    stream += [piece async for piece in writer.file("empty", modified, chunks())]
    stream += [piece async for piece in writer.file("big", modified, chunks(b"a" * MIB, b"b" * MIB))]
    stream.append(writer.end())
    archive = opened(io.BytesIO(b"".join(stream)), max_file=3 * MIB)
    assert archive.folders == ["ordner", "ordner/leer"]
    assert {file.path: await archive.read(file) for file in archive.files} == {
        "日本語.txt": b"a\r\n" + "é".encode(),
        "empty": b"",
        "big": b"a" * MIB + b"b" * MIB,
    }
    assert archive.files[0].info.date_time == (2026, 1, 2, 3, 4, 4)  # zip counts in steps of two seconds
    assert len(stream[3]) < MIB, "compressed"
