"""The first minutes in a workspace in which nothing is yet."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.browser import PHONE, People
from tests.e2e.helpers import file_text
from tests.support.server import Server, running_server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_empty_workspace_has_something_to_try(site: Server, people: People) -> None:
    owner = await people.owner()
    await owner.page.keyboard.press("Control+Shift+p")
    await owner.page.keyboard.type("All workspaces")
    await owner.page.keyboard.press("Enter")
    await owner.page.get_by_role("textbox", name="New workspace").fill("A new beginning")
    await owner.page.get_by_role("button", name="Create").click()
    await expect(owner.page.get_by_role("heading", name="A new beginning")).to_be_visible()
    begin = owner.page.get_by_role("button", name="Try it with examples")
    await expect(begin).to_be_visible()
    await people.picture(owner, "empty-workspace")
    await owner.page.set_viewport_size(PHONE)
    await people.picture(owner, "empty-workspace-phone")
    await begin.click()
    await expect(owner.page).to_have_url(re.compile(r"/Welcome\.md$"))
    await owner.reads_of("Welcome.md", "This is a shared document.")
    await owner.is_saved()
    # The other tests know one workspace.
    workspace = owner.page.url.split("/")[4]
    (await site.owner.http.delete(f"/api/workspaces/{workspace}")).raise_for_status()


async def test_without_a_model_the_page_says_so_and_how_to_get_one(
    browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    """Scriptorium as `make run` starts it: something can be had from the assistant all the same."""
    async with running_server(tmp_path, {}) as server:
        people = People(browser, server, pictures)
        try:
            owner = await people.owner()
            before = await file_text(server, "untidy.py")
            await owner.open("untidy.py")
            await owner.show_panel("Conversations with the assistant")
            chat = owner.page.get_by_role("complementary", name="Conversations")
            await expect(chat).to_contain_text("No model is configured")
            await expect(chat).to_contain_text("Whoever runs this server can set OPENAI_API_KEY")
            await people.picture(owner, "no-model")
            await owner.select_all("untidy.py")
            await owner.page.keyboard.press("Control+k")
            form = owner.page.get_by_role("form", name=re.compile("Change [0-9]+ lines with the assistant"))
            await expect(form).to_contain_text("Built-in assistant")
            await people.picture(owner, "no-model-ask")
            await form.get_by_role("textbox", name="Instruction").fill("tidy up")
            await owner.page.keyboard.press("Enter")
            await expect(owner.review).to_contain_text("No model is configured, so the instruction was not read.")
            await people.picture(owner, "no-model-proposal")
            await owner.review.get_by_role("button", name="Accept all").click()
            await expect(owner.review).to_contain_text("accepted by Owner")
            await owner.is_saved()
            assert await file_text(server, "untidy.py") != before
            people.complain()
        finally:
            await people.close()
