"""Updates that are cheap to take and costly to build, and who sends them.

`HOSTILE` takes yrs 5 s to build. It is never built in this process.
"""

from __future__ import annotations

import random
from typing import Any

from pycrdt import Doc, Text, merge_updates

from collab.durable.entries import LogEntry
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.codec import encode_update
from storage import Storage
from tests.collab.rooms_helpers import Client, new_document
from tests.collab.yjs_bytes import text, update

STRUCTS = 6_000
BASE = update((5, 0, [text("x" * STRUCTS)]))
COMPARED_WITH_ALL = update((6, 0, [text("y", None, (5, STRUCTS - 1 - k)) for k in range(STRUCTS)]))


def in_pieces(base: bytes, forged: bytes) -> bytes:
    doc: Doc[Text] = Doc()
    doc.get("text", type=Text)
    doc.apply_update(base)
    doc.apply_update(forged)
    return doc.get_update()


HOSTILE = in_pieces(BASE, COMPARED_WITH_ALL)


class Unwatched(Client):
    """Its document is another machine's: it takes everything, and here nothing of it."""

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)


async def attack(room: Room) -> Unwatched:
    eve = Unwatched(user="eve")
    eve.join(room)
    for frame in (encode_update(BASE), encode_update(COMPARED_WITH_ALL)):
        await eve.connection.receive(frame)
    return eve


async def logged(storage: Storage, rooms: Rooms, *entries: bytes) -> str:
    """A document of which the log has so much, and no room anything."""
    document = await new_document(storage)
    await rooms.updates.append([LogEntry(document, "p", n, n, entry) for n, entry in enumerate(entries, 1)])
    return document


def typed_at_random(count: int, people: int = 1) -> bytes:
    rng = random.Random(count)
    docs: list[Doc[Any]] = [Doc(client_id=rng.randrange(1, 1 << 32)) for _ in range(people)]
    for doc in docs:
        doc.get("text", type=Text)
    for _ in range(count):
        doc, peer = rng.choice(docs), rng.choice(docs)
        shared = doc.get("text", type=Text)
        shared.insert(rng.randrange(len(shared) + 1), "ab")
        if len(shared) > 20 and rng.random() < 0.3:
            at = rng.randrange(len(shared) - 2)
            del shared[at : at + 2]
        if people > 1:
            doc.apply_update(peer.get_update(doc.get_state()))
    return merge_updates(*(doc.get_update() for doc in docs))


def keystrokes(count: int, client: int = 5, letter: str = "a") -> bytes:
    """One letter behind the other, each a struct of its own."""
    return update((client, 0, [text(letter), *(text(letter, (client, clock)) for clock in range(count - 1))]))
