import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], object], within: float = 10.0) -> None:
    """Returns as soon as ``condition()`` holds; TimeoutError when it does not ``within`` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.005)
