"""The application: everything opened, every route guarded."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from types import ModuleType

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.responses import Response

from server import asyncapi, problems, sync
from server.access import Anyone, check_rules
from server.checks import Checks
from server.core import Core, open_core, running
from server.doorway import Doorway
from server.health import Health
from server.housekeeping import Housekeeping
from server.identity import Identity
from server.logs import AccessLog
from server.metrics import Metrics
from server.openapi import TITLE, describe
from server.routes import (
    assistant,
    assistant_config,
    client,
    comments,
    completions,
    conversations,
    diagnostics,
    events,
    external_events,
    feedback,
    figures,
    files,
    health,
    invites,
    jobs,
    knowledge,
    me,
    members,
    notices,
    search,
    tokens,
    transfer,
    trash,
    versions,
    webhooks,
    workspaces,
)
from server.services import Services
from server.settings import Settings
from server.watch import Watch, watch_deleted
from server.web import BodyLimit, FrontDoor, WebAddress

ROUTES: tuple[ModuleType, ...] = (
    health,
    me,
    workspaces,
    members,
    invites,
    tokens,
    files,
    search,
    knowledge,
    transfer,
    trash,
    diagnostics,
    versions,
    comments,
    assistant,
    assistant_config,
    jobs,
    notices,
    feedback,
    completions,
    conversations,
    figures,
    external_events,
    webhooks,
    events,
    sync,
    client,  # last: it answers to whatever is left
)


def create_app(services: Services) -> FastAPI:
    """The application around ``services``. Raises UnguardedRoute when a route has no authorization rule."""
    app = FastAPI(
        title=TITLE,
        version="1",
        description="A shared workspace with one assistant for the whole group.",
        # Their routes would carry no rule, and the pages would load scripts from elsewhere.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    problems.install(app)
    document = None

    @app.get("/api/openapi.json", include_in_schema=False)
    async def openapi(_: Anyone) -> Response:
        nonlocal document
        document = document or describe(app)
        return JSONResponse(document)

    @app.get("/api/asyncapi.json", include_in_schema=False)
    async def asyncapi_document(_: Anyone) -> Response:
        return JSONResponse(asyncapi.describe(app.version))

    for module in ROUTES:
        # Taken over one by one rather than included, so that every route can be looked at.
        app.router.routes.extend(module.router.routes)
    check_rules(app.routes)
    app.add_middleware(BodyLimit)
    app.add_middleware(FrontDoor, address=services.address)
    app.add_middleware(AccessLog, metrics=services.metrics)
    return app


@asynccontextmanager
async def open_services(settings: Settings, *, port: int) -> AsyncIterator[Services]:
    """Everything of one ``serve`` process; see `server.core.open_core` for how it ends."""
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(settings))
        identity = await Identity.open(core.storage, timedelta(days=settings.session_days))
        services = Services(
            settings=settings,
            address=WebAddress(port, settings.public_url, settings.allowed_hosts),
            storage=core.storage,
            identity=identity,
            rooms=core.rooms,
            files=core.files,
            assistant=core.assistant,
            webhooks=core.webhooks,
            courier=core.courier,
            watch=Watch(identity, core.storage.bus),
            housekeeping=Housekeeping(core, identity),
            doorway=Doorway(settings.limits.unanswered_connections),
            checks=Checks(),
            metrics=_metrics(core),
            health=Health(core.storage, core.rooms),
        )
        await stack.enter_async_context(running(services.health.run()))
        await stack.enter_async_context(running(services.watch.run()))
        await stack.enter_async_context(running(watch_deleted(core.files, core.storage.bus)))
        await stack.enter_async_context(running(services.housekeeping.run()))
        if settings.redis_url is None:
            await stack.enter_async_context(running(core.work()))
        else:
            # Workers have no /metrics of their own.
            await stack.enter_async_context(running(core.consumers.watch()))
        yield services


def _metrics(core: Core) -> Metrics:
    rooms, bus, texts = core.rooms, core.storage.bus, core.files.search_texts
    metrics = Metrics()
    metrics.gauge("rooms", "Documents in memory", lambda: len(rooms.open_rooms))
    incomplete = "Documents in memory that lack something of their log for good"
    metrics.gauge("rooms_incomplete", incomplete, lambda: sum(not room.whole for room in rooms.open_rooms))
    metrics.gauge("log_backlog_bytes", "Edits shown that the log does not have yet", lambda: rooms.backlog)
    metrics.gauge("log_away", "1 while the log cannot be written", lambda: rooms.log_away)
    metrics.gauge("bus_connected", "1 while the bus is connected", lambda: bus.connected)
    metrics.gauge("bus_dropped", "Messages that the bus could not send", lambda: bus.dropped)
    metrics.gauge("search_bytes", "Texts in memory for searching", lambda: texts.size)
    consumers = core.consumers
    lag = "Events that a group of consumers has not done with"
    metrics.gauges("consumer_lag", lag, "group", lambda: {group: few[0] for group, few in consumers.waiting.items()})
    oldest = "Age of the oldest of them"
    metrics.gauges(
        "consumer_lag_seconds", oldest, "group", lambda: {group: few[1] for group, few in consumers.waiting.items()}
    )
    return metrics
