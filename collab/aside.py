"""Work on documents that takes long, done aside while the event loop goes on.

A thread does for small ones. For large ones it does not: the CRDT library and `re` keep the interpreter to themselves
for as long as a call takes. Those get a process of their own, which costs a tenth of a second of another core and
gives all its memory back.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LARGE = 1024 * 1024
"""Bytes of a document from which work gets a process."""

PIECE = 256 * 1024
"""Bytes that the pipe to a process is given at a time."""

AT_ONCE = 2
"""Processes; each may need ten times as much memory as its document has bytes."""


class AsideFailed(RuntimeError):
    """The process ended without an answer: it was killed, or the CRDT library panicked."""


class Aside:
    def __init__(self) -> None:
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def run(self, size: int, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """``work(*arguments)``; ``work`` must be a function of a module, and it and its arguments picklable.

        ``size`` is that of the documents that it works on, in bytes.

        Raises:
            AsideFailed
            Whatever Exception ``work`` raises.
        """
        if size < LARGE:
            return await asyncio.to_thread(work, *arguments, **named)
        order = _Order()
        await asyncio.sleep(0)  # whoever comes here has just encoded a large document: that was a turn's work
        pickle.Pickler(order, pickle.HIGHEST_PROTOCOL).dump((work, arguments, named))
        async with self._gate:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "collab.aside"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                # Ctrl+C in the terminal ends the server, which then still waits for this.
                start_new_session=True,
            )
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                answer, _ = await asyncio.gather(process.stdout.read(), order.send(process.stdin))
                await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode:
            raise AsideFailed(f"{work.__name__} ended with {process.returncode}")
        result, error = pickle.loads(answer)
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]


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
            pipe.close()


def _main() -> None:
    work, arguments, named = pickle.load(sys.stdin.buffer)
    result, failed = None, None
    try:
        result = work(*arguments, **named)
    except Exception as error:
        failed = error
    sys.stdout.buffer.write(pickle.dumps((result, failed), pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    _main()
