"""The accounts of all workspaces, collection ``budgets``: one record for each month in which a model was called.

The rules are in `ai.spending.budgets`; here an account is read, changed by them, and written back unless another
process was first, in which case all is judged anew. So two processes never let in what only one of them may.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from ai.clock import now
from ai.pool.attempt import JobFailed
from ai.spending.budgets import Account, Amount, Budget, Gauge, Hold, day_of, gauges, month_of, refusal
from storage.mongo import Database

_PAUSE = 0.005
"""Seconds, about, until an account is looked at again that another process has changed meanwhile."""


class BudgetSpent(JobFailed):
    """A call does not fit into the budget; `str(error)` says what is spent, and when it is free again."""

    def __init__(self, gauge: Gauge, wanted: Amount) -> None:
        super().__init__(gauge.sentence(wanted))
        self.gauge = gauge


@dataclass(frozen=True, slots=True)
class Lost:
    """A call that nobody has ended, by what was told of it; `held` in an account, or only known to run."""

    call: dict[str, Any]
    held: bool


class BudgetBook:
    """Every method may raise pymongo.errors.PyMongoError.

    Where there is no budget, calls are kept apart in collection ``calls`` while they run, and only their sums go into
    the account: hundreds at once would each read and write what all of them hold.
    """

    def __init__(self, db: Database) -> None:
        self._accounts = db["budgets"]
        self._running = db["calls"]
        self._workspaces = db["workspaces"]
        # Calls of one process queue here, so that they need not race each other through the database.
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ensure_indexes(self) -> None:
        await self._accounts.create_index([("oldest", ASCENDING)])
        await self._accounts.create_index([("workspace", ASCENDING)])
        await self._running.create_index([("begun_at", ASCENDING)])
        await self._running.create_index([("job", ASCENDING)])

    async def budget(self, workspace: str) -> Budget:
        record = await self._workspaces.find_one({"_id": workspace}, {"budget": 1})
        return Budget.of(record.get("budget") if record else None)

    async def gauges(self, workspace: str, person: str) -> list[Gauge]:
        """How far the budget is used up, for the workspace and for `person`. Empty where there is none."""
        budget = await self.budget(workspace)
        if budget.unlimited:
            return []
        at = now()
        account, _ = await self._read(_key(workspace, month_of(at)))
        return gauges(budget, account, person, at)

    async def check(self, workspace: str, person: str) -> None:
        """Raises BudgetSpent when nothing more can be asked for."""
        if (gauge := refusal(await self.gauges(workspace, person), Amount())) is not None:
            raise BudgetSpent(gauge, Amount())

    async def hold(self, budget: Budget, call: Mapping[str, Any], wanted: Amount) -> None:
        """Let `call` hold `wanted`, in place of what it holds already.

        `call` has the fields of `ai.spending.usage.CallUsage` that are known by then, with what `wanted` makes of its
        tokens and its cost: what is to be counted should its process die.

        Raises:
            BudgetSpent: it holds what it held before.
        """
        name, person, at = call["id"], call["person"], call["begun_at"]

        def admitted(account: Account) -> Account:
            gauge = refusal(gauges(budget, account, person, at, but=name), wanted)
            if gauge is not None:
                raise BudgetSpent(gauge, wanted)
            return account.hold(name, Hold(person, day_of(at), wanted, call))

        await self._change(call["workspace"], month_of(at), admitted)

    async def settle(self, workspace: str, call: str, begun_at: float, spent: Amount) -> None:
        """Put what `call` has spent in place of what it held. Once, however often it is said."""
        await self._change(workspace, month_of(begun_at), lambda account: account.settle(call, spent))

    # ---- calls of workspaces without a budget

    async def begin(self, call: Mapping[str, Any]) -> None:
        """Remember that `call` runs, with the fields as for `hold`: for who has to find it should its process die."""
        record = {"_id": call["id"], **{name: value for name, value in call.items() if name != "id"}}
        with suppress(DuplicateKeyError):
            await self._running.insert_one(record)

    async def end(self, workspace: str, call: str, person: str, begun_at: float, spent: Amount, *, begun: bool) -> None:
        """Count what `call` has spent. Once, however often it is said of one that has `begun`."""
        # Out first: whoever dies in between leaves a sum too small, which nothing depends on, not one too large.
        if begun and (await self._running.delete_one({"_id": call})).deleted_count == 0:
            return
        more: dict[str, Any] = {"revision": 1, f"tokens.{day_of(begun_at)}.{person}": spent.tokens}
        if spent.cost is not None:
            more[f"money.{spent.cost.currency}.{person}"] = spent.cost.amount
        month = month_of(begun_at)
        new: dict[str, Any] = {"workspace": workspace, "month": month, "oldest": None, "held": {}}
        await self._accounts.update_one(
            {"_id": _key(workspace, month)}, {"$inc": more, "$setOnInsert": new}, upsert=True
        )

    # ---- calls whose process has died

    async def abandoned(self, before: float) -> list[Lost]:
        """Calls that began before this time and have never ended."""
        running = self._running.find({"begun_at": {"$lt": before}})
        found = [Lost(_call_of(record), held=False) async for record in running]
        async for record in self._accounts.find({"oldest": {"$lt": before}}):
            calls = [hold.call for hold in Account.of(record).held.values()]
            found += [Lost(dict(call), held=True) for call in calls if call["begun_at"] < before]
        return found

    async def left_behind(self, workspace: str, job: str, attempt: int) -> list[Lost]:
        """The same of calls that attempts of `job` before this one have left."""
        earlier = {"job": job, "attempt": {"$lt": attempt}}
        found = [Lost(_call_of(record), held=False) async for record in self._running.find(earlier)]
        async for record in self._accounts.find({"workspace": workspace, "oldest": {"$ne": None}}):
            calls = [hold.call for hold in Account.of(record).held.values()]
            mine = [call for call in calls if call["job"] == job and (call["attempt"] or 0) < attempt]
            found += [Lost(dict(call), held=True) for call in mine]
        return found

    async def _read(self, key: str) -> tuple[Account, int]:
        record = await self._accounts.find_one({"_id": key})
        return (Account(), 0) if record is None else (Account.of(record), record["revision"])

    async def _change(self, workspace: str, month: str, rule: Callable[[Account], Account]) -> None:
        key = _key(workspace, month)
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = asyncio.Lock()
        async with queue:
            while True:
                account, revision = await self._read(key)
                after = rule(account)
                if after is account or await self._write(key, workspace, month, after, revision):
                    return
                await asyncio.sleep(_PAUSE * random.uniform(0.5, 1.5))

    async def _write(self, key: str, workspace: str, month: str, account: Account, revision: int) -> bool:
        oldest = min((hold.call["begun_at"] for hold in account.held.values()), default=None)
        record = {"workspace": workspace, "month": month, "revision": revision + 1, "oldest": oldest}
        record |= account.record()
        if revision:
            written = await self._accounts.replace_one({"_id": key, "revision": revision}, record)
            return written.matched_count == 1
        try:
            await self._accounts.insert_one({"_id": key, **record})
        except DuplicateKeyError:
            return False
        return True


def _call_of(record: dict[str, Any]) -> dict[str, Any]:
    return {"id": record.pop("_id"), **record}


def _key(workspace: str, month: str) -> str:
    return f"{workspace}:{month}"
