"""The history of a text: its versions, what differs between them, the way back, and who wrote what."""

import json
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints
from starlette.responses import StreamingResponse

from ai.proposals.suggestions import ASSISTANT
from collab.history.history import JOBS
from collab.history.versions import Version
from server.access import Editor, Viewer
from server.bodies import Route
from server.callers import Member
from server.problems import Problem
from server.services import Services, ServicesDep

PIECE = 256 * 1024
"""Bytes of an answer that are sent at a time."""

router = APIRouter(prefix="/api/workspaces/{workspace}/documents/{id}", tags=["versions"], route_class=Route)

VersionName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]
VersionId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Hand(BaseModel):
    """Whoever writes."""

    kind: Literal["person", "assistant"]
    id: str
    name: str


class NewVersion(BaseModel):
    name: VersionName | None = None


class VersionShown(BaseModel):
    id: str
    name: str | None
    at: datetime
    automatic: bool
    """False for one that somebody made: it is kept for ever."""
    by: Hand | None
    """Who made it; null for an automatic one."""
    before_restore: bool
    """It holds what a restore has replaced."""
    incomplete: bool
    """Something of the log could not be read and is missing from it; the file on the drive is the last one without."""
    authors: list[Hand]
    """Who took part since the version before it."""
    size: int
    """Bytes of the text as UTF-8."""


class VersionWhole(VersionShown):
    text: str
    """Its lines end in "\\n"."""


class Hunk(BaseModel):
    """Lines `old_start` up to `old_end`, without it, became lines `new_start` up to `new_end`; numbered from 1."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int
    removed: list[str]
    """With their line ends."""
    added: list[str]


class Difference(BaseModel):
    hunks: list[Hunk]


class RestoreOutcome(BaseModel):
    before: VersionShown | None
    """What was there: restore it to undo this. Null when the text was the same already."""


class RunShown(BaseModel):
    start: int
    end: int
    """Without it."""
    author: int | None
    """An index of `authors`; null where nobody is recorded (yet)."""


class LinesShown(RunShown):
    at: datetime | None
    """When they were there at the latest, as far as versions tell; null for what is newer than all of them."""


class AttributionShown(BaseModel):
    length: int
    """UTF-16 code units of the text that this is about."""
    authors: list[Hand]
    runs: list[RunShown]
    """Of UTF-16 code units, from 0."""
    lines: list[LinesShown]
    """Of lines, from 1: whoever wrote the most of each."""


@router.get("/versions")
async def list_versions(
    id: str,
    member: Viewer,
    services: ServicesDep,
    before: VersionId | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[VersionShown]:
    """The newest ones, newest first. For older ones, name the last one that you have as `before`."""
    await check_text(id, member, services)
    return await _shown(await services.files.history.versions.list(id, before, limit), services)


@router.post("/versions", status_code=201)
async def make_version(id: str, member: Editor, services: ServicesDep, body: NewVersion | None = None) -> VersionShown:
    """Keep the present text for ever, under a name if there is one."""
    await check_text(id, member, services)
    name = body.name if body is not None else None
    made = await services.files.history.make(member.workspace, id, member.author, name)
    [shown] = await _shown([made], services)
    data = {"document": id, "version": shown.model_dump(mode="json")}
    await services.storage.events.append(member.workspace, "scriptorium.version.created", data)
    return shown


@router.get("/versions/{version}")
async def show_version(id: str, version: str, member: Viewer, services: ServicesDep) -> VersionWhole:
    await check_text(id, member, services)
    versions = services.files.history.versions
    found = await versions.find(id, version)
    text = await versions.text(member.workspace, id, found)
    [shown] = await _shown([found], services)
    return VersionWhole(**shown.model_dump(), text=text)


@router.get("/versions/{version}/diff", response_model=Difference)
async def compare_versions(
    id: str,
    version: str,
    member: Viewer,
    services: ServicesDep,
    against: VersionId | Literal["current"] = "current",
) -> StreamingResponse:
    """Which lines of the version are others in the one that it is held against, or in the present text."""
    await check_text(id, member, services)
    history = services.files.history
    old = await history.versions.find(id, version)
    new = None if against == "current" else await history.versions.find(id, against)
    return _answer(await history.differences(member.workspace, id, old, new))


@router.post("/versions/{version}/restore")
async def restore_version(id: str, version: str, member: Editor, services: ServicesDep) -> RestoreOutcome:
    """Make the text what it was then, as an edit that everybody who has it open sees.

    What was there is kept as a version, and what others write at this moment stays.
    """
    await check_text(id, member, services)
    history = services.files.history
    restored = await history.restore(member.workspace, id, await history.versions.find(id, version), member.author)
    if restored.before is None:
        return RestoreOutcome(before=None)
    [shown] = await _shown([restored.before], services)
    return RestoreOutcome(before=shown)


@router.get("/attribution", response_model=AttributionShown)
async def attribute(id: str, member: Viewer, services: ServicesDep) -> StreamingResponse:
    """Who wrote what of the present text, by characters and by lines."""
    await check_text(id, member, services)
    found = await services.files.history.attribution(id)
    hands = await _hands(found.authors, services)
    named = json.dumps([hands[author].model_dump() for author in found.authors]).encode()
    return _answer(b'{"authors":%b,%b}' % (named, found.fields))


def _answer(body: bytes) -> StreamingResponse:
    """`body`, which is JSON, in pieces: a connection that is given more than it can take copies all of the rest."""
    headers = {"Content-Length": str(len(body))}
    return StreamingResponse(_pieces(body), media_type="application/json", headers=headers)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), PIECE):
        yield body[at : at + PIECE]


async def check_text(
    id: str, member: Member, services: Services, refusal: str = "A binary file has no versions."
) -> None:
    """Raises FileNotFound, also for a file in the trash; Problem for a binary one."""
    if (await services.files.describe(member.workspace, id)).kind != "text":
        raise Problem(409, refusal)


async def _shown(versions: list[Version], services: Services) -> list[VersionShown]:
    hands = await _hands(
        {author for version in versions for author in (*version.authors, version.by) if author}, services
    )
    return [
        VersionShown(
            id=version.id,
            name=version.name,
            at=version.at,
            automatic=version.by is None,
            by=hands[version.by] if version.by is not None else None,
            before_restore=version.held,
            incomplete=not version.whole,
            authors=[hands[author] for author in version.authors],
            size=version.size,
        )
        for version in versions
    ]


async def _hands(authors: Iterable[str], services: Services) -> dict[str, Hand]:
    """By author. Whoever has no account any more is still somebody."""
    people = {author: author.removeprefix("user:") for author in authors if author != JOBS}
    known = await services.identity.users.many(list(people.values()))
    hands = {JOBS: Hand(kind="assistant", id=ASSISTANT["id"], name=ASSISTANT["name"])}
    for author, user in people.items():
        hands[author] = Hand(kind="person", id=user, name=known[user].name if user in known else "Somebody who left")
    return hands
