"""What is recorded of dealings with the assistant, as people see it, switch it, and erase it in a browser."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import DESK, PHONE, People, Tab
from tests.e2e.helpers import asking, eventually, new_document
from tests.support.server import Server, running_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEPT = "is recorded with names and texts"
SECRET = "ghp_" + "aZ3kQ9xW1mB7vR5tY2nC8pL4sD6fG0hJabcd"
TEXT = "# Opening\n\nThe doors open at ten o clock.\n\nA guide leads the first tour.\n"
BETTER = "# Opening\n\nThe doors open at ten o’clock.\n\nInes leads the first tour, at half past ten.\n"


@pytest_asyncio.fixture(loop_scope="session")
async def house(tmp_path: Path, model: ModelServer) -> AsyncIterator[Server]:
    async with running_server(tmp_path, asking(model)) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def guests(browser: Browser, house: Server, pictures: Path) -> AsyncIterator[People]:
    people = People(browser, house, pictures)
    try:
        yield people
        people.complain()
    finally:
        await people.close()


async def records(server: Server) -> list[dict[str, Any]]:
    answer = await server.owner.http.get(f"{server.workspace_path}/feedback")
    return [json.loads(line) for line in answer.raise_for_status().text.splitlines()]


async def propose(tab: Tab, model: ModelServer, path: str, instruction: str) -> None:
    model.enqueue(Script(answer=BETTER))
    await tab.select_all(path)
    await tab.ask(instruction)
    await expect(tab.review).to_contain_text("3 changes to decide", timeout=20_000)


async def see_records(tab: Tab) -> None:
    await tab.page.get_by_role("button", name="theme and account").click()
    await tab.page.get_by_role("menuitem", name="What is recorded…").click()
    await expect(tab.page.get_by_role("dialog", name="Learning from decisions")).to_be_visible()


async def test_people_are_told_what_is_kept_and_owners_decide_on_it(house: Server, guests: People) -> None:
    owner = await guests.owner()
    invite = await house.owner.http.post(f"{house.workspace_path}/invites", json={"role": "editor"})
    guest = await guests.window()
    await guest.follow(invite.raise_for_status().json()["url"])
    await expect(guest.page.get_by_text(KEPT)).to_be_visible()
    await guests.picture(guest, "told-before-joining")
    await guest.page.get_by_label("Your name").fill("Edda")
    await guest.page.get_by_role("button", name="Join").click()
    await guest.page.get_by_role("button", name="People", exact=True).click()
    row = guest.page.get_by_role("listitem").filter(has_text="Assistant")
    await expect(row).to_contain_text(KEPT)

    page = owner.page
    await page.get_by_role("button", name="People", exact=True).click()
    await expect(page.get_by_text(KEPT)).to_be_visible()
    await guests.picture(owner, "told-in-the-people-panel")
    await page.get_by_role("button", name="Records…").click()
    dialog = page.get_by_role("dialog", name="Learning from decisions")
    await expect(dialog.get_by_text("Nothing has been recorded yet.")).to_be_visible()
    await guests.picture(owner, "records-empty")
    await dialog.get_by_role("button", name="Download…").click()
    async with page.expect_download() as download:
        await page.get_by_role("menuitem", name="As recorded").click()
    assert (await download.value).suggested_filename == "feedback-raw.jsonl"

    await dialog.get_by_role("checkbox", name="Record decisions").click()
    # Everybody hears of it, whatever they are doing.
    await expect(guest.page.get_by_text("Decisions are no longer recorded", exact=True)).to_be_visible()
    await guests.picture(guest, "told-of-the-switch")
    await expect(row).not_to_contain_text(KEPT)
    settings = (await house.owner.http.get(f"{house.workspace_path}/settings")).json()
    assert settings["collect_feedback"] is False
    await dialog.get_by_role("checkbox", name="Record decisions").click()
    await expect(guest.page.get_by_text("Decisions are recorded from now on", exact=True)).to_be_visible()


async def test_records_are_looked_at_and_erased(house: Server, guests: People, model: ModelServer) -> None:
    for path in ("opening.md", "tour.md"):
        await new_document(house, path, TEXT)
    ines = await guests.guest("editor", "Ines")
    await ines.open("opening.md")
    await propose(ines, model, "opening.md", f"Correct it. My key is {SECRET}")
    await ines.page.get_by_role("button", name="Accept all").click()
    await ines.reads("opening.md", BETTER)
    owner = await guests.owner()
    await owner.open("tour.md")
    await propose(owner, model, "tour.md", "Say who leads the tour")
    await owner.page.get_by_role("button", name="Reject all").click()
    await eventually(lambda: records(house), lambda found: len(found) == 6)
    kept = await records(house)
    assert {record["decision"] for record in kept} == {"accepted", "rejected"}
    # The browser has said what was on the screen.
    assert all(record["was_shown"] and record["shown_ms"] > 0 for record in kept), kept

    await see_records(owner)
    page = owner.page
    listed = page.get_by_role("list", name="Records").get_by_role("button")
    await expect(listed).to_have_count(len(kept))
    await guests.picture(owner, "records-list")
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size({"width": 1600, "height": 1000})
    await guests.picture(owner, "records-list-dark-wide")
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(DESK)
    await page.get_by_role("combobox", name="Decision").select_option("Rejected")
    await expect(listed.first).to_contain_text("tour.md")
    await expect(listed).to_have_count(sum(record["decision"] == "rejected" for record in kept))
    await page.get_by_role("combobox", name="Decision").select_option("Any")
    await page.get_by_label("From", exact=True).fill("2099-01-01")
    await expect(page.get_by_text("No record fits.")).to_be_visible()
    await page.get_by_label("From", exact=True).fill("")
    await listed.filter(has_text="opening.md").first.click()
    article = page.get_by_role("article")
    await expect(article).to_contain_text("Accepted by Ines")
    await expect(article).to_contain_text("It was on Ines’s screen for")
    await article.get_by_text("The request").click()
    await expect(article).to_contain_text("Correct it. My key is «redacted:GitHub Token»")
    await expect(article).to_contain_text("GitHub Token, in what the model was told")
    await guests.picture(owner, "record-whole")
    await page.emulate_media(color_scheme="dark")
    await guests.picture(owner, "record-whole-dark")
    await page.emulate_media(color_scheme="light")
    await article.get_by_role("button", name="Erase this record…").click()
    await guests.picture(owner, "record-erase")
    await page.get_by_role("alertdialog").get_by_role("button", name="Erase").click()
    await expect(listed).to_have_count(len(kept) - 1)

    # She sees what comes from her, and cannot erase it.
    hers = [record for record in await records(house) if record["requested_by"]["name"] == "Ines"]
    await see_records(ines)
    mine = ines.page.get_by_role("list", name="Records").get_by_role("button")
    await expect(mine).to_have_count(len(hers))
    await expect(ines.page.get_by_text("You see what comes from you")).to_be_visible()
    await expect(ines.page.get_by_role("button", name="Erase all…")).to_have_count(0)
    await guests.picture(ines, "records-of-a-member")
    await mine.first.click()
    await expect(ines.page.get_by_role("article")).to_contain_text("Accepted by Ines")
    await expect(ines.page.get_by_role("button", name="Erase this record…")).to_have_count(0)

    await page.get_by_role("combobox", name="Asked or decided by").select_option("Ines")
    await expect(listed).to_have_count(len(hers))
    await page.get_by_role("button", name="Erase all that comes from Ines…").click()
    await guests.picture(owner, "records-erase-person")
    await page.get_by_role("alertdialog").get_by_role("button", name="Erase").click()
    await expect(page.get_by_text(f"{len(hers)} record", exact=False).first).to_be_visible()
    assert {record["path"] for record in await records(house)} == {"tour.md"}
    await page.get_by_role("button", name="Erase all…").click()
    await guests.picture(owner, "records-erase-all")
    await page.get_by_role("alertdialog").get_by_role("button", name="Erase").click()
    await eventually(lambda: records(house), lambda found: found == [])


async def test_what_was_further_down_was_not_on_the_screen(house: Server, guests: People, model: ModelServer) -> None:
    lines = [f"Line {number} of a long text." for number in range(300)]
    await new_document(house, "long.md", "\n".join(lines) + "\n")
    lines[2], lines[290] = "The third line, made anew.", "One of the last lines, made anew."
    owner = await guests.owner(PHONE)
    await owner.open("long.md")
    model.enqueue(Script(answer="\n".join(lines) + "\n"))
    await owner.select_all("long.md")
    await owner.ask("Make two lines anew")
    await expect(owner.review).to_contain_text("2 changes to decide", timeout=30_000)
    await owner.page.locator(".cm-scroller").evaluate("scroller => scroller.scrollTo(0, 0)")
    await owner.page.get_by_role("button", name="Accept all").click()
    found = await eventually(lambda: records(house), lambda found: len(found) >= 2 and found[-1]["path"] == "long.md")
    seen = {record["proposed_text"][:9]: record["was_shown"] for record in found if record["path"] == "long.md"}
    assert sorted(seen.values()) == [False, True], seen
    await see_records(owner)
    await guests.picture(owner, "records-list-phone")
    await owner.page.get_by_role("list", name="Records").get_by_role("button").first.click()
    await expect(owner.page.get_by_role("article")).to_be_visible()
    await guests.picture(owner, "record-whole-phone")
