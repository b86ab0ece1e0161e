"""Notices over HTTP: their shape, who may do what, and what is refused."""

from typing import Any

import pytest

from tests.server.conftest import House
from tests.server.test_versions import write

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNTIDY = "import os\nimport sys\n\nprint(sys.argv)\n"


async def noticed(house: House, w: str, path: str, text: str) -> dict[str, Any]:
    document = (await write(house, w, path, text)).rpartition("/")[2]
    await house.services.assistant.triggers.faults(w.rpartition("/")[2], document, path, text)
    [notice] = (await house.http("viewer").get(f"{w}/notices")).json()
    assert isinstance(notice, dict)
    return notice


async def test_a_notice_is_accepted_once_for_all(house: House) -> None:
    w = await house.fresh_workspace()
    editor, viewer = house.http("editor"), house.http("viewer")
    notice = await noticed(house, w, "a.py", UNTIDY)
    assert (notice["state"], notice["path"], notice["kind"]) == ("open", "a.py", "faults")
    at = f"{w}/notices/{notice['id']}/decision"
    assert (await viewer.post(at, json={"decision": "accept"})).status_code == 403
    accepted = await editor.post(at, json={"decision": "accept", "shown_ms": 900})
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    assert accepted.json()["decided_by"]["name"] == house.users["editor"].name
    assert (await viewer.get(f"{w}/files/a.py")).text == UNTIDY.replace("import os\n", "")
    again = await editor.post(at, json={"decision": "accept"})
    assert (again.status_code, again.json()["reason"]) == (409, "decided")
    # Now that it is decided it is a suggestion like any other.
    suggestion = (await viewer.get(f"/api/suggestions/{notice['suggestion']}")).json()
    assert (suggestion["notice"], suggestion["requested_by"]["id"]) == (notice["id"], "assistant")


async def test_whoever_decides_the_suggestion_decides_the_notice(house: House) -> None:
    w = await house.fresh_workspace()
    editor = house.http("editor")
    notice = await noticed(house, w, "a.py", UNTIDY)
    decisions = f"/api/suggestions/{notice['suggestion']}/decisions"
    assert (await editor.post(decisions, json={"hunks": "all", "decision": "reject"})).status_code == 200
    [after] = (await editor.get(f"{w}/notices")).json()
    assert after["state"] == "rejected"


async def test_reading_is_for_everybody_and_ones_own(house: House) -> None:
    w = await house.fresh_workspace()
    viewer = house.http("viewer")
    notice = await noticed(house, w, "a.json", "{,}")
    read = await viewer.post(f"{w}/notices/read", json={"notices": [notice["id"], "unknown"]})
    assert read.status_code == 204
    [after] = (await house.http("owner").get(f"{w}/notices")).json()
    assert after["read_by"] == [house.users["viewer"].id]


async def test_what_makes_no_sense_is_refused(house: House) -> None:
    w, other = await house.fresh_workspace(), await house.fresh_workspace()
    editor = house.http("editor")
    notice = await noticed(house, w, "a.json", "{,}")
    at = f"notices/{notice['id']}/decision"
    assert (await editor.post(f"{w}/{at}", json={"decision": "accept"})).status_code == 409
    assert (await editor.post(f"{w}/{at}", json={"decision": "undo"})).status_code == 409
    assert (await editor.post(f"{w}/{at}", json={"decision": "perhaps"})).status_code == 422
    assert (await editor.post(f"{other}/{at}", json={"decision": "reject"})).status_code == 404
    assert (await editor.post(f"{w}/notices/read", json={"notices": []})).status_code == 422
    assert (await editor.post(f"{w}/{at}", json={"decision": "reject"})).status_code == 200
