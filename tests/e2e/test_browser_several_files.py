"""One request about several files, in real browsers: shown in each file, decided by anybody, here or everywhere."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, People
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = {
    "several/shapes.py": "def area_of(shape):\n    return shape.width * shape.height\n\n\nprint(area_of)\n",
    "several/report.py": "from shapes import area_of\n\ntotal = sum(area_of(shape) for shape in shapes)\n",
    "several/notes.md": "The function area_of is slow.\n",
    "several/other.py": "nothing = 1\n",
}


async def test_a_name_is_changed_everywhere_and_decided_by_somebody_else(
    site: Server, people: People, model: ModelServer
) -> None:
    for path, text in FILES.items():
        await new_document(site, path, text)
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    await owner.open("several/shapes.py")
    await editor.open("several/report.py")
    more = asyncio.Event()
    model.enqueue(*[Script(replace=("area_of", "surface"), tokens=4, goes_on=more)] * 3)

    text = owner.text("several/shapes.py")
    await text.locator(".cm-line", has_text="def area_of").get_by_text("area_of").first.dblclick()
    await owner.page.keyboard.press("ControlOrMeta+k")
    form = owner.page.get_by_role("form", name="with the assistant")
    await form.get_by_label("Where").select_option("every file with its name")
    await form.get_by_label("Instruction").fill("Call it surface")
    await people.picture(owner, "ask-everywhere")
    await form.get_by_role("button", name="Ask", exact=True).click()
    for tab in (owner, editor):
        await expect(tab.review).to_contain_text("Proposing…")
    more.set()

    for tab in (owner, editor):
        await expect(tab.review).to_contain_text("2 changes to decide here, 3 in 2 other files")
    await expect(editor.page.get_by_role("treeitem", name="notes.md, 1 change to decide")).to_be_visible()
    await people.picture(owner, "several-files")
    await people.picture(editor, "several-files-other")
    await editor.review.get_by_role("button", name="Accept here").click()
    await editor.reads("several/report.py", FILES["several/report.py"].replace("area_of", "surface"))
    assert await file_text(site, "several/shapes.py") == FILES["several/shapes.py"]

    await expect(editor.review).to_contain_text("3 changes to decide in 2 other files")
    await editor.review.get_by_role("link", name="notes.md").click()
    await expect(editor.review).to_contain_text("1 change to decide here, 2 in another file")
    await editor.review.get_by_role("button", name="Accept all 3").click()
    await owner.reads("several/shapes.py", FILES["several/shapes.py"].replace("area_of", "surface"))
    for path in FILES:
        expected = FILES[path].replace("area_of", "surface")
        await eventually(lambda path=path: file_text(site, path), lambda text, expected=expected: text == expected)


async def test_files_are_chosen_on_a_phone_and_what_went_stale_is_asked_for_again(
    site: Server, people: People, model: ModelServer
) -> None:
    for path in ("phone/one.md", "phone/two.md"):
        await new_document(site, path, f"This is teh text of {path}.\n")
    tab = await people.owner(PHONE)
    await tab.open("phone/one.md")
    await tab.select_all("phone/one.md")
    await tab.page.keyboard.press("ControlOrMeta+k")
    form = tab.page.get_by_role("form", name="with the assistant")
    await form.get_by_label("Where").select_option("chosen files…")
    await form.get_by_label("Find a file").fill("phone")
    await form.get_by_label("phone/two.md").check()
    await form.get_by_label("Instruction").fill("Correct the spelling")
    await people.picture(tab, "ask-chosen-phone")
    model.enqueue(*[Script(replace=("teh", "the"))] * 2)
    await form.get_by_role("button", name="Ask", exact=True).click()
    await expect(tab.review).to_contain_text("1 change to decide here, 1 in another file")
    await people.picture(tab, "several-files-phone")

    await tab.text("phone/one.md").get_by_text("teh").first.dblclick()
    await tab.page.keyboard.type("tehh")
    model.enqueue(Script(replace=("tehh", "the")))
    await tab.text("phone/one.md").get_by_role("button", name="Ask the assistant again").click()
    await tab.text("phone/one.md").get_by_role("button", name="Accept:").first.click()
    await tab.reads("phone/one.md", "This is the text of phone/one.md.\n")


PAGE = "<!doctype html>\n<title>Countdown</title>\n"
STYLE = "body { color: teal }\n"


async def test_a_folder_of_files_is_written_before_everybodys_eyes(
    site: Server, people: People, model: ModelServer
) -> None:
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    for tab in (owner, editor):
        await tab.open("Welcome.md")
    more = asyncio.Event()
    answer = f"=== FILE: index.html ===\n{PAGE}=== FILE: style.css ===\n{STYLE}"
    model.enqueue(Script(answer=answer, tokens=9, goes_on=more))
    await owner.page.get_by_role("button", name="Have files written").click()
    dialog = owner.page.get_by_role("dialog")
    await dialog.get_by_role("combobox").select_option("A folder of files")
    await dialog.get_by_role("textbox", name="Folder").fill("countdown")
    await dialog.get_by_label("What is to be written").fill("A page that counts down")
    await people.picture(owner, "new-files")
    await dialog.get_by_role("button", name="Write").click()
    await expect(owner.page).to_have_url(f"{site.url}/w/{site.workspace}/countdown/index.html")
    await expect(owner.review).to_contain_text("Writing…")
    await editor.open("countdown/index.html")
    await expect(editor.page.get_by_role("treeitem", name="index.html, open by Owner")).to_be_visible()
    await expect(editor.review).to_contain_text("Writing…")
    await people.picture(owner, "new-files-writing")
    more.set()
    await owner.reads("countdown/index.html", PAGE)
    await expect(owner.review).to_contain_text("2 new files to keep or undo")
    await people.picture(owner, "new-files-written")
    await editor.open("countdown/style.css")
    await editor.review.get_by_role("button", name="Undo here").click()
    await expect(owner.page.get_by_role("treeitem", name="style.css")).to_have_count(0)
    await owner.review.get_by_role("button", name="Keep").click()
    await expect(owner.review).to_contain_text("accepted by Owner")
    assert await file_text(site, "countdown/index.html") == PAGE


async def test_a_new_file_that_was_taken_back_says_so_and_comes_back(
    site: Server, people: People, model: ModelServer
) -> None:
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    await owner.open("Welcome.md")
    model.enqueue(Script(answer="Roses are red.\n"))
    await owner.page.get_by_role("button", name="Have files written").click()
    dialog = owner.page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="Name").fill("poems/rose.md")
    await dialog.get_by_label("What is to be written").fill("A poem")
    await dialog.get_by_role("button", name="Write").click()
    await owner.reads("poems/rose.md", "Roses are red.\n")
    await editor.open("poems/rose.md")
    await editor.reads("poems/rose.md", "Roses are red.\n")

    async def answered_late(route: Route) -> None:
        response = await route.fetch()
        await asyncio.sleep(1)  # everybody has heard of the decision by then
        await route.fulfill(response=response)

    await editor.page.route("**/decisions", answered_late)
    for decision in ("Undo", "Keep"):
        await editor.review.get_by_role("button", name=decision).click()
        if decision == "Keep":
            # Until then the button of this name takes back what nobody has kept. The words "accepted by Edda" would not
            # tell: they may be among what the model saw, of changes before this one.
            await expect(editor.review.get_by_role("button", name="Keep")).to_have_count(0)
            await editor.review.get_by_role("button", name="Undo").click()
        for tab in (editor, owner):
            said = tab.page.get_by_role("alert").filter(has_text="This new file was taken back")
            await expect(said).to_contain_text("Edda undid what")
        await people.picture(owner, "new-file-taken-back")
        await owner.page.get_by_role("button", name="Bring it back").click()
        for tab in (owner, editor):
            await tab.reads("poems/rose.md", "Roses are red.\n")
            await expect(tab.review.get_by_role("button", name="Keep")).to_be_visible()
    assert await file_text(site, "poems/rose.md") == "Roses are red.\n"
