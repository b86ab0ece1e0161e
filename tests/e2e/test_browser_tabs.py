"""Open files have tabs, in one half or in two side by side."""

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDE = {"width": 1440, "height": 900}
LAPTOP = {"width": 1280, "height": 720}

LINES = "".join(f"line {number}\n" for number in range(1, 301))


def strip(tab: Tab) -> Locator:
    return tab.page.get_by_role("tablist", name="Open files")


def tabs(tab: Tab) -> Locator:
    return strip(tab).get_by_role("tab")


def half(tab: Tab, name: str) -> Locator:
    return tab.page.get_by_role("region", name=name)


async def names(tab: Tab, *expected: str) -> None:
    """The tabs of the only half, in their order."""
    await expect(tabs(tab).locator(".tab-name")).to_have_text(list(expected))


async def do(tab: Tab, title: str) -> None:
    """An action by its name."""
    await tab.page.keyboard.press("Control+Shift+P")
    await tab.page.get_by_role("combobox", name="All commands").fill(title)
    await expect(tab.page.get_by_role("option", selected=True)).to_contain_text(title)
    await tab.page.keyboard.press("Enter")


async def shelf(site: Server, folder: str, *more: str) -> None:
    for name in ("one.md", "two.md", "three.md", *more):
        await new_document(site, f"{folder}/{name}", f"# {name}\n")


async def test_a_click_looks_at_a_file_and_a_double_click_stays(site: Server, people: People) -> None:
    await shelf(site, "looking")
    owner = await people.owner(WIDE)
    page = owner.page
    await owner.open("looking/one.md")
    await names(owner, "one.md")
    await owner.row("two.md").click()
    await expect(owner.text("looking/two.md")).to_be_visible()
    await names(owner, "one.md", "two.md")
    await expect(page.get_by_role("tab", name="two.md, preview", exact=True)).to_have_attribute("aria-selected", "true")
    # The next one that is only looked at takes its place.
    await owner.row("three.md").click()
    await names(owner, "one.md", "three.md")
    await owner.row("three.md").dblclick()
    await expect(page.get_by_role("tab", name="three.md", exact=True)).to_be_visible()
    await owner.row("two.md").click()
    await names(owner, "one.md", "three.md", "two.md")
    # Whoever writes stays.
    await owner.type_at_end("looking/two.md", "More.")
    await expect(page.get_by_role("tab", name="two.md", exact=True)).to_be_visible()
    await people.picture(owner, "tabs")
    # Going back goes back between files, also to one whose tab another has taken.
    await page.go_back()
    await expect(owner.text("looking/three.md")).to_be_visible()
    await page.go_back()
    await expect(owner.text("looking/two.md")).to_be_visible()
    people.complain()


async def test_two_halves(site: Server, people: People) -> None:
    await shelf(site, "halves")
    owner = await people.owner(WIDE)
    page = owner.page
    await owner.open("halves/one.md")
    await owner.type_at_end("halves/one.md", "Left.")
    await page.keyboard.press("Control+\\")
    left, right = half(owner, "Left half"), half(owner, "Right half")
    await expect(right.get_by_role("textbox", name="Text of halves/one.md")).to_be_focused()
    await people.picture(owner, "split-same")
    await page.keyboard.press("Control+End")
    await page.keyboard.type(" Right.")
    await expect(left.get_by_role("textbox")).to_contain_text("Left. Right.")
    await owner.row("two.md").click()
    await expect(right.get_by_role("textbox", name="Text of halves/two.md")).to_be_visible()
    await people.picture(owner, "split")
    people.complain()
