"""Jobs of kind edit: the model writes a text anew, and where it differs people get hunks to decide."""

import asyncio
import time
from contextlib import aclosing

from pycrdt import Text

from ai.answer import AnswerStream
from ai.attempt import JobFailed, Run
from ai.generation import Generation
from ai.hunks import Hunk, HunkState
from ai.known import needed_for, until_known
from ai.languages import language_of
from ai.models import ModelRequest, Task
from ai.pace import Pace
from ai.prompts import edit_prompt
from ai.proposal import Proposal
from ai.suggestion_attempt import SuggestionAttempt
from ai.suggestions import Suggestion, SuggestionState
from ai.toolbox import Toolbox
from collab.edits import fork
from collab.offsets import slice_utf16, utf16_length
from collab.positions import Anchor, resolve
from collab.refusals import RoomClosed
from collab.snapshots import DocumentGone, DocumentNotFound

SAVE_INTERVAL = 0.5
"""Seconds between writes of hunks while they stream. Also how long a settled hunk may wait until it can be decided."""


PATIENCE = 5.0
"""Seconds for the text to arrive that the request was about, when another process has taken the request."""

TEXT_GONE = "The text to change is not there any more."


class EditAttempt(SuggestionAttempt):
    """The job's payload: {document, path, anchors: [bytes, bytes] around the text to change, instruction}."""

    def __init__(self, run: Run, tools: Toolbox) -> None:
        super().__init__(run, tools)
        self._proposal: Proposal | None = None
        self._saved_at = time.monotonic()
        self._kept = False

    async def _make(self, suggestion: Suggestion) -> None:
        if self._job.attempt > 1:
            await self._clear_earlier(suggestion)
        proposal, task, start = await self._begin(suggestion)
        self._proposal = proposal
        prompt = edit_prompt(
            instruction=task.instruction,
            path=task.path,
            language=task.language,
            before=task.before,
            selection=task.selection,
            after=task.after,
        )
        request = ModelRequest("edit", prompt.messages, task)
        self._generation = generation = Generation(self._run, self._tools.provider, prompt, request, start)
        answer = AnswerStream(task.selection)
        answered = False
        async with Pace(self._show) as pace, aclosing(generation.stream()) as chunks:
            async for chunk in chunks:
                if text := answer.push(chunk.text):
                    answered = True
                    if proposal.push(text):
                        pace.mark()
                if time.monotonic() - self._saved_at > SAVE_INTERVAL:
                    await self._save(proposal)
                    pace.mark()
        if rest := answer.finish():
            answered = True
            proposal.push(rest)
        # A model that says nothing has not said that all is to be deleted.
        if generation.cut_off or not (answered or answer.deleted):
            proposal.stop()
        else:
            proposal.finish()
        await self._save(proposal)
        nothing = "There is nothing to change." if proposal.empty else None
        await self._keep(state=SuggestionState.READY.value, note=generation.warning or nothing)
        await self._announce()

    async def _begin(self, suggestion: Suggestion) -> tuple[Proposal, Task, int]:
        payload = self._job.payload
        anchors = [Anchor.decode(bytes(anchor)) for anchor in payload["anchors"]]
        try:
            async with self._tools.rooms.open(payload["document"]) as room, asyncio.timeout(PATIENCE):
                await until_known(room, needed_for(anchors))
                await room.copyable()
                room.flush()
                replica = fork(room.doc)
        except (DocumentGone, DocumentNotFound, RoomClosed) as error:
            raise JobFailed("The file is gone.") from error
        except TimeoutError as error:
            raise JobFailed(TEXT_GONE) from error
        start, end = resolve(replica, anchors)
        if start is None or end is None:
            raise JobFailed(TEXT_GONE)
        # Where the two ends of an empty range have passed each other, the text goes to the first of them.
        end = max(start, end)
        text = str(replica.get("text", type=Text))
        task = Task(
            instruction=payload["instruction"],
            path=payload["path"],
            language=language_of(payload["path"]),
            before=slice_utf16(text, 0, start),
            selection=slice_utf16(text, start, end),
            after=slice_utf16(text, end, utf16_length(text)),
            corpus=self._tools.material.corpus(suggestion.workspace),
        )
        blank = Hunk(
            "",
            suggestion.id,
            suggestion.workspace,
            payload["document"],
            payload["path"],
            "edit",
            self._job.attempt,
            0,
            start,
            start,
            (b"", b""),
            "",
            "",
            HunkState.STREAMING,
        )
        return Proposal(replica, start, task.selection, blank), task, start

    async def _show(self) -> None:
        assert self._proposal is not None
        changed, removed = self._proposal.take_unshown()
        if (changed or removed) and self._run.held:
            self._run.shown = True
            await self._tools.announcements.suggestion_delta(self._job.workspace, self._suggestion, changed, removed)

    async def _save(self, proposal: Proposal) -> None:
        self._saved_at = time.monotonic()
        if unsaved := proposal.take_unsaved():
            self._run.check_held()
            if not self._kept:
                # Before there is a hunk to decide, since decisions want to know how it was made.
                await self._keep()
                self._kept = True
            await self._tools.suggestions.remove_streaming(unsaved.removed)
            await self._add(unsaved.added)
            for hunk in unsaved.changed:
                await self._tools.suggestions.rewrite_hunk(hunk)

    async def _break_off(self, suggestion: Suggestion) -> None:
        if self._proposal is None:
            await self._tools.suggestions.release_streaming(suggestion.id)
            return
        if not self._proposal.ended:
            self._proposal.stop()
        await self._save(self._proposal)

    async def _clear_earlier(self, suggestion: Suggestion) -> None:
        """Take back what earlier attempts proposed and nobody has decided: this one proposes it anew."""
        hunks = await self._tools.suggestions.hunks(suggestion.id)
        await self._tools.suggestions.remove_streaming(h.id for h in hunks if h.state is HunkState.STREAMING)
        await self._tools.decisions.supersede(suggestion, [h for h in hunks if h.state is HunkState.PENDING])
        await self._announce()
