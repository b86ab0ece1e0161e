"""Sums of one collection's records by workspace and day, so that looking back a year does not read a year's records.

The sums of a day are a function of its records alone. Once the day is over and nothing of it can change, they are kept;
until then they are made anew for whoever asks. Nothing is counted when it happens, so nothing can be counted twice.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pymongo import ReplaceOne

from ai.clock import now
from storage.mongo import Database, Document

_BATCH = 5
"""Days read or written in one turn of the event loop: some milliseconds, where each has hundreds of cells."""

Sums = dict[str, float]
"""Numbers by name; two are put together by adding what has the same name."""

DIMENSIONS = ("kind", "model", "language", "person")

Key = tuple[str | None, str | None, str | None, str | None]
"""One value of each of `DIMENSIONS`."""

Cells = dict[Key, Sums]


def add(to: Sums, more: Mapping[str, float]) -> None:
    for name, number in more.items():
        to[name] = to.get(name, 0) + number


@dataclass
class Read:
    """What the records of some days come to. `open` are days of which something is still to come."""

    days: dict[date, Cells]
    open: set[date]

    def count(self, day: date, key: Key, sums: Mapping[str, float]) -> None:
        add(self.days.setdefault(day, {}).setdefault(key, {}), sums)


Reader = Callable[[str, float, float], Awaitable[Read]]
"""Reads the records of a workspace from one moment up to another, in Unix seconds."""


class DaySums:
    """Collections ``figure_days`` and ``figure_epochs``, which sums of several kinds share; `name` is that of these."""

    def __init__(self, db: Database, name: str, read: Reader) -> None:
        self._days = db["figure_days"]
        self._epochs = db["figure_epochs"]
        self._name = name
        self._read = read

    async def of(self, workspace: str, first: date, last: date) -> dict[date, Cells]:
        """The sums of each day from `first` to `last` on which there was something."""
        # Before the records are looked at: what is forgotten meanwhile makes this worthless to keep.
        epoch = await self._epoch(workspace)
        found = await self._kept(workspace, first, last, epoch)
        for begin, end in _runs(first, last, found):
            read = await self._read(workspace, starts_at(begin), starts_at(end + timedelta(days=1)))
            whole = {day: read.days.get(day, {}) for day in days_between(begin, end)}
            await self._keep(workspace, epoch, {day: cells for day, cells in whole.items() if day not in read.open})
            found |= whole
        return {day: cells for day, cells in found.items() if cells}

    async def forget(self, workspace: str) -> None:
        """Records of days that are over have changed: make all sums of `workspace` anew."""
        change = {"$inc": {"epoch": 1}, "$set": {"workspace": workspace}}
        await self._epochs.update_one({"_id": f"{workspace}:{self._name}"}, change, upsert=True)
        await self._days.delete_many({"workspace": workspace, "name": self._name})

    async def _epoch(self, workspace: str) -> int:
        record = await self._epochs.find_one({"_id": f"{workspace}:{self._name}"})
        return record["epoch"] if record else 0

    async def _kept(self, workspace: str, first: date, last: date, epoch: int) -> dict[date, Cells]:
        wanted = {"_id": {"$gte": self._id(workspace, first), "$lte": self._id(workspace, last)}, "epoch": epoch}
        return {
            date.fromisoformat(record["day"]): {tuple(cell["key"]): cell["sums"] for cell in record["cells"]}
            async for record in self._days.find(wanted).batch_size(_BATCH)
        }

    async def _keep(self, workspace: str, epoch: int, days: Mapping[date, Cells]) -> None:
        # Yesterday as well is left open: the clocks of two processes may differ, and writes may come late.
        over = {day: cells for day, cells in days.items() if day < day_at(now()) - timedelta(days=1)}
        for first in range(0, len(over), _BATCH):
            some = list(over.items())[first : first + _BATCH]
            changes = [self._replace(workspace, epoch, day, cells) for day, cells in some]
            await self._days.bulk_write(changes, ordered=False)

    def _replace(self, workspace: str, epoch: int, day: date, cells: Cells) -> ReplaceOne[Document]:
        record = {
            "_id": self._id(workspace, day),
            "workspace": workspace,
            "name": self._name,
            "day": day.isoformat(),
            "epoch": epoch,
            "cells": [{"key": list(key), "sums": sums} for key, sums in cells.items()],
        }
        return ReplaceOne({"_id": record["_id"]}, record, upsert=True)

    def _id(self, workspace: str, day: date) -> str:
        return f"{workspace}:{self._name}:{day.isoformat()}"


# ---- days


def day_at(seconds: float) -> date:
    """The day of UTC that a moment lies in."""
    return datetime.fromtimestamp(seconds, UTC).date()


def starts_at(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _runs(first: date, last: date, without: Iterable[date]) -> list[tuple[date, date]]:
    """The days from `first` to `last` that are not among `without`, as few first and last days of runs."""
    known = set(without)
    runs: list[tuple[date, date]] = []
    for day in days_between(first, last):
        if day in known:
            continue
        if runs and runs[-1][1] == day - timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs
