"""What somebody sees who may do less than a moment ago, in a file that is open."""

import pytest
from playwright.async_api import expect

from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import file_text, new_document
from tests.support.server import Server

pytestmark = [pytest.mark.essential, pytest.mark.asyncio(loop_scope="session")]


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


async def sign_out(tab: Tab) -> None:
    await tab.page.get_by_role("button", name="theme and account").click()
    await tab.page.get_by_role("menuitem", name="Sign out").click()


async def test_who_signs_out_in_another_tab_is_signed_out_in_all(site: Server, people: People) -> None:
    await new_document(site, "out.md", "before\n")
    first = await people.guest("editor", "Sam")
    await first.open("out.md")
    await first.type_at_end("out.md", "saved")
    await first.is_saved()
    second = await people.tab_beside(first)
    await second.open("out.md")
    await second.is_saved()
    await sign_out(second)
    await expect(second.page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    await expect(first.page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    await people.picture(first, "signed-out-elsewhere")
    assert await file_text(site, "out.md") == "before\nsaved"
    second.errors.clear()  # the browser itself reports that it was answered 401


async def test_edits_that_are_not_saved_stay_on_the_screen_of_who_was_signed_out(site: Server, people: People) -> None:
    await new_document(site, "out2.md", "before\n")
    first = await people.guest("editor", "Sam", PHONE)
    await first.open("out2.md")
    await first.is_saved()
    await first.page.context.set_offline(True)
    await first.type_at_end("out2.md", "in the tunnel")
    # A browser has one network; what another tab of it does comes from here.
    [cookie] = await first.page.context.cookies()
    session = {"Cookie": f"{cookie['name']}={cookie['value']}", "Origin": site.url}
    (await site.http().post("/api/signout", headers=session)).raise_for_status()
    await first.page.context.set_offline(False)
    await expect(first.page.get_by_role("heading", name="You are signed out")).to_be_visible()
    await expect(first.state).to_have_text("No longer saved")
    await first.reads("out2.md", "before\nin the tunnel")
    # An answer that says the same comes at any time, also before the document's own connection is back.
    async with first.page.expect_response(lambda response: response.status == 401):
        await first.page.get_by_role("button", name="Conversations with the assistant").click()
    drawer = first.page.get_by_role("dialog", name="Conversations")
    await drawer.get_by_role("button", name="Close").press("Enter")
    await expect(drawer).to_be_hidden()
    await expect(first.state).to_have_text("No longer saved")
    await first.reads("out2.md", "before\nin the tunnel")
    await people.picture(first, "signed-out-with-edits")
    first.errors.clear()  # the browser itself reports what it could not reach
