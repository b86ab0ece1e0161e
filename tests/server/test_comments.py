"""Comments over HTTP: their shape, who may do what, and what everybody is told."""

import pytest

from tests.server.conftest import House
from tests.server.test_versions import write

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_thread_from_beginning_to_end(house: House) -> None:
    w = await house.fresh_workspace()
    editor, owner, viewer = house.http("editor"), house.http("owner"), house.http("viewer")
    document = await write(house, w, "a.md", "one two\n")
    begun = await editor.post(f"{document}/comments", json={"start": 4, "end": 7, "text": "Why?", "expected": "two"})
    assert begun.status_code == 201
    thread = begun.json()
    who = house.users["editor"]
    [message] = thread["messages"]
    assert message["by"] == {"id": who.id, "name": who.name, "color": who.color}
    assert (thread["quote"], len(thread["anchors"]), thread["resolved_by"]) == ("two", 2, None)
    assert (await viewer.get(f"{document}/comments")).json() == [thread]
    assert (await viewer.get(f"{w}/comments")).json() == [thread]
    at = f"{w}/comments/{thread['id']}"
    answered = (await owner.post(f"{at}/messages", json={"text": "Because."})).json()
    assert [one["text"] for one in answered["messages"]] == ["Why?", "Because."]
    mine = answered["messages"][1]["id"]
    refused = await editor.patch(f"{at}/messages/{mine}", json={"text": "Mine"})
    assert (refused.status_code, refused.json()["detail"]) == (403, "Only who wrote a comment can change it.")
    assert (await owner.patch(f"{at}/messages/{mine}", json={"text": "Because!"})).json()["messages"][1]["edited_at"]
    resolved = (await editor.post(f"{at}/resolution", json={"resolved": True})).json()
    assert resolved["resolved_by"]["name"] == who.name
    assert (await viewer.get(f"{w}/comments")).json() == []
    assert (await viewer.get(f"{document}/comments")).json() == [resolved]
    assert (await owner.delete(f"{at}/messages/{mine}")).status_code == 204
    assert (await editor.delete(f"{at}/messages/{message['id']}")).status_code == 204
    assert (await viewer.get(f"{document}/comments")).json() == []
    gone = await editor.post(f"{at}/messages", json={"text": "Late"})
    assert (gone.status_code, gone.json()["detail"]) == (404, "There is no such comment.")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"start": 0, "end": 3, "text": "  "}, 422),
        ({"start": 3, "end": 0, "text": "x"}, 422),
        ({"start": 0, "end": 300, "text": "x"}, 422),
        ({"start": 1, "end": 2, "text": "x"}, 422),
        ({"start": -1, "end": 2, "text": "x"}, 422),
        ({"start": 0, "end": 2, "text": "x", "expected": "y"}, 409),
        ({"text": "x"}, 422),
        ({"start": 0, "text": "x"}, 422),
        ({"start": 0, "end": 2, "anchors": ["AA==", "AA=="], "text": "x"}, 422),
        ({"anchors": ["AA==", "!"], "text": "x"}, 422),
        ({"anchors": ["/////w==", "/////w=="], "text": "x"}, 422),
        ({"anchors": ["AA==", "AA=="], "text": "x"}, 422),
    ],
)
async def test_what_makes_no_sense_is_refused(house: House, body: dict[str, object], status: int) -> None:
    w = await house.fresh_workspace()
    document = await write(house, w, "a.md", "😀 one\n")
    answer = await house.http("editor").post(f"{document}/comments", json=body)
    assert answer.status_code == status
    assert (await house.http("viewer").get(f"{document}/comments")).json() == []


async def test_a_place_by_its_anchors(house: House) -> None:
    w = await house.fresh_workspace()
    editor = house.http("editor")
    document = await write(house, w, "a.md", "one two\n")
    first = (await editor.post(f"{document}/comments", json={"start": 4, "end": 7, "text": "x"})).json()
    await write(house, w, "a.md", "before one two\n")
    answer = await editor.post(f"{document}/comments", json={"anchors": first["anchors"], "text": "y"})
    assert (answer.status_code, answer.json()["quote"]) == (201, "two")
    assert answer.json()["anchors"] == first["anchors"]


async def test_comments_of_another_workspace_and_of_what_is_no_text(house: House) -> None:
    w, other = await house.fresh_workspace(), await house.fresh_workspace()
    editor = house.http("editor")
    document = await write(house, w, "a.md", "one\n")
    thread = (await editor.post(f"{document}/comments", json={"start": 0, "end": 3, "text": "x"})).json()
    elsewhere = document.replace(w, other)
    assert (await editor.get(f"{elsewhere}/comments")).status_code == 404
    assert (await editor.post(f"{other}/comments/{thread['id']}/messages", json={"text": "x"})).status_code == 404
    binary = await write(house, w, "b.bin", b"\0\1")
    answer = await editor.get(f"{binary}/comments")
    assert (answer.status_code, answer.json()["detail"]) == (409, "A binary file has no comments.")
