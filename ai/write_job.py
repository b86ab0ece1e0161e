"""Jobs of kind write: the assistant types into the document as a peer, and people decide what becomes of it."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from uuid import uuid4

from ai.answer import AnswerStream
from ai.attempt import JobFailed, Run
from ai.choices import Choice
from ai.decision_updates import Insertion, deletion
from ai.generation import Generation
from ai.hunks import Hunk, HunkState
from ai.known import needed_for, until_known
from ai.languages import language_of
from ai.models import ModelRequest, Task
from ai.pace import INTERVAL
from ai.prompts import instructed, write_prompt
from ai.suggestion_attempt import SuggestionAttempt
from ai.suggestions import Suggestion, SuggestionState
from ai.toolbox import Toolbox
from ai.typist import Typist
from ai.typist_cursor import TypistCursor
from collab.edits import fresh_client_id
from collab.offsets import slice_utf16, utf16_length, utf16_to_utf8
from collab.positions import Anchor, resolve
from collab.refusals import DocumentTooLarge, Overloaded, RoomClosed
from collab.room import Room
from collab.snapshots import DocumentGone, DocumentNotFound

MOST_PER_STROKE = 200
"""Characters typed at once, every `INTERVAL`: some 4,000 a second, well above what models write."""

SAVE_INTERVAL = 0.5
"""Seconds between writes of the hunk while it grows."""

PATIENCE = 5.0
"""Seconds for the text to arrive that the place to write at is in, when another process has taken the request."""

PLACE_GONE = "The place to write at is not there any more."


class WriteAttempt(SuggestionAttempt):
    """The job's payload: {targets: [{document, path, anchors: [bytes, bytes] around the empty range to write at, at}],

    instruction}.
    """

    def __init__(self, run: Run, tools: Toolbox) -> None:
        super().__init__(run, tools)
        [self._target] = run.job.payload["targets"]
        self._generation: Generation | None = None
        self._author = f"job:{self._job.id}"
        self._typed = ""
        self._waiting = ""
        self._arrived = asyncio.Event()
        self._answer = AnswerStream()
        self._saved_at = 0.0

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
        [*hunks] = await self._tools.suggestions.hunks(suggestion.id)
        if hunks:
            try:
                async with self._tools.rooms.open(hunks[0].document) as room:
                    await self._settle(room, hunks[0])
            except (DocumentGone, DocumentNotFound, RoomClosed):
                await self._tools.suggestions.remove_streaming([hunks[0].id])

    async def _write(self, room: Room, suggestion: Suggestion) -> None:
        hunk = await self._begin_anew(room, suggestion)
        if hunk.state is not HunkState.STREAMING:
            # An earlier attempt came as far as this, and people may have decided it since.
            await self._change(state=SuggestionState.READY.value)
            return
        choice = await self._tools.choices.of(self._job.workspace)
        task, typist = self._sit_down(room, hunk)
        stop = room.audience.observe(typist.receive)  # nothing waited since the typist's replica was taken
        try:
            await self._type_answer(room, hunk, typist, task, choice)
        finally:
            stop()
            typist.close()
        await self._settle(room, hunk)
        nothing = "There is nothing to write." if not self._typed else None
        warning = self._generation.warning if self._generation else None
        await self._keep(state=SuggestionState.READY.value, note=warning or nothing)

    async def _type_answer(self, room: Room, hunk: Hunk, typist: Typist, task: Task, choice: Choice) -> None:
        prompt = write_prompt(
            instruction=task.instruction,
            path=task.path,
            language=task.language,
            before=task.before,
            after=task.after,
        )
        prompt = instructed(prompt, choice.system_instruction)
        request = ModelRequest("write", prompt.messages, task, choice.params)
        self._generation = Generation(self._run, choice.provider, prompt, request)
        await self._type_all(room, hunk, typist, self._generation)

    async def _begin_anew(self, room: Room, suggestion: Suggestion) -> Hunk:
        """The hunk, with the client id of this attempt in it, stored before the first character is typed.

        What earlier attempts typed is deleted. They are fenced off: none of them types after its lease has run out.
        """
        anchors = [Anchor.decode(bytes(anchor)) for anchor in self._target["anchors"]]
        try:
            async with asyncio.timeout(PATIENCE):
                await until_known(room, needed_for(anchors))
        except TimeoutError as error:
            raise JobFailed(PLACE_GONE) from error
        client = fresh_client_id(room.state)
        hunks = await self._tools.suggestions.hunks(suggestion.id)
        if not hunks:
            hunk = self._blank(suggestion, client)
            await self._add([hunk])
            return hunk
        [hunk] = hunks
        if hunk.state is not HunkState.STREAMING:
            return hunk
        await room.idle()
        earlier = self._clocks(room, hunk)
        self._delete(room, earlier)
        hunk = replace(self._blank(suggestion, client), id=hunk.id, typed=(*earlier, (client, 0)))
        await self._tools.suggestions.rewrite_hunk(hunk)
        await self._announce()
        return hunk

    def _blank(self, suggestion: Suggestion, client: int) -> Hunk:
        place = self._target
        first, last = place["anchors"]
        return Hunk(
            id=uuid4().hex,
            suggestion=suggestion.id,
            workspace=suggestion.workspace,
            document=place["document"],
            path=place["path"],
            mode="write",
            attempt=self._job.attempt,
            ord=0,
            start=place["at"],
            end=place["at"],
            anchors=(bytes(first), bytes(last)),
            base="",
            proposed="",
            state=HunkState.STREAMING,
            typed=((client, 0),),
        )

    def _sit_down(self, room: Room, hunk: Hunk) -> tuple[Task, Typist]:
        text = room.text
        found = resolve(room.doc, [Anchor.decode(anchor) for anchor in hunk.anchors])
        places = [place for place in found if place is not None]
        if not places:
            raise JobFailed(PLACE_GONE)
        place = places[0]
        path = self._target["path"]
        task = Task(
            instruction=self._job.payload["instruction"],
            path=path,
            language=language_of(path),
            before=slice_utf16(text, 0, place),
            after=slice_utf16(text, place, utf16_length(text)),
            corpus=self._tools.material.corpus(self._job.workspace),
        )
        client, _ = hunk.typed[-1]
        return task, Typist(room.doc, utf16_to_utf8(text, [place])[0], client)

    async def _type_all(self, room: Room, hunk: Hunk, typist: Typist, generation: Generation) -> None:
        """Type what the model writes, at a bounded rate, until it ends. Raises ModelError after typing what came."""
        reading = asyncio.create_task(self._read(generation))
        reading.add_done_callback(lambda _: self._arrived.set())
        try:
            with TypistCursor(room, typist.client, Anchor.decode(hunk.anchors[0])) as cursor:
                while piece := await self._next_piece(reading):
                    await room.ready()
                    self._run.check_held()
                    room.apply(typist.type(piece), self._author)
                    self._typed += piece
                    self._run.shown = True
                    cursor.move(typist.typed.anchors[1])
                    if time.monotonic() - self._saved_at > SAVE_INTERVAL:
                        await self._save(room, hunk, typist.typed)
                    await asyncio.sleep(INTERVAL)
        finally:
            reading.cancel()
            await asyncio.wait({reading})
        reading.result()

    async def _next_piece(self, reading: asyncio.Task[None]) -> str:
        """The next characters to type; empty when all is typed and the model has ended."""
        while not self._waiting and not reading.done():
            self._arrived.clear()
            await self._arrived.wait()
        piece, self._waiting = self._waiting[:MOST_PER_STROKE], self._waiting[MOST_PER_STROKE:]
        return piece

    async def _read(self, generation: Generation) -> None:
        try:
            async with aclosing(generation.stream()) as chunks:
                async for chunk in chunks:
                    self._hear(self._answer.push(chunk.text))
        finally:
            self._hear(self._answer.finish())

    def _hear(self, text: str) -> None:
        if text:
            self._waiting += text
            self._arrived.set()

    async def _save(self, room: Room, hunk: Hunk, typed: Insertion) -> None:
        self._saved_at = time.monotonic()
        await room.copyable()
        grown = replace(self._standing(room, hunk, typed), typed=(*hunk.typed[:-1], (typed.client, typed.length)))
        await self._tools.suggestions.rewrite_hunk(grown)
        await self._tools.announcements.suggestion_delta(self._job.workspace, self._suggestion, [grown], [])

    def _standing(self, room: Room, hunk: Hunk, typed: Insertion) -> Hunk:
        """`hunk` around what was typed, where it stands now."""
        room.flush()
        first, last = typed.anchors
        start, end = resolve(room.doc, [first, last])
        if start is None or end is None:
            raise LookupError("a room knows what was typed in it")
        text = self._typed or slice_utf16(room.text, start, end)
        return replace(hunk, start=start, end=end, anchors=(first.encode(), last.encode()), proposed=text)

    def _clocks(self, room: Room, hunk: Hunk) -> tuple[tuple[int, int], ...]:
        """How much stands under each client id of `hunk`. The room knows it; the record is behind by what was saved."""
        return tuple((client, room.state.get(client, 0)) for client, _ in hunk.typed)

    def _delete(self, room: Room, typed: Sequence[tuple[int, int]]) -> None:
        if any(length for _, length in typed):
            self._run.check_held()
            room.apply(deletion(dict(typed)), self._author)

    async def _settle(self, room: Room, hunk: Hunk) -> None:
        """Leave what was typed to people, whoever typed it; nothing typed leaves no hunk."""
        await room.idle()
        *earlier, (client, length) = self._clocks(room, hunk)
        # Once more: an update of a worker that was cut off from the others may have come through since.
        self._delete(room, earlier)
        await room.durable()
        if length == 0:
            await self._tools.suggestions.remove_streaming([hunk.id])
            return
        await room.copyable()
        settled = self._standing(room, hunk, Insertion(client, length))
        typed = (*earlier, (client, length))
        await self._tools.suggestions.rewrite_hunk(replace(settled, state=HunkState.PENDING, typed=typed))
