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


async def test_every_match_and_what_it_would_become(house: House) -> None:
    w = await house.fresh_workspace()
    created = (await house.http("editor").put(f"{w}/files/a.md", content="😀 one two\r\nTwo".encode())).json()["id"]
    asked = {"q": "(t)wo", "regex": "true", "replacement": "$1o"}
    answer = await house.http("viewer").get(f"{w}/search/matches", params=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    [file] = found.pop("files")
    assert found == {"count": 2, "in_files": 1, "whole": True, "next": None}
    assert {**file, "matches": [{**one, "id": ""} for one in file["matches"]]} == {
        "document": created,
        "path": "a.md",
        "count": 2,
        "matches": [
            {"id": "", "line": 1, "column": 7, "length": 3, "text": "😀 one two", "start": 7, "end": 10}
            | {"replacement": "to"},
            {"id": "", "line": 2, "column": 0, "length": 3, "text": "Two", "start": 0, "end": 3}
            | {"replacement": "To"},
        ],
    }
    assert (await house.http("stranger").get(f"{w}/search/matches", params=asked)).status_code == 403


async def test_a_page_says_where_the_next_one_begins(house: House) -> None:
    w = await house.fresh_workspace()
    await house.http("editor").put(f"{w}/files/a.md", content=b"x\n" * 501)
    viewer = house.http("viewer")
    first = (await viewer.get(f"{w}/search/matches", params={"q": "x"})).json()
    assert (len(first["files"][0]["matches"]), first["count"], first["next"]) == (500, 501, 500)
    second = (await viewer.get(f"{w}/search/matches", params={"q": "x", "skip": 500})).json()
    assert ([one["line"] for one in second["files"][0]["matches"]], second["next"]) == ([501], None)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"q": "(a", "regex": "true"}, "This is no regular expression: missing )"),
        ({"q": "a*", "regex": "true"}, "at least one character"),
        ({"q": "a", "regex": "true", "replacement": "$1"}, "no group 1"),
        ({"q": "A{99}", "regex": "true", "replacement": "$0" * 5000}, "more than 5000000 characters"),
        ({"q": "a", "paths": "x" * 1001}, "at most 1000 characters"),
        ({"q": ""}, "1 to 200 characters"),
    ],
)
async def test_what_is_wrong_with_a_query_is_said(house: House, asked: dict[str, str], words: str) -> None:
    await house.http("editor").put(f"/api/workspaces/{house.workspace}/files/a.txt", content=b"A" * 99 * 11)
    answer = await house.http("viewer").get(f"/api/workspaces/{house.workspace}/search/matches", params=asked)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


async def test_chosen_matches_are_replaced_and_the_others_told(house: House) -> None:
    w = await house.fresh_workspace()
    editor = house.http("editor")
    ids = {}
    for name, text in {"a.md": "red one\nred two\n", "b.md": "red\n", "c.md": "red\n"}.items():
        ids[name] = (await editor.put(f"{w}/files/{name}", content=text.encode())).json()["id"]
    found = (await editor.get(f"{w}/search/matches", params={"q": "red", "replacement": "green"})).json()
    matches = {file["path"]: [one["id"] for one in file["matches"]] for file in found["files"]}
    await editor.put(f"{w}/files/a.md", content=b"above\nred one\nred 2\n")
    await editor.delete(f"{w}/files/c.md")
    body = {
        "q": "red",
        "replacement": "green",
        "files": [{"document": ids[name], "matches": matches[name]} for name in ("a.md", "b.md", "c.md")],
    }
    assert (await house.http("viewer").post(f"{w}/search/replace", json=body)).status_code == 403
    answer = await editor.post(f"{w}/search/replace", json=body)
    assert answer.status_code == 200, answer.text
    a, b, c = answer.json()["files"]
    assert (a["path"], a["replaced"], a["changed"]) == ("a.md", matches["a.md"][:1], matches["a.md"][1:])
    assert (b["replaced"], b["changed"], b["problem"]) == (matches["b.md"], [], None)
    assert (c["path"], c["replaced"]) == (None, [])
    assert c["problem"] == "There is no such text in this workspace."
    assert (await editor.get(f"{w}/files/a.md")).content == b"above\ngreen one\nred 2\n"
    assert (await editor.get(f"{w}/files/b.md")).content == b"green\n"


async def test_a_short_replacement_does_not_make_an_endless_text(house: House) -> None:
    w = await house.fresh_workspace()
    editor = house.http("editor")
    created = (await editor.put(f"{w}/files/a.txt", content=b"\n".join([b"x" * 150] * 30))).json()["id"]
    asked = {"q": ".+", "regex": "true"}
    found = (await editor.get(f"{w}/search/matches", params=asked)).json()
    files = [{"document": created, "matches": [one["id"] for one in found["files"][0]["matches"]]}]
    body = {"q": ".+", "regex": True, "replacement": "$0" * 5000, "files": files}  # 22 MB
    [file] = (await editor.post(f"{w}/search/replace", json=body)).json()["files"]
    assert (file["replaced"], file["problem"]) == ([], "The document would become larger than a text document may be.")
    assert (await editor.get(f"{w}/files/a.txt")).content == b"\n".join([b"x" * 150] * 30)


@pytest.mark.parametrize(
    "body",
    [
        {"files": []},
        {"files": [{"document": "0" * 32, "matches": []}]},
        {"q": "(a", "regex": True},
        {"q": "a", "regex": True, "replacement": "$1"},
        {"replacement": "a\rb"},
        {"files": [{"document": "0" * 32, "matches": ["x"] * 6000}] * 2},
    ],
)
async def test_what_cannot_be_replaced(house: House, body: dict[str, object]) -> None:
    whole = {"q": "a", "replacement": "b", "files": [{"document": "0" * 32, "matches": ["x"]}]} | body
    answer = await house.http("editor").post(f"/api/workspaces/{house.workspace}/search/replace", json=whole)
    assert answer.status_code == 422
    assert answer.json()["detail"]
