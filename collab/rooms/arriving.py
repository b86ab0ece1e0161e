"""Waiting for text that somebody has written just now: in another process, or on a socket that is a little late."""

import asyncio
from collections.abc import Iterable, Mapping

from collab.replicas.positions import Anchor
from collab.rooms.room import Room


def needed_for(anchors: Iterable[Anchor]) -> dict[int, int]:
    """How many clocks of which Yjs client ids a document must know before `anchors` can be found in it."""
    needed: dict[int, int] = {}
    for anchor in anchors:
        if anchor.client is not None and anchor.clock is not None:
            needed[anchor.client] = max(needed.get(anchor.client, 0), anchor.clock + 1)
    return needed


async def until_known(room: Room, needed: Mapping[int, int]) -> None:
    """Return once `room` knows all clocks of `needed`. Whoever calls this says how long to wait."""
    news = asyncio.Event()
    stop = room.audience.observe(lambda update: news.set())
    try:
        while any(room.state.get(client, 0) < clock for client, clock in needed.items()):
            news.clear()
            await news.wait()
    finally:
        stop()
