"""ruff, which reads Python and never runs it."""

import asyncio
from contextlib import suppress

from ruff import find_ruff_bin  # type: ignore[import-untyped]

MOST_LETTERS = 2_000_000

_MOST_OUTPUT = 32 * 1024 * 1024
"""Bytes."""

_TIMEOUT = 10.0  # seconds


class RuffFailed(Exception):
    """ruff could not read the file; the message says why, and where."""


async def run_ruff(text: str, command: str, name: str, *options: str, most: int | None = None) -> str:
    """Runs ruff on the text alone, blind to files and settings of this machine. Raises RuffFailed.

    With `most`, what it says is cut off after so many bytes, and it is ended.
    """
    if len(text) > MOST_LETTERS:
        raise RuffFailed("the file is too long for it")
    process = await asyncio.create_subprocess_exec(
        find_ruff_bin(),
        command,
        "--isolated",
        "--no-cache",
        "--quiet",
        f"--stdin-filename={name}",
        *options,
        "-",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},
    )
    try:
        async with asyncio.timeout(_TIMEOUT):
            output, error, whole = await _talk(process, text.encode(), most or _MOST_OUTPUT)
    except TimeoutError:
        raise RuffFailed("it took too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            # Not wait(): that ends when the pipes have, and asyncio reads none whose reader has enough.
            await process.communicate()
    if not whole and most is None:
        raise RuffFailed("it has too much to say")
    if whole and (process.returncode or 0) < 0:
        raise RuffFailed("ruff broke off, perhaps because something is nested too deep")
    if whole and process.returncode != 0:
        raise RuffFailed(error.decode(errors="replace").strip().partition("\n")[0] or "it failed")
    return output.decode(errors="ignore")


async def _talk(process: asyncio.subprocess.Process, given: bytes, most: int) -> tuple[bytes, bytes, bool]:
    """What it says, what it complains of, and whether that is all."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    complaint = asyncio.create_task(process.stderr.read(4096))
    telling = asyncio.create_task(_give(process.stdin, given))
    try:
        pieces: list[bytes] = []
        size = 0
        while size < most and (piece := await process.stdout.read(min(64 * 1024, most - size))):
            pieces.append(piece)
            size += len(piece)
        if size >= most:
            return b"".join(pieces), b"", False
        await telling
        error = await complaint
        await process.wait()
        return b"".join(pieces), error, True
    finally:
        for task in (complaint, telling):
            task.cancel()
        await asyncio.gather(complaint, telling, return_exceptions=True)


async def _give(pipe: asyncio.StreamWriter, given: bytes) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # it has ended; its return code tells
        for at in range(0, len(given), 256 * 1024):
            pipe.write(given[at : at + 256 * 1024])
            await pipe.drain()
        pipe.close()
