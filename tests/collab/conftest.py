"""Rooms and files over real storage, and those of a second process on the same storage and bus; and real Yjs to ask."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pycrdt import Doc

from collab.files.files import Files
from collab.rooms.rooms import Rooms
from collab.yjs import surrogates
from collab.yjs.update import read_update
from storage import Storage
from tests.collab.costly import HOSTILE
from tests.collab.files_helpers import Process
from tests.support.yjs import Oracle, oracle


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


@pytest.fixture
async def files(storage: Storage, rooms: Rooms) -> AsyncIterator[Files]:
    """Of the workspace `w`."""
    files = Files(storage, rooms)
    await files.ensure_indexes()
    await files.create_workspace("w")
    yield files
    await files.search_texts.close()


@pytest.fixture
async def elsewhere(storage: Storage, files: Files) -> AsyncIterator[Files]:
    """The same files as another process has them."""
    rooms = Rooms(storage)
    there = Files(storage, rooms)
    yield there
    await there.search_texts.close()
    await rooms.close()


@pytest.fixture
async def one(storage: Storage) -> AsyncIterator[Process]:
    """A server process with the workspace `w`."""
    process = Process(storage)
    await process.begin()
    yield process
    await process.close()


@pytest.fixture
async def two(one: Process) -> AsyncIterator[Process]:
    """Another process on the same storage."""
    process = Process(one.storage)
    yield process
    await process.close()


@pytest.fixture(scope="module")
def yjs() -> Iterator[Oracle]:
    with oracle() as running:
        yield running


@pytest.fixture
def renewed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a renewal waits for long, nor for whoever else may be at it."""
    monkeypatch.setattr("collab.history.renewal.LAST_WORDS", 0.05)
    monkeypatch.setattr("collab.history.renewal.UNHEARD", 0.1)
    monkeypatch.setattr("collab.history.renewal.LEFT_ALONE", 0.0)
    monkeypatch.setattr("collab.history.renewal.RETRY", 0.01)


@pytest.fixture
def never_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process integrates nothing at a stretch that takes long."""
    apply = Doc.apply_update

    def watched(self: Doc[Any], content: bytes) -> None:
        assert len(content) < len(HOSTILE) / 2 or read_update(content, "text").parts < 100
        apply(self, content)

    monkeypatch.setattr(Doc, "apply_update", watched)


@pytest.fixture
def unmendable(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the CRDT library did not take what has an X in it and cuts a surrogate pair."""

    def breaks(content: bytes) -> bytes:
        if "X" in str(content):
            raise ValueError("as if the library did not take it")
        return surrogates.mend(content)

    for module in ("replicas.mending", "replicas.replica"):
        monkeypatch.setattr(f"collab.{module}.mend", breaks)
