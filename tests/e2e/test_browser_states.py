"""What the page says, and where the focus is, when something other than typing happens."""

import asyncio
import json
import re

import pytest
from playwright.async_api import Response, Route, WebSocketRoute, expect

from collab.yjs.codec import encode_update
from tests.collab.costly import BASE, COMPARED_WITH_ALL
from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, People
from tests.e2e.helpers import eventually, file_text, new_document, stopped_database
from tests.support.server import Server
from tests.support.sync_client import sync_client

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_deleted_text_says_so_and_can_still_be_copied(site: Server, people: People) -> None:
    await new_document(site, "gone.md", "An important paragraph.\n")
    owner = await people.owner()
    phone = await people.guest("editor", "Pia", PHONE)
    for tab in (owner, phone):
        await tab.open("gone.md")
    text = "An important paragraph.\nMore of it."
    await owner.type_at_end("gone.md", "More of it.")
    await owner.is_saved()
    await phone.reads("gone.md", text)
    await site.owner.http.delete(f"{site.workspace_path}/files/gone.md")
    for tab in (owner, phone):
        await expect(tab.page.get_by_role("heading", name="This file was deleted")).to_be_visible()
        await expect(tab.state).to_have_text("No longer saved")
        await tab.reads("gone.md", text)
    await owner.page.keyboard.type("lost?")
    await owner.reads("gone.md", text)
    await people.picture(owner, "deleted-while-open")
    await people.picture(phone, "deleted-while-open-phone")

    await owner.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await owner.page.get_by_role("button", name="Copy the text").click()
    assert await owner.page.evaluate("navigator.clipboard.readText()") == text
    await owner.page.reload()
    await expect(owner.page.get_by_role("main")).to_contain_text("was deleted by Owner, and is in the trash")
    await people.picture(owner, "deleted-and-missed")
    await owner.page.get_by_role("button", name="Put it back").click()
    await owner.reads("gone.md", text)
    # Whoever still had it before their eyes goes on in it.
    await expect(phone.page.get_by_role("heading", name="This file was deleted")).to_have_count(0)
    await phone.type_at_end("gone.md", " Back.")
    await owner.reads("gone.md", f"{text} Back.")


async def test_a_text_that_goes_on_under_a_new_id_opens_by_itself_unless_edits_would_be_lost(
    site: Server, people: People
) -> None:
    document = await new_document(site, "renewed.md", "kept\n")
    owner = await people.owner()
    guest = await people.guest("editor", "Gus")
    for tab in (owner, guest):
        await tab.open("renewed.md")
        await tab.is_saved()
    await guest.page.context.set_offline(True)
    await guest.type_at_end("renewed.md", "in the tunnel")
    # The page looks for it itself, from before it is there: on a busy machine a look from outside comes too late.
    heading = owner.page.get_by_role("heading", name="goes on as a fresh copy")
    seen = asyncio.create_task(heading.wait_for())
    async with sync_client(site.owner.socket(f"/sync/{site.workspace}/{document}")) as eve:
        for frame in (encode_update(BASE), encode_update(COMPARED_WITH_ALL)):
            await eve.socket.send(frame)
        await eve.barrier()
    # Replacing it takes a copy of it, which nobody would wait for.
    answer = await site.owner.http.put(f"{site.workspace_path}/files/renewed.md", content=b"short\n")
    assert answer.status_code == 503
    await seen
    await people.picture(owner, "renewed")
    await eventually(lambda: site.document("renewed.md"), lambda now: now != document)
    answer = await site.owner.http.put(f"{site.workspace_path}/files/renewed.md", content=b"short\n")
    assert answer.status_code == 204
    await owner.reads("renewed.md", "short\n")
    await owner.is_saved()

    await guest.page.context.set_offline(False)
    await expect(guest.page.get_by_role("heading", name="Another file has taken the place")).to_be_visible()
    await guest.reads("renewed.md", "kept\nin the tunnel")
    await expect(guest.state).to_have_text("No longer saved")
    await people.picture(guest, "renewed-while-offline")
    await guest.page.get_by_role("button", name="Open the file as it is now").click()
    await guest.reads("renewed.md", "short\n")
    await guest.is_saved()
    guest.errors.clear()  # the browser itself reports what it could not reach


@pytest.mark.alone
async def test_a_cut_network_is_told_at_once(site: Server, people: People) -> None:
    await new_document(site, "train.md", "before\n")
    owner = await people.owner()
    await owner.open("train.md")
    await owner.is_saved()
    await owner.page.context.set_offline(True)
    await expect(owner.state).to_have_text("Offline: your edits are kept here", timeout=1_000)
    await owner.type_at_end("train.md", "in the tunnel")
    await expect(owner.state).to_have_text("Offline: your edits are kept here")
    await owner.page.context.set_offline(False)
    await owner.is_saved()
    assert await file_text(site, "train.md") == "before\nin the tunnel"
    owner.errors.clear()  # the browser itself reports what it could not reach


async def test_a_database_that_is_away_is_told_and_nothing_is_called_saved(site: Server, people: People) -> None:
    await new_document(site, "outage.md", "before\n")
    owner = await people.owner()
    phone = await people.guest("editor", "Pia", PHONE)
    for tab in (owner, phone):
        await tab.open("outage.md")
        await tab.is_saved()
    async with stopped_database(site):
        await owner.type_at_end("outage.md", "while it is away")
        await expect(owner.state).to_have_text("Saving…")
        await phone.reads("outage.md", "before\nwhile it is away")  # editing goes on
        words = re.compile("Not saved yet: the server’s database has been away since [0-9:]+")
        await expect(owner.state).to_have_text(words, timeout=30_000)
        await phone.type_at_end("outage.md", ", also here")
        await expect(phone.state).to_have_text(words, timeout=30_000)
        await people.picture(owner, "database-away")
        await people.picture(phone, "database-away-phone")
    for tab in (owner, phone):
        await expect(tab.state).to_have_text("Saved", timeout=30_000)
        tab.errors.clear()  # the browser itself reports that /readyz answers 503
    assert await file_text(site, "outage.md") == "before\nwhile it is away, also here"


async def test_a_text_that_lacks_something_of_its_log_says_so_beside_saved(site: Server, people: People) -> None:
    document = await new_document(site, "spoilt.md", "before\n")
    owner = await people.owner()
    sockets: list[WebSocketRoute] = []

    def listen(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        # The text is sound, and so the server says in two seconds; only what the test says is to be heard.
        server.on_message(lambda message: None if "document.settled" in str(message) else socket.send(message))
        sockets.append(socket)

    def tell(what: str, **more: object) -> None:
        data = {"document": document, "path": "spoilt.md", **more}
        sockets[-1].send(json.dumps({"id": "1.t1", "type": f"scriptorium.document.{what}", "data": data}))

    await owner.page.route_web_socket(re.compile(r"/events"), listen)
    await owner.page.reload()
    await owner.open("spoilt.md")
    await owner.is_saved()
    tell("incomplete")
    await expect(owner.state).to_have_text("Saved, but an earlier edit cannot be read: tell who runs this server")
    await people.picture(owner, "incomplete")
    tell("settled", size=7, hash="")
    await expect(owner.state).to_have_text("Saved")


async def test_what_was_not_looked_at_yet_is_there_without_the_network(site: Server, people: People) -> None:
    await new_document(site, "away/plan.txt", "one\n")
    await new_document(site, "away/page.md", "# two\n")
    owner = await people.owner()
    await owner.open("away/page.md")
    await owner.open("away/plan.txt")
    page = owner.page
    # The page fetches the rest of itself when it is at rest.
    await eventually(
        lambda: page.evaluate("() => performance.getEntriesByType('resource').map(({ name }) => name).join()"),
        lambda names: all(part in names for part in ("/HistoryPanel-", "/PreviewSwitch-", "/FindPanel-", "/Split-")),
    )
    await page.context.set_offline(True)
    await owner.type_at_end("away/plan.txt", "two")
    await expect(owner.state).to_contain_text("Offline")
    for panel in ("Conversations with the assistant", "Comments", "History", "People"):
        await page.get_by_role("button", name=panel, exact=True).click()
        await expect(owner.text("away/plan.txt")).to_be_visible()
    await page.keyboard.press("Control+Shift+f")
    await expect(page.get_by_role("search", name="Find in files")).to_be_visible()
    await people.picture(owner, "offline-panels")
    await page.keyboard.press("Escape")
    await owner.text("away/plan.txt").focus()
    await page.keyboard.press("Control+\\")
    await expect(owner.text("away/plan.txt")).to_have_count(2)
    await page.context.set_offline(False)
    await owner.is_saved()
    assert await file_text(site, "away/plan.txt") == "one\ntwo"
    owner.errors.clear()  # what could not be reached


async def test_a_part_of_the_page_that_cannot_be_fetched_is_asked_for_again(site: Server, people: People) -> None:
    owner = await people.owner()
    refused: list[str] = []

    async def refuse(route: Route) -> None:
        refused.append(route.request.url)
        await (route.abort() if len(refused) <= 2 else route.continue_())

    await owner.page.route("**/assets/PeoplePanel-*.js", refuse)
    await owner.page.reload()
    await owner.page.get_by_role("button", name="People", exact=True).click()
    await expect(owner.page.get_by_role("complementary", name="People")).to_contain_text("Owner")
    assert len(refused) > 2
    owner.errors.clear()


async def test_what_the_first_text_takes(site: Server, people: People) -> None:
    """The programs of the page for a text without a language: 350 kB at most, compressed."""
    await new_document(site, "away/first.txt", "one\n")
    owner = await people.owner()
    guest = await people.tab_beside(owner)
    sizes: dict[str, int] = {}

    def heard(response: Response) -> None:
        if response.url.endswith(".js"):
            assert response.headers["content-encoding"] == "br"
            sizes[response.url] = int(response.headers["content-length"])

    guest.page.on("response", heard)
    await guest.open("away/first.txt")
    await guest.is_saved()
    assert len(sizes) > 5
    assert sum(sizes.values()) <= 350_000, sizes


async def test_a_panel_takes_the_focus_and_gives_it_back(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "focus.md", "text\n")
    owner = await people.owner()
    await owner.open("focus.md")
    page = owner.page
    question = page.get_by_role("textbox", name="Your question")
    await page.get_by_role("button", name="Conversations with the assistant").click()
    await expect(question).to_be_focused()
    await page.keyboard.type("Who is there?")
    await expect(question).to_have_value("Who is there?")
    model.enqueue(Script(answer="Nobody."))
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nobody.")).to_be_visible()
    await expect(question).to_be_focused()

    await page.get_by_role("button", name="People", exact=True).click()
    await expect(page.get_by_role("complementary", name="People")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("complementary", name="People")).to_have_count(0)

    await owner.text("focus.md").focus()
    await page.keyboard.press("Control+j")
    await expect(question).to_be_focused()
    await page.keyboard.press("Control+j")
    await expect(question).to_have_count(0)
    await owner.type_at_end("focus.md", "")
    await page.keyboard.press("Control+j")
    await expect(question).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(owner.text("focus.md")).to_be_focused()
    await page.keyboard.type("goes on")
    await owner.reads("focus.md", "text\ngoes on")

    phone = await people.guest("editor", "Pia", PHONE)
    await phone.page.get_by_role("button", name="Conversations with the assistant").click()
    await expect(phone.page.get_by_role("textbox", name="Your question")).to_be_visible()
    await expect(phone.page.get_by_role("textbox", name="Your question")).not_to_be_focused()
    await people.picture(phone, "conversations-phone")


async def test_what_is_proposed_is_not_struck_through_by_another_proposal(
    site: Server, people: People, model: ModelServer
) -> None:
    text = "Hello world, this is a line.\n"
    await new_document(site, "overlap.md", text)
    owner = await people.owner()
    await owner.open("overlap.md")
    for answer in ("Hello brave new world, this is a line.\n", "Something else altogether stands here now.\n"):
        model.enqueue(Script(answer=answer))
        await owner.select_all("overlap.md")
        before = await owner.page.locator(".proposal").count()
        await owner.ask("Change it")
        await expect(owner.page.locator(".proposal")).not_to_have_count(before)
        await expect(owner.review).to_contain_text("to decide")
    await expect(owner.page.locator(".proposal", has_text="brave new")).to_be_visible()
    assert await owner.page.locator("del .proposal").count() == 0
    await people.picture(owner, "proposals-overlap")


async def test_a_reader_has_nothing_unsaved_while_offline(site: Server, people: People) -> None:
    for name in ("one", "two"):
        await new_document(site, f"away/read-{name}.txt", f"{name}\n")
    viewer = await people.guest("viewer", "Vera")
    await viewer.open("away/read-one.txt")
    await viewer.row("read-two.txt").dblclick()
    await expect(viewer.text("away/read-two.txt")).to_be_visible()
    await viewer.page.reload()
    await expect(viewer.text("away/read-two.txt")).to_be_visible()
    tabs = viewer.page.get_by_role("tab")
    await expect(tabs).to_have_count(2)
    await viewer.page.context.set_offline(True)
    await asyncio.sleep(4)
    await expect(viewer.page.locator("[data-unsaved]")).to_have_count(0)
    await tabs.first.click()
    await asyncio.sleep(3)
    await people.picture(viewer, "reader-offline")
    await expect(viewer.page.locator("[data-unsaved]")).to_have_count(0)
    viewer.errors.clear()


async def test_what_was_written_without_the_network_outlives_the_page_and_is_merged(
    site: Server, people: People
) -> None:
    await new_document(site, "tunnel/notes.md", "first\nlast\n")
    owner, guest = await people.owner(), await people.guest("editor", "Edda")
    for tab in (owner, guest):
        await tab.open("tunnel/notes.md")
        await tab.is_saved()
    await owner.page.context.set_offline(True)
    await owner.type_at_end("tunnel/notes.md", "from the tunnel")
    await expect(owner.state).to_have_text("Offline: your edits are kept here")
    beside = await owner.page.context.new_page()  # the browser stays, with what it keeps
    await owner.page.close()
    await guest.text("tunnel/notes.md").press("Control+Home")
    await guest.page.keyboard.type("meanwhile ")
    await guest.is_saved()
    assert await file_text(site, "tunnel/notes.md") == "meanwhile first\nlast\n"
    await beside.context.set_offline(False)
    back = await people.tab_beside(owner)
    await back.open("tunnel/notes.md")
    await back.reads("tunnel/notes.md", "meanwhile first\nlast\nfrom the tunnel")
    await guest.reads("tunnel/notes.md", "meanwhile first\nlast\nfrom the tunnel")
    await back.is_saved()
    assert await file_text(site, "tunnel/notes.md") == "meanwhile first\nlast\nfrom the tunnel"
    await beside.close()
    owner.errors.clear()  # the browser itself reports what it could not reach
