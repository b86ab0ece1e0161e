"""Completions: the next words at somebody's cursor, for them alone.

Asked of the model right here, without a job: it is thrown away when its asker types on, so there is nothing to queue,
to take over or to announce. One person has one at a time in a document, and a newer request ends the older.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ai import metrics
from ai.beside import beside
from ai.choosing.choices import Choice, Choices
from ai.clock import now
from ai.completing.completion_fates import CompletionFates
from ai.completing.completion_record import CompletionRecord
from ai.completing.completion_text import CompletionText
from ai.completing.recent import Recent
from ai.languages import language_of
from ai.models import Chunk, Corpus, ModelRequest, Outage, SourceFile, Task, Usage
from ai.models.local import LocalAssistant
from ai.pool.jobs import Person
from ai.pool.outages import Outages
from ai.prompting.gathering import Gathering
from ai.prompting.material import Material
from ai.prompting.prompts import Prompt, completion_prompt, instructed, without_marks
from ai.record.feedback import Feedback
from ai.requests import Requests, TextDiffers
from ai.spending.metering import Meter
from ai.spending.usage import Caller
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.offsets import OffsetOutsideText, utf16_to_codepoint
from storage import Storage

CHANNEL = "scriptorium.completions"

PATIENCE = 1.0
"""Seconds for the asker's last keys to arrive: they come another way than the request."""

MOST_AT_ONCE = 4
"""Completions of one person in one process, in as many documents."""

ANSWERS = 1_000
ANSWERS_FOR = 300.0
"""Seconds for which the same text around the cursor gets the same answer."""

FILES_FOR = 20.0
"""Seconds for which the group's files, which the local assistant reads, count as they were."""


class TooManyAtOnce(ValueError):
    """The person has as many completions under way as one may; the message says so."""


class Stopped(Exception):
    """The completion was stopped: by a newer request of the same person in the same document, or by `stop`."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One that was asked for, ready to be streamed."""

    record: CompletionRecord
    choice: Choice
    prompt: Prompt
    request: ModelRequest

    @property
    def id(self) -> str:
        return self.record.id


class Completions:
    def __init__(
        self,
        storage: Storage,
        rooms: Rooms,
        requests: Requests,
        material: Material,
        choices: Choices,
        feedback: Feedback,
        meter: Meter,
        outages: Outages,
        gathering: Gathering,
        admit: Callable[[str, Person], Awaitable[None]],
    ) -> None:
        self._bus = storage.bus
        self._rooms = rooms
        self._requests = requests
        self._material = material
        self._choices = choices
        self._meter = meter
        self._outages = outages
        self._gathering = gathering
        self._admit = admit
        self.fates = CompletionFates(storage.db, rooms, feedback)
        self._running: dict[tuple[str, str], _Running] = {}
        self._answers: Recent[str, str] = Recent(ANSWERS, ANSWERS_FOR)
        self._files: Recent[str, Sequence[SourceFile]] = Recent(4, FILES_FOR)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Meanwhile a newer request in another process ends an older one here."""
        unsubscribe = await self._bus.subscribe(CHANNEL, self._hear)
        try:
            yield
        finally:
            await unsubscribe()

    async def ask(self, workspace: str, path: str, at: int, by: Person, expected: str | None = None) -> Completion:
        """What comes next at `at` of the file, in UTF-16 code units, for `by`.

        `expected` is what they see in front of that place, a few letters or many. Where it is not there yet, it is
        waited for.

        Raises:
            As `ai.requests.Requests`; ai.requests.TextDiffers; ai.pool.attempt.JobFailed as
            `ai.choosing.choices.Choices.of`.
        """
        await self._admit(workspace, by)
        entry = await self._requests.text_file(workspace, path)
        async with self._rooms.open(entry.id) as room:
            before, after = await _around(room, at, expected)
        choice = await self._choices.of(workspace)
        language = language_of(entry.path)
        window = self._gathering.window(choice)
        await window.tokenizer.ready()
        # In a thread: secrets are looked for far around the cursor, at every pause of everybody who types.
        prompt = await asyncio.to_thread(
            completion_prompt, path=entry.path, language=language, before=before, after=after, window=window
        )
        prompt = instructed(prompt, choice.system_instruction)
        task = Task("", entry.path, language, before, "", after, self._corpus(workspace))
        request = ModelRequest("completion", prompt.messages, task, choice.params)
        record = CompletionRecord(uuid4().hex, workspace, entry.id, entry.path, at, by, now())
        return Completion(record, choice, prompt, request)

    def _corpus(self, workspace: str) -> Corpus:
        read = self._material.corpus(workspace)

        async def files() -> Sequence[SourceFile]:
            found = self._files.get(workspace)
            if found is None:
                self._files.put(workspace, found := await read())
            return found

        return files

    async def stream(self, completion: Completion) -> AsyncGenerator[str, None]:
        """The text to insert, in pieces. Closing this closes the connection to the model.

        Raises:
            ai.models.ModelError; Stopped. Before the first piece TooManyAtOnce; pymongo.errors.PyMongoError.
        """
        record = completion.record
        self._check_number(record)
        making = _Making(completion)
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        # A task of its own, so that a newer request can end it while its asker is slow to read.
        reading = asyncio.create_task(self._read(completion, making, pieces))
        reading.add_done_callback(lambda _: pieces.put_nowait(None))
        self._take_place(record, reading, making)
        shown = ""
        try:
            # The model thinks while the record is written.
            async with beside(self.fates.begin(record)) as beginning:
                try:
                    while (piece := await pieces.get()) is not None:
                        await beginning
                        shown += piece
                        yield piece
                    if reading.cancelled():
                        raise Stopped
                    await reading
                finally:
                    reading.cancel()
                    await asyncio.wait({reading})
        finally:
            self._leave_place(record)
            self.fates.end_later(record.id, shown, making.record())

    def stop(self, completion: Completion) -> None:
        """End its stream, if it is under way."""
        if (running := self._under_way(completion)) is not None:
            running.reading.cancel()

    def instead_of(self, completion: Completion) -> str | None:
        """The model that does not answer while the built-in assistant does, of a stream that is under way."""
        running = self._under_way(completion)
        return running.making.outage.model if running is not None and running.making.outage is not None else None

    def _under_way(self, completion: Completion) -> "_Running | None":
        running = self._running.get((completion.record.asker.id, completion.record.document))
        return running if running is not None and running.id == completion.id else None

    async def _read(self, completion: Completion, making: "_Making", pieces: asyncio.Queue[str | None]) -> None:
        key = self._key(completion)
        known = self._answers.get(key)
        if known is not None:
            making.end()
            if known:
                pieces.put_nowait(known)
            return
        shape = CompletionText(completion.request.task.before, completion.request.task.after)
        try:
            caller = Caller(completion.record.workspace, completion.record.asker.id)
            answer = self._meter.stream(caller, completion.choice.provider, completion.request)
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    making.note(chunk)
                    if chunk.ends is not None:  # said once: whoever leaves now must not keep it to themselves
                        await asyncio.shield(self._outages.over(chunk.ends))
                    if chunk.instead_of is not None:
                        await self._outages.met(completion.record.workspace, chunk.instead_of)
                    if piece := shape.push(chunk.text):
                        pieces.put_nowait(piece)
                    if shape.full:
                        break
            if piece := shape.finish():
                pieces.put_nowait(piece)
        finally:
            making.end()
        if making.outage is None and (shape.full or making.whole):
            self._answers.put(key, shape.text)

    @staticmethod
    def _key(completion: Completion) -> str:
        """Equal where the model would be told the same. The local assistant reads the workspace's files besides."""
        told = [message.as_dict() for message in without_marks(completion.prompt.messages)]
        choice = completion.choice
        model = [choice.provider.name, choice.provider.model, choice.params.as_dict()]
        asked = [completion.record.workspace, model, told]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    # ---- one at a time

    def _check_number(self, record: CompletionRecord) -> None:
        of_person = {document for user, document in self._running if user == record.asker.id}
        if record.document not in of_person and len(of_person) >= MOST_AT_ONCE:
            raise TooManyAtOnce(f"The assistant completes at most {MOST_AT_ONCE} texts of one person at a time.")

    def _take_place(self, record: CompletionRecord, reading: asyncio.Task[None], making: "_Making") -> None:
        place = record.asker.id, record.document
        if place in self._running:
            self._running[place].reading.cancel()
        self._running[place] = _Running(record.id, reading, making)
        self._bus.publish(CHANNEL, json.dumps([*place, record.id]).encode())
        self.fates.supersede_later(record)

    def _leave_place(self, record: CompletionRecord) -> None:
        place = record.asker.id, record.document
        if place in self._running and self._running[place].id == record.id:
            del self._running[place]

    def _hear(self, payload: bytes) -> None:
        user, document, newest = json.loads(payload)
        running = self._running.get((user, document))
        if running is not None and running.id != newest:
            running.reading.cancel()


@dataclass(frozen=True, slots=True)
class _Running:
    id: str
    reading: asyncio.Task[None]
    making: "_Making"


class _Making:
    """How one answer comes about, for the record. Seconds throughout."""

    def __init__(self, completion: Completion) -> None:
        self._provider = completion.choice.provider
        self._params = completion.choice.params
        self._prompt = completion.prompt
        self._began = time.monotonic()
        self._first_token: float | None = None
        self._total: float | None = None
        self._usage: Usage | None = None
        self.outage: Outage | None = None
        """Why the built-in assistant answers and not the model that was asked."""
        self.whole = False
        """Whether the model came to its end."""

    @property
    def model(self) -> str:
        """Whoever really answers."""
        return LocalAssistant.model if self.outage else self._provider.model

    def note(self, chunk: Chunk) -> None:
        self.outage = chunk.instead_of or self.outage
        self.whole = self.whole or chunk.finish_reason == "stop"
        self._usage = chunk.usage or self._usage
        if chunk.text and self._first_token is None:
            self._first_token = time.monotonic() - self._began
            metrics.FIRST_TOKEN_SECONDS.labels("completion", self.model).observe(self._first_token)

    def end(self) -> None:
        self._total = time.monotonic() - self._began
        if self._usage is not None:
            tokens = metrics.TOKENS.labels
            tokens("completion", self.model, "prompt").inc(self._usage.prompt_tokens)
            tokens("completion", self.model, "completion").inc(self._usage.completion_tokens)

    def record(self) -> dict[str, Any]:
        """As `ai.prompting.generation.Generation.record`. Without tokens for an answer that was known already."""
        usage = self._usage
        provider = LocalAssistant.name if self.outage else self._provider.name
        prompted = provider != LocalAssistant.name
        return {
            "provider": provider,
            "model": self.model,
            "params": self._params.as_dict(),
            "messages": [message.as_dict() for message in self._prompt.messages] if prompted else [],
            "context": list(self._prompt.context) if prompted else [],
            "timings": {"queued": 0.0, "first_token": self._first_token, "total": self._total},
            "usage": {
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.completion_tokens,
                "cost": usage.cost,
            }
            if usage
            else None,
        }


async def _around(room: Room, at: int, expected: str | None) -> tuple[str, str]:
    """The text in front of `at` and behind it."""
    news = asyncio.Event()
    stop = room.audience.observe(lambda update: news.set())
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                news.clear()
                text = room.text
                try:
                    cut = utf16_to_codepoint(text, at)
                except OffsetOutsideText:
                    if expected is None:
                        raise
                else:
                    if expected is None or text.endswith(expected, 0, cut):
                        return text[:cut], text[cut:]
                await news.wait()
    except TimeoutError:
        raise TextDiffers("The text in front of the cursor is another one here.") from None
    finally:
        stop()
