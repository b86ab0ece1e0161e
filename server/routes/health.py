"""For whatever watches over the process."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from server.access import Anyone, Monitor
from server.health import NEEDED
from server.services import ServicesDep

router = APIRouter(tags=["operation"])


class Alive(BaseModel):
    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    ready: bool
    parts: dict[str, str]
    """Each part's name: "ok", or what is the matter."""
    since: dict[str, datetime]
    """Of each part that is not: when this process first found it so."""


@router.head("/healthz")
@router.get("/healthz")
async def alive(_: Anyone) -> Alive:
    """Answers while the process can answer anything; asks nobody else."""
    return Alive()


@router.head("/readyz", responses={503: {"model": Readiness}})
@router.get("/readyz", responses={503: {"model": Readiness}})
async def ready(_: Anyone, services: ServicesDep, response: Response) -> Readiness:
    """Whether everything that keeps people's work can be reached. Without the bus it is slower, not broken."""
    parts = await services.health.look()
    is_ready = all(parts[name] == "ok" for name in NEEDED)
    response.status_code = 200 if is_ready else 503
    return Readiness(ready=is_ready, parts=parts, since=services.health.since)


@router.head("/metrics", response_class=Response)
@router.get("/metrics", response_class=Response)
async def metrics(_: Monitor, services: ServicesDep) -> Response:
    """Prometheus' exposition format."""
    return Response(services.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
