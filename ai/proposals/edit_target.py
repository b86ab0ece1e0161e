"""One text that an edit is about: it is put before a model, and the answer becomes its proposal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import structlog
from pycrdt import Text

from ai import metrics
from ai.answers.blocks import mark_for
from ai.choosing.choices import Choice
from ai.languages import language_of
from ai.models import ModelError, ModelRequest, Task
from ai.pool.attempt import JobFailed, Run
from ai.prompting.analysis import language_in
from ai.prompting.context import Candidate
from ai.prompting.gathering import prompted
from ai.prompting.generation import Generation
from ai.prompting.prompts import Prompt, astray_prompt, edit_prompt, instructed, repair_prompt
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.proposal import Proposal
from ai.proposals.rewriting import Form, Rewriting
from ai.proposals.suggestions import Suggestion
from ai.toolbox import Toolbox
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.refusals import RoomClosed
from collab.replicas.edits import fork
from collab.replicas.positions import Anchor, resolve
from collab.rooms.arriving import needed_for, until_known
from collab.yjs.offsets import slice_utf16, utf16_length

log = structlog.get_logger(__name__)

BLOCKS_FROM = 8_000
"""Letters of a text from which on a model is asked for search/replace blocks: writing all of it again would take a
minute, and small models lose lines on the way."""

PATIENCE = 5.0
"""Seconds for the text to arrive that the request was about, when another process has taken the request."""

TEXT_GONE = "The text to change is not there any more."


@dataclass(frozen=True, slots=True)
class About:
    """What an edit of several files is about: the text that was selected in one of them, and all their paths."""

    selection: str = ""
    paths: tuple[str, ...] = ()


class EditTarget:
    """`place`: {document, path, anchors: [bytes, bytes] around the text to change}."""

    def __init__(
        self,
        run: Run,
        tools: Toolbox,
        suggestion: Suggestion,
        place: Mapping[str, Any],
        about: About,
        around: Awaitable[Sequence[Candidate]],
    ) -> None:
        self.document: str = place["document"]
        self.path: str = place["path"]
        self.proposal: Proposal | None = None
        """Once the text has been looked at."""
        self.generation: Generation | None = None
        """Of the first answer, once it is asked for."""
        self.failed: str | None = None
        """Why there is no answer, or no more of it, as a sentence."""
        self._astray = self._left_out = False
        self._refusal: str | None = None
        self._run = run
        self._tools = tools
        self._suggestion = suggestion
        self._anchors = [Anchor.decode(bytes(anchor)) for anchor in place["anchors"]]
        self._about = about
        self._around = around

    async def _open(self) -> tuple[Proposal, Task, int]:
        """The proposal, what is to be done, and where in the document, in UTF-16 code units. Raises JobFailed."""
        self.path = await self._tools.material.path_of(self._suggestion.workspace, self.document)
        try:
            async with self._tools.rooms.open(self.document) as room, asyncio.timeout(PATIENCE):
                await until_known(room, needed_for(self._anchors))
                await room.copyable()
                room.flush()
                replica = fork(room.doc)
        except (DocumentGone, DocumentNotFound, RoomClosed) as error:
            raise JobFailed("The file is gone.") from error
        except TimeoutError as error:
            raise JobFailed(TEXT_GONE) from error
        start, end = resolve(replica, self._anchors)
        if start is None or end is None:
            raise JobFailed(TEXT_GONE)
        # Where the two ends of an empty range have passed each other, the text goes to the first of them.
        end = max(start, end)
        text = str(replica.get("text", type=Text))
        task = Task(
            instruction=self._run.job.payload.get("task") or self._suggestion.instruction,
            path=self.path,
            language=language_of(self.path) or language_in(text),
            before=slice_utf16(text, 0, start),
            selection=slice_utf16(text, start, end),
            after=slice_utf16(text, end, utf16_length(text)),
            corpus=self._tools.material.corpus(self._suggestion.workspace),
        )
        blank = Hunk(
            "",
            self._suggestion.id,
            self._suggestion.workspace,
            self.document,
            self.path,
            "edit",
            self._run.job.attempt,
            0,
            start,
            start,
            (b"", b""),
            "",
            "",
            HunkState.STREAMING,
        )
        return Proposal(replica, blank), task, start

    async def answer(self, news: Callable[[], None]) -> None:
        """Stream the model's answer into the proposal; `news` is called when there is something new to show.

        Raises:
            JobFailed: the text is not there any more, or is too much for the model.
            ai.models.ModelError
        """
        choice = await self._tools.choices.of(self._suggestion.workspace)
        self.proposal, task, start = await self._open()
        # What answers without a model knows no blocks, and takes no time for a long text.
        long = len(task.selection) >= BLOCKS_FROM and choice.provider.name != "local"
        form: Form = "blocks" if long else "whole"
        mark = mark_for(task.selection)
        gathering = self._tools.gathering
        prompt = await prompted(
            edit_prompt,
            instruction=task.instruction,
            path=task.path,
            language=task.language,
            before=task.before,
            selection=task.selection,
            after=task.after,
            blocks=mark if form == "blocks" else None,
            about=self._about.selection,
            paths=self._about.paths,
            around=await self._around,
            secrets=await gathering.secrets_in(task.before, task.selection, task.after),
            window=gathering.window(choice),
        )
        prompt = instructed(prompt, choice.system_instruction)
        rewriting = Rewriting(self.proposal, start, task.selection, form, mark)
        self.generation = self._generation(choice, prompt, task, start)
        if form == "blocks":
            self.generation.form = "blocks"
        await self._stream(self.generation, rewriting, news)
        outcome = self._outcome(rewriting)
        faulty = rewriting.failures or rewriting.astray
        if faulty and not self.generation.cut_off and self.generation.outage is None:
            outcome = await self._repair(prompt, rewriting, choice, task, news) or outcome
        self._astray = rewriting.astray and self.proposal.empty
        self._refusal, self._left_out = rewriting.refusal, rewriting.left_out
        self.generation.unplaced = len(rewriting.failures)
        metrics.ANSWERS.labels(self.generation.model, rewriting.form, outcome).inc()

    async def _repair(
        self, prompt: Prompt, rewriting: Rewriting, choice: Choice, task: Task, news: Callable[[], None]
    ) -> str | None:
        """Ask once more for what could not be placed; None when there is no answer, and what was placed has to do."""
        failures = list(rewriting.failures)
        if rewriting.astray:
            again = astray_prompt(prompt, rewriting.said)
        else:
            # In a thread: to look for lines that come close takes long in a long text.
            await asyncio.to_thread(rewriting.look_around)
            again = repair_prompt(prompt, rewriting.said, rewriting.failures)
        rewriting.again()
        try:
            await self._stream(self._generation(choice, again, task), rewriting, news)
        except (ModelError, JobFailed) as error:
            log.warning("an answer was not repaired", job=self._run.job.id, why=str(error))
            rewriting.failures = failures
            return None
        return "repaired" if rewriting.understood else self._outcome(rewriting)

    def _generation(self, choice: Choice, prompt: Prompt, task: Task, start: int = 0) -> Generation:
        request = ModelRequest("edit", prompt.messages, task, choice.params)
        return Generation(self._run, choice.provider, self._tools.meter, prompt, request, start)

    async def _stream(self, generation: Generation, rewriting: Rewriting, news: Callable[[], None]) -> None:
        async with aclosing(generation.stream()) as chunks:
            async for chunk in chunks:
                if chunk.instead_of is not None and not rewriting.stand_in():
                    break
                if rewriting.push(chunk.text):
                    news()
        rewriting.finish(cut_off=generation.cut_off)

    def _outcome(self, rewriting: Rewriting) -> str:
        if rewriting.understood:
            return "understood"
        return "partly" if self.proposal is not None and not self.proposal.empty else "not"

    def stop(self) -> None:
        """What came in full lines stays proposed."""
        if self.proposal is not None:
            self.proposal.stop()

    @property
    def warning(self) -> str | None:
        """What people should know about the answer."""
        if self.failed is not None:
            return self.failed
        if self._astray and self.generation and not self.generation.cut_off:
            return "The model's answer was not understood: it is neither a list of changes nor the new text."
        if self._refusal is not None:
            return f"The model answered: “{self._refusal}”"
        unplaced = self.generation.unplaced if self.generation else 0
        if unplaced == 1:
            return "One more change was proposed, but not for a text that is there."
        if unplaced:
            return f"{unplaced} more changes were proposed, but not for texts that are there."
        if self._left_out:
            return "The model did not write all of the text: what it left out stays as it is."
        return self.generation.warning if self.generation else None


def warnings(targets: Sequence[EditTarget]) -> str | None:
    """The warnings of all, each with its file where there are several."""
    said = [(target.path, target.warning) for target in targets if target.warning]
    if len(targets) == 1:
        return said[0][1] if said else None
    return " ".join(f"{path}: {warning}" for path, warning in said) or None
