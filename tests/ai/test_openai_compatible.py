"""The provider against a real HTTP server that streams, delays and fails."""

import asyncio
import collections
import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from ai.models import ChatMessage, Chunk, ModelError, ModelParams, ModelRequest, Task, openai_compatible
from ai.models.chunks import AnswerReader
from ai.models.openai_compatible import OpenAICompatible, Waits
from ai.models.sse import EventParser, EventTooLong
from tests.doubles.model_server import Behaviour, ModelServer, Script

KEY = "sk-very-secret-key-123456"


def request(text: str = "Hello?", **params: float) -> ModelRequest:
    return ModelRequest("chat", [ChatMessage("user", text)], Task(text), ModelParams(**params))  # type: ignore[arg-type]


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
async def provider(server: ModelServer) -> AsyncIterator[OpenAICompatible]:
    made = OpenAICompatible(model="scripted", api_key=KEY, base_url=server.url)
    yield made
    await made.close()


@pytest.fixture
async def impatient(server: ModelServer) -> AsyncIterator[OpenAICompatible]:
    waits = Waits(connect=1.0, first_event=1.0, next_event=0.4)
    made = OpenAICompatible(model="scripted", api_key=KEY, base_url=server.url, waits=waits)
    yield made
    await made.close()


async def answer(provider: OpenAICompatible, asked: ModelRequest | None = None) -> tuple[str, Chunk]:
    chunks = [chunk async for chunk in provider.stream(asked or request())]
    assert [chunk.finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    return "".join(chunk.text for chunk in chunks), chunks[-1]


async def failure(provider: OpenAICompatible) -> tuple[str, ModelError]:
    text = ""
    try:
        async for chunk in provider.stream(request()):
            text += chunk.text
    except ModelError as error:
        caught = error
    else:
        pytest.fail("the model answered")
    assert not any(secret in str(caught) for secret in (KEY, "key=abc", "Bearer"))
    return text, caught


async def test_an_answer_streams_with_its_usage(server: ModelServer, provider: OpenAICompatible) -> None:
    server.enqueue(Script(answer="Grüße 😀, it works.\n", delay=0.001))
    text, last = await answer(provider, request("What?", temperature=0.2, max_tokens=50))
    assert text == "Grüße 😀, it works.\n"
    assert last.finish_reason == "stop"
    assert last.usage is not None
    assert last.usage.completion_tokens == server.requests[0].tokens_sent
    body = server.requests[0].body
    assert body == {
        "model": "scripted",
        "messages": [{"role": "user", "content": "What?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.2,
        "max_tokens": 50,
    }
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


async def test_the_connection_is_used_again(server: ModelServer, provider: OpenAICompatible) -> None:
    for _ in range(5):
        await answer(provider)
    assert server.connections == 1


async def test_the_first_words_do_not_wait_for_the_last(server: ModelServer, provider: OpenAICompatible) -> None:
    server.enqueue(Script(answer="one two three four", tokens=1, goes_on=asyncio.Event()))
    async with aclosing(provider.stream(request())) as stream:
        assert (await anext(stream)).text


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        ("rate_limited", "rate_limited"),
        ("server_error", "server_error"),
        ("unauthorized", "rejected"),
        ("rejected", "rejected"),
        ("refuse", "unreachable"),
        ("nonsense", "nonsense"),
        ("empty", "nonsense"),
        ("cut_off", "cut_off"),
        ("ends_early", "cut_off"),
        ("stalls", "timeout"),
        ("invalid_json", "nonsense"),
        ("error_event", "server_error"),
    ],
)
async def test_each_failure_has_its_name_and_a_sentence(
    server: ModelServer, impatient: OpenAICompatible, behaviour: Behaviour, kind: str
) -> None:
    server.enqueue(Script(behaviour, answer="one two three four five six", tokens=3))
    text, error = await failure(impatient)
    assert error.kind == kind
    assert len(error.message) > 20
    assert error.message.endswith((".", "”"))
    if behaviour in ("cut_off", "ends_early", "stalls", "invalid_json", "error_event"):
        assert text == "one two three", "what had streamed before the failure reaches whoever asked"
    assert (await answer(impatient))[0] == "This is a scripted answer.", "the provider still works"


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("-3", None), ("soon", None), (None, None), ("1e9", 3600.0)]
)
async def test_retry_after_is_in_seconds(
    server: ModelServer, provider: OpenAICompatible, header: str | None, seconds: float | None
) -> None:
    server.enqueue(Script("rate_limited", retry_after=header))
    assert (await failure(provider))[1].retry_after == seconds


async def test_retry_after_may_be_a_date(server: ModelServer, provider: OpenAICompatible) -> None:
    server.enqueue(Script("rate_limited", retry_after="Wed, 21 Oct 2015 07:28:00 GMT"))
    assert (await failure(provider))[1].retry_after is None
    server.enqueue(Script("rate_limited", retry_after="Wed, 21 Oct 2099 07:28:00 GMT"))
    assert (await failure(provider))[1].retry_after == 3600.0


async def test_a_server_that_is_down_is_unreachable_and_comes_back(
    server: ModelServer, provider: OpenAICompatible
) -> None:
    await server.refuse()
    assert (await failure(provider))[1].kind == "unreachable"
    await server.listen()
    assert (await answer(provider))[0]


async def test_a_slow_first_token_is_waited_for_only_so_long(server: ModelServer, impatient: OpenAICompatible) -> None:
    server.enqueue(Script(first=0.5))
    assert (await answer(impatient))[0]
    server.enqueue(Script(first=10.0, comments=True))
    begun = time.monotonic()
    assert (await failure(impatient))[1].kind == "timeout"
    assert time.monotonic() - begun < 4.0, "comments that keep the connection alive are no progress"


async def test_a_slow_reader_is_not_taken_for_a_slow_model(server: ModelServer, impatient: OpenAICompatible) -> None:
    server.enqueue(Script(answer="one two three four", delay=0.01))
    text = ""
    async for chunk in impatient.stream(request()):
        text += chunk.text
        await asyncio.sleep(0.5)
    assert text == "one two three four"


@pytest.mark.alone
async def test_cancelling_closes_the_connection_at_once(server: ModelServer, provider: OpenAICompatible) -> None:
    server.enqueue(Script("endless", answer="again and again "), Script(answer="a b c", delay=30.0))

    async with aclosing(provider.stream(request())) as stream:
        await anext(stream)
    left = time.monotonic()
    await asyncio.wait_for(server.requests[0].ended.wait(), 5)
    assert server.requests[0].disconnected_at is not None
    assert server.requests[0].disconnected_at - left < 0.25

    stream = provider.stream(request())
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    left = time.monotonic()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(server.requests[1].ended.wait(), 5)
    assert server.requests[1].disconnected_at is not None
    assert server.requests[1].disconnected_at - left < 0.25


async def test_an_endless_answer_ends_where_it_was_told_to(server: ModelServer, provider: OpenAICompatible) -> None:
    server.enqueue(Script("endless", answer="again and again "))
    with pytest.raises(ModelError, match="did not stop"):
        await answer(provider, request(max_tokens=20))
    await asyncio.wait_for(server.requests[0].ended.wait(), 5)


async def test_parameters_that_an_endpoint_does_not_know_are_left_out_for_a_while(
    server: ModelServer, provider: OpenAICompatible
) -> None:
    unsupported = ("stream_options", "max_tokens", "temperature")
    server.enqueue(*[Script(unsupported=unsupported)] * 4)
    text, last = await answer(provider, request(temperature=0.5, max_tokens=9))
    assert text
    assert last.usage is None
    assert server.requests[-1].body["max_completion_tokens"] == 9
    before = len(server.requests)
    await answer(provider, request(temperature=0.5, max_tokens=9))
    assert len(server.requests) == before + 1


async def test_what_an_endpoint_does_not_know_is_tried_again_some_day(
    server: ModelServer, provider: OpenAICompatible, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_compatible, "_REMEMBERED", 0.0)
    server.enqueue(Script(unsupported=("max_tokens",)), Script())
    await answer(provider, request(max_tokens=9))
    await answer(provider, request(max_tokens=9))
    assert server.requests[-1].body["max_tokens"] == 9, "a newer server behind the address may know it"


SAID_OF_PARAMETERS = {
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.": True,
    "Unrecognized request argument supplied: max_tokens": True,
    "[{'type': 'extra_forbidden', 'loc': ('body', 'max_tokens'), 'msg': 'Extra inputs are not permitted'}]": True,
    "Additional properties are not allowed ('max_tokens' was unexpected)": True,
    "max_tokens must be at most 4096": False,
    "max_tokens is too large: 100000. This model supports at most 4096 completion tokens.": False,
    "'max_tokens' or 'max_completion_tokens' is too large: 9000. The maximum context length is 4096 tokens.": False,
    "max_tokens: 9000 > 4096, which is the maximum allowed number of output tokens for this model": False,
    "Invalid value for max_tokens: should be greater than or equal to 1": False,
    "max_tokens: unsupported value, must be between 1 and 4096": False,
}


@pytest.mark.parametrize(("said", "unknown"), SAID_OF_PARAMETERS.items())
async def test_a_value_that_is_refused_is_told_from_a_parameter_that_is_not_known(
    server: ModelServer, provider: OpenAICompatible, said: str, unknown: bool
) -> None:
    server.enqueue(Script("rejected", says=said), Script())
    if unknown:
        for _ in range(2):
            await answer(provider, request(max_tokens=9000))
            assert "max_tokens" not in server.requests[-1].body
        assert len(server.requests) == 3, "the second time it is not tried"
    else:
        with pytest.raises(ModelError) as caught:
            await answer(provider, request(max_tokens=9000))
        assert "max_tokens" in caught.value.message, "people read what is wrong"
        assert len(server.requests) == 1
        await answer(provider, request(max_tokens=100))
        assert server.requests[-1].body["max_tokens"] == 100


async def test_what_is_refused_without_the_parameter_too_was_not_the_parameters_fault(
    server: ModelServer, provider: OpenAICompatible
) -> None:
    server.enqueue(Script("rejected", says="Unknown model; max_tokens ignored"), Script("rejected"), Script())
    with pytest.raises(ModelError):
        await answer(provider, request(max_tokens=9))
    await answer(provider, request(max_tokens=9))
    assert server.requests[-1].body["max_tokens"] == 9


@pytest.mark.parametrize(("said", "meant"), [("length", "length"), ("content_filter", "filtered"), ("eos", "stop")])
async def test_finish_reasons(server: ModelServer, provider: OpenAICompatible, said: str, meant: str) -> None:
    server.enqueue(Script(finish_reason=said, usage=False, line_end="\r\n"))
    assert (await answer(provider))[1] == Chunk("", finish_reason=meant)  # type: ignore[arg-type]


async def test_many_streams_share_a_provider(server: ModelServer, provider: OpenAICompatible) -> None:
    server.enqueue(*(Script(answer=f"answer number {n} is here", delay=0.01) for n in range(40)))
    texts = [text for text, _ in await asyncio.gather(*(answer(provider) for _ in range(40)))]
    assert sorted(texts) == sorted(f"answer number {n} is here" for n in range(40))


def test_events_come_whole_from_any_pieces() -> None:
    stream = b': hello\r\n\r\ndata: {"a":1}\r\n\r\nevent: x\ndata:two\rdata: lines\r\rid: 4\n\ndata\n\n'
    stream += b"data: last\n\ndata: half"
    for size in range(1, len(stream) + 1):
        parser = EventParser()
        events = [event for at in range(0, len(stream), size) for event in parser.feed(stream[at : at + size])]
        assert events == [b'{"a":1}', b"two\nlines", b"last"], size


@pytest.mark.parametrize("flood", [b"x" * 300, b"data: x\n" * 80, b"data: " + b"x" * 300])
def test_an_event_without_end_is_refused(flood: bytes) -> None:
    parser = EventParser(max_bytes=200)
    pieces = (flood[at : at + 7] for at in range(0, len(flood), 7))
    with pytest.raises(EventTooLong):
        collections.deque(map(parser.feed, pieces), maxlen=0)


@pytest.mark.parametrize(
    "event",
    [
        "[]",
        "1",
        '{"choices": {}}',
        '{"choices": [1]}',
        '{"nothing": true}',
        '"text"',
    ],
)
def test_strange_events_are_nonsense(event: str) -> None:
    with pytest.raises(ModelError) as caught:
        AnswerReader(None).read([event.encode()])
    assert caught.value.kind == "nonsense"


def test_strange_fields_do_no_harm() -> None:
    reader = AnswerReader(None)
    deltas = [None, 5, {"content": 7}, {"content": None}, {"content": ["x"]}, {"content": "a"}]
    events = [json.dumps({"choices": [{"delta": delta}]}).encode() for delta in deltas]
    usage = {"prompt_tokens": "many", "completion_tokens": -1, "cost": True}
    events += [json.dumps({"choices": [], "usage": usage}).encode(), b'{"choices": [{"finish_reason": "stop"}]}']
    assert reader.read(events) == "a"
    last = reader.last_chunk()
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.completion_tokens, last.usage.cost) == (0, 0, None)


async def test_a_refusal_that_echoes_a_prompt_is_told_in_short_and_takes_no_time(
    server: ModelServer, provider: OpenAICompatible
) -> None:
    server.enqueue(Script("rejected", says=f"Too long: {KEY} " + "x" * 300_000))
    with pytest.raises(ModelError) as refused:
        await answer(provider)
    assert len(str(refused.value)) < 400
    assert KEY not in str(refused.value)
