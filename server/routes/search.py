"""Find in files."""

from fastapi import APIRouter
from pydantic import BaseModel

from server.access import Viewer
from server.services import ServicesDep

router = APIRouter(prefix="/api/workspaces/{workspace}", tags=["files"])


class Match(BaseModel):
    path: str
    line: int
    """Counted from 1; 0 when the path itself was found."""
    column: int
    """UTF-16 code units of the line, or of the path, before what was found."""
    text: str
    """The line, or the path; of a line of more than 300 characters those around what was found, with "…"."""


@router.get("/search")
async def search(q: str, member: Viewer, services: ServicesDep) -> list[Match]:
    """Names and lines of all files that hold `q`, literally; letter case counts once `q` has a capital.

    At most 500: up to 100 names, then up to 50 lines of each text, in the order of the tree.
    """
    found = await services.files.search.find(member.workspace, q)
    return [Match(path=match.path, line=match.line, column=match.column, text=match.text) for match in found]
