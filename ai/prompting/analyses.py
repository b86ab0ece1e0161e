"""Analyses of texts, kept by their content for everybody: collection ``analyses``.

A record is {_id: version and SHA-256 of the text, made: `ai.prompting.analysis.Analysis.record`, expires_at}: numbers
and places, never a word of the text.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256

import structlog
from pymongo import ASCENDING, UpdateOne
from pymongo.errors import PyMongoError

from ai.clock import now
from ai.prompting.analysis import VERSION, Analysis, analysed
from collab.aside import Aside
from storage.mongo import Database

log = structlog.get_logger(__name__)

KEPT = 24 * 3600.0
"""Seconds after which what nobody asked for again is found out anew."""

RENEWED = KEPT / 2
"""Seconds before its end from which a record that is used is kept longer."""

AT_ONCE = 4
"""Texts that one process looks at side by side."""

LARGE = 100_000
"""Letters from which a text is hashed in a thread."""


class Analyses:
    def __init__(self, db: Database, aside: Aside) -> None:
        self._analyses = db["analyses"]
        self._aside = aside
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._making: dict[str, asyncio.Task[Analysis]] = {}

    async def ensure_indexes(self) -> None:
        await self._analyses.create_index([("expires_at", ASCENDING)])

    async def of(self, texts: Sequence[str]) -> list[Analysis]:
        """Of each of `texts`: what is known, and what is not after finding it out, all at once and off the loop.

        Raises:
            collab.aside.AsideFailed
        """
        keys = [await key_of(text) for text in texts]
        known = await self._known(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        made = await asyncio.gather(*(self._found_out(key, text) for key, text in missing.items()))
        known |= dict(zip(missing, made, strict=True))
        return [known[key] for key in keys]

    async def known(self, text: str) -> Analysis | None:
        """Of `text`, if somebody has found it out."""
        key = await key_of(text)
        return (await self._known([key])).get(key)

    async def _known(self, keys: Sequence[str]) -> dict[str, Analysis]:
        wanted = list(dict.fromkeys(keys))
        try:
            found = [record async for record in self._analyses.find({"_id": {"$in": wanted}})]
            soon = [record["_id"] for record in found if record["expires_at"] < now() + RENEWED]
            if soon:
                renewed = {"$set": {"expires_at": now() + KEPT}}
                await self._analyses.bulk_write([UpdateOne({"_id": key}, renewed) for key in soon], ordered=False)
        except PyMongoError as error:  # it can all be found out again
            log.warning("analyses cannot be read", error=str(error))
            return {}
        return {record["_id"]: Analysis.of(record["made"]) for record in found}

    async def _found_out(self, key: str, text: str) -> Analysis:
        # Whoever else asks for it here meanwhile waits for the same.
        if (task := self._making.get(key)) is None:
            task = self._making[key] = asyncio.create_task(self._make(key, text))
            task.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(task)

    async def _make(self, key: str, text: str) -> Analysis:
        async with self._gate:
            analysis = await self._aside.run(len(text), analysed, text)
        record = {"made": analysis.record(), "expires_at": now() + KEPT}
        try:
            await self._analyses.update_one({"_id": key}, {"$set": record}, upsert=True)
        except PyMongoError as error:
            log.warning("an analysis cannot be kept", error=str(error))
        return analysis

    async def close(self) -> None:
        """Give up what is being found out: whoever needs it finds it out again."""
        for task in list(self._making.values()):
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)


async def key_of(text: str) -> str:
    """By content, and by the version of what is found out."""
    digest = await asyncio.to_thread(_digest, text) if len(text) > LARGE else _digest(text)
    return f"{VERSION}:{digest}"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()
