"""Files to begin with."""

import pytest

from tests.server.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_empty_workspace_gets_them_once(house: House) -> None:
    w = await house.fresh_workspace()
    editor = house.http("editor")
    brought = await editor.post(f"{w}/examples")
    assert brought.status_code == 201
    paths = brought.json()["paths"]
    assert {"Welcome.md", "untidy.py"} <= set(paths)
    assert {one["path"] for one in (await editor.get(f"{w}/tree")).json()} == set(paths)
    again = await editor.post(f"{w}/examples")
    assert (again.status_code, again.json()["detail"]) == (409, "This workspace is not empty any more.")


async def test_what_somebody_has_written_is_in_the_way(house: House) -> None:
    w = await house.fresh_workspace()
    editor = house.http("editor")
    await editor.put(f"{w}/files/Welcome.md", content=b"mine")
    assert (await editor.post(f"{w}/examples")).status_code == 409
    await editor.delete(f"{w}/files/Welcome.md")
    assert (await editor.post(f"{w}/examples")).status_code == 201
    assert (await editor.get(f"{w}/files/Welcome.md")).text.startswith("# Welcome")
