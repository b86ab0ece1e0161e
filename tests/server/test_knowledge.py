"""What files say, over HTTP: from the moment that they settle."""

import asyncio

import pytest

from tests.ai.group import eventually
from tests.server.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def search(house: House, w: str, q: str, **more: str | int) -> list[dict[str, object]]:
    answer = await house.http("viewer").get(f"{w}/knowledge/search", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def is_found(house: House, w: str, q: str) -> bool:
    return bool(await search(house, w, q))


async def test_a_file_is_found_once_it_has_settled_and_no_more_once_it_is_gone(house: House) -> None:
    w = await house.fresh_workspace()
    http = house.http("editor")
    created = (await http.put(f"{w}/files/docs/birds.md", content=b"# Birds\n\nHerons breed in colonies.\n")).json()
    await eventually(lambda: is_found(house, w, "where do herons breed"), 20)
    [hit] = await search(house, w, "where do herons breed", limit=1)
    assert {**hit, "score": 0} == {
        "document": created["id"],
        "path": "docs/birds.md",
        "first": 1,
        "last": 3,
        "within": ["Birds"],
        "line": 3,
        "text": "# Birds\n\nHerons breed in colonies.",
        "score": 0,
    }
    assert await search(house, w, "herons", folder="notes") == []
    assert len(await search(house, w, "herons", folder="/docs/")) == 1
    await http.delete(f"{w}/files/docs/birds.md")
    assert await search(house, w, "herons") == []

    async def forgotten() -> bool:
        record = await house.services.storage.db["knowledge"].find_one({"_id": created["id"]})
        return record is not None and record["pieces"] == []

    await eventually(forgotten, 20)


async def test_how_much_is_known_is_told(house: House) -> None:
    w = await house.fresh_workspace()
    for number in range(5):
        await house.http("editor").put(f"{w}/files/{number}.md", content=b"A heron.\n")

    async def whole() -> bool:
        answer = (await house.http("viewer").get(f"{w}/knowledge")).json()
        return bool(answer == {"files": 5, "known": 5, "complete": True})

    await eventually(whole, 20)
    assert (await house.http("stranger").get(f"{w}/knowledge")).status_code == 403
    assert (await house.http("stranger").get(f"{w}/knowledge/search", params={"q": "heron"})).status_code == 403


@pytest.mark.parametrize(
    "wrong", [{}, {"q": "x" * 2_001}, {"q": "x", "limit": "0"}, {"q": "x", "limit": "101"}, {"q": "x", "limit": "many"}]
)
async def test_what_cannot_be_asked(house: House, wrong: dict[str, str]) -> None:
    answer = await house.http("viewer").get(f"/api/workspaces/{house.workspace}/knowledge/search", params=wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_many_who_ask_at_once_are_all_answered(house: House) -> None:
    w = await house.fresh_workspace()
    await house.http("editor").put(f"{w}/files/a.md", content=b"A heron.\n")
    await eventually(lambda: is_found(house, w, "heron"), 20)
    answers = await asyncio.gather(*(search(house, w, "heron") for _ in range(30)))
    assert all(len(answer) == 1 for answer in answers)
