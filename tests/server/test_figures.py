"""The figures and the budget over HTTP: who sees what, what is refused, and in which words."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ai.clock import now
from server.app import open_services
from server.settings import Settings
from tests.doubles.model_server import ModelServer, Script
from tests.server.conftest import furnished
from tests.server.test_assistant_routes import TEXT, Desk, problem

ENDPOINTS = """
default:
    url: {url}
    key: secret-key
    models:
        scripted: {{input: 2, output: 10}}
"""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with ModelServer() as model:
        endpoints = tmp_path / "endpoints.yaml"
        endpoints.write_text(ENDPOINTS.format(url=model.url))
        settings = Settings(data_dir=tmp_path / "data", endpoints_file=endpoints, currency="EUR")
        async with open_services(settings, port=8000) as services:
            house = await furnished(services)
            yield Desk(house, model, house.http("viewer"), house.http("editor"), house.http("owner"))


async def figures(http: httpx2.AsyncClient, desk: Desk, **params: str) -> dict[str, Any]:
    await desk.house.services.assistant.meter.idle()
    answer = await http.get(f"{desk.base}/figures", params=params)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def spend(desk: Desk, **budget: Any) -> None:
    answer = await desk.owner.patch(desk.base, json={"budget": budget})
    assert answer.status_code == 200, answer.text


async def test_what_the_group_did_with_the_assistant_is_in_the_figures(desk: Desk) -> None:
    await desk.file()
    suggestion = await desk.propose(TEXT.replace("One", "1").replace("Another", "2nd"))
    first, second = suggestion["hunks"]
    await desk.decide(suggestion, "accept", [first["id"]])
    await desk.decide(suggestion, "reject", [second["id"]])
    shown = await figures(desk.viewer, desk)
    today = datetime.now(UTC).date().isoformat()
    assert (shown["begins"], shown["ends"], shown["by"], shown["step"]) == (today, today, "kind", "day")
    assert shown["collects"] is True
    [edits] = shown["groups"]
    assert (edits["key"], edits["name"]) == ("edit", None)
    assert edits["decisions"]["accepted"] == edits["decisions"]["rejected"] == 1
    assert edits["decisions"]["acceptance"] == 0.5
    total, tokens = shown["total"], shown["total"]["tokens"]
    assert (total["calls"]["count"], total["calls"]["ended"], total["calls"]["estimated"]) == (1, {"done": 1}, 0)
    assert 0 < total["first_token"]["p50"] == total["first_token"]["p95"]
    cost = (tokens["prompt"] * 2 + tokens["completion"] * 10) / 1_000_000
    assert total["cost"] == [{"currency": "EUR", "amount": pytest.approx(cost)}]
    [point] = shown["series"]
    assert {**total, "begins": today} == point
    assert [g["key"] for g in (await figures(desk.viewer, desk, by="language"))["groups"]] == ["markdown"]
    assert [g["key"] for g in (await figures(desk.viewer, desk, by="model"))["groups"]] == ["scripted"]


async def test_what_a_person_accepts_is_seen_by_owners_and_by_themselves(desk: Desk) -> None:
    await desk.file()
    suggestion = await desk.propose(TEXT.replace("One", "1"))
    await desk.decide(suggestion, "accept")
    asked = await desk.owner.post(f"{desk.base}/ai/chat", json={"message": "Hello?"})
    await desk.ended(asked.json()["job"])
    people = {}
    for who, http in (("viewer", desk.viewer), ("editor", desk.editor), ("owner", desk.owner)):
        shown = await figures(http, desk, by="person")
        people[who] = {group["name"] for group in shown["groups"]}
        assert shown["total"]["calls"]["count"] == 2
    assert people == {"viewer": set(), "editor": {"editor"}, "owner": {"editor", desk.house.users["owner"].name}}
    [mine] = (await figures(desk.editor, desk, by="person"))["groups"]
    assert mine["key"] == desk.house.users["editor"].id
    assert mine["decisions"]["accepted"] == 1


async def test_ranges_that_are_none_are_refused_and_odd_ones_answered(desk: Desk) -> None:
    async def refused(**params: str) -> str:
        detail: str = problem(await desk.viewer.get(f"{desk.base}/figures", params=params), 422)["detail"]
        return detail

    assert await refused(**{"from": "2026-02-02", "to": "2026-02-01"}) == "The range ends before it begins."
    assert "at most 1,100 days" in await refused(**{"from": "2001-01-01"})
    for params in ({"from": "yesterday"}, {"by": "weather"}, {"step": "year"}, {"to": "10000-01-01"}):
        await refused(**params)
    today = datetime.now(UTC).date()
    tomorrow = (today + timedelta(days=1)).isoformat()
    for params in (
        {"from": tomorrow, "to": "9999-12-31"},
        {"to": "0001-01-01"},
        {"from": "0001-01-01", "to": "0001-01-02"},
        {"from": today.isoformat(), "to": today.isoformat(), "step": "week"},
    ):
        shown = await figures(desk.viewer, desk, **params)
        assert len(shown["series"]) == 1
        assert shown["groups"] == []


async def test_owners_alone_set_a_budget_and_everybody_sees_how_much_is_left(desk: Desk) -> None:
    await desk.file()
    for http in (desk.viewer, desk.editor):
        problem(await http.patch(desk.base, json={"budget": {"tokens_per_day": 10}}), 403)
    assert (await desk.viewer.get(f"{desk.base}/ai/status")).json()["budget"] == []
    await spend(desk, tokens_per_day=10_000, money_per_month=5, currency="EUR", share=0.5)
    settings = (await desk.viewer.get(f"{desk.base}/settings")).json()
    assert settings["budget"] == {"tokens_per_day": 10_000, "money_per_month": 5.0, "currency": "EUR", "share": 0.5}
    await desk.propose(TEXT.replace("One", "1"))
    await desk.house.services.assistant.meter.idle()
    gauges = (await desk.editor.get(f"{desk.base}/ai/status")).json()["budget"]
    assert [(g["unit"], g["personal"], g["limit"]) for g in gauges] == [
        ("tokens", False, 10_000),
        ("tokens", True, 5_000),
        ("money", False, 5.0),
        ("money", True, 2.5),
    ]
    assert gauges[0]["used"] == gauges[1]["used"] > 0
    assert [g["spent"] for g in gauges] == [None] * 4
    others = (await desk.viewer.get(f"{desk.base}/ai/status")).json()["budget"]
    assert (others[0]["used"], others[1]["used"]) == (gauges[0]["used"], 0)
    await spend(desk, tokens_per_day=None)
    assert (await desk.editor.get(f"{desk.base}/ai/status")).json()["budget"] == []


async def test_a_budget_that_makes_no_sense_is_refused(desk: Desk) -> None:
    for budget in (
        {"tokens_per_day": -1},
        {"tokens_per_day": 1.5},
        {"tokens_per_day": "many"},
        {"money_per_month": -0.01},
        {"money_per_month": 1e12},
        {"currency": "dollars"},
        {"currency": "$.a"},
        {"share": 0},
        {"share": 1.1},
        "none",
    ):
        problem(await desk.owner.patch(desk.base, json={"budget": budget}), 422)
    assert (await desk.owner.get(f"{desk.base}/settings")).json()["budget"]["tokens_per_day"] is None


async def test_a_spent_budget_is_402_with_what_is_spent_and_when_it_is_free_again(desk: Desk) -> None:
    await desk.file()
    await desk.propose(TEXT.replace("One", "1"))
    await spend(desk, tokens_per_day=20)
    await desk.house.services.assistant.meter.idle()
    where = {"path": "a.md", "instruction": "Change it."}
    for path, body in (
        ("edits", {**where, "start": 0, "end": 3}),
        ("writes", {**where, "at": 0}),
        ("chat", {"message": "Hello?"}),
        ("files", {"path": "new.md", "kind": "text", "instruction": "Write it."}),
        ("completions", {"path": "a.md", "at": 3}),
    ):
        refused = problem(await desk.editor.post(f"{desk.base}/ai/{path}", json=body), 402)
        assert refused["detail"].startswith("All of this workspace's budget for today is used up, 20 tokens.")
        assert (refused["reason"], refused["unit"], refused["personal"]) == ("budget", "tokens", False)
        renewal = datetime.fromisoformat(refused["renews_at"])
        assert 0 < renewal.timestamp() - now() <= 24 * 3600
    assert len(desk.model.requests) == 1
    [gauge] = (await desk.viewer.get(f"{desk.base}/ai/status")).json()["budget"]
    assert gauge["spent"] == refused["detail"]
    await spend(desk, tokens_per_day=100_000)
    desk.model.enqueue(Script(answer=TEXT))
    assert (await desk.ended((await desk.ask())["job"]))["state"] == "done"
