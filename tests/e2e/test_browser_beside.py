"""A file of the tree is opened to the side: dragged there, from its menu, from the palette, and by a key."""

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def two_files(site: Server, people: People, folder: str) -> Tab:
    for name in ("one", "two"):
        await new_document(site, f"{folder}/{folder}-{name}.md", f"{name}\n")
    owner = await people.owner({"width": 1440, "height": 900})
    await owner.open(f"{folder}/{folder}-one.md")
    return owner


def half(tab: Tab, name: str) -> Locator:
    return tab.page.get_by_role("region", name=name)


def shown_in(where: Locator) -> Locator:
    return where.get_by_role("tab", selected=True)


async def test_a_file_is_dragged_onto_a_text(site: Server, people: People) -> None:
    owner = await two_files(site, people, "dropped")
    row, other = owner.row("dropped-two.md"), owner.row("dropped-one.md")
    text = owner.page.get_by_role("tabpanel")
    # On the left of the only half it opens there, on the right it makes another.
    await row.drag_to(text, target_position={"x": 200, "y": 300})
    await owner.reads("dropped/dropped-two.md", "two\n")
    await expect(owner.page.get_by_role("tab")).to_have_count(2)
    await other.drag_to(text, target_position={"x": 900, "y": 300})
    await expect(shown_in(half(owner, "Right half"))).to_contain_text("dropped-one.md")
    await expect(shown_in(half(owner, "Left half"))).to_contain_text("dropped-two.md")
    # Onto the half that has not the focus, and among its tabs.
    await row.drag_to(half(owner, "Right half").get_by_role("tabpanel"))
    await expect(shown_in(half(owner, "Right half"))).to_contain_text("dropped-two.md")
    await new_document(site, "dropped/dropped-three.md", "three\n")
    strip = half(owner, "Left half").get_by_role("tab")
    await owner.row("dropped-three.md").drag_to(strip.nth(0), target_position={"x": 4, "y": 10})
    await expect(strip.nth(0)).to_contain_text("dropped-three.md")
    await expect(strip.nth(0)).to_have_attribute("aria-selected", "true")
    # Nothing was moved, and nothing typed.
    for name in ("one", "two", "three"):
        assert await file_text(site, f"dropped/dropped-{name}.md") == f"{name}\n"
    # A folder does not open.
    await owner.row("dropped").drag_to(half(owner, "Right half").get_by_role("tabpanel"))
    await expect(shown_in(half(owner, "Right half"))).to_contain_text("dropped-two.md")


async def test_who_only_reads_drags_as_well(site: Server, people: People) -> None:
    await two_files(site, people, "read")
    guest = await people.guest("viewer", "Reader", {"width": 1440, "height": 900})
    await guest.open("read/read-one.md")
    await guest.row("read-two.md").drag_to(guest.page.get_by_role("tabpanel"), target_position={"x": 900, "y": 300})
    await expect(shown_in(half(guest, "Right half"))).to_contain_text("read-two.md")
    await guest.row("read-two.md").drag_to(guest.row("Welcome.md"))
    assert await file_text(site, "read/read-two.md") == "two\n"


async def test_a_file_is_opened_to_the_side_by_its_menu_a_key_and_the_palette(site: Server, people: People) -> None:
    owner = await two_files(site, people, "beside")
    page = owner.page
    await owner.row("beside-two.md").click(button="right")
    await people.picture(owner, "beside-menu")
    await page.get_by_role("menuitem", name="Open to the side").click()
    await expect(shown_in(half(owner, "Right half"))).to_contain_text("beside-two.md")
    await expect(owner.text("beside/beside-two.md")).to_be_focused()
    await people.picture(owner, "beside-two")

    await owner.row("beside-two.md").focus()
    await page.keyboard.press("Control+Enter")
    await expect(shown_in(half(owner, "Left half"))).to_contain_text("beside-two.md")

    await owner.row("beside-one.md").click(modifiers=["Control"])
    await owner.row("beside-two.md").click(modifiers=["Control"])
    await page.keyboard.press("Control+Shift+p")
    await page.keyboard.type("open to the side")
    await page.keyboard.press("Enter")
    await expect(half(owner, "Right half").get_by_role("tab")).to_have_count(2)


async def test_on_a_phone_there_is_no_side(site: Server, people: People) -> None:
    await new_document(site, "phone/phone-one.md", "one\n")
    owner = await people.owner(PHONE)
    await owner.open("phone/phone-one.md")
    await owner.page.get_by_role("button", name="Show the files").click()
    await owner.row("phone-one.md").click(button="right")
    await expect(owner.page.get_by_role("menuitem", name="Copy path")).to_be_visible()
    await expect(owner.page.get_by_role("menuitem", name="Open to the side")).to_have_count(0)
