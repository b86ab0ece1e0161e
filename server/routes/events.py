"""The event socket of a workspace: CloudEvents 1.0 in JSON, in their order, resumable by ``?after=<id>``."""

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, cast

import structlog
from fastapi import APIRouter, Query
from starlette.websockets import WebSocket

from server.access import Viewer
from server.bodies import MOST
from server.cloud_events import cloud_event
from server.problems import FAILED, Problem, close_with
from server.services import Services, ServicesDep
from storage.events import Event

router = APIRouter()
log = structlog.get_logger(__name__)


@router.websocket("/api/workspaces/{workspace}/events")
async def events(
    socket: WebSocket, member: Viewer, services: ServicesDep, after: Annotated[int | None, Query(ge=0, le=MOST)] = None
) -> None:
    if after is None:
        # Before the socket opens: the client reads the present state then, and must miss nothing that comes after.
        after = await services.storage.events.newest(member.workspace)
    await socket.accept()
    services.metrics.sockets["events"] += 1
    ended: asyncio.Future[Problem] = asyncio.get_running_loop().create_future()

    def revoke(problem: Problem) -> None:
        if not ended.done():
            ended.set_result(problem)

    unwatch = services.watch.watch(member, changed=lambda now: None, revoked=revoke)
    reading = asyncio.create_task(_wait_for_end(socket))
    sending = asyncio.create_task(_forward(socket, services, member.workspace, after))
    waited: set[asyncio.Future[Any]] = {reading, sending, ended}
    try:
        with services.files.search_texts.attended(member.workspace):
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            await close_with(socket, ended.result())
        elif sending.done() and not reading.done():
            log.error("an event stream broke off", exc_info=sending.exception())
            await socket.close(FAILED, "the event stream broke off; come back")
    finally:
        unwatch()
        services.metrics.sockets["events"] -= 1
        reading.cancel()
        sending.cancel()
        await asyncio.gather(reading, sending, return_exceptions=True)


async def _wait_for_end(socket: WebSocket) -> None:
    """Returns when the client has gone. It has nothing to say here, so whoever talks is shown out."""
    message = await socket.receive()
    if message["type"] == "websocket.receive":
        await socket.close(1008, "this socket only speaks")


async def _forward(socket: WebSocket, services: Services, workspace: str, after: int) -> None:
    transient = itertools.count(1)
    last = after
    async with aclosing(cast(AsyncGenerator[Event], services.storage.events.follow(workspace, after))) as followed:
        async for event in followed:
            last = event.id if event.id is not None else last
            # Unique per source, and not a number to a transient event.
            name = str(event.id) if event.id is not None else f"{last}.t{next(transient)}"
            await socket.send_text(json.dumps(cloud_event(event, name), ensure_ascii=False))
