"""Links that let people in, followed as people follow them."""

import pytest
from playwright.async_api import expect

from tests.e2e.browser import People
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_invitation_pasted_into_a_page_that_is_open_already_lets_in(site: Server, people: People) -> None:
    invites = f"/api/workspaces/{site.workspace}/invites"
    invite = (await site.owner.http.post(invites, json={"role": "viewer"})).raise_for_status().json()
    tab = await people.window()
    await tab.follow(site.url)
    await expect(tab.page.get_by_text("not signed in")).to_be_visible()
    # Only what stands behind the "#" is another: the browser loads nothing.
    await tab.follow(invite["url"])
    await tab.page.get_by_label("Your name").fill("Pasted")
    await tab.page.get_by_role("button", name="Join").click()
    await expect(tab.page.get_by_role("tree", name="Files").get_by_role("treeitem").first).to_be_visible()
    assert "#" not in tab.page.url
    # To a stranger the server answers 401, and the browser itself reports that.
    tab.errors = [error for error in tab.errors if "401" not in error]
