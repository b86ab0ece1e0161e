"""A room whose replica is not to be trusted any more gets a new one from the log."""

import asyncio
from collections.abc import Callable

import structlog

from collab.durable.snapshots import DocumentGone, DocumentNotFound, Snapshots
from collab.faults import is_fault
from collab.rooms.following import READ_AGAIN
from collab.rooms.room import Room
from storage.errors import STORAGE_AWAY

log = structlog.get_logger(__name__)

REBUILDS = 10
"""Failures of rebuilding a document, other than that storage is away, after which its room is closed."""


async def agree(room: Room, snapshots: Snapshots) -> None:
    """Before ``room``, of a tree in which a client id says two things, is rebuilt: the snapshot keeps the one that was
    folded first, and which one that is no two processes decide differently (`Snapshots.compact`). Then nothing is taken
    in the room until it is rebuilt.

    Raises:
        RoomClosed, RoomRebuilding, DocumentNotFound, DocumentGone
        collab.aside.AsideFailed
        pymongo.errors.PyMongoError, obstore.exceptions.BaseError: storage is away.
    """
    await room.durable()  # with what was said here
    await snapshots.compact(room.document)
    await room.idle()
    room.distrust()


async def rebuild(
    room: Room, snapshots: Snapshots, closing: Callable[[], bool], contradicted: Callable[[Room], None]
) -> None:
    """Until it has one, or is abandoned: because its document is gone, nobody can build it, or the process is
    ``closing``. ``contradicted``: what it has is not what all have (`Loaded.contradicted`).
    """
    failures = 0
    while not closing():
        try:
            before = room.logged_sequence
            loaded = await snapshots.load(room.document)
            await loaded.replica.known.read_ahead()
            # What the log was given while it was read is neither in `loaded` nor among what waits for the log.
            # The numbers in `loaded` alone do not tell: a snapshot forgets those of who was silent for a day.
            if room.logged_sequence == before or room.logged_sequence <= loaded.covered.get(room.writer, 0):
                await room.rebuilt(loaded)
                if loaded.contradicted:
                    contradicted(room)
                return
        except STORAGE_AWAY as error:
            log.error("rebuilding put off", document=room.document, error=str(error))
            await asyncio.sleep(READ_AGAIN)
        except (DocumentNotFound, DocumentGone):
            room.close(4410, "this document is gone")
            break
        except BaseException as error:
            if not is_fault(error):
                raise
            log.error("rebuilding failed", document=room.document, error=str(error))
            failures += 1
            if failures == REBUILDS:  # nobody can write meanwhile, and another room may fare better
                room.close(1012, "the document could not be rebuilt")
                break
            await asyncio.sleep(READ_AGAIN)
    room.abandon()
