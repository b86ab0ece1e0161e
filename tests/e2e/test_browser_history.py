"""The history of a text, as people meet it in a browser: its versions, the way back, and who wrote what."""

import asyncio

import pytest
from playwright.async_api import Locator, Page, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESKTOP = {"width": 1440, "height": 900}
LAPTOP = {"width": 1280, "height": 720}

PLAN = "# The plan\n\n" + "".join(f"Step {number} is as it was.\n" for number in range(1, 31))


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="History")


def rows(page: Page) -> Locator:
    """The versions in the list, newest first."""
    return page.locator("button.version")


def comparison(page: Page) -> Locator:
    return page.get_by_role("region", name="Version: ")


async def open_history(tab: Tab) -> None:
    await tab.show_panel("History")
    await expect(tab.page.locator(".history")).to_be_visible()


async def make_version(site: Server, document: str, name: str) -> str:
    answer = await site.owner.http.post(f"{site.workspace_path}/documents/{document}/versions", json={"name": name})
    found: str = answer.raise_for_status().json()["id"]
    return found


async def versions(site: Server, document: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (
        (await site.owner.http.get(f"{site.workspace_path}/documents/{document}/versions")).raise_for_status().json()
    )
    return found


async def in_dark(people: People, tab: Tab, name: str) -> None:
    """A picture in the light and one in the dark."""
    await people.picture(tab, name)
    await tab.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await people.picture(tab, f"{name}-dark")
    await tab.page.emulate_media(color_scheme="light", reduced_motion="reduce")


async def test_versions_appear_with_who_took_part_and_can_be_gone_back_to(site: Server, people: People) -> None:
    document = await new_document(site, "history/plan.md", PLAN)
    owner, editor = await people.owner(DESKTOP), await people.guest("editor", "Edda")
    for tab in (owner, editor):
        await tab.open("history/plan.md")
    await open_history(owner)
    await expect(panel(owner.page).get_by_role("heading", name="Today")).to_be_visible()
    await expect(rows(owner.page)).to_have_count(1)

    # While the panel is open, new versions come by themselves, with both names.
    await owner.type_at_end("history/plan.md", "The owner adds a step.\n")
    await editor.type_at_end("history/plan.md", "Edda adds another.\n")
    await expect(
        rows(owner.page).filter(has_text="You and Edda").or_(rows(owner.page).filter(has_text="Edda")).first
    ).to_be_visible()
    await expect(rows(owner.page).first).to_contain_text("Just now")

    # One is named from the panel.
    await owner.page.get_by_role("button", name="Name this version…").click()
    await owner.page.get_by_label("Name", exact=True).fill("Before the meeting")
    await owner.page.get_by_role("button", name="Keep it").click()
    await expect(rows(owner.page).first).to_contain_text("Before the meeting")
    await expect(rows(owner.page).first).to_contain_text("named by you")

    # Something of it is changed, and the difference is shown.
    await editor.select_all("history/plan.md")
    await editor.page.keyboard.press("Control+Home")
    await editor.page.keyboard.type("A new beginning\n")
    await editor.type_at_end("history/plan.md", "and a new end")
    await expect(rows(owner.page).first).not_to_contain_text("Before the meeting")
    await in_dark(people, owner, "history-panel")
    await rows(owner.page).filter(has_text="Before the meeting").click()
    looked = comparison(owner.page)
    await expect(looked).to_be_focused()
    await expect(looked.locator(".comparison-count")).to_have_text("2 changes")
    now = looked.get_by_role("textbox", name="The present text")
    await expect(now).to_contain_text("A new beginning")
    await expect(looked.get_by_role("textbox", name="“Before the meeting”")).not_to_contain_text("A new beginning")
    await in_dark(people, owner, "history-difference")

    # The present side follows, and nothing of either can be typed into.
    await editor.type_at_end("history/plan.md", ", still growing")
    await expect(now).to_contain_text("and a new end, still growing")
    await now.click()
    await owner.page.keyboard.type("not here")
    assert "not here" not in await file_text(site, "history/plan.md")

    # What changed in that version alone.
    await looked.get_by_role("radio", name="Version before").click()
    await expect(looked.locator(".comparison-sides")).to_contain_text("The version before it")
    await looked.get_by_role("radio", name="Present text").click()
    await expect(looked.locator(".comparison-count")).to_have_text("2 changes")

    # It is restored while Edda types; her words survive.
    typing = asyncio.create_task(editor.page.keyboard.type(" and Edda goes on typing all the while", delay=15))
    await asyncio.sleep(0.2)
    await looked.get_by_role("button", name="Restore this version").click()
    await expect(comparison(owner.page)).to_have_count(0)
    await typing
    await expect(owner.page.get_by_text("The version was restored").first).to_be_visible()
    await eventually(
        lambda: file_text(site, "history/plan.md"),
        lambda text: "A new beginning" not in text and "all the while" in text,
    )
    await owner.is_saved()
    await editor.is_saved()
    restored = await file_text(site, "history/plan.md")
    for tab in (owner, editor):
        await tab.reads("history/plan.md", restored)

    # What was replaced is in the list; restoring it takes the restoring back.
    replaced = rows(owner.page).filter(has_text="before a restore")
    await expect(replaced).to_have_count(1)
    await replaced.click()
    await expect(looked.get_by_role("button", name="Restore this version")).to_be_enabled()
    await looked.get_by_role("button", name="Restore this version").click()
    await eventually(lambda: file_text(site, "history/plan.md"), lambda text: "A new beginning" in text)
    assert len(await versions(site, document)) >= 4


async def test_from_version_to_version_by_keys(site: Server, people: People) -> None:
    document = await new_document(site, "history/keys.md", PLAN)
    await make_version(site, document, "first")
    owner = await people.owner(LAPTOP)
    await owner.open("history/keys.md")
    await owner.type_at_end("history/keys.md", "One more line.\n")
    await owner.is_saved()
    await make_version(site, document, "second")
    await owner.page.keyboard.press("Alt+Shift+H")
    await expect(panel(owner.page)).to_be_focused()
    await expect(rows(owner.page).first).to_contain_text("second")
    await rows(owner.page).first.focus()
    await owner.page.keyboard.press("Enter")
    looked = comparison(owner.page)
    await expect(looked.get_by_role("heading")).to_contain_text("“second”")
    await expect(looked.locator(".comparison-count")).to_have_text("The present text is the same")
    await expect(looked.get_by_role("button", name="Restore this version")).to_be_disabled()
    await owner.page.keyboard.press("Alt+ArrowDown")
    await expect(looked.get_by_role("heading")).not_to_contain_text("“second”")
    while await looked.get_by_role("button", name="Older version").is_enabled():
        title = await looked.get_by_role("heading").text_content() or ""
        await owner.page.keyboard.press("Alt+ArrowDown")
        await expect(looked.get_by_role("heading")).not_to_have_text(title)
    await people.picture(owner, "history-laptop")
    await owner.page.keyboard.press("F8")
    await owner.page.keyboard.press("Alt+ArrowUp")
    await owner.page.keyboard.press("Escape")
    await expect(looked).to_have_count(0)
    await expect(rows(owner.page).first).to_be_focused()
    await owner.page.keyboard.press("Alt+Shift+H")
    await expect(panel(owner.page)).to_have_count(0)


async def test_older_versions_come_when_one_scrolls_to_them(site: Server, people: People) -> None:
    document = await new_document(site, "history/long.md", PLAN)
    for number in range(60):
        await make_version(site, document, f"number {number}")
    viewer = await people.guest("viewer", "Vera", LAPTOP)
    await viewer.open("history/long.md")
    await open_history(viewer)
    await expect(rows(viewer.page)).to_have_count(50)
    await rows(viewer.page).first.focus()
    await viewer.page.keyboard.press("End")
    await expect(rows(viewer.page).filter(has_text="number 0")).to_be_visible()
    await expect(viewer.page.get_by_role("button", name="Show older versions")).to_have_count(0)
    await people.picture(viewer, "history-older")
    # What comes meanwhile stands in front.
    await make_version(site, document, "the newest")
    await expect(rows(viewer.page).first).to_contain_text("the newest")


async def test_a_viewer_looks_and_cannot_restore(site: Server, people: People) -> None:
    document = await new_document(site, "history/seen.md", PLAN)
    await make_version(site, document, "as it was")
    viewer = await people.guest("viewer", "Vera", LAPTOP)
    await viewer.open("history/seen.md")
    await open_history(viewer)
    await expect(viewer.page.get_by_role("button", name="Name this version…")).to_have_count(0)
    await rows(viewer.page).filter(has_text="as it was").click()
    await expect(comparison(viewer.page).locator(".comparison-count")).to_have_text("The present text is the same")
    await expect(viewer.page.get_by_role("button", name="Restore this version")).to_have_count(0)
    await comparison(viewer.page).get_by_role("button", name="Close").click()
    await expect(comparison(viewer.page)).to_have_count(0)


async def test_on_a_phone_there_is_one_column(site: Server, people: People) -> None:
    document = await new_document(site, "history/phone.md", PLAN)
    await make_version(site, document, "on the train")
    owner = await people.owner(PHONE)
    await owner.open("history/phone.md")
    await owner.type_at_end("history/phone.md", "Written on a phone.")
    await owner.is_saved()
    await open_history(owner)
    await expect(rows(owner.page).filter(has_text="on the train")).to_be_visible()
    await in_dark(people, owner, "history-phone-panel")
    await rows(owner.page).filter(has_text="on the train").click()
    looked = comparison(owner.page)
    # The drawer has gone, and the text has all the room.
    await expect(owner.page.locator(".history")).to_have_count(0)
    await expect(looked.locator(".comparison-count")).to_have_text("1 change")
    await expect(looked.get_by_role("textbox")).to_have_count(1)
    await in_dark(people, owner, "history-phone-difference")
    await looked.get_by_role("button", name="Restore this version").click()
    await owner.reads("history/phone.md", PLAN)
    # There is room for colours beside the lines, and for words below the text.
    await open_history(owner)
    await owner.page.get_by_role("button", name="Who wrote what").click()
    await owner.text("history/phone.md").focus()
    await owner.page.keyboard.press("Control+Home")
    await expect(owner.page.locator(".cm-authors-note").get_by_role("status")).to_contain_text("Line 1: you")
    await expect(owner.page.locator(".cm-author").first).to_be_visible()
    await in_dark(people, owner, "history-phone-authors")
    await owner.page.get_by_role("button", name="Hide authors").click()
    await expect(owner.page.locator(".cm-author")).to_have_count(0)


async def test_who_wrote_what(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "history/authors.md", "Written by the owner.\n")
    owner, editor = await people.owner(DESKTOP), await people.guest("editor", "Edda")
    for tab in (owner, editor):
        await tab.open("history/authors.md")
    await editor.type_at_end("history/authors.md", "Written by Edda.\nAnd so is this.\n")
    await editor.is_saved()
    model.enqueue(Script(answer="Written by the machine.\n", tokens=4))
    await editor.ask("Write a line")
    await owner.reads_of("history/authors.md", "Written by the machine.")

    await owner.text("history/authors.md").focus()
    await owner.page.keyboard.press("Control+Home")
    await owner.page.keyboard.press("Alt+Shift+W")
    gutter = owner.page.locator(".cm-authors")
    for name in ("You", "Edda", "Assistant"):
        await expect(gutter.get_by_text(name, exact=True)).to_be_visible()
    said = owner.page.locator(".cm-authors-note").get_by_role("status")
    await expect(said).to_contain_text("Line 1: you")
    await owner.page.keyboard.press("ArrowDown")
    # Once there is a version that has it, also when.
    await expect(said).to_contain_text("Line 2: Edda, today at")
    await expect(gutter.locator(".cm-author-when").first).to_be_visible()
    await owner.text("history/authors.md").get_by_text("Written by the machine.").hover()
    await expect(said).to_contain_text("Line 4: the assistant")
    await in_dark(people, owner, "history-authors")

    # What is typed is told once the text has settled, and a line keeps its author wherever it goes.
    await owner.page.keyboard.press("Control+Home")
    await owner.page.keyboard.type("In front of all.\n")
    await owner.page.keyboard.press("ArrowDown")
    await expect(said).to_contain_text("Line 3: Edda")
    await owner.page.keyboard.press("Control+Home")
    await expect(said).to_contain_text("Line 1: you")
    await owner.page.keyboard.press("Escape")
    await expect(gutter).to_have_count(0)
    await expect(owner.text("history/authors.md")).to_be_focused()


async def test_states_of_the_history(site: Server, people: People) -> None:
    await new_document(site, "empty.md", "")
    owner = await people.owner(LAPTOP)
    await owner.page.goto(f"{site.url}/w/{site.workspace}/")
    await open_history(owner)
    await expect(panel(owner.page)).to_contain_text("Open a text to see what it was.")
    await owner.row("empty.md").click()
    await expect(panel(owner.page)).to_contain_text("There is no version yet.")
    await people.picture(owner, "history-none")

    # The server does not answer, and then does.
    address = "**/documents/*/versions?*"
    await owner.page.route(address, lambda route: route.abort("connectionrefused"))
    document = await new_document(site, "away.md", PLAN)
    named = await make_version(site, document, "at the start")
    await owner.row("away.md").click()
    await expect(panel(owner.page)).to_contain_text("The server cannot be reached.")
    await people.picture(owner, "history-away")
    await owner.page.unroute(address)
    await panel(owner.page).get_by_role("button", name="Try again").click()
    await expect(rows(owner.page).filter(has_text="at the start")).to_be_visible()

    # A version that is not kept any more.
    gone = f"**/versions/{named}"
    await owner.page.route(
        gone,
        lambda route: route.fulfill(
            status=404,
            content_type="application/problem+json",
            body='{"title": "Not Found", "detail": "No such version."}',
        ),
    )
    await rows(owner.page).filter(has_text="at the start").click()
    await expect(comparison(owner.page).get_by_role("heading", name="not kept any more")).to_be_visible()
    await people.picture(owner, "history-gone")
    await owner.page.unroute(gone)
    await owner.page.keyboard.press("Escape")

    # The file is deleted while a version of it is looked at.
    await rows(owner.page).filter(has_text="at the start").click()
    looked = comparison(owner.page)
    await expect(looked.locator(".comparison-count")).to_have_text("The present text is the same")
    (await site.owner.http.delete(f"{site.workspace_path}/files/away.md")).raise_for_status()
    await expect(looked.get_by_role("alert")).to_contain_text("This file was deleted")
    await expect(looked.get_by_role("button", name="Restore this version")).to_have_count(0)
    await expect(panel(owner.page)).to_contain_text("This file was deleted.")
    await people.picture(owner, "history-deleted")
    owner.errors.clear()  # the browser reports what the test answered in the server's place


async def test_what_is_too_large_to_compare_can_be_restored(site: Server, people: People) -> None:
    text = "It is a long story.\n" * 110_000
    document = await new_document(site, "history/large.txt", text)
    await make_version(site, document, "the long one")
    owner = await people.owner(LAPTOP)
    await owner.page.goto(f"{site.url}/w/{site.workspace}/history/large.txt")
    await open_history(owner)
    await rows(owner.page).filter(has_text="the long one").click()
    looked = comparison(owner.page)
    await expect(looked.get_by_role("heading", name="too large to be compared here")).to_be_visible()
    await people.picture(owner, "history-large")
    async with owner.page.expect_download() as download:
        await looked.get_by_role("link", name="Download it").click()
    assert (await (await download.value).path()).read_text() == text
    (await site.owner.http.put(f"{site.workspace_path}/files/history/large.txt", content=b"short")).raise_for_status()
    await expect(looked.get_by_role("heading", name="too large")).to_have_count(0)
    await looked.get_by_role("button", name="Restore this version").click()
    await eventually(lambda: file_text(site, "history/large.txt"), lambda found: found == text)
