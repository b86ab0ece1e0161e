"""The catalogue of events is whole, and its pages are made of it."""

import re
from pathlib import Path
from typing import Any

import pytest

from server import asyncapi
from server.event_types import EVENT_TYPES
from tests.server.conftest import House
from tests.support.event_shapes import flaws

ROOT = Path(__file__).parents[2]
NO_EVENTS = {"scriptorium.jobs", "scriptorium.analysis", "scriptorium.events"}
"""Topics of wake-ups."""


def test_every_type_that_the_code_names_is_in_it_and_no_other() -> None:
    named = {
        name
        for folder in ("server", "ai", "collab", "storage")
        for file in (ROOT / folder).rglob("*.py")
        if file.name != "event_types.py"
        for name in re.findall(r'"(scriptorium\.[a-z]+\.[a-z]+)"', file.read_text())
    }
    assert named - {name for name in named if name.startswith("scriptorium.jobs.")} == {
        one.name for one in EVENT_TYPES if not one.name.startswith("external.")
    }


def test_the_page_is_up_to_date() -> None:
    """Otherwise: python -m server.asyncapi > docs/events.md"""
    assert (ROOT / "docs" / "events.md").read_text() == asyncapi.page()


async def test_programs_read_the_same(house: House) -> None:
    document = (await house.http().get("/api/asyncapi.json")).json()
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]["events"]["messages"]) == {one.name for one in EVENT_TYPES}
    references = list(_references(document))
    assert references
    for reference in references:
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    payload = document["components"]["messages"]["scriptorium.notices.read"]["payload"]
    schema = payload["properties"]["data"]["$ref"].rsplit("/", 1)[-1]
    assert set(document["components"]["schemas"][schema]["required"]) == {"notices", "by"}


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return here + [found for value in node.values() for found in _references(value)]
    return [found for value in node for found in _references(value)] if isinstance(node, list) else []


@pytest.mark.parametrize(
    ("type", "data", "kept", "flaw"),
    [
        ("scriptorium.notices.read", {"notices": ["a"], "by": "b"}, True, None),
        ("made.up", {}, True, None),
        ("scriptorium.made.up", {}, True, "is not in the catalogue"),
        ("scriptorium.notices.read", {"notices": ["a"], "by": "b"}, False, "is not numbered"),
        ("scriptorium.notices.read", {"notices": "a", "by": "b"}, True, "valid list"),
        ("scriptorium.notices.read", {"notices": [], "by": "b", "more": 1}, True, "extra"),
        (
            "scriptorium.conversation.changed",
            {
                "id": "a",
                "title": "b",
                "created_by": {"id": "c", "name": "d", "secret": 1},
                "created_at": "",
                "updated_at": "",
            },
            True,
            "does not declare data.created_by.secret",
        ),
    ],
)
def test_flaws_are_found(type: str, data: dict[str, Any], kept: bool, flaw: str | None) -> None:
    found = flaws(type, data, kept)
    assert (not found) if flaw is None else flaw in found[0]
