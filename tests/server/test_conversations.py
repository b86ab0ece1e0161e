"""Conversations over HTTP: who may do what in them, and a clear answer to everything that is wrong."""

from typing import Any

import httpx2

from tests.doubles.model_server import Script
from tests.server.test_assistant_routes import Desk, desk, problem

__all__ = ["desk"]

CODE = b"def price(age):\n    return 9\n"
ANSWER = "Like this:\n\n```python\ndef price(age):\n    return 0 if age < 18 else 9\n```\n"


async def asked(desk: Desk, answer: str = ANSWER, **body: Any) -> tuple[str, list[dict[str, Any]]]:
    """A conversation in which something was asked and answered; its address and its messages."""
    desk.model.enqueue(Script(answer=answer))
    reply = await desk.editor.post(f"{desk.base}/ai/chat", json={"message": "Who pays?"} | body)
    assert reply.status_code == 202, reply.text
    await desk.ended(reply.json()["job"])
    address = f"{desk.base}/conversations/{reply.json()['conversation']}"
    return address, (await desk.viewer.get(address)).json()["messages"]


async def propose(desk: Desk, address: str, message: str, **body: Any) -> httpx2.Response:
    given = {"block": 0, "path": "a.py"} | body
    return await desk.editor.post(f"{address}/messages/{message}/proposals", json=given)


async def test_a_question_tells_what_it_is_about_and_an_answer_what_it_answers(desk: Desk) -> None:
    await desk.file("a.py", CODE)
    await desk.file("b.py", CODE)
    _, [question, answer] = await asked(desk, message="Compare with @b.py!", path="a.py", mentions=["a.py"])
    assert question["about"]["path"] == "a.py"
    assert [file["path"] for file in question["mentions"]] == ["a.py", "b.py"]
    assert (answer["question"], answer["attempt"], answer["shortened"]) == (question["id"], 1, False)
    assert (question["answer"], question["job"]) == (answer["id"], answer["job"])
    assert answer["model"]
    assert "mentions" not in answer


async def test_from_an_answer_to_the_text(desk: Desk) -> None:
    await desk.file("a.py", CODE)
    address, [_, answer] = await asked(desk)
    reply = await propose(desk, address, answer["id"])
    assert reply.status_code == 201
    suggestion = (await desk.viewer.get(f"/api/suggestions/{reply.json()['suggestion']}")).json()
    assert [hunk["state"] for hunk in suggestion["hunks"]] == ["pending"]
    assert await desk.text("a.py") == CODE.decode()
    await desk.decide(suggestion, "accept")
    assert await desk.text("a.py") == "def price(age):\n    return 0 if age < 18 else 9\n"
    assert "says this already" in problem(await propose(desk, address, answer["id"]), 409)["detail"]
    assert "says this already" in problem(await propose(desk, address, answer["id"], block="all"), 409)["detail"]


async def test_what_cannot_be_proposed_is_told_why(desk: Desk) -> None:
    await desk.file("a.py", CODE)
    await desk.file("b.py", b"nothing = alike\n")
    await desk.file(".env", b"KEY=1\n")
    address, [question, answer] = await asked(desk)
    refused = problem(await propose(desk, address, answer["id"], path="b.py"), 409)
    assert refused["reason"] == "no place"
    assert "def price(age):" in refused["detail"]
    reply = await propose(desk, address, answer["id"], path="b.py", where="end")
    assert reply.status_code == 201
    problem(await propose(desk, address, answer["id"], block=1), 422)
    problem(await propose(desk, address, answer["id"], path=".env"), 403)
    problem(await propose(desk, address, answer["id"], path="c.py"), 404)
    problem(await propose(desk, address, question["id"]), 409)
    problem(await propose(desk, address, "0" * 32), 404)
    for wrong in ({"block": -1}, {"block": "none"}, {"block": 0.5}, {"path": "../x"}, {"where": "middle"}):
        problem(await propose(desk, address, answer["id"], **wrong), 422)
    given = {"block": 0, "path": "a.py"}
    problem(await desk.viewer.post(f"{address}/messages/{answer['id']}/proposals", json=given), 403)
    assert await desk.text("a.py") == CODE.decode()


async def test_asking_again(desk: Desk) -> None:
    address, [question, answer] = await asked(desk)
    problem(await desk.viewer.post(f"{address}/messages/{answer['id']}/retry"), 403)
    desk.model.enqueue(Script(answer="Better."))
    reply = await desk.editor.post(f"{address}/messages/{answer['id']}/retry")
    assert reply.status_code == 202
    await desk.ended(reply.json()["job"])
    messages = (await desk.viewer.get(address)).json()["messages"]
    assert [(m["role"], m.get("question")) for m in messages[1:]] == [("assistant", question["id"])] * 2
    assert (messages[0]["answer"], messages[-1]["text"]) == (messages[-1]["id"], "Better.")
    assert "already" in problem(await desk.editor.post(f"{address}/messages/{answer['id']}/retry"), 409)["detail"]
    problem(await desk.editor.post(f"{address}/messages/{'0' * 32}/retry"), 404)


async def test_renaming_searching_and_paging(desk: Desk) -> None:
    address, [question, _] = await asked(desk, "The astrolabe is in room three.")
    assert (await desk.editor.patch(address, json={"title": "  Rooms  "})).json()["title"] == "Rooms"
    problem(await desk.viewer.patch(address, json={"title": "Mine"}), 403)
    for wrong in (b'{"title": ""}', b'{"title": "%b"}' % (b"x" * 81), b'{"title": "\\ud800"}', b"{}"):
        headers = {"Content-Type": "application/json"}
        problem(await desk.editor.patch(address, content=wrong, headers=headers), 422)
    [found] = (await desk.viewer.get(f"{desk.base}/conversations", params={"q": "ASTROLABE room"})).json()
    assert found["title"] == "Rooms"
    assert found["match"]["author_name"] == "Assistant"
    assert found["match"]["snippet"] == "The astrolabe is in room three."
    assert (await desk.viewer.get(f"{desk.base}/conversations", params={"q": "sextant"})).json() == []
    [listed] = (await desk.viewer.get(f"{desk.base}/conversations", params={"q": " "})).json()
    assert "match" not in listed
    problem(await desk.viewer.get(f"{desk.base}/conversations", params={"q": "x" * 201}), 422)
    whole = (await desk.viewer.get(address)).json()
    assert whole["earlier"] is False
    before = (await desk.viewer.get(address, params={"before": question["id"]})).json()
    assert (before["messages"], before["earlier"]) == ([], False)
    problem(await desk.viewer.get(address, params={"before": "0" * 32}), 404)


async def test_mentions_that_cannot_be_are_refused(desk: Desk) -> None:
    await desk.file(".env", b"KEY=1\n")
    for mentions, status in ((["nothing.md"], 404), ([".env"], 403), (["../x"], 422), (["x"] * 101, 422)):
        body = {"message": "What is in it?", "mentions": mentions}
        problem(await desk.editor.post(f"{desk.base}/ai/chat", json=body), status)
    refused = problem(await desk.editor.post(f"{desk.base}/ai/chat", json={"message": "What is in @.env?"}), 403)
    assert ".scriptorium/ignore" in refused["detail"]
    assert (await desk.viewer.get(f"{desk.base}/conversations")).json() == []
