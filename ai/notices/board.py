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
from ai.proposals.suggestions import Suggestions, SuggestionState
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

    async def change_has_come(self, suggestion: Mapping[str, Any]) -> None:
        """What a job was to make as the change of a notice, as `Suggestion.view` gives it; everybody is told of it.

        Where that has failed, what people have left to it is new the next time. What is due in each period waits for
        the next one: a model that fails would be asked, and paid, with every text that rests.
        """
        if suggestion["state"] == SuggestionState.FAILED and not suggestion["hunks"]:
            await self._notices.delete(suggestion["notice"], suggestion["id"], "todo")
        else:
            await self.tell(suggestion["workspace"], suggestion["notice"])

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
