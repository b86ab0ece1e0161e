"""Files and folders by path."""

import asyncio
import io
import mimetypes
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse

from collab.files.files import FileEntry
from collab.tree.rule import Kind
from server.access import Editor, Viewer
from server.bodies import Route
from server.byte_range import byte_range
from server.preconditions import check_match, etag_of, expectation, is_known
from server.services import ServicesDep
from server.web import read_body

router = APIRouter(prefix="/api/workspaces/{workspace}", tags=["files"], route_class=Route)

RAW_FILE = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}


class Entry(BaseModel):
    id: str
    path: str
    kind: Kind
    size: int | None
    updated_at: datetime | None

    @classmethod
    def of(cls, entry: FileEntry) -> "Entry":
        return cls(id=entry.id, path=entry.path, kind=entry.kind, size=entry.size, updated_at=entry.updated_at)


ENTRIES_PER_TURN = 250
_ENTRIES = TypeAdapter(list[Entry])


class Description(Entry):
    media_type: str
    format: dict[str, Any] | None
    """Of a text: {encoding, bom, line_ending}."""


class Move(BaseModel):
    source: Annotated[str, Field(alias="from")]
    target: Annotated[str, Field(alias="to")]


@router.get("/tree", response_model=list[Entry])
async def tree(member: Viewer, services: ServicesDep) -> Response:
    """Every file and folder, folders before what they hold. A text's size is that of its file as last settled."""
    return StreamingResponse(_listed(await services.files.list(member.workspace)), media_type="application/json")


async def _listed(entries: Sequence[FileEntry]) -> AsyncIterator[bytes]:
    """A JSON array, written in parts: twenty thousand at once would hold up everybody else for a third of a second."""
    yield b"["
    for start in range(0, len(entries), ENTRIES_PER_TURN):
        part = [Entry.of(entry) for entry in entries[start : start + ENTRIES_PER_TURN]]
        yield (b"," if start else b"") + _ENTRIES.dump_json(part)[1:-1]
        await asyncio.sleep(0)
    yield b"]"


@router.get("/documents/{id}")
async def describe(id: str, member: Viewer, services: ServicesDep) -> Description:
    info = await services.files.describe(member.workspace, id)
    return Description(
        **Entry.of(info).model_dump(),
        media_type=media_type(info),
        format=info.format.summary() if info.format else None,
    )


@router.head("/files/{path:path}", response_class=Response)
@router.get("/files/{path:path}", response_class=Response, responses={200: RAW_FILE, 206: RAW_FILE, 304: {}})
async def read(path: str, request: Request, member: Viewer, services: ServicesDep) -> Response:
    """The bytes of the file, as it was brought in or as it would be written now; of a binary one also a range."""
    content = await services.files.read(member.workspace, path)
    plain = content.plain
    etag = etag_of(plain.hash)
    check_match(request, etag)
    if is_known(request, etag):
        return Response(status_code=304, headers={"ETag": etag})
    headers = {"Content-Length": str(plain.size), "ETag": etag, **inert(path.rsplit("/", 1)[-1])}
    if plain.part is not None:
        headers |= {"Accept-Ranges": "bytes"}
    if request.method == "HEAD":
        return Response(media_type=media_type(content.entry), headers=headers)
    status, body = 200, plain.body
    if plain.part is not None and request.headers.get("if-range", etag) == etag:
        span = byte_range(request.headers.get("range"), plain.size)
        if span is not None:
            start, end = span
            headers |= {"Content-Length": str(end - start), "Content-Range": f"bytes {start}-{end - 1}/{plain.size}"}
            status, body = 206, plain.part(start, end)
    return StreamingResponse(body, status, media_type=media_type(content.entry), headers=headers)


@router.put(
    "/files/{path:path}",
    status_code=204,
    response_class=Response,
    openapi_extra={"requestBody": RAW_FILE | {"required": True}},
)
async def write(path: str, request: Request, member: Editor, services: ServicesDep) -> Response:
    """Make the body the content of the file: 201 when it is new. Who has it open sees the difference as an edit."""
    body = io.BytesIO()  # gives what was written without a copy: joining the pieces of 250 MB takes a fifth of a second
    async for piece in read_body(request, services.settings.limits.binary_file):
        body.write(piece)
    expects = expectation(request)
    written = await services.files.write(member.workspace, path, body.getvalue(), member.author, expects)
    return JSONResponse({"id": written.id}, 201) if written.created else Response(status_code=204)


@router.delete("/files/{path:path}", status_code=204)
async def delete(path: str, request: Request, member: Editor, services: ServicesDep) -> None:
    """Into the trash."""
    await services.files.delete(member.workspace, path, member.author, expectation(request))


@router.put("/folders/{path:path}", status_code=204)
async def make_folder(path: str, member: Editor, services: ServicesDep, response: Response) -> None:
    """With the folders around it: 201 when it is new."""
    if await services.files.make_folder(member.workspace, path, member.author):
        response.status_code = 201


@router.delete("/folders/{path:path}", status_code=204)
async def delete_folder(path: str, member: Editor, services: ServicesDep) -> None:
    """Into the trash, with all that is in it."""
    await services.files.delete_folder(member.workspace, path, member.author)


@router.post("/moves", status_code=204)
async def move(body: Move, member: Editor, services: ServicesDep) -> None:
    """Rename or move a file or folder. Its id stays, and who has it open keeps it open."""
    await services.files.move(member.workspace, body.source, body.target, member.author)


def media_type(entry: FileEntry) -> str:
    if entry.kind == "text":
        # Without a charset: the bytes are the file's own, and may be Latin-1. A drawing is a text that people look at.
        return "image/svg+xml" if entry.path.lower().endswith(".svg") else "text/plain"
    guessed, compressed = mimetypes.guess_type(entry.path, strict=False)
    return guessed if guessed and not compressed else "application/octet-stream"


def inert(name: str) -> dict[str, str]:
    """Headers under which a file of that name, whatever is in it, runs nothing in our origin.

    It is saved rather than shown; an ``<img>`` still shows a picture, and no script runs in one.
    """
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
