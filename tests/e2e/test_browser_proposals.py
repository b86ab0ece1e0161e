"""Proposals as people see and decide them: where they are drawn, what stays of them, and how they are taken back."""

import pytest
from playwright.async_api import Locator, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import People, Tab
from tests.e2e.helpers import file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESK = {"width": 1440, "height": 900}


async def proposed(site: Server, people: People, model: ModelServer, path: str, base: str, new: str) -> Tab:
    """The owner in a new file, with a proposal to turn all of it into `new`."""
    await new_document(site, path, base)
    owner = await people.owner(DESK)
    await owner.open(path)
    model.enqueue(Script(answer=new))
    await owner.select_all(path)
    await owner.ask("Correct it")
    await expect(owner.review).to_contain_text("to decide")
    return owner


async def picture_in_both(people: People, tab: Tab, name: str) -> None:
    await people.picture(tab, name)
    await tab.page.emulate_media(color_scheme="dark")
    await people.picture(tab, f"{name}-dark")
    await tab.page.emulate_media(color_scheme="light")


def line_of(tab: Tab, path: str, number: int) -> Locator:
    return tab.text(path).locator(".cm-line").nth(number - 1)


async def test_what_comes_before_a_blank_line_stands_there(site: Server, people: People, model: ModelServer) -> None:
    path = "proposals/paragraphs.md"
    base = (
        "The house stands on a hill. Nobody lives in it now, and Ada wrote it down\n\n"
        "last line of the first page, which she keeps\n\n"
        "Some day we shall see the garden, the well and the pond\n"
    )
    new = (
        "The house stands on a hill. Nobody lives in it now, and Ada wrote it down.\n\n"
        "The last line of the first page, which she keeps.\n\n"
        "Nothing of that has been found again since then. It is said to have been green.\n"
    )
    owner = await proposed(site, people, model, path, base, new)
    await expect(line_of(owner, path, 1).locator("ins.proposal-text")).to_have_text(".")
    await expect(line_of(owner, path, 3).locator("ins.proposal-text")).to_have_text(["The ", "."])
    await picture_in_both(people, owner, "proposal-paragraphs")
    await owner.review.get_by_role("button", name="Accept all").click()
    await owner.reads(path, new)
    assert await file_text(site, path) == new


async def test_a_block_that_is_wrapped_shows_its_new_place(site: Server, people: People, model: ModelServer) -> None:
    path = "proposals/wrapped.py"
    base = "def run(names):\n    greet(names)\n    leave(names)\n    return names\n"
    new = (
        "def run(names):\n    with open_house():\n        greet(names)\n        leave(names)\n    return names\n"
    )
    owner = await proposed(site, people, model, path, base, new)
    await expect(owner.review).to_contain_text("1 change to decide")
    await expect(owner.text(path).locator(".cm-replaced")).to_have_count(0)
    await expect(owner.text(path).locator(".proposal-block")).to_have_text("    with open_house():")
    await picture_in_both(people, owner, "proposal-wrapped")
    await owner.text(path).get_by_role("button", name="Accept").click()
    await owner.reads(path, new)


async def test_lines_that_change_from_their_middle_on_are_drawn_as_lines(
    site: Server, people: People, model: ModelServer
) -> None:
    path = "proposals/list.md"
    base, new = "To buy:\n- milk and bread\n- eggs of hens\n", "To buy:\n- cheese\n- apples, pears\n"
    owner = await proposed(site, people, model, path, base, new)
    await expect(owner.text(path).locator(".proposal-block .proposal-text")).to_have_text("- cheese\n- apples, pears")
    await picture_in_both(people, owner, "proposal-list")
    await owner.review.get_by_role("button", name="Accept").click()
    await owner.reads(path, new)
