"""Says what people have changed in some places and not in the others."""

from typing import TYPE_CHECKING

from ai.announcements import DOCUMENT_RESTED
from ai.notices.resting import STRETCH as NOBODY_CARES
from server.consuming import consumer
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core


@consumer("repeats", DOCUMENT_RESTED, stale_after=NOBODY_CARES)
async def look(event: Event, core: "Core") -> None:
    triggers = core.assistant.triggers
    if (rested := await triggers.rested(event.stream, event.data)) is not None:
        await triggers.repeats(rested)
