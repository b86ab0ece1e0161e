"""Comments on places in texts: threads that anybody in the group may answer and resolve."""

from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from collab.commenting.threads import Thread
from collab.replicas.positions import InvalidAnchor
from server.access import Editor, Viewer
from server.bodies import Route
from server.callers import Member
from server.problems import Problem
from server.routes.people import Person
from server.routes.versions import check_text
from server.services import Services, ServicesDep

router = APIRouter(prefix="/api/workspaces/{workspace}", tags=["comments"], route_class=Route)

CHANGED, DELETED = "scriptorium.comment.changed", "scriptorium.comment.deleted"

_SOMEBODY = "Somebody who left"
_INK = "#6b6b6b"


class NewThread(BaseModel):
    """Either `start` and `end`, or `anchors`."""

    start: Annotated[int, Field(ge=0)] | None = None
    end: Annotated[int, Field(ge=0)] | None = None
    """UTF-16 code units of the text that is commented on; the same as `start` for a place between two characters."""
    expected: str | None = None
    """What stands there as far as the caller knows; refused with 409 where something else does."""
    anchors: tuple[str, str] | None = None
    """Encoded Yjs relative positions, base64, for who has the shared text: they stay right while others type."""
    text: str
    """Markdown."""


class Said(BaseModel):
    text: str


class Resolution(BaseModel):
    resolved: bool


class CommentShown(BaseModel):
    id: str
    by: Person
    at: datetime
    text: str
    edited_at: datetime | None


class ThreadShown(BaseModel):
    id: str
    document: str
    anchors: tuple[str, str] | None
    """Encoded Yjs relative positions, base64; null when its place in the text is lost."""
    quote: str
    """The beginning of what stood there at first."""
    messages: list[CommentShown]
    resolved_by: Person | None
    resolved_at: datetime | None
    revision: int
    """Grows with every change."""


@router.get("/comments")
async def open_threads(member: Viewer, services: ServicesDep) -> list[ThreadShown]:
    """Of all files, what nobody has resolved."""
    return await _shown(await services.files.comments.open_in(member.workspace), services)


@router.get("/documents/{id}/comments")
async def threads(id: str, member: Viewer, services: ServicesDep) -> list[ThreadShown]:
    """Of one file, also what was resolved."""
    await check_text(id, member, services, "A binary file has no comments.")
    return await _shown(await services.files.comments.of_document(id), services)


@router.post("/documents/{id}/comments", status_code=201)
async def begin(id: str, member: Editor, services: ServicesDep, body: NewThread) -> ThreadShown:
    """The thread keeps its place as the text around it changes."""
    await check_text(id, member, services, "A binary file has no comments.")
    comments, by = services.files.comments, member.user.id
    if body.anchors is not None and body.start is None and body.end is None and body.expected is None:
        try:
            left, right = (b64decode(anchor, validate=True) for anchor in body.anchors)
            made = await comments.begin_at(member.workspace, id, (left, right), by, body.text)
        except (InvalidAnchor, BinasciiError):
            raise Problem(422, "These are no relative positions in the text.") from None
    elif body.anchors is None and body.start is not None and body.end is not None and body.start <= body.end:
        made = await comments.begin(member.workspace, id, body.start, body.end, by, body.text, body.expected)
    else:
        raise Problem(422, "A comment needs a `start` and an `end` that is not before it, or `anchors`.")
    return await _told(made, member, services)


@router.post("/comments/{id}/messages", status_code=201)
async def answer(id: str, member: Editor, services: ServicesDep, body: Said) -> ThreadShown:
    """Opens the thread again when it was resolved."""
    changed = await services.files.comments.answer(member.workspace, id, member.user.id, body.text)
    return await _told(changed, member, services)


@router.patch("/comments/{id}/messages/{message}")
async def edit(id: str, message: str, member: Editor, services: ServicesDep, body: Said) -> ThreadShown:
    """Of one's own."""
    changed = await services.files.comments.edit(member.workspace, id, message, member.user.id, body.text)
    return await _told(changed, member, services)


@router.delete("/comments/{id}/messages/{message}", status_code=204)
async def remove(id: str, message: str, member: Editor, services: ServicesDep) -> None:
    """Of one's own. With the last one the thread goes."""
    document = (await services.files.comments.find(member.workspace, id)).document
    left = await services.files.comments.remove(member.workspace, id, message, member.user.id)
    if left is not None:
        await _told(left, member, services)
    else:
        await services.storage.events.append(member.workspace, DELETED, {"id": id, "document": document})


@router.post("/comments/{id}/resolution")
async def resolve(id: str, member: Editor, services: ServicesDep, body: Resolution) -> ThreadShown:
    """By anybody; what is resolved stays readable, and can be opened again."""
    changed = await services.files.comments.resolve(member.workspace, id, member.user.id, done=body.resolved)
    return await _told(changed, member, services)


async def _told(thread: Thread, member: Member, services: Services) -> ThreadShown:
    """As it is shown, and told to everybody."""
    [shown] = await _shown([thread], services)
    await services.storage.events.append(member.workspace, CHANGED, shown.model_dump(mode="json"))
    return shown


async def _shown(threads: Iterable[Thread], services: Services) -> list[ThreadShown]:
    threads = list(threads)
    ids = {message.by for thread in threads for message in thread.messages}
    ids |= {thread.resolved_by for thread in threads if thread.resolved_by}
    known = await services.identity.users.many(list(ids))

    def person(id: str) -> Person:
        return Person.of(known[id]) if id in known else Person(id=id, name=_SOMEBODY, color=_INK)

    return [
        ThreadShown(
            id=thread.id,
            document=thread.document,
            anchors=_base64(thread.anchors),
            quote=thread.quote,
            messages=[
                CommentShown(id=one.id, by=person(one.by), at=one.at, text=one.text, edited_at=one.edited_at)
                for one in thread.messages
            ],
            resolved_by=person(thread.resolved_by) if thread.resolved_by else None,
            resolved_at=thread.resolved_at,
            revision=thread.revision,
        )
        for thread in threads
    ]


def _base64(anchors: tuple[bytes, bytes] | None) -> tuple[str, str] | None:
    if anchors is None:
        return None
    left, right = (b64encode(anchor).decode() for anchor in anchors)
    return left, right
