"""Rooms over real storage, and those of a second process on the same storage and bus."""

from collections.abc import AsyncIterator

import pytest

from collab.rooms import Rooms
from storage import Storage


@pytest.fixture
async def rooms(storage: Storage) -> AsyncIterator[Rooms]:
    rooms = Rooms(storage)
    await rooms.ensure_indexes()
    yield rooms
    await rooms.close()


@pytest.fixture
async def other(storage: Storage) -> AsyncIterator[Rooms]:
    """A second process's rooms on the same storage and bus."""
    other = Rooms(storage)
    yield other
    await other.close()
