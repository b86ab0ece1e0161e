"""What the files of a workspace say of something."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from server.access import Viewer
from server.bodies import Route
from server.services import ServicesDep

router = APIRouter(prefix="/api/workspaces/{workspace}/knowledge", tags=["knowledge"], route_class=Route)

LONGEST_QUESTION = 2_000


class PassageShown(BaseModel):
    document: str
    path: str
    first: int
    """Its first line, counted from 1; of a file without lines, such as a PDF, see `within`."""
    last: int
    within: list[str]
    """What it stands in, outermost first: headings, classes and functions, "page 3"."""
    line: int
    """The line of the file that holds most of what is asked."""
    text: str
    score: float
    """Higher is better; comparable within one answer."""


class KnowledgeState(BaseModel):
    files: int
    known: int
    """Of the files, how many were looked into."""
    complete: bool
    """False while what was there before is gone through for the first time."""


@router.get("")
async def state(member: Viewer, services: ServicesDep) -> KnowledgeState:
    """How much of the workspace can be found."""
    found = await services.assistant.knowledge.state(member.workspace)
    return KnowledgeState(files=found.files, known=found.known, complete=found.complete)


@router.get("/search")
async def search(
    q: Annotated[str, Query(max_length=LONGEST_QUESTION)],
    member: Viewer,
    services: ServicesDep,
    folder: str = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> list[PassageShown]:
    """The passages of files that have most to do with `q`, a question or some words, best first.

    `folder` is where they are looked for. What `.scriptorium/ignore` keeps from the assistant is not among them.
    """
    found = await services.assistant.knowledge.search(member.workspace, q, limit, folder.strip("/"))
    return [
        PassageShown(
            document=one.document,
            path=one.path,
            first=one.piece.first,
            last=one.piece.last,
            within=list(one.piece.within),
            line=one.line,
            text=one.piece.text,
            score=one.score,
        )
        for one in found
    ]
