"""For whatever watches over the process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel

from server.access import Anyone, Monitor
from server.services import ServicesDep

router = APIRouter(tags=["operation"])
log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds within which a part must answer."""


class Alive(BaseModel):
    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    ready: bool
    parts: dict[str, str]
    """Each part's name: "ok", or what is the matter."""


@router.get("/healthz")
async def alive(_: Anyone) -> Alive:
    """Answers while the process can answer anything; asks nobody else."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness}})
async def ready(_: Anyone, services: ServicesDep, response: Response) -> Readiness:
    """Whether everything that keeps people's work can be reached. Without the bus it is slower, not broken."""
    storage = services.storage
    database, objects = await asyncio.gather(
        _ask("database", lambda: storage.db.command("ping")), _ask("object store", storage.objects.ping)
    )
    parts = {
        "database": database,
        "object_store": objects,
        "log": "edits wait in memory to be written" if services.rooms.log_away else "ok",
        "bus": "ok" if storage.bus.connected else "not connected: changes reach other processes late",
    }
    is_ready = all(parts[name] == "ok" for name in ("database", "object_store", "log"))
    response.status_code = 200 if is_ready else 503
    return Readiness(ready=is_ready, parts=parts)


@router.get("/metrics", response_class=Response)
async def metrics(_: Monitor, services: ServicesDep) -> Response:
    """Prometheus' exposition format."""
    return Response(services.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _ask(name: str, ping: Callable[[], Awaitable[object]]) -> str:
    try:
        await asyncio.wait_for(ping(), PATIENCE)
    except Exception as error:  # whatever it is: a part that cannot be asked is not ready, and the log says why
        log.warning("not ready", part=name, error=str(error) or type(error).__name__)
        return "does not answer"
    return "ok"
