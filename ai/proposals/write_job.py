"""Jobs of kind write: the assistant types into the document as a peer, and people decide what becomes of it."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from ai.answers.answer import AnswerStream
from ai.beside import beside
from ai.choosing.choices import Choice
from ai.languages import language_of
from ai.models import ModelRequest, Task
from ai.pool.attempt import JobFailed, Run
from ai.prompting.analysis import language_in
from ai.prompting.context import Candidate
from ai.prompting.gathering import prompted
from ai.prompting.generation import Generation
from ai.prompting.prompts import instructed, write_prompt
from ai.proposals.dictation import Dictation
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.suggestion_attempt import SuggestionAttempt
from ai.proposals.suggestions import Suggestion, SuggestionState
from ai.toolbox import Toolbox
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.refusals import DocumentTooLarge, Overloaded, RoomClosed
from collab.rooms.room import Room


class WriteAttempt(SuggestionAttempt):
    """The job's payload: {targets: [{document, path, anchors: [bytes, bytes] around the empty range to write at, at,

    created: whether the file was made for this}], instruction}.
    """

    def __init__(self, run: Run, tools: Toolbox) -> None:
        super().__init__(run, tools)
        [self._target] = run.job.payload["targets"]
        self._generation: Generation | None = None

    def _made(self) -> dict[str, Generation]:
        return {self._target["document"]: self._generation} if self._generation is not None else {}

    async def _make(self, suggestion: Suggestion) -> None:
        try:
            async with self._tools.rooms.open(self._target["document"]) as room:
                await self._write(room, suggestion)
        except (DocumentGone, DocumentNotFound, RoomClosed) as error:
            raise JobFailed("The file is gone.") from error
        except DocumentTooLarge as error:
            raise JobFailed("The file is as large as a file may be.") from error
        except Overloaded as error:
            raise JobFailed("Storage is away, so nothing more can be written for now.") from error
        await self._announce()

    async def _break_off(self, suggestion: Suggestion) -> None:
        hunk = await self._last_hunk(suggestion)
        if hunk is not None and hunk.state is HunkState.STREAMING:
            try:
                async with self._tools.rooms.open(hunk.document) as room:
                    await Dictation(self._run, self._tools, suggestion, self._target, room).settle(hunk)
            except (DocumentGone, DocumentNotFound, RoomClosed):
                await self._tools.suggestions.remove_streaming([hunk.id])

    async def _write(self, room: Room, suggestion: Suggestion) -> None:
        dictation = Dictation(self._run, self._tools, suggestion, self._target, room)
        earlier = await self._last_hunk(suggestion)
        if earlier is not None and earlier.attempt <= self._job.revived_at:
            earlier = await self._without_failed(dictation, earlier)
        async with beside(self._tools.gathering.around(self._job)) as around:
            hunk = await dictation.begin(earlier)
        if hunk.state is not HunkState.STREAMING:
            # An earlier attempt came as far as this, and people may have decided it since.
            await self._change(state=SuggestionState.READY.value)
            return
        if earlier:
            await self._announce()
        choice = await self._tools.choices.of(self._job.workspace)
        before, after = dictation.sit_down()
        try:
            await self._type_answer(dictation, before, after, choice, await around)
        finally:
            dictation.get_up()
        await self._keep()  # before there is a hunk to decide
        await dictation.settle()
        nothing = "There is nothing to write." if not dictation.typed else None
        warning = self._generation.warning if self._generation else None
        note = warning or nothing or await self._doubts()
        await self._keep(state=SuggestionState.READY.value, note=note)

    async def _last_hunk(self, suggestion: Suggestion) -> Hunk | None:
        """There are others before it only where people rejected what was typed, and had it tried again."""
        hunks = await self._tools.suggestions.hunks(suggestion.id)
        return hunks[-1] if hunks else None

    async def _without_failed(self, dictation: Dictation, hunk: Hunk) -> Hunk | None:
        """Take back what was typed before the job failed, unless people have decided it: what they accepted stays."""
        if hunk.state is HunkState.PENDING:
            if await dictation.supersede(hunk):
                await self._announce()
                return None
            [hunk] = [one for one in await self._tools.suggestions.hunks(self._suggestion) if one.id == hunk.id]
        return hunk if hunk.state is HunkState.ACCEPTED else None

    async def _type_answer(
        self, dictation: Dictation, before: str, after: str, choice: Choice, around: Sequence[Candidate]
    ) -> None:
        """Raises ModelError after typing what came."""
        path = await self._tools.material.path_of(self._job.workspace, self._target["document"])
        task = Task(
            instruction=self._job.payload.get("task") or self._job.payload["instruction"],
            path=path,
            language=language_of(path) or language_in(before + after),
            before=before,
            after=after,
            corpus=self._tools.material.corpus(self._job.workspace),
        )
        prompt = await prompted(
            write_prompt,
            instruction=task.instruction,
            path=path,
            language=task.language,
            before=before,
            after=after,
            around=around,
            secrets=await self._tools.gathering.secrets_in(before, after),
            window=self._tools.gathering.window(choice),
        )
        prompt = instructed(prompt, choice.system_instruction)
        request = ModelRequest("write", prompt.messages, task, choice.params)
        self._generation = Generation(self._run, choice.provider, self._tools.meter, prompt, request)
        reading = asyncio.create_task(self._read(self._generation, dictation))
        try:
            await dictation.type()
        finally:
            reading.cancel()
            await asyncio.wait({reading})
        reading.result()

    async def _read(self, generation: Generation, dictation: Dictation) -> None:
        answer = AnswerStream()
        try:
            async with aclosing(generation.stream()) as chunks:
                async for chunk in chunks:
                    dictation.hear(answer.push(chunk.text))
        finally:
            dictation.hear(answer.finish())
            dictation.end()
