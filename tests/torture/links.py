"""The network between one server and one service: it can be severed, or made to hang, for this server alone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
_PIECE = 64 * 1024


class Link:
    """Give `relay` to `asyncio.start_server` or `start_unix_server`."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._severed = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()

    def sever(self) -> None:
        """Connections break, and new ones do too."""
        self._severed = True
        for writer in self._writers:
            writer.transport.abort()

    def hang(self) -> None:
        """Nothing arrives any more, on connections that stay open; all of it does after `mend`."""
        self._flowing.clear()

    def mend(self) -> None:
        self._severed = False
        self._flowing.set()

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._known(writer):
            if self._severed:
                return
            try:
                far_reader, far_writer = await self._connect()
            except OSError:
                return
            with self._known(far_writer):
                ways = [
                    asyncio.create_task(self._pump(reader, far_writer)),
                    asyncio.create_task(self._pump(far_reader, writer)),
                ]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                await asyncio.wait(ways)

    @contextlib.contextmanager
    def _known(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_PIECE):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
