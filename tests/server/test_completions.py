"""Completions over HTTP: events to the asker alone that end with the connection, and clear answers to what is wrong."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.helpers import asking
from tests.server.test_assistant_routes import Desk, desk, problem
from tests.support.server import Server, running_server
from tests.support.waiting import until

__all__ = ["desk"]

TEXT = "# Title é😀\n\nOne line."
LENGTH = len(TEXT.encode("utf-16-le")) // 2
PAIR = TEXT.index("😀")
MORE = " And another one.\nThe end."


def read(stream: str) -> list[tuple[str, Any]]:
    """The events of an answer: (type, data)."""
    events = []
    for block in stream.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        events.append((fields.get("event", "message"), json.loads(fields["data"])))
    return events


async def complete(desk: Desk, who: str = "editor", **changed: Any) -> httpx2.Response:
    http = {"editor": desk.editor, "viewer": desk.viewer, "owner": desk.owner}[who]
    return await http.post(f"{desk.base}/ai/completions", json={"path": "a.md", "at": LENGTH} | changed)


async def asked(desk: Desk) -> str:
    """The id of a completion."""
    desk.model.enqueue(Script(answer=MORE))
    return str(read((await complete(desk)).text)[-1][1]["id"])


async def decide(desk: Desk, made: str, who: str = "editor", **changed: Any) -> httpx2.Response:
    http = {"editor": desk.editor, "viewer": desk.viewer, "owner": desk.owner}[who]
    body = {"decision": "accept", "shown_ms": 700} | changed
    return await http.post(f"{desk.base}/ai/completions/{made}/decision", json=body)


async def test_from_the_pause_to_the_record(desk: Desk) -> None:
    await desk.file(content=TEXT.encode())
    desk.model.enqueue(Script(answer=MORE))
    answer = await complete(desk, expected="One line.")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
    *pieces, (last, end) = read(answer.text)
    assert [kind for kind, _ in pieces] == ["message"] * len(pieces)
    assert "".join(data["text"] for _, data in pieces) == MORE
    assert {data["id"] for _, data in pieces} == {end["id"]}
    assert (last, end["text"]) == ("done", "")
    assert await desk.text() == TEXT
    assert (await desk.viewer.get(f"{desk.base}/suggestions")).json() == []

    answer = await decide(desk, end["id"], taken=4, shown_ms=650)
    assert answer.json() == {"id": end["id"], "decision": "accepted", "was_shown": True}
    [record] = [json.loads(line) for line in (await desk.owner.get(f"{desk.base}/feedback")).text.splitlines()]
    assert (record["kind"], record["decision"], record["shown_ms"]) == ("completion", "accepted", 650)
    assert (record["proposed_text"], record["final_text"]) == (MORE, MORE[:4])
    assert record["corrections"]["accepted"]["part"] == "word"


async def test_an_answer_of_nothing_is_done_at_once(desk: Desk) -> None:
    await desk.file(content=TEXT.encode())
    desk.model.enqueue(Script(answer="```\n```"))
    [(kind, _)] = read((await complete(desk)).text)
    assert kind == "done"


async def test_viewers_neither_ask_nor_decide_and_nobody_decides_for_another(desk: Desk) -> None:
    await desk.file(content=TEXT.encode())
    problem(await complete(desk, "viewer"), 403)
    made = await asked(desk)
    problem(await decide(desk, made, "viewer"), 403)
    problem(await decide(desk, made, "owner"), 404)
    assert (await decide(desk, made)).status_code == 200
    assert problem(await decide(desk, made, decision="reject"), 409)["detail"] == "It was already accepted."


async def test_a_rejection_of_what_was_hardly_seen_is_none(desk: Desk) -> None:
    await desk.file(content=TEXT.encode())
    answer = await decide(desk, await asked(desk), decision="reject", shown_ms=499)
    assert answer.json()["decision"] == "ignored"
    assert answer.json()["was_shown"] is False


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"at": LENGTH + 1}, 422),
        ({"at": PAIR + 1}, 422),
        ({"at": -1}, 422),
        ({"at": "3"}, 422),
        ({"path": "none.md"}, 404),
        ({"path": "../a.md"}, 422),
        ({"path": ".env"}, 403),
        ({"path": "picture.png"}, 422),
        ({"expected": "another line."}, 409),
        ({"expected": "\ud800"}, 422),
    ],
)
async def test_bad_requests_get_a_sentence(desk: Desk, body: dict[str, Any], status: int) -> None:
    await desk.file(content=TEXT.encode())
    await desk.file(".env", b"KEY=1")
    await desk.file("picture.png", b"\0\xff")
    request = json.dumps({"path": "a.md", "at": LENGTH} | body)
    answer = await desk.editor.post(
        f"{desk.base}/ai/completions", content=request, headers={"Content-Type": "application/json"}
    )
    problem(answer, status)
    assert desk.model.requests == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"decision": "undo"}, 422),
        ({"shown_ms": -1}, 422),
        ({"shown_ms": 10**12}, 422),
        ({"shown_ms": None}, 422),
        ({"taken": 0}, 422),
        ({"taken": 10_000}, 422),
        ({"anchors": ["AA=="]}, 422),
        ({"anchors": ["not base64", "AA=="]}, 422),
        ({"anchors": ["AA==", "AA=="]}, 422),
        ({"anchors": ["A" * 1_000, "AA=="]}, 422),
    ],
)
async def test_bad_decisions_get_a_sentence_and_decide_nothing(desk: Desk, body: dict[str, Any], status: int) -> None:
    await desk.file(content=TEXT.encode())
    made = await asked(desk)
    problem(await decide(desk, made, **body), status)
    assert (await decide(desk, made)).status_code == 200


async def test_a_completion_that_never_was(desk: Desk) -> None:
    problem(await decide(desk, "0" * 32), 404)


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (Script("unauthorized"), 502),
        (Script("rejected"), 502),
        (Script("rate_limited", retry_after="7"), 503),
        (Script("server_error"), 503),
        (Script("refuse"), 503),
        (Script("nonsense"), 502),
    ],
)
async def test_a_model_that_fails_at_once_is_a_problem(desk: Desk, script: Script, status: int) -> None:
    await desk.file(content=TEXT.encode())
    desk.model.enqueue(script)
    answer = await complete(desk)
    problem(answer, status)
    assert "secret-key" not in answer.text
    if script.behaviour == "rate_limited":
        assert answer.headers["retry-after"] == "7"


async def test_of_a_model_that_fails_later_stands_what_it_said(desk: Desk) -> None:
    await desk.file(content=TEXT.encode())
    desk.model.enqueue(Script("cut_off", answer=" one two three four five six seven", tokens=4))
    *pieces, (last, _) = read((await complete(desk)).text)
    assert "".join(data["text"] for _, data in pieces) == " one two three four"
    assert last == "done"


async def test_it_is_described(desk: Desk) -> None:
    document = (await desk.viewer.get("/api/openapi.json")).json()
    path = document["paths"]["/api/workspaces/{workspace}/ai/completions"]["post"]
    assert list(path["responses"]["200"]["content"]) == ["text/event-stream"]
    assert path["x-authorization"] == "editor of the workspace"


# ---- on a real socket


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer() as model:
        yield model


@pytest.fixture
async def server(tmp_path: Path, model: ModelServer) -> AsyncIterator[Server]:
    async with running_server(tmp_path / "data", asking(model)) as server:
        await server.owner.http.put(f"{server.workspace_path}/files/a.md", content=TEXT.encode())
        yield server


@pytest.mark.alone
async def test_closing_the_connection_ends_the_model_within_a_quarter_of_a_second(
    server: Server, model: ModelServer
) -> None:
    url, body = f"{server.workspace_path}/ai/completions", {"path": "a.md", "at": LENGTH}
    editor = await server.join("editor")
    # While the model still thinks, between two words, and while it writes without end.
    for script in (Script("stalls", tokens=0), Script("stalls", answer=MORE), Script(answer=MORE * 50, delay=0.01)):
        model.enqueue(script)
        reading = asyncio.create_task(_read_until_cut(editor.http, url, body))
        await until(lambda: model.requests and not model.requests[-1].ended.is_set())
        if script.tokens:
            await until(lambda: model.requests[-1].tokens_sent > 1)
        request, left = model.requests[-1], time.monotonic()
        reading.cancel()
        await asyncio.wait_for(request.ended.wait(), 5)
        assert request.disconnected_at is not None
        assert request.disconnected_at - left < 0.25
        await asyncio.wait({reading})
    # Nobody was hurt.
    model.enqueue(Script(answer=MORE))
    assert read((await editor.http.post(url, json=body)).text)[-1][0] == "done"
    assert "Traceback" not in server.log


async def _read_until_cut(http: httpx2.AsyncClient, url: str, body: dict[str, Any]) -> None:
    async with http.stream("POST", url, json=body) as answer:
        async for _ in answer.aiter_bytes():
            continue


async def test_a_newer_request_of_the_same_person_ends_the_older(server: Server, model: ModelServer) -> None:
    url = f"{server.workspace_path}/ai/completions"
    editor = await server.join("editor")
    for tokens, ending in ((0, 409), (2, 200)):
        body = {"path": "a.md", "at": LENGTH - tokens}  # at the same place the answer would be known already
        model.enqueue(Script("stalls", answer=MORE, tokens=tokens))
        older = asyncio.create_task(editor.http.post(url, json=body))
        number = len(model.requests) + 1
        await until(lambda number=number: len(model.requests) == number)  # type: ignore[misc]
        await until(lambda tokens=tokens: model.requests[-1].tokens_sent >= tokens)  # type: ignore[misc]
        model.enqueue(Script(answer=MORE))
        newer = await editor.http.post(url, json=body)
        assert read(newer.text)[-1][0] == "done"
        answer = await asyncio.wait_for(older, 10)
        assert answer.status_code == ending
        if ending == 200:
            assert read(answer.text)[-1][0] == "done"


async def test_whoever_may_not_ask_any_more_is_told_nothing_more(server: Server, model: ModelServer) -> None:
    url = f"{server.workspace_path}/ai/completions"
    for tokens, ending in ((0, 403), (2, 200)):
        editor = await server.join("editor")
        model.enqueue(Script("stalls", answer=MORE, tokens=tokens))
        asking = asyncio.create_task(editor.http.post(url, json={"path": "a.md", "at": LENGTH - tokens}))
        number = 1 + (tokens > 0)
        await until(lambda number=number: len(model.requests) == number)  # type: ignore[misc]
        await until(lambda tokens=tokens: model.requests[-1].tokens_sent >= tokens)  # type: ignore[misc]
        member = f"{server.workspace_path}/members/{editor.id}"
        (await server.owner.http.patch(member, json={"role": "viewer"})).raise_for_status()
        answer = await asyncio.wait_for(asking, 2)
        assert answer.status_code == ending
        await asyncio.wait_for(model.requests[-1].ended.wait(), 1)
    assert "Traceback" not in server.log


async def test_one_person_has_only_so_many_at_once(server: Server, model: ModelServer) -> None:
    url = f"{server.workspace_path}/ai/completions"
    editor = await server.join("editor")
    for name in "bcdef":
        await editor.http.put(f"{server.workspace_path}/files/{name}.md", content=TEXT.encode())
    model.enqueue(*[Script("stalls", tokens=0)] * 5)
    asking = [asyncio.create_task(editor.http.post(url, json={"path": f"{name}.md", "at": LENGTH})) for name in "bcdef"]
    done, waiting = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED, timeout=10)
    [answer] = [task.result() for task in done]
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert len(model.requests) <= 4
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
