"""The assistant speaks up: texts that people write are checked when they have rested for a while.

A text that settles is only two seconds old, and whoever has written half a line thinks about the other half for longer.
So it is looked at after a pause, and only while nobody types in it. Nothing is said of files that nobody has open:
whoever imports a source tree did not ask for a review of it.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import structlog
from pymongo.errors import ConnectionFailure

from ai.announcements import Announcements
from ai.checking import CannotCheck, diagnose
from ai.choosing.choices import Choices
from ai.clock import now
from ai.deciding.decisions import Decisions
from ai.notices.acceptance import WORTH
from ai.notices.fates import Fates
from ai.notices.findings import Finding, findings
from ai.notices.notice import Kind, Notice, NoticeState
from ai.notices.notices import Notices
from ai.notices.restraint import HOUR
from ai.pool.jobs import Person
from ai.prompting.material import Material
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.proposal import Proposal
from ai.proposals.suggestions import ASSISTANT, Suggestion, Suggestions, SuggestionState
from collab.documents.announcements import SETTLED
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.files.files import Files
from collab.refusals import RoomClosed
from collab.replicas.edits import fork
from collab.rooms.present import text_of
from collab.rooms.rooms import Rooms
from collab.yjs.offsets import slice_utf16
from storage.event_tail import Event
from storage.events import EventLog
from storage.faults import fault

log = structlog.get_logger(__name__)

PAUSE = 15.0
"""Seconds after which a text that has settled is looked at."""
STILL = 2.0
"""Seconds in which nobody may have typed when it is."""
MOST_WAITING = 1_000
"""Documents that wait for it; what settles beyond that is looked at when it settles again."""

_SPEAKER = Person(ASSISTANT["id"], ASSISTANT["name"])


class Speaking:
    def __init__(
        self,
        events: EventLog,
        rooms: Rooms,
        files: Files,
        material: Material,
        notices: Notices,
        suggestions: Suggestions,
        decisions: Decisions,
        announcements: Announcements,
        fates: Fates,
        choices: Choices,
    ) -> None:
        self._rooms = rooms
        self._files = files
        self._material = material
        self._notices = notices
        self._suggestions = suggestions
        self._decisions = decisions
        self._announcements = announcements
        self._fates = fates
        self._choices = choices
        self._due: dict[str, tuple[float, str]] = {}
        self._woken = asyncio.Event()
        events.on_stored(self._stored)

    def _stored(self, event: Event) -> None:
        if event.type != SETTLED:
            return
        document: str = event.data["document"]
        # One that waits already is moved behind the others.
        waited = self._due.pop(document, None) is not None
        if self._rooms.visited(document) and (waited or len(self._due) < MOST_WAITING):
            self._due[document] = (time.monotonic() + PAUSE, event.stream)
            self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if not self._due:
                self._woken.clear()
                await self._woken.wait()
            document, (due, workspace) = next(iter(self._due.items()))  # in the order in which they are due
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
                continue
            del self._due[document]
            try:
                await self._look_at(workspace, document)
            except (DocumentGone, DocumentNotFound, RoomClosed, CannotCheck):
                continue
            except ConnectionFailure as error:
                log.warning("a text is not looked at, storage is away", document=document, error=str(error))
            except Exception as error:
                log.error("a text could not be looked at", document=document, error=fault(error))

    async def _look_at(self, workspace: str, document: str) -> None:
        before = await text_of(self._rooms, document)
        await asyncio.sleep(STILL)
        path = await self._files.path_of(document)
        if path is None or await text_of(self._rooms, document) != before:
            return
        if await self._material.ignores(workspace, path):
            return
        await self.tell(workspace, document, path, before)

    async def tell(self, workspace: str, document: str, path: str, text: str) -> None:
        """Say what is wrong with `text`, the document's, that was not said before and that the group may want to hear;
        and take back what is not wrong any more."""
        found = findings(text, await diagnose(path, text))
        ids = [_id(document, finding) for finding in found]
        for notice in await self._notices.undecided_of(document, ("broken", "faults")):
            if notice.id not in ids:
                await self._take_back(notice)
        for name, finding in zip(ids, found, strict=True):
            if not await self._notices.known(name) and await self._may_say(workspace, finding.kind):
                await self._say(name, workspace, document, path, text, finding)

    async def _may_say(self, workspace: str, kind: Kind) -> bool:
        moment = now()
        said = await self._notices.since(workspace, moment - HOUR)
        restraint = await self._choices.restraint(workspace)
        if restraint is None or not restraint.allows(kind, datetime.fromtimestamp(moment, UTC), said):
            return False
        return await self._fates.acceptance(workspace, kind) >= WORTH

    async def _say(self, id: str, workspace: str, document: str, path: str, text: str, finding: Finding) -> None:
        suggestion = uuid4().hex if finding.edits else None
        hunks = await self._hunks(suggestion, workspace, document, path, text, finding) if suggestion else []
        if suggestion and not hunks:
            return  # somebody types in it again
        notice = Notice(id, workspace, document, path, finding.kind, finding.reason, finding.sources, suggestion, now())
        if suggestion:
            # Nobody knows of these before the notice is there, which then never lacks its edit.
            await self._suggestions.add_hunks(hunks)
            await self._suggestions.create(_suggestion(suggestion, notice))
        if await self._notices.add(notice):
            await self._announcements.notice_changed(notice.view(hunks))

    async def _hunks(
        self, suggestion: str, workspace: str, document: str, path: str, text: str, finding: Finding
    ) -> Sequence[Hunk]:
        async with self._rooms.open(document) as room:
            await room.copyable()
            room.flush()
            if room.text != text:
                return []
            replica = fork(room.doc)
        blank = Hunk(
            "", suggestion, workspace, document, path, "edit", 1, 0, 0, 0, (b"", b""), "", "", HunkState.STREAMING
        )
        proposal = Proposal(replica, blank)
        for edit in finding.edits:
            region = proposal.region(edit.start, slice_utf16(text, edit.start, edit.end))
            if region is not None:
                region.push(edit.text)
                region.finish()
        return proposal.take_unsaved().added

    async def _take_back(self, notice: Notice) -> None:
        """What it was about is not there any more. What people have decided stays."""
        hunks = await self._suggestions.hunks(notice.suggestion) if notice.suggestion else []
        pending = [hunk for hunk in hunks if hunk.state is HunkState.PENDING]
        if notice.suggestion and not pending:
            return
        if (gone := await self._notices.close(notice.id, NoticeState.GONE)) is None:
            return
        if notice.suggestion:
            await self._decisions.supersede(await self._suggestions.get(notice.suggestion), pending)
        await self._announcements.notice_changed(gone.view([]))


def _id(document: str, finding: Finding) -> str:
    return f"{document}:{finding.cause}"


def _suggestion(id: str, notice: Notice) -> Suggestion:
    made: dict[str, Any] = {
        "attempt": 1,
        "selection": None,
        "start": 0,
        "provider": "local",
        "model": "ruff",
        "params": {},
        "messages": [],
        "context": [],
        "timings": {},
        "whole": True,
        "form": "text",
        "usage": None,
    }
    return Suggestion(
        id,
        "",
        notice.workspace,
        "edit",
        (notice.document,),
        _SPEAKER,
        notice.reason,
        SuggestionState.READY,
        notice.created_at,
        1,
        "ruff",
        generations={notice.document: made},
        notice=notice.id,
    )
