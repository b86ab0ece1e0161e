"""Jobs: what the assistant was asked to do, how it went, and another try for what failed."""

from typing import Any

from fastapi import APIRouter

from ai.pool.jobs import JobState
from server.access import Viewer
from server.bodies import Route
from server.routes.assistant import JobEditor
from server.routes.assistant_refusals import refusals
from server.routes.assistant_shapes import JobShown
from server.services import ServicesDep

router = APIRouter(tags=["assistant"], route_class=Route)


class JobListed(JobShown):
    instruction: str
    """The beginning of what was asked."""
    path: str | None = None
    finished_at: str | None = None


@router.get("/api/workspaces/{workspace}/jobs", response_model=list[JobListed], response_model_exclude_none=True)
async def list_jobs(member: Viewer, services: ServicesDep, state: JobState | None = None) -> list[dict[str, Any]]:
    """The newest ones, newest first; `state=failed` are those that wait for somebody to try them again."""
    return await services.assistant.jobs_of(member.workspace, state)


@router.post("/api/jobs/{id}/retry", status_code=202, response_model=JobShown, response_model_exclude_none=True)
async def retry(id: str, member: JobEditor, services: ServicesDep) -> dict[str, Any]:
    """Try a failed job once more. What it had written is taken back, unless somebody decided it; 409 if it has not
    failed, also when somebody else was first.
    """
    with refusals():
        return (await services.assistant.retry(id)).view()


@router.post("/api/jobs/{id}/dismissal", response_model=JobShown, response_model_exclude_none=True)
async def dismiss(id: str, member: JobEditor, services: ServicesDep) -> dict[str, Any]:
    """Leave a failed job out of the list. It is kept, and can still be tried again."""
    with refusals():
        return (await services.assistant.put_aside(id)).view()
