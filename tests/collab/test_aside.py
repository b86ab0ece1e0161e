"""Work on large documents in a process of its own."""

import asyncio
import contextlib
import json
import operator
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import structlog

from collab.aside import AT_ONCE, LARGE, Aside, AsideFailed, TookTooLong
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


def noisy(error: bool) -> str:
    """Says something wherever it can."""
    structlog.get_logger("collab.test").error("said aside", why="é")
    print("printed aside", flush=True)
    os.write(1, b"written aside\n")
    if error:
        raise ValueError("after all")
    return "done"


async def test_what_is_printed_and_logged_is_no_answer(capfd: pytest.CaptureFixture[str]) -> None:
    aside = Aside()
    async with asyncio.timeout(20):
        assert await aside.run(LARGE, noisy, False) == "done"
        for _ in range(2):
            assert await aside.attempt(1, noisy, False) == "done"
        with pytest.raises(ValueError, match="after all"):
            await aside.attempt(1, noisy, True)
        await aside.close()
    printed = capfd.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert lines.count("printed aside") == lines.count("written aside") == 4
    said = [json.loads(line) for line in lines if "said aside" in line]
    assert [(line["level"], line["logger"], line["why"]) for line in said] == [("error", "collab.test", "é")] * 4


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


async def test_who_goes_away_while_a_large_answer_comes_leaves_no_process() -> None:
    for _ in range(4):
        await goes_away_while_a_large_answer_comes(Aside())


async def goes_away_while_a_large_answer_comes(aside: Aside) -> None:
    before = children()
    work = asyncio.create_task(aside.run(LARGE, operator.mul, b"a", 64 * 1024 * 1024))
    await until(lambda: children() - before)
    [started] = children() - before
    heard = bytes_read()
    await until(lambda: bytes_read() > heard + 2 * 1024 * 1024)
    work.cancel()
    await asyncio.wait({work}, timeout=10)
    assert work.cancelled()
    assert started not in children()


def bytes_read() -> int:
    """By this process, from whatever it may be, since it began."""
    return int(Path("/proc/self/io").read_text().split()[1])


def children() -> set[int]:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return {int(child) for child in file.read().split()}


async def test_small_work_does_not_wait_for_large() -> None:
    aside = Aside()
    long = [asyncio.create_task(aside.run(LARGE, time.sleep, 60)) for _ in range(AT_ONCE)]
    assert await aside.attempt(1, len, b"small") == 5
    for work in long:
        work.cancel()
    await asyncio.gather(*long, return_exceptions=True)
    await aside.close()


async def test_an_attempt_gets_the_process_of_the_one_before_unless_that_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aside = Aside()
    before = children()
    first = await aside.attempt(1, os.getpid)
    assert await aside.attempt(1, os.getpid) == first
    with pytest.raises(ValueError, match="invalid literal"):
        await aside.attempt(1, int, "no number")
    assert await aside.attempt(1, os.getpid) == first
    with pytest.raises(TookTooLong):
        await aside.attempt(1, signal.raise_signal, signal.SIGPROF)
    second = await aside.attempt(1, os.getpid)
    assert second != first
    os.kill(second, signal.SIGKILL)
    await until(lambda: second not in children())
    third = await aside.attempt(1, os.getpid)
    assert await aside.attempt(LARGE, os.getpid) == third  # and is not kept for the memory that it has taken
    assert children().isdisjoint({first, second, third})
    assert await asyncio.gather(*(aside.attempt(1, len, b"x" * n) for n in range(6))) == list(range(6))
    assert len(children() - before) == 1
    monkeypatch.setattr("collab.aside.KEPT", 0.05)
    await aside.attempt(1, os.getpid)
    await until(lambda: not children() - before)
    await aside.attempt(1, os.getpid)
    await aside.close()
    assert not children() - before


def once(marker: str) -> str:
    """As if it took too long, but the second time."""
    if not os.path.exists(marker):
        open(marker, "w").close()
        signal.raise_signal(signal.SIGPROF)
    return "done"


async def test_what_took_too_long_once_is_tried_again_and_then_no_more(tmp_path: Path) -> None:
    aside = Aside()
    assert await aside.attempt_twice(1, once, str(tmp_path / "marker")) == "done"
    with pytest.raises(TookTooLong):
        await aside.attempt_twice(1, signal.raise_signal, signal.SIGPROF)
    await aside.close()
