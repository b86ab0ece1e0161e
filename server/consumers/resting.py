"""Waits until texts that people write in have been left alone for a while."""

from typing import TYPE_CHECKING

from ai.notices.resting import STRETCH
from collab.documents.announcements import SETTLED
from server.consuming import consumer
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core


@consumer("resting", SETTLED, stale_after=STRETCH)
async def wait(event: Event, core: "Core") -> None:
    data, at = event.data, event.time.timestamp()
    await core.assistant.resting.touched(event.stream, data["document"], at, is_open=data.get("open", False))
