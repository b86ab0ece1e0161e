"""How many sockets of one address may wait to be signed in at once.

A restart brings everybody back at the same moment, and a whole office comes from one address, so whoever finds the
doorway full queues for a while before being told to come back later.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.problems import Problem

PATIENCE = 10.0
"""Seconds in the queue."""


class Doorway:
    def __init__(self, places: int) -> None:
        self._places = places
        self._inside: defaultdict[str, int] = defaultdict(int)
        self._queues: defaultdict[str, dict[asyncio.Future[None], None]] = defaultdict(dict)

    @property
    def addresses(self) -> int:
        """How many addresses have somebody at the door."""
        return len(self._inside)

    @asynccontextmanager
    async def enter(self, address: str) -> AsyncIterator[None]:
        """One place of ``address`` for as long as the context lasts. Raises Problem 429."""
        await self._take_place(address)
        try:
            yield
        finally:
            self._leave(address)

    async def _take_place(self, address: str) -> None:
        if self._inside[address] < self._places:
            self._inside[address] += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._queues[address]
        queue[turn] = None
        try:
            await asyncio.wait_for(asyncio.shield(turn), PATIENCE)
        except BaseException as error:
            if turn.done():
                # The place was handed over in the moment of giving up.
                self._leave(address)
            queue.pop(turn, None)
            if isinstance(error, TimeoutError):
                raise Problem(
                    429, "Too many connections of your address are being signed in. Try again soon."
                ) from None
            raise

    def _leave(self, address: str) -> None:
        if queue := self._queues[address]:
            turn = next(iter(queue))
            del queue[turn]
            turn.set_result(None)
            return
        self._inside[address] -= 1
        if self._inside[address] == 0:
            # Else the dictionaries would keep every address that ever came by.
            del self._inside[address]
            del self._queues[address]
