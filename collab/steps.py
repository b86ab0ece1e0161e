"""Work in steps of a few milliseconds each: at a stretch, or with turns for others on the event loop in between."""

import asyncio
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


def at_a_stretch(steps: Generator[None, None, T]) -> T:
    """What ``steps`` return."""
    try:
        while True:
            next(steps)
    except StopIteration as done:
        result: T = done.value
        return result


async def in_turns(steps: Generator[None, None, T]) -> T:
    """As `at_a_stretch`, while others go on."""
    try:
        while True:
            next(steps)
            await asyncio.sleep(0)
    except StopIteration as done:
        result: T = done.value
        return result
