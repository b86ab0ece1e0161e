"""Has files that have settled understood, where a model for that is configured.

Apart from `server.consumers.knowledge`, since it waits for an endpoint, which may be away.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from collab.documents.announcements import REMOVED, SETTLED
from collab.durable.snapshots import DocumentNotFound
from server.consuming import batch_consumer
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core

TOGETHER = 50


def _streams(core: "Core") -> Collection[str] | None:
    """None, which is all, or else nothing: each event that a group looks at costs the database something."""
    return None if core.assistant.knowledge.understands else ()


@batch_consumer("meaning", SETTLED, REMOVED, most=TOGETHER, streams=_streams)
async def understand(events: Sequence[Event], core: "Core") -> None:
    [workspace] = {event.stream for event in events}
    with suppress(DocumentNotFound):  # the workspace is gone
        await core.assistant.knowledge.understand(workspace, [event.data["document"] for event in events])
