"""A Yjs client in Python, for tests of the server: it knows the protocol and nothing of its manners."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pycrdt import Doc, Text, TransactionEvent
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from collab.yjs.codec import (
    Barrier,
    SyncStep1,
    SyncStep2,
    Update,
    decode_frame,
    encode_awareness,
    encode_barrier,
    encode_sync_step_1,
    encode_sync_step_2,
    encode_update,
    write_var_string,
    write_var_uint,
)
from tests.support.waiting import PATIENCE, until


class SyncClient:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.doc: Doc[Any] = Doc()
        self._text = self.doc.get("text", type=Text)
        self.synced = asyncio.Event()
        self.presence: list[bytes] = []
        """Payloads of awareness frames, as they came."""
        self._answered: set[bytes] = set()
        self._tokens = itertools.count(1)
        self._received = 0
        self._reading = asyncio.create_task(self._read())

    @property
    def text(self) -> str:
        return str(self._text)

    async def type(self, text: str, at: int = 0) -> None:
        """Insert ``text`` at ``at`` (bytes of UTF-8) and send it."""
        await self.socket.send(encode_update(self.insert(text, at)))

    def insert(self, text: str, at: int = 0) -> bytes:
        """Insert it here alone; returns the update."""
        updates: list[bytes] = []

        def collect(event: TransactionEvent) -> None:
            updates.append(event.update)

        subscription = self.doc.observe(collect)
        self._text.insert(at, text)
        self.doc.unobserve(subscription)
        return updates[0]

    async def send_all(self) -> None:
        """Send everything that it holds, as a browser does that comes back."""
        await self.socket.send(encode_sync_step_2(self.doc.get_update()))

    @property
    def has_ended(self) -> bool:
        """Whether the connection is over."""
        return self._reading.done()

    async def barrier(self, within: float = PATIENCE) -> None:
        """Returns when all that was sent is durable. TimeoutError."""
        token = str(next(self._tokens)).encode()
        await self.socket.send(encode_barrier(token))
        await until(lambda: token in self._answered, within)

    async def shows(self, text: str, within: float = PATIENCE) -> None:
        """Returns when the document reads ``text``."""
        try:
            await until(lambda: self.text == text, within)
        except TimeoutError:
            raise AssertionError(f"shows {self.text!r}, not {text!r}") from None

    async def show_presence(self, state: dict[str, Any], clock: int = 1) -> None:
        buffer = bytearray()
        write_var_uint(buffer, 1)
        write_var_uint(buffer, self.doc.client_id)
        write_var_uint(buffer, clock)
        write_var_string(buffer, json.dumps(state))
        await self.socket.send(encode_awareness(bytes(buffer)))

    async def closed(self, within: float = PATIENCE) -> int:
        """The code that the server closes with."""
        await asyncio.wait_for(asyncio.shield(self._reading), within)
        code = self.socket.close_code
        assert code is not None
        return code

    async def _read(self) -> None:
        await self.socket.send(encode_sync_step_1(self.doc.get_state()))
        try:
            async for frame in self.socket:
                assert isinstance(frame, bytes)
                if frame[:1] == b"\x01":
                    self.presence.append(frame)
                    continue
                match decode_frame(frame):
                    case SyncStep1(state_vector):
                        await self.socket.send(encode_sync_step_2(self.doc.get_update(state_vector)))
                    case SyncStep2(update):
                        self.doc.apply_update(update)
                        self.synced.set()
                    case Update(update):
                        self.doc.apply_update(update)
                    case Barrier(token):
                        self._answered.add(token)
        except ConnectionClosed:
            return

    async def leave(self) -> None:
        await self.socket.close()
        await asyncio.gather(self._reading, return_exceptions=True)


@asynccontextmanager
async def sync_client(url: str, **options: Any) -> AsyncIterator[SyncClient]:
    """A client that has all of the document already."""
    async with open_socket(url, **options) as socket:
        client = SyncClient(socket)
        try:
            await asyncio.wait_for(client.synced.wait(), PATIENCE)
            yield client
        finally:
            await client.leave()


@asynccontextmanager
async def open_socket(url: str, **options: Any) -> AsyncIterator[ClientConnection]:
    async with connect(url, compression=None, max_size=None, proxy=None, **options) as socket:
        yield socket


async def close_code(url: str, **options: Any) -> int:
    """What the server closes a fresh socket with."""
    async with open_socket(url, **options) as socket:
        async with asyncio.timeout(PATIENCE):
            await socket.wait_closed()
        assert socket.close_code is not None
        return socket.close_code
