"""Zip archives in and out. Nothing of a hostile archive is unpacked before all of it has been looked at."""

from __future__ import annotations

import asyncio
import copy
import io
import stat
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from collab.tree.paths import InvalidPath, join, parse_path

MAX_DIRECTORY = 32 * 1024**2
"""Bytes of an archive's directory, which takes some ten times that in memory while it is read."""

LARGE = 64 * 1024
"""Bytes from which (de)compression is worth a thread: zlib lets the event loop run meanwhile."""

PORTION = 256 * 1024
"""Bytes that are unpacked at a time."""

_UTF8_NAMES = 0x800
_ENCRYPTED = 0x1


class InvalidArchive(ValueError):
    """The archive is refused; the message says which entry and why. Nothing has been changed."""


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    path: str
    size: int
    info: zipfile.ZipInfo


class _BoundedReads:
    """A file that refuses large reads: zipfile reads the directory in one, before it can be asked for its size."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.limit: int | None = MAX_DIRECTORY
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if self.limit is not None and size > self.limit:
            raise InvalidArchive(f"The directory of the archive has {size} bytes; {self.limit} are allowed.")
        return self._file.read(size)

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """The file stays its owner's."""


class Archive:
    """A zip archive whose directory has been found sound.

    Refused are: more than ``max_entries`` entries or ``max_bytes`` unpacked (no more of an entry is unpacked than its
    directory states, so the sum holds against bombs whose entries overlap), a file above ``max_file`` bytes, names
    that are no legal path (absolute, "..", backslashes …), two files of one path, a file where another entry needs a
    folder, links and devices, encryption, and other methods than stored and deflate.
    """

    def __init__(
        self, file: BinaryIO, *, max_entries: int, max_bytes: int, max_file: int, into: tuple[str, ...] = ()
    ) -> None:
        """Reads the directory; ``file`` stays the caller's and must stay open. All paths are put below ``into``.

        Raises:
            InvalidArchive
        """
        with _readable():
            bounded = _BoundedReads(file)
            self._zip = zipfile.ZipFile(bounded)
            bounded.limit = None
            entries = self._zip.infolist()
        if len(entries) > max_entries:
            raise InvalidArchive(f"The archive has {len(entries)} entries; {max_entries} are allowed.")
        if (size := sum(info.file_size for info in entries)) > max_bytes:
            raise InvalidArchive(f"The archive unpacks to {size} bytes; {max_bytes} are allowed.")
        # Thousands of entries that name the same bytes: however little each yields, all of them are gone through.
        if sum(info.compress_size for info in entries) > file.seek(0, io.SEEK_END):
            raise InvalidArchive("The archive is damaged: its entries overlap.")
        files: dict[str, ArchivedFile] = {}
        folders: set[str] = set()
        for info in entries:
            path, is_folder = _checked(info, into, max_file)
            names = path.split("/")
            if names[len(into)] == "__MACOSX" or names[-1] == ".DS_Store":
                continue  # what a Mac's Finder adds of its own to every archive that it makes
            folders.update(join(names[:depth]) for depth in range(1, len(names) + is_folder))
            if is_folder:
                continue
            if path in files:
                raise InvalidArchive(f"The archive holds “{path}” twice.")
            files[path] = ArchivedFile(path, info.file_size, info)
        if clash := min(folders & files.keys(), default=None):
            raise InvalidArchive(f"In the archive “{clash}” is a file and a folder.")
        self.files = list(files.values())
        self.folders = sorted(folders)
        """Every folder, also those that only a file's path names; outer ones before inner ones."""

    async def read(self, file: ArchivedFile) -> bytes:
        """The content of ``file``.

        Raises:
            InvalidArchive: it is damaged.
        """
        if max(file.size, file.info.compress_size) >= LARGE:
            return await asyncio.to_thread(self._read, file)
        await asyncio.sleep(0)  # there may be thousands
        return self._read(file)

    def _read(self, file: ArchivedFile) -> bytes:
        info = copy.copy(file.info)
        info.file_size += 1  # zipfile ends where it is told that the entry ends, whatever may follow
        content = io.BytesIO()
        # Not all at once: zipfile then inflates all that there is, and cuts it afterwards.
        with _readable(file.path), self._zip.open(info) as member:
            while portion := member.read(min(PORTION, info.file_size)):
                content.write(portion)
            if content.tell() != file.size:
                raise zipfile.BadZipFile(f"it does not have the {file.size} bytes that the directory states")
        return content.getvalue()


def _checked(info: zipfile.ZipInfo, into: tuple[str, ...], max_file: int) -> tuple[str, bool]:
    name = _name(info)
    is_folder = name.endswith("/")
    try:
        path = join(parse_path(join([*into, name.removesuffix("/")])))
    except InvalidPath as error:
        raise InvalidArchive(f"The archive holds the name {name[:100]!r}. {error}") from None
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InvalidArchive(f"In the archive “{path}” is a link or a device, not a file.")
    if info.flag_bits & _ENCRYPTED:
        raise InvalidArchive(f"In the archive “{path}” is encrypted.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InvalidArchive(f"In the archive “{path}” is compressed in a way that is not supported; use deflate.")
    if info.file_size > max_file:
        raise InvalidArchive(f"In the archive “{path}” has {info.file_size} bytes; {max_file} are allowed.")
    return path, is_folder


def _name(info: zipfile.ZipInfo) -> str:
    # `filename` ends at the first NUL, `orig_filename` does not: a name with NUL is refused rather than cut.
    name = info.orig_filename
    if info.flag_bits & _UTF8_NAMES:
        return name
    try:
        # Archives made on a Mac hold UTF-8 without saying so. True CP437 names are hardly ever valid UTF-8.
        return name.encode("cp437").decode()
    except UnicodeError:
        return name


@contextmanager
def _readable(path: str | None = None) -> Iterator[None]:
    try:
        yield
    except InvalidArchive:
        raise
    # What zipfile raises over bytes that are no sound archive; NotImplementedError of a compression that it lacks.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        what = "This is not a zip archive" if path is None else f"In the archive “{path}” is damaged"
        raise InvalidArchive(f"{what} ({error}).") from error


class _Sink(io.RawIOBase):
    """Where zipfile writes without seeking; what has gathered is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class ArchiveWriter:
    """Writes a zip archive as a stream: each method yields the bytes that it adds."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)

    def folder(self, path: str) -> bytes:
        self._zip.mkdir(path)
        return self._sink.take()

    async def file(self, path: str, modified: datetime, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        info = zipfile.ZipInfo(path, date_time=modified.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        with self._zip.open(info, "w") as member:
            async for chunk in content:
                await asyncio.to_thread(member.write, chunk) if len(chunk) > LARGE else member.write(chunk)
                yield self._sink.take()
        yield self._sink.take()

    def end(self) -> bytes:
        self._zip.close()
        return self._sink.take()
