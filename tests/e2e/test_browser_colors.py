"""Colours of code, which everybody chooses for themselves."""

import pytest
from playwright.async_api import expect

from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODE = "def greet(name):\n    # A comment.\n    return f'Good morning, {name}'\n"
COLORS = """(editor) => {
  const keyword = [...editor.querySelectorAll('.cm-line span')].find((one) => one.textContent === 'def')
  return { paper: getComputedStyle(editor).backgroundColor, keyword: getComputedStyle(keyword).color }
}"""
INK = {"paper": "rgb(253, 252, 249)", "keyword": "rgb(107, 61, 125)"}
GITHUB = {"paper": "rgb(255, 255, 255)", "keyword": "rgb(206, 56, 70)"}
NORD = {"paper": "rgb(46, 52, 64)", "keyword": "rgb(146, 169, 199)"}


async def has(tab: Tab, colors: dict[str, str]) -> None:
    editor = tab.page.locator(".document .cm-editor")
    await expect(editor.locator(".cm-line span", has_text="def").first).to_be_visible()
    if colors is INK:
        await expect(editor).not_to_have_attribute("data-colors", "")
    else:
        await expect(editor).to_have_attribute("data-colors", "")
    await eventually(lambda: editor.evaluate(COLORS), lambda found: found == colors)


async def test_everybody_has_the_colours_of_code_that_they_chose(people: People, site: Server) -> None:
    path = "colours/greet.py"
    await new_document(site, path, CODE)
    ada = await people.owner()
    ben = await people.guest("editor", "Ben")
    for tab in (ada, ben):
        await tab.open(path)
        await has(tab, INK)

    await ada.page.keyboard.press("F1")
    await ada.page.keyboard.type("colours of code")
    await ada.page.keyboard.press("Enter")
    dialog = ada.page.get_by_role("dialog", name="Colours of code")
    light = dialog.get_by_role("group", name="While the page is light, as now")
    await expect(light.get_by_role("radio", name="Scriptorium")).to_be_checked()
    # By the keyboard alone, and to be seen at once in the text below.
    await light.get_by_role("radio", name="Scriptorium").focus()
    await ada.page.keyboard.press("ArrowDown")
    await expect(light.get_by_role("radio", name="GitHub")).to_be_checked()
    await has(ada, GITHUB)
    await dialog.get_by_role("group", name="While the page is dark").get_by_role("radio", name="Nord").check()
    await people.picture(ada, "colours")
    await ada.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await has(ada, GITHUB)

    await ada.page.emulate_media(color_scheme="dark")
    await has(ada, NORD)
    await ada.page.reload()
    await has(ada, NORD)
    await people.picture(ada, "colours-dark")
    await ada.page.emulate_media(color_scheme="light")
    await has(ada, GITHUB)
    await has(ben, INK)  # his own


async def test_colours_on_a_phone_and_in_the_dark(people: People, site: Server) -> None:
    path = "colours/phone.py"
    await new_document(site, path, CODE)
    tab = await people.guest("viewer", "Grace", PHONE)
    await tab.page.emulate_media(color_scheme="dark")
    await tab.open(path)
    await tab.page.get_by_role("button", name="Grace: theme and account").click()
    await tab.page.get_by_role("menuitem", name="Colours of code…").click()
    dialog = tab.page.get_by_role("dialog", name="Colours of code")
    await (
        dialog.get_by_role("group", name="While the page is dark, as now").get_by_role("radio", name="Dracula").check()
    )
    sample = dialog.get_by_role("textbox", name="Some code in these colours")
    await expect(sample).to_be_visible()
    await expect(dialog.locator(".cm-editor")).to_have_attribute("data-colors", "")
    await people.picture(tab, "colours-phone")
    await (
        dialog.get_by_role("group", name="While the page is dark, as now")
        .get_by_role("radio", name="Scriptorium")
        .check()
    )
    await expect(tab.page.locator("[data-colors]")).to_have_count(0)
