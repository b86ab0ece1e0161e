"""The group's figures: what it accepted, what it kept, how soon answers began, what they took and cost."""

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from ai.spending.figures import Dimension, Step, report, step_for
from server.access import Viewer
from server.bodies import Route
from server.callers import Member
from server.problems import Problem
from server.services import Services, ServicesDep

router = APIRouter(tags=["assistant"], route_class=Route)

MOST_DAYS = 1_100
"""In one report: three years."""

USUAL_DAYS = 30


class DecisionFigures(BaseModel):
    accepted: int
    rejected: int
    taken_back: int
    """Acceptances that were undone; they count among those accepted."""
    ignored: int
    stale: int
    acceptance: float | None
    """Accepted of accepted and rejected, 0 to 1."""


class Rate(BaseModel):
    count: int
    rate: float | None
    """The mean over `count` texts, 0 to 1."""


class KeptFigures(BaseModel):
    """How much of accepted texts was still there."""

    quiet: Rate
    after_30s: Rate
    after_10min: Rate


class CallFigures(BaseModel):
    count: int
    ended: dict[str, int]
    estimated: int
    """Of how many the endpoint did not count the tokens."""


class Durations(BaseModel):
    """Seconds, to within 2 %."""

    count: int
    p50: float | None
    p95: float | None


class TokenFigures(BaseModel):
    prompt: int
    completion: int


class Money(BaseModel):
    currency: str
    amount: float


class FigureSet(BaseModel):
    decisions: DecisionFigures
    kept: KeptFigures
    calls: CallFigures
    first_token: Durations
    tokens: TokenFigures
    cost: list[Money]


class FigureGroup(FigureSet):
    key: str | None
    """The kind, the model, the language or the person's id; null where that is not known."""
    name: str | None = None
    """The person's."""


class FigurePoint(FigureSet):
    begins: date


class FiguresShown(BaseModel):
    begins: date
    ends: date
    by: Dimension
    step: Step
    collects: bool
    """Whether feedback is collected, without which nobody knows what is kept, nor what became of completions."""
    total: FigureSet
    groups: list[FigureGroup]
    series: list[FigurePoint]


@router.get("/api/workspaces/{workspace}/figures")
async def figures(
    member: Viewer,
    services: ServicesDep,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
    by: Dimension = "kind",
    step: Step | None = None,
) -> FiguresShown:
    """From one day to another, both included; the last 30 without any. Days are those of UTC.

    What a person accepts, and how much they ask, is theirs: with `by=person` owners are shown everybody, all others
    themselves alone.
    """
    today = datetime.now(UTC).date()
    if first is not None and last is not None and first > last:
        raise Problem(422, "The range ends before it begins.")
    last = min(last or today, today)
    first = min(first or date.fromordinal(max(1, last.toordinal() - USUAL_DAYS + 1)), last)
    if (last - first).days >= MOST_DAYS:
        raise Problem(422, f"A report covers at most {MOST_DAYS:,} days.")
    workspace = await services.identity.workspaces.get(member.workspace)
    if workspace is None:
        raise Problem(404, "This workspace was deleted.")
    # Before it was made there is nothing to look for, and in the days to come neither.
    first = min(last, max(first, workspace.created_at.date()))
    days = await services.assistant.figures.days(member.workspace, first, last)
    step = step or step_for(first, last)
    made = await asyncio.to_thread(report, days, first, last, by, step)
    if by == "person":
        made["groups"] = await _named(services, member, made["groups"])
    shown = {"begins": first, "ends": last, "by": by, "step": step, "collects": workspace.collect_feedback, **made}
    return FiguresShown.model_validate(shown)


async def _named(services: Services, member: Member, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    seen = [group for group in groups if member.role == "owner" or group["key"] == member.user.id]
    users = await services.identity.users.many([group["key"] for group in seen if group["key"] is not None])
    return [group | {"name": users[group["key"]].name if group["key"] in users else None} for group in seen]
