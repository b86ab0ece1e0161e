"""The record of a decision, from the click to the file for tuning, with a server that is killed in between."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.ai import published_formats
from tests.doubles.model_server import ModelServer, Script
from tests.e2e.helpers import asking, eventually, file_text, new_document
from tests.support.impatient_server import LOOK_NOW
from tests.support.server import Server, running_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

BASE = "# Notes\n\nthe meting was on Tuesday 😀\n\nThe end.\n"
SENTENCE = "The meeting took place on Tuesday, in the big hall"
IMPROVED = BASE.replace("the meting was on Tuesday", SENTENCE)

BECAME = {
    "moved": (IMPROVED.replace("# Notes", "# Notes 😀\n\nOne more line in front"), SENTENCE),
    "deleted": ("# Notes\n\nThe end.\n", ""),
    "replaced": (IMPROVED.replace(SENTENCE, "Nobody came"), "Nobody came"),
    "split": (IMPROVED.replace(", in", ",\n\nand then in"), SENTENCE.replace(", in", ",\n\nand then in")),
    "corrected": (IMPROVED.replace("big hall", "garden"), SENTENCE.replace("big hall", "garden")),
}
"""By path: the file as people then wrote it, and what that has made of the sentence."""


@pytest_asyncio.fixture(loop_scope="session")
async def impatient(tmp_path: Path, model: ModelServer) -> AsyncIterator[Server]:
    async with running_server(tmp_path, asking(model), "tests.support.impatient_server") as server:
        yield server


async def accept(server: Server, model: ModelServer, path: str) -> str:
    """The suggestion that was accepted."""
    await new_document(server, path, BASE)
    model.enqueue(Script(answer=IMPROVED))
    end = len(BASE.encode("utf-16-le")) // 2
    request = {"path": path, "start": 0, "end": end, "instruction": "Correct it.", "expected": BASE}
    asked = (await server.owner.http.post(f"{server.workspace_path}/ai/edits", json=request)).raise_for_status().json()
    address = f"/api/suggestions/{asked['suggestion']}"

    async def shown() -> dict[str, Any]:
        found: dict[str, Any] = (await server.owner.http.get(address)).raise_for_status().json()
        return found

    await eventually(shown, lambda one: one["state"] == "ready", within=20)
    decision = {"hunks": "all", "decision": "accept"}
    (await server.owner.http.post(f"{address}/decisions", json=decision)).raise_for_status()
    return address


async def records(server: Server) -> dict[str, dict[str, Any]]:
    """By path, and undone ones beside those that they undo."""
    answer = await server.owner.http.get(f"{server.workspace_path}/feedback")
    found = [json.loads(line) for line in answer.raise_for_status().text.splitlines()]
    return {f"{one['path']} undone" if one["decision"] == "undone" else one["path"]: one for one in found}


async def test_corrections_are_measured_though_the_server_is_killed(impatient: Server, model: ModelServer) -> None:
    server = impatient
    for path in BECAME:
        await accept(server, model, path)
    await accept(server, model, "gone")
    undone = await accept(server, model, "taken back")
    server.kill()
    await server.restart()

    for path, (text, _) in BECAME.items():
        assert await file_text(server, path) == IMPROVED
        (await server.owner.http.put(f"{server.workspace_path}/files/{path}", content=text.encode())).raise_for_status()
    (await server.owner.http.delete(f"{server.workspace_path}/files/gone")).raise_for_status()
    decision = {"hunks": "all", "decision": "undo"}
    (await server.owner.http.post(f"{undone}/decisions", json=decision)).raise_for_status()
    assert await file_text(server, "taken back") == BASE
    # Who died right after the answer may not have written the record; the next process does.
    await eventually(lambda: records(server), lambda found: len(found) == len(BECAME) + 3, within=30)
    (server.data_dir / LOOK_NOW).touch()

    def measured(found: dict[str, dict[str, Any]]) -> bool:
        return all(set(found[path]["corrections"]) == {"quiet", "30s", "10min"} for path in BECAME)

    found = await eventually(lambda: records(server), measured, within=30)
    for path, (_, left) in BECAME.items():
        record = found[path]
        assert (record["proposed_text"], record["final_text"]) == (SENTENCE, left), path
        assert {look["final_text"] for look in record["corrections"].values()} == {left}
        assert (record["kept_rate"] == 1.0) == (path in ("moved", "split"))
    for path in ("gone", "taken back"):
        assert (found[path]["final_text"], found[path]["corrections"]) == (None, {}), path
    assert found["taken back undone"]["decision"] == "undone"

    # What was corrected is preferred over what was proposed.
    for taught in ("sft", "dpo", "kto"):
        answer = await server.owner.http.get(f"{server.workspace_path}/feedback", params={"format": taught})
        for line in answer.text.splitlines(keepends=True):
            published_formats.CHECKS[taught](published_formats.read_line(line))
        assert answer.text.count("\n") >= 1
    dpo = await server.owner.http.get(f"{server.workspace_path}/feedback?format=dpo")
    pairs = {
        (line["preferred_output"][0]["content"], line["non_preferred_output"][0]["content"])
        for line in map(json.loads, dpo.text.splitlines())
    }
    assert (BECAME["corrected"][0], IMPROVED) in pairs
    # Shown by: pytest -s -k killed
    print(json.dumps(found["corrected"], indent=2, ensure_ascii=False))
