"""Jobs of kind create: the assistant makes the files of a folder and types into them, each a hunk of its own."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import Any

from ai.answers.files_answer import FileBegun, FileSaid, FilesReader
from ai.beside import beside
from ai.models import ModelRequest, Task
from ai.pool.attempt import JobFailed, Run
from ai.prompting.gathering import prompted
from ai.prompting.generation import Generation
from ai.prompting.ignore import OWN_FOLDER
from ai.prompting.prompts import files_prompt, instructed
from ai.proposals.dictation import Dictation, FileTrashed
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.suggestion_attempt import SuggestionAttempt
from ai.proposals.suggestions import ALL_DOCUMENTS, Suggestion, SuggestionState
from ai.toolbox import Toolbox
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.refusals import DocumentTooLarge, Overloaded, RoomClosed
from collab.replicas.positions import END, START
from collab.tree.paths import InvalidPath, join, parse_path
from collab.tree.trees import PathConflict

MOST_FILES = 40
"""That one request may make."""


class CreateAttempt(SuggestionAttempt):
    """The job's payload: {targets: [], folder: path, "" for the workspace itself, instruction}."""

    def __init__(self, run: Run, tools: Toolbox) -> None:
        super().__init__(run, tools)
        self._author = f"job:{run.job.id}"
        self._folder: str = run.job.payload["folder"]
        self._generation: Generation | None = None
        self._documents: list[str] = []
        self._made_folders: list[str] = []
        """Ids of those that were made for the files."""
        self._made_paths: list[str] = []
        self._refused: list[str] = []
        """Sentences about files that were not made."""
        self._typing: Dictation | None = None

    def _made(self) -> dict[str, Generation]:
        return {ALL_DOCUMENTS: self._generation} if self._generation is not None else {}

    async def _make(self, suggestion: Suggestion) -> None:
        self._documents = list(suggestion.documents)
        self._made_folders = list(suggestion.folders)
        await self._clear_earlier(suggestion)
        task = Task(
            instruction=suggestion.instruction,
            path=self._folder,
            corpus=self._tools.material.corpus(suggestion.workspace),
        )
        async with beside(self._tools.gathering.around(self._job)) as around:
            there = await self._tools.material.paths(suggestion.workspace, self._folder)
            choice = await self._tools.choices.of(self._job.workspace)
        prompt = await prompted(
            files_prompt,
            instruction=suggestion.instruction,
            folder=self._folder,
            there=there,
            around=await around,
            window=self._tools.gathering.window(choice),
        )
        prompt = instructed(prompt, choice.system_instruction)
        request = ModelRequest("write", prompt.messages, task, choice.params)
        self._generation = Generation(self._run, choice.provider, self._tools.meter, prompt, request)
        self._generation.form = "files"
        try:
            async with asyncio.TaskGroup() as group:
                await self._read(self._generation, suggestion, group)
        except BaseExceptionGroup as several:
            raise _as_people_hear_it(several.exceptions[0]) from None
        self._generation.unplaced = len(self._refused)
        notes = [*self._refused, self._generation.warning]
        nothing = "There is nothing to write." if not self._made_paths else None
        await self._keep(state=SuggestionState.READY.value, note=" ".join(filter(None, notes)) or nothing)
        await self._announce()

    async def _read(self, generation: Generation, suggestion: Suggestion, group: asyncio.TaskGroup) -> None:
        """Each file is typed by a task of `group`, at its own pace. Raises ModelError after what came was begun."""
        reader = FilesReader()
        try:
            async with aclosing(generation.stream()) as chunks:
                async for chunk in chunks:
                    await self._take(reader.push(chunk.text), suggestion, group)
        finally:
            # Nothing new is begun when this was cancelled: what waits here would be cancelled as well.
            for part in reader.finish():
                if not isinstance(part, FileBegun) and self._typing is not None:
                    self._typing.hear(part.text)
            self._end_typing()

    async def _take(self, said: Iterable[FileSaid], suggestion: Suggestion, group: asyncio.TaskGroup) -> None:
        for part in said:
            if isinstance(part, FileBegun):
                self._end_typing()
                if (place := await self._new_file(part.path)) is not None:
                    ready: asyncio.Future[Dictation] = asyncio.get_running_loop().create_future()
                    group.create_task(self._type(place, suggestion, ready))
                    self._typing = await ready
            elif self._typing is not None:
                self._typing.hear(part.text)

    def _end_typing(self) -> None:
        if self._typing is not None:
            self._typing.end()
            self._typing = None

    async def _new_file(self, said: str) -> dict[str, Any] | None:
        """The place to write at, in a new empty file; None where the model may not have it."""
        workspace = self._job.workspace
        try:
            names = self._names(said)
            path = join(names)
            if OWN_FOLDER in names or await self._tools.material.ignores(workspace, path):
                self._refused.append(f"{path} was left out: the assistant does not write there.")
                return None
            if len(self._made_paths) == MOST_FILES:
                self._refused.append(f"{path} and what follows was left out: these are {MOST_FILES} files.")
                return None
            self._run.check_held()
            new = await self._tools.files.create(workspace, path, self._author)
        except (InvalidPath, PathConflict) as error:
            self._refused.append(f"“{said[:80]}” was left out. {error}")
            return None
        self._made_paths.append(path)
        self._documents.append(new.id)
        self._made_folders += new.folders
        await self._change(documents=self._documents, folders=self._made_folders)
        ends = [START.encode(), END.encode()]
        return {"document": new.id, "path": path, "anchors": ends, "at": 0, "created": True}

    def _names(self, said: str) -> tuple[str, ...]:
        """Raises InvalidPath."""
        said = said.removeprefix("./").removeprefix("/")
        inside = f"{self._folder}/" if self._folder else ""
        return parse_path(said if said.startswith(inside) else inside + said)

    async def _type(self, place: dict[str, Any], suggestion: Suggestion, ready: asyncio.Future[Dictation]) -> None:
        async with self._tools.rooms.open(place["document"]) as room:
            dictation = Dictation(self._run, self._tools, suggestion, place, room)
            await dictation.begin()
            await self._keep()  # before there is a hunk to decide
            await self._announce()
            dictation.sit_down()
            ready.set_result(dictation)
            try:
                await dictation.type()
            except FileTrashed:  # the others are still wanted
                self._refused.append(f"{place['path']} was deleted while it was written.")
            finally:
                dictation.get_up()
            await dictation.settle()
        await self._announce()

    async def _break_off(self, suggestion: Suggestion) -> None:
        hunks = await self._tools.suggestions.hunks(suggestion.id)
        for hunk in hunks:
            if hunk.state is HunkState.STREAMING:
                await self._leave(suggestion, hunk, keep=True)
        await self._drop_unbegun(suggestion, hunks)
        # This attempt may have made some, or an earlier one.
        made = {*suggestion.folders, *self._made_folders}
        await self._tools.files.delete_empty_folders(suggestion.workspace, made, f"job:{suggestion.id}")

    async def _drop_unbegun(self, suggestion: Suggestion, hunks: Sequence[Hunk]) -> None:
        """Files that were made by an attempt that ended before there was a hunk."""
        for document in {*suggestion.documents, *self._documents} - {hunk.document for hunk in hunks}:
            await self._tools.files.delete_empty(suggestion.workspace, document, self._author)

    async def _clear_earlier(self, suggestion: Suggestion) -> None:
        """What an earlier attempt had finished stays, and is not asked for again; what it had begun goes.

        Of a job that had failed all goes that nobody has decided: which of it was finished, nobody can tell.
        """
        hunks = await self._tools.suggestions.hunks(suggestion.id)
        await self._drop_unbegun(suggestion, hunks)
        for hunk in hunks:
            if hunk.state is HunkState.STREAMING:
                await self._leave(suggestion, hunk, keep=False)
            elif hunk.state is HunkState.PENDING and hunk.attempt <= self._job.revived_at:
                await self._take_back_failed(suggestion, hunk)

    async def _take_back_failed(self, suggestion: Suggestion, hunk: Hunk) -> None:
        try:
            async with self._tools.rooms.open(hunk.document) as room:
                await Dictation(self._run, self._tools, suggestion, {}, room).supersede(hunk)
        except (DocumentGone, DocumentNotFound, RoomClosed):
            return
        await self._tools.files.delete_empty(hunk.workspace, hunk.document, self._author)

    async def _leave(self, suggestion: Suggestion, hunk: Hunk, *, keep: bool) -> None:
        try:
            async with self._tools.rooms.open(hunk.document) as room:
                dictation = Dictation(self._run, self._tools, suggestion, {}, room)
                await (dictation.settle(hunk) if keep else dictation.take_back(hunk))
        except (DocumentGone, DocumentNotFound, RoomClosed):
            await self._tools.suggestions.remove_streaming([hunk.id])
        await self._tools.files.delete_empty(hunk.workspace, hunk.document, self._author)


def _as_people_hear_it(error: BaseException) -> BaseException:
    match error:
        case DocumentGone() | DocumentNotFound() | RoomClosed():
            return JobFailed("A file that was just made is gone.")
        case DocumentTooLarge():
            return JobFailed("A file is as large as a file may be.")
        case Overloaded():
            return JobFailed("Storage is away, so nothing more can be written for now.")
        case _:
            return error
