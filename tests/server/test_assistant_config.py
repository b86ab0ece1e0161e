"""What a group chooses for its assistant, over HTTP."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
import pytest

from server.app import open_services
from server.settings import Settings
from tests.ai.group import eventually
from tests.doubles.model_server import ModelServer
from tests.server.conftest import House, furnished

KEYS = ("sk-default-key-abc", "sk-house-key-def", "sk-cloud-key-ghi")
FILE = ".scriptorium/assistant.yaml"


@dataclass
class Office:
    house: House
    model: ModelServer
    viewer: httpx2.AsyncClient
    editor: httpx2.AsyncClient

    @property
    def base(self) -> str:
        return f"/api/workspaces/{self.house.workspace}"

    async def write(self, text: str) -> None:
        answer = await self.editor.put(f"{self.base}/files/{FILE}", content=text.encode())
        assert answer.status_code in (201, 204)

    async def ended(self, job: str) -> bool:
        return (await self.viewer.get(f"/api/jobs/{job}")).json()["state"] not in ("queued", "running")


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setenv("CLOUD_KEY", KEYS[2])
    async with ModelServer() as model:
        endpoints = tmp_path / "endpoints.yaml"
        endpoints.write_text(f"""\
house:
  url: {model.url}
  key: {KEYS[1]}
  knows_top_k: true
  models:
    big: {{input: 1, output: 2}}
    small:
cloud:
  url: {model.url}
  key_variable: CLOUD_KEY
  models: {{large: }}
""")
        default = {"OPENAI_API_KEY": KEYS[0], "OPENAI_BASE_URL": model.url}
        settings = Settings(data_dir=tmp_path / "data", model="scripted", endpoints_file=endpoints, **default)
        async with open_services(settings, port=8000) as services:
            house = await furnished(services)
            yield Office(house, model, house.http("viewer"), house.http("editor"))


async def test_endpoints_are_told_by_name_without_address_or_key(office: Office) -> None:
    answer = await office.viewer.get(f"{office.base}/ai/endpoints")
    assert {endpoint["name"]: endpoint for endpoint in answer.json()} == {
        "default": {
            "name": "default",
            "models": [{"name": "scripted", "price": None}],
            "knows_top_k": False,
            "local": False,
        },
        "local": {"name": "local", "models": [{"name": "local", "price": None}], "knows_top_k": False, "local": True},
        "house": {
            "name": "house",
            "models": [{"name": "big", "price": {"input": 1.0, "output": 2.0}}, {"name": "small", "price": None}],
            "knows_top_k": True,
            "local": False,
        },
        "cloud": {
            "name": "cloud",
            "models": [{"name": "large", "price": None}],
            "knows_top_k": False,
            "local": False,
        },
    }


async def test_each_endpoint_gets_its_own_key_and_nobody_else_sees_one(office: Office) -> None:
    seen = []
    await office.editor.put(f"{office.base}/files/a.md", content=b"one two")
    for endpoint in ("default", "house", "cloud"):
        await office.write(f"endpoint: {endpoint}\n")
        body = {"path": "a.md", "start": 0, "end": 3, "instruction": "Change it."}
        asked = (await office.editor.post(f"{office.base}/ai/edits", json=body)).json()
        await eventually(partial(office.ended, asked["job"]))
        seen += [(await office.viewer.get(f"/api/jobs/{asked['job']}")).text]
        seen += [(await office.viewer.get(f"/api/suggestions/{asked['suggestion']}")).text]
        for path in ("ai/status", "ai/endpoints", "ai/recipes"):
            seen.append((await office.viewer.get(f"{office.base}/{path}")).text)
    seen.append((await office.house.http("owner").get(f"{office.base}/feedback")).text)
    sent = [request.headers["authorization"] for request in office.model.requests]
    assert sent == [f"Bearer {key}" for key in KEYS]
    assert not any(key in text for key in KEYS for text in seen)
    assert not any("endpoints.yaml" in text for text in seen)


async def test_recipes_are_the_built_in_ones_and_those_of_the_file(office: Office) -> None:
    async def names() -> list[str]:
        return [recipe["name"] for recipe in (await office.viewer.get(f"{office.base}/ai/recipes")).json()]

    built_in = ["Explain", "Fix", "Translate", "Translate code", "Summarise", "Write tests", "Document"]
    assert await names() == built_in
    haiku = {"kind": "edit", "instruction": "Make it a haiku about {a season}."}
    await office.write(f"recipes:\n  fix: hidden\n  Haiku: {json.dumps(haiku)}\n")
    assert await names() == [name for name in built_in if name != "Fix"] + ["Haiku"]
    shown = (await office.viewer.get(f"{office.base}/ai/recipes")).json()[-1]
    assert shown == {"name": "Haiku", **haiku, "placeholders": ["a season"], "built_in": False}


async def test_the_status_is_the_workspaces_own_and_names_a_mistake(office: Office) -> None:
    status = (await office.viewer.get(f"{office.base}/ai/status")).json()
    assert (status["model"], status["config"]["state"]) == ("scripted", "absent")
    await office.write("endpoint: house\nmodel: small\n")
    status = (await office.viewer.get(f"{office.base}/ai/status")).json()
    assert (status["model"], status["config"]["state"]) == ("small", "ok")
    await office.write("endpoint: house\nmodel: huge\n")
    status = (await office.viewer.get(f"{office.base}/ai/status")).json()
    assert status["model"] == "small"
    assert status["config"] == {
        "state": "bad",
        "line": 2,
        "column": 8,
        "message": "The endpoint “house” has no model “huge” for you. It has: big, small.",
    }


async def test_a_text_can_be_checked_before_it_is_written(office: Office) -> None:
    async def check(text: str) -> dict[str, object]:
        answer = await office.editor.post(f"{office.base}/ai/config/check", json={"text": text})
        found: dict[str, object] = answer.json()
        return found

    assert (await check("endpoint: house\n"))["state"] == "ok"
    found = await check("# x\ntop_p: 7\n")
    assert (found["state"], found["line"], found["column"]) == ("bad", 2, 8)
    refused = await office.viewer.post(f"{office.base}/ai/config/check", json={"text": ""})
    assert refused.status_code == 403
    too_much = await office.editor.post(f"{office.base}/ai/config/check", json={"text": "x" * 100_001})
    assert too_much.status_code == 422


async def test_a_selection_of_a_question_must_be_one(office: Office) -> None:
    await office.editor.put(f"{office.base}/files/a.md", content="one 😀 two".encode())
    body = {"message": "Explain it.", "path": "a.md"}
    for selection in ({"start": 0, "end": 99}, {"start": 5, "end": 6}, {"start": 3, "end": 1}, {"start": -1, "end": 1}):
        answer = await office.editor.post(f"{office.base}/ai/chat", json=body | {"selection": selection})
        assert answer.status_code == 422
    answer = await office.editor.post(f"{office.base}/ai/chat", json=body | {"selection": {"start": 0, "end": 3}})
    assert answer.status_code == 202
