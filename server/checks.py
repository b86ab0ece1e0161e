"""Checking texts for people, so that nobody takes the processors from everybody else by it."""

import asyncio
import math
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ai.checking import Diagnostic, diagnose
from server.problems import Problem
from server.rate import TokenBucket

AT_ONCE = 2
"""Texts that a process checks at the same time."""

SHARE = 0.2
"""Of the time, for the texts of one person. One that is checked at every pause of typing takes some hundredths."""

BURST = 4.0
"""Seconds of checking that somebody may have at once after a pause."""

LEAST = 0.02
"""Seconds that a check counts for at least."""

MOST_WAITING = 4
"""Texts of one person that wait or are being checked."""

REMEMBERED = 1_000
"""People whose share is remembered; whoever is forgotten begins with a full one."""


class Checks:
    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)
        self._shares: OrderedDict[str, TokenBucket] = OrderedDict()
        self._waiting: Counter[str] = Counter()

    async def diagnose(self, person: str, path: str, text: str) -> list[Diagnostic]:
        """Raises CannotCheck; Problem 429 for somebody who has used up the own share."""
        share = self._share_of(person)
        if (wait := share.spend(0, time.monotonic())) > 0:
            raise _too_much(wait)
        async with self._queued(person), self._places:
            began = time.monotonic()
            try:
                return await diagnose(path, text)
            finally:
                ended = time.monotonic()
                share.spend(max(LEAST, ended - began), ended)

    def _share_of(self, person: str) -> TokenBucket:
        share = self._shares.setdefault(person, TokenBucket(SHARE, BURST))
        self._shares.move_to_end(person)
        if len(self._shares) > REMEMBERED:
            self._shares.popitem(last=False)
        return share

    @asynccontextmanager
    async def _queued(self, person: str) -> AsyncIterator[None]:
        if self._waiting[person] >= MOST_WAITING:
            raise _too_much(1)
        self._waiting[person] += 1
        try:
            yield
        finally:
            self._waiting[person] -= 1
            if not self._waiting[person]:
                del self._waiting[person]


def _too_much(wait: float) -> Problem:
    return Problem(
        429, "You have had many texts checked just now. Try again soon.", headers={"Retry-After": str(math.ceil(wait))}
    )
