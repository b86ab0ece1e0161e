"""What attempts at edits and at writes have in common: taking a suggestion over, and leaving it in order."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ai.keeping.sources import doubts
from ai.pool.attempt import Fenced, JobFailed, Run
from ai.pool.jobs import Job, JobState
from ai.prompting.generation import Generation
from ai.proposals.hunks import Hunk, HunkState, Mode
from ai.proposals.placing import placed
from ai.proposals.suggestions import Suggestion, SuggestionState
from ai.toolbox import Toolbox
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.refusals import RoomClosed
from collab.replicas.edits import TextEdit, edited
from collab.rooms.present import text_of


def suggestion_of(job: Job) -> Suggestion:
    """The suggestion that `job` is to make, as it is before anything has streamed."""
    assert job.suggestion is not None, "only jobs with a suggestion come here"
    mode: Mode = "edit" if job.kind == "edit" else "write"
    return Suggestion(
        job.suggestion,
        job.id,
        job.workspace,
        mode,
        tuple(target["document"] for target in job.payload["targets"]),
        job.requested_by,
        job.payload["instruction"],
        SuggestionState.STREAMING,
        job.created_at,
        folders=tuple(job.payload.get("folders", ())),
        notice=job.payload.get("notice"),
    )


MOST_SEEN = 100
"""Parts of what models saw that are told of one suggestion."""


def seen_by_all(generations: Iterable[Generation]) -> list[dict[str, Any]]:
    """What the models of one suggestion saw, each part once: several files are changed with the same others in view."""
    parts: list[dict[str, Any]] = []
    for generation in generations:
        parts += [part for part in generation.context if part not in parts]
    return parts[:MOST_SEEN]


class SuggestionAttempt(ABC):
    def __init__(self, run: Run, tools: Toolbox) -> None:
        assert run.job.suggestion is not None, "only jobs with a suggestion come here"
        self._suggestion = run.job.suggestion
        self._run = run
        self._job = run.job
        self._tools = tools

    async def run(self) -> None:
        """See `ai.pool.attempt.Attempt`."""
        suggestion = await self._take_over()
        if self._job.revived_at and self._job.tries == 1:
            await self._announce()
        # In any other state an earlier attempt had ended it, and its worker died before it could say so.
        if suggestion.state is SuggestionState.STREAMING:
            await self._make(suggestion)
        elif suggestion.state is SuggestionState.FAILED:
            raise JobFailed(suggestion.error or "It could not be done.")
        await self._tell_feedback()

    async def end(self, state: JobState, error: str | None) -> None:
        """See `ai.pool.attempt.Attempt`. What had streamed stays, to be accepted or rejected."""
        suggestion = await self._take_over()
        if suggestion.state is SuggestionState.STREAMING:
            await self._break_off(suggestion)
            ended = SuggestionState.CANCELLED if state is JobState.CANCELLED else SuggestionState.FAILED
            await self._keep(state=ended.value, error=error)
        await self._tell_feedback()
        await self._announce()

    @abstractmethod
    async def _make(self, suggestion: Suggestion) -> None:
        """Stream the suggestion and leave it ready. It may hold what earlier attempts had come to."""

    @abstractmethod
    async def _break_off(self, suggestion: Suggestion) -> None:
        """Leave the hunks as people may decide them, whatever this or an earlier attempt had come to."""

    @abstractmethod
    def _made(self) -> dict[str, Generation]:
        """Document → how its hunks were made, of this attempt, once it has asked the model."""

    async def _take_over(self) -> Suggestion:
        suggestions = self._tools.suggestions
        if self._job.revived_at:
            await suggestions.reopen(self._suggestion, self._job.revived_at, self._job.attempt)
        if (found := await suggestions.begin_attempt(self._suggestion, self._job.attempt)) is None:
            # Whoever asks stores the job first and then the suggestion, and may have died in between.
            await suggestions.create(suggestion_of(self._job))
            found = await suggestions.begin_attempt(self._suggestion, self._job.attempt)
        if found is None:
            raise Fenced(self._job.id)
        made = [{"document": document, **record} for document, record in found.generations.items()]
        if found.state is SuggestionState.STREAMING and any(one["attempt"] != self._job.attempt for one in made):
            # What it proposed may be decided, or undone, at any time.
            earlier = [*found.earlier, *made]
            await self._change(generations={}, earlier=earlier)
            found = replace(found, generations={}, earlier=tuple(earlier))
        return found

    async def _keep(self, **fields: Any) -> None:
        """Set `fields` of the suggestion, and how it was made as far as that is known. Raises Fenced."""
        made = self._made()
        model = ", ".join(dict.fromkeys(generation.model for generation in made.values())) or None
        kept = await self._tools.may_be_kept(self._job)
        records = {document: generation.record() for document, generation in made.items()} if kept else {}
        await self._change(model=model, generations=records, context=seen_by_all(made.values()), **fields)
        if records and not await self._tools.may_be_kept(self._job):
            await self._change(generations={})  # it was erased, or switched off, at this very moment

    async def _doubts(self) -> str | None:
        """A sentence about the text as it would be with all hunks, of a file that names its sources."""
        if "task" not in self._job.payload:
            return None
        [target] = self._job.payload["targets"]
        hunks = await placed(
            self._tools.rooms, self._tools.files, await self._tools.suggestions.hunks(self._suggestion)
        )
        try:
            text = await text_of(self._tools.rooms, target["document"])
        except (DocumentGone, DocumentNotFound, RoomClosed):
            return None
        pending = [TextEdit(hunk.start, hunk.end, hunk.proposed) for hunk in hunks if hunk.state is HunkState.PENDING]
        tree = await self._tools.files.tree(self._job.workspace)
        return doubts(edited(text, pending), tree.by_path)

    async def _tell_feedback(self) -> None:
        """Some of it may have been decided while it streamed, when nobody knew what it would come to."""
        suggestion = await self._tools.suggestions.get(self._suggestion)
        await self._tools.feedback.answered(suggestion, await self._tools.suggestions.hunks(suggestion.id))

    async def _change(self, **fields: Any) -> None:
        """Raises Fenced when another attempt has begun."""
        if not await self._tools.suggestions.change(self._suggestion, self._job.attempt, **fields):
            raise Fenced(self._job.id)

    async def _add(self, hunks: Sequence[Hunk]) -> None:
        """Raises Fenced when another attempt has begun."""
        if not await self._tools.suggestions.add_hunks(hunks):
            raise Fenced(self._job.id)

    async def _announce(self) -> None:
        view = await self._tools.suggestions.view(self._suggestion)
        await self._tools.announcements.suggestion_changed(view)
        if view.get("notice") is not None and view["state"] != SuggestionState.STREAMING:
            await self._tools.board.change_has_come(view)
