"""Says which files have something to say to a question in a comment."""

from typing import TYPE_CHECKING

from ai.notices.resting import STRETCH as NOBODY_CARES
from server.consuming import consumer
from server.routes.comments import CHANGED as COMMENT_CHANGED
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core


@consumer("questions", COMMENT_CHANGED, stale_after=NOBODY_CARES)
async def look(event: Event, core: "Core") -> None:
    await core.assistant.triggers.questions(event.stream, event.data)
