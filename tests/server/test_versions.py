"""Versions over HTTP: their shapes, and what is refused."""

import json
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from collab.replicas.edits import TextEdit
from tests.server.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASSISTANT = {"kind": "assistant", "id": "assistant", "name": "Assistant"}


@pytest_asyncio.fixture(loop_scope="module")
async def workspace(house: House) -> str:
    return await house.fresh_workspace()


async def write(house: House, workspace: str, path: str, text: str | bytes) -> str:
    """The path of the document."""
    content = text if isinstance(text, bytes) else text.encode()
    await house.http("editor").put(f"{workspace}/files/{path}", content=content)
    tree = (await house.http("viewer").get(f"{workspace}/tree")).json()
    return f"{workspace}/documents/{next(entry['id'] for entry in tree if entry['path'] == path)}"


def hand(house: House, who: str) -> dict[str, str]:
    return {"kind": "person", "id": house.users[who].id, "name": house.users[who].name}


async def test_a_version_by_hand(house: House, workspace: str) -> None:
    document = await write(house, workspace, "a.md", "é\n")
    made = await house.http("owner").post(f"{document}/versions", json={"name": "  first draft "})
    assert made.status_code == 201
    assert {key: value for key, value in made.json().items() if key not in ("id", "at")} == {
        "name": "first draft",
        "automatic": False,
        "by": hand(house, "owner"),
        "before_restore": False,
        "incomplete": False,
        "authors": [hand(house, "editor")],
        "size": 3,
    }
    for body in ({"json": {}}, {}):
        assert (await house.http("editor").post(f"{document}/versions", **body)).json()["name"] is None
    listed = (await house.http("viewer").get(f"{document}/versions")).json()
    assert [version["name"] for version in listed] == [None, None, "first draft"]
    assert listed[-1] == made.json()
    page = await house.http("viewer").get(f"{document}/versions", params={"before": listed[0]["id"], "limit": 1})
    assert page.json() == [listed[1]]
    shown = await house.http("viewer").get(f"{document}/versions/{made.json()['id']}")
    assert shown.json() == made.json() | {"text": "é\n"}


async def test_what_differs_and_the_way_back(house: House, workspace: str) -> None:
    document = await write(house, workspace, "a.md", "one\r\ntwo\r\nthree\r\n")
    viewer, editor = house.http("viewer"), house.http("editor")
    first = (await editor.post(f"{document}/versions")).json()["id"]
    await write(house, workspace, "a.md", "one\r\n2\r\nthree\r\nfour\r\n")
    second = (await editor.post(f"{document}/versions")).json()["id"]
    await write(house, workspace, "a.md", "2\r\nthree\r\nfour\r\n")
    hunks = (await viewer.get(f"{document}/versions/{first}/diff", params={"against": second})).json()["hunks"]
    assert hunks == [
        {"old_start": 2, "old_end": 3, "new_start": 2, "new_end": 3, "removed": ["two\n"], "added": ["2\n"]},
        {"old_start": 4, "old_end": 4, "new_start": 4, "new_end": 5, "removed": [], "added": ["four\n"]},
    ]
    assert (await viewer.get(f"{document}/versions/{second}/diff")).json()["hunks"] == [
        {"old_start": 1, "old_end": 2, "new_start": 1, "new_end": 1, "removed": ["one\n"], "added": []}
    ]
    assert (await viewer.get(f"{document}/versions/{second}/diff", params={"against": second})).json()["hunks"] == []
    owner = house.http("owner")
    restored = (await owner.post(f"{document}/versions/{first}/restore")).json()
    assert (await viewer.get(f"{workspace}/files/a.md")).content == b"one\r\ntwo\r\nthree\r\n"
    before = restored["before"]
    assert (before["automatic"], before["before_restore"], before["authors"]) == (True, True, [hand(house, "editor")])
    assert (await owner.post(f"{document}/versions/{first}/restore")).json() == {"before": None}
    await owner.post(f"{document}/versions/{before['id']}/restore")
    assert (await viewer.get(f"{workspace}/files/a.md")).content == b"2\r\nthree\r\nfour\r\n"


async def test_who_wrote_what(house: House, workspace: str) -> None:
    document = await write(house, workspace, "a.md", "editor's\n")
    await house.http("owner").put(f"{workspace}/files/a.md", content="editor's\n😀 owner's\n".encode())
    async with house.services.rooms.open(document.rsplit("/", 1)[1]) as room:
        room.edit([TextEdit(0, 0, "assistant's\n")], "job:1")
        await room.durable()
    found: dict[str, Any] = (await house.http("viewer").get(f"{document}/attribution")).json()
    assert found == {
        "length": 32,
        "authors": [ASSISTANT, hand(house, "editor"), hand(house, "owner")],
        "runs": [
            {"start": 0, "end": 12, "author": 0},
            {"start": 12, "end": 21, "author": 1},
            {"start": 21, "end": 32, "author": 2},
        ],
        "lines": [
            {"start": 1, "end": 2, "author": 0, "at": None},
            {"start": 2, "end": 3, "author": 1, "at": None},
            {"start": 3, "end": 4, "author": 2, "at": None},
        ],
    }
    made = await house.http("editor").post(f"{document}/versions")
    assert ASSISTANT in made.json()["authors"]
    found = (await house.http("viewer").get(f"{document}/attribution")).json()
    assert {datetime.fromisoformat(line["at"]) for line in found["lines"]} == {
        datetime.fromisoformat(made.json()["at"])
    }


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "\0", "x" * 201, 7, "\ud800"])
async def test_no_such_name(house: House, workspace: str, name: object) -> None:
    document = await write(house, workspace, "a.md", "text")
    headers = {"Content-Type": "application/json"}
    answer = await house.http("editor").post(
        f"{document}/versions", content=json.dumps({"name": name}), headers=headers
    )
    assert answer.status_code == 422
    assert (await house.http("viewer").get(f"{document}/versions")).json() == []


async def test_what_is_not_there(house: House, workspace: str) -> None:
    owner = house.http("owner")
    document = await write(house, workspace, "a.md", "text")
    other = await write(house, workspace, "b.md", "other")
    version = (await owner.post(f"{document}/versions")).json()["id"]
    nobody = "0" * 32
    paths = ["", f"/{nobody}", f"/{nobody}/diff", "/..%2f", f"/{'x' * 2000}"]
    for path in paths[1:]:
        assert (await owner.get(f"{document}/versions{path}")).status_code == 404, path
    assert (await owner.post(f"{document}/versions/{nobody}/restore")).status_code == 404
    assert (await owner.get(f"{document}/versions/{version}/diff", params={"against": nobody})).status_code == 404
    for against in ("", "$ne", "x" * 32):
        answer = await owner.get(f"{document}/versions/{version}/diff", params={"against": against})
        assert answer.status_code == 422
    for query in ({"before": "x"}, {"limit": 0}, {"limit": 201}, {"limit": "many"}):
        assert (await owner.get(f"{document}/versions", params=query)).status_code == 422
    # A version is reached through its own document alone, and that through its own workspace.
    for path in (f"/{version}", f"/{version}/diff"):
        assert (await owner.get(f"{other}/versions{path}")).status_code == 404
    assert (await owner.post(f"{other}/versions/{version}/restore")).status_code == 404
    elsewhere = document.replace(workspace, f"/api/workspaces/{house.workspace}")
    for path in ("/versions", f"/versions/{version}", f"/versions/{version}/diff", "/attribution"):
        assert (await owner.get(elsewhere + path)).status_code == 404
    assert (await owner.post(f"{elsewhere}/versions/{version}/restore")).status_code == 404
    assert (await owner.post(f"{elsewhere}/versions")).status_code == 404
    # What is in the trash has a history again when it is back.
    await owner.delete(f"{workspace}/files/a.md")
    assert (await owner.get(f"{document}/versions")).status_code == 404


async def test_a_binary_file_has_none(house: House, workspace: str) -> None:
    document = await write(house, workspace, "p.png", b"\x00")
    for method, path in (("GET", "versions"), ("POST", "versions"), ("GET", "attribution")):
        assert (await house.http("owner").request(method, f"{document}/{path}")).status_code == 409


async def test_the_group_hears_of_a_version_by_hand(house: House, workspace: str) -> None:
    document = await write(house, workspace, "a.md", "text")
    made = (await house.http("editor").post(f"{document}/versions", json={"name": "here"})).json()
    events = house.services.storage.db["events"].find({"stream": workspace.rsplit("/", 1)[1]})
    found = [event["data"] async for event in events if event["type"] == "scriptorium.version.created"]
    assert found == [{"document": document.rsplit("/", 1)[1], "version": made}]


async def test_the_openapi_document_says_what_comes(house: House) -> None:
    described = (await house.http().get("/api/openapi.json")).json()
    base = "/api/workspaces/{workspace}/documents/{id}"
    operations = {path.removeprefix(base): item for path, item in described["paths"].items() if path.startswith(base)}
    made = operations["/versions"]["post"]
    assert made["responses"].keys() == {"201", "default"}
    assert made["x-authorization"] == "editor of the workspace"
    assert {p["name"] for p in operations["/versions"]["get"]["parameters"]} == {"workspace", "id", "before", "limit"}
    for path, schema in {
        "/versions/{version}": "VersionWhole",
        "/versions/{version}/diff": "Difference",
        "/attribution": "AttributionShown",
    }.items():
        answer = operations[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer == {"$ref": f"#/components/schemas/{schema}"}
    assert "text" in described["components"]["schemas"]["VersionWhole"]["required"]
