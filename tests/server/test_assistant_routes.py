"""The assistant over HTTP: the whole way from asking to deciding, and a clear answer to everything that is wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ai.proposals.suggestions import SuggestionState
from collab.replicas.edits import TextEdit
from server.app import open_services
from server.settings import Settings
from tests.doubles.model_server import ModelServer, Script
from tests.server.conftest import House, furnished
from tests.support.waiting import until

TEXT = "# Title é😀\n\nOne line.\nAnother line.\n"
LENGTH = len(TEXT.encode("utf-16-le")) // 2
PAIR = TEXT.index("😀")


@dataclass
class Desk:
    house: House
    model: ModelServer
    viewer: httpx2.AsyncClient
    editor: httpx2.AsyncClient
    owner: httpx2.AsyncClient

    @property
    def base(self) -> str:
        return f"/api/workspaces/{self.house.workspace}"

    async def file(self, path: str = "a.md", content: bytes = TEXT.encode()) -> str:
        answer = await self.editor.put(f"{self.base}/files/{path}", content=content)
        assert answer.status_code in (201, 204)
        return (await self.house.services.files.entry(self.house.workspace, path)).id

    async def text(self, path: str = "a.md") -> str:
        return (await self.viewer.get(f"{self.base}/files/{path}")).text

    async def ask(self, **changed: Any) -> dict[str, str]:
        body = {"path": "a.md", "start": 0, "end": LENGTH, "instruction": "Change it."} | changed
        answer = await self.editor.post(f"{self.base}/ai/edits", json=body)
        assert answer.status_code == 202, answer.text
        asked: dict[str, str] = answer.json()
        return asked

    async def ended(self, job: str) -> dict[str, Any]:
        while True:
            answer = await self.viewer.get(f"/api/jobs/{job}")
            shown: dict[str, Any] = answer.json()
            if shown["state"] in ("done", "failed", "cancelled"):
                return shown
            await asyncio.sleep(0.02)

    async def propose(self, answer: str) -> dict[str, Any]:
        """A suggestion that is ready."""
        self.model.enqueue(Script(answer=answer))
        asked = await self.ask()
        await self.ended(asked["job"])
        shown: dict[str, Any] = (await self.viewer.get(f"/api/suggestions/{asked['suggestion']}")).json()
        return shown

    async def decide(self, suggestion: dict[str, Any], decision: str, hunks: Any = "all") -> httpx2.Response:
        body = {"hunks": hunks, "decision": decision}
        return await self.editor.post(f"/api/suggestions/{suggestion['id']}/decisions", json=body)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with ModelServer() as model:
        endpoint = {"OPENAI_API_KEY": "secret-key", "OPENAI_BASE_URL": model.url}
        settings = Settings(data_dir=tmp_path, model="scripted", **endpoint)
        async with open_services(settings, port=8000) as services:
            house = await furnished(services)
            yield Desk(house, model, house.http("viewer"), house.http("editor"), house.http("owner"))


def problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["detail"].endswith((".", ")", "?"))
    return body


async def test_from_asking_to_the_record(desk: Desk) -> None:
    document = await desk.file()
    suggestion = await desk.propose(TEXT.replace("One", "1").replace("Another", "2nd"))
    assert (suggestion["state"], suggestion["documents"]) == ("ready", [document])
    assert suggestion["author"] == {"id": "assistant", "name": "Assistant", "model": "scripted"}
    assert suggestion["requested_by"]["name"] == "editor"
    first, second = suggestion["hunks"]
    assert (first["base"], first["proposed"], first["state"], first["path"]) == ("One", "1", "pending", "a.md")
    assert len(first["anchors"]) == 2

    answer = await desk.decide(suggestion, "accept", [first["id"]])
    assert answer.json() == {"hunks": [{"id": first["id"], "state": "accepted"}]}
    answer = await desk.decide(suggestion, "reject")
    assert answer.json() == {"hunks": [{"id": second["id"], "state": "rejected"}]}
    assert await desk.text() == TEXT.replace("One", "1")
    [listed] = (await desk.viewer.get(f"{desk.base}/suggestions", params={"path": "a.md"})).json()
    assert listed["state"] == "done"
    assert listed["hunks"][0]["decided_by"]["name"] == "editor"

    answer = await desk.owner.get(f"{desk.base}/feedback")
    assert answer.headers["content-type"] == "application/x-ndjson"
    records = [json.loads(line) for line in answer.text.splitlines()]
    assert [record["decision"] for record in records] == ["accepted", "rejected"]
    assert (await desk.owner.get(f"{desk.base}/feedback?format=kto")).status_code == 200
    problem(await desk.owner.get(f"{desk.base}/feedback?format=csv"), 422)
    assert (await desk.owner.delete(f"{desk.base}/feedback")).json() == {"erased": 2}
    assert (await desk.owner.get(f"{desk.base}/feedback")).text == ""

    assert (await desk.decide(suggestion, "undo")).status_code == 200
    assert await desk.text() == TEXT


async def test_positions_that_are_no_positions_are_422(desk: Desk) -> None:
    await desk.file()
    inside = PAIR + 1
    for start, end in ((inside, LENGTH), (0, inside), (inside, inside)):
        answer = await desk.editor.post(
            f"{desk.base}/ai/edits", json={"path": "a.md", "start": start, "end": end, "instruction": "x"}
        )
        assert "surrogate pair" in problem(answer, 422)["detail"]
    for start, end in ((0, LENGTH + 1), (5, 2), (-1, 2), ("0", 2)):
        body = {"path": "a.md", "start": start, "end": end, "instruction": "x"}
        answer = await desk.editor.post(f"{desk.base}/ai/edits", json=body)
        problem(answer, 422)
    answer = await desk.editor.post(f"{desk.base}/ai/writes", json={"path": "a.md", "at": inside, "instruction": "x"})
    assert "surrogate pair" in problem(answer, 422)["detail"]
    assert not desk.model.requests


async def test_text_that_is_not_what_was_expected_is_409(desk: Desk) -> None:
    await desk.file()
    body = {"path": "a.md", "start": 0, "end": 7, "instruction": "x", "expected": "# Titel"}
    problem(await desk.editor.post(f"{desk.base}/ai/edits", json=body), 409)
    body["expected"] = "# Title"
    assert (await desk.editor.post(f"{desk.base}/ai/edits", json=body)).status_code == 202


async def test_requests_about_nothing_or_the_wrong_thing_say_so(desk: Desk) -> None:
    await desk.file("image.png", b"\x89PNG\r\n\x1a\n\0\0")
    await desk.file(".env", b"KEY=1\n")
    where = {"start": 0, "end": 0, "instruction": "x"}
    post, edits = desk.editor.post, f"{desk.base}/ai/edits"
    problem(await post(edits, json={"path": "nothing.md", **where}), 404)
    problem(await post(edits, json={"path": "../a.md", **where}), 422)
    problem(await post(edits, json={"path": "image.png", **where}), 422)
    assert "kept from the assistant" in problem(await post(edits, json={"path": ".env", **where}), 403)["detail"]
    problem(await post(edits, json={"path": "a.md", **where, "instruction": "  "}), 422)
    problem(await post(edits, content=b"{", headers={"Content-Type": "application/json"}), 400)
    half = json.dumps({"path": "a.md", **where, "instruction": "half of 😀"}).replace("\\ude00", "")
    problem(await post(edits, content=half, headers={"Content-Type": "application/json"}), 422)
    problem(await post(f"{desk.base}/ai/chat", json={"message": "x", "conversation": "nothing"}), 404)
    problem(await desk.viewer.get("/api/jobs/nothing"), 404)
    problem(await desk.viewer.get("/api/suggestions/nothing"), 404)
    problem(await desk.viewer.get(f"{desk.base}/conversations/nothing"), 404)
    problem(await desk.viewer.get(f"{desk.base}/suggestions", params={"path": "nothing.md"}), 404)


async def test_viewers_watch_and_neither_ask_nor_decide_nor_cancel(desk: Desk) -> None:
    await desk.file()
    suggestion = await desk.propose(TEXT.replace("One", "1"))
    for answer in (
        await desk.viewer.post(f"{desk.base}/ai/edits", json={}),
        await desk.viewer.post(f"{desk.base}/ai/writes", json={}),
        await desk.viewer.post(f"{desk.base}/ai/chat", json={}),
        await desk.viewer.post(f"/api/suggestions/{suggestion['id']}/decisions", json={}),
        await desk.viewer.delete(f"/api/jobs/{suggestion['job']}"),
    ):
        problem(answer, 403)
    problem(await desk.editor.get(f"{desk.base}/feedback"), 403)
    assert (await desk.viewer.get(f"{desk.base}/ai/status")).json()["configured"] is True
    assert await desk.text() == TEXT


async def test_a_decision_that_cannot_be_made_is_409_and_says_what_happened(desk: Desk) -> None:
    document = await desk.file()
    suggestion = await desk.propose(TEXT.replace("One", "1").replace("Another", "2nd"))
    first, second = (hunk["id"] for hunk in suggestion["hunks"])
    await desk.decide(suggestion, "accept", [first])
    body = problem(await desk.decide(suggestion, "accept", [first]), 409)
    assert (body["detail"], body["reason"]) == ("It was already accepted by editor.", "decided")
    assert body["hunks"] == [{"id": first, "state": "accepted", "reason": "It was already accepted by editor."}]

    async with desk.house.services.rooms.open(document) as room:
        place = len(TEXT[: TEXT.index("Another")].encode("utf-16-le")) // 2 - len("One") + len("1")
        room.edit([TextEdit(place + 1, place + 2, "N")], "user:somebody")
    body = problem(await desk.decide(suggestion, "accept", [second]), 409)
    assert body["reason"] == "stale"
    assert "changed meanwhile" in body["detail"]
    problem(await desk.decide(suggestion, "accept"), 409)
    problem(await desk.decide(suggestion, "accept", ["nothing"]), 409)
    for decision, hunks in (("maybe", "all"), ("accept", []), ("accept", "some")):
        problem(await desk.decide(suggestion, decision, hunks), 422)

    again = await desk.editor.post(f"/api/suggestions/{suggestion['id']}/retry")
    assert again.status_code == 202
    await desk.ended(again.json()["job"])
    assert (await desk.editor.post(f"/api/suggestions/{again.json()['suggestion']}/retry")).status_code == 409


async def test_of_two_simultaneous_accepts_one_applies(desk: Desk) -> None:
    await desk.file()
    suggestion = await desk.propose(TEXT.replace("One", "1"))
    answers = await asyncio.gather(*(desk.decide(suggestion, "accept") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert await desk.text() == TEXT.replace("One", "1")


async def test_a_write_is_typed_and_taken_back(desk: Desk) -> None:
    await desk.file()
    desk.model.enqueue(Script(answer="Typed 😀. "))
    answer = await desk.editor.post(f"{desk.base}/ai/writes", json={"path": "a.md", "at": 0, "instruction": "Write."})
    assert answer.status_code == 202
    assert (await desk.ended(answer.json()["job"]))["state"] == "done"
    assert await desk.text() == "Typed 😀. " + TEXT
    shown = (await desk.viewer.get(f"/api/suggestions/{answer.json()['suggestion']}")).json()
    assert (shown["mode"], shown["hunks"][0]["state"]) == ("write", "pending")
    assert (await desk.decide(shown, "reject")).status_code == 200
    assert await desk.text() == TEXT


async def test_a_chat_is_kept_and_deleted(desk: Desk) -> None:
    await desk.file()
    answer = await desk.editor.post(f"{desk.base}/ai/chat", json={"message": "What is this?", "path": "a.md"})
    assert answer.status_code == 202
    await desk.ended(answer.json()["job"])
    conversation = answer.json()["conversation"]
    [listed] = (await desk.viewer.get(f"{desk.base}/conversations")).json()
    assert (listed["id"], listed["title"]) == (conversation, "What is this?")
    whole = (await desk.viewer.get(f"{desk.base}/conversations/{conversation}")).json()
    assert [(m["role"], m["state"]) for m in whole["messages"]] == [("user", "done"), ("assistant", "done")]
    assert whole["messages"][1]["text"] == "This is a scripted answer."
    assert "# Title é😀" in desk.model.requests[-1].prompt
    problem(await desk.viewer.delete(f"{desk.base}/conversations/{conversation}"), 403)
    assert (await desk.editor.delete(f"{desk.base}/conversations/{conversation}")).status_code == 204
    assert (await desk.viewer.get(f"{desk.base}/conversations")).json() == []


@pytest.mark.alone
async def test_a_job_is_cancelled_and_says_so(desk: Desk) -> None:
    await desk.file()
    desk.model.enqueue(Script("endless", answer=TEXT))
    asked = await desk.ask()
    await until(lambda: desk.model.requests)
    [request] = desk.model.requests
    assert (await desk.editor.delete(f"/api/jobs/{asked['job']}")).status_code == 200
    async with asyncio.timeout(0.25):
        await request.ended.wait()
    assert (await desk.ended(asked["job"]))["state"] == "cancelled"
    assert (await desk.editor.delete(f"/api/jobs/{asked['job']}")).json()["state"] == "cancelled"


async def test_a_model_that_fails_is_a_sentence_in_the_job(desk: Desk) -> None:
    await desk.file()
    desk.model.enqueue(Script("unauthorized"))
    asked = await desk.ask()
    job = await desk.ended(asked["job"])
    assert job["state"] == "failed"
    assert job["error"].endswith(".")
    assert "secret-key" not in json.dumps(job)
    shown = (await desk.viewer.get(f"/api/suggestions/{asked['suggestion']}")).json()
    assert (shown["state"], shown["error"]) == (SuggestionState.FAILED.value, job["error"])


async def test_what_failed_is_listed_and_any_editor_has_it_tried_again_or_puts_it_aside(desk: Desk) -> None:
    await desk.file()
    desk.model.enqueue(Script("rejected"))
    asked = await desk.ask(instruction="Make it shorter.")
    await desk.ended(asked["job"])
    listed = await desk.viewer.get(f"{desk.base}/jobs", params={"state": "failed"})
    [failed] = listed.json()
    assert (failed["id"], failed["kind"], failed["path"]) == (asked["job"], "edit", "a.md")
    assert failed["instruction"] == "Make it shorter."
    assert "refused the request" in failed["error"]
    assert "payload" not in failed
    for path in ("retry", "dismissal"):
        assert (await desk.viewer.post(f"/api/jobs/{asked['job']}/{path}")).status_code == 403
        problem(await desk.editor.post(f"/api/jobs/nothing/{path}"), 404)
    assert (await desk.editor.post(f"/api/jobs/{asked['job']}/dismissal")).status_code == 200
    assert (await desk.viewer.get(f"{desk.base}/jobs", params={"state": "failed"})).json() == []
    again = await desk.owner.post(f"/api/jobs/{asked['job']}/retry")
    assert again.status_code == 202
    assert again.json()["id"] == asked["job"]
    assert (await desk.ended(asked["job"]))["state"] == "done"
    problem(await desk.editor.post(f"/api/jobs/{asked['job']}/retry"), 409)
    assert [job["id"] for job in (await desk.viewer.get(f"{desk.base}/jobs")).json()] == [asked["job"]]
    problem(await desk.viewer.get(f"{desk.base}/jobs", params={"state": "lost"}), 422)


async def test_the_status_says_when_the_model_does_not_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai.pool.retries.FIRST_DELAY", 0.01)
    await desk.file()
    assert (await desk.viewer.get(f"{desk.base}/ai/status")).json()["outage"] is None
    desk.model.enqueue(*(Script("server_error", retry_after=None) for _ in range(3)))
    done = await desk.ended((await desk.ask())["job"])
    assert done["state"] == "done"
    assert done["message"].startswith("scripted has not answered since ")
    status = (await desk.viewer.get(f"{desk.base}/ai/status")).json()
    assert (status["provider"], status["configured"]) == ("openai", True)
    assert status["outage"]["model"] == "scripted"
    assert status["outage"]["message"].endswith("UTC. The built-in assistant answers instead.")


async def test_what_is_being_done_for_somebody_ends_when_they_are_removed(desk: Desk) -> None:
    await desk.file()
    desk.model.enqueue(Script("stalls", answer="One line"))
    asked = await desk.ask()
    await until(lambda: bool(desk.model.requests))
    editor = desk.house.users["editor"]
    answer = await desk.owner.delete(f"{desk.base}/members/{editor.id}")
    assert answer.status_code == 204
    assert (await desk.ended(asked["job"]))["state"] == "cancelled"
    await desk.house.services.identity.members.join(desk.house.workspace, editor.id, "editor")
