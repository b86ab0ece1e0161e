"""Webhooks of a workspace: where it is told what happens here, and what became of that."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from server.access import Owner
from server.bodies import MOST, Route
from server.problems import Problem
from server.services import ServicesDep
from server.webhooks.webhook import Attempt, Delivery, DeliveryState, InvalidUrl, Webhook, check_url

router = APIRouter(prefix="/api/workspaces/{workspace}/webhooks", tags=["events"], route_class=Route)

EventTypes = Annotated[
    list[
        Annotated[str, StringConstraints(pattern=r"^(scriptorium|external)(\.[A-Za-z0-9_-]+)*(\.\*)?$", max_length=255)]
    ],
    Field(min_length=1, max_length=50),
]
"""Whole names, or beginnings that end with `.*`."""

Url = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[\x21-\x7e]+$")]


class NewWebhook(BaseModel):
    url: Url
    types: EventTypes = Field(default=["scriptorium.*", "external.*"])


class WebhookChange(BaseModel):
    url: Url | None = None
    types: EventTypes | None = None
    active: bool | None = None


class WebhookShown(BaseModel):
    id: str
    url: str
    types: list[str]
    active: bool
    created_at: datetime
    failing_since: datetime | None
    """Null when the last attempt went well, or there was none."""
    gone: bool
    """The receiver answered 410, which switched it off."""

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookShown":
        return cls(
            id=webhook.id,
            url=webhook.url,
            types=list(webhook.types),
            active=webhook.active,
            created_at=webhook.at,
            failing_since=webhook.failing_since,
            gone=webhook.gone,
        )


class WebhookCreated(WebhookShown):
    secret: str
    """The key of the signatures. Only this answer has it."""


class AttemptShown(BaseModel):
    at: datetime
    ms: int
    status: int | None
    """Of its answer; null where there was none: then `error` says why."""
    error: str | None

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptShown":
        return cls(at=attempt.at, ms=round(attempt.took * 1000), status=attempt.status, error=attempt.error)


class DeliveryShown(BaseModel):
    event: str
    """Id of the event."""
    type: str
    at: datetime
    """Of the event."""
    state: DeliveryState
    attempts: list[AttemptShown]
    """The last ten, oldest first."""

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryShown":
        return cls(
            event=str(delivery.number),
            type=delivery.type,
            at=delivery.at,
            state=delivery.state,
            attempts=[AttemptShown.of(attempt) for attempt in delivery.attempts],
        )


@router.get("")
async def list_webhooks(member: Owner, services: ServicesDep) -> list[WebhookShown]:
    """Oldest first."""
    return [WebhookShown.of(one) for one in await services.webhooks.of_workspace(member.workspace)]


@router.post("", status_code=201)
async def create_webhook(body: NewWebhook, member: Owner, services: ServicesDep) -> WebhookCreated:
    """It is told of all that happens from now on."""
    url = _checked(body.url, services)
    made = await services.webhooks.create(member.workspace, url, body.types, member.user.id)
    return WebhookCreated(**WebhookShown.of(made).model_dump(), secret=made.secret)


@router.patch("/{id}")
async def change_webhook(id: str, body: WebhookChange, member: Owner, services: ServicesDep) -> WebhookShown:
    """What waits is tried at once. Switched off, it is not told later what happened meanwhile."""
    webhook = await services.webhooks.get(member.workspace, id)
    changes = body.model_dump(exclude_none=True)
    if body.url is not None:
        changes["url"] = _checked(body.url, services)
    return WebhookShown.of(await services.webhooks.change(webhook, changes) if changes else webhook)


@router.delete("/{id}", status_code=204)
async def delete_webhook(id: str, member: Owner, services: ServicesDep) -> None:
    await services.webhooks.delete(await services.webhooks.get(member.workspace, id))


@router.post("/{id}/ping")
async def ping_webhook(id: str, member: Owner, services: ServicesDep) -> AttemptShown:
    """Send it an event of type `scriptorium.webhook.ping`, once, and tell what it answered."""
    webhook = await services.webhooks.get(member.workspace, id)
    return AttemptShown.of((await services.courier.ping(webhook)).attempt)


@router.get("/{id}/deliveries")
async def list_deliveries(
    id: str,
    member: Owner,
    services: ServicesDep,
    before: Annotated[int | None, Query(ge=1, le=MOST)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[DeliveryShown]:
    """The newest events first, for as long as events are kept. For older ones, name the last one as `before`."""
    webhook = await services.webhooks.get(member.workspace, id)
    return [DeliveryShown.of(one) for one in await services.webhooks.deliveries(webhook, before, limit)]


@router.post("/{id}/deliveries/{event}/retry", status_code=202)
async def retry_delivery(id: str, event: int, member: Owner, services: ServicesDep) -> None:
    """Deliver it once more, whatever became of it."""
    webhook = await services.webhooks.get(member.workspace, id)
    if not webhook.active:
        raise Problem(409, "This webhook is switched off.")
    if not 0 < event <= MOST or not await services.webhooks.again(webhook, event):
        raise Problem(404, "There is no such delivery, or its event is not kept any more.")


def _checked(url: str, services: ServicesDep) -> str:
    try:
        return check_url(url, private=services.settings.private_webhooks)
    except InvalidUrl as error:
        raise Problem(422, str(error)) from None
