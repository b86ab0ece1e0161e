"""Has what happens in a workspace delivered to the addresses that its owner has named."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from server.consuming import batch_consumer
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core


@batch_consumer("webhooks", "scriptorium.*", "external.*", most=100, streams=lambda core: core.webhooks.workspaces)
async def queue(events: Sequence[Event], core: "Core") -> None:
    await core.webhooks.queue(events[0].stream, events)
