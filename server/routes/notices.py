"""Notices: what the assistant says by itself, each with the change that it would make."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from ai.proposals.hunks import Decision
from server.access import Editor, Viewer
from server.bodies import Route
from server.routes.assistant import OF_WORKSPACE, person_of
from server.routes.assistant_refusals import refusals, undecided
from server.routes.assistant_shapes import MOST_MS, HunkShown, Shown, SomePerson, Words
from server.services import ServicesDep

router = APIRouter(tags=["notices"], route_class=Route)

NoticeId = Annotated[str, StringConstraints(max_length=128)]


class SourceShown(BaseModel):
    """A place, when the notice was made: line from 1, and what stood there."""

    line: int
    text: str
    path: str | None = None
    """Of another file than the one that the notice is about."""


class NoticeShown(BaseModel):
    id: str
    workspace: str
    document: str
    path: str
    kind: Literal["broken", "faults", "repeated", "todo", "question", "knowledge"]
    """A file that cannot be read as what it is, or in which a linter finds what is likely wrong; a change that was made
    in some places and not in others; what somebody has left to the assistant; a question in a comment to which files
    have something to say."""
    reason: str
    sources: list[SourceShown]
    state: Literal["open", "accepted", "rejected", "stale", "gone"]
    """"stale": its change does not fit any more. "gone": what it was about is not there any more."""
    created_at: str
    read_by: list[str]
    """Ids of people."""
    hunks: list[HunkShown]
    """What it would change; empty where it only says something."""
    suggestion: str | None = None
    """The suggestion whose hunks these are."""
    decided_by: SomePerson | None = None
    decided_at: str | None = None


class NoticeDecision(BaseModel):
    decision: Literal["accept", "reject", "undo"]
    reason: Annotated[Words, StringConstraints(max_length=2_000)] | None = None
    shown_ms: Annotated[int, Field(ge=0, le=MOST_MS)] | None = None
    """For how many ms its change has been on the screen of whoever decides."""


class Seen(BaseModel):
    notices: Annotated[list[NoticeId], Field(fail_fast=True, min_length=1, max_length=1_000)]


@router.get(OF_WORKSPACE + "/notices", response_model=list[NoticeShown], response_model_exclude_none=True)
async def list_notices(member: Viewer, services: ServicesDep) -> list[Shown]:
    """The newest, newest first, without those whose cause is gone."""
    return await services.assistant.board.of_workspace(member.workspace)


@router.post(OF_WORKSPACE + "/notices/{id}/decision", response_model=NoticeShown, response_model_exclude_none=True)
async def decide_notice(id: NoticeId, body: NoticeDecision, member: Editor, services: ServicesDep) -> Any:
    """For the whole group. 409 when it cannot be decided any more, with why."""
    with refusals():
        notice, outcomes = await services.assistant.board.decide(
            member.workspace, id, Decision(body.decision), person_of(member), body.reason, body.shown_ms
        )
    if "suggestion" in notice and (problem := undecided(outcomes)) is not None:
        raise problem
    return notice


@router.post(OF_WORKSPACE + "/notices/read", status_code=204)
async def read_notices(body: Seen, member: Viewer, services: ServicesDep) -> None:
    """By whoever sends this."""
    await services.assistant.board.read(member.workspace, body.notices, member.user.id)
