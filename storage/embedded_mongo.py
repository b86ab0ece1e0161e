"""Starts and supervises the embedded document database as a child process."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import structlog

log = structlog.get_logger(__name__)

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_BACKLOG = 256
_LOG_BYTES = 1 << 20


class EmbeddedMongoFailed(Exception):
    """The database did not start. The message holds the end of its log."""


@contextlib.asynccontextmanager
async def embedded_mongo(data_dir: Path) -> AsyncIterator[str]:
    """A `mongodb://` URL of a database that keeps its data in `data_dir` and lives as long as the context.

    It listens on a Unix socket in a folder that only this user can enter. When its process dies it is started again
    behind the same socket, so clients merely see a broken connection. Raises `EmbeddedMongoFailed`.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Not in data_dir: the path of a Unix socket has at most 103 bytes.
    private = Path(tempfile.mkdtemp(prefix="scriptorium-"))
    listener = socket.socket(socket.AF_UNIX)
    try:
        path = private / "mongo.sock"
        listener.bind(str(path))
        listener.listen(_BACKLOG)
        child = _Child(data_dir, listener)
        await child.start()
        supervising = asyncio.create_task(child.supervise())
        try:
            yield f"mongodb://{quote(str(path), safe='')}/scriptorium"
        finally:
            supervising.cancel()
            await asyncio.wait([supervising])
            await child.stop()
    finally:
        listener.close()
        shutil.rmtree(private, ignore_errors=True)


class _Child:
    """The process, and the listening socket that outlives it."""

    def __init__(self, data_dir: Path, listener: socket.socket) -> None:
        self._data_dir = data_dir
        self._listener = listener
        self._log = data_dir / "server.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        descriptor = self._listener.fileno()
        keep = self._log.exists() and self._log.stat().st_size < _LOG_BYTES
        with self._log.open("ab" if keep else "wb") as log_file:
            before = log_file.tell()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "storage.embedded.server",
                str(self._data_dir),
                str(descriptor),
                stdin=asyncio.subprocess.PIPE,  # its end tells the child that we are gone
                stdout=asyncio.subprocess.PIPE,
                stderr=log_file,
                pass_fds=[descriptor],
                start_new_session=True,  # Ctrl-C is for us; we stop the child after everything is written
            )
        assert self._process.stdout is not None
        ready = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                ready = await self._process.stdout.readline()
        if not ready:
            await self.stop()
            end = self._log.read_bytes()[before:][-2_000:].decode(errors="replace").strip()
            raise EmbeddedMongoFailed(f"the embedded database in {self._data_dir} did not start: {end or 'no answer'}")

    async def supervise(self) -> None:
        """Starts the process again whenever it ends: at once, but more slowly when that keeps happening."""
        pause = 0.0
        while True:
            assert self._process is not None
            began = time.monotonic()
            code = await self._process.wait()
            log.error("the embedded database ended and is started again", code=code, log=str(self._log))
            pause = 0.0 if time.monotonic() - began > 60 else min(pause * 2 + 0.1, 5.0)
            while True:
                await asyncio.sleep(pause)
                try:
                    await self.start()
                    break
                except (EmbeddedMongoFailed, OSError) as error:
                    log.error("the embedded database does not start", error=str(error))
                    pause = min(pause * 2 + 0.1, 5.0)

    async def stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
