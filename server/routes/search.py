"""Find in files, and replace in them."""

import asyncio
import json
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from collab.searching.globs import Globs
from collab.searching.matching import MAX_REPLACEMENT, Matcher, Wanted
from collab.searching.search import FileMatches as FoundInFile
from server.access import Editor, Viewer
from server.bodies import Route
from server.problems import REFUSALS, Problem, refusal
from server.services import ServicesDep

router = APIRouter(prefix="/api/workspaces/{workspace}", tags=["files"], route_class=Route)

PAGE = 500
"""Matches of one answer."""

MOST_FILES = 1000
MOST_CHOSEN = 10_000
"""Of one request to replace."""


class Match(BaseModel):
    path: str
    line: int
    """Counted from 1; 0 when the path itself was found."""
    column: int
    """UTF-16 code units of the line, or of the path, before what was found."""
    text: str
    """The line, or the path; of a line of more than 300 characters those around what was found, with "…"."""


class PlaceShown(BaseModel):
    id: str
    """Names this match in this text when it is to be replaced."""
    line: int
    """Counted from 1."""
    column: int
    """UTF-16 code units of the line before it."""
    length: int
    """UTF-16 code units."""
    text: str
    """The line; of one of more than 300 characters those around the match, with "…"."""
    start: int
    """UTF-16 code units of `text` before the match."""
    end: int
    """Where in `text` it ends, or is cut."""
    replacement: str | None
    """What it would become; null unless `replacement` was given."""


class FileMatches(BaseModel):
    document: str
    path: str
    count: int
    """Of all matches in the file."""
    matches: list[PlaceShown]
    """Those of this page."""


class Matches(BaseModel):
    files: list[FileMatches]
    """In the order of the tree."""
    count: int
    """Of all matches, on this page and on others."""
    in_files: int
    whole: bool
    """False when there are so many, or looking for them takes so long, that nobody has counted them all."""
    next: int | None
    """What to give as `skip` for the next page; null on the last one."""


class ChosenMatches(BaseModel):
    document: str
    matches: Annotated[list[str], Field(fail_fast=True, min_length=1, max_length=MOST_CHOSEN)]
    """By their ids."""


class Replacement(BaseModel):
    q: str
    case: bool = False
    word: bool = False
    regex: bool = False
    replacement: Annotated[str, StringConstraints(max_length=MAX_REPLACEMENT)]
    files: Annotated[list[ChosenMatches], Field(fail_fast=True, min_length=1, max_length=MOST_FILES)]


class ReplacedFile(BaseModel):
    document: str
    path: str | None
    """Null when there is no such text any more."""
    replaced: list[str]
    changed: list[str]
    """Matches that were left alone: they are not there any more as they were seen."""
    problem: str | None
    """Why nothing was replaced in this file; a sentence."""


class Replaced(BaseModel):
    files: list[ReplacedFile]


@router.get("/search")
async def search(q: str, member: Viewer, services: ServicesDep) -> list[Match]:
    """Names and lines of all files that hold `q`, literally; letter case counts once `q` has a capital.

    At most 500: up to 100 names, then up to 50 lines of each text, in the order of the tree.
    """
    found = await services.files.search.find(member.workspace, q)
    return [Match(path=match.path, line=match.line, column=match.column, text=match.text) for match in found]


@router.get("/search/matches", response_model=Matches)
async def find_matches(
    q: str,
    member: Viewer,
    services: ServicesDep,
    case: bool = False,
    word: bool = False,
    regex: bool = False,
    paths: str = "",
    replacement: str | None = None,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Every match of `q` in the texts, 500 at a time; with `replacement`, also what each would become.

    `case`: letter case counts. `word`: it begins and ends where words do. `regex`: `q` is an expression of RE2, and
    `$1` in `replacement` its first group. `paths` are patterns such as `*.md, docs, !docs/old`.
    """
    matcher = Matcher(Wanted(q, case, word, regex), replacement)
    page = await services.files.search.places(member.workspace, matcher, Globs(paths), skip=skip, most=PAGE)
    behind = skip + PAGE
    counted = {
        "count": page.matches,
        "in_files": page.in_files,
        "whole": page.whole,
        "next": behind if behind < page.matches else None,
    }

    def answer() -> bytes:
        files = ",".join(map(_shown, page.files))
        return f'{{"files":[{files}],{_json(counted)[1:]}'.encode()

    # With what they would become, 500 matches are megabytes.
    return Response(await asyncio.to_thread(answer), media_type="application/json")


@router.post("/search/replace")
async def replace_matches(body: Replacement, member: Editor, services: ServicesDep) -> Replaced:
    """Replace the matches that are named, as edits that everybody who has the files open sees.

    A match that is not there any more as it was seen is left alone and told. Each file is for itself: one that cannot
    be changed keeps none of the others from it.
    """
    if sum(len(file.matches) for file in body.files) > MOST_CHOSEN:
        raise Problem(422, f"At most {MOST_CHOSEN} matches are replaced at a time.")
    wanted = Wanted(body.q, body.case, body.word, body.regex)
    Matcher(wanted, body.replacement)  # what is wrong with these is wrong everywhere
    outcome = []
    for file in body.files:
        try:
            done = await services.files.replacing.replace(
                member.workspace, file.document, wanted, body.replacement, file.matches, member.author
            )
        except REFUSALS as error:
            why = refusal(error).detail
            outcome.append(ReplacedFile(document=file.document, path=None, replaced=[], changed=[], problem=why))
        else:
            outcome.append(
                ReplacedFile(
                    document=file.document, path=done.path, replaced=done.done, changed=done.changed, problem=None
                )
            )
    return Replaced(files=outcome)


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _shown(file: FoundInFile) -> str:
    """One match after the other: a single call would let nobody else in before it has written all of them."""
    found = {"document": file.document, "path": file.path, "count": file.count}
    matches = ",".join(_json({field: getattr(place, field) for field in _FIELDS}) for place in file.places)
    return f'{_json(found)[:-1]},"matches":[{matches}]}}'


_FIELDS = list(PlaceShown.model_fields)
