"""Work on documents that takes long, done aside while the event loop goes on.

A thread does for small ones. For large ones it does not: the CRDT library and `re` keep the interpreter to themselves
for as long as a call takes. Those get a process of their own, which costs a tenth of a second of another core and
gives all its memory back. So does what may never end (`collab.replicas.trial`); its process stays for the next of its
kind.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

import structlog

P = ParamSpec("P")
T = TypeVar("T")

LARGE = 1024 * 1024
"""Bytes of a document from which work gets a process."""

PIECE = 256 * 1024
"""Bytes that the pipe to a process is given at a time."""

AT_ONCE = 2
"""Processes for large documents, each of which may need ten times as much memory as that has bytes; and as many for
small ones, which must not wait for those."""

KEPT = 300.0
"""Seconds for which a process of `Aside.attempt` waits for the next attempt."""

HANGS = 900.0
"""Seconds after which a process is taken to hang, as one that was stopped does: others wait for its place."""

_LENGTH = struct.Struct("<Q")
"""Of an answer in bytes, in front of it."""


class AsideFailed(RuntimeError):
    """The process ended without an answer: it was killed, or the CRDT library panicked."""


class TookTooLong(AsideFailed):
    """The work has used up the CPU time that it was given (`collab.replicas.trial.at_most`)."""


class Aside:
    def __init__(self) -> None:
        self._large, self._small = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE)
        self._kept: Process | None = None
        self._ending: asyncio.TimerHandle | None = None

    async def run(self, size: int, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """``work(*arguments)``; ``work`` must be a function of a module, and it and its arguments picklable.

        ``size`` is that of the documents that it works on, in bytes.

        Raises:
            AsideFailed
            Whatever Exception ``work`` raises.
        """
        if size < LARGE:
            return await asyncio.to_thread(work, *arguments, **named)
        async with self._large:
            process = await _start()
            try:
                answer = await _ask(process, work, arguments, named)
                await _end(process)
            finally:
                await _kill(process)
        return _result(answer)  # type: ignore[no-any-return]

    async def attempt(self, size: int, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """As `run`, always in a process, whose end ``work`` may bring about.

        Raises:
            TookTooLong
            As `run`.
        """
        async with self._large if size >= LARGE else self._small:
            process, self._kept = self._kept, None
            if self._ending is not None:
                self._ending.cancel()
            answer = None
            if process is not None:
                try:
                    answer = await _asked(process, work, arguments, named)
                except TookTooLong:
                    raise
                except AsideFailed:  # perhaps it had ended while it was kept, which is noticed late
                    pass
            if answer is None:
                process = await _start()
                answer = await _asked(process, work, arguments, named)
            assert process is not None
            if self._kept is None and size < LARGE:
                self._kept = process
                self._ending = asyncio.get_running_loop().call_later(KEPT, self._let_go)
            else:
                await _end(process)
        return _result(answer)  # type: ignore[no-any-return]

    async def attempt_twice(self, size: int, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """As `attempt`, and once more if it takes too long: on a shared machine what holds up the machine itself counts
        as CPU time.
        """
        try:
            return await self.attempt(size, work, *arguments, **named)
        except TookTooLong:
            return await self.attempt(size, work, *arguments, **named)

    def _let_go(self) -> None:
        process, self._kept = self._kept, None
        if process is not None and process.stdin is not None:
            process.stdin.close()

    async def close(self) -> None:
        """End the process that was kept."""
        process = self._kept
        self._let_go()
        if self._ending is not None:
            self._ending.cancel()
        if process is not None:
            await process.wait()


async def _start() -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "collab.aside"),
        stdin=PIPE,
        stdout=PIPE,
        # Ctrl+C in the terminal ends the server, which then still waits for this.
        start_new_session=True,
    )


async def _ask(process: Process, work: Callable[..., Any], arguments: Iterable[Any], named: dict[str, Any]) -> bytes:
    order = _Order()
    await asyncio.sleep(0)  # whoever comes here has just encoded a large document: that was a turn's work
    pickle.Pickler(order, pickle.HIGHEST_PROTOCOL).dump((work, arguments, named))
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(HANGS):
            answer, _ = await asyncio.gather(_answer(process.stdout), order.send(process.stdin))
    except TimeoutError as error:
        raise AsideFailed(f"{work.__name__} does not end") from error
    if answer is None:
        code = await process.wait()
        failed = TookTooLong if code == -signal.SIGPROF else AsideFailed
        raise failed(f"{work.__name__} ended with {code}")
    return answer


async def _asked(process: Process, work: Callable[..., Any], arguments: Iterable[Any], named: dict[str, Any]) -> bytes:
    """As `_ask`; a process that gave no answer has ended."""
    try:
        return await _ask(process, work, arguments, named)
    except BaseException:
        await _kill(process)
        raise


async def _answer(pipe: asyncio.StreamReader) -> bytes | None:
    try:
        (length,) = _LENGTH.unpack(await pipe.readexactly(_LENGTH.size))
        return await pipe.readexactly(length)
    except asyncio.IncompleteReadError:
        return None


def _result(answer: bytes) -> Any:
    result, error = pickle.loads(answer)
    if error is not None:
        raise error
    return result


async def _end(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


async def _kill(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        # Not wait(): that ends when the pipes have, and half of a large answer may stand in one that nobody reads.
        await process.communicate()


class _Order:
    """A pickle that stays in pieces: large bytes are neither copied together nor given to the pipe at once, which would
    copy what it cannot take. Either holds the loop up for 20 ms at 20 MB.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> None:
        self._pieces.append(piece)

    async def send(self, pipe: asyncio.StreamWriter) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # the process has died; its return code tells
            for piece in self._pieces:
                for at in range(0, len(piece), PIECE):
                    pipe.write(piece[at : at + PIECE])
                    await pipe.drain()


def _main() -> None:
    # Apart from what is printed here: one line of log in front of an answer would be taken for its length, and whoever
    # asked would wait for so many bytes.
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _log_to_stderr()
    while True:
        try:
            work, arguments, named = pickle.load(orders)
        except EOFError:
            return
        result, failed = None, None
        try:
            result = work(*arguments, **named)
        except Exception as error:
            failed = error
        answer = pickle.dumps((result, failed), pickle.HIGHEST_PROTOCOL)
        answers.write(_LENGTH.pack(len(answer)))
        answers.write(answer)
        answers.flush()


def _log_to_stderr() -> None:
    """In the form of the server's own lines, among which they stand."""
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    renderer: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if sys.stderr.isatty()
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderer,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


if __name__ == "__main__":
    _main()
