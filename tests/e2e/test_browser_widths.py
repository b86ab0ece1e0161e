"""Files and panels beside the text are as wide as one makes them."""

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = "Width: Files"


def line(tab: Tab, name: str) -> Locator:
    return tab.page.get_by_role("separator", name=name)


async def measured(where: Locator) -> float:
    box = await where.bounding_box()
    assert box is not None
    return box["width"]


async def has_width(tab: Tab, name: str, width: float) -> None:
    side = tab.page.get_by_role("complementary", name=name, exact=True)
    await eventually(lambda: measured(side), lambda found: found == width)


async def drag(tab: Tab, where: Locator, by: int) -> None:
    box = await where.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 300
    await tab.page.mouse.move(x, y)
    await tab.page.mouse.down()
    await tab.page.mouse.move(x + by / 2, y, steps=3)
    await tab.page.mouse.move(x + by, y, steps=3)
    await tab.page.mouse.up()


async def test_the_sides_are_as_wide_as_one_makes_them(site: Server, people: People) -> None:
    # Rows beside all of the line: none of them is dragged with it.
    for number in range(24):
        await new_document(site, f"widths/file-{number:02}.md", "")
    await new_document(site, "widths/wide.md", "one\n")
    owner = await people.owner({"width": 1440, "height": 900})
    await owner.open("widths/wide.md")
    await has_width(owner, "Files", 264)
    await owner.show_panel("Conversations with the assistant")
    await has_width(owner, "Conversations", 352)

    await drag(owner, line(owner, FILES), 100)
    await has_width(owner, "Files", 364)
    await expect(line(owner, FILES)).to_have_attribute("aria-valuenow", "364")
    await drag(owner, line(owner, "Width: Conversations"), -80)
    await has_width(owner, "Conversations", 432)
    # What a dragged line passes over is not selected, and the text keeps its place whatever one asks for.
    assert await owner.page.evaluate("getSelection().toString()") == ""
    await drag(owner, line(owner, FILES), 2000)
    assert await measured(owner.page.get_by_role("main")) >= 320
    await drag(owner, line(owner, FILES), -2000)
    await has_width(owner, "Files", 216)
    await people.picture(owner, "widths-least")

    await owner.page.reload()
    await expect(owner.text("widths/wide.md")).to_be_visible()
    await has_width(owner, "Files", 216)
    # Any panel has the width that one has given the panel.
    await owner.show_panel("People")
    await has_width(owner, "People", 432)

    await line(owner, FILES).dblclick(position={"x": 4, "y": 300})
    await has_width(owner, "Files", 264)


async def test_the_sides_are_moved_by_keys(site: Server, people: People) -> None:
    await new_document(site, "widths/keys.md", "one\n")
    owner = await people.owner({"width": 1280, "height": 720})
    await owner.open("widths/keys.md")
    await line(owner, FILES).focus()
    await owner.page.keyboard.press("ArrowRight")
    await owner.page.keyboard.press("ArrowRight")
    await has_width(owner, "Files", 264 + 32)
    await people.picture(owner, "widths-keys")
    await owner.page.keyboard.press("End")
    await has_width(owner, "Files", 1280 - 320 - 272)
    await owner.page.keyboard.press("Home")
    await has_width(owner, "Files", 216)
    await owner.page.keyboard.press("Enter")
    await has_width(owner, "Files", 264)

    await owner.show_panel("People")
    await line(owner, "Width: People").focus()
    await owner.page.keyboard.press("ArrowLeft")
    await has_width(owner, "People", 352 + 16)
    await owner.page.keyboard.press("Escape")
    await expect(owner.page.get_by_role("complementary", name="People")).to_have_count(0)


async def test_two_halves_are_made_equal_again(site: Server, people: People) -> None:
    await new_document(site, "widths/halves.md", "one\n")
    owner = await people.owner({"width": 1440, "height": 900})
    await owner.open("widths/halves.md")
    await owner.page.keyboard.press("Control+\\")
    divider = line(owner, "Width of the halves")
    await drag(owner, divider, 150)
    left = owner.page.get_by_role("region", name="Left half")
    right = owner.page.get_by_role("region", name="Right half")

    async def difference() -> float:
        return await measured(left) - await measured(right)

    await eventually(difference, lambda found: found > 250)
    await divider.dblclick(position={"x": 0, "y": 300})
    await eventually(difference, lambda found: abs(found) < 4)


async def test_a_phone_has_drawers_of_their_own_width(site: Server, people: People) -> None:
    await new_document(site, "widths/phone.md", "one\n")
    owner = await people.owner(PHONE)
    await owner.open("widths/phone.md")
    await owner.page.get_by_role("button", name="Show the files").click()
    assert await measured(owner.page.get_by_role("dialog", name="Files")) == 320
    await expect(owner.page.get_by_role("separator")).to_have_count(0)
