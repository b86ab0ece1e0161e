"""The assistant says what it has found, once for each cause, as far as the group wants to hear it; and takes back what
is not so any more."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from ai.announcements import Announcements
from ai.choosing.choices import Choices
from ai.clock import now
from ai.deciding.decisions import Decisions
from ai.notices.acceptance import WORTH
from ai.notices.fates import Fates
from ai.notices.finding import Change, Finding
from ai.notices.notice import Kind, Notice, NoticeState
from ai.notices.notices import NoticeNotFound, Notices
from ai.notices.restraint import HOUR
from ai.pool.jobs import Person
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.proposal import Proposal
from ai.proposals.suggestions import ASSISTANT, Suggestion, Suggestions, SuggestionState
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.refusals import RoomClosed
from collab.replicas.edits import fork
from collab.rooms.rooms import Rooms
from collab.yjs.offsets import slice_utf16
from storage.leases import Lease, Leases

TURN = 10.0
"""Seconds after which whoever was to say something is taken to have died."""

SPEAKER = Person(ASSISTANT["id"], ASSISTANT["name"])


class Speaking:
    def __init__(
        self,
        rooms: Rooms,
        notices: Notices,
        suggestions: Suggestions,
        decisions: Decisions,
        announcements: Announcements,
        fates: Fates,
        choices: Choices,
        leases: Leases,
    ) -> None:
        self._rooms = rooms
        self._notices = notices
        self._suggestions = suggestions
        self._decisions = decisions
        self._announcements = announcements
        self._fates = fates
        self._choices = choices
        self._leases = leases

    async def may_say(self, workspace: str, kind: Kind) -> bool:
        """Whether the group may want to hear of such a thing now."""
        return await self._has_room(workspace, kind) and await self._fates.acceptance(workspace, kind) >= WORTH

    async def _has_room(self, workspace: str, kind: Kind) -> bool:
        moment = now()
        said = await self._notices.since(workspace, moment - HOUR)
        restraint = await self._choices.restraint(workspace)
        return restraint is not None and restraint.allows(kind, datetime.fromtimestamp(moment, UTC), said)

    def _turn(self, workspace: str) -> AbstractAsyncContextManager[Lease]:
        """Of several who have found something at once each looks anew, or they would say more than an hour may hear.

        Raises storage.leases.LeaseUnavailable.
        """
        return self._leases.hold(f"notices:{workspace}", TURN)

    async def dismissed(self, document: str, kind: Kind) -> set[str]:
        """Parts of what was said of a document that nobody wanted to hear of."""
        notices = [notice for notice in await self._notices.of_document(document, kind) if notice.parts]
        made = [notice.suggestion for notice in notices if notice.suggestion is not None]
        hunks = await self._suggestions.hunks(*made) if made else []
        parts: set[str] = set()
        for notice in notices:
            if notice.state([hunk for hunk in hunks if hunk.suggestion == notice.suggestion]) is NoticeState.REJECTED:
                parts.update(notice.parts)
        return parts

    async def period(self, workspace: str) -> str | None:
        """Of KNOWLEDGE.md, the one that this moment is in: a day, or a week; None where it is not kept by itself."""
        restraint = await self._choices.restraint(workspace)
        return restraint.period(datetime.fromtimestamp(now(), UTC)) if restraint is not None else None

    async def waits(self, document: str, kind: Kind) -> bool:
        """Whether people have not decided yet what was said last."""
        notices = await self._notices.undecided_of(document, [kind])
        hunks = await self._suggestions.hunks(*(notice.suggestion for notice in notices if notice.suggestion))
        return any(hunk.state in (HunkState.STREAMING, HunkState.PENDING) for hunk in hunks)

    async def is_new(self, document: str, finding: Finding) -> bool:
        """Whether nobody was told of it before, or it had gone meanwhile, or whoever was to make its change died before
        they had asked for that."""
        known = await self._notices.find(notice_id(document, finding))
        if known is None or known.closed is NoticeState.GONE:
            return True
        return known.suggestion is not None and not await self._suggestions.exists(known.suggestion)

    async def say(self, workspace: str, document: str, path: str, text: str, finding: Finding) -> None:
        """Unless it was said before, or the group may not want to hear it now. `text` is the document's."""
        if not await self.is_new(document, finding) or not await self.may_say(workspace, finding.kind):
            return
        changes = [Change(document, path, text, finding.edits), *finding.elsewhere]
        changes = [change for change in changes if change.edits]
        suggestion = uuid4().hex if changes else None
        hunks = [hunk for change in changes for hunk in await self._hunks(suggestion or "", workspace, change)]
        if suggestion and not hunks:
            return  # somebody types in it again
        await self.put(workspace, document, path, finding, suggestion, hunks)

    async def put(
        self,
        workspace: str,
        document: str,
        path: str,
        finding: Finding,
        suggestion: str | None = None,
        hunks: Sequence[Hunk] = (),
    ) -> None:
        """Tell everybody, if the group may still want to hear it; whoever has wanted none of its kind of late finds it
        and is not called.

        `suggestion` is its change, and `hunks` are of one that is not stored yet.
        """
        name, said = notice_id(document, finding), (finding.kind, finding.reason, finding.sources)
        weary = await self._fates.weary(workspace, finding.kind)
        read_by = tuple(sorted(weary))
        notice = Notice(name, workspace, document, path, *said, suggestion, now(), read_by=read_by, parts=finding.parts)
        async with self._turn(workspace):
            if not await self._has_room(workspace, finding.kind):
                return
            if hunks:
                # Nobody knows of these before the notice is there, which then never lacks its edit.
                await self._suggestions.add_hunks(hunks)
                await self._suggestions.create(_suggestion(notice, hunks))
            if await self._notices.add(notice):
                await self._announcements.notice_changed(notice.view(hunks))

    async def begin(self, workspace: str, document: str, path: str, finding: Finding) -> str | None:
        """The id of the suggestion that is to be the change of a notice; nobody is told before that is there.

        None where the group may not want to hear it any more.
        """
        name = notice_id(document, finding)
        said = (finding.kind, finding.reason, finding.sources)
        async with self._turn(workspace):
            if (begun := await self._notices.find(name)) is not None and begun.closed is None:
                return begun.suggestion  # and whoever did it died
            if not await self._has_room(workspace, finding.kind):
                return None
            await self._notices.add(Notice(name, workspace, document, path, *said, uuid4().hex, now()))
        return (await self._notices.get(workspace, name)).suggestion

    async def forget(self, document: str, finding: Finding, suggestion: str) -> None:
        """What came to nothing, so that it is new the next time."""
        await self._notices.delete(notice_id(document, finding), suggestion, finding.kind)

    async def take_back(self, document: str, kinds: Collection[Kind], found: Sequence[Finding]) -> None:
        """What was said of these kinds and is not among those `found` any more. What people have decided stays."""
        ids = [notice_id(document, finding) for finding in found]
        for notice in await self._notices.undecided_of(document, kinds):
            if notice.id not in ids:
                await self._take_back(notice)

    async def withdraw(self, workspace: str, id: str) -> None:
        """The notice of this id, if it was ever made: what it was about has been settled otherwise."""
        try:
            notice = await self._notices.get(workspace, id)
        except NoticeNotFound:
            return
        if notice.closed is None:
            await self._take_back(notice)

    async def _hunks(self, suggestion: str, workspace: str, change: Change) -> Sequence[Hunk]:
        try:
            async with self._rooms.open(change.document) as room:
                await room.copyable()
                room.flush()
                if room.text != change.text:
                    return []
                replica = fork(room.doc)
        except (DocumentGone, DocumentNotFound, RoomClosed):
            return []
        of = (suggestion, workspace, change.document, change.path)
        blank = Hunk("", *of, "edit", 1, 0, 0, 0, (b"", b""), "", "", HunkState.STREAMING)
        proposal = Proposal(replica, blank)
        for edit in change.edits:
            region = proposal.region(edit.start, slice_utf16(change.text, edit.start, edit.end))
            if region is not None:
                region.push(edit.text)
                region.finish()
        return proposal.take_unsaved().added

    async def _take_back(self, notice: Notice) -> None:
        hunks = await self._suggestions.hunks(notice.suggestion) if notice.suggestion else []
        pending: dict[str, list[Hunk]] = defaultdict(list)
        for hunk in hunks:
            if hunk.state is HunkState.PENDING:
                pending[hunk.document].append(hunk)
        if hunks and not pending:
            return
        # First, so that nobody can decide a change of a notice that is gone.
        for of_one in pending.values():
            won = await self._decisions.supersede(await self._suggestions.get(notice.suggestion or ""), of_one)
            if len(won) < len(of_one):
                return  # somebody was quicker
        if (gone := await self._notices.close(notice.id, NoticeState.GONE)) is not None:
            await self._announcements.notice_changed(gone.view([]))


def notice_id(document: str, finding: Finding) -> str:
    return f"{finding.scope or document}:{finding.cause}"


def _suggestion(notice: Notice, hunks: Sequence[Hunk]) -> Suggestion:
    model = _MAKERS[notice.kind]
    made: dict[str, Any] = {
        "attempt": 1,
        "selection": None,
        "start": 0,
        "provider": "local",
        "model": model,
        "params": {},
        "messages": [],
        "context": [],
        "timings": {},
        "whole": True,
        "form": "text",
        "usage": None,
    }
    documents = tuple(dict.fromkeys(hunk.document for hunk in hunks))
    return Suggestion(
        notice.suggestion or "",
        "",
        notice.workspace,
        "edit",
        documents,
        SPEAKER,
        notice.reason,
        SuggestionState.READY,
        notice.created_at,
        1,
        model,
        generations=dict.fromkeys(documents, made),
        notice=notice.id,
    )


_MAKERS: dict[Kind, str] = {"broken": "ruff", "faults": "ruff", "repeated": "repeats"}
"""What stands for the model of changes that no model has made."""
