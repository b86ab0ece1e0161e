"""Says which files have something to say to a question in a comment."""

from typing import TYPE_CHECKING

from ai.clock import now
from ai.notices.resting import STRETCH as NOBODY_CARES
from server.consuming import consumer
from server.routes.comments import CHANGED as COMMENT_CHANGED
from server.routes.comments import DELETED as COMMENT_DELETED
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core


@consumer("questions", COMMENT_CHANGED, COMMENT_DELETED)
async def look(event: Event, core: "Core") -> None:
    triggers = core.assistant.triggers
    if event.type == COMMENT_DELETED:
        await triggers.answered(event.stream, event.data["document"], event.data["id"])
    else:
        late = now() - event.time.timestamp() > NOBODY_CARES
        await triggers.questions(event.stream, event.data, late=late)
