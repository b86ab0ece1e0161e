"""A group at work, without HTTP: real storage, real rooms, the scripted model as a real HTTP server, a real worker."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, Self
from uuid import uuid4

from ai.assistant import Assistant
from ai.deciding.decisions import Outcome
from ai.models import Price, Provider
from ai.models.endpoints import DEFAULT, Endpoint, Endpoints
from ai.models.openai_compatible import OpenAICompatible, Waits
from ai.pool.jobs import Job, Person
from ai.proposals.hunks import Decision, Hunk
from ai.requests import Asked
from collab.files.files import Files
from collab.replicas.edits import TextEdit
from collab.rooms.rooms import Rooms
from collab.yjs.offsets import utf16_length
from storage import Storage
from storage.wakeups import LocalTopic, Topic
from tests.doubles.model_server import ModelServer
from tests.support.waiting import PATIENCE

ANN, BOB = Person("ann", "Ann"), Person("bob", "Bob")


@dataclass
class Process:
    """One process of the installation: its rooms, and its assistant."""

    storage: Storage
    rooms: Rooms
    files: Files
    assistant: Assistant
    workspace: str

    async def file(self, path: str, text: str) -> str:
        """The id of its document."""
        return (await self.files.write(self.workspace, path, text.encode(), "user:ann")).id

    async def text(self, document: str) -> str:
        async with self.rooms.open(document) as room:
            return room.text

    async def type(self, document: str, start: int, end: int, text: str) -> None:
        """As a person does; durable on return."""
        async with self.rooms.open(document) as room:
            room.edit([TextEdit(start, end, text)], "user:bob")
            await room.durable()

    async def edit(self, path: str, start: int, end: int, instruction: str = "Change it.", by: Person = ANN) -> Asked:
        return await self.assistant.requests.edit(self.workspace, path, start, end, instruction, by)

    async def edit_several(
        self, path: str, also: list[str] | Literal["all"], instruction: str = "Change it.", selection: str = ""
    ) -> Asked:
        """About `selection`, which is in the file at `path` once."""
        entry = await self.files.entry(self.workspace, path)
        start = utf16_length((await self.text(entry.id)).partition(selection)[0]) if selection else 0
        end = start + utf16_length(selection)
        return await self.assistant.requests.edit(self.workspace, path, start, end, instruction, ANN, also=also)

    async def write(self, path: str, at: int, instruction: str = "Write it.", by: Person = ANN) -> Asked:
        return await self.assistant.requests.write(self.workspace, path, at, instruction, by)

    async def ask(self, message: str, conversation: str | None = None, by: Person = ANN) -> Asked:
        return await self.assistant.requests.ask(self.workspace, message, conversation, None, by)

    async def hunks(self, suggestion: str | None) -> list[Hunk]:
        assert suggestion is not None
        return await self.assistant.suggestions.hunks(suggestion)

    async def view(self, suggestion: str | None) -> dict[str, Any]:
        assert suggestion is not None
        return await self.assistant.suggestion(suggestion)

    async def decide(
        self,
        suggestion: str | None,
        decision: str,
        *hunks: str,
        by: Person = BOB,
        reason: str | None = None,
        seen: dict[str, int] | None = None,
    ) -> list[Outcome]:
        """On all hunks when none is named."""
        assert suggestion is not None
        return await self.assistant.decide(suggestion, hunks or None, Decision(decision), by, reason, seen=seen)

    async def ended(self, asked: Asked, within: float = 20.0) -> Job:
        await eventually(lambda: self._has_ended(asked.job), within)
        return await self.assistant.jobs.get(asked.job)

    async def _has_ended(self, job: str) -> bool:
        return (await self.assistant.jobs.get(job)).state.final

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A worker in this process, stopped as a server stops it."""
        work = asyncio.create_task(self.assistant.work())
        try:
            yield
        finally:
            work.cancel()
            await asyncio.wait([work])


@dataclass
class Group(Process):
    model: ModelServer
    queue: Topic
    _stack: AsyncExitStack
    _endpoints: Endpoints

    async def another(self, endpoints: Endpoints | None = None) -> Process:
        """A second process on the same storage, with the same settings unless other `endpoints` are given."""
        storage = replace(self.storage, process=uuid4().hex)
        return await _process(self._stack, storage, endpoints or self._endpoints, self.queue, self.workspace)


@asynccontextmanager
async def open_group(
    storage: Storage, queue: Topic | None = None, provider: Provider | None = None
) -> AsyncIterator[Group]:
    """The scripted model answers at two endpoints, unless another `provider` is given for both.

    `default` has the model `scripted`; `house` has `big`, which costs 1 and 2 for a million tokens, and `small`, and
    knows top_k.
    """
    queue = queue or LocalTopic()
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(ModelServer())
        endpoints = endpoints_at(model, provider)
        stack.push_async_callback(endpoints.close)
        stack.push_async_callback(queue.close)
        workspace = uuid4().hex
        process = await _process(stack, storage, endpoints, queue, workspace)
        await process.assistant.ensure_indexes()
        await process.files.create_workspace(workspace)
        yield Group(
            process.storage,
            process.rooms,
            process.files,
            process.assistant,
            workspace,
            model,
            queue,
            stack,
            endpoints,
        )


def endpoints_at(model: ModelServer, provider: Provider | None = None) -> Endpoints:
    """See `open_group`."""
    # Short, for those who wait for a model that stalls; longer than a busy machine holds up a test and its model.
    waits = Waits(connect=2.0, first_event=3.0, next_event=3.0)

    def connect(endpoint: Endpoint, name: str) -> Provider:
        price = endpoint.models[name]
        return provider or OpenAICompatible(
            model=name, api_key="secret-key", base_url=model.url, waits=waits, price=price
        )

    house = Endpoint("house", {"big": Price(1.0, 2.0), "small": None}, model.url, knows_top_k=True)
    return Endpoints([Endpoint(DEFAULT, {"scripted": None}, model.url), house], connect)


async def _process(
    stack: AsyncExitStack, storage: Storage, endpoints: Endpoints, queue: Topic, workspace: str
) -> Process:
    rooms = Rooms(storage)
    stack.push_async_callback(rooms.close)
    files = Files(storage, rooms)
    assistant = Assistant(storage, rooms, files, endpoints, queue)
    stack.push_async_callback(assistant.choices.close)
    stack.push_async_callback(assistant.carrying.idle)
    stack.push_async_callback(assistant.gathering.close)
    stack.push_async_callback(assistant.knowledge.close)
    return Process(storage, rooms, files, assistant, workspace)


class Watching:
    """Somebody on the event socket, from entering the context on."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.heard: list[tuple[str, dict[str, Any]]] = []

    async def __aenter__(self) -> Self:
        listening = asyncio.Event()
        self._task = asyncio.create_task(self._listen(listening))
        # Something of our own comes through as soon as we are listening.
        while not listening.is_set():
            await self._process.storage.events.transient(self._process.workspace, "hello", {})
            await asyncio.sleep(0.02)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _listen(self, listening: asyncio.Event) -> None:
        async for event in self._process.storage.events.follow(self._process.workspace):
            listening.set()
            if event.type != "hello":
                self.heard.append((event.type, event.data))

    def of(self, type: str) -> list[dict[str, Any]]:
        return [data for kind, data in self.heard if kind == type]

    async def has(self, type: str, **fields: Any) -> bool:
        return any(all(data.get(name) == value for name, value in fields.items()) for data in self.of(type))


async def eventually(condition: Callable[[], Awaitable[object]], within: float = PATIENCE) -> None:
    """Returns as soon as ``await condition()`` holds; TimeoutError when it does not ``within`` seconds."""
    deadline = time.monotonic() + within
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.01)
