"""The trash over HTTP."""

import pytest

from tests.server.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_deleted_listed_and_restored(house: House) -> None:
    w = await house.fresh_workspace()
    editor, viewer = house.http("editor"), house.http("viewer")
    created = (await editor.put(f"{w}/files/d/a.md", content=b"kept\r\n")).json()["id"]
    await editor.delete(f"{w}/files/d/a.md")
    [entry] = (await viewer.get(f"{w}/trash")).json()
    assert entry.pop("deleted_at").endswith("Z")
    by = house.users["editor"]
    assert entry == {
        "id": created,
        "path": "d/a.md",
        "kind": "text",
        "size": 6,
        "deleted_by": {"id": by.id, "name": by.name, "color": by.color},
    }
    assert (await viewer.post(f"{w}/trash/{created}/restore")).status_code == 403
    await editor.put(f"{w}/files/d/a.md", content=b"another")
    answer = await editor.post(f"{w}/trash/{created}/restore")
    assert (answer.status_code, answer.json()) == (200, {"id": created, "path": "d/a (2).md", "kind": "text"})
    assert (await viewer.get(f"{w}/files/d/a (2).md")).content == b"kept\r\n"
    assert (await viewer.get(f"{w}/trash")).json() == []
    again = await editor.post(f"{w}/trash/{created}/restore")
    assert again.status_code == 404
    assert again.headers["content-type"] == "application/problem+json"


async def test_the_trash_of_another_workspace(house: House) -> None:
    mine, other = await house.fresh_workspace(), await house.fresh_workspace()
    editor = house.http("editor")
    created = (await editor.put(f"{other}/files/a", content=b"x")).json()["id"]
    await editor.delete(f"{other}/files/a")
    assert (await editor.get(f"{mine}/trash")).json() == []
    assert (await editor.post(f"{mine}/trash/{created}/restore")).status_code == 404
