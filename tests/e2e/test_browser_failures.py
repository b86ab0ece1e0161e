"""What people see of a model that fails: the requests that failed, another try, and who answers while it is down."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import DESK, PHONE, People
from tests.e2e.helpers import asking, file_text, new_document
from tests.support.server import running_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT = "One line.\nAnother line.\n"
WIDE = {"width": 1600, "height": 900}


async def test_failed_requests_are_seen_by_all_and_tried_again_by_editors(
    browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    async with ModelServer() as model, running_server(tmp_path, asking(model)) as site:
        await new_document(site, "notes.md", TEXT)
        people = People(browser, site, pictures)
        owner, viewer = await people.owner(WIDE), await people.guest("viewer", "Vera", PHONE)
        await owner.open("notes.md")
        model.enqueue(Script("rejected"), Script("unauthorized"))
        await owner.select_all("notes.md")
        await owner.ask("Make it a little shorter, and keep the order of the lines")
        await expect(owner.review).to_contain_text("refused the request")
        await owner.page.keyboard.press("Control+j")
        await owner.page.get_by_role("textbox", name="Your question").fill("What is this about?")
        await owner.page.keyboard.press("Enter")
        await expect(owner.page.locator(".message").get_by_role("alert")).to_contain_text("does not accept the key")
        await people.picture(owner, "failures-closed-wide")
        for tab in (owner, viewer):
            await tab.open("notes.md")
            await tab.page.get_by_role("button", name="Conversations with the assistant").click()
            await tab.page.get_by_text("2 failed requests").click()
            await expect(tab.page.locator(".failure").get_by_text("Make it a little shorter")).to_be_visible()
        await expect(viewer.page.get_by_role("button", name="Dismiss")).to_have_count(0)
        await expect(viewer.page.get_by_role("button", name="Try again")).to_have_count(0)
        await people.picture(owner, "failures-wide")
        await people.picture(viewer, "failures-phone")
        await dark(viewer.page)
        await people.picture(viewer, "failures-phone-dark")
        model.enqueue(Script(answer=TEXT.replace("One", "First")))
        edit = owner.page.locator(".failure").filter(has_text="Make it a little shorter")
        await edit.get_by_role("button", name="Try again").click()
        await expect(viewer.page.get_by_text("1 failed request")).to_be_visible()
        await expect(owner.review).to_contain_text("1 change to decide")
        await owner.page.get_by_role("button", name="Dismiss").click()
        await expect(viewer.page.get_by_text("failed request")).to_have_count(0)
        await owner.review.get_by_role("button", name="Accept").click()
        await owner.reads("notes.md", TEXT.replace("One", "First"))
        assert await file_text(site, "notes.md") == TEXT.replace("One", "First")
        for tab in people.tabs:
            tab.errors.clear()  # the browser itself reports refusals
        await people.close()


async def test_while_the_model_is_down_everybody_reads_who_answers(
    browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    async with ModelServer() as model, running_server(tmp_path, asking(model)) as site:
        await new_document(site, "tidy.py", "import os\n\nx=1\n")
        people = People(browser, site, pictures)
        owner, viewer = await people.owner(DESK), await people.guest("viewer", "Vera")
        for tab in (owner, viewer):
            await tab.open("tidy.py")
        model.enqueue(*(Script("server_error", retry_after=None) for _ in range(3)))
        await owner.select_all("tidy.py")
        await owner.ask("Tidy up")
        await expect(owner.review).to_contain_text("has not answered since", timeout=40_000)
        await expect(owner.review).to_contain_text("The built-in assistant answered instead")
        await viewer.page.get_by_role("button", name="Conversations with the assistant").click()
        await expect(viewer.page.get_by_text("scripted is not answering")).to_be_visible()
        await owner.page.get_by_role("button", name="Conversations with the assistant").click()
        await owner.page.get_by_role("textbox", name="Your question").fill("Are you there?")
        await owner.page.keyboard.press("Enter")
        await expect(
            owner.page.get_by_text("The built-in assistant answers instead, which cannot talk")
        ).to_be_visible()
        await people.picture(owner, "outage")
        await dark(owner.page)
        await people.picture(owner, "outage-dark")
        await owner.page.get_by_role("button", name="People", exact=True).click()
        await expect(owner.page.locator(".person").last).to_contain_text("scripted is not answering")
        await people.picture(owner, "outage-people-dark")
        people.complain()
        await people.close()


# What screen readers are told: each stands there for a moment.
LISTEN = """
() => {
  window.said = []
  const told = document.querySelector('.cm-announced')
  new MutationObserver(() => window.said.push(told.textContent)).observe(told, { childList: true })
}
"""


async def test_grey_text_of_the_built_in_assistant_says_so_while_the_model_is_down(
    browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    async with ModelServer() as model, running_server(tmp_path, asking(model)) as site:
        await new_document(
            site, "minutes.md", "# Minutes\n\nOur boats lie on Tuesday in the harbour, and nobody wrote it down.\n"
        )
        await new_document(site, "more.md", "(see )\n")
        people = People(browser, site, pictures)
        owner = await people.owner(DESK)
        await owner.open("minutes.md")
        model.enqueue(*(Script("server_error", retry_after=None) for _ in range(30)))
        await owner.select_all("minutes.md")
        await owner.ask("Tidy up")
        # On a slow machine the last attempt may be the one that tries whether the model is back.
        await expect(owner.review).to_contain_text(re.compile("has not answered since|Try again"), timeout=40_000)
        if await (again := owner.review.get_by_role("button", name="Try again")).count():
            await again.click()
        await expect(owner.review).to_contain_text("has not answered since", timeout=40_000)
        await owner.open("more.md")
        await owner.wants_completions()
        await owner.page.evaluate(LISTEN)
        await owner.text("more.md").focus()
        await owner.page.keyboard.press("Control+Home")
        for _ in range(5):
            await owner.page.keyboard.press("ArrowRight")
        await owner.page.keyboard.insert_text("Our boats lie ")
        by = owner.page.locator(".ghost-by")
        # Now and then one is the try whether the model is back: it fails, and the next pause asks anew.
        for _ in range(20):
            await owner.page.wait_for_timeout(1_500)
            if await by.count():
                break
            await owner.page.keyboard.press("Backspace")
            await owner.page.keyboard.insert_text(" ")
        await expect(owner.page.locator(".ghost")).to_contain_text("on Tuesday")
        await expect(by).to_have_attribute("title", "By the built-in assistant, while scripted is not answering")
        said = await owner.page.evaluate("window.said")
        assert any("of the built-in assistant, while scripted is not answering: on Tuesday" in words for words in said)
        line = owner.text("more.md").locator(".cm-line").first
        box, label = await line.bounding_box(), await by.bounding_box()
        assert box is not None
        assert label is not None
        assert box["height"] < 30, "it stands in its line"
        assert label["y"] >= box["y"]
        assert label["y"] + label["height"] <= box["y"] + box["height"]
        await people.picture(owner, "grey-text-built-in")
        await dark(owner.page)
        await people.picture(owner, "grey-text-built-in-dark")
        await owner.page.keyboard.press("Tab")
        await owner.reads_of("more.md", "(see Our boats lie on Tuesday")
        for tab in people.tabs:
            tab.errors.clear()  # the browser itself reports refusals
        await people.close()


async def dark(page: Page) -> None:
    await page.emulate_media(color_scheme="dark")
