"""The built browser editor: its page for every address of its own, and its files."""

import mimetypes
from pathlib import Path

from fastapi import APIRouter, Response
from starlette.responses import FileResponse, HTMLResponse
from starlette.websockets import WebSocket

from server.access import Anyone
from server.problems import Problem

router = APIRouter(include_in_schema=False)

DIST = Path(__file__).resolve().parents[2] / "client" / "dist"

# Not every system's table of types knows these, and with `nosniff` a wrong type means no page.
for _type, _extension in (("text/javascript", ".js"), ("font/woff2", ".woff2"), ("application/wasm", ".wasm")):
    mimetypes.add_type(_type, _extension)

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Scriptorium</title>
<h1>The editor has not been built</h1>
<p>The server runs, but <code>client/dist</code> is not there. Build it with <code>make install</code>, then reload.</p>
"""


@router.get("/")
@router.get("/w/{path:path}")
async def page(_: Anyone) -> Response:
    index = DIST / "index.html"
    if not index.is_file():
        return HTMLResponse(_NOT_BUILT, 503)
    # Always asked for anew: it names the files of the newest build, which themselves never change.
    return FileResponse(index, headers={"Cache-Control": "no-cache"})


@router.get("/assets/{path:path}")
async def asset(path: str, _: Anyone) -> Response:
    """Named by their content, so they may be kept for ever."""
    return _file(DIST / "assets", path, "public, max-age=31536000, immutable")


@router.get("/{name}")
async def root_file(name: str, _: Anyone) -> Response:
    """Icons and the like, which the build puts beside the page."""
    return _file(DIST, name, "public, max-age=3600")


@router.websocket("/{path:path}")
async def nothing(socket: WebSocket, _: Anyone) -> None:
    raise Problem(404, "There is no socket at this address.")


def _file(folder: Path, name: str, cache_control: str) -> FileResponse:
    file = (folder / name).resolve()
    if file.is_relative_to(folder) and file.is_file():
        return FileResponse(file, headers={"Cache-Control": cache_control})
    raise Problem(404, "There is nothing at this address.")
