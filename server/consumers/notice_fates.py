"""Learns from what people do with notices, which is what decides whether the next one is said at all."""

from typing import TYPE_CHECKING

from ai.announcements import DECISION_RECORDED, NOTICE_CHANGED
from ai.notices.acceptance import Fate
from ai.notices.notice import NoticeState
from ai.notices.notices import NoticeNotFound
from server.consuming import consumer
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core

_WANTED = {NoticeState.ACCEPTED: True, NoticeState.REJECTED: False}


@consumer("notice_fates", DECISION_RECORDED, NOTICE_CHANGED)
async def learn(event: Event, core: "Core") -> None:
    data = event.data
    if event.type == DECISION_RECORDED:
        notice = data["notice"]
        # What does not fit any more was nobody's opinion.
        if notice is None or data["decision"] in ("stale", "superseded"):
            return
    else:
        # With a change, it is the decision on that change which counts.
        if data["state"] != NoticeState.REJECTED or "suggestion" in data:
            return
        notice = data["id"]
    try:
        found = await core.assistant.notices.get(event.stream, notice)
    except NoticeNotFound:
        return
    # Of several changes somebody may have taken some: the notice says what that comes to.
    hunks = await core.assistant.suggestions.hunks(found.suggestion) if found.suggestion is not None else []
    wanted = _WANTED.get(found.state(hunks))
    by = data.get("decided_by")
    fate = Fate(wanted, event.time.timestamp(), by["id"] if by else None) if wanted is not None else None
    await core.assistant.fates.put(found, fate)
