"""A model that fails again and again: who answers then, and how people come to know."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from ai.models import ChatMessage, Chunk, ModelError, ModelRequest, Task, circuit
from ai.models.breaker import Breaker
from ai.models.circuit import FAILURES
from ai.models.openai_compatible import OpenAICompatible, Waits
from ai.pool.jobs import JobState, Person
from collab.yjs.offsets import utf16_length
from storage import Storage
from tests.ai.group import ANN, BOB, Group, Watching, eventually, open_group
from tests.doubles.model_server import Behaviour, ModelServer, Script

TEXT = "import os\n\nx=1\n"
DOWN = Script("server_error", retry_after=None)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


def made(server: ModelServer) -> Breaker:
    waits = Waits(connect=1.0, first_event=1.0, next_event=0.5)
    provider = OpenAICompatible(model="scripted", api_key="key", base_url=server.url, waits=waits)
    return Breaker(provider, provider.host)


@pytest.fixture
async def breaker(server: ModelServer) -> AsyncIterator[Breaker]:
    breaker = made(server)
    yield breaker
    await breaker.close()


def request() -> ModelRequest:
    return ModelRequest("chat", [ChatMessage("user", "Hello?")], Task("Hello?"))


async def answer(breaker: Breaker) -> list[Chunk]:
    async with aclosing(breaker.stream(request())) as chunks:
        return [chunk async for chunk in chunks]


async def fail(breaker: Breaker, times: int = FAILURES) -> None:
    for _ in range(times):
        with pytest.raises(ModelError):
            await answer(breaker)


@pytest.mark.parametrize("behaviour", ["server_error", "refuse", "cut_off", "stalls"])
async def test_a_model_that_keeps_failing_is_left_alone_and_the_built_in_assistant_says_so(
    server: ModelServer, breaker: Breaker, behaviour: Behaviour
) -> None:
    tokens = 0 if behaviour == "stalls" else 3
    server.enqueue(*(Script(behaviour, tokens=tokens, retry_after=None) for _ in range(FAILURES)))
    await fail(breaker)
    chunks = await answer(breaker)
    assert len(server.requests) == FAILURES
    text = "".join(chunk.text for chunk in chunks)
    assert text.startswith("scripted has not answered since ")
    assert "The built-in assistant answers instead" in text
    assert all(chunk.instead_of is not None and chunk.instead_of.model == "scripted" for chunk in chunks)


@pytest.mark.parametrize("behaviour", ["rate_limited", "rejected", "unauthorized", "empty"])
async def test_one_that_refuses_or_is_busy_is_not_down(
    server: ModelServer, breaker: Breaker, behaviour: Behaviour
) -> None:
    server.enqueue(*(Script(behaviour) for _ in range(3 * FAILURES)))
    await fail(breaker, 3 * FAILURES)
    assert (await answer(breaker))[0].instead_of is None
    assert len(server.requests) == 3 * FAILURES + 1


async def test_an_answer_that_breaks_off_is_never_continued_by_somebody_else(
    server: ModelServer, breaker: Breaker
) -> None:
    server.enqueue(*[DOWN] * (FAILURES - 1), Script("cut_off", answer="one two three four", tokens=2))
    await fail(breaker, FAILURES - 1)
    stream = breaker.stream(request())
    told = [await anext(stream)]
    with pytest.raises(ModelError):
        told.extend([chunk async for chunk in stream])
    assert all(chunk.instead_of is None for chunk in told)


async def test_after_a_rest_one_request_tries_and_its_answer_brings_the_model_back(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit, "FIRST_REST", 0.3)
    server.enqueue(*[DOWN] * FAILURES, Script(answer="Here again.", tokens=1, goes_on=(go_on := asyncio.Event())))
    breaker = made(server)
    await fail(breaker)
    assert (await answer(breaker))[0].instead_of
    await asyncio.sleep(0.4)
    trying = breaker.stream(request())
    waiting = asyncio.ensure_future(anext(trying))
    await asyncio.sleep(0)
    assert (await answer(breaker))[0].instead_of, "one tries, the others do not wait for it"
    first = await waiting
    assert first.text == "Here"
    assert first.ends is not None
    assert (await answer(breaker))[0].instead_of is None
    go_on.set()
    rest = [chunk async for chunk in trying]
    assert all(chunk.ends is None for chunk in rest)
    await breaker.close()


async def test_a_try_that_is_cancelled_leaves_it_to_the_next(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit, "FIRST_REST", 0.0)
    server.enqueue(*[DOWN] * FAILURES, Script(first=10), Script(answer="Yes."))
    breaker = made(server)
    await fail(breaker)
    trying = asyncio.ensure_future(answer(breaker))
    await asyncio.sleep(0.1)
    trying.cancel()
    await asyncio.wait([trying])
    assert (await answer(breaker))[0].text == "Yes."
    await breaker.close()


# ---- what people see


@pytest.fixture
async def outage(storage: Storage, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Group]:
    """A group whose model has just failed often enough."""
    monkeypatch.setattr("ai.pool.retries.FIRST_DELAY", 0.01)
    breaker = made(server)
    async with open_group(storage, provider=breaker) as group, group.working():
        server.enqueue(*[DOWN] * FAILURES)
        yield group
    await breaker.close()


async def test_people_read_who_answered_an_edit_and_the_record_knows(outage: Group, server: ModelServer) -> None:
    document = await outage.file("a.py", TEXT)
    async with Watching(outage) as watching:
        asked = await outage.edit("a.py", 0, utf16_length(TEXT))
        job = await outage.ended(asked)
        await eventually(lambda: watching.has("scriptorium.assistant.outage", model="scripted"))
        await eventually(lambda: watching.has("scriptorium.job.changed", state="done"))
    assert (job.state, job.attempt) == (JobState.DONE, FAILURES + 1)
    assert job.message is not None
    assert job.message.startswith("scripted has not answered since ")
    view = await outage.view(asked.suggestion)
    assert view["note"].startswith(job.message)
    assert "The built-in assistant answered instead" in view["note"]
    assert view["author"]["model"] == "local"
    await outage.decide(asked.suggestion, "accept")
    assert "x = 1" in await outage.text(document)
    await outage.assistant.carrying.idle()
    [record, *_] = [record async for record in outage.storage.db["feedback"].find({"job": asked.job})]
    assert (record["provider"], record["model"]) == ("local", "local")
    # Nobody was shown the prompt.
    assert (record["messages"], record["context"]) == ([], [])
    assert view.get("context", []) == []


async def test_a_long_text_is_written_whole_although_the_model_was_asked_for_pieces(outage: Group) -> None:
    long = "value = 1\n" * 1_500 + "value=2\n"
    document = await outage.file("long.py", long)
    asked = await outage.edit("long.py", 0, utf16_length(long))
    assert (await outage.ended(asked)).state is JobState.DONE
    await outage.decide(asked.suggestion, "accept")
    assert await outage.text(document) == long.replace("value=2", "value = 2")


async def test_the_answer_in_a_conversation_begins_by_saying_who_gives_it(outage: Group) -> None:
    asked = await outage.ask("Who are you?")
    assert (await outage.ended(asked)).state is JobState.DONE
    assert asked.conversation is not None
    [_, message] = await outage.assistant.conversations.messages(asked.conversation)
    assert message.text.startswith("scripted has not answered since ")


async def test_every_process_can_tell_of_the_outage_and_of_its_end(outage: Group) -> None:
    other = await outage.another()
    assert await other.assistant.outages.of(outage.workspace) is None
    async with Watching(other) as watching:
        await outage.ended(await outage.ask("Well?"))
        await eventually(lambda: watching.has("scriptorium.assistant.outage", model="scripted"))
        told = await other.assistant.outages.of(outage.workspace)
        assert told is not None
        assert told["model"] == "scripted"
        assert await other.assistant.outages.of("another workspace") is None
        await outage.ended(await outage.ask("Well?"))
        assert len(watching.of("scriptorium.assistant.outage")) == 1, "told once"
        breaker = outage.assistant.choices.endpoints.provider()
        assert isinstance(breaker, Breaker)
        breaker._circuit._rests_until = 0.0  # the rest is over
        await outage.ended(await outage.ask("Well?", by=BOB))
        await eventually(lambda: watching.has("scriptorium.assistant.outage", over=True))
    assert await other.assistant.outages.of(outage.workspace) is None


async def test_an_outage_that_nobody_meets_any_more_is_forgotten(
    outage: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    await outage.ended(await outage.ask("Well?", by=Person("cleo", "Cleo")))
    assert await outage.assistant.outages.of(outage.workspace) is not None
    monkeypatch.setattr("ai.pool.outages.REMEMBERED", 0.0)
    assert await outage.assistant.outages.of(outage.workspace) is None


async def test_a_completion_says_whom_it_stands_in_for(outage: Group, server: ModelServer) -> None:
    await outage.file("minutes.md", "The meeting was on Tuesday, and nobody wrote it down.\n")
    await outage.file("more.md", "The meeting was ")
    await outage.ended(await outage.edit("minutes.md", 0, 3))
    completions = outage.assistant.completions
    completion = await completions.ask(outage.workspace, "more.md", utf16_length("The meeting was "), ANN)
    assert completions.instead_of(completion) is None
    text = ""
    async with aclosing(completions.stream(completion)) as pieces:
        async for piece in pieces:
            assert completions.instead_of(completion) == "scripted"
            text += piece
    assert text == "on Tuesday, and nobody wrote it down."
    assert completions.instead_of(completion) is None
