"""Shared texts as they are at a moment, whether somebody has them open or not; and which rooms lack something of what
the log has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from collab.durable.snapshots import DocumentGone, DocumentNotFound, Loaded
from collab.refusals import RoomClosed
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms


@dataclass(frozen=True, slots=True)
class Present:
    text: str
    state: Mapping[int, int]
    """Yjs client id → clock, of all that went into it."""
    whole: bool
    """False when something of the log cannot be taken: people go on with the rest, which replaces no good copy."""

    @classmethod
    def of(cls, loaded: Loaded) -> Present:
        text = str(loaded.replica.text)  # first: only now is it seen what the CRDT library does not take
        return cls(text, loaded.replica.state, not loaded.spoilt and not loaded.replica.set_aside)

    @classmethod
    def in_room(cls, room: Room) -> Present:
        return cls(room.text, dict(room.state), room.whole)


async def present_of(rooms: Rooms, document: str) -> Present:
    """The text of ``document`` as the log and this process have it; opens no room for it.

    Raises:
        As `collab.rooms.rooms.Rooms.open`.
    """
    if not rooms.holds(document):
        loaded = await rooms.snapshots.load(document)
        if loaded.kind != "text":
            raise DocumentNotFound(document)
        if not loaded.replica.doubtful:
            await loaded.replica.built_in_turns()
            return Present.of(loaded)
    room, leave = await rooms.enter(document)
    try:
        await rooms.catch_up(room)
        await room.complete()
        await room.readable()
        return Present.in_room(room)
    finally:
        leave()


async def text_of(rooms: Rooms, document: str) -> str:
    """As `present_of`, the text alone."""
    return (await present_of(rooms, document)).text


async def presents_of(rooms: Rooms, documents: Collection[str]) -> dict[str, Present]:
    """As `present_of` for many, with a few queries for all. What cannot be had is left out: `present_of` says why.

    All of it is in memory at once; it is for the caller to ask for as much as is bearable.
    """
    loaded = await rooms.snapshots.load_many([document for document in documents if not rooms.holds(document)])
    texts = {document: found for document, found in loaded.items() if found.kind == "text"}
    doubtful = {document for document, found in texts.items() if found.replica.doubtful}
    presents = {document: Present.of(found) for document, found in texts.items() if document not in doubtful}
    for document in documents:
        if document in doubtful or rooms.holds(document):
            with suppress(DocumentNotFound, DocumentGone, RoomClosed):
                presents[document] = await present_of(rooms, document)
    return presents


async def lacking(rooms: Rooms, documents: Collection[str]) -> dict[str, dict[str, int]]:
    """Those of ``documents`` whose rooms here lack something that the log held at the call, each with its numbers
    there (process → newest). A few queries for all.

    Raises:
        pymongo.errors.PyMongoError: storage is away.
    """
    found = await rooms.updates.numbers_of_many(documents)
    # After the log: what is folded in between is in both, and not in neither.
    for document, covered in (await rooms.snapshots.covered_of_many(documents)).items():
        for process, last in covered.items():
            found[document][process] = max(last, found[document].get(process, 0))
    here = [room for room in rooms.open_rooms if room.document in found]
    return {room.document: found[room.document] for room in here if not room.covers(found[room.document])}
