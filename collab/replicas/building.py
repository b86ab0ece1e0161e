"""Builds documents with turns for others in between.

Of 90,000 structs that takes the CRDT library a tenth of a second, and in one call nobody gets a turn. Cut into portions
(`collab.yjs.portions`) it takes as long, and reading where to cut some times longer: that is for what cannot be had
otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from time import thread_time
from typing import Any

from pycrdt import Doc, Map, Text

from collab.faults import is_refusal
from collab.yjs.portions import order, portions
from collab.yjs.update import LARGE, InvalidUpdate, Kind, advance, missing, read_update_cooperatively

STRETCH = 0.005
"""Seconds of CPU that a portion is to take."""

FIRST, MOST = 250, 2_000
"""Structs of the first portion, and of any: half of `STRETCH` where nothing is forged."""


def empty(kind: Kind) -> Doc[Any]:
    """With its root, so that integrating never has to guess its type."""
    doc: Doc[Any] = Doc()
    if kind == "text":
        doc.get("text", type=Text)
    else:
        doc.get("nodes", type=Map)
    return doc


async def build_in_turns(kind: Kind, updates: Iterable[bytes]) -> tuple[Doc[Any], list[bytes]]:
    """A document of ``updates``, each of which rests on those before it alone; and the portions that it was built of.

    Raises:
        ValueError, pycrdt's PanicException (a BaseException): the CRDT library does not take one of them.
    """
    doc, taken, pace = empty(kind), [], _Pace()
    async for portion in _cut(kind, updates, pace):
        began = thread_time()
        doc.apply_update(portion)
        pace.took(thread_time() - began)
        taken.append(portion)
        await asyncio.sleep(0)
    return doc, taken


class StandIn:
    """A copy of a document: on it is tried what the CRDT library may not take. It is made when it is needed, and again
    when something has broken it.
    """

    def __init__(self, kind: Kind, portions: Iterable[bytes]) -> None:
        """``portions``: those of `build_in_turns`."""
        self._kind = kind
        self._portions = list(portions)
        self._doc: Doc[Any] | None = None

    async def takes(self, update: bytes) -> bool:
        """Whether the CRDT library takes it. Once it has, say whether it stays: `keep` or `discard`."""
        if self._doc is None:
            doc = empty(self._kind)
            for portion in self._portions:
                doc.apply_update(portion)
                await asyncio.sleep(0)
            self._doc = doc
        try:
            self._doc.apply_update(update)
        except BaseException as error:
            if not is_refusal(error):
                raise
            self._doc = None
            return False
        return True

    def keep(self, update: bytes) -> None:
        self._portions.append(update)

    def discard(self) -> None:
        self._doc = None


async def _cut(kind: Kind, updates: Iterable[bytes], pace: _Pace) -> AsyncGenerator[bytes]:
    state: dict[int, int] = {}
    for update in updates:
        try:
            header = await read_update_cooperatively(update, kind)
        except InvalidUpdate:  # of a time when more was admitted: the library may take it all the same
            yield update
            continue
        if len(update) <= LARGE or await asyncio.to_thread(missing, header, state) is not None:
            yield update
        else:
            steps = await asyncio.to_thread(order, header, state)
            for portion in portions(update, header, state, steps, lambda: pace.most):
                yield portion
        advance(state, header)


class _Pace:
    """How many structs the next portion may have: one that is forged costs as much as many others."""

    def __init__(self) -> None:
        self.most = FIRST

    def took(self, seconds: float) -> None:
        if seconds > STRETCH:
            self.most = max(1, self.most // 2)
        elif seconds < STRETCH / 2:
            self.most = min(MOST, self.most * 2)
