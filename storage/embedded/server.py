"""The database's own process: `python -m storage.embedded.server <folder> <descriptor of the listening socket>`.

One thread does everything, because SQLite lets one writer in anyway. All commands that have arrived together share one
transaction, thus one wait for the disk, and are answered after it.

The process ends when its standard input does, which happens when its parent dies in whatever way: unlike the signal
that Linux offers for this, that works everywhere and cannot be missed between fork and exec.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import logging
import os
import signal
import socket
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any, cast

import uvloop

from storage.embedded.commands import Commands
from storage.embedded.tables import Tables
from storage.embedded.wire import HEADER, MOST_BYTES, MalformedMessage, Request, read_request, write_reply

log = logging.getLogger(__name__)

_ORPHAN_ENDS_SECONDS = 1.0
_INTERNAL_ERROR = 1


class Server:
    """Collects the commands of all connections and runs them in groups."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._commands = Commands(tables)
        self._waiting: list[tuple[Connection, Request]] = []
        self._numbers = itertools.count(1)

    def connection(self) -> Connection:
        return Connection(self, next(self._numbers))

    def enqueue(self, connection: Connection, request: Request) -> None:
        if not self._waiting:
            # The loop calls this after it has read from every socket that was ready: those make one group.
            asyncio.get_running_loop().call_soon(self.run_waiting)
        self._waiting.append((connection, request))

    def run_waiting(self) -> None:
        group, self._waiting = self._waiting, []
        try:
            replies = [self._commands.run(request, connection.number) for connection, request in group]
            self._tables.commit()
        except sqlite3.Error as error:  # disk full, disk broken: nothing of the group happened, and all are told so
            log.exception("a group of commands failed")
            self._tables.rollback()
            failure: dict[str, Any] = {"ok": 0.0, "errmsg": f"storage: {error}", "code": _INTERNAL_ERROR}
            replies = [failure] * len(group)
        for (connection, request), reply in zip(group, replies, strict=True):
            if request.answered:
                connection.answer(write_reply(request, reply))

    def disconnected(self, connection: Connection) -> None:
        self._commands.disconnected(connection.number)


class Connection(asyncio.Protocol):
    def __init__(self, server: Server, number: int) -> None:
        self.number = number
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports inherit from nothing

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while message := self._next_message():
                self._server.enqueue(self, read_request(message))
        except MalformedMessage as error:
            log.warning("connection closed: %s", error)
            assert self._transport is not None
            self._transport.abort()

    def _next_message(self) -> bytes | None:
        if len(self._buffer) < HEADER.size:
            return None
        length = HEADER.unpack_from(self._buffer)[0]
        if not HEADER.size < length <= MOST_BYTES:
            raise MalformedMessage(f"a message of {length} bytes")
        if len(self._buffer) < length:
            return None
        message = bytes(self._buffer[:length])
        del self._buffer[:length]
        return message

    def answer(self, reply: bytes) -> None:
        assert self._transport is not None
        self._transport.write(reply)

    def connection_lost(self, error: Exception | None) -> None:
        self._server.disconnected(self)


async def serve(folder: Path, listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    lock = take_lock(folder / "lock")
    tables = Tables(folder / "documents.sqlite")
    server = Server(tables)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await loop.connect_read_pipe(lambda: _Lifeline(ended), sys.stdin)
    listening = await loop.create_unix_server(server.connection, sock=listener)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await ended.wait()
    listening.close()
    server.run_waiting()
    tables.close()
    os.close(lock)


class _Lifeline(asyncio.Protocol):
    """Standard input, which the parent holds open while it lives."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def connection_lost(self, error: Exception | None) -> None:
        self._ended.set()


def take_lock(path: Path) -> int:
    """Waits until no other process has the database open, and ends an orphan that hangs.

    The parent owns the data folder, so whoever still holds this lock has lost its own parent and is about to end.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _ORPHAN_ENDS_SECONDS
    killed = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline and not killed:
                killed = True
                # Only the holder writes its number here, so as long as the lock is held the number is the holder's.
                with contextlib.suppress(ValueError, ProcessLookupError):
                    os.kill(int(os.pread(descriptor, 32, 0)), signal.SIGKILL)
            elif time.monotonic() > deadline + 5 * _ORPHAN_ENDS_SECONDS:
                raise
        time.sleep(0.01)
    os.pwrite(descriptor, f"{os.getpid():>20}".encode(), 0)  # of one width, so that a reader never sees half of it
    return descriptor


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    folder, descriptor = Path(sys.argv[1]), int(sys.argv[2])
    uvloop.run(serve(folder, socket.socket(fileno=descriptor)))


if __name__ == "__main__":
    main()
