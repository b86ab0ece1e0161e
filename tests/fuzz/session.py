"""Fuzz target `session`: a whole room with hostile clients and an innocent bystander, on real embedded storage.

An input is a programme: who does what in which order (`Choices`). The hostile send arbitrary bytes, frames and updates
that are well-formed and forged, and changed copies of what was sent before. Whatever they do:

- nothing but the documented exceptions leaves `Connection.receive`, and none of them concerns another connection;
- no turn of the event loop takes more than 50 ms of CPU;
- the bystander is never closed, its barrier is answered, and it ends with the room's content;
- the room's content is what the log holds.
"""

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog

from collab.refusals import DocumentTooLarge, Overloaded, RoomClosed
from collab.rooms import connection
from collab.rooms.connection import Connection
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.codec import (
    MalformedFrame,
    encode_awareness,
    encode_barrier,
    encode_sync_step_1,
    encode_sync_step_2,
    encode_update,
    write_var_string,
    write_var_uint,
)
from collab.yjs.update import InvalidUpdate, Kind, encode_state_vector
from storage import Storage, open_storage
from tests.collab.yjs_bytes import collected, deleted, item, node, skip, text, uint, update, value
from tests.fuzz.choices import Choices
from tests.fuzz.people import Bystander, Peer

LONGEST_TURN = 0.05
"""Seconds of CPU."""

TURN = 0.004
_ATTEMPTS = 3
_STEPS = 48
_REFUSED = (MalformedFrame, InvalidUpdate, DocumentTooLarge, Overloaded, RoomClosed)
_CONTENTS = ("a", "bc", "\n", "é", "😀", "a😀b😁", "👩‍👩‍👧", "x" * 200, "\r", "\0", "", b"\xed\xa0\xbd", b"\xff")
_CLIENTS = (1, 2, 5, 127, 128, 2**32 - 1, 2**33, 2**53 - 1, 0)
_VALUES = (b"\x7e", b"\x78", b"\x77\x01a", b"\x7d\x05", b"\x7b" + bytes(8), b"\x75\x00", b"\x76\x00", b"\x7d\xff")


class Turns(asyncio.SelectorEventLoop):
    """An event loop that knows the longest of its turns, in CPU, so that a busy machine does not count."""

    longest = 0.0
    making = 0.0
    """Of the present turn, what making up hostile frames took: longer than taking them, and not the server's."""

    def _run_once(self) -> None:
        self.making = 0.0
        began = time.thread_time()
        super()._run_once()  # type: ignore[misc]
        self.longest = max(self.longest, time.thread_time() - began - self.making)


class Theatre:
    """The loop and the storage that all inputs share."""

    def __init__(self, folder: Path) -> None:
        self._loop = Turns()
        self._opening = open_storage(mongo_url=None, object_store_url=None, redis_url=None, data_dir=folder)
        self._storage = self._loop.run_until_complete(self._opening.__aenter__())

    def run(self, data: bytes) -> None:
        """One input. AssertionError, or whatever should not have been raised."""
        # What an input costs by itself, it costs each time; collected garbage and a busy processor come and go.
        for _ in range(_ATTEMPTS):
            longest = self._loop.run_until_complete(_session(self._loop, self._storage, Choices(data)))
            if longest <= LONGEST_TURN:
                return
        raise AssertionError(f"one turn of the loop took {longest * 1000:.0f} ms, and too long {_ATTEMPTS} times")

    def close(self) -> None:
        self._loop.run_until_complete(self._opening.__aexit__(None, None, None))
        self._loop.close()


@contextmanager
def theatre(folder: Path) -> Iterator[Theatre]:
    """Meanwhile nothing is logged in this process, and whoever is costly does not wait: waiting finds nothing."""
    share, logging_as = connection.COSTLY_SHARE, structlog.get_config()
    connection.COSTLY_SHARE = 1.0
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    opened = Theatre(folder)
    try:
        yield opened
    finally:
        opened.close()
        structlog.configure(**logging_as)
        connection.COSTLY_SHARE = share


async def _session(loop: Turns, storage: Storage, choices: Choices) -> float:
    """The longest turn of the loop."""
    kind: Kind = choices.pick(("text", "tree"))
    document = uuid4().hex
    await storage.db["documents"].insert_one(
        {"_id": document, "workspace": "w", "kind": kind, "snapshot": None, "created_at": datetime.now(UTC)}
    )
    rooms = Rooms(storage)
    try:
        async with rooms.open(document) as room:
            bystander = Bystander(kind)
            bystander.join(room)
            crowd = Crowd(loop, room, choices, bystander)
            loop.longest = 0.0
            for step in range(_STEPS):
                if not choices:
                    break
                if choices.chance(10):
                    assert bystander.connection is not None
                    await bystander.connection.receive(encode_update(bystander.write(step)))
                began = time.thread_time()
                await crowd.act()
                await bystander.pump()
                # The server, too, lets the others have their turn after a few milliseconds.
                if time.thread_time() - began > TURN or choices.chance(50):
                    await asyncio.sleep(0)
            await asyncio.wait_for(_settle(room, bystander), 20)
            longest = loop.longest
            assert bystander.closed is None, bystander.closed
            content = room.text if kind == "text" else room.nodes
            assert bystander.content == content, f"{bystander.content!r} is not {content!r}"
        loaded = await rooms.snapshots.load(document)
        assert not loaded.waiting
        if isinstance(content, str):
            # Not in this order: with references that no replica can have made, text stands elsewhere when a document is
            # encoded anew, in Yjs as well (`collab.yjs.update`). What is there must be the same to a character.
            assert sorted(str(loaded.replica.text)) == sorted(content)
        else:
            assert dict(loaded.replica.nodes.to_py() or {}) == content
        assert loaded.replica.state == room.state
        return longest
    finally:
        await rooms.close()


async def _settle(room: Room, bystander: Bystander) -> None:
    """Until nothing is under way: the bystander hears that all is durable."""
    assert bystander.connection is not None
    await bystander.connection.receive(encode_barrier(b"end"))
    while bystander.answers[-1:] != [b"end"]:
        await asyncio.sleep(0.001)
        await bystander.pump()
    await room.sound.wait()
    room.flush()


class Crowd:
    """The hostile: two who may write and one who may not.

    They do anything but one thing, against which Yjs knows no remedy: write in the name of the bystander's client id
    what the bystander itself is about to write.
    """

    def __init__(self, loop: Turns, room: Room, choices: Choices, innocent: Bystander) -> None:
        self._loop = loop
        self._innocent = innocent
        self._room = room
        self._choices = choices
        self._sent: list[bytes] = []
        self._structs_left = 10_000
        self._peers = [Peer("eve"), Peer("mallory"), Peer("viewer", can_write=False)]
        self._connections = [Connection(room, peer) for peer in self._peers]

    async def act(self) -> None:
        who = self._choices.below(len(self._peers))
        began = time.thread_time()
        frame = self._frame()
        self._sent.append(frame)
        self._loop.making += time.thread_time() - began
        try:
            await self._connections[who].receive(frame)
        except _REFUSED:
            self._replace(who)
        if self._peers[who].closed is not None or self._choices.chance(4):
            self._replace(who)

    def _replace(self, who: int) -> None:
        """The server closes the connection, and they come again."""
        before = self._peers[who]
        self._connections[who].detach()
        self._peers[who] = Peer(before.identity.user, can_write=before.can_write)
        self._connections[who] = Connection(self._room, self._peers[who])

    def _frame(self) -> bytes:
        choices = self._choices
        kinds = (
            self._update,
            self._update,
            self._update,
            self._changed,
            self._changed,
            self._many,
            self._presence,
            self._state_vector,
            lambda: choices.bytes(choices.below(64)),
            lambda: encode_barrier(choices.bytes(choices.below(8))),
            lambda: b"\x03",
        )
        return choices.pick(kinds)()

    def _update(self) -> bytes:
        forged = self._forged() if self._room.kind == "text" else self._forged_tree()
        return encode_sync_step_2(forged) if self._choices.chance(20) else encode_update(forged)

    def _changed(self) -> bytes:
        """A frame that was sent before, with other bytes; the length in front of an update is put right again."""
        choices = self._choices
        frame = bytearray(choices.pick(self._sent)) if self._sent else bytearray(b"\0\2\2\0\0")
        for _ in range(choices.below(4) + 1):
            at = choices.below(max(1, min(len(frame), 65_000)))
            match choices.below(4):
                case 0:
                    frame[at : at + 1] = choices.bytes(1)
                case 1:
                    del frame[at : at + choices.below(4)]
                case 2:
                    frame[at:at] = choices.bytes(choices.below(4) + 1)
                case _:
                    frame[at:at] = frame[at : at + choices.below(32)]
        if frame[:1] == b"\0" and frame[1:2] in (b"\1", b"\2") and choices.chance(80):
            prefix = len(uint(len(frame)))
            return bytes(frame[:2]) + uint(max(0, len(frame) - 2 - prefix)) + bytes(frame[2 + prefix :])
        return bytes(frame)

    def _writer(self, reached: dict[int, int]) -> int:
        return self._choices.pick([client for client in (*reached, *_CLIENTS) if client != self._innocent.client_id])

    def _ids(self, reached: dict[int, int]) -> tuple[int, int] | None:
        """A reference to something that there is, mostly."""
        choices = self._choices
        if not reached or choices.chance(25):
            return None
        client = choices.pick(list(reached))
        ahead = 1 if choices.chance(3) else 0
        return client, choices.below(min(65_536, max(1, reached[client] + ahead)))

    def _forged(self) -> bytes:
        choices = self._choices
        reached = {client: clock for client, clock in self._room.state.items() if clock}
        sections = []
        for client in dict.fromkeys(self._writer(reached) for _ in range(choices.below(3))):
            first = clock = max(0, reached.get(client, 0) - choices.below(3) + choices.below(2))
            structs = []
            for _ in range(choices.below(5) + 1):
                known = {**reached, client: clock} if clock else reached
                origin, right = self._ids(known), self._ids(known)
                match choices.below(12):
                    case 0:
                        structs.append(skip(length := choices.below(4)))
                    case 1:
                        structs.append(collected(length := choices.below(4)))
                    case 2 | 3:
                        structs.append(deleted(length := choices.below(5), origin, right))
                    case _:
                        content = choices.pick(_CONTENTS)
                        structs.append(text(content, origin, right))
                        length = len(content.encode("utf-16-le")) // 2 if isinstance(content, str) else 1
                clock += length
            reached[client] = max(clock, reached.get(client, 0))
            sections.append((client, first, structs))
        return update(*sections, deletes=self._deletes(reached))

    def _deletes(self, reached: dict[int, int]) -> dict[int, list[tuple[int, int]]]:
        choices = self._choices
        deletes: dict[int, list[tuple[int, int]]] = {}
        for _ in range(choices.below(3)):
            if reached and choices.chance(60):
                client = choices.pick(list(reached))
                deletes[client] = [(choices.below(max(1, reached[client])), choices.below(4) + 1)]
        return deletes

    def _forged_tree(self) -> bytes:
        choices = self._choices
        reached = {client: clock for client, clock in self._room.state.items() if clock}
        client = self._writer(reached)
        first = clock = reached.get(client, 0)
        structs = []
        for _ in range(choices.below(6) + 1):
            known = {**reached, client: clock} if clock else reached
            key = choices.pick(("name", "parent", "kind", "", "n1", "\ud7ff"))
            match choices.below(8):
                case 0 | 1 | 2:
                    structs.append(node(choices.pick(("n1", "n2", "by0", "", "/")), choices.pick((1, 1, 1, 0, 2, 200))))
                case 3:
                    structs.append(collected(1))
                case 4:
                    structs.append(item(1, uint(1), root="nodes", key=key))
                case 5:
                    structs.append(value(choices.pick(_VALUES), origin=self._ids(known), key=None))
                case _:
                    structs.append(value(choices.pick(_VALUES), self._ids(known), key))
            clock += 1
        reached[client] = clock
        return update((client, first, structs), deletes=self._deletes(reached))

    def _many(self) -> bytes:
        """One frame of thousands of structs or deletions whose references walk in regular strides."""
        choices = self._choices
        # A few large ones for each session: fifty would only take long.
        count = min(choices.pick((50, 50, 500, 4_000)), self._structs_left)
        self._structs_left -= count - 10
        state = {client: clock for client, clock in self._room.state.items() if clock}
        client = self._writer(state)
        first = state.get(client, 0)
        if self._room.kind == "tree":
            parents = self._ids(state)
            return encode_update(update((client, first, [value(b"\x7e", parents, "k")] * count)))
        if state and choices.chance(20):
            victim = choices.pick(list(state))
            step = choices.below(3) + 2
            return encode_update(update(deletes={victim: [(k, 1) for k in range(0, min(state[victim], count), step)]}))
        left, right = (choices.pick((None, "own", "same", "first", "back")) for _ in range(2))
        anchor = self._ids(state)

        def reference(rule: str | None, k: int) -> tuple[int, int] | None:
            match rule:
                case "own" if k:
                    return client, first + k - 1
                case "first" if k:
                    return client, first
                case "back" if k > 1:
                    return client, first + k // 2
                case "same":
                    return anchor
            return None

        structs = [text("x", reference(left, k), reference(right, k)) for k in range(count)]
        if choices.chance(30):
            sections = [(client + 1 + k, 0, [struct]) for k, struct in enumerate(structs[:1] * min(count, 500))]
            return encode_update(update(*sections))
        return encode_update(update((client, first, structs)))

    def _presence(self) -> bytes:
        choices = self._choices
        payload = bytearray()
        entries = choices.below(3)
        write_var_uint(payload, entries)
        for _ in range(entries):
            write_var_uint(payload, choices.pick(_CLIENTS))
            write_var_uint(payload, choices.pick((0, 1, 2, 2**32 - 1, 2**32)))
            state: Any = choices.pick((None, {}, {"user": {"name": "x"}}, {"cursor": None}, [], 1, "s"))
            write_var_string(payload, json.dumps(state) if choices.chance(80) else "[" * choices.below(2000))
        return encode_awareness(bytes(payload))

    def _state_vector(self) -> bytes:
        choices = self._choices
        if choices.chance(50):
            return encode_sync_step_1(choices.bytes(choices.below(16)))
        return encode_sync_step_1(encode_state_vector({choices.pick(_CLIENTS): choices.below(70_000)}))
