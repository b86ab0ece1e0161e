"""The feedback: for owners to export and to erase, and for everybody to see what is kept of them."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, BeforeValidator

from ai.clock import rfc3339
from ai.record.exports import Format
from ai.record.feedback_reader import MOST_LISTED, Selection, Window
from ai.record.feedback_record import Kind, Outcome
from server.access import Owner, Viewer
from server.bodies import Route
from server.callers import Member
from server.problems import Problem
from server.routes.assistant_shapes import Erased, Id, SomePerson
from server.services import ServicesDep

router = APIRouter(prefix="/api/workspaces/{workspace}/feedback", tags=["feedback"], route_class=Route)

UNTIL = "Scriptorium-Until"
"""The header that tells where an export has stopped: the next one goes on with it as `since`."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


def _moment(value: Any) -> datetime:
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        moment = datetime.fromisoformat(value.upper())
        # At either end of its calendar Python cannot tell every time of a zone in UTC, nor every one that it can tell
        # as a number.
        if 1 < moment.year < 9999:
            return moment
    raise ValueError("a time as RFC 3339 has it, such as 2026-11-30T12:00:00Z")


Moment = Annotated[datetime, BeforeValidator(_moment)]


class Correction(BaseModel):
    final_text: str
    kept_rate: float
    at: datetime


class Redaction(BaseModel):
    field: str
    type: str
    count: int


class RecordListed(BaseModel):
    """A record as docs/http.md describes it, without the prompt."""

    id: str
    decided_at: datetime
    kind: Kind
    decision: Outcome
    path: str
    language: str | None
    document: str
    requested_by: SomePerson | None
    decided_by: SomePerson | None
    reason: str | None
    was_shown: bool | None
    shown_ms: int | None
    model: str | None
    provider: str | None
    base_text: str
    proposed_text: str
    final_text: str | None
    kept_rate: float | None
    corrections: dict[str, Correction]
    redactions: list[Redaction]


class RecordWhole(RecordListed):
    schema_version: int
    job: str | None
    """None for a completion, which has none."""
    suggestion: str
    attempt: int | None = None
    hunk: str
    params: dict[str, Any]
    messages: list[dict[str, Any]]
    context: list[dict[str, Any]]
    selection: str | None
    place: tuple[int, int] | None
    answer: dict[str, Any] | None = None
    timings: dict[str, float | None]
    usage: dict[str, int | None] | None
    cost: float | None
    consent: dict[str, Any]


class RecordPage(BaseModel):
    records: list[RecordListed]
    after: str | None
    """Where the next page begins; null on the last."""


@router.get("")
async def export_feedback(
    member: Owner,
    services: ServicesDep,
    format: Format = "raw",
    since: Moment | None = None,
    until: Moment | Literal["settled"] | None = None,
) -> StreamingResponse:
    """What was decided and what became of it, as JSON lines in the order of the decisions.

    `since` is the first moment that counts, `until` the first that does not; `settled` is as far as nothing changes any
    more but by new decisions.
    """
    assistant = services.assistant
    window = _window(since, until if until != "settled" else None)
    if until == "settled":
        settled = await assistant.records.settled(member.workspace)
        # Who comes back too early is given nothing, and comes back with the same moment.
        window = Window(window.since, max(settled, window.since or settled))
    elif window.since is not None and window.until is not None and window.since > window.until:
        raise Problem(422, "`since` is later than `until`.")
    headers = {"Content-Disposition": f'attachment; filename="feedback-{format}.jsonl"'}
    if window.until is not None:
        headers[UNTIL] = rfc3339(window.until)
    lines = await assistant.feedback_lines(member.workspace, format, window)
    return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)


@router.delete("")
async def erase_feedback(member: Owner, services: ServicesDep, person: Id | None = None) -> Erased:
    """The records that tuning would learn from; with `person`, those of what they asked for or decided.

    Decisions are kept, without any prompt in them.
    """
    return Erased(erased=await services.assistant.erase_feedback(member.workspace, person))


@router.get("/records")
async def list_records(
    member: Viewer,
    services: ServicesDep,
    kind: Kind | None = None,
    decision: Outcome | None = None,
    person: Id | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    after: Annotated[str | None, Query(max_length=200, pattern=r"^\d{1,12}(\.\d{1,9})?_[\w:-]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
) -> RecordPage:
    """What is kept, newest first. Who is no owner sees what comes from themselves: what they asked for or decided."""
    await services.assistant.carrying.idle()
    theirs = _only(member)
    if theirs is not None and person not in (None, theirs):
        raise Problem(403, "Only owners see what comes from others.")
    wanted = Selection(kind, decision, theirs or person, _window(since, until))
    page = await services.assistant.records.page(member.workspace, wanted, after, limit)
    return RecordPage(records=[RecordListed(**record) for record in page.records], after=page.after)


@router.get("/records/{id}")
async def show_record(id: Id, member: Viewer, services: ServicesDep) -> RecordWhole:
    found = await services.assistant.records.record(member.workspace, id, _only(member))
    if found is None:
        raise _absent()
    return RecordWhole(**found)


@router.delete("/records/{id}", status_code=204)
async def erase_record(id: Id, member: Owner, services: ServicesDep) -> None:
    if not await services.assistant.erase_one(member.workspace, id):
        raise _absent()


def _window(since: datetime | None, until: datetime | None) -> Window:
    return Window(since.timestamp() if since else None, until.timestamp() if until else None)


def _only(member: Member) -> str | None:
    """Whose records alone a member may see; None for everybody's."""
    return None if member.role == "owner" else member.user.id


def _absent() -> Problem:
    return Problem(404, "There is no such record, or it does not come from you.")
