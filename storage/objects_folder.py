"""Objects as plain files in a folder.

Written here rather than taken from `obstore`, whose local store neither syncs to disk nor accepts names that end in
`#1` or are longer than about 250 bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from storage.objects import ObjectInfo, ObjectNotFound, ObjectStore, check_key

_CHUNK = 1 << 20
_ABANDONED_SECONDS = 3600
_PROBE = 64 * 1024
"""Bytes that there must be room for."""
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class FolderStore(ObjectStore):
    """Several processes may share the folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        # Beside the root, not in it: no key can then name a half-written file, and a rename stays on one file system.
        self._incoming = self._root.with_name(self._root.name + ".incoming")
        for folder in (self._root, self._incoming):
            _make_folder(folder)
        self._remove_abandoned()

    async def put(self, key: str, data: bytes) -> None:
        target = self._path(key)
        await asyncio.to_thread(self._put, target, data)

    async def get(self, key: str) -> bytes:
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except _ABSENT:
            raise ObjectNotFound(key) from None

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread(self._path(key).open, "rb")
        except _ABSENT:
            raise ObjectNotFound(key) from None
        with file:
            file.seek(start)
            left = sys.maxsize if end is None else end - start
            while chunk := await asyncio.to_thread(file.read, min(_CHUNK, left)):
                left -= len(chunk)
                yield chunk

    async def head(self, key: str) -> ObjectInfo | None:
        try:
            status = await asyncio.to_thread(self._path(key).stat)
        except _ABSENT:
            return None
        return _info(key, status) if stat.S_ISREG(status.st_mode) else None

    async def copy(self, source: str, target: str) -> None:
        await asyncio.to_thread(self._copy, source, self._path(target))

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._delete, self._path(key))

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        folders = [check_key(prefix.rstrip("/"))] if prefix.rstrip("/") else [""]
        while folders:
            folder = folders.pop()
            found, below = await asyncio.to_thread(_scan, self._root, folder)
            folders += below
            for info in found:
                yield info

    async def ping(self) -> None:
        await asyncio.to_thread(self._ping)

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _ping(self) -> None:
        if not os.access(self._root, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(f"{self._root} cannot be read and written")
        # On a full disk all that may be written cannot be.
        probe = self._incoming / uuid4().hex
        try:
            probe.write_bytes(bytes(_PROBE))
        finally:
            probe.unlink(missing_ok=True)

    def _put(self, target: Path, data: bytes) -> None:
        with self._arriving(target) as arriving, arriving.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _copy(self, source: str, target: Path) -> None:
        try:
            original = self._path(source).open("rb")
        except _ABSENT:
            raise ObjectNotFound(source) from None
        # No hard link: whoever edits the one file in place would change the other.
        with original, self._arriving(target) as arriving, arriving.open("wb") as file:
            shutil.copyfileobj(original, file, _CHUNK)
            file.flush()
            os.fsync(file.fileno())

    @contextlib.contextmanager
    def _arriving(self, target: Path) -> Iterator[Path]:
        """A path to write and sync; renamed to `target` afterwards."""
        arriving = self._incoming / uuid4().hex
        try:
            yield arriving
            while True:
                _make_folder(target.parent)
                try:
                    arriving.replace(target)
                    break
                except FileNotFoundError:  # a delete pruned the empty folder between the two lines above
                    if not arriving.exists():
                        raise
            _sync_folder(target.parent)
        finally:
            arriving.unlink(missing_ok=True)

    def _delete(self, target: Path) -> None:
        try:
            target.unlink()
        except _ABSENT:
            return
        for folder in target.parents:
            if folder == self._root:
                return
            try:
                folder.rmdir()
            except OSError:  # not empty
                return

    def _remove_abandoned(self) -> None:
        """Removes what a crash left half-written, by age: another process may be writing there now."""
        for path in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    path.unlink()


def _scan(root: Path, folder: str) -> tuple[list[ObjectInfo], list[str]]:
    """The objects directly in `folder`, and the folders in it."""
    found: list[ObjectInfo] = []
    below: list[str] = []
    with contextlib.suppress(*_ABSENT), os.scandir(root / folder) as entries:
        for entry in entries:
            key = f"{folder}/{entry.name}" if folder else entry.name
            with contextlib.suppress(FileNotFoundError, ValueError):  # just deleted, or put here by others
                check_key(key)
                if entry.is_dir(follow_symlinks=False):
                    below.append(key)
                elif entry.is_file(follow_symlinks=False):
                    found.append(_info(key, entry.stat(follow_symlinks=False)))
    return found, below


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    return ObjectInfo(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _make_folder(folder: Path) -> None:
    """Creates `folder` and its missing parents so that they survive a power cut."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # pruned by a delete of the very object: then its name need not be kept
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
