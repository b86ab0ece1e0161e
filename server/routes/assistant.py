"""The assistant: asking it, watching what it does, and deciding on what it proposes."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from ai.pool.jobs import JobNotFound, Person
from ai.proposals.hunks import Decision
from ai.proposals.suggestions import SuggestionNotFound
from server.access import Editor, InWorkspaceOf, Viewer
from server.bodies import Route
from server.callers import Member
from server.routes.assistant_refusals import refusals, undecided
from server.routes.assistant_shapes import (
    AskedSuggestion,
    AssistantStatus,
    DecisionOutcome,
    DecisionRequest,
    EditRequest,
    FilesRequest,
    JobShown,
    Shown,
    SuggestionShown,
    WriteRequest,
)
from server.routes.budget_shapes import GaugeShown
from server.services import Services, ServicesDep

router = APIRouter(tags=["assistant"], route_class=Route)

OF_WORKSPACE = "/api/workspaces/{workspace}"


async def _workspace_of_job(services: Services, id: str) -> str | None:
    try:
        return (await services.assistant.jobs.get(id)).workspace
    except JobNotFound:
        return None


async def _workspace_of_suggestion(services: Services, id: str) -> str | None:
    try:
        return (await services.assistant.suggestions.get(id)).workspace
    except SuggestionNotFound:
        return None


JobViewer = Annotated[Member, Depends(InWorkspaceOf("viewer", "job", _workspace_of_job))]
JobEditor = Annotated[Member, Depends(InWorkspaceOf("editor", "job", _workspace_of_job))]
SuggestionViewer = Annotated[Member, Depends(InWorkspaceOf("viewer", "suggestion", _workspace_of_suggestion))]
SuggestionEditor = Annotated[Member, Depends(InWorkspaceOf("editor", "suggestion", _workspace_of_suggestion))]


def person_of(member: Member) -> Person:
    return Person(member.user.id, member.user.name)


# ---- asking


@router.get(OF_WORKSPACE + "/ai/status")
async def status(member: Viewer, services: ServicesDep) -> AssistantStatus:
    outage = await services.assistant.outages.of(member.workspace)
    gauges = await services.assistant.budget(member.workspace, member.user.id)
    more = {"outage": outage, "budget": [GaugeShown.of(gauge) for gauge in gauges]}
    return AssistantStatus(**await services.assistant.status(member.workspace) | more)


@router.post(OF_WORKSPACE + "/ai/edits", status_code=202)
async def ask_for_edit(body: EditRequest, member: Editor, services: ServicesDep) -> AskedSuggestion:
    """Have the text from `start` to `end` changed, or whole files. What changes becomes hunks that editors decide."""
    with refusals():
        asked = await services.assistant.requests.edit(
            member.workspace,
            body.path,
            body.start,
            body.end,
            body.instruction,
            person_of(member),
            body.expected,
            body.also,
        )
    return AskedSuggestion(**asked.view())


@router.post(OF_WORKSPACE + "/ai/writes", status_code=202)
async def ask_for_write(body: WriteRequest, member: Editor, services: ServicesDep) -> AskedSuggestion:
    """Have the assistant type into the document at `at`, for everybody to see."""
    with refusals():
        asked = await services.assistant.requests.write(
            member.workspace, body.path, body.at, body.instruction, person_of(member)
        )
    return AskedSuggestion(**asked.view())


@router.post(OF_WORKSPACE + "/ai/files", status_code=202)
async def ask_for_files(body: FilesRequest, member: Editor, services: ServicesDep) -> AskedSuggestion:
    """Have the assistant make a new file and type into it, or the files of a folder; 409 when the file is there."""
    with refusals():
        asked = await services.assistant.requests.create(
            member.workspace, body.path, body.kind, body.instruction, person_of(member)
        )
    return AskedSuggestion(**asked.view())


@router.post(OF_WORKSPACE + "/ai/knowledge", status_code=202)
async def ask_for_knowledge(member: Editor, services: ServicesDep) -> AskedSuggestion:
    """Have `KNOWLEDGE.md` brought up to date by what the newest texts and the open comments say, or begun."""
    with refusals():
        asked = await services.assistant.requests.keep_knowledge(member.workspace, person_of(member))
    return AskedSuggestion(**asked.view())


# ---- jobs


@router.get("/api/jobs/{id}", response_model=JobShown, response_model_exclude_none=True)
async def show_job(id: str, member: JobViewer, services: ServicesDep) -> Shown:
    with refusals():
        return (await services.assistant.jobs.get(id)).view()


@router.delete("/api/jobs/{id}", response_model=JobShown, response_model_exclude_none=True)
async def cancel_job(id: str, member: JobEditor, services: ServicesDep) -> Shown:
    """A job that runs stops within a moment; one that has ended stays as it is. What had streamed is kept."""
    with refusals():
        return (await services.assistant.cancel(id)).view()


# ---- suggestions


@router.get(OF_WORKSPACE + "/suggestions", response_model=list[SuggestionShown], response_model_exclude_none=True)
async def list_suggestions(member: Viewer, services: ServicesDep, path: str | None = None) -> list[Shown]:
    """The newest ones, newest first; with `path`, those of the file there."""
    with refusals():
        document = (await services.files.entry(member.workspace, path)).id if path is not None else None
        return await services.assistant.suggestions_of(member.workspace, document)


@router.get("/api/suggestions/{id}", response_model=SuggestionShown, response_model_exclude_none=True)
async def show_suggestion(id: str, member: SuggestionViewer, services: ServicesDep) -> Shown:
    with refusals():
        return await services.assistant.suggestion(id)


@router.post("/api/suggestions/{id}/decisions", response_model=DecisionOutcome, response_model_exclude_none=True)
async def decide(id: str, body: DecisionRequest, member: SuggestionEditor, services: ServicesDep) -> Any:
    """Accept, reject or undo hunks. 409 when none of them can be decided, with why for each."""
    which = None if body.hunks == "all" else body.hunks
    with refusals():
        outcomes = await services.assistant.decide(
            id, which, Decision(body.decision), person_of(member), body.reason, body.shown, body.revisions
        )
    if (problem := undecided(outcomes)) is not None:
        raise problem
    return {"hunks": [outcome.view() for outcome in outcomes]}


@router.post("/api/suggestions/{id}/retry", status_code=202)
async def ask_again(id: str, member: SuggestionEditor, services: ServicesDep) -> AskedSuggestion:
    """Ask anew for what has become stale."""
    with refusals():
        asked = await services.assistant.requests.again(id, person_of(member))
    return AskedSuggestion(**asked.view())
