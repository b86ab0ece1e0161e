"""Find in files over HTTP."""

import pytest

from tests.server.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_viewers_find_names_and_lines(house: House) -> None:
    w = await house.fresh_workspace()
    await house.http("editor").put(f"{w}/files/docs/Plan.md", content="# 😀 Plan\r\n\r\nthe plan\r\n".encode())
    answer = await house.http("viewer").get(f"{w}/search", params={"q": "plan"})
    assert (answer.status_code, answer.json()) == (
        200,
        [
            {"path": "docs/Plan.md", "line": 0, "column": 5, "text": "docs/Plan.md"},
            {"path": "docs/Plan.md", "line": 1, "column": 5, "text": "# 😀 Plan"},
            {"path": "docs/Plan.md", "line": 3, "column": 4, "text": "the plan"},
        ],
    )
    assert (await house.http("stranger").get(f"{w}/search", params={"q": "plan"})).status_code == 403


@pytest.mark.parametrize("query", ["", "a\nb", "\0", "x" * 201, None])
async def test_what_cannot_be_searched_for(house: House, query: str | None) -> None:
    answer = await house.http("viewer").get(
        f"/api/workspaces/{house.workspace}/search", params={} if query is None else {"q": query}
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize("query", ["(a+)+$", "%", "\u202e", "😀", "'; drop", "../..", "*" * 200])
async def test_any_other_query_is_taken_literally(house: House, query: str) -> None:
    w = await house.fresh_workspace()
    await house.http("editor").put(f"{w}/files/a.txt", content=f"x{query}x".encode())
    await house.http("editor").put(f"{w}/files/b.txt", content=("a" * 10_000 + "!").encode())
    answer = await house.http("viewer").get(f"{w}/search", params={"q": query})
    assert answer.status_code == 200
    assert [match["path"] for match in answer.json()] == ["a.txt"]
