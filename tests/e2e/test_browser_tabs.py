"""Open files have tabs, in one half or in two side by side."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.accessibility import violations
from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDE = {"width": 1440, "height": 900}
LAPTOP = {"width": 1280, "height": 720}

LINES = "".join(f"line {number}\n" for number in range(1, 301))

BRACES = "function one() {\n  return 1\n}\n" + "".join(f"const name{number} = {number}\n" for number in range(1, 200))

SOCKETS = """
() => {
  globalThis.sockets = new Set()
  const Plain = WebSocket
  globalThis.WebSocket = class extends Plain {
    constructor(url, ...rest) {
      super(url, ...rest)
      sockets.add(this)
      this.addEventListener('close', () => sockets.delete(this))
    }
  }
}
"""
"""Has a page remember which sockets it has open."""


def strip(tab: Tab) -> Locator:
    return tab.page.get_by_role("tablist", name="Open files")


def tabs(place: Tab | Locator) -> Locator:
    return (place.page if isinstance(place, Tab) else place).get_by_role("tab")


def half(tab: Tab, name: str) -> Locator:
    return tab.page.get_by_role("region", name=name)


async def names(place: Tab | Locator, *expected: str) -> None:
    """The tabs of the only half, or of this one, in their order."""
    await expect(tabs(place).locator(".tab-name")).to_have_text(list(expected))


async def shows(place: Tab | Locator, name: str) -> None:
    """Which tab is the chosen one, with all that its name says."""
    root = place.page if isinstance(place, Tab) else place
    await expect(root.get_by_role("tab", selected=True)).to_have_accessible_name(name)


async def do(tab: Tab, title: str) -> None:
    """An action by its name."""
    await tab.page.keyboard.press("Control+Shift+P")
    await tab.page.get_by_role("combobox", name="All commands").fill(title)
    await expect(tab.page.get_by_role("option", selected=True)).to_contain_text(title)
    await tab.page.keyboard.press("Enter")


async def open_all(tab: Tab, *paths: str) -> None:
    """Each in a tab that stays, as one opens them by their names."""
    for path in paths:
        await tab.page.keyboard.press("Control+p")
        await tab.page.get_by_role("combobox", name="Open a file").fill(path)
        await expect(tab.page.get_by_role("option", selected=True)).to_contain_text(path.split("/")[-1].split(":")[0])
        await tab.page.keyboard.press("Enter")
        await expect(tab.text(path.split(":")[0])).to_be_focused()


async def shelf(site: Server, folder: str, *more: str) -> None:
    for name in ("one.md", "two.md", "three.md", *more):
        await new_document(site, f"{folder}/{name}", f"# {name}\n")


async def at_top(place: Locator) -> tuple[str, int]:
    """The first line in sight, and how many pixels of it are not."""
    line, above = await place.evaluate(
        """content => {
          const top = content.closest('.cm-scroller').getBoundingClientRect().top
          const lines = [...content.querySelectorAll('.cm-line')]
          const first = lines.find((line) => line.getBoundingClientRect().bottom > top + 1)
          return [first.textContent, Math.round(top - first.getBoundingClientRect().top)]
        }"""
    )
    return line, above


async def test_a_click_looks_at_a_file_and_a_double_click_stays(site: Server, people: People) -> None:
    await shelf(site, "looking")
    owner = await people.owner(WIDE)
    page = owner.page
    await owner.open("looking/one.md")
    await names(owner, "one.md")
    await owner.row("two.md").click()
    await expect(owner.text("looking/two.md")).to_be_visible()
    await names(owner, "one.md", "two.md")
    await shows(owner, "two.md, preview")
    # The next one that is only looked at takes its place.
    await owner.row("three.md").click()
    await names(owner, "one.md", "three.md")
    await owner.row("three.md").dblclick()
    await shows(owner, "three.md")
    await owner.row("two.md").click()
    await names(owner, "one.md", "three.md", "two.md")
    # Whoever writes stays.
    await owner.type_at_end("looking/two.md", "More.")
    await shows(owner, "two.md")
    await owner.is_saved()
    await people.picture(owner, "tabs")
    # Going back goes back between files, also to one whose tab another has taken.
    await page.go_back()
    await expect(owner.text("looking/three.md")).to_be_visible()
    await page.go_back()
    await expect(owner.text("looking/two.md")).to_be_visible()
    await names(owner, "one.md", "three.md", "two.md")
    # The keyboard has it as well: once more on the file that is open.
    await owner.row("one.md").click()
    await tabs(owner).nth(0).dblclick()
    await do(owner, "Close the other tabs")
    await names(owner, "one.md")
    await owner.row("two.md").click()
    await shows(owner, "two.md, preview")
    await page.keyboard.press("Enter")
    await shows(owner, "two.md")
    assert await violations(page) == []
    people.complain()


async def test_tabs_by_the_keyboard_alone(site: Server, people: People) -> None:
    await shelf(site, "keyed")
    owner = await people.owner(LAPTOP)
    page = owner.page
    await owner.open("keyed/one.md")
    await open_all(owner, "keyed/two.md", "keyed/three.md")
    await names(owner, "one.md", "two.md", "three.md")
    await page.keyboard.press("Alt+PageDown")
    await expect(owner.text("keyed/one.md")).to_be_focused()
    await page.keyboard.press("Alt+PageUp")
    await expect(owner.text("keyed/three.md")).to_be_focused()
    await page.keyboard.press("Alt+Shift+PageUp")
    await names(owner, "one.md", "three.md", "two.md")
    await expect(owner.text("keyed/three.md")).to_be_focused()
    # Closed, the tab that was shown before comes; and back where it was.
    await page.keyboard.press("Alt+w")
    await expect(owner.text("keyed/one.md")).to_be_focused()
    await names(owner, "one.md", "two.md")
    await page.keyboard.press("Alt+Shift+r")
    await expect(owner.text("keyed/three.md")).to_be_focused()
    await names(owner, "one.md", "three.md", "two.md")

    # In the strip itself: the arrow keys go along it, Enter shows, Delete closes, and the focus stays.
    await tabs(owner).nth(1).focus()
    await page.keyboard.press("ArrowRight")
    await expect(tabs(owner).nth(2)).to_be_focused()
    await shows(owner, "three.md")
    await page.keyboard.press("Enter")
    await shows(owner, "two.md")
    await page.keyboard.press("Delete")
    await names(owner, "one.md", "three.md")
    await expect(tabs(owner).nth(1)).to_be_focused()
    await page.keyboard.press("Shift+F10")
    await expect(page.get_by_role("menuitem", name="Close the other tabs")).to_be_visible()
    await people.picture(owner, "tab-menu")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await tabs(owner).nth(1).focus()

    await page.keyboard.press("Delete")
    await expect(tabs(owner)).to_be_focused()
    await page.keyboard.press("Delete")
    await expect(page.get_by_role("heading", name="First workspace")).to_be_visible()
    await expect(strip(owner)).to_have_count(0)
    await page.keyboard.press("Alt+Shift+r")
    await expect(owner.text("keyed/one.md")).to_be_focused()
    people.complain()


async def test_the_mouse_closes_and_arranges(site: Server, people: People) -> None:
    await shelf(site, "mouse")
    owner = await people.owner(WIDE)
    page = owner.page
    await owner.open("mouse/one.md")
    await open_all(owner, "mouse/two.md", "mouse/three.md")
    await tabs(owner).nth(0).click(button="middle")
    await names(owner, "two.md", "three.md")
    await expect(owner.text("mouse/three.md")).to_be_focused()
    await tabs(owner).nth(0).hover()
    await page.locator(".tab-slot").nth(0).locator(".tab-close").click()
    await names(owner, "three.md")
    await expect(owner.text("mouse/three.md")).to_be_focused()
    await open_all(owner, "mouse/one.md", "mouse/two.md")
    await tabs(owner).nth(2).drag_to(tabs(owner).nth(0), target_position={"x": 4, "y": 10})
    await names(owner, "two.md", "three.md", "one.md")
    # One that is dropped on the right of the text makes a half there, one that is dropped on the other text goes there.
    await tabs(owner).nth(1).drag_to(page.locator(".pane"), target_position={"x": 900, "y": 300})
    left, right = half(owner, "Left half"), half(owner, "Right half")
    await names(left, "two.md", "one.md")
    await names(right, "three.md")
    await tabs(left).nth(0).drag_to(right.locator(".pane"))
    await names(left, "one.md")
    await names(right, "three.md", "two.md")
    # Nothing of that was typed into a text.
    assert await file_text(site, "mouse/three.md") == "# three.md\n"
    # Without a tab a half is none.
    await tabs(left).nth(0).drag_to(tabs(right).nth(0), target_position={"x": 4, "y": 10})
    await expect(left).to_have_count(0)
    await names(owner, "one.md", "three.md", "two.md")
    people.complain()


async def test_going_to_another_tab_and_back_changes_nothing(site: Server, people: People) -> None:
    await new_document(site, "places/lines.txt", LINES)
    await new_document(site, "places/folded.js", BRACES)
    owner = await people.owner(LAPTOP)
    page = owner.page
    await page.add_init_script(f"({SOCKETS})()")
    await owner.open("places/lines.txt")
    await open_all(owner, "places/lines.txt:150")
    await page.keyboard.type("mine ")
    await owner.is_saved()
    await page.keyboard.press("Shift+ArrowDown")
    await page.keyboard.press("Shift+ArrowDown")
    top = await at_top(owner.text("places/lines.txt"))
    assert top[0] != "line 1"
    await open_all(owner, "places/folded.js")
    # What nobody sees needs no connection: the tree, the events, and this text.
    await eventually(lambda: page.evaluate("sockets.size"), lambda open_now: open_now == 3)
    await page.keyboard.press("Control+Home")
    await do(owner, "Fold all")
    await expect(page.locator(".cm-foldPlaceholder")).to_be_visible()
    # Somebody writes above meanwhile.
    guest = await people.guest("editor", "Ada")
    await guest.open("places/lines.txt")
    await guest.text("places/lines.txt").click(position={"x": 200, "y": 40})
    await guest.page.keyboard.press("Control+Home")
    await guest.page.keyboard.type("above\nabove\nabove\n")
    await guest.is_saved()
    await expect(page.get_by_role("tab", name="lines.txt, open by Ada")).to_be_visible()
    await people.picture(owner, "tabs-present")
    await page.keyboard.press("Alt+PageUp")
    await expect(owner.text("places/lines.txt")).to_be_focused()
    await expect(page.locator(".cm-line", has_text="line 150")).to_be_visible()
    await eventually(lambda: at_top(owner.text("places/lines.txt")), lambda now: now == top)
    assert await page.evaluate("getSelection().toString()") == "line 150\nline 151\nline "
    await page.keyboard.press("Control+z")
    await page.keyboard.press("ArrowLeft")
    await expect(owner.text("places/lines.txt")).not_to_contain_text("mine")
    await page.keyboard.press("Alt+PageDown")
    await expect(page.locator(".cm-foldPlaceholder")).to_be_visible()
    people.complain()


async def test_two_halves(site: Server, people: People) -> None:
    await shelf(site, "halves")
    await new_document(site, "halves/lines.txt", LINES)
    owner = await people.owner(WIDE)
    page = owner.page
    await owner.open("halves/lines.txt")
    await owner.text("halves/lines.txt").focus()
    await page.keyboard.press("Control+\\")
    left, right = half(owner, "Left half"), half(owner, "Right half")
    text = {
        side: one.get_by_role("textbox", name="Text of halves/lines.txt") for side, one in (("l", left), ("r", right))
    }
    await expect(text["r"]).to_be_focused()
    # One text, two places in it.
    await page.keyboard.press("Control+Home")
    await page.keyboard.type("right ")
    await expect(text["l"].locator(".cm-line").first).to_have_text("right line 1")
    await page.keyboard.press("Control+F6")
    await expect(text["l"]).to_be_focused()
    await page.keyboard.press("Control+End")
    await page.keyboard.type("left")
    await eventually(lambda: at_top(text["r"]), lambda now: now[0] == "right line 1")
    await expect(text["l"].locator(".cm-line").last).to_have_text("left")
    await owner.is_saved()
    # Others see the place in the half with the focus.
    guest = await people.guest("editor", "Grace")
    await guest.open("halves/lines.txt")
    await guest.text("halves/lines.txt").focus()
    await guest.page.keyboard.press("Control+End")
    await expect(guest.page.locator(".cm-line", has=guest.page.locator(".cm-peer-caret")).first).to_contain_text("left")
    await page.keyboard.press("Control+F6")
    await page.keyboard.press("ArrowRight")
    await guest.page.keyboard.press("Control+Home")
    await expect(guest.page.locator(".cm-line", has=guest.page.locator(".cm-peer-caret"))).to_contain_text("right l")
    await people.picture(owner, "split-same")

    # What concerns the open file goes with the focus.
    await owner.row("two.md").click()
    await expect(right.get_by_role("textbox", name="Text of halves/two.md")).to_be_visible()
    await expect(page.get_by_role("navigation", name="Where you are")).to_contain_text("two.md")
    await people.picture(owner, "split")
    assert await violations(page) == []
    await text["l"].click()
    await expect(page.get_by_role("navigation", name="Where you are")).to_contain_text("lines.txt")
    await expect(owner.row("lines.txt")).to_have_attribute("aria-current", "page")
    await expect(page).to_have_url(re.compile("lines.txt$"))
    await page.keyboard.press("Control+p")
    await page.keyboard.type(":7")
    await page.keyboard.press("Enter")
    await expect(left.locator(".cm-activeLine").last).to_have_text("line 7")

    # The divider is moved by the arrow keys as well.
    divider = page.get_by_role("separator", name="Width of the halves")
    before = (await left.bounding_box() or {})["width"]
    await divider.focus()
    await page.keyboard.press("ArrowLeft")
    await eventually(left.bounding_box, lambda box: box["width"] < before - 20)

    # A reload brings back what was there.
    width = (await left.bounding_box() or {})["width"]
    await owner.row("three.md").click()
    await expect(left.get_by_role("textbox", name="Text of halves/three.md")).to_be_visible()
    await page.reload()
    await names(left, "lines.txt", "three.md")
    await names(right, "lines.txt", "two.md")
    await shows(left, "three.md, preview")
    await shows(right, "two.md, preview")
    await expect(left.get_by_role("textbox", name="Text of halves/three.md")).to_be_visible()
    await expect(right.get_by_role("textbox", name="Text of halves/two.md")).to_be_visible()
    assert abs((await left.bounding_box() or {})["width"] - width) < 2

    # The last tab of a half takes the half along.
    await right.get_by_role("textbox").click()
    await page.keyboard.press("Alt+w")
    await page.keyboard.press("Alt+w")
    await expect(right).to_have_count(0)
    await names(owner, "lines.txt", "three.md")
    await expect(owner.text("halves/three.md")).to_be_focused()
    people.complain()


async def test_a_tab_goes_with_its_file(site: Server, people: People) -> None:
    await shelf(site, "going", "more/one.md")
    owner = await people.owner(WIDE)
    page = owner.page
    await owner.open("going/one.md")
    await open_all(owner, "going/two.md", "going/three.md")
    files = f"{site.workspace_path}/files/going"
    moves = f"{site.workspace_path}/moves"
    http = site.owner.http
    (await http.post(moves, json={"from": "going/one.md", "to": "going/first.md"})).raise_for_status()
    await names(owner, "first.md", "two.md", "three.md")
    (await http.post(moves, json={"from": "going/three.md", "to": "going/last.md"})).raise_for_status()
    await names(owner, "first.md", "two.md", "last.md")
    await expect(page).to_have_url(re.compile("last.md$"))
    # Of one name, each with its folder.
    (await http.post(moves, json={"from": "going/first.md", "to": "going/one.md"})).raise_for_status()
    await open_all(owner, "going/more/one.md")
    await expect(page.get_by_role("tab", name="one.md going", exact=True)).to_be_visible()
    await shows(owner, "one.md more")
    await people.picture(owner, "tabs-namesakes")
    # Deleted while it is shown, it stays until one goes elsewhere; one that is not shown goes at once.
    (await http.delete(f"{files}/two.md")).raise_for_status()
    await names(owner, "one.md", "last.md", "one.md")
    (await http.delete(f"{files}/more/one.md")).raise_for_status()
    await shows(owner, "one.md more, deleted")
    await expect(page.get_by_text("This file was deleted")).to_be_visible()
    await people.picture(owner, "tabs-deleted")
    assert await violations(page) == []
    await tabs(owner).nth(0).click()
    await names(owner, "one.md", "last.md")
    people.complain()


async def test_what_is_not_saved_is_saved_also_behind_another_tab(site: Server, people: People) -> None:
    await shelf(site, "unsaved")
    owner = await people.owner(WIDE)
    page = owner.page
    await owner.open("unsaved/one.md")
    await open_all(owner, "unsaved/two.md", "unsaved/one.md")
    await owner.is_saved()
    await page.context.set_offline(True)
    await expect(owner.state).to_contain_text("Offline")
    await owner.type_at_end("unsaved/one.md", "On the train.")
    await expect(page.get_by_role("tab", name="one.md, not saved yet")).to_be_visible()
    await tabs(owner).nth(1).click()
    await expect(owner.text("unsaved/two.md")).to_be_visible()
    await page.wait_for_timeout(1500)
    await expect(page.get_by_role("tab", name="one.md, not saved yet")).to_be_visible()
    await people.picture(owner, "tabs-unsaved")
    await page.context.set_offline(False)
    await expect(page.get_by_role("tab", name="one.md", exact=True)).to_be_visible()
    await eventually(lambda: file_text(site, "unsaved/one.md"), lambda text: text == "# one.md\nOn the train.")
    owner.errors.clear()  # the browser itself reports what it could not reach
    people.complain()


async def test_more_tabs_than_fit(site: Server, people: People) -> None:
    count = 24
    files = [f"chapter {number}.md" for number in range(1, count + 1)]
    for name in files:
        await new_document(site, f"many/{name}", f"# {name}\n")
    owner = await people.owner(LAPTOP)
    page = owner.page
    await owner.open(f"many/{files[0]}")
    for name in files[1:]:
        await open_all(owner, f"many/{name}")
    await expect(tabs(owner).nth(count - 1)).to_be_in_viewport(ratio=0.9)
    await expect(tabs(owner).nth(0)).not_to_be_in_viewport()
    await people.picture(owner, "tabs-many")
    await page.get_by_role("button", name=f"The {count} open files").click()
    await expect(page.get_by_role("menuitemradio")).to_have_count(count)
    await people.picture(owner, "tabs-many-menu")
    assert await violations(page) == []
    await page.get_by_role("menuitemradio", name="chapter 2.md", exact=True).click()
    await expect(owner.text("many/chapter 2.md")).to_be_visible()
    await expect(tabs(owner).nth(1)).to_be_in_viewport(ratio=0.9)
    await do(owner, "Close all tabs")
    await expect(strip(owner)).to_have_count(0)
    people.complain()


async def test_on_a_phone(site: Server, people: People) -> None:
    await shelf(site, "pocket")
    owner = await people.owner(WIDE)
    page = owner.page
    await owner.open("pocket/one.md")
    await page.keyboard.press("Control+\\")
    await owner.row("two.md").dblclick()
    await expect(half(owner, "Right half").get_by_role("textbox", name="Text of pocket/two.md")).to_be_visible()
    # There is room for one half, and for the tabs of both.
    await page.set_viewport_size(PHONE)
    await names(owner, "one.md", "two.md")
    await expect(owner.text("pocket/two.md")).to_be_visible()
    await people.picture(owner, "tabs-phone")
    await tabs(owner).nth(0).click()
    await expect(owner.text("pocket/one.md")).to_be_visible()
    await page.get_by_role("button", name="The 2 open files").click()
    await people.picture(owner, "tabs-phone-menu")
    assert await violations(page) == []
    # One file alone needs no strip: the bar says its name.
    await page.get_by_role("menuitem", name="Close the other tabs").click()
    await expect(strip(owner)).to_have_count(0)
    await people.picture(owner, "tabs-phone-one")
    await page.set_viewport_size(WIDE)
    await names(owner, "one.md")
    people.complain()


async def test_preview_and_text_in_a_half(site: Server, people: People) -> None:
    await new_document(site, "written/letter.md", "# A letter\n\n" + "With many words. " * 60)
    await shelf(site, "written")
    owner = await people.owner(WIDE)
    page = owner.page
    await owner.open("written/letter.md")
    await do(owner, "Text and preview side by side")
    preview = page.get_by_role("region", name="Preview of written/letter.md")
    await expect(preview.get_by_role("heading", name="A letter")).to_be_visible()
    await owner.text("written/letter.md").focus()
    await page.keyboard.press("Control+\\")
    await expect(half(owner, "Right half").get_by_role("textbox")).to_be_focused()
    # A half is too narrow for both beside each other.
    above = await half(owner, "Left half").get_by_role("textbox").bounding_box() or {}
    below = await preview.first.bounding_box() or {}
    assert below["x"] < above["x"] + 100
    assert below["y"] > above["y"] + 100
    await people.picture(owner, "split-preview")
    await do(owner, "Text only")
    people.complain()


async def test_a_viewer_has_tabs_too(site: Server, people: People) -> None:
    await shelf(site, "reading")
    viewer = await people.guest("viewer", "Vera", WIDE)
    await viewer.open("reading/one.md")
    await viewer.row("two.md").click()
    await shows(viewer, "two.md, preview")
    await viewer.page.keyboard.press("Control+\\")
    await expect(half(viewer, "Right half").get_by_role("textbox", name="Text of reading/two.md")).to_be_focused()
    await expect(viewer.state).to_have_text("Read-only")
    await viewer.page.emulate_media(color_scheme="dark")
    await people.picture(viewer, "split-dark")
    people.complain()
