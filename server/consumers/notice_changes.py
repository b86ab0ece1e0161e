"""Tells of notices whose change a job makes, once it is there."""

from typing import TYPE_CHECKING

from ai.announcements import SUGGESTION_CHANGED
from server.consuming import consumer
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core


@consumer("notice_changes", SUGGESTION_CHANGED)
async def tell(event: Event, core: "Core") -> None:
    if event.data.get("notice") is not None and event.data["state"] != "streaming":
        await core.assistant.board.tell(event.stream, event.data["notice"])
