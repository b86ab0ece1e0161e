"""The webhooks of workspaces: kept, looked up, and given what they are to deliver."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pymongo.errors import BulkWriteError

from collab.documents.records import now
from server.webhooks.signature import new_secret
from server.webhooks.webhook import Delivery, DeliveryState, Webhook, delivery_id
from storage import Storage
from storage.event_tail import Event
from storage.mongo import Document

MOST = 20
"""Webhooks of one workspace."""

LOOK_EVERY = 10.0
"""Seconds after which a process knows that another workspace has webhooks, or none any more."""

NEVER = 4e9
"""Seconds since 1970, of what waits for nothing."""

_AT_ONCE = {"again": True, "away": 0, "away_until": 0.0}
"""Whether its receiver is away is to be found out anew."""

_DUPLICATE = 11_000


class WebhookNotFound(LookupError):
    pass


class TooManyWebhooks(Exception):
    pass


class Webhooks:
    def __init__(self, storage: Storage) -> None:
        self._events = storage.events
        self._hooks = storage.db["webhooks"]
        self._deliveries = storage.db["webhook_deliveries"]
        self.workspaces: set[str] = set()
        """Those with active ones, as far as this process knows."""
        self.waiting = asyncio.Event()
        """Set when there is something to deliver that this process knows of."""

    async def ensure_indexes(self) -> None:
        await self._hooks.create_index([("workspace", 1)])
        await self._hooks.create_index([("due", 1)])
        await self._deliveries.create_index([("webhook", 1), ("number", -1)])
        await self._deliveries.create_index([("webhook", 1), ("state", 1), ("due", 1)])
        await self._deliveries.create_index([("at", 1)])

    async def look(self) -> None:
        """Find out which workspaces have any."""
        found = await self._hooks.distinct("workspace", {"active": True})
        self.workspaces.intersection_update(found)
        self.workspaces.update(found)

    # ---- what owners do

    async def of_workspace(self, workspace: str) -> list[Webhook]:
        """Oldest first."""
        return [Webhook.read(one) for one in await self._hooks.find({"workspace": workspace}).sort("at", 1).to_list()]

    async def get(self, workspace: str, id: str) -> Webhook:
        """Raises WebhookNotFound."""
        record = await self._hooks.find_one({"_id": id, "workspace": workspace})
        if record is None:
            raise WebhookNotFound(id)
        return Webhook.read(record)

    async def create(self, workspace: str, url: str, types: Sequence[str], by: str) -> Webhook:
        """It is told what happens from now on.

        Raises:
            TooManyWebhooks
        """
        if await self._hooks.count_documents({"workspace": workspace}) >= MOST:
            raise TooManyWebhooks
        record = {
            "_id": uuid4().hex,
            "workspace": workspace,
            "url": url,
            "types": list(types),
            "secret": new_secret(),
            "active": True,
            "after": await self._events.newest(workspace),
            "by": by,
            "at": now(),
            "failing_since": None,
            "gone": False,
            # Of `server.webhooks.courier`.
            "due": NEVER,
            "again": False,
            "claimed_until": 0.0,
            "token": None,
            "away": 0,
            "away_until": 0.0,
        }
        await self._hooks.insert_one(record)
        self.workspaces.add(workspace)
        return Webhook.read(record)

    async def change(self, webhook: Webhook, changes: Document) -> Webhook:
        """``changes``: some of `url`, `types` and `active`. What waits is tried at once.

        Raises:
            WebhookNotFound
        """
        fresh = {**changes, "gone": False, "failing_since": None, **_AT_ONCE, "due": time.time()}
        if not webhook.active and changes.get("active"):
            # What happened while it was switched off was not meant for it.
            fresh["after"] = await self._events.newest(webhook.workspace)
        await self._hooks.update_one({"_id": webhook.id}, {"$set": fresh})
        self.waiting.set()
        changed = await self.get(webhook.workspace, webhook.id)
        if changed.active:
            self.workspaces.add(changed.workspace)
        else:
            await self._deliveries.delete_many({"webhook": changed.id, "state": DeliveryState.WAITING})
        return changed

    async def delete(self, webhook: Webhook) -> None:
        await self._hooks.delete_one({"_id": webhook.id})
        await self._deliveries.delete_many({"webhook": webhook.id})

    async def deliveries(self, webhook: Webhook, before: int | None, limit: int) -> list[Delivery]:
        """The newest first."""
        query: Document = {"webhook": webhook.id}
        if before is not None:
            query["number"] = {"$lt": before}
        found = self._deliveries.find(query).sort("number", -1).limit(limit)
        return [Delivery.read(one) for one in await found.to_list()]

    async def again(self, webhook: Webhook, number: int) -> bool:
        """Deliver an event once more. False where there is nothing to be delivered."""
        if await self._events.read(webhook.workspace, number) is None:
            return False
        waiting = {"state": DeliveryState.WAITING, "due": 0.0, "refusals": 0, "since": datetime.now(UTC)}
        found = await self._deliveries.update_one({"_id": delivery_id(webhook.id, number)}, {"$set": waiting})
        if found.matched_count:
            await self._hooks.update_one({"_id": webhook.id}, {"$set": _AT_ONCE, "$min": {"due": time.time()}})
            self.waiting.set()
        return bool(found.matched_count)

    # ---- what happens

    async def queue(self, workspace: str, events: Sequence[Event]) -> None:
        """Have ``events`` delivered by all that want them. The same again comes to the same."""
        hooks = await self._hooks.find({"workspace": workspace, "active": True}).to_list()
        for hook in map(Webhook.read, hooks):
            wanted = [event for event in events if event.id is not None and event.id > hook.after]
            if records := [_delivery(hook, event) for event in wanted if hook.wants(event.type)]:
                try:
                    await self._deliveries.insert_many(records, ordered=False)
                except BulkWriteError as error:
                    if any(one["code"] != _DUPLICATE for one in error.details["writeErrors"]):
                        raise
                await self._hooks.update_one({"_id": hook.id}, {"$set": {"again": True}, "$min": {"due": time.time()}})
                self.waiting.set()

    async def forget(self, workspace: str) -> None:
        await self._hooks.delete_many({"workspace": workspace})
        await self._deliveries.delete_many({"workspace": workspace})

    async def expire(self, older_than: timedelta) -> None:
        await self._deliveries.delete_many({"at": {"$lt": datetime.now(UTC) - older_than}})


def _delivery(hook: Webhook, event: Event) -> Document:
    assert event.id is not None
    return {
        "_id": delivery_id(hook.id, event.id),
        "webhook": hook.id,
        "workspace": hook.workspace,
        "number": event.id,
        "type": event.type,
        "at": event.time,
        "since": event.time,
        "state": DeliveryState.WAITING,
        "due": 0.0,
        "refusals": 0,
        "attempts": [],
    }
