"""Delivers what waits for webhooks: each by one process at a time, in the order of its stream while nothing goes wrong.

A process claims a webhook for as long as one attempt may take, and says so again before each. What it dies in the midst
of is sent once more by another, with the same `webhook-id`.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import structlog
from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from server.cloud_events import cloud_event
from server.webhooks import signature
from server.webhooks.outcomes import PATIENCE, Verdict, verdict, wait
from server.webhooks.sending import TIMEOUT, Sender, Sent
from server.webhooks.webhook import Delivery, DeliveryState, Webhook
from server.webhooks.webhooks import NEVER, Webhooks
from storage import Storage
from storage.event_tail import Event
from storage.faults import fault
from storage.mongo import Document
from storage.waiting import end

log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0
"""Seconds."""

LEASE = 2 * TIMEOUT
"""Seconds for which a process claims a webhook."""

MOST_AT_ONCE = 16
"""Webhooks that one process is at."""

MOST_ATTEMPTS = 10
"""Attempts that are remembered of each delivery."""

PING = "scriptorium.webhook.ping"


@dataclass(frozen=True, slots=True)
class _Left:
    due: float
    """Seconds since 1970, of what is to be delivered next."""
    away: bool = False
    """Nothing is before then, whatever comes."""


class Courier:
    def __init__(self, storage: Storage, webhooks: Webhooks, sender: Sender) -> None:
        self._events = storage.events
        self._hooks = storage.db["webhooks"]
        self._deliveries = storage.db["webhook_deliveries"]
        self._workspaces = webhooks.workspaces
        self._waiting = webhooks.waiting
        self._sender = sender
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._waiting.clear()
                try:
                    # Where nobody has any, nobody asks the database every two seconds.
                    while self._workspaces and len(self._running) < MOST_AT_ONCE:
                        if (claim := await self._claim()) is None:
                            break
                        task = asyncio.create_task(self._see_to(*claim))
                        self._running.add(task)
                        task.add_done_callback(self._ended)
                except PyMongoError as error:
                    log.warning("webhooks cannot be looked at now", error=str(error))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._waiting.wait(), LOOK_EVERY)
        finally:
            await end(self._running)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if len(self._running) == MOST_AT_ONCE - 1:
            self._waiting.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a webhook broke off", error=fault(error))

    async def ping(self, webhook: Webhook) -> Sent:
        """Send it something at once, and only once."""
        event = Event(None, webhook.workspace, PING, datetime.now(UTC), {"webhook": webhook.id})
        return await self._send(webhook, event, uuid4().hex)

    # ---- one webhook

    async def _claim(self) -> tuple[Webhook, str] | None:
        now, token = time.time(), uuid4().hex
        past = {"$lte": now}
        free = {"due": past, "claimed_until": past, "away_until": past, "active": True}
        claim = {"$set": {"token": token, "claimed_until": now + LEASE, "again": False}}
        record = await self._hooks.find_one_and_update(free, claim, return_document=ReturnDocument.AFTER)
        return (Webhook.read(record), token) if record is not None else None

    async def _see_to(self, webhook: Webhook, token: str) -> None:
        ours: Document = {"_id": webhook.id, "token": token}
        try:
            while (left := await self._deliver_due(webhook, ours)) is not None:
                free = {"due": left.due, "claimed_until": 0.0, "token": None}
                if left.away:
                    await self._hooks.update_one(ours, {"$set": {**free, "away_until": left.due}})
                    return
                if (await self._hooks.update_one({**ours, "again": False}, {"$set": free})).matched_count:
                    return
                # Something came meanwhile.
                if not (await self._hooks.update_one(ours, {"$set": {"again": False}})).matched_count:
                    return
        except PyMongoError as error:
            log.warning("webhooks cannot be seen to now", error=str(error))  # the claim runs out

    async def _deliver_due(self, webhook: Webhook, ours: Document) -> _Left | None:
        """None when another process has taken the webhook over, or it is not to be seen to any more."""
        waiting: Document = {"webhook": webhook.id, "state": DeliveryState.WAITING}
        while True:
            now = time.time()
            # As it is now: its owner may have given it another address.
            held = await self._hooks.find_one_and_update(
                {**ours, "active": True},
                {"$set": {"claimed_until": now + LEASE}},
                return_document=ReturnDocument.AFTER,
            )
            if held is None:
                return None
            if held["away"]:
                past = {"$lt": datetime.now(UTC) - PATIENCE}
                given_up = {"$set": {"state": DeliveryState.FAILED}}
                await self._deliveries.update_many({**waiting, "since": past}, given_up)
            record = await self._deliveries.find_one({**waiting, "due": {"$lte": now}}, sort=[("number", 1)])
            if record is None:
                later = await self._deliveries.find_one(waiting, {"due": 1}, sort=[("due", 1)])
                return _Left(float(later["due"]) if later is not None else NEVER)
            away_for = await self._deliver(Webhook.read(held), Delivery.read(record), held["away"])
            if away_for is not None:
                return _Left(now + away_for, away=True)

    async def _deliver(self, webhook: Webhook, delivery: Delivery, away: int) -> float | None:
        """Seconds after which the receiver is to be tried again, if it is away: nothing else is until then."""
        event = await self._events.read(webhook.workspace, delivery.number)
        if event is None:
            await self._note(delivery, None, {"state": DeliveryState.FAILED})
            return None
        sent = await self._send(webhook, event, f"{webhook.workspace}-{delivery.number}")
        found = verdict(sent.attempt.status)
        match found:
            case Verdict.DELIVERED:
                await self._note(delivery, sent, {"state": DeliveryState.DELIVERED})
                if webhook.failing_since is not None or away:
                    await self._hooks.update_one({"_id": webhook.id}, {"$set": {"failing_since": None, "away": 0}})
                return None
            case Verdict.GONE:
                await self._note(delivery, sent, {"state": DeliveryState.FAILED})
                gone = {"active": False, "gone": True, "failing_since": webhook.failing_since or sent.attempt.at}
                await self._hooks.update_one({"_id": webhook.id}, {"$set": gone})
                await self._deliveries.delete_many({"webhook": webhook.id, "state": DeliveryState.WAITING})
                return None
            case Verdict.REFUSED:
                failures = delivery.refusals + 1
                again_in = wait(found, failures, sent.retry_after)
                later = {"state": DeliveryState.FAILED} if again_in is None else {"due": time.time() + again_in}
                await self._note(delivery, sent, {**later, "refusals": failures})
                await self._failing(webhook, sent, {})
                return None
            case Verdict.AWAY:
                await self._note(delivery, sent, {})
                await self._failing(webhook, sent, {"away": away + 1})
                return wait(found, away + 1, sent.retry_after)

    async def _failing(self, webhook: Webhook, sent: Sent, changes: Document) -> None:
        since = webhook.failing_since or sent.attempt.at
        await self._hooks.update_one({"_id": webhook.id}, {"$set": {"failing_since": since, **changes}})

    async def _send(self, webhook: Webhook, event: Event, id: str) -> Sent:
        number = str(event.id) if event.id is not None else id
        body = json.dumps(cloud_event(event, number), ensure_ascii=False, separators=(",", ":")).encode()
        return await self._sender.post(webhook.url, body, signature.headers(webhook.secret, id, int(time.time()), body))

    async def _note(self, delivery: Delivery, sent: Sent | None, changes: Document) -> None:
        update: Document = {"$set": changes}
        if not changes:
            del update["$set"]
        if sent is not None:
            update["$push"] = {"attempts": {"$each": [sent.attempt.record()], "$slice": -MOST_ATTEMPTS}}
        await self._deliveries.update_one({"_id": delivery.id}, update)
