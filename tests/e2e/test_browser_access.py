"""What somebody sees who may do less than a moment ago, in a file that is open."""

import pytest
from playwright.async_api import expect

from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def give_role(owner: Tab, name: str, now: str, role: str) -> None:
    await owner.page.get_by_role("button", name=f"{name} is {now}: change").click()
    await owner.page.get_by_role("menuitemradio", name=role).click()
    await expect(owner.page.get_by_role("button", name=f"{name} is {role}: change")).to_be_visible()


async def test_who_becomes_a_viewer_reads_on_and_who_becomes_an_editor_again_writes_on(
    site: Server, people: People
) -> None:
    await new_document(site, "role.md", "before\n")
    owner = await people.owner()
    guest = await people.guest("editor", "Rosa")
    for tab in (owner, guest):
        await tab.open("role.md")
        await tab.is_saved()
    await guest.type_at_end("role.md", "as an editor")
    await guest.is_saved()
    await owner.page.get_by_role("button", name="People", exact=True).click()

    await give_role(owner, "Rosa", "editor", "viewer")
    await expect(guest.state).to_have_text("Read-only")
    await expect(guest.text("role.md")).to_have_attribute("aria-readonly", "true")
    await guest.text("role.md").focus()
    await guest.page.keyboard.type(" not written")
    await guest.reads("role.md", "before\nas an editor")
    await owner.type_at_end("role.md", ", and the owner")
    await guest.reads("role.md", "before\nas an editor, and the owner")
    await people.picture(guest, "became-viewer")

    await give_role(owner, "Rosa", "viewer", "editor")
    await guest.is_saved()
    await expect(guest.text("role.md")).not_to_have_attribute("aria-readonly", "true")
    await guest.type_at_end("role.md", ", and an editor again")
    await guest.is_saved()
    assert await file_text(site, "role.md") == "before\nas an editor, and the owner, and an editor again"


async def test_who_became_a_viewer_while_offline_is_told_that_something_is_not_saved(
    site: Server, people: People
) -> None:
    await new_document(site, "demoted.md", "before\n")
    owner = await people.owner()
    guest = await people.guest("editor", "Dora", PHONE)
    await guest.open("demoted.md")
    await guest.is_saved()
    await guest.page.context.set_offline(True)
    await guest.type_at_end("demoted.md", "in the tunnel")
    await owner.page.get_by_role("button", name="People", exact=True).click()
    await give_role(owner, "Dora", "editor", "viewer")
    await guest.page.context.set_offline(False)
    await expect(guest.state).to_have_text("Read-only: your last edits are not saved")
    await expect(guest.text("demoted.md")).to_have_attribute("aria-readonly", "true")
    await guest.reads("demoted.md", "before\nin the tunnel")
    await people.picture(guest, "became-viewer-while-offline")
    assert await file_text(site, "demoted.md") == "before\n"

    await give_role(owner, "Dora", "viewer", "editor")
    await guest.is_saved()
    assert await file_text(site, "demoted.md") == "before\nin the tunnel"
    guest.errors.clear()  # the browser itself reports what it could not reach
