"""The first minutes in a workspace in which nothing is yet."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.browser import PHONE, People
from tests.support.server import Server

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
