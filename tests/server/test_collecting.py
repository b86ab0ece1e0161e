"""Circles of objects are found, and everything that is alive is looked at rarely."""

import asyncio
import gc
import weakref
from multiprocessing import get_context

from server import collecting


class Knot:
    """Refers to itself: only a collection finds it."""

    def __init__(self) -> None:
        self.itself = self


async def _collect() -> None:
    collecting.OFTEN = 0.01
    collecting.RARELY = float("inf")
    regularly = asyncio.create_task(collecting.collect_regularly())
    await asyncio.sleep(0)
    young = weakref.ref(Knot())
    await asyncio.sleep(0.1)
    assert young() is None

    knot = Knot()
    old = weakref.ref(knot)
    await asyncio.sleep(0.1)
    del knot
    await asyncio.sleep(0.1)
    assert old() is not None, "was looked at again, and so everything else was"
    before = gc.get_stats()[2]["collections"]
    many = [[] for _ in range(200_000)]  # more than were there, after which a full one would come by itself
    assert gc.get_stats()[2]["collections"] == before
    del many

    collecting.RARELY = 0.0
    await asyncio.sleep(0.1)
    assert old() is None
    regularly.cancel()


def _run() -> None:
    asyncio.run(_collect())


def test_old_circles_are_found_rarely_and_young_ones_soon() -> None:
    process = get_context("spawn").Process(target=_run)  # of its own: it is about the settings of a whole interpreter
    process.start()
    process.join(60)
    assert process.exitcode == 0
