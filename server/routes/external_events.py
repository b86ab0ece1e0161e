"""Events from outside: another system says that something has happened, and all who follow the workspace hear of it."""

import hashlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from server.access import Editor
from server.bodies import Route
from server.callers import Member
from server.problems import Problem
from server.services import Services, ServicesDep

router = APIRouter(prefix="/api/workspaces/{workspace}", tags=["events"], route_class=Route)

MOST_BYTES = 64 * 1024
"""Of one event, so that it can be announced whole."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=1_024)]


class ExternalEvent(BaseModel):
    """A CloudEvent 1.0 in its JSON format; attributes that are not named here are its extensions, and stay with it."""

    model_config = ConfigDict(extra="allow")

    specversion: Literal["1.0"]
    id: Name
    """With `source` it names the event: the same one sent again is not told again for as long as events are kept."""
    source: Name
    type: Annotated[str, StringConstraints(pattern=r"^external(\.[A-Za-z0-9_-]+)+$", max_length=255)]
    subject: Name | None = None
    time: AwareDatetime | None = None
    datacontenttype: Literal["application/json"] | None = None
    data: Any = None


class Received(BaseModel):
    ids: list[str]
    """Their numbers in the stream, in the order in which they were sent."""


Events = Annotated[list[ExternalEvent], Field(fail_fast=True, min_length=1, max_length=100)]


@router.post("/events", status_code=202)
async def receive(body: ExternalEvent | Events, member: Editor, services: ServicesDep) -> Received:
    """Tell the workspace of one event, or of a batch in its order: then those before one that fails have been told."""
    events = body if isinstance(body, list) else [body]
    texts = [event.model_dump_json(exclude_unset=True) for event in events]
    for event, text in zip(events, texts, strict=True):
        if "data_base64" in (event.model_extra or {}):
            raise Problem(422, "Data comes as JSON, not as base64.")
        if len(text.encode()) > MOST_BYTES:
            raise Problem(413, f"An event may have {MOST_BYTES // 1024} KiB; “{event.id[:80]}” has more.")
    both = zip(events, texts, strict=True)
    return Received(ids=[str(await _tell(event, text, member, services)) for event, text in both])


async def _tell(event: ExternalEvent, text: str, member: Member, services: Services) -> int:
    """Its number in the stream. Told twice when it comes twice at one moment: better than never."""
    key = hashlib.sha256(f"{event.source}\0{event.id}".encode()).hexdigest()
    events = services.storage.events
    known = await events.numbered(member.workspace, key)
    # As text: JSON has keys and numbers that no database takes.
    return known if known is not None else await events.append(member.workspace, event.type, {"json": text}, key=key)
