"""A file by a few letters of its name, and every action by its own: quick open, the command palette, and the keys."""

import io
import zipfile

import pytest
from playwright.async_api import Locator, Page, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDE = {"width": 1440, "height": 900}
LAPTOP = {"width": 1280, "height": 720}

MANY = 200

LINES = "".join(f"line {number}\n" for number in range(1, 201))


def field(page: Page, name: str = "Open a file") -> Locator:
    return page.get_by_role("combobox", name=name)


def commands(page: Page) -> Locator:
    return field(page, "All commands")


def options(page: Page) -> Locator:
    return page.get_by_role("listbox").get_by_role("option")


def selected(page: Page) -> Locator:
    return page.get_by_role("option", selected=True)


async def cursor_line(tab: Tab) -> str:
    """The text of the line in which the cursor is."""
    return str(await tab.page.locator(".cm-line.cm-activeLine").inner_text())


async def do(tab: Tab, words: str, title: str) -> None:
    """An action by its name, with the keyboard alone."""
    await tab.page.keyboard.press("Control+Shift+P")
    await expect(commands(tab.page)).to_be_focused()
    await tab.page.keyboard.type(words)
    await expect(selected(tab.page)).to_contain_text(title)
    await tab.page.keyboard.press("Enter")


async def museum(site: Server, folder: str) -> None:
    await new_document(site, f"{folder}/rooms.md", "# Rooms\n\nThe first room.\n")
    await new_document(site, f"{folder}/rooms/index.html", "<p>Rooms</p>\n")
    await new_document(site, f"{folder}/opening night.md", "# Opening\n")
    await new_document(site, f"{folder}/tickets.py", LINES)


async def test_a_file_is_opened_by_a_few_letters_of_its_name(site: Server, people: People) -> None:
    await museum(site, "quick")
    owner = await people.owner(WIDE)
    page = owner.page
    await owner.open("quick/rooms.md")
    await owner.text("quick/rooms.md").click()
    # Whatever is typed after the key, however soon, goes into the field and not into the text of everybody.
    await page.keyboard.press("Control+p")
    await page.keyboard.type("qtick")
    await expect(field(page)).to_have_value("qtick")
    await expect(selected(page)).to_contain_text("tickets.py")
    assert await selected(page).locator("mark").all_inner_texts() == ["tick", "q"]
    await people.picture(owner, "quick-open")
    await page.keyboard.press("Enter")
    await expect(owner.text("quick/tickets.py")).to_be_focused()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert await file_text(site, "quick/rooms.md") == "# Rooms\n\nThe first room.\n"

    # At a line, also one that is written as compilers do, and in the file that is open.
    for typed, path, line in (
        ("qtickets:150", "quick/tickets.py", "line 150"),
        (":7", "quick/tickets.py", "line 7"),
        ("qrooms.md:3:5", "quick/rooms.md", "The first room."),
        ("qtickets:9999", "quick/tickets.py", ""),
    ):
        await page.keyboard.press("Control+p")
        await page.keyboard.type(typed)
        await expect(selected(page)).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(owner.text(path)).to_be_focused()
        await eventually(lambda: cursor_line(owner), lambda found, line=line: found.strip() == line)
    await page.keyboard.press("Control+p")
    await page.keyboard.type("there is no such thing")
    await expect(page.get_by_role("status").filter(has_text="No file fits")).to_be_visible()
    await expect(options(page)).to_have_count(0)
    await people.picture(owner, "quick-open-nothing")
    await page.keyboard.press("Escape")


async def test_files_that_were_open_before_come_first(site: Server, people: People) -> None:
    await museum(site, "recent")
    editor = await people.guest("editor", "Edda", WIDE)
    page = editor.page
    for path in ("recent/rooms.md", "recent/tickets.py", "recent/opening night.md"):
        await editor.open(path)
    # They are known under the name that they have by now.
    moved = {"from": "recent/tickets.py", "to": "recent/prices.py"}
    (await site.owner.http.post(f"{site.workspace_path}/moves", json=moved)).raise_for_status()
    await expect(editor.row("prices.py")).to_be_visible()
    await page.keyboard.press("Control+p")
    await expect(options(page).nth(0)).to_contain_text("prices.py")
    await expect(options(page).nth(1)).to_contain_text("rooms.md")
    await expect(options(page).nth(1)).to_contain_text("opened before")
    # The one that is open is not where anybody wants to go, but there.
    await expect(options(page).nth(0)).not_to_contain_text("opening night")
    await people.picture(editor, "quick-open-recent")
    await page.keyboard.press("Enter")
    await expect(editor.text("recent/prices.py")).to_be_focused()
    # And back: the key and Enter.
    await page.keyboard.press("Control+p")
    await expect(selected(page)).to_contain_text("opening night.md")
    await page.keyboard.press("Enter")
    await expect(editor.text("recent/opening night.md")).to_be_focused()


async def test_arrows_go_through_the_list_and_escape_goes_back(site: Server, people: People) -> None:
    await museum(site, "arrows")
    owner = await people.owner()
    page = owner.page
    await owner.open("arrows/rooms.md")
    await owner.text("arrows/rooms.md").click()
    await page.keyboard.press("Control+End")
    await page.keyboard.press("Control+p")
    await page.keyboard.type("arrows")
    await expect(options(page)).to_have_count(4)
    for key, nth in (("ArrowDown", 1), ("Control+p", 2), ("ArrowUp", 1), ("ArrowUp", 0), ("ArrowUp", 3)):
        await page.keyboard.press(key)
        await expect(options(page).nth(nth)).to_have_attribute("aria-selected", "true")
        await expect(selected(page)).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(owner.text("arrows/rooms.md")).to_be_focused()
    await page.keyboard.type("more")
    await owner.reads("arrows/rooms.md", "# Rooms\n\nThe first room.\nmore")

    # From the list of files, too, and from a button.
    await owner.row("rooms.md").last.click()
    await owner.row("rooms.md").last.focus()
    for key, name in (("Control+p", "Open a file"), ("F1", "All commands"), ("Control+Shift+P", "All commands")):
        await page.keyboard.press(key)
        await expect(field(page, name)).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(owner.row("rooms.md").last).to_be_focused()
    # One becomes the other; the way back is the same.
    await page.keyboard.press("Control+p")
    await page.keyboard.press("Control+Shift+P")
    await expect(commands(page)).to_be_focused()
    await page.keyboard.press("Control+p")
    await expect(field(page)).to_be_focused()
    await page.keyboard.type(">")
    await expect(commands(page)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(owner.row("rooms.md").last).to_be_focused()


async def test_what_wants_the_focus_meanwhile_does_not_get_it(site: Server, people: People) -> None:
    await museum(site, "focus")
    owner = await people.owner()
    page = owner.page
    await owner.open("focus/rooms.md")
    await owner.text("focus/rooms.md").click()
    for key, name in (("Control+p", "Open a file"), ("F1", "All commands")):
        await page.keyboard.press(key)
        # A file that opens late, or a dialog that closes late, gives the focus to the text.
        await page.locator(".cm-content").evaluate("text => text.focus()")
        await page.keyboard.type("qr")
        await expect(field(page, name)).to_have_value("qr")
        await page.keyboard.press("Escape")
    assert await file_text(site, "focus/rooms.md") == "# Rooms\n\nThe first room.\n"


async def test_the_browser_prints_nothing(site: Server, people: People) -> None:
    owner = await people.owner()
    page = owner.page
    await page.evaluate("""() => {
      window.left = []
      addEventListener('keydown', (event) => setTimeout(() => window.left.push(event.defaultPrevented)))
    }""")
    await page.keyboard.press("Control+p")
    await expect(field(page)).to_be_focused()
    await page.keyboard.press("Control+p")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+,")
    await expect(page.get_by_role("dialog", name="This workspace")).to_be_visible()
    # A form over the page comes first: the key does nothing then, and prints nothing either.
    await page.keyboard.press("Control+p")
    await expect(field(page)).to_have_count(0)
    await eventually(
        lambda: page.evaluate("window.left"),
        # Each Control is a key of its own.
        lambda left: [left[at] for at in (1, 3, 6, 8)] == [True] * 4,
    )


async def test_actions_are_done_from_the_list_by_keyboard_alone(
    site: Server, people: People, model: ModelServer
) -> None:
    await new_document(site, "acts/letter.md", "the meting was on tuesday\n\nAnd so on.\n")
    owner = await people.owner(WIDE)
    page = owner.page
    await owner.open("acts/letter.md")
    await owner.text("acts/letter.md").click()

    await page.keyboard.press("Control+Shift+P")
    await expect(options(page).filter(has_text="Show or hide the files")).to_contain_text("Ctrl B")
    undecidable = options(page).filter(has_text="Accept the nearest change")
    await expect(undecidable).to_contain_text("Not now: there is no change to decide")
    await expect(undecidable).to_have_attribute("aria-disabled", "true")
    await people.picture(owner, "palette")
    await page.keyboard.type("accept the near")
    await page.keyboard.press("Enter")
    await expect(commands(page)).to_be_focused()
    await people.picture(owner, "palette-unavailable")
    await page.keyboard.press("Escape")

    # The assistant.
    await owner.text("acts/letter.md").focus()
    await page.keyboard.press("Control+Home")
    await page.keyboard.press("Shift+End")
    model.enqueue(Script(answer="The meeting was on Tuesday"))
    await do(owner, "ask the as", "Ask the assistant here")
    await page.get_by_role("textbox", name="Instruction").fill("Correct it")
    await page.keyboard.press("Enter")
    await expect(owner.review).to_contain_text("to decide")
    await do(owner, "whole prop", "Accept the whole proposal")
    await owner.reads_of("acts/letter.md", "The meeting was on Tuesday")

    # The panels and the files.
    await do(owner, "hide files", "Show or hide the files")
    await expect(page.get_by_role("complementary", name="Files")).to_have_count(0)
    await do(owner, "new file", "New file")
    await expect(page.get_by_role("textbox", name="Name of the new entry")).to_be_focused()
    await page.keyboard.type("by-hand.md")
    await page.keyboard.press("Enter")
    await expect(owner.text("acts/by-hand.md")).to_be_visible()
    await do(owner, "rename", "Rename")
    await page.get_by_role("textbox", name="New name of by-hand.md").fill("by-name.md")
    await page.keyboard.press("Enter")
    await expect(owner.text("acts/by-name.md")).to_be_visible()
    await do(owner, "move to trash", "Delete…")
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    await expect(owner.row("by-name.md")).to_have_count(0)
    await do(owner, "invite", "Invite somebody")
    await expect(page.get_by_label("They will be")).to_be_focused()
    await do(owner, "people", "Show or hide the people")
    await expect(page.get_by_role("complementary", name="People")).to_have_count(0)
    await do(owner, "all conv", "All conversations")
    await expect(page.get_by_role("searchbox", name="Search the conversations")).to_be_focused()
    await do(owner, "dark", "Dark theme")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    # What was used last comes first.
    await page.keyboard.press("F1")
    await expect(options(page).nth(0)).to_contain_text("Dark theme")
    await expect(options(page).nth(1)).to_contain_text("All conversations")
    await people.picture(owner, "palette-dark")
    await page.keyboard.press("Escape")
    await do(owner, "as the system", "Light or dark as the system")
    await do(owner, "this workspace", "This workspace…")
    await expect(page.get_by_role("dialog", name="This workspace")).to_be_visible()


async def test_commands_of_the_text_are_done_in_the_text(site: Server, people: People) -> None:
    await new_document(site, "cmds/code.py", "def first():\n    one\n    two\n\ndef second():\n    three\n")
    owner = await people.owner()
    page = owner.page
    await owner.open("cmds/code.py")
    await expect(page.locator(".cm-fold-marker").first).to_be_attached()
    await owner.text("cmds/code.py").click()
    await do(owner, "fold all", "Fold all")
    await expect(page.locator(".cm-foldPlaceholder")).to_have_count(2)
    await do(owner, "unfold all", "Unfold all")
    await expect(page.locator(".cm-foldPlaceholder")).to_have_count(0)
    await page.keyboard.press("Control+Home")
    await do(owner, "comment the l", "Comment the lines out, or in")
    await owner.reads_of("cmds/code.py", "# def first():")
    await do(owner, "undo", "Undo")
    await owner.reads("cmds/code.py", "def first():\n    one\n    two\n\ndef second():\n    three\n")
    await do(owner, "comment on", "Comment on this piece of the text")
    await expect(page.get_by_role("textbox", name="Your comment")).to_be_focused()
    await do(owner, "hide comm", "Show or hide the comments")
    await expect(page.get_by_role("complementary", name="Comments")).to_have_count(0)
    await do(owner, "find and", "Find and replace in the text")
    await expect(page.get_by_role("textbox", name="Find")).to_be_focused()
    # With a preview alone there is no text to do something in.
    await new_document(site, "cmds/notes.md", "# Notes\n")
    await owner.open("cmds/notes.md")
    await do(owner, "preview only", "Preview only")
    await expect(owner.text("cmds/notes.md")).to_be_hidden()
    await page.keyboard.press("F1")
    await page.keyboard.type("fold all")
    await expect(options(page).first).to_contain_text("Not now: only the preview is shown")
    await page.keyboard.press("Escape")
    await do(owner, "text only", "Text only")
    await expect(owner.text("cmds/notes.md")).to_be_visible()


async def test_a_viewer_sees_no_action_that_changes_anything(site: Server, people: People) -> None:
    await museum(site, "viewed")
    viewer = await people.guest("viewer", "Vera", LAPTOP)
    page = viewer.page
    await viewer.open("viewed/rooms.md")
    await page.keyboard.press("Control+Shift+P")
    await expect(commands(page)).to_be_focused()
    titles = await options(page).locator(".palette-name").all_inner_texts()
    assert {"Open a file by its name", "Show or hide the files", "Fold all", "Find and replace in the text"} <= set(
        titles
    )
    changing = (
        "New",
        "Upload",
        "Rename",
        "Delete",
        "Accept",
        "Reject",
        "Ask",
        "Indent",
        "Undo",
        "Invite",
        "Have files",
    )
    assert not [title for title in titles if title.startswith(changing)]
    await people.picture(viewer, "palette-viewer")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+p")
    await page.keyboard.type("viewed tick")
    await page.keyboard.press("Enter")
    await expect(viewer.text("viewed/tickets.py")).to_be_focused()


async def test_without_a_file_there_are_no_actions_for_one(site: Server, people: People) -> None:
    owner = await people.owner()
    page = owner.page
    await expect(page.get_by_text("Keys worth knowing")).to_be_visible()
    await page.keyboard.press("F1")
    await expect(commands(page)).to_be_focused()
    titles = await options(page).locator(".palette-name").all_inner_texts()
    assert "New file" in titles
    assert not {"Fold all", "Download this file", "Ask the assistant here", "Undo"} & {*titles}
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+p")
    await page.keyboard.type(":3")
    await expect(page.get_by_role("status").filter(has_text="No text is open.")).to_be_visible()


async def test_all_keys_are_told(site: Server, people: People) -> None:
    owner = await people.owner(LAPTOP)
    page = owner.page
    await page.get_by_role("button", name="theme and account").click()
    await page.get_by_role("menuitem", name="Keyboard shortcuts").click()
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(keys.get_by_role("region", name="Text")).to_contain_text("Go to a line")
    for action, key in (("All commands", "Ctrl Shift P"), ("Accept the nearest change", "Alt Y"), ("Rename", "F2")):
        await expect(keys.locator("dl > div").filter(has_text=action).first.locator("kbd").first).to_have_text(key)
    await people.picture(owner, "keys")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="theme and account")).to_be_focused()
    await do(owner, "keyboard", "Keyboard shortcuts")
    await expect(keys).to_be_visible()
    await page.keyboard.press("Escape")
    # From the account's menu the list of commands is reached without a key.
    await page.get_by_role("button", name="theme and account").click()
    await page.get_by_role("menuitem", name="All commands").click()
    await expect(commands(page)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="theme and account")).to_be_focused()


async def test_both_lists_say_what_they_are(site: Server, people: People) -> None:
    await museum(site, "roles")
    owner = await people.owner()
    page = owner.page
    for key, name in (("Control+p", "Open a file"), ("Control+Shift+P", "All commands")):
        await page.keyboard.press(key)
        dialog = page.get_by_role("dialog", name=name)
        await expect(dialog).to_be_visible()
        box = dialog.get_by_role("combobox", name=name)
        await expect(box).to_be_focused()
        await expect(box).to_have_attribute("aria-expanded", "true")
        await expect(box).to_have_attribute("aria-autocomplete", "list")
        listbox = dialog.get_by_role("listbox", name=name)
        assert await box.get_attribute("aria-controls") == await listbox.get_attribute("id")
        await page.keyboard.press("ArrowDown")
        chosen = listbox.get_by_role("option", selected=True)
        await expect(chosen).to_have_count(1)
        assert await box.get_attribute("aria-activedescendant") == await chosen.get_attribute("id")
        assert await options(page).count() == await listbox.locator("[aria-selected]").count()
        assert await listbox.evaluate("list => [...list.children].every((one) => one.role === 'option')")
        await page.keyboard.type("nothing is called so")
        await expect(box).to_have_attribute("aria-expanded", "false")
        assert await box.get_attribute("aria-activedescendant") is None
        # The page behind is out of reach meanwhile.
        await page.keyboard.press("Tab")
        await expect(box).to_be_focused()
        await page.keyboard.press("Escape")


async def test_on_a_phone_the_list_of_files_has_a_button(site: Server, people: People) -> None:
    await museum(site, "phone")
    editor = await people.guest("editor", "Petra", PHONE, has_touch=True)
    page = editor.page
    await editor.open("phone/rooms.md")
    await page.get_by_role("button", name="Show the files").tap()
    await page.get_by_role("button", name="Open a file by its name").tap()
    await expect(field(page)).to_be_focused()
    await field(page).fill("phone tick")
    await people.picture(editor, "quick-open-phone")
    await options(page).filter(has_text="tickets.py").tap()
    await expect(editor.text("phone/tickets.py")).to_be_visible()
    # Neither the list nor the drawer is in the way, and no keyboard comes up.
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(editor.text("phone/tickets.py")).not_to_be_focused()

    await page.get_by_role("button", name="theme and account").tap()
    await page.get_by_role("menuitem", name="All commands").tap()
    await expect(commands(page)).to_be_focused()
    await people.picture(editor, "palette-phone")
    await field(page, "All commands").fill("new file")
    await options(page).filter(has_text="New file").tap()
    await expect(page.get_by_role("textbox", name="Name of the new entry")).to_be_focused()


async def test_of_many_files_the_best_fifty_are_drawn(site: Server, people: People) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(MANY):
            archive.writestr(f"many/part-{number % 7}/leaf-{number:03}.txt", "")
    response = await site.owner.http.post(
        f"{site.workspace_path}/import", content=packed.getvalue(), headers={"content-type": "application/zip"}
    )
    response.raise_for_status()
    owner = await people.owner()
    page = owner.page
    await expect(owner.row("many")).to_be_visible()
    await page.keyboard.press("Control+p")
    await page.keyboard.type("leaf")
    await expect(page.get_by_role("status").filter(has_text=f"{MANY} files")).to_be_visible()
    await expect(options(page)).to_have_count(50)
    await page.keyboard.type("-199")
    await expect(options(page)).to_have_count(1)
    await expect(selected(page)).to_contain_text("leaf-199.txt")
    await page.keyboard.press("Escape")
