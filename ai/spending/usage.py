"""The ledger of models: collection ``usage``, one record for every call, written when the call has ended.

It holds no text and no prompt, so it is kept also where no feedback is collected. `at` is when the call ended; the
records of a day that is over never change and get no company, so their sums may be kept in their place
(`ai.spending.figures`).
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from storage.mongo import Database

KEPT = 90 * 24 * 3600.0
"""Seconds for which single records are kept; the sums of each day stay."""

Ended = Literal["done", "length", "filtered", "budget", "stopped", "failed", "lost"]
"""done: the model had finished; length, filtered: it was cut off, by its limit or a filter; budget: by the workspace's
budget; stopped: somebody cancelled, or nobody read on; failed: it gave no usable answer; lost: its process died."""


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a model is called. `job` and `attempt` are None and 0 for what is no job."""

    workspace: str
    person: str
    job: str | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class CallUsage:
    """One call. Times in Unix seconds; `first_token` and `total` are seconds from its beginning, `first_token` None
    where no word came. `estimated`: the endpoint did not count, so the tokens are what their text suggests.
    """

    id: str
    workspace: str
    person: str
    kind: str
    job: str | None
    attempt: int
    provider: str
    model: str
    language: str | None
    begun_at: float
    at: float
    ended: Ended
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    cost: float | None
    currency: str | None
    first_token: float | None
    total: float

    def record(self) -> dict[str, Any]:
        fields = asdict(self)
        return {"_id": fields.pop("id"), **fields}


class Ledger:
    def __init__(self, db: Database) -> None:
        self._usage = db["usage"]

    async def ensure_indexes(self) -> None:
        await self._usage.create_index([("workspace", ASCENDING), ("at", ASCENDING)])
        await self._usage.create_index([("at", ASCENDING)])

    async def add(self, usage: CallUsage) -> None:
        """Once, however often it is said."""
        try:
            await self._usage.insert_one(usage.record())
        except DuplicateKeyError:
            return

    async def find(self, call: str) -> dict[str, Any] | None:
        return await self._usage.find_one({"_id": call})
