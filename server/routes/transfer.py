"""Whole workspaces in and out, as zip archives."""

import tempfile

from fastapi import APIRouter, Response
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import StreamingResponse

from server.access import Editor, Viewer
from server.bodies import Route
from server.examples import put_examples
from server.problems import Problem
from server.routes.files import inert
from server.services import ServicesDep
from server.web import read_body

router = APIRouter(prefix="/api/workspaces/{workspace}", tags=["files"], route_class=Route)

ZIP = {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}


class Imported(BaseModel):
    """Numbers of files."""

    created: int
    changed: int
    unchanged: int


@router.post("/import", openapi_extra={"requestBody": ZIP | {"required": True}})
async def import_archive(request: Request, member: Editor, services: ServicesDep, folder: str = "") -> Imported:
    """Bring in the zip archive in the body: all of it or, when anything in it cannot be had, nothing.

    It is unpacked into `folder`; without one, into the workspace itself.
    """
    settings = services.settings
    with tempfile.TemporaryFile() as file:
        async for piece in read_body(request, settings.import_bytes):
            file.write(piece)
        file.seek(0)
        report = await services.files.import_archive(
            member.workspace,
            file,
            member.author,
            max_entries=settings.import_files,
            max_bytes=settings.import_bytes,
            folder=folder,
        )
    return Imported(created=report.created, changed=report.changed, unchanged=report.unchanged)


class Examples(BaseModel):
    paths: list[str]


@router.post("/examples", status_code=201)
async def bring_examples(member: Editor, services: ServicesDep) -> Examples:
    """Put in the files that the first workspace begins with; 409 when anything is there already."""
    if (await services.files.tree(member.workspace)).nodes:
        raise Problem(409, "This workspace is not empty any more.")
    return Examples(paths=await put_examples(services.files, member.workspace, member.author))


@router.get("/export", response_class=Response, responses={200: ZIP})
async def export(member: Viewer, services: ServicesDep) -> Response:
    """Every file as it is now."""
    workspace = await services.identity.workspaces.get(member.workspace)
    name = workspace.name if workspace else "workspace"
    return StreamingResponse(
        services.files.export(member.workspace), media_type="application/zip", headers=inert(f"{name}.zip")
    )
