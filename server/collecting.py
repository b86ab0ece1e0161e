"""Garbage collection that never looks at all that is alive while people type.

Left to itself, the interpreter's full collection comes whenever a quarter has been added to what it looked at last, and
takes a tenth of a second with some thousand open documents. Only what refers to each other in a circle needs it at all;
everything else goes at once. So the automatic one is left to young objects, and this takes the full one's place.
"""

import asyncio
import gc
import time

YOUNG = 10_000
"""Objects more than before, from which the young ones are looked at: some milliseconds' worth."""

OFTEN = 60.0
"""Seconds between two looks at what has come since, which then counts as old and is looked at no more."""

RARELY = 3600.0
"""Seconds between two looks at everything, for circles that have grown old: they wait this long, and it takes the loop
as long as there are objects."""


async def collect_regularly() -> None:
    """For ever. What is there at the call stays uncollected: the program itself."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 1_000_000)
    looked = time.monotonic()
    while True:
        await asyncio.sleep(OFTEN)
        if time.monotonic() - looked > RARELY:
            gc.unfreeze()
            looked = time.monotonic()
        gc.collect()
        gc.freeze()
