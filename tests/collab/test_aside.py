"""Work on large documents in a process of its own."""

import asyncio
import contextlib
import operator
import os
import signal
import time
from typing import Any

import pytest

from collab.aside import LARGE, Aside, AsideFailed
from tests.support.waiting import until


def test_of_nothing_but_its_size_depends_where_work_is_done() -> None:
    async def where(size: int) -> int:
        return await Aside().run(size, os.getpid)

    assert asyncio.run(where(LARGE - 1)) == os.getpid()
    assert asyncio.run(where(LARGE)) != os.getpid()


async def test_what_work_raises_comes_back() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await Aside().run(LARGE, int, "no number")


async def test_a_process_that_dies_is_told_of() -> None:
    with pytest.raises(AsideFailed):
        await Aside().run(LARGE, signal.raise_signal, signal.SIGKILL)


class Deadly:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (3,)


async def test_large_arguments_arrive_whole() -> None:
    large, text = os.urandom(3 * LARGE), "é😀" * LARGE
    assert await Aside().run(LARGE, operator.concat, large, text.encode()) == large + text.encode()
    assert await Aside().run(LARGE, operator.concat, text, text) == text + text


async def test_a_process_that_dies_before_it_has_read_all_is_told_of() -> None:
    with pytest.raises(AsideFailed):
        await Aside().run(LARGE, max, Deadly(), os.urandom(3 * LARGE))


async def test_who_waits_no_more_leaves_no_process() -> None:
    aside = Aside()
    before = children()
    work = asyncio.create_task(aside.run(LARGE, time.sleep, 60))
    await until(lambda: children() - before)
    [started] = children() - before
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    with pytest.raises(ProcessLookupError):
        os.kill(started, 0)
    assert await aside.run(LARGE, len, b"the gate is open again") == 22


def children() -> set[int]:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return {int(child) for child in file.read().split()}
