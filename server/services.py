"""Everything that a request may need, opened once per process."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from ai.assistant import Assistant
from collab.files.files import Files
from collab.rooms.rooms import Rooms
from server.checks import Checks
from server.doorway import Doorway
from server.health import Health
from server.housekeeping import Housekeeping
from server.identity import Identity
from server.metrics import Metrics
from server.settings import Settings
from server.watch import Watch
from server.web import WebAddress
from server.webhooks.courier import Courier
from server.webhooks.webhooks import Webhooks
from storage import Storage


@dataclass(frozen=True)
class Services:
    settings: Settings
    address: WebAddress
    storage: Storage
    identity: Identity
    rooms: Rooms
    files: Files
    assistant: Assistant
    webhooks: Webhooks
    courier: Courier
    watch: Watch
    housekeeping: Housekeeping
    doorway: Doorway
    checks: Checks
    metrics: Metrics
    health: Health


def services_of(connection: HTTPConnection) -> Services:
    return cast(Services, connection.app.state.services)


ServicesDep = Annotated[Services, Depends(services_of)]
