import asyncio
import time
from collections.abc import Callable

PATIENCE = 30.0
"""Seconds for what is done in an instant, on a machine that has much else to do. What must be quick says how quick."""


async def until(condition: Callable[[], object], within: float = PATIENCE) -> None:
    """Returns as soon as ``condition()`` holds; TimeoutError when it does not ``within`` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.005)
