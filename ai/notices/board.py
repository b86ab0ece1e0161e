"""Notices as people see them, with their changes as they stand now, and what people do about them."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol

from ai.announcements import Announcements
from ai.deciding.decisions import Outcome
from ai.notices.notice import Notice, NoticeState
from ai.notices.notices import NothingToAccept, NoticeNotFound, Notices
from ai.pool.jobs import Person
from ai.proposals.hunks import Decision, HunkState
from ai.proposals.placing import placed
from ai.proposals.suggestions import Suggestions
from collab.files.files import Files
from collab.rooms.rooms import Rooms


class Decide(Protocol):
    """`ai.assistant.Assistant.decide`: on the hunks of one suggestion, None for all."""

    def __call__(
        self,
        suggestion: str,
        hunks: Sequence[str] | None,
        decision: Decision,
        by: Person,
        reason: str | None = None,
        shown: Mapping[str, int] | None = None,
    ) -> Awaitable[list[Outcome]]: ...


class Board:
    def __init__(
        self,
        rooms: Rooms,
        files: Files,
        notices: Notices,
        suggestions: Suggestions,
        announcements: Announcements,
        decide: Decide,
    ) -> None:
        self._rooms = rooms
        self._files = files
        self._notices = notices
        self._suggestions = suggestions
        self._announcements = announcements
        self._decide = decide

    async def of_workspace(self, workspace: str) -> list[dict[str, Any]]:
        """The newest notices, newest first."""
        notices = await self._notices.of_workspace(workspace)
        edits = [notice.suggestion for notice in notices if notice.suggestion is not None]
        hunks = await placed(self._rooms, self._files, await self._suggestions.hunks(*edits))
        by_notice = {notice.id: [hunk for hunk in hunks if hunk.suggestion == notice.suggestion] for notice in notices}
        return [
            notice.view(by_notice[notice.id], await self._files.path_of(notice.document))
            for notice in notices
            if notice.state(by_notice[notice.id]) is not NoticeState.GONE
        ]

    async def decide(
        self,
        workspace: str,
        id: str,
        decision: Decision,
        by: Person,
        reason: str | None = None,
        shown_ms: int | None = None,
    ) -> tuple[dict[str, Any], list[Outcome]]:
        """The notice after it, and what the decision came to for each hunk of its edit.

        No outcome at all says that somebody else was first. A notice without an edit can only be rejected.

        Raises:
            ai.notices.notices.NoticeNotFound, ai.notices.notices.NothingToAccept; as ai.assistant.Assistant.decide.
        """
        notice = await self._notices.get(workspace, id)
        if notice.suggestion is None:
            if decision is not Decision.REJECT:
                raise NothingToAccept
            closed = await self._notices.close(id, NoticeState.REJECTED, by)
            if closed is not None:
                await self._announcements.notice_changed(closed.view([]))
            return (closed or notice).view([]), []
        pending = [hunk for hunk in await self._suggestions.hunks(notice.suggestion) if hunk.state is HunkState.PENDING]
        shown = {hunk.id: shown_ms for hunk in pending} if shown_ms is not None else None
        outcomes = await self._decide(notice.suggestion, None, decision, by, reason, shown)
        return await self._view(notice), outcomes

    async def came_to_nothing(self, id: str, suggestion: str) -> None:
        """What was to make its change has failed: the next time it is new."""
        await self._notices.delete(id, suggestion)

    async def tell(self, workspace: str, id: str) -> None:
        """Everybody, of a notice whose change somebody has decided."""
        try:
            notice = await self._notices.get(workspace, id)
        except NoticeNotFound:
            return
        await self._announcements.notice_changed(await self._view(notice))

    async def read(self, workspace: str, ids: Sequence[str], person: str) -> None:
        """`person` has seen them."""
        if found := await self._notices.mark_read(workspace, ids, person):
            await self._announcements.notices_read(workspace, found, person)

    async def _view(self, notice: Notice) -> dict[str, Any]:
        hunks = await self._suggestions.hunks(notice.suggestion) if notice.suggestion else []
        return notice.view(await placed(self._rooms, self._files, hunks), await self._files.path_of(notice.document))
