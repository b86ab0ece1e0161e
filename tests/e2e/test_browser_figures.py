"""The page with the group's figures, the budget, and what people read of both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from ai.clock import now
from ai.spending.day_sums import day_at
from storage import open_storage
from tests.ai.test_figures import Invented, store
from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import new_document
from tests.support.server import Server, running_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDE = {"width": 1600, "height": 1000}
ENDPOINTS = """
default:
    url: {url}
    models:
        scripted: {{input: 0.25, output: 2}}
"""


@asynccontextmanager
async def group_of_browsers(
    browser: Browser, pictures: Path, folder: Path, model: ModelServer
) -> AsyncIterator[tuple[Server, People]]:
    endpoints = folder.with_suffix(".yaml")
    endpoints.write_text(ENDPOINTS.format(url=model.url))
    settings = {"SCRIPTORIUM_ENDPOINTS_FILE": str(endpoints), "SCRIPTORIUM_CURRENCY": "EUR"}
    async with running_server(folder, settings) as server:
        people = People(browser, server, pictures)
        try:
            yield server, people
            people.complain()
        finally:
            await people.close()


async def with_history(server: Server, count: int, days: int) -> None:
    """Let the group have worked with the assistant for so many days."""
    editor = await server.join("editor", "Edda Hansen")
    await server.stop()
    async with open_storage(mongo_url=None, object_store_url=None, redis_url=None, data_dir=server.data_dir) as storage:
        past = {"$set": {"created_at": datetime.now(UTC) - timedelta(days=days + 40)}}
        await storage.db["workspaces"].update_one({"_id": server.workspace}, past)
        people = [server.owner.id, editor.id, "somebody who left"]
        invented = Invented(4, server.workspace, people)
        await store(storage.db, invented.add(count, day_at(now()) - timedelta(days=days)))
    await server.restart()


async def open_figures(tab: Tab) -> None:
    await tab.page.get_by_role("button", name="theme and account").click()
    await tab.page.get_by_role("menuitem", name="Figures of the assistant").click()
    await expect(tab.page.get_by_role("heading", name="Figures", exact=True)).to_be_visible()


async def dark(tab: Tab) -> None:
    await tab.page.emulate_media(color_scheme="dark")


async def test_a_group_that_has_asked_nothing_reads_what_it_will_find(
    browser: Browser, pictures: Path, tmp_path: Path, model: ModelServer
) -> None:
    async with group_of_browsers(browser, pictures, tmp_path / "data", model) as (_, people):
        owner = await people.owner()
        await open_figures(owner)
        await expect(owner.page.get_by_text("how long people wait for its first words")).to_be_visible()
        await expect(owner.page.locator("svg[role=img]")).to_have_count(0)
        await people.picture(owner, "figures-empty")
        await owner.page.set_viewport_size(PHONE)
        await people.picture(owner, "figures-empty-phone")


async def test_one_decision_is_one_of_one_and_no_percentage(
    browser: Browser, pictures: Path, tmp_path: Path, model: ModelServer
) -> None:
    async with group_of_browsers(browser, pictures, tmp_path / "data", model) as (server, people):
        owner = await people.owner()
        await new_document(server, "a.md", "One line.\n")
        await owner.open("a.md")
        model.enqueue(Script(answer="1 line.\n"))
        await owner.select_all("a.md")
        await owner.ask("Shorten it")
        await owner.review.get_by_role("button", name="Accept", exact=False).first.click()
        await owner.reads_of("a.md", "1 line.")
        await open_figures(owner)
        tiles = owner.page.locator(".tiles")
        await expect(tiles).to_contain_text("1 of 1")
        await expect(tiles).not_to_contain_text("%")
        await expect(tiles).to_contain_text("1 request")
        await expect(owner.page.get_by_role("row", name="Edits")).to_contain_text("1 of 1")
        await people.picture(owner, "figures-one-decision")


async def test_a_busy_group_sees_its_months_drawn_and_as_tables(
    browser: Browser, pictures: Path, tmp_path: Path, model: ModelServer
) -> None:
    async with group_of_browsers(browser, pictures, tmp_path / "data", model) as (server, people):
        await with_history(server, 900, 80)
        owner = await people.owner(WIDE)
        await open_figures(owner)
        page = owner.page
        shown = (await server.owner.http.get(f"{server.workspace_path}/figures")).raise_for_status().json()
        accepted, decided = (shown["total"]["decisions"][name] for name in ("accepted", "rejected"))
        await expect(page.locator(".tiles")).to_contain_text(f"{accepted} of {accepted + decided} decisions")
        for title in ("Decisions", "Kept of what was accepted", "Time to the first words", "Tokens", "Cost in EUR"):
            await expect(page.get_by_role("img", name=f"{title}. ")).to_be_visible()
        await people.picture(owner, "figures-wide")

        plot = page.locator("figure").filter(has=page.get_by_role("heading", name="Decisions"))
        await plot.get_by_text("As a table").click()
        await expect(plot.get_by_role("row")).to_have_count(31)
        newest = shown["series"][-1]["decisions"]
        await expect(plot.get_by_role("row").last).to_contain_text(str(newest["accepted"]))
        await plot.get_by_text("As a table").click()

        await page.get_by_role("combobox", name="Told apart").select_option(label="By who asked")
        await expect(page.get_by_role("row", name="Edda Hansen")).to_be_visible()
        await expect(page.get_by_role("row", name="Somebody who is gone")).to_be_visible()
        await page.get_by_role("combobox", name="Time").select_option(label="Last year")
        await expect(page.get_by_text("Week of").first).to_be_attached()
        await page.get_by_role("combobox", name="Time").select_option(label="From … to …")
        day = (day_at(now()) - timedelta(days=70)).isoformat()
        await page.get_by_label("From", exact=True).fill(day)
        await page.get_by_label("To", exact=True).fill(day)
        await expect(page.locator(".step-text").first).to_be_visible()
        await page.get_by_role("combobox", name="Time").select_option(label="Last 90 days")
        await page.set_viewport_size({"width": 1280, "height": 800})
        await dark(owner)
        await expect(page.get_by_role("img", name="Tokens. ")).to_be_visible()
        await people.picture(owner, "figures-dark")
        await page.get_by_role("heading", name="By who asked").scroll_into_view_if_needed()
        await people.picture(owner, "figures-dark-people")

        await page.emulate_media(media="print", color_scheme="light")
        await expect(page.get_by_role("combobox", name="Time")).not_to_be_visible()
        await page.pdf(path=pictures / "figures.pdf")
        await people.picture(owner, "figures-print")

        phone = await people.owner(PHONE)
        await open_figures(phone)
        await expect(phone.page.get_by_role("img", name="Decisions. ")).to_be_visible()
        overflow = "document.scrollingElement.scrollWidth - innerWidth"
        assert await phone.page.evaluate(overflow) <= 0
        await people.picture(phone, "figures-phone")
        await phone.page.get_by_role("img", name="Time to the first words. ").scroll_into_view_if_needed()
        await people.picture(phone, "figures-phone-plots")
        await phone.page.get_by_role("heading", name="By kind").scroll_into_view_if_needed()
        await people.picture(phone, "figures-phone-groups")


async def test_an_editor_sees_themselves_alone_among_the_people(
    browser: Browser, pictures: Path, tmp_path: Path, model: ModelServer
) -> None:
    async with group_of_browsers(browser, pictures, tmp_path / "data", model) as (server, people):
        await with_history(server, 60, 10)
        guest = await people.guest("editor", "Nora")
        await open_figures(guest)
        await guest.page.get_by_role("combobox", name="Told apart").select_option(label="By who asked")
        await expect(guest.page.get_by_text("You see yourself here.")).to_be_visible()
        await expect(guest.page.get_by_role("row", name="Edda Hansen")).to_have_count(0)


async def test_owners_set_a_budget_and_people_read_what_is_left_before_they_ask(
    browser: Browser, pictures: Path, tmp_path: Path, model: ModelServer
) -> None:
    async with group_of_browsers(browser, pictures, tmp_path / "data", model) as (server, people):
        owner = await people.owner()
        page = owner.page
        await page.get_by_role("button", name="theme and account").click()
        await page.get_by_role("menuitem", name="This workspace…").click()
        await page.get_by_label("Tokens a day").fill("20000")
        await page.get_by_label("One person’s share, %").fill("90")
        await page.get_by_label("Money a month").fill("5")
        await page.get_by_label("Currency").fill("eur")
        await people.picture(owner, "budget-form")
        await page.get_by_role("button", name="Set the budget").click()
        await expect(page.get_by_text("The budget is set", exact=True)).to_be_visible()
        await page.get_by_role("dialog").get_by_role("button", name="Close").click()
        settings = (await server.owner.http.get(f"{server.workspace_path}/settings")).json()
        assert settings["budget"] == {"tokens_per_day": 20_000, "money_per_month": 5, "currency": "EUR", "share": 0.9}

        await new_document(server, "a.md", "One line.\n" * 20)
        await owner.open("a.md")
        guest = await people.guest("editor", "Edda")
        await guest.page.get_by_role("button", name="theme and account").click()
        await guest.page.get_by_role("menuitem", name="This workspace…").click()
        await expect(
            guest.page.get_by_text("The assistant may use 20,000 tokens a day and €5.00 a month.")
        ).to_be_visible()
        await guest.page.keyboard.press("Escape")

        # The scripted model counts what it was asked and what it says.
        model.enqueue(Script(answer="one " * 16_400))
        asked = await server.owner.http.post(f"{server.workspace_path}/ai/chat", json={"message": "Talk."})
        await settled(server, asked.raise_for_status().json()["job"])
        await guest.open("a.md")
        await guest.select_all("a.md")
        await guest.page.keyboard.press("Control+k")
        await expect(guest.page.get_by_text("of this workspace’s budget for today is used;")).to_be_visible()
        await people.picture(guest, "budget-nearly-spent")
        await guest.page.keyboard.press("Escape")

        await server.owner.http.patch(server.workspace_path, json={"budget": {"tokens_per_day": 100}})
        await guest.select_all("a.md")
        await guest.ask("Shorten it")
        spent = guest.page.get_by_text("All of this workspace's budget for today is used up, 100 tokens.")
        await expect(spent.first).to_be_visible()
        await people.picture(guest, "budget-spent")
        await guest.page.keyboard.press("Escape")
        await open_figures(guest)
        await expect(guest.page.get_by_role("meter", name="The workspace today")).to_be_visible()
        await people.picture(guest, "figures-budget-spent")
        guest.errors.clear()  # the browser itself reports the refusal


async def settled(server: Server, job: str) -> None:
    """The job has ended, and what it took is on the account."""
    ended = False
    while not ended:
        ended = (await server.owner.http.get(f"/api/jobs/{job}")).json()["state"] in ("done", "failed")
    used = 0.0
    while used < 16_000:
        gauges = (await server.owner.http.get(f"{server.workspace_path}/ai/status")).json()["budget"]
        used = gauges[0]["used"]
