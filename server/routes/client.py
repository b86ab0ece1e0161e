"""The built browser editor: its page for every address of its own, and its files."""

import asyncio
import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Response
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse
from starlette.websockets import WebSocket

from server.access import Anyone
from server.problems import Problem

router = APIRouter(include_in_schema=False)

READING = ["GET", "HEAD"]

DIST = Path(__file__).resolve().parents[2] / "client" / "dist"

# Not every system's table of types knows these, and with `nosniff` a wrong type means no page.
for _type, _extension in (("text/javascript", ".js"), ("text/javascript", ".mjs"), ("font/woff2", ".woff2")):
    mimetypes.add_type(_type, _extension)

_COMPRESSIBLE = {".js", ".mjs", ".css", ".svg", ".json", ".map"}

DIAGRAM_PAGE = "diagram.html"
"""Draws diagrams in a sandboxed frame of the editor, where it has an origin of its own."""

_DIAGRAM_HEADERS = {
    # It runs our program and nothing else: it reaches no host, not even this one, and shows nothing from elsewhere.
    "Content-Security-Policy": "; ".join(
        [
            "sandbox allow-scripts",
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'unsafe-inline'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        ]
    ),
    "Cache-Control": "no-cache",
}

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Scriptorium</title>
<h1>The editor has not been built</h1>
<p>The server runs, but <code>client/dist</code> is not there. Build it with <code>make install</code>, then reload.</p>
"""


@router.api_route("/", methods=READING)
@router.api_route("/w/{path:path}", methods=READING)
@router.api_route("/figures/{path:path}", methods=READING)
async def page(_: Anyone) -> Response:
    index = DIST / "index.html"
    if not index.is_file():
        return HTMLResponse(_NOT_BUILT, 503)
    # Always asked for anew: it names the files of the newest build, which themselves never change.
    return FileResponse(index, headers={"Cache-Control": "no-cache"})


@router.api_route("/assets/{path:path}", methods=READING)
async def asset(path: str, request: Request, _: Anyone) -> Response:
    """Named by their content, so they may be kept for ever."""
    file = _find(DIST / "assets", path)
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Vary": "Accept-Encoding",
        # The same for everybody, and the frame that draws diagrams is a stranger to our origin.
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    accepted = {one.partition(";")[0].strip() for one in request.headers.get("accept-encoding", "").split(",")}
    if "br" in accepted and (packed_by_build := file.with_name(f"{file.name}.br")).is_file():
        headers["Content-Encoding"] = "br"
        return FileResponse(packed_by_build, media_type=mimetypes.guess_type(file.name)[0], headers=headers)
    if file.suffix in _COMPRESSIBLE and "gzip" in accepted:
        packed = await asyncio.to_thread(_packed, file)
        headers["Content-Encoding"] = "gzip"
        return Response(packed, media_type=mimetypes.guess_type(file)[0], headers=headers)
    return FileResponse(file, headers=headers)


@router.api_route(f"/{DIAGRAM_PAGE}", methods=READING)
async def diagram_page(_: Anyone) -> Response:
    return FileResponse(_find(DIST, DIAGRAM_PAGE), headers=_DIAGRAM_HEADERS)


@router.api_route("/{name}", methods=READING)
async def root_file(name: str, _: Anyone) -> Response:
    """Icons and the like, which the build puts beside the page."""
    return FileResponse(_find(DIST, name), headers={"Cache-Control": "public, max-age=3600"})


@router.websocket("/{path:path}")
async def nothing(socket: WebSocket, _: Anyone) -> None:
    raise Problem(404, "There is no socket at this address.")


def _find(folder: Path, name: str) -> Path:
    file = (folder / name).resolve()
    if not (file.is_relative_to(folder) and file.is_file()):
        raise Problem(404, "There is nothing at this address.")
    return file


@lru_cache(maxsize=256)
def _packed(file: Path) -> bytes:
    """Kept for as long as the process: what is named by its content does not change, and a build has few files."""
    return gzip.compress(file.read_bytes(), compresslevel=9, mtime=0)
