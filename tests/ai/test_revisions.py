"""Following records that several write at once: nobody who follows misses one."""

import asyncio
import random
from types import SimpleNamespace
from typing import Any

import pytest

from ai.knowledge.revisions import Revisions
from storage import Storage


@pytest.mark.parametrize("seed", range(10))
async def test_who_has_all_up_to_a_revision_has_not_missed_one_below_it(storage: Storage, seed: int) -> None:
    """Writers are held up before each step of theirs, and a reader looks all the while."""
    rng = random.Random(seed)
    writers = [Revisions(storage.db, "followed") for _ in range(3)]
    for writer in writers:
        _slow(writer, rng)
    reader = Revisions(storage.db, "followed")
    await reader.ensure_indexes()
    seen: dict[str, int] = {}
    reached = 0

    async def write(writer: Revisions, name: str) -> None:
        for number in range(6):
            await writer.put("w", {f"{name}{n}": {"said": number} for n in range(rng.randint(1, 3))})
            await asyncio.sleep(rng.choice([0, 0.01]))
        await writer.put("w", {f"{name}{n}": {"said": 6} for n in range(3)})

    async def read() -> None:
        nonlocal reached
        for record in await reader.since("w", reached, 2, lambda _: 1):
            assert record["revision"] > reached
            seen[record["_id"]] = record["said"]
            reached = record["revision"]

    writing = asyncio.gather(*(write(writer, name) for writer, name in zip(writers, "abc", strict=True)))
    while not writing.done():
        await read()
        await asyncio.sleep(0)
    await writing
    while reached < await reader.head("w"):
        before = reached
        await read()
        assert reached > before
    assert seen == {f"{name}{n}": 6 for name in "abc" for n in range(3)}
    await reader.erase("w")
    assert (await reader.head("w"), await reader.since("w", 0, 10, lambda _: 1)) == (0, [])


def _slow(writer: Revisions, rng: random.Random) -> None:
    records = writer.records

    async def bulk_write(*arguments: Any, **named: Any) -> Any:
        await asyncio.sleep(rng.choice([0, 0, 0.01, 0.03]))
        return await records.bulk_write(*arguments, **named)

    writer.records = SimpleNamespace(bulk_write=bulk_write)  # type: ignore[assignment]
