"""Looks into files once they have settled, so that what they say is found."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from collab.documents.announcements import REMOVED, SETTLED
from collab.durable.snapshots import DocumentNotFound
from server.consuming import batch_consumer
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core

TOGETHER = 100


@batch_consumer("knowledge", SETTLED, REMOVED, most=TOGETHER)
async def learn(events: Sequence[Event], core: "Core") -> None:
    # What an event says of a file may be outdated by now: the file is looked at as it is.
    [workspace] = {event.stream for event in events}
    with suppress(DocumentNotFound):  # the workspace is gone
        await core.assistant.knowledge.is_complete(workspace)
        await core.assistant.knowledge.learn(workspace, [event.data["document"] for event in events])
