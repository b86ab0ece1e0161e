"""The group's figures, held against a recomputation from single records, and how they are kept."""

import math
import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from ai import expiry
from ai.clock import now
from ai.spending import day_sums
from ai.spending.day_sums import day_at, starts_at
from ai.spending.figures import DIMENSIONS, MOMENTS, Dimension, report, shown, step_for
from collab.yjs.offsets import utf16_length
from storage.mongo import Database
from tests.ai.group import ANN, BOB, Group
from tests.ai.proposals import propose
from tests.doubles.model_server import Script

TODAY = day_at(now())
FIRST = TODAY - timedelta(days=20)
TEXT = "One line.\nAnother line.\nThe last line.\n"


class Invented:
    """Records as the assistant writes them, made up from a seed; and what they come to, found the slow way."""

    def __init__(self, seed: int, workspace: str, people: Sequence[str] = ("ann", "bob", "cleo")) -> None:
        self.dice = random.Random(seed)
        self.workspace = workspace
        self.people = people
        self.decisions: list[dict[str, Any]] = []
        self.feedback: list[dict[str, Any]] = []
        self.usage: list[dict[str, Any]] = []

    def add(self, count: int, first: date = FIRST, last: date = TODAY) -> dict[str, list[dict[str, Any]]]:
        """More of each, between two days; what is new, by collection."""
        before = [len(records) for records in (self.decisions, self.feedback, self.usage)]
        for _ in range(count):
            self._decide(self._moment(first, last))
            self._call(self._moment(first, last))
        names = ("decisions", "feedback", "usage")
        return {name: getattr(self, name)[start:] for name, start in zip(names, before, strict=True)}

    def _moment(self, first: date, last: date) -> float:
        return self.dice.uniform(starts_at(first), min(now(), starts_at(last + timedelta(days=1))))

    def _about(self) -> dict[str, Any]:
        return {
            "kind": self.dice.choice(["edit", "write"]),
            "model": self.dice.choice(["small", "large"]),
            "language": self.dice.choice(["python", "markdown", None]),
        }

    def _decide(self, at: float) -> None:
        name, to, revision = self.dice.choice(
            [
                *[("accepted", "accepted", 0)] * 4,
                *[("rejected", "rejected", 0)] * 2,
                ("undone", "undone", 1),
                ("undone", "undone", 0),
                ("undone", "pending", 1),
                ("stale", "stale", 0),
                ("superseded", "stale", 0),
            ]
        )
        about, person = self._about(), self.dice.choice(self.people[:2])
        common = {"_id": uuid4().hex, "workspace": self.workspace, "decision": name, "decided_at": at, **about}
        self.decisions.append({**common, "to": to, "revision": revision, "requested_by": person})
        if self.dice.random() < 0.8:
            seen = [moment for moment in MOMENTS if name == "accepted" and self.dice.random() < 0.8]
            corrections = {moment: {"final_text": "…", "kept_rate": self.dice.random(), "at": at} for moment in seen}
            self.feedback.append({**common, "requested_by": {"id": person, "name": "?"}, "corrections": corrections})
        if self.dice.random() < 0.2:
            fate = self.dice.choice(["accepted", "ignored", "rejected"])
            completion = {**common, "_id": uuid4().hex, "kind": "completion", "decision": fate, "corrections": {}}
            self.feedback.append({**completion, "requested_by": {"id": person, "name": "?"}})

    def _call(self, at: float) -> None:
        currency = self.dice.choice([None, "USD", "EUR"])
        self.usage.append(
            {
                "_id": uuid4().hex,
                "workspace": self.workspace,
                "person": self.dice.choice(self.people),
                **self._about(),
                "kind": self.dice.choice(["edit", "chat"]),
                "at": at,
                "ended": self.dice.choice(["done", "failed", "stopped"]),
                "prompt_tokens": self.dice.randrange(5_000),
                "completion_tokens": self.dice.randrange(1_000),
                "estimated": self.dice.random() < 0.3,
                "cost": self.dice.random() if currency else None,
                "currency": currency,
                "first_token": math.exp(self.dice.gauss(0, 1)) if self.dice.random() < 0.9 else None,
            }
        )

    # ---- the slow way

    def expected(self, first: date, last: date, by: Dimension | None = None, key: Any = None) -> dict[str, Any]:
        def counts(record: Mapping[str, Any], at: str, person: Any) -> bool:
            value = person if by == "person" else record[by] if by else None
            return first <= day_at(record[at]) <= last and (by is None or value == key)

        decided = [r for r in self.decisions if counts(r, "decided_at", r["requested_by"])]
        learned = [r for r in self.feedback if counts(r, "decided_at", r["requested_by"]["id"])]
        completions = [r for r in learned if r["kind"] == "completion"]
        calls = [r for r in self.usage if counts(r, "at", r["person"])]
        taken_away = [r for r in decided if r["decision"] == "undone" and (r["to"], r["revision"]) == ("undone", 0)]

        def number(name: str) -> int:
            return sum(r["decision"] == name for r in decided + completions)

        accepted, rejected = number("accepted"), number("rejected") + len(taken_away)
        firsts = sorted(r["first_token"] for r in calls if r["first_token"] is not None)
        return {
            "decisions": {
                "accepted": accepted,
                "rejected": rejected,
                "taken_back": sum(
                    r["decision"] == "undone" and r["to"] == "undone" and r["revision"] > 0 for r in decided
                ),
                "ignored": number("ignored"),
                "stale": number("stale"),
                "acceptance": accepted / (accepted + rejected) if accepted + rejected else None,
            },
            "kept": {
                name: _mean([r["corrections"][moment]["kept_rate"] for r in learned if moment in r["corrections"]])
                for moment, name in MOMENTS.items()
            },
            "calls": {
                "count": len(calls),
                "ended": {name: n for name in ("done", "failed", "stopped") if (n := _number(calls, "ended", name))},
                "estimated": _number(calls, "estimated", True),
            },
            "first_token": {"count": len(firsts), "p50": _rank(firsts, 0.5), "p95": _rank(firsts, 0.95)},
            "tokens": {
                "prompt": sum(r["prompt_tokens"] for r in calls),
                "completion": sum(r["completion_tokens"] for r in calls),
            },
            "cost": [
                {"currency": currency, "amount": pytest.approx(sum(r["cost"] for r in paid))}
                for currency in ("EUR", "USD")
                if (paid := [r for r in calls if r["currency"] == currency])
            ],
        }


def _number(records: list[dict[str, Any]], field: str, value: Any) -> int:
    return sum(record[field] == value for record in records)


def _mean(rates: list[float]) -> dict[str, Any]:
    return {"count": len(rates), "rate": pytest.approx(sum(rates) / len(rates)) if rates else None}


def _rank(ranked: list[float], share: float) -> Any:
    return pytest.approx(ranked[math.ceil(share * len(ranked)) - 1], rel=0.02) if ranked else None


async def store(db: Database, records: Mapping[str, list[dict[str, Any]]]) -> None:
    for name, new in records.items():
        if new:
            await db[name].insert_many([dict(record) for record in new])


async def check(group: Group, invented: Invented, first: date = FIRST, last: date = TODAY) -> None:
    days = await group.assistant.figures.days(group.workspace, first, last)
    for by in ("kind", "model", "language", "person"):
        made = report(days, first, last, by, "day")  # type: ignore[arg-type]
        assert made["total"] == invented.expected(first, last)
        for part in made["groups"]:
            key = part.pop("key")
            assert part == invented.expected(first, last, by, key)  # type: ignore[arg-type]
        for point in made["series"]:
            day = point.pop("begins")
            assert point == invented.expected(day, day)
    begun = report(days, first, last, "kind", "week")["series"]
    assert sum(point["calls"]["count"] for point in begun) == invented.expected(first, last)["calls"]["count"]


async def test_the_figures_are_what_the_single_records_come_to(group: Group) -> None:
    invented = Invented(7, group.workspace)
    await store(group.storage.db, invented.add(200))
    await store(group.storage.db, Invented(8, "another workspace").add(20))
    await check(group, invented)
    # The days that are over are not read again, and today goes on.
    await store(group.storage.db, invented.add(30, TODAY - timedelta(days=1)))
    await check(group, invented)
    other = await group.another()
    assert await other.assistant.figures.days(group.workspace, FIRST, TODAY) == await group.assistant.figures.days(
        group.workspace, FIRST, TODAY
    )
    await check(group, invented, FIRST + timedelta(days=5), TODAY - timedelta(days=3))
    await check(group, invented, FIRST - timedelta(days=9), FIRST + timedelta(days=2))


async def test_days_that_are_over_are_read_once_by_the_hourly_sweep(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented = Invented(3, group.workspace)
    await store(group.storage.db, invented.add(50))
    await expiry.Expiry(group.storage.db, group.assistant.figures).sweep()
    asked: list[tuple[float, float]] = []
    for sums in (group.assistant.figures._used, group.assistant.figures._decided):
        reader = sums._read

        async def reading(
            workspace: str, since: float, until: float, reader: day_sums.Reader = reader
        ) -> day_sums.Read:
            asked.append((since, until))
            return await reader(workspace, since, until)

        monkeypatch.setattr(sums, "_read", reading)
    await check(group, invented)
    young = starts_at(TODAY - timedelta(days=1)), starts_at(TODAY + timedelta(days=1))
    assert asked == [young, young]


async def test_a_day_whose_texts_are_still_being_looked_at_stays_open(group: Group) -> None:
    invented = Invented(5, group.workspace)
    await store(group.storage.db, invented.add(40))
    over = TODAY - timedelta(days=3)
    late = next(r for r in invented.feedback if r["decision"] == "accepted" and day_at(r["decided_at"]) < over)
    feedback = group.storage.db["feedback"]
    await feedback.update_one({"_id": late["_id"]}, {"$set": {"measure_at": now() + 60}})
    await check(group, invented)
    late["corrections"] = {"10min": {"final_text": "…", "kept_rate": 0.25, "at": now()}}
    await feedback.update_one({"_id": late["_id"]}, {"$set": {"measure_at": None, "corrections": late["corrections"]}})
    await check(group, invented)


async def test_erased_feedback_leaves_the_figures_and_decisions_stay(group: Group) -> None:
    invented = Invented(11, group.workspace)
    await store(group.storage.db, invented.add(60))
    await check(group, invented)
    assert await group.assistant.erase_feedback(group.workspace) > 0
    invented.feedback.clear()
    await check(group, invented)


async def test_what_is_forgotten_while_a_report_is_made_is_not_kept(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented = Invented(13, group.workspace)
    await store(group.storage.db, invented.add(60))
    decided = group.assistant.figures._decided
    keep = decided._keep

    async def late(*arguments: Any) -> None:
        await group.storage.db["feedback"].delete_many({"workspace": group.workspace})
        await group.assistant.figures.forget_feedback(group.workspace)
        await keep(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(decided, "_keep", late)
        await group.assistant.figures.days(group.workspace, FIRST, TODAY)
    invented.feedback.clear()
    await check(group, invented)


async def test_single_calls_go_after_ninety_days_and_their_sums_stay(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    invented = Invented(17, group.workspace)
    await store(group.storage.db, invented.add(60))
    later = now() + 100 * 24 * 3600.0
    monkeypatch.setattr(expiry, "now", lambda: later)
    monkeypatch.setattr(day_sums, "now", lambda: later)
    await expiry.Expiry(group.storage.db, group.assistant.figures).sweep()
    assert await group.storage.db["usage"].count_documents({}) == 0
    await check(group, invented)


async def test_what_people_decide_is_told_apart_by_what_it_was_about_and_who_asked(group: Group) -> None:
    await group.storage.db["workspaces"].insert_one({"_id": group.workspace, "collect_feedback": False})
    await group.file("a.py", TEXT)
    group.model.enqueue(Script(answer=TEXT.replace("One", "1").replace("last", "final")))
    asked = await group.edit("a.py", 0, utf16_length(TEXT))
    async with group.working():
        await group.ended(asked)
    first, second = await group.hunks(asked.suggestion)
    await group.decide(asked.suggestion, "accept", first.id)
    await group.decide(asked.suggestion, "reject", second.id)
    await group.decide(asked.suggestion, "undo", first.id)
    await group.assistant.meter.idle()
    days = await group.assistant.figures.days(group.workspace, TODAY, day_at(now()))
    [cells] = days.values()
    [(key, sums)] = cells.items()
    assert dict(zip(DIMENSIONS, key, strict=True)) == {
        "kind": "edit",
        "model": "scripted",
        "language": "python",
        "person": ANN.id,
    }
    made = shown(sums)
    assert made["decisions"] == {
        "accepted": 1,
        "rejected": 1,
        "taken_back": 1,
        "ignored": 0,
        "stale": 0,
        "acceptance": 0.5,
    }
    assert (made["calls"]["count"], made["first_token"]["count"]) == (1, 1)
    assert made["kept"]["quiet"] == {"count": 0, "rate": None}


async def test_what_was_decided_before_there_were_figures_counts_without_telling_more(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, [hunk] = await propose(group, document, ("Another", "A second"))
    await group.decide(suggestion, "accept", by=BOB)
    await group.assistant.carrying.idle()
    old = {"$unset": dict.fromkeys(("kind", "model", "language", "requested_by"), "")}
    await group.storage.db["decisions"].update_one({"_id": f"{hunk}:0"}, old)
    days = await group.assistant.figures.days(group.workspace, TODAY, day_at(now()))
    assert [dict(cells) for cells in days.values()] == [{(None, None, None, None): {"accepted": 1}}]
    await group.decide(suggestion, "undo")
    assert await group.text(document) == TEXT


def test_nothing_comes_to_nothing() -> None:
    made = report({}, FIRST, TODAY, "kind", "day")
    assert made["groups"] == []
    assert len(made["series"]) == 21
    assert made["total"]["decisions"]["acceptance"] is None
    assert made["total"]["first_token"] == {"count": 0, "p50": None, "p95": None}
    assert made["total"]["cost"] == []


def test_weeks_begin_on_mondays_and_the_first_one_with_the_range() -> None:
    wednesday, sunday = date(2026, 11, 25), date(2026, 12, 6)
    made = report({}, wednesday, sunday, "kind", "week")
    assert [point["begins"] for point in made["series"]] == [wednesday, date(2026, 11, 30)]
    assert step_for(wednesday, wednesday + timedelta(days=91)) == "day"
    assert step_for(wednesday, wednesday + timedelta(days=92)) == "week"
