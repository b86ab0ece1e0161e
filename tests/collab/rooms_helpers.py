"""What the room tests share: records, peers that remember, and a second process on the same storage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pycrdt import Doc, Text
from pymongo.errors import AutoReconnect

from collab.durable.entries import LogEntry, NewClient
from collab.durable.snapshots import Loaded
from collab.replicas.edits import recorded
from collab.rooms import replication
from collab.rooms.connection import Connection
from collab.rooms.following import Following
from collab.rooms.peer import Identity
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.codec import (
    Barrier,
    SyncStep1,
    SyncStep2,
    Update,
    decode_frame,
    encode_barrier,
    encode_sync_step_1,
    encode_sync_step_2,
    encode_update,
)
from collab.yjs.update import Kind, UpdateHeader, read_update
from storage import Storage
from tests.support.waiting import PATIENCE


async def new_document(storage: Storage, kind: str = "text") -> str:
    document = uuid4().hex
    await storage.db["documents"].insert_one(
        {"_id": document, "workspace": "w", "kind": kind, "snapshot": None, "created_at": datetime.now(UTC)}
    )
    return document


class Client:
    """A Yjs replica on the far side of a connection; speaks the protocol as the stock client does."""

    def __init__(self, *, can_write: bool = True, user: str = "ann") -> None:
        self.author = f"user:{user}"
        self.identity = Identity(user, user.title(), "#123456", "editor")
        self.can_write = can_write
        self.doc: Doc[Any] = Doc()
        self.shared = self.doc.get("text", type=Text)
        self.closed: tuple[int, str] | None = None
        self.answers: list[bytes] = []
        self.frames: list[bytes] = []
        self._outbox: list[bytes] = []
        self._told = self.doc.get_state()

    def send(self, frame: bytes) -> None:
        if self.closed is not None:
            return
        self.frames.append(frame)
        if frame[0] == 1:
            return
        match decode_frame(frame):
            case SyncStep1(state_vector):
                self._outbox.append(encode_sync_step_2(self.doc.get_update(state_vector)))
            case SyncStep2(update) | Update(update):
                before = self.doc.get_state()
                self.doc.apply_update(update)
                if self._told == before:
                    self._told = self.doc.get_state()
            case Barrier(token):
                self.answers.append(token)

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def join(self, room: Room) -> None:
        self.connection = Connection(room, self)
        self._outbox.append(encode_sync_step_1(self.doc.get_state()))

    async def pump(self) -> None:
        while self._outbox:
            await self.connection.receive(self._outbox.pop(0))

    def insert(self, index: int, text: str) -> bytes:
        """Type; returns the update, which is not sent yet. The index counts UTF-8 bytes, as pycrdt does."""
        with recorded(self.doc) as updates:
            self.shared.insert(index, text)
        [update] = updates
        return update

    async def type(self, index: int, text: str) -> None:
        await self.connection.receive(encode_update(self.insert(index, text)))

    async def barrier(self, token: bytes = b"t") -> None:
        await self.connection.receive(encode_barrier(token))

    @property
    def text(self) -> str:
        return str(self.shared)

    @property
    def asked(self) -> int:
        """How often it was asked for all that it has."""
        return sum(frame[0] == 0 and isinstance(decode_frame(frame), SyncStep1) for frame in self.frames)


async def joined(room: Room, *users: str) -> list[Client]:
    """People in the room who have been shown what is in it."""
    clients = [Client(user=user) for user in users]
    for client in clients:
        client.join(room)
        await client.pump()
    return clients


def losing(
    monkeypatch: pytest.MonkeyPatch, room: Room, process: str, kind: type[replication.Replica] = replication.Logged
) -> None:
    """The bus loses the next message of that kind from ``process`` to ``room``, and nothing else."""
    take, lost = Following.take, False

    def lossy(receiver: Following, message: replication.Replica) -> Awaitable[None] | None:
        nonlocal lost
        if receiver.room is room and isinstance(message, kind) and message.process == process and not lost:
            lost = True
            return None
        return take(receiver, message)

    monkeypatch.setattr(Following, "take", lossy)


def following(rooms: Rooms, room: Room) -> Following:
    """What brings into ``room`` what other processes write."""
    found = rooms._slots[room.document].following
    assert found is not None
    return found


def of_many_structs(count: int, letter: str, client: int = 1) -> bytes:
    """An update of so many, each by itself."""
    doc: Doc[Any] = Doc(client_id=client)
    text = doc.get("text", type=Text)
    with doc.transaction():
        for _ in range(count):
            text.insert(0, letter)
    return doc.get_update()


def read_at_a_stretch(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of each update that is read from now on without turns for others, while updates are held against what is
    known."""
    sizes: list[int] = []

    def noted(update: bytes, kind: Kind) -> UpdateHeader:
        sizes.append(len(update))
        return read_update(update, kind)

    monkeypatch.setattr("collab.yjs.known.read_update", noted)
    return sizes


def rebuilt_from(monkeypatch: pytest.MonkeyPatch, room: Room) -> list[Loaded]:
    """What ``room`` is rebuilt from, from now on."""
    rebuilds: list[Loaded] = []
    rebuilt = room.rebuilt

    async def noted(loaded: Loaded) -> None:
        rebuilds.append(loaded)
        await rebuilt(loaded)

    monkeypatch.setattr(room, "rebuilt", noted)
    return rebuilds


def integrated_in_each_turn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Structs and delete ranges that the CRDT library is given from now on, in each turn of the event loop."""
    loop, apply = asyncio.get_running_loop(), Doc.apply_update
    turns: list[int] = []
    same = False

    def next_turn() -> None:
        nonlocal same
        same = False

    def counted(doc: Doc[Any], content: bytes) -> None:
        nonlocal same
        if not same:
            same = True
            turns.append(0)
            loop.call_soon(next_turn)
        turns[-1] += read_update(content, "text").parts
        apply(doc, content)

    monkeypatch.setattr(Doc, "apply_update", counted)
    return turns


@contextmanager
def log_away(rooms: Rooms) -> Iterator[None]:
    """For as long as the context lasts this process cannot reach the log, while others still can."""
    append = rooms.updates.append

    async def fail(entries: Sequence[LogEntry], clients: Sequence[NewClient] = ()) -> None:
        raise AutoReconnect("connection refused")

    rooms.updates.append = fail  # type: ignore[method-assign]
    try:
        yield
    finally:
        rooms.updates.append = append  # type: ignore[method-assign]


@contextmanager
def log_hangs(rooms: Rooms) -> Iterator[list[list[LogEntry]]]:
    """The log of this process takes what it is given, and answers only after the context; yields what it was given."""
    append = rooms.updates.append
    answers = asyncio.Event()
    given: list[list[LogEntry]] = []

    async def hang(entries: Sequence[LogEntry], clients: Sequence[NewClient] = ()) -> None:
        given.append(list(entries))
        await answers.wait()
        await append(entries, clients)

    rooms.updates.append = hang  # type: ignore[method-assign]
    try:
        yield given
    finally:
        rooms.updates.append = append  # type: ignore[method-assign]
        answers.set()


class Crash(Exception):
    """Where a process dies."""


class Crashing:
    """Lets so many calls of these methods through, and then no more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, methods: Mapping[type, Sequence[str]]) -> None:
        self.left = 1_000_000
        for owner, names in methods.items():
            for name in names:
                monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def counted(*args: object, **named: object) -> object:
            self.left -= 1
            if self.left < 0:
                raise Crash
            return await method(*args, **named)

        return counted


async def eventually(condition: Callable[[], bool] | Callable[[], Awaitable[bool]], timeout: float = PATIENCE) -> None:
    """Wait until ``condition`` holds; fails after ``timeout`` seconds."""
    async with asyncio.timeout(timeout):
        while True:
            result = condition()
            if (await result) if isinstance(result, Awaitable) else result:
                return
            await asyncio.sleep(0.01)
