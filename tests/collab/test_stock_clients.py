"""The stock y-websocket client and the pure parts of this package, with a socket and the smallest relay between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pycrdt import Doc, Text
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from collab.limits import Limits
from collab.rooms.presence import Presence
from collab.yjs import codec
from collab.yjs.codec import Awareness, Barrier, QueryAwareness, SyncStep1, SyncStep2, Update, decode_frame
from collab.yjs.update import advance, missing, read_update
from tests.support.yjs import Clients, YjsClient, YjsError, yjs_clients


@dataclass(frozen=True)
class Person:
    user: str
    name: str = "Name"
    color: str = "#123456"
    role: str = "editor"


class Relay:
    def __init__(self) -> None:
        self.doc: Doc[Text] = Doc()
        self.text = self.doc.get("text", type=Text)
        self.state: dict[int, int] = {}
        self.presence = Presence(Limits())
        self.sockets: set[ServerConnection] = set()
        self.requests: list[str] = []
        self.url = ""

    async def serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.requests.append(socket.request.path)
        self.sockets.add(socket)
        try:
            await socket.send(codec.encode_sync_step_1(self.doc.get_state()))
            if (states := self.presence.all_states()) is not None:
                await socket.send(codec.encode_awareness(states))
            async for frame in socket:
                assert isinstance(frame, bytes)
                await self._take(socket, frame)
        except ConnectionClosed:
            return
        finally:
            self.sockets.discard(socket)
            self.presence.detach(socket)
            await self._spread_presence()

    async def _take(self, socket: ServerConnection, frame: bytes) -> None:
        match decode_frame(frame):
            case SyncStep1(state_vector):
                await socket.send(codec.encode_sync_step_2(self.doc.get_update(state_vector)))
            case SyncStep2(update) | Update(update):
                header = read_update(update, "text")
                assert missing(header, self.state) is None
                advance(self.state, header)
                self.doc.apply_update(update)
                for other in self.sockets - {socket}:
                    await other.send(codec.encode_update(update))
            case Awareness(payload):
                assert socket.request is not None
                person = Person("ann" if "token=ann" in socket.request.path else "bob")
                if (nudge := self.presence.receive(socket, payload, person)) is not None:
                    await socket.send(codec.encode_awareness(nudge))
                await self._spread_presence()
            case Barrier(token):
                await socket.send(codec.encode_barrier(token))
            case QueryAwareness():
                raise AssertionError("the stock client asks for this over BroadcastChannel only")

    async def _spread_presence(self) -> None:
        if (changes := self.presence.take_changes()) is not None:
            for socket in list(self.sockets):
                await socket.send(codec.encode_awareness(changes.payload))


@asynccontextmanager
async def relay() -> AsyncIterator[Relay]:
    running = Relay()
    async with serve(running.serve, "127.0.0.1", 0) as server:
        running.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/sync"
        yield running


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    async with yjs_clients() as running:
        yield running


async def until(probe: Callable[[], Awaitable[Any]]) -> Any:
    """The first true answer of `probe`."""
    async with asyncio.timeout(10):
        while True:
            if answer := await probe():
                return answer
            await asyncio.sleep(0.01)


async def state_of(client: YjsClient, *, at: YjsClient, having: str = "user") -> dict[str, Any]:
    """The presence of a client as another one sees it, as soon as it has this field."""

    async def look() -> dict[str, Any] | None:
        state = (await at.states()).get(client.client_id, {})
        return state if having in state else None

    found: dict[str, Any] = await until(look)
    return found


async def not_seen(client: YjsClient, *, at: YjsClient) -> bool:
    return client.client_id not in await at.states()


async def test_text_barrier_and_presence(clients: Clients) -> None:
    async with relay() as server:
        one = await clients.open(server.url, "ws/doc", token="ann")
        await one.wait_until_synced()
        two = await clients.open(server.url, "ws/doc")
        await two.wait_until_synced()
        assert server.requests == ["/sync/ws/doc?token=ann", "/sync/ws/doc"]
        await one.insert(0, "hé😀")
        await one.barrier()
        assert str(server.text) == "hé😀"
        await two.wait_for_text("hé😀")
        await two.delete(1, 3)
        await one.wait_for_text("h")
        # Neither has ever changed its state, and stock clients do not show anybody who stands at clock 0.
        await state_of(two, at=one)
        assert (await state_of(one, at=two))["user"]["id"] == "ann"
        await two.set_state({"cursor": 1, "user": {"name": "Eve"}})
        assert (await state_of(two, at=one, having="cursor"))["user"]["name"] == "Name"


async def test_connecting_again_brings_edits_and_presence_back_at_once(clients: Clients) -> None:
    async with relay() as server:
        one = await clients.open(server.url, "ws/doc")
        two = await clients.open(server.url, "ws/doc", state={"cursor": 7})
        for client in (one, two):
            await client.wait_until_synced()
        await state_of(two, at=one)
        await two.cut()
        await until(lambda: not_seen(two, at=one))
        await two.insert(0, "written offline")
        await one.wait_for_text("written offline")
        await state_of(two, at=one)
        await one.disconnect()
        await two.insert(0, "! ")
        await one.connect()
        await one.wait_for_text("! written offline")


async def test_what_goes_wrong_is_reported(clients: Clients) -> None:
    async with relay() as server:
        client = await clients.open(server.url, "ws/doc")
        await client.wait_until_synced()
        with pytest.raises(YjsError, match="not within"):
            await client.wait_for_text("never", seconds=0.2)
        for socket in list(server.sockets):
            await socket.close(4404, "no such document")
        await until(client.closes)
        assert await client.closes() == [(4404, "no such document")]
        await asyncio.sleep(0.5)
        assert not await client.is_connected(), "the stock client takes 4400 to 4499 as final"
