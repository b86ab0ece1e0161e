"""What is wrong with a text, over HTTP."""

import asyncio
import json

import pytest

from server.checks import BURST, Checks
from server.problems import Problem
from tests.server.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_whoever_may_read_has_a_text_checked_as_they_have_it(house: House) -> None:
    w = f"/api/workspaces/{house.workspace}"
    body = {"path": "src/a.py", "text": "# 😀\nimport os\nprint(nothing)\n"}
    answer = await house.http("viewer").post(f"{w}/diagnostics", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "checked": True,
        "diagnostics": [
            {
                "start": 12,
                "end": 14,
                "severity": "warning",
                "message": "`os` imported but unused",
                "source": "ruff",
                "code": "F401",
                "url": "https://docs.astral.sh/ruff/rules/unused-import",
                "fixes": [{"message": "Remove unused import: `os`", "edits": [{"start": 5, "end": 15, "text": ""}]}],
            },
            {
                "start": 21,
                "end": 28,
                "severity": "error",
                "message": "Undefined name `nothing`",
                "source": "ruff",
                "code": "F821",
                "url": "https://docs.astral.sh/ruff/rules/undefined-name",
                "fixes": [],
            },
        ],
    }
    assert (await house.http("stranger").post(f"{w}/diagnostics", json=body)).status_code == 403


async def test_a_text_that_nobody_can_check_is_neither_right_nor_wrong(house: House) -> None:
    w = f"/api/workspaces/{house.workspace}"
    for path, checked in (("a.md", False), ("a.json", True)):
        answer = await house.http("viewer").post(f"{w}/diagnostics", json={"path": path, "text": "{}"})
        assert answer.json() == {"checked": checked, "diagnostics": []}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"path": "a.py"}, "/text"),
        ({"path": "", "text": ""}, "/path"),
        (r'{"path": "a.py", "text": "\ud800"}', "half of a surrogate pair"),
        ({"path": "a.py", "text": "#" * 500_001}, "The text is too long to be checked"),
        ({"path": "a.py", "text": "-" * 400_000}, "nested too deep"),
    ],
)
async def test_what_cannot_be_checked_is_said(house: House, body: dict[str, str] | str, words: str) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    answer = await house.http("viewer", **headers).post(
        f"/api/workspaces/{house.workspace}/diagnostics", content=content
    )
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


async def test_who_takes_more_than_a_share_waits_and_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("server.checks.time.monotonic", lambda: now)

    async def slow(path: str, text: str) -> list[object]:
        nonlocal now
        now += 1
        return []

    monkeypatch.setattr("server.checks.diagnose", slow)
    checks = Checks()
    for _ in range(round(BURST) + 1):
        await checks.diagnose("ann", "a.py", "")
    with pytest.raises(Problem) as refused:
        await checks.diagnose("ann", "a.py", "")
    assert refused.value.status_code == 429
    assert refused.value.headers is not None
    await checks.diagnose("bob", "a.py", "")
    now += int(refused.value.headers["Retry-After"])
    await checks.diagnose("ann", "a.py", "")


async def test_few_texts_of_one_person_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    going = asyncio.Event()

    async def held(path: str, text: str) -> list[object]:
        await going.wait()
        return []

    monkeypatch.setattr("server.checks.diagnose", held)
    checks = Checks()
    asked = [asyncio.create_task(checks.diagnose("ann", "a.py", "")) for _ in range(6)]
    asked.append(asyncio.create_task(checks.diagnose("bob", "a.py", "")))
    await asyncio.sleep(0.01)
    assert [task.done() for task in asked] == [False] * 4 + [True] * 2 + [False]
    going.set()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(one, Problem) for one in outcomes] == [False] * 4 + [True] * 2 + [False]
