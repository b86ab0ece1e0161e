"""Writes that are to happen only where the file is what the writer knows: the look and the write are one."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest

from collab.files.files import FileNotFound, Files
from collab.replicas.edits import TextEdit
from storage import Storage
from storage.leases import LeaseUnavailable

ANN = "user:ann"

BINARY = b"\x89PNG\r\n\x1a\n\0"


class Refused(Exception):
    pass


def known(*raws: bytes | None) -> Callable[[str | None], None]:
    """Takes one of these files, None for none."""
    hashes = {raw if raw is None else hashlib.sha256(raw).hexdigest() for raw in raws}

    def check(found: str | None) -> None:
        if found not in hashes:
            raise Refused

    return check


async def content(files: Files, path: str) -> bytes:
    return await (await files.read("w", path)).plain.bytes()


async def outcomes(*work: Any) -> list[Any]:
    """How many were done, and what the others were refused with."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException) and not isinstance(one, Refused):
            raise one
    return [one for one in done if not isinstance(one, Refused)]


CONTENTS = pytest.mark.parametrize(
    ("old", "new"),
    [(b"old\n", b"new %d\n"), (BINARY, BINARY + b"new %d"), (b"old\n", BINARY + b"new %d"), (BINARY, b"new %d\n")],
    ids=["text", "binary", "text becomes binary", "binary becomes text"],
)


@CONTENTS
async def test_of_many_in_two_processes_who_know_the_same_one_writes(
    files: Files, elsewhere: Files, old: bytes, new: bytes
) -> None:
    for turn in range(3):
        before = old + b"%d" % turn
        await files.write("w", "a", before, ANN)
        writers = zip(range(8), cycle((files, elsewhere)))
        [written] = await outcomes(
            *(where.write("w", "a", new % number, ANN, known(before)) for number, where in writers)
        )
        assert not written.created or (before[:1] == b"\x89") is not (new[:1] == b"\x89")
        assert await content(files, "a") == await content(elsewhere, "a")
        assert await content(files, "a") in [new % number for number in range(8)]


@CONTENTS
async def test_of_many_in_two_processes_one_makes_the_new_file(
    files: Files, elsewhere: Files, old: bytes, new: bytes
) -> None:
    for turn in range(3):
        path = f"folder/{turn}"
        writers = zip(range(8), cycle((files, elsewhere)))
        contents = [(old if number % 3 else new % number) + b"%d" % number for number in range(8)]
        [written] = await outcomes(
            *(where.write("w", path, contents[number], ANN, known(None)) for number, where in writers)
        )
        assert written.created
        assert await content(files, path) in contents


@CONTENTS
async def test_what_is_written_and_deleted_at_once_is_one_of_them(
    files: Files, elsewhere: Files, old: bytes, new: bytes
) -> None:
    for turn in range(3):
        await files.write("w", "a", old + b"%d" % turn, ANN)
        knows = known(old + b"%d" % turn)
        writing, deleting = files.write("w", "a", new % 1, ANN, knows), elsewhere.delete("w", "a", ANN, knows)
        [done] = await outcomes(*((writing, deleting) if turn % 2 else (deleting, writing)))
        if done is None:
            with pytest.raises(FileNotFound):
                await files.read("w", "a")
        else:
            assert await content(elsewhere, "a") == new % 1


async def test_somebody_else_writes_right_before_the_edit_is_worked_out(
    files: Files, elsewhere: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    await files.write("w", "a", b"old\n", ANN)
    read = files.trees.read

    async def slow(*arguments: Any, **named: Any) -> Any:
        tree = await read(*arguments, **named)
        monkeypatch.setattr(files.trees, "read", read)
        await elsewhere.write("w", "a", b"theirs\n", ANN)
        return tree

    monkeypatch.setattr(files.trees, "read", slow)
    with pytest.raises(Refused):
        await files.write("w", "a", b"mine\n", ANN, known(b"old\n"))
    assert await content(files, "a") == b"theirs\n"


async def test_a_file_that_takes_the_place_of_the_other_meanwhile_is_looked_at_itself(
    files: Files, elsewhere: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = await files.write("w", "a", b"old\n", ANN)
    read = files.trees.read

    async def slow(*arguments: Any, **named: Any) -> Any:
        nodes = dict((await read(*arguments, **named)).by_path)
        monkeypatch.setattr(files.trees, "read", read)
        await elsewhere.move("w", "a", "b", ANN)
        await elsewhere.write("w", "a", b"another\n", ANN)

        class Then:
            by_path = nodes

        return Then

    monkeypatch.setattr(files.trees, "read", slow)
    with pytest.raises(Refused):
        await files.write("w", "a", b"mine\n", ANN, known(b"old\n"))
    assert await content(files, "a") == b"another\n"
    assert await content(files, "b") == b"old\n"
    assert (await files.entry("w", "b")).id == moved.id


async def test_what_is_typed_at_that_instant_is_merged(files: Files, elsewhere: Files) -> None:
    old = b"".join(b"line %d\n" % number for number in range(200))
    written = await files.write("w", "a", old, ANN)
    async with elsewhere._rooms.open(written.id) as room:

        def typed(found: str | None) -> None:
            known(old)(found)
            room.edit([TextEdit(0, 0, "typed ")], "user:bob")

        await files.write("w", "a", old.replace(b"line 150\n", b"mine\n"), ANN, typed)
        await room.durable()
    assert await content(files, "a") == b"typed " + old.replace(b"line 150\n", b"mine\n")


@pytest.mark.parametrize("raw", [b"old\n", BINARY])
async def test_who_has_lost_the_sole_right_meanwhile_writes_nothing(
    files: Files, elsewhere: Files, storage: Storage, raw: bytes
) -> None:
    """It was asleep for as long as another process waits."""
    written = await files.write("w", "a", raw, ANN)

    def sleeps(_: str | None) -> None:
        for lease in leases:
            lease.lost.set()

    leases: list[Any] = []
    acquire = storage.leases.acquire

    async def noted(*arguments: Any) -> Any:
        lease = await acquire(*arguments)
        if lease is not None and written.id in lease.name:
            leases.append(lease)
        return lease

    storage.leases.acquire = noted  # type: ignore[method-assign]
    for new in (raw + b"1", (b"now text\n" if raw == BINARY else BINARY)):
        with pytest.raises(LeaseUnavailable):
            await files.write("w", "a", new, ANN, sleeps)
    with pytest.raises(LeaseUnavailable):
        await files.delete("w", "a", ANN, sleeps)
    assert leases
    assert await content(elsewhere, "a") == raw
