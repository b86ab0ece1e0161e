"""Has KNOWLEDGE.md brought up to date, as often as a group has chosen and when somebody's work has come to rest."""

from typing import TYPE_CHECKING

from ai.announcements import DOCUMENT_RESTED
from ai.notices.resting import STRETCH as NOBODY_CARES
from server.consuming import consumer
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core


@consumer("knowledge_file", DOCUMENT_RESTED, stale_after=NOBODY_CARES)
async def look(event: Event, core: "Core") -> None:
    await core.assistant.triggers.knowledge(event.stream, event.data["document"])
