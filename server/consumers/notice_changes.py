"""Tells of notices whose change a job makes, once it is there."""

from typing import TYPE_CHECKING

from ai.announcements import SUGGESTION_CHANGED
from server.consuming import consumer
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core


@consumer("notice_changes", SUGGESTION_CHANGED)
async def tell(event: Event, core: "Core") -> None:
    notice, state = event.data.get("notice"), event.data["state"]
    if notice is None or state == "streaming":
        return
    if state == "failed" and not event.data["hunks"]:
        await core.assistant.board.came_to_nothing(notice, event.data["id"])
    else:
        await core.assistant.board.tell(event.stream, notice)
