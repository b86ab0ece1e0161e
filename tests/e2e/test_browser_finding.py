"""Finding things again: in all files, and in the trash."""

import asyncio

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


def field(tab: Tab, name: str = "Find") -> Locator:
    return tab.page.get_by_role("textbox", name=name, exact=True)


def found(tab: Tab, label: str) -> Locator:
    """A row of what was found, by what it says."""
    return tab.page.get_by_role("tree", name="Found").get_by_role("treeitem", name=label)


async def find(tab: Tab, query: str, only: str) -> None:
    """In the files of one folder: a site is shared by the tests of this file."""
    await tab.page.keyboard.press("Control+Shift+F")
    await field(tab).fill(query)
    await field(tab, "Only in these files or folders").fill(only)
    await field(tab).focus()


async def selected(tab: Tab) -> str:
    return str(await tab.page.evaluate("getSelection().toString()"))


async def test_a_match_is_found_and_gone_to_by_keyboard_alone(site: Server, people: People) -> None:
    await new_document(site, "inn/menu.md", "# Menu\n\n" + "filler\n" * 200 + "Bread and salted butter\n")
    await new_document(site, "inn/cellar/wine.txt", "butter beans\nno butterfly\n")
    tab = await people.owner()
    await find(tab, "butter", "inn")
    await expect(tab.page.get_by_text("3 matches in 2 files.")).to_be_visible()
    await people.picture(tab, "find")
    await tab.page.get_by_role("button", name="Whole words").click()
    await expect(tab.page.get_by_text("2 matches in 2 files.")).to_be_visible()
    await field(tab).focus()
    await tab.page.keyboard.press("ArrowDown")
    await expect(tab.page.get_by_role("tree", name="Found")).to_be_focused()
    await tab.page.keyboard.press("ArrowDown")
    await expect(found(tab, "Line 203: Bread and salted butter")).to_have_attribute("aria-selected", "true")
    await tab.page.keyboard.press("Space")
    await expect(tab.text("inn/menu.md")).to_be_visible()
    await expect(tab.page.get_by_role("tree", name="Found")).to_be_focused()
    await tab.page.keyboard.press("Enter")
    await expect(tab.text("inn/menu.md")).to_be_focused()
    await eventually(lambda: selected(tab), lambda text: text == "butter")
    await people.picture(tab, "find-gone-to")
    await tab.page.keyboard.press("F4")
    await expect(tab.text("inn/cellar/wine.txt")).to_be_focused()
    await eventually(lambda: selected(tab), lambda text: text == "butter")
    await tab.page.keyboard.press("Control+Shift+F")
    await expect(field(tab)).to_be_focused()
    await tab.page.keyboard.press("Escape")
    await expect(tab.page.get_by_role("tree", name="Files")).to_be_visible()
    await tab.page.get_by_role("button", name="Find in files").click()
    await expect(tab.page.get_by_text("2 matches in 2 files.")).to_be_visible()


async def test_words_for_nothing_and_for_what_is_no_expression(site: Server, people: People) -> None:
    await new_document(site, "odd/a.txt", "x(1)\nX(2)\n")
    tab = await people.owner()
    await find(tab, "nowhere at all", "odd")
    await expect(tab.page.get_by_text("Nothing was found.")).to_be_visible()
    await field(tab).fill("x(")
    await expect(tab.page.get_by_text("2 matches in 1 file.")).to_be_visible()
    await tab.page.get_by_role("button", name="Match case").click()
    await expect(tab.page.get_by_text("1 match in 1 file.")).to_be_visible()
    await tab.page.get_by_role("button", name="Regular expression").click()
    await expect(tab.page.get_by_role("alert")).to_contain_text("This is no regular expression: missing )")
    await people.picture(tab, "find-no-expression")
    await field(tab).fill(r"[xX]\(\d")
    await expect(tab.page.get_by_text("2 matches in 1 file.")).to_be_visible()
    await expect(tab.page.get_by_role("alert")).to_have_count(0)
    tab.errors = [error for error in tab.errors if "422" not in error]


async def test_the_search_goes_on_when_the_server_is_back(site: Server, people: People) -> None:
    await new_document(site, "away/a.txt", "one two\n")
    tab = await people.owner()
    await find(tab, "one", "away")
    await expect(tab.page.get_by_text("1 match in 1 file.")).to_be_visible()
    assert await site.stop() == 0
    await field(tab).fill("two")
    await expect(tab.page.get_by_role("alert")).to_contain_text("The server cannot be reached. The search goes on")
    await people.picture(tab, "find-server-away")
    await site.restart()
    await expect(tab.page.get_by_role("alert")).to_have_count(0, timeout=20_000)
    await expect(found(tab, "Line 1: one two")).to_be_visible()


async def test_more_than_a_page(site: Server, people: People) -> None:
    await new_document(site, "long/a.txt", "needle\n" * 700)
    tab = await people.owner()
    await find(tab, "needle", "long")
    await expect(tab.page.get_by_text("700 matches in 1 file. The first 500 are shown.")).to_be_visible()
    await tab.page.get_by_role("button", name="Show more").click()
    await expect(tab.page.get_by_text("700 matches in 1 file.", exact=True)).to_be_visible()
    await tab.page.get_by_role("tree", name="Found").focus()
    await tab.page.keyboard.press("End")
    await expect(found(tab, "Line 700: needle")).to_be_visible()


async def test_some_are_replaced_while_somebody_types_in_one_of_the_files(site: Server, people: People) -> None:
    await new_document(site, "guide/one.md", "A colour here.\nAnother color.\ncolor by color\nThe last color of all.\n")
    await new_document(site, "guide/two.md", "No color in this one.\n")
    await new_document(site, "guide/three.md", "color stays\n")
    owner = await people.owner()
    edda = await people.guest("editor", "Edda")
    await edda.open("guide/one.md")
    await find(owner, "color", "guide")
    await owner.page.get_by_role("button", name="Replace what is found").click()
    await field(owner, "Replace with").fill("hue")
    await expect(owner.page.get_by_role("button", name="Replace 6")).to_be_enabled()

    # One match and one file are left out, by keyboard and by mouse.
    await owner.page.get_by_role("tree", name="Found").focus()
    await owner.page.keyboard.press("Home")
    await expect(found(owner, "guide/one.md")).to_have_attribute("aria-checked", "true")
    await owner.page.keyboard.press("ArrowDown")
    await expect(found(owner, "Line 2: Another color.")).to_have_attribute("aria-selected", "true")
    await owner.page.keyboard.press("Space")
    await expect(found(owner, "Line 2: Another color.")).to_have_attribute("aria-checked", "false")
    await expect(found(owner, "guide/one.md")).to_have_attribute("aria-checked", "mixed")
    await found(owner, "guide/three.md").locator(".find-check").click()
    await expect(owner.page.get_by_role("button", name="Replace 4")).to_be_enabled()
    await people.picture(owner, "replace")

    # Somebody types above, and into a line that is to be replaced, until the very moment.
    await edda.text("guide/one.md").focus()
    await edda.page.keyboard.press("Control+Home")
    await edda.page.keyboard.type("Typed above.\n")
    await edda.page.keyboard.press("Control+End")
    await edda.page.keyboard.press("ArrowUp")
    await edda.page.keyboard.press("End")
    await edda.page.keyboard.type(" Or was it")
    await edda.is_saved()
    typing = asyncio.create_task(edda.page.keyboard.type(" not the last one", delay=20))
    await owner.page.get_by_role("button", name="Replace 4").click()
    await expect(owner.page.get_by_text("3 matches replaced in 2 files", exact=True)).to_be_visible()
    await expect(
        owner.page.get_by_text("1 match left alone: somebody has changed the text there.").first
    ).to_be_visible()
    await typing
    await expect(found(owner, "The last color of all.")).to_contain_text("changed since")
    await people.picture(owner, "replaced")
    text = (
        "Typed above.\nA colour here.\nAnother color.\nhue by hue\nThe last color of all. Or was it not the last one\n"
    )
    await edda.reads("guide/one.md", text)
    await eventually(lambda: file_text(site, "guide/one.md"), lambda found: found == text)
    assert await file_text(site, "guide/two.md") == "No hue in this one.\n"
    assert await file_text(site, "guide/three.md") == "color stays\n"


async def test_results_stay_and_say_when_their_line_has_changed(site: Server, people: People) -> None:
    await new_document(site, "stay/a.txt", "first lamp\nsecond lamp\nthird lamp\n")
    owner = await people.owner()
    edda = await people.guest("editor", "Edda")
    await find(owner, "lamp", "stay")
    await expect(found(owner, "Line 3: third lamp")).to_be_visible()
    await edda.open("stay/a.txt")
    await edda.text("stay/a.txt").focus()
    await edda.page.keyboard.press("Control+Home")
    await edda.page.keyboard.type("x")
    await edda.page.keyboard.press("End")
    await edda.page.keyboard.press("Enter")
    await expect(found(owner, "Line 4: third lamp")).to_be_visible()
    await expect(found(owner, "Line 1: first lamp, changed since")).to_be_visible()
    await owner.page.get_by_role("button", name="Search again").click()
    await expect(found(owner, "Line 1: xfirst lamp")).to_be_visible()


async def test_groups_of_an_expression_stand_in_what_it_becomes(site: Server, people: People) -> None:
    await new_document(site, "groups/a.txt", "me@home\n")
    owner = await people.owner()
    await find(owner, r"(\w+)@(\w+)", "groups")
    await owner.page.get_by_role("button", name="Regular expression").click()
    await owner.page.get_by_role("button", name="Replace what is found").click()
    await field(owner, "Replace with").fill("$2: $1")
    await expect(found(owner, "Line 1: me@home, becomes home: me")).to_be_visible()
    await owner.page.get_by_role("button", name="Replace 1").click()
    await eventually(lambda: file_text(site, "groups/a.txt"), lambda text: text == "home: me\n")


async def test_a_viewer_finds_and_cannot_replace(site: Server, people: People) -> None:
    await new_document(site, "seen/a.txt", "look here\n")
    viewer = await people.guest("viewer", "Vera")
    await find(viewer, "look", "seen")
    await expect(found(viewer, "Line 1: look here")).to_be_visible()
    await expect(viewer.page.get_by_role("button", name="Replace what is found")).to_have_count(0)
    await found(viewer, "Line 1: look here").click()
    await eventually(lambda: selected(viewer), lambda text: text == "look")


async def test_on_a_phone(site: Server, people: People) -> None:
    await new_document(site, "pocket/a.md", "Something to find on the way\n")
    phone = await people.guest("editor", "Pia", PHONE)
    await phone.page.get_by_role("button", name="Show the files").click()
    await phone.page.get_by_role("button", name="Find in files").click()
    await field(phone).fill("find")
    await field(phone, "Only in these files or folders").fill("pocket")
    await expect(found(phone, "Line 1: Something to find")).to_be_visible()
    await people.picture(phone, "find-phone")
    await found(phone, "Line 1: Something to find").click()
    await expect(phone.page.get_by_role("dialog", name="Find in files")).to_have_count(0)
    await eventually(lambda: selected(phone), lambda text: text == "find")
    await phone.page.get_by_role("button", name="Show the files").click()
    await expect(found(phone, "Line 1: Something to find")).to_be_visible()
    await phone.page.get_by_role("button", name="Back to the files").click()
    await phone.page.get_by_role("button", name="Trash").click()
    await expect(phone.page.get_by_role("dialog", name="Trash")).to_be_visible()
    await people.picture(phone, "trash-phone")


async def test_a_folder_that_one_has_deleted_is_put_back_by_another(site: Server, people: People) -> None:
    await new_document(site, "recipes/soup.md", "Leek soup\n")
    await new_document(site, "recipes/old/bread.md", "Rye bread\n")
    owner = await people.owner()
    edda = await people.guest("editor", "Edda")
    await edda.row("recipes").click()
    await edda.row("recipes").press("Delete")
    await edda.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    await expect(owner.row("recipes")).to_have_count(0)

    await owner.page.get_by_role("button", name="Trash").click()
    trash = owner.page.get_by_role("dialog", name="Trash")
    entry = trash.get_by_role("listitem").filter(has_text="recipes")
    await expect(entry).to_contain_text("Deleted by Edda")
    await expect(entry).to_contain_text("with all that was in it")
    await people.picture(owner, "trash")

    # What somebody else deletes meanwhile appears, and what they put back goes.
    await new_document(site, "passing.md", "x")
    await site.owner.http.delete(f"{site.workspace_path}/files/passing.md")
    passing = trash.get_by_role("listitem").filter(has_text="passing.md")
    await expect(passing).to_be_visible()
    await trash.get_by_role("checkbox", name="Choose passing.md").check()
    await trash.get_by_role("checkbox", name="Choose recipes").check()
    await trash.get_by_role("button", name="Put back 2").click()
    await expect(entry).to_have_count(0)
    await expect(edda.row("recipes")).to_be_visible()
    # Its row may be further down than the list shows: the tests before this one have left files.
    assert await file_text(site, "passing.md") == "x"
    assert await file_text(site, "recipes/old/bread.md") == "Rye bread\n"
    await owner.page.keyboard.press("Escape")
    await expect(owner.page.get_by_role("button", name="Trash")).to_be_focused()


async def test_what_was_just_deleted_is_put_back_from_the_message(site: Server, people: People) -> None:
    await new_document(site, "mistake.md", "Not to be lost\n")
    owner = await people.owner()
    await owner.open("mistake.md")  # brings its row into sight, which the files of tests before this one push down
    await owner.row("mistake.md").press("Delete")
    await owner.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    await expect(owner.page.get_by_text("“mistake.md” was deleted", exact=True)).to_be_visible()
    await people.picture(owner, "deleted-message")
    await owner.page.get_by_role("button", name="Put back").click()
    await expect(owner.row("mistake.md")).to_be_visible()
    await owner.reads("mistake.md", "Not to be lost\n")
    await owner.type_at_end("mistake.md", "nor forgotten")
    await owner.is_saved()


async def test_one_file_of_the_trash_opens_once_it_is_back(site: Server, people: People) -> None:
    await new_document(site, "drawer/letter.md", "Dear Ann\n")
    await site.owner.http.delete(f"{site.workspace_path}/files/drawer/letter.md")
    await new_document(site, "drawer/letter.md", "Another letter\n")
    owner = await people.owner()
    await owner.page.get_by_role("button", name="Trash").click()
    await owner.page.get_by_role("button", name="Put back drawer/letter.md").click()
    await owner.reads("drawer/letter (2).md", "Dear Ann\n")
    await expect(owner.page.get_by_text("It is at “drawer/letter (2).md” now.", exact=True)).to_be_visible()


async def test_a_viewer_looks_into_the_trash(site: Server, people: People) -> None:
    await new_document(site, "gone.md", "x")
    await site.owner.http.delete(f"{site.workspace_path}/files/gone.md")
    viewer = await people.guest("viewer", "Vera")
    await viewer.page.get_by_role("button", name="Trash").click()
    trash = viewer.page.get_by_role("dialog", name="Trash")
    await expect(trash.get_by_role("listitem").filter(has_text="gone.md")).to_be_visible()
    await expect(trash.get_by_role("button", name="Put back")).to_have_count(0)
    await expect(trash.get_by_role("checkbox")).to_have_count(0)
    await people.picture(viewer, "trash-viewer")
