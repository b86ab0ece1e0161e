"""Files, roles and places, as people meet them in a browser."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.browser import PHONE, People
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server, running_server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_sign_in_link_works_once(browser: Browser, pictures: Path, tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        people = People(browser, server, pictures)
        owner = await people.owner()
        assert "signin" not in owner.page.url
        await expect(owner.row("Welcome.md")).to_be_visible()
        await people.picture(owner, "signed-in")
        other = await people.window()
        await other.follow(server.link)
        await expect(other.page.get_by_text("The sign-in link did not work")).to_be_visible()
        await people.picture(other, "signed-out")
        await people.close()


async def test_a_viewer_reads_and_cannot_change_a_letter(site: Server, people: People) -> None:
    await new_document(site, "read.md", "Read only.\n")
    owner = await people.owner()
    viewer = await people.guest("viewer", "Vera")
    for tab in (owner, viewer):
        await tab.open("read.md")
    await expect(viewer.state).to_have_text("Read-only")
    await expect(owner.page.get_by_role("group", name="Here now: Vera")).to_be_visible()
    await viewer.text("read.md").click()
    await viewer.page.keyboard.type("not allowed")
    await viewer.page.keyboard.press("Control+k")
    await expect(viewer.page.get_by_role("textbox", name="Instruction")).to_have_count(0)
    await owner.type_at_end("read.md", "but seen")
    await viewer.reads("read.md", "Read only.\nbut seen")
    await expect(viewer.page.get_by_role("button", name="New file")).to_have_count(0)
    assert await file_text(site, "read.md") == "Read only.\nbut seen"
    await people.picture(viewer, "viewer")


async def test_files_are_made_renamed_and_deleted_for_everybody(site: Server, people: People) -> None:
    owner = await people.owner()
    editor = await people.guest("editor", "Edda")
    page = owner.page
    await page.get_by_role("button", name="New folder").click()
    await page.get_by_role("textbox", name="Name of the new entry").fill("Übersicht")
    await page.keyboard.press("Enter")
    await expect(editor.row("Übersicht")).to_be_visible()
    await page.get_by_role("button", name="New file").click()
    await page.get_by_role("textbox", name="Name of the new entry").fill("a-new-one.py")
    await page.keyboard.press("Enter")
    await expect(editor.row("a-new-one.py")).to_be_visible()

    await owner.row("a-new-one.py").click()
    await page.keyboard.press("F2")
    await page.get_by_role("textbox", name="New name of a-new-one.py").fill("renamed.py")
    await page.keyboard.press("Enter")
    await expect(editor.row("renamed.py")).to_be_visible()
    await expect(editor.row("a-new-one.py")).to_have_count(0)

    await editor.open("renamed.py")
    await owner.row("renamed.py").click()
    await owner.row("renamed.py").press("Delete")
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    await expect(editor.row("renamed.py")).to_have_count(0)
    # Whoever has it open is told, and keeps what they see, but types into it no more.
    await expect(editor.page.get_by_role("alert")).to_contain_text("This file was deleted")
    await expect(editor.text("renamed.py")).to_have_attribute("aria-readonly", "true")
    await people.picture(editor, "file-deleted-while-open")


async def test_a_folder_is_uploaded(site: Server, people: People, tmp_path: Path) -> None:
    project = tmp_path / "a project"
    (project / "src" / "déjà").mkdir(parents=True)
    (project / "src" / "main.py").write_text("print('hello')\n")
    (project / "src" / "déjà" / "vu.txt").write_bytes(b"one\r\ntwo\r\n")
    (project / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    owner = await people.owner()
    await owner.page.get_by_label("Folder", exact=True).first.set_input_files(project)
    await expect(owner.row("a project")).to_be_visible()
    for path in ("src/main.py", "src/déjà/vu.txt", "picture.png"):
        assert await uploaded(site, f"a project/{path}") == (project / path).read_bytes()


async def uploaded(site: Server, path: str) -> bytes:
    address = f"{site.workspace_path}/files/{path}"
    return (await eventually(lambda: site.owner.http.get(address), lambda answer: answer.is_success)).content


DROP = """
([target, files]) => {
  const dataTransfer = new DataTransfer()
  for (const [name, text] of files) dataTransfer.items.add(new File([text], name))
  for (const type of ['dragenter', 'dragover', 'drop']) {
    target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }))
  }
}
"""


async def test_files_are_dropped_onto_the_tree(site: Server, people: People) -> None:
    owner = await people.owner()
    tree = await owner.page.get_by_role("tree", name="Files").element_handle()
    await owner.page.evaluate(DROP, [tree, [["dropped.txt", "dropped\n"], ["zwei.md", "# Zwei\n"]]])
    await expect(owner.row("dropped.txt")).to_be_visible()
    await expect(owner.row("zwei.md")).to_be_visible()
    await eventually(lambda: file_text(site, "dropped.txt"), lambda text: text == "dropped\n")


async def test_an_upload_shows_how_far_it_is_and_can_be_stopped(site: Server, people: People, tmp_path: Path) -> None:
    folder = tmp_path / "slow"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.bin").write_bytes(bytes([0, number]) * 100_000)
    owner = await people.owner()
    network = await owner.page.context.new_cdp_session(owner.page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 150_000}
    await network.send("Network.emulateNetworkConditions", limits)
    await owner.page.get_by_label("Folder", exact=True).first.set_input_files(folder)
    bar = owner.page.get_by_role("progressbar", name="Upload")
    await expect(bar).to_be_visible()
    far = await eventually(lambda: bar.get_attribute("aria-valuenow"), lambda value: 0 < float(value or 0) < 100)
    await expect(owner.page.get_by_role("status").filter(has_text="of 6, 1.2 MB")).to_be_visible()
    await people.picture(owner, "uploading")
    await eventually(lambda: bar.get_attribute("aria-valuenow"), lambda value: float(value or 0) > float(far or 0))
    await owner.page.get_by_role("button", name="Stop", exact=True).click()
    await expect(bar).to_have_count(0)
    await expect(owner.page.get_by_text("The upload was stopped", exact=True)).to_be_visible()
    # All of it comes once nobody stops it.
    await network.send("Network.emulateNetworkConditions", {**limits, "uploadThroughput": -1})
    await owner.page.get_by_label("Folder", exact=True).first.set_input_files(folder)
    for number in range(6):
        assert await uploaded(site, f"slow/{number}.bin") == (folder / f"{number}.bin").read_bytes()


async def test_several_files_are_chosen_moved_and_deleted_together(site: Server, people: People) -> None:
    for name in ("one", "two", "three", "four"):
        await new_document(site, f"heap/{name}.md", f"{name}\n")
    await new_document(site, "heap/into/inside.md")
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    for tab in (owner, editor):
        await tab.open("heap/into/inside.md")
    # Chosen with the mouse, and dragged onto a folder together.
    await owner.row("one.md").click()
    await owner.row("three.md").click(modifiers=["Control"])
    chosen = owner.page.locator('[role="treeitem"][aria-selected="true"]')
    await expect(chosen).to_have_count(2)
    await people.picture(owner, "several-chosen")
    await owner.row("three.md").drag_to(owner.row("into"))
    for name in ("one", "three"):
        assert (await uploaded(site, f"heap/into/{name}.md")).decode() == f"{name}\n"
    await expect(editor.row("three.md")).to_have_attribute("aria-level", "3")

    # Chosen with the keyboard, and deleted together.
    await owner.row("four.md").click()
    await owner.page.keyboard.press("Shift+ArrowDown")
    await expect(chosen).to_have_count(2)
    await owner.page.keyboard.press("Delete")
    dialog = owner.page.get_by_role("alertdialog")
    await expect(dialog).to_contain_text("2")
    await dialog.get_by_role("button", name="Delete").click()
    for name in ("two.md", "four.md"):
        await expect(editor.row(name)).to_have_count(0)


async def test_a_file_is_opened_by_key_to_go_on_in_it_and_by_click_to_look_at_it(site: Server, people: People) -> None:
    for name in ("a", "b"):
        await new_document(site, f"entered/enter-{name}.md", f"{name}\n")
    owner = await people.owner({"width": 1280, "height": 2400})  # all files in sight
    await owner.open("entered/enter-a.md")
    await owner.row("enter-b.md").click()
    await expect(owner.text("entered/enter-b.md")).to_be_visible()
    await expect(owner.row("enter-b.md")).to_be_focused()
    await owner.page.keyboard.press("Enter")
    await expect(owner.text("entered/enter-b.md")).to_be_focused()
    await owner.row("enter-b.md").press("ArrowUp")
    await expect(owner.row("enter-a.md")).to_be_focused()
    await owner.page.keyboard.press("Enter")
    await expect(owner.text("entered/enter-a.md")).to_be_focused()
    for name in ("a", "b"):
        assert await file_text(site, f"entered/enter-{name}.md") == f"{name}\n"

    # Who comes anew skips all that stands before the text by the first key.
    await owner.page.reload()
    await expect(owner.text("entered/enter-a.md")).to_be_visible()
    await owner.page.keyboard.press("Tab")
    await people.picture(owner, "skip")
    await owner.page.keyboard.press("Enter")
    await expect(owner.text("entered/enter-a.md")).to_be_focused()


async def test_the_keyboard_stays_in_the_list_when_something_is_deleted(site: Server, people: People) -> None:
    for name in ("a", "b", "c", "d"):
        await new_document(site, f"gone/{name}.md", f"{name}\n")
    owner = await people.owner()
    await owner.open("gone/b.md")
    dialog = owner.page.get_by_role("alertdialog")

    # Whoever thinks better of it is back where they were.
    for leave in ("Escape", "Enter"):
        await owner.row("b.md").press("Delete")
        await expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        await owner.page.keyboard.press(leave)
        await expect(dialog).to_have_count(0)
        await expect(owner.row("b.md")).to_be_focused()
    await owner.row("b.md").click(button="right")
    await owner.page.get_by_role("menuitem", name="Delete").click()
    await expect(dialog).to_be_visible()
    await owner.page.keyboard.press("Escape")
    await expect(owner.row("b.md")).to_be_focused()

    # Who does it goes on with the next one, and from the last one with the one before.
    for name, following in (("b.md", "c.md"), ("c.md", "d.md"), ("d.md", "a.md")):
        await owner.page.keyboard.press("Delete")
        await dialog.get_by_role("button", name="Delete").press("Enter")
        await expect(owner.row(name)).to_have_count(0)
        if following == "a.md":
            # What comes below the folder is none of this test's.
            break
        await expect(owner.row(following)).to_be_focused()
    await expect(owner.page.locator("[role=treeitem]:focus")).to_have_count(1)


async def test_a_picture_is_shown_as_one(site: Server, people: People) -> None:
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c63f8cfc0f01f00050001ff89993d1d0000000049454e44ae426082"
    )
    await site.owner.http.put(f"{site.workspace_path}/files/dot.png", content=png)
    owner = await people.owner()
    await owner.row("dot.png").click()
    image = owner.page.get_by_role("img", name="dot.png")
    await expect(image).to_be_visible()
    assert await image.evaluate("image => image.complete && image.naturalWidth") == 1


async def test_what_is_typed_while_the_server_is_away_is_there_when_it_is_back(site: Server, people: People) -> None:
    await new_document(site, "offline.md", "before\n")
    owner = await people.owner()
    await owner.open("offline.md")
    await owner.type_at_end("offline.md", "online\n")
    await owner.is_saved()
    assert await site.stop() == 0
    await expect(owner.state).to_contain_text("Offline: your edits are kept")
    await owner.type_at_end("offline.md", "offline")
    await people.picture(owner, "offline")
    await site.restart()
    await expect(owner.state).to_have_text("Saved", timeout=20_000)
    assert await file_text(site, "offline.md") == "before\nonline\noffline"


async def test_a_text_of_ten_megabytes_opens_and_is_typed_into(site: Server, people: People) -> None:
    line = "The quick brown fox jumps over the lazy dog, line after line.\n"
    text = line * (10_000_000 // len(line) + 1)
    await new_document(site, "large.txt", text)
    owner = await people.owner()
    await owner.open("large.txt")
    await expect(owner.state).to_have_text("Saved", timeout=60_000)
    await owner.type_at_end("large.txt", "x")
    await expect(owner.state).to_have_text("Saved", timeout=60_000)
    await owner.reads_of("large.txt", f"{line}x")
    await people.picture(owner, "ten-megabytes")
    assert await file_text(site, "large.txt") == text + "x"


async def test_on_a_phone_the_text_has_the_window(site: Server, people: People) -> None:
    await new_document(site, "phone.md", "# On the way\n\nA line that is longer than a phone is wide, and wraps.\n")
    phone = await people.guest("editor", "Pia", PHONE)
    await phone.open("phone.md")
    width = await phone.page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    box = await phone.text("phone.md").bounding_box()
    assert box is not None
    assert box["width"] > PHONE["width"] * 0.8
    await people.picture(phone, "phone")
    await phone.page.get_by_role("button", name="Show the files").click()
    await expect(phone.page.get_by_role("dialog", name="Files")).to_be_visible()
    await people.picture(phone, "phone-files")
    await phone.row("phone.md").click()
    await expect(phone.page.get_by_role("dialog", name="Files")).to_have_count(0)
    await phone.type_at_end("phone.md", "typed on a phone")
    await phone.is_saved()


async def test_people_are_invited_and_removed(site: Server, people: People) -> None:
    owner = await people.owner()
    page = owner.page
    await page.get_by_role("button", name="People", exact=True).click()
    await page.get_by_role("button", name="Create a link").click()
    url = await page.get_by_role("textbox", name="Invitation link").input_value()
    guest = await people.window()
    await guest.follow(url)
    await expect(guest.page.get_by_role("heading", name="Join")).to_be_visible()
    await people.picture(guest, "invitation")
    await guest.page.get_by_label("Your name").fill("Gwen")
    await guest.page.get_by_role("button", name="Join").click()
    await expect(page.get_by_role("button", name="Gwen is editor: change")).to_be_visible()
    await people.picture(owner, "people")
    await page.get_by_role("button", name="Gwen is editor: change").click()
    await page.get_by_role("menuitem", name="Remove…").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    await expect(guest.page.get_by_text("You are no longer in")).to_be_visible()
    await people.picture(guest, "removed")


async def test_in_the_dark(site: Server, people: People) -> None:
    await new_document(site, "dark.py", "def total(items):\n    return sum(items)  # as it should be\n")
    owner = await people.owner()
    await owner.page.emulate_media(color_scheme="dark")
    await owner.open("dark.py")
    background = await owner.page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(background.split("(")[1].split(",")[0])
    assert red < 64
    await people.picture(owner, "dark")


async def test_the_file_that_is_opened_comes_into_sight_in_a_long_list(site: Server, people: People) -> None:
    for number in range(40):
        await new_document(site, f"zz-{number:02}.md", "")
    tab = await people.owner()
    await tab.open("zz-39.md")
    await expect(tab.row("zz-39.md")).to_be_in_viewport()
    await tab.open("zz-00.md")
    await expect(tab.row("zz-00.md")).to_be_in_viewport()
