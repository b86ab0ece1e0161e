"""Has files that have settled understood, where a model for that is configured.

Apart from `server.consumers.knowledge`, since it waits for an endpoint, which may be away.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from collab.documents.announcements import REMOVED, SETTLED
from server.consuming import batch_consumer
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core

TOGETHER = 50


@batch_consumer("meaning", SETTLED, REMOVED, most=TOGETHER)
async def understand(events: Sequence[Event], core: "Core") -> None:
    [workspace] = {event.stream for event in events}
    await core.assistant.knowledge.understand(workspace, [event.data["document"] for event in events])
