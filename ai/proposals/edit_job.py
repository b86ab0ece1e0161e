"""Jobs of kind edit: the model writes texts anew, and where they differ people get hunks to decide."""

import asyncio
import time
from collections import defaultdict

from ai.beside import beside
from ai.models import ModelError
from ai.pool.attempt import JobFailed, Run
from ai.prompting.generation import Generation
from ai.proposals.deltas import Deltas
from ai.proposals.edit_target import About, EditTarget, warnings
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.pace import Pace
from ai.proposals.proposal import Proposal
from ai.proposals.suggestion_attempt import SuggestionAttempt
from ai.proposals.suggestions import Suggestion, SuggestionState
from ai.toolbox import Toolbox

SAVE_INTERVAL = 0.5
"""Seconds between writes of hunks while they stream. Also how long a settled hunk may wait until it can be decided."""

MOST_NAMED = 5
"""Files that are named as left out."""

AT_ONCE = 4
"""Files of one request that models work on at the same time."""


class EditAttempt(SuggestionAttempt):
    """The job's payload: {targets: [{document, path, anchors: [bytes, bytes] around the text to change}], instruction,

    about: the text that several targets have to do with, "" for one, left_out: paths of files that have to do with it,
    too, and are too long. Of KNOWLEDGE.md, task: what the model is told instead of the instruction, and gone: paths
    that it names and that are not there}.
    """

    def __init__(self, run: Run, tools: Toolbox) -> None:
        super().__init__(run, tools)
        self._targets: list[EditTarget] = []
        self._deltas = Deltas()
        self._saving: asyncio.Future[None] | None = None
        self._kept: set[str] = set()
        """Documents for whose hunks it is on record how they were made."""

    async def _make(self, suggestion: Suggestion) -> None:
        if self._job.attempt > 1:
            await self._clear_earlier(suggestion)
        places = self._job.payload["targets"]
        about = About(self._job.payload["about"], tuple(place["path"] for place in places) if len(places) > 1 else ())
        async with beside(self._tools.gathering.around(self._job)) as around:
            self._targets = [EditTarget(self._run, self._tools, suggestion, place, about, around) for place in places]
            await self._answer_all()
        if self._saving is not None:
            # Before what came after it, which could otherwise not be found there.
            await asyncio.shield(self._saving)
        await self._save_to_the_end()
        await self._drop_what_was_rejected(suggestion)
        empty = all(target.proposal is None or target.proposal.empty for target in self._targets)
        said = [warnings(self._targets) or ("There is nothing to change." if empty else None), self._left_out()]
        said.append(await self._doubts())
        note = " ".join(sentence for sentence in said if sentence) or None
        await self._keep(state=SuggestionState.READY.value, note=note)
        await self._announce()

    def _left_out(self) -> str | None:
        paths = self._job.payload.get("left_out") or ()
        if not paths:
            return None
        named = ", ".join(paths[:MOST_NAMED])
        more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
        return f"Left out, being too long to be edited: {named}{more}."

    def _made(self) -> dict[str, Generation]:
        return {target.document: target.generation for target in self._targets if target.generation is not None}

    async def _answer_all(self) -> None:
        """Raises ModelError or JobFailed when no target was answered."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def answer(target: EditTarget, pace: Pace) -> ModelError | JobFailed | None:
            try:
                async with gate:
                    await target.answer(pace.mark)
            except (ModelError, JobFailed) as error:
                target.stop()
                target.failed = str(error)
                return error
            return None

        async with Pace(self._show) as pace:
            try:
                async with asyncio.TaskGroup() as group:
                    saver = group.create_task(self._save_now_and_then(pace))
                    answers = [group.create_task(answer(target, pace)) for target in self._targets]
                    await asyncio.wait(answers)
                    saver.cancel()
            except BaseExceptionGroup as several:
                raise several.exceptions[0] from None
        errors = [task.result() for task in answers]
        # Of several, those that were answered are worth having; a note says which were not.
        if all(errors) and errors[0] is not None:
            raise errors[0]

    async def _show(self) -> None:
        for proposal in self._proposals:
            changed, removed = proposal.take_unshown()
            if (changed or removed) and self._run.held:
                self._run.shown = True
                delta = self._deltas.of(changed, removed, time.monotonic())
                await self._tools.announcements.suggestion_delta(self._job.workspace, self._suggestion, delta)

    async def _save_now_and_then(self, pace: Pace) -> None:
        while True:
            await asyncio.sleep(SAVE_INTERVAL)
            if all(proposal.saved for proposal in self._proposals):
                continue
            await self._save_to_the_end()
            pace.mark()

    async def _save_to_the_end(self) -> None:
        # Shielded: what was handed out to be saved and is not would be lost to who breaks off, who waits for it.
        self._saving = asyncio.ensure_future(self._save())
        await asyncio.shield(self._saving)

    @property
    def _proposals(self) -> list[Proposal]:
        return [target.proposal for target in self._targets if target.proposal is not None]

    async def _save(self) -> None:
        for proposal in self._proposals:
            if unsaved := proposal.take_unsaved():
                self._run.check_held()
                if proposal.document not in self._kept:
                    # Before there is a hunk to decide, since decisions want to know how it was made.
                    await self._keep()
                    self._kept.add(proposal.document)
                await self._tools.suggestions.remove_streaming(unsaved.removed)
                await self._add(unsaved.added)
                for hunk in unsaved.changed:
                    await self._tools.suggestions.rewrite_hunk(hunk)

    async def _break_off(self, suggestion: Suggestion) -> None:
        if not self._targets:
            await self._tools.suggestions.release_streaming(suggestion.id)
            return
        if self._saving is not None:
            await asyncio.wait([self._saving])
        for target in self._targets:
            target.stop()
        await self._save()

    async def _drop_what_was_rejected(self, suggestion: Suggestion) -> None:
        """An attempt that takes over finds the places untouched where people have said no to an earlier one, and
        proposes the same again: whoever then accepts all would take what was rejected.
        """
        if self._job.attempt == 1:
            return
        hunks = await self._tools.suggestions.hunks(suggestion.id)
        rejected = {_meaning(hunk) for hunk in hunks if hunk.state is HunkState.REJECTED}
        again: dict[str, list[Hunk]] = defaultdict(list)
        for hunk in hunks:
            if hunk.attempt == self._job.attempt and hunk.state is HunkState.PENDING and _meaning(hunk) in rejected:
                again[hunk.document].append(hunk)
        for of_document in again.values():
            await self._tools.decisions.supersede(suggestion, of_document)

    async def _clear_earlier(self, suggestion: Suggestion) -> None:
        """Take back what earlier attempts proposed and nobody has decided: this one proposes it anew."""
        hunks = await self._tools.suggestions.hunks(suggestion.id)
        await self._tools.suggestions.remove_streaming(h.id for h in hunks if h.state is HunkState.STREAMING)
        await self._tools.decisions.supersede(suggestion, [h for h in hunks if h.state is HunkState.PENDING])
        await self._announce()


def _meaning(hunk: Hunk) -> tuple[str, tuple[bytes, bytes], str]:
    """What it would change, and into what: its anchors name the characters themselves."""
    return hunk.document, hunk.anchors, hunk.proposed
