"""The assistant's proposals over HTTP: decided once, by whoever comes first, and kept as a record."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.helpers import asking, eventually, file_text, new_document
from tests.e2e.stores import Store
from tests.support.server import Person, Server, running_server
from tests.support.sync_client import sync_client
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="session")

BASE = "# Notes\n\nthe meting was on Tuesday 😀\n\nnobody wrote it down\n"
IMPROVED = "# Notes\n\nThe meeting was on Tuesday 😀\n\nSomebody wrote it down\n"


async def propose(server: Server, model: ModelServer, path: str, *, by: Person | None = None) -> dict[str, Any]:
    """A suggestion of two hunks on `BASE`, streamed to its end."""
    await new_document(server, path, BASE)
    model.enqueue(Script(answer=IMPROVED))
    end = len(BASE.encode("utf-16-le")) // 2
    request = {"path": path, "start": 0, "end": end, "instruction": "Correct it.", "expected": BASE}
    asked = await (by or server.owner).http.post(f"{server.workspace_path}/ai/edits", json=request)
    assert asked.status_code == 202, asked.text
    return await ready(server, asked.json()["suggestion"])


async def ready(server: Server, id: str) -> dict[str, Any]:
    suggestion = await eventually(lambda: suggestion_of(server, id), lambda s: s["state"] not in ("streaming",))
    assert suggestion["state"] == "ready", suggestion
    return suggestion


async def suggestion_of(server: Server, id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await server.owner.http.get(f"/api/suggestions/{id}")).raise_for_status().json()
    return found


async def decide(person: Person, suggestion: str, decision: str, hunks: Any = "all") -> Any:
    return await person.http.post(
        f"/api/suggestions/{suggestion}/decisions", json={"hunks": hunks, "decision": decision}
    )


async def test_two_accepts_at_once_apply_once(server: Server, model: ModelServer) -> None:
    people = [await server.join("editor", f"Editor {number}") for number in range(4)]
    for number in range(3):
        path = f"race-{number}.md"
        suggestion = await propose(server, model, path)
        hunks = [hunk["id"] for hunk in suggestion["hunks"]]
        answers = await asyncio.gather(*(decide(person, suggestion["id"], "accept", hunks) for person in people))
        assert await file_text(server, path) == IMPROVED
        won = [a for a in answers if a.status_code == 200]
        lost = [a for a in answers if a.status_code == 409]
        assert len(won) + len(lost) == len(people), [a.text for a in answers]
        assert won
        # Who comes second is told what happened instead.
        assert all(a.json()["detail"].endswith(".") for a in lost)
        after = await suggestion_of(server, suggestion["id"])
        assert {hunk["state"] for hunk in after["hunks"]} == {"accepted"}


async def test_accept_and_reject_at_once_end_in_one_of_them(server: Server, model: ModelServer) -> None:
    suggestion = await propose(server, model, "either.md")
    person = await server.join("editor")
    await asyncio.gather(decide(server.owner, suggestion["id"], "accept"), decide(person, suggestion["id"], "reject"))
    text = await file_text(server, "either.md")
    for hunk in (await suggestion_of(server, suggestion["id"]))["hunks"]:
        assert hunk["state"] in ("accepted", "rejected")
        shown = hunk["proposed"] if hunk["state"] == "accepted" else hunk["base"]
        assert shown.strip() in text


async def test_a_proposal_moves_with_the_text_and_is_undone_exactly(server: Server, model: ModelServer) -> None:
    suggestion = await propose(server, model, "moved.md")
    assert len(suggestion["hunks"]) == 2
    document = suggestion["hunks"][0]["document"]
    async with sync_client(server.owner.socket(f"/sync/{server.workspace}/{document}")) as client:
        await client.type("aé😀b: typed by a person\n")
        assert (await decide(server.owner, suggestion["id"], "accept")).status_code == 200
        await client.shows("aé😀b: typed by a person\n" + IMPROVED)
        assert (await decide(server.owner, suggestion["id"], "undo", [h["id"] for h in suggestion["hunks"]])).is_success
        await client.shows("aé😀b: typed by a person\n" + BASE)
        again = await decide(server.owner, suggestion["id"], "undo", [h["id"] for h in suggestion["hunks"]])
        assert again.status_code == 409


async def test_a_hunk_whose_text_was_changed_is_stale_and_never_applied(server: Server, model: ModelServer) -> None:
    suggestion = await propose(server, model, "stale.md")
    changed = BASE.replace("the meting", "their meting")
    await server.owner.http.put(f"{server.workspace_path}/files/stale.md", content=changed.encode())
    first, second = suggestion["hunks"]
    answer = await decide(server.owner, suggestion["id"], "accept", [first["id"]])
    assert answer.status_code == 409
    assert [hunk["state"] for hunk in answer.json()["hunks"]] == ["stale"]
    assert await file_text(server, "stale.md") == changed
    # The other one still fits.
    assert (await decide(server.owner, suggestion["id"], "accept", [second["id"]])).status_code == 200
    assert await file_text(server, "stale.md") == changed.replace("nobody", "Somebody")


async def test_a_decision_becomes_a_feedback_record(server: Server, model: ModelServer) -> None:
    editor = await server.join("editor", "Edda")
    suggestion = await propose(server, model, "recorded.md", by=editor)
    keep, drop = suggestion["hunks"]
    assert (await decide(editor, suggestion["id"], "accept", [keep["id"]])).is_success
    assert (await decide(editor, suggestion["id"], "reject", [drop["id"]])).is_success
    records = {r["hunk"]: r for r in await feedback(server) if r["suggestion"] == suggestion["id"]}
    assert {records[keep["id"]]["decision"], records[drop["id"]]["decision"]} == {"accepted", "rejected"}
    record = records[keep["id"]]
    assert (record["base_text"], record["proposed_text"]) == (keep["base"], keep["proposed"])
    assert record["path"] == "recorded.md"
    assert record["model"] == "scripted"
    assert record["messages"]
    for name in ("sft", "dpo", "kto"):
        answer = await server.owner.http.get(f"{server.workspace_path}/feedback", params={"format": name})
        for line in answer.raise_for_status().text.splitlines():
            json.loads(line)
    # Erasing takes the records; what was decided stays decided.
    assert (await server.owner.http.delete(f"{server.workspace_path}/feedback")).is_success
    assert await feedback(server) == []
    assert (await suggestion_of(server, suggestion["id"]))["hunks"][0]["state"] == "accepted"


async def feedback(server: Server) -> list[dict[str, Any]]:
    answer = await server.owner.http.get(f"{server.workspace_path}/feedback", params={"format": "raw"})
    return [json.loads(line) for line in answer.raise_for_status().text.splitlines()]


async def test_writing_goes_into_the_text_and_is_undone_to_the_letter(server: Server, model: ModelServer) -> None:
    document = await new_document(server, "written.md", "before\n\nafter\n")
    model.enqueue(Script(answer="What the assistant wrote, with 😀.", delay=0.05))
    async with sync_client(server.owner.socket(f"/sync/{server.workspace}/{document}")) as client:
        asked = await server.owner.http.post(
            f"{server.workspace_path}/ai/writes", json={"path": "written.md", "at": 7, "instruction": "Write."}
        )
        assert asked.status_code == 202, asked.text
        await eventually(lambda: text_of(client), lambda text: "What" in text)
        await client.type("A person types meanwhile. ")
        await eventually(lambda: text_of(client), lambda text: "with 😀." in text)
        suggestion = await ready(server, asked.json()["suggestion"])
        assert [hunk["state"] for hunk in suggestion["hunks"]] == ["pending"]
        assert (await decide(server.owner, suggestion["id"], "reject")).is_success
        await client.shows("A person types meanwhile. before\n\nafter\n")


async def text_of(client: Any) -> str:
    return str(client.text)


LONG = "# Changed\nin many\nlines\n" * 4


@pytest.mark.parametrize(
    "script",
    [
        Script("unauthorized"),
        Script("rejected"),
        Script("nonsense"),
        Script("empty"),
        # What somebody has seen something of is not asked for again.
        *(Script(how, answer=LONG, tokens=12, delay=0.05) for how in ("cut_off", "error_event", "invalid_json")),
    ],
    ids=lambda script: script.behaviour,
)
async def test_a_model_that_fails_fails_the_job_in_a_sentence(
    server: Server, model: ModelServer, script: Script
) -> None:
    path = f"failing-{script.behaviour}.md"
    await new_document(server, path, BASE)
    model.enqueue(*[script] * 5)
    asked = await server.owner.http.post(
        f"{server.workspace_path}/ai/edits", json={"path": path, "start": 0, "end": 7, "instruction": "x"}
    )
    job = await eventually(
        lambda: job_of(server, asked.json()["job"]), lambda j: j["state"] in ("done", "failed"), within=30
    )
    model.scripts.clear()
    assert job["state"] == "failed"
    assert job["error"].endswith(".")
    assert "Traceback" not in job["error"]
    assert await file_text(server, path) == BASE
    # The next one works.
    await propose(server, model, f"after-{script.behaviour}.md")


async def job_of(server: Server, id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await server.owner.http.get(f"/api/jobs/{id}")).raise_for_status().json()
    return found


@pytest.mark.alone
async def test_a_cancelled_job_stops_spending_at_once(server: Server, model: ModelServer) -> None:
    await new_document(server, "cancelled.md", BASE)
    model.enqueue(Script("endless", delay=0.01))
    asked = (
        await server.owner.http.post(
            f"{server.workspace_path}/ai/writes", json={"path": "cancelled.md", "at": 0, "instruction": "x"}
        )
    ).json()
    await eventually(lambda: file_text(server, "cancelled.md"), lambda text: text != BASE)
    request = model.requests[-1]
    assert (await server.owner.http.delete(f"/api/jobs/{asked['job']}")).is_success
    await asyncio.wait_for(request.ended.wait(), 0.5)
    job = await eventually(lambda: job_of(server, asked["job"]), lambda j: j["state"] == "cancelled")
    assert job["state"] == "cancelled"
    # What had been typed can be kept or dropped.
    suggestion = await suggestion_of(server, asked["suggestion"])
    assert [hunk["state"] for hunk in suggestion["hunks"]] == ["pending"]
    assert (await decide(server.owner, suggestion["id"], "reject")).is_success
    assert await file_text(server, "cancelled.md") == BASE


async def test_an_answer_in_chat_reaches_everybody_and_is_kept(server: Server, model: ModelServer) -> None:
    import websockets.asyncio.client as websockets

    viewer = await server.join("viewer", "Vera")
    answer = "Because nobody wrote it down, " * 10
    more = asyncio.Event()
    model.enqueue(Script(answer=answer, tokens=20, goes_on=more))
    async with websockets.connect(viewer.socket(f"{server.workspace_path}/events"), proxy=None) as events:
        asked = await server.owner.http.post(f"{server.workspace_path}/ai/chat", json={"message": "Why?"})
        assert asked.status_code == 202, asked.text
        conversation = asked.json()["conversation"]
        streamed = ""
        async with asyncio.timeout(PATIENCE):
            async for message in events:
                event = json.loads(message)
                data = event["data"]
                if event["type"] == "scriptorium.chat.delta" and data["conversation"] == conversation:
                    assert data["offset"] == len(streamed)
                    streamed += data["text"]
                    if len(streamed) > 20:
                        more.set()
                if event["type"] == "scriptorium.chat.message" and is_complete_answer(data["message"]):
                    break
        assert len(streamed) > 20
        assert answer.startswith(streamed)
    kept = (await viewer.http.get(f"{server.workspace_path}/conversations/{conversation}")).json()
    assert [message["text"].strip() for message in kept["messages"]] == ["Why?", answer.strip()]


async def shows(server: Server, path: str, text: str) -> bool:
    return await eventually(lambda: file_text(server, path), lambda found: found == text) == text


def is_complete_answer(message: dict[str, Any]) -> bool:
    return (message["role"], message["state"]) == ("assistant", "done")


@pytest.mark.parametrize("store", ["services"], indirect=True)
async def test_two_processes_decide_one_hunk_once(
    server: Server, store: Store, model: ModelServer, tmp_path: Path
) -> None:
    async with running_server(tmp_path, {**store.environment, **asking(model)}) as other:
        for number in range(3):
            path = f"two-processes-{number}.md"
            suggestion = await propose(server, model, path)
            hunks = [hunk["id"] for hunk in suggestion["hunks"]]
            answers = await asyncio.gather(
                *(decide(at.owner, suggestion["id"], "accept", hunks) for at in (server, other, server, other))
            )
            assert {answer.status_code for answer in answers} <= {200, 409}
            for at in (server, other):
                assert await shows(at, path, IMPROVED)
