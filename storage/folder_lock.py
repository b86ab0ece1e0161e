"""One process per data folder, unless Redis connects several."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType


class FolderInUse(Exception):
    """Another process works on this data folder. The message says which, and what to set."""


class FolderLock:
    """An exclusive lock on a data folder, held until `release` or until the process ends in whatever way."""

    def __init__(self, folder: Path) -> None:
        """Raises `FolderInUse` at once when another process holds the folder, `OSError` when it cannot be created."""
        folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise FolderInUse(
                f"{folder} is in use by process {holder or 'unknown'}. To run several processes, set "
                "SCRIPTORIUM_REDIS_URL, SCRIPTORIUM_MONGO_URL and SCRIPTORIUM_OBJECT_STORE_URL for each of them; "
                "or give this one another SCRIPTORIUM_DATA_DIR."
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
