"""The group's figures: what was accepted, what was kept of it, how soon answers began, what they took and cost.

What was decided on hunks comes from ``decisions``, calls of models from ``usage``; both are kept in any case. What
became of completions, and what people kept of accepted texts, comes from ``feedback``: it is there only while the
workspace collects, and goes when that is erased.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal, get_args

from pymongo import ASCENDING

from ai.clock import now
from ai.proposals.hunks import Mode
from ai.spending import sketch
from ai.spending.day_sums import DIMENSIONS, Cells, DaySums, Read, Sums, add, day_at, days_between
from storage.mongo import Database

Dimension = Literal["kind", "model", "language", "person"]
Step = Literal["day", "week"]

MOMENTS = {"quiet": "quiet", "30s": "after_30s", "10min": "after_10min"}
"""When what is left of an accepted text is looked at, by the names in ``feedback`` and by those in a report."""

DECIDABLE_DAYS = 40
"""For so long, and a little more, something of a call may still be decided: suggestions are kept for 30 days."""

_BATCH = 500
"""Records read in one turn of the event loop."""

_HUNKS = get_args(Mode)
"""The kinds whose decisions are in ``decisions``."""

_ABOUT = ("kind", "model", "language")
_DECISION = dict.fromkeys((*_ABOUT, "requested_by", "decision", "to", "revision", "decided_at"), 1)
_RATES = (f"corrections.{moment}.kept_rate" for moment in MOMENTS)
_KEPT = dict.fromkeys((*_ABOUT, "requested_by.id", "decision", "decided_at", "measure_at", *_RATES), 1)
"""The fields that are read, which are a small part of a record."""


class Figures:
    """Every method may raise pymongo.errors.PyMongoError."""

    def __init__(self, db: Database) -> None:
        self._decisions = db["decisions"]
        self._feedback = db["feedback"]
        self._usage = db["usage"]
        self._decided = DaySums(db, "decisions", self._read_decisions)
        self._used = DaySums(db, "usage", self._read_usage)

    async def ensure_indexes(self) -> None:
        await self._decisions.create_index([("workspace", ASCENDING), ("decided_at", ASCENDING)])

    async def days(self, workspace: str, first: date, last: date) -> dict[date, Cells]:
        """The sums of each day from `first` to `last`, days of UTC, on which there was something."""
        decided = await self._decided.of(workspace, first, last)
        used = await self._used.of(workspace, first, last)
        # In a thread: a busy year has a hundred thousand sums.
        return await asyncio.to_thread(together, decided, used)

    async def forget_feedback(self, workspace: str) -> None:
        """Feedback of `workspace` has been erased: nothing that was reckoned from it stays."""
        await self._decided.forget(workspace)

    async def keep(self, workspace: str) -> None:
        """Keep the sums of the days of late that are over, so that whoever looks back years later need not wait."""
        last = day_at(now()) - timedelta(days=2)
        await self.days(workspace, last - timedelta(days=DECIDABLE_DAYS), last)

    async def keep_usage(self, workspace: str, since: float, before: float) -> None:
        """Keep the sums of the days from `since` to `before`, whose single records are about to go."""
        await self._used.of(workspace, day_at(since), day_at(before))

    # ---- what a day's records come to

    async def _read_decisions(self, workspace: str, since: float, until: float) -> Read:
        read = Read({}, set())
        within = {"workspace": workspace, "decided_at": {"$gte": since, "$lt": until}}
        async for record in self._decisions.find(within, _DECISION).batch_size(_BATCH):
            key = record.get("kind"), record.get("model"), record.get("language"), record.get("requested_by")
            read.count(day_at(record["decided_at"]), key, {_outcome(record): 1})
        async for record in self._feedback.find(within, _KEPT).batch_size(_BATCH):
            day = day_at(record["decided_at"])
            if record.get("measure_at") is not None:
                read.open.add(day)
            key = record["kind"], record["model"], record["language"], (record["requested_by"] or {}).get("id")
            if record["kind"] not in _HUNKS:
                read.count(day, key, {record["decision"]: 1})
            for moment, seen in record.get("corrections", {}).items():
                read.count(day, key, {f"kept:{moment}": 1, f"kept rate:{moment}": seen["kept_rate"]})
        return read

    async def _read_usage(self, workspace: str, since: float, until: float) -> Read:
        read = Read({}, set())
        within = {"workspace": workspace, "at": {"$gte": since, "$lt": until}}
        async for record in self._usage.find(within).batch_size(_BATCH):
            key = record["kind"], record["model"], record["language"], record["person"]
            read.count(day_at(record["at"]), key, _used(record))
        return read


def _outcome(record: Mapping[str, Any]) -> str:
    """What a decision counts as."""
    match record["decision"]:
        case "undone" if record["to"] == "pending":
            return "reopened"
        case "undone" if record["revision"] == 0:
            # What the assistant typed, and nobody had accepted: whoever takes it back does not want it.
            return "rejected"
        case name:
            return str(name)


def _used(record: Mapping[str, Any]) -> Sums:
    sums: Sums = {
        "calls": 1,
        f"ended:{record['ended']}": 1,
        "prompt tokens": record["prompt_tokens"],
        "completion tokens": record["completion_tokens"],
    }
    if record["estimated"]:
        sums["estimated"] = 1
    if record["cost"] is not None:
        sums[f"cost:{record['currency']}"] = record["cost"]
    if record["first_token"] is not None:
        sums[f"first:{sketch.bucket(record['first_token'])}"] = 1
    return sums


# ---- reports. Pure.


def together(*several: Mapping[date, Cells]) -> dict[date, Cells]:
    """Sums of several kinds by day, added up."""
    both: dict[date, Cells] = {}
    for days in several:
        for day, cells in days.items():
            for key, sums in cells.items():
                add(both.setdefault(day, {}).setdefault(key, {}), sums)
    return both


def step_for(first: date, last: date) -> Step:
    """Points of a plot lie a day apart, or a week where they would be too many."""
    return "day" if (last - first).days < 92 else "week"


def report(days: Mapping[date, Cells], first: date, last: date, by: Dimension, step: Step) -> dict[str, Any]:
    """`{total, groups, series}`: all together; by each value of `by`, those with most decisions and calls first; and

    over time, a point for every step that begins with a day, the first one's and the last one's cut to the range.
    """
    place = DIMENSIONS.index(by)
    total: Sums = {}
    groups: defaultdict[str | None, Sums] = defaultdict(dict)
    points: dict[date, Sums] = {max(first, _beginning(day, step)): {} for day in days_between(first, last)}
    for day, cells in days.items():
        point = points[max(first, _beginning(day, step))]
        for key, sums in cells.items():
            for each in (total, groups[key[place]], point):
                add(each, sums)
    ranked = sorted(groups.items(), key=lambda group: (-_weight(group[1]), group[0] or ""))
    return {
        "total": shown(total),
        "groups": [{"key": key, **shown(sums)} for key, sums in ranked],
        "series": [{"begins": begins, **shown(sums)} for begins, sums in points.items()],
    }


def shown(sums: Mapping[str, float]) -> dict[str, Any]:
    """The figures that `sums` come to. A rate and a percentile are None where there is nothing to make them of."""

    def count(name: str) -> int:
        return int(sums.get(name, 0))

    firsts = {int(place): number for place, number in _named(sums, "first:").items()}
    return {
        "decisions": {
            "accepted": count("accepted"),
            "rejected": count("rejected"),
            "taken_back": count("undone"),
            "ignored": count("ignored"),
            "stale": count("stale"),
            "acceptance": _ratio(sums.get("accepted", 0), sums.get("accepted", 0) + sums.get("rejected", 0)),
        },
        "kept": {
            name: {
                "count": count(f"kept:{moment}"),
                "rate": _ratio(sums.get(f"kept rate:{moment}", 0), sums.get(f"kept:{moment}", 0)),
            }
            for moment, name in MOMENTS.items()
        },
        "calls": {
            "count": count("calls"),
            "ended": {name: int(number) for name, number in sorted(_named(sums, "ended:").items())},
            "estimated": count("estimated"),
        },
        "first_token": {
            "count": int(sum(firsts.values())),
            "p50": sketch.percentile(firsts, 0.5),
            "p95": sketch.percentile(firsts, 0.95),
        },
        "tokens": {"prompt": count("prompt tokens"), "completion": count("completion tokens")},
        "cost": [
            {"currency": currency, "amount": amount} for currency, amount in sorted(_named(sums, "cost:").items())
        ],
    }


def _beginning(day: date, step: Step) -> date:
    return day if step == "day" else day - timedelta(days=day.weekday())


def _named(sums: Mapping[str, float], prefix: str) -> dict[str, float]:
    return {name.removeprefix(prefix): number for name, number in sums.items() if name.startswith(prefix)}


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _weight(sums: Mapping[str, float]) -> float:
    return sums.get("accepted", 0) + sums.get("rejected", 0) + sums.get("calls", 0)
