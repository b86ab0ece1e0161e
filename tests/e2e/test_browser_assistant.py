"""The group's settings of its assistant in real browsers: as text, in the form, and what recipes do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import asking, eventually, file_text, new_document
from tests.support.server import Server, running_server

pytestmark = [pytest.mark.essential, pytest.mark.asyncio(loop_scope="session")]

FILE = ".scriptorium/assistant.yaml"
SETTINGS = """\
# Agreed on in May.
endpoint: house   # our own machine
temperature: 0.3

# How we write.
system_instruction: We write British English.
"""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory, the_model: ModelServer) -> AsyncIterator[Server]:
    """A server with a second endpoint, so that there is something to choose."""
    folder: Path = tmp_path_factory.mktemp("office")
    (endpoints := folder / "endpoints.yaml").write_text(
        f"house:\n  url: {the_model.url}\n  key: key-of-the-house\n  knows_top_k: true\n"
        "  models:\n    big: {input: 1, output: 2.5}\n    small:\n"
    )
    environment = {**asking(the_model), "SCRIPTORIUM_ENDPOINTS_FILE": str(endpoints)}
    async with running_server(folder / "data", environment) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def staff(browser: Browser, office: Server, pictures: Path) -> AsyncIterator[People]:
    people = People(browser, office, pictures)
    try:
        yield people
        people.complain()
    finally:
        await people.close()
        await office.owner.http.delete(f"{office.workspace_path}/files/{FILE}")


def form(page: Page) -> Locator:
    return page.get_by_role("form", name="Settings of the assistant")


async def open_form(tab: Tab) -> Locator:
    await tab.page.get_by_role("button", name="theme and account").click()
    await tab.page.get_by_role("menuitem", name="The assistant…").click()
    await expect(form(tab.page)).to_be_visible()
    return form(tab.page)


async def status(office: Server) -> dict[str, Any]:
    found: dict[str, Any] = (await office.owner.http.get(f"{office.workspace_path}/ai/status")).json()
    return found


async def test_a_mistake_in_the_text_is_named_to_everybody_and_the_form_mends_it(
    office: Server, staff: People, model: ModelServer
) -> None:
    await new_document(office, FILE, SETTINGS)
    await new_document(office, "letter.md", "Dear all\n")
    assert (await status(office))["config"]["state"] == "ok"
    owner, editor = await staff.owner(), await staff.guest("editor", "Edda")
    await owner.open(FILE)
    await editor.open("letter.md")
    await editor.page.get_by_role("button", name="People", exact=True).click()

    await owner.text(FILE).get_by_text("0.3").dblclick()
    await owner.page.keyboard.press("Home")
    await owner.page.keyboard.press("Shift+End")
    await owner.page.keyboard.type("temperature: warm")
    said = "“temperature” must be a number from 0 to 2."
    await expect(owner.page.get_by_role("alert")).to_contain_text(f"Line 3: {said}")
    await expect(owner.page.get_by_role("alert")).to_contain_text("stays in force")
    await expect(editor.page.get_by_text(f"line 3: {said}")).to_be_visible()
    await staff.picture(owner, "settings-mistake-text")
    await staff.picture(editor, "settings-mistake-people")

    # What was good is still what the model is asked with.
    model.enqueue(Script(answer="Dear friends\n"))
    await editor.select_all("letter.md")
    await editor.ask("Be warmer")
    await expect(editor.review).to_contain_text("to decide")
    body = model.requests[-1].body
    assert (body["model"], body["temperature"]) == ("big", 0.3)
    assert body["messages"][0]["content"].endswith("We write British English.")

    settings = await open_form(editor)
    await expect(settings.get_by_role("alert")).to_have_text(f"Line 3: {said}")
    await expect(settings.get_by_role("button", name="Save")).to_be_disabled()
    await staff.picture(editor, "settings-mistake-form")
    await settings.get_by_label("Temperature").fill("0.7")
    await expect(settings.get_by_role("alert")).to_have_count(0)
    await settings.get_by_role("button", name="Save").click()
    await expect(settings).to_have_count(0)
    assert await file_text(office, FILE) == SETTINGS.replace("0.3", "0.7")
    await owner.reads(FILE, SETTINGS.replace("0.3", "0.7"))
    await expect(owner.page.get_by_role("alert")).to_have_count(0)
    await expect(editor.page.get_by_text(said)).to_have_count(0)


async def test_the_form_makes_the_file_and_follows_what_others_write_in_it(office: Server, staff: People) -> None:
    owner = await staff.owner()
    settings = await open_form(owner)
    await staff.picture(owner, "settings-empty")
    await settings.get_by_label("Endpoint").select_option("house")
    await settings.get_by_label("Model").select_option("small")
    await settings.get_by_label("top_k").fill("40")
    await settings.get_by_label("What it should always keep to").fill("Be brief.\nBe kind.")
    await settings.get_by_label("Fix", exact=True).uncheck()
    await settings.get_by_role("button", name="Add a recipe").click()
    recipe = settings.get_by_role("group", name="Recipe Recipe 1")
    await recipe.get_by_label("Name").fill("Haiku")
    recipe = settings.get_by_role("group", name="Recipe Haiku")
    await expect(settings.get_by_role("alert")).to_contain_text("“instruction” must be")
    await recipe.get_by_label("What it asks for").fill("Make it a haiku about {a season}.")
    await expect(settings.get_by_role("alert")).to_have_count(0)
    await staff.picture(owner, "settings-form")
    await settings.get_by_role("button", name="Save").click()
    await expect(settings).to_have_count(0)
    assert await file_text(office, FILE) == (
        "endpoint: house\nmodel: small\ntop_k: 40\nsystem_instruction: |-\n  Be brief.\n  Be kind.\n"
        "recipes:\n  Fix: hidden\n  Haiku:\n    kind: edit\n    instruction: Make it a haiku about {a season}.\n"
    )
    found = await status(office)
    assert (found["model"], found["config"]["state"]) == ("small", "ok")

    # What it says without being asked.
    settings = await open_form(owner)
    zone = await owner.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    await settings.get_by_label("Likely faults in Python").uncheck()
    await settings.get_by_label("At most in an hour").fill("many")
    await expect(settings.get_by_role("alert")).to_contain_text("“most_per_hour” must be")
    await settings.get_by_label("At most in an hour").fill("3")
    await settings.get_by_label("Not between").fill("18:00-08:30")
    await expect(settings.get_by_label("Time zone")).to_have_value(zone)
    await expect(settings.get_by_role("alert")).to_have_count(0)
    await staff.picture(owner, "settings-notices")
    await settings.get_by_role("button", name="Save").click()
    await expect(settings).to_have_count(0)
    chosen = f"notices:\n  faults: off\n  most_per_hour: 3\n  quiet_hours: 18:00-08:30\n  time_zone: {zone}\n"
    assert (await file_text(office, FILE)).endswith(f"{{a season}}.\n{chosen}")
    assert (await status(office))["config"]["state"] == "ok"

    # Somebody else writes while the form is open: both count.
    settings = await open_form(owner)
    await settings.get_by_label("Temperature").fill("0.5")
    text = (await file_text(office, FILE)).replace("model: small", "model: big  # better")
    await office.owner.http.put(f"{office.workspace_path}/files/{FILE}", content=text.encode())
    await expect(settings.get_by_label("Model")).to_have_value("big")
    await expect(settings.get_by_label("Temperature")).to_have_value("0.5")
    await settings.get_by_role("button", name="Save").click()
    await expect(settings).to_have_count(0)
    assert await file_text(office, FILE) == text.replace("# better\n", "# better\ntemperature: 0.5\n")


async def test_a_file_that_is_no_yaml_is_mended_as_text(office: Server, staff: People) -> None:
    await new_document(office, FILE, "model: [\n")
    owner = await staff.owner()
    await owner.page.get_by_role("button", name="theme and account").click()
    await owner.page.get_by_role("menuitem", name="The assistant…").click()
    await expect(owner.page.get_by_role("alert")).to_contain_text("Line 1: ")
    await staff.picture(owner, "settings-unreadable")
    await owner.page.get_by_role("button", name="Open the file").click()
    await owner.reads(FILE, "model: [\n")
    await expect(owner.page.get_by_role("alert")).to_contain_text("Line 1: ")


async def test_a_recipe_runs_with_one_click_on_a_selection(office: Server, staff: People, model: ModelServer) -> None:
    await new_document(office, "recipe.md", "it are so\n")
    owner = await staff.owner()
    await owner.open("recipe.md")
    model.enqueue(Script(answer="It is so\n"))
    await owner.select_all("recipe.md")
    tip = owner.page.locator(".ask-tip")
    await staff.picture(owner, "recipe-tip")
    await tip.get_by_role("button", name="Fix").click()
    await expect(owner.review).to_contain_text("Correct the mistakes")
    await expect(owner.review).to_contain_text("to decide")
    assert "Correct the mistakes" in model.requests[-1].prompt
    await owner.review.get_by_role("button", name="Accept").click()
    await owner.reads("recipe.md", "It is so\n")


async def test_a_recipe_asks_for_what_stands_in_braces(office: Server, staff: People, model: ModelServer) -> None:
    await new_document(office, "translate.md", "Guten Tag\n")
    owner = await staff.owner()
    await owner.open("translate.md")
    await owner.select_all("translate.md")
    # With keys alone.
    await owner.page.keyboard.press("Control+k")
    recipes = owner.page.get_by_role("group", name="Recipes")
    await expect(recipes.get_by_role("button")).to_have_text(
        ["Explain", "Fix", "Translate…", "Translate code…", "Summarise", "Write tests", "Document"]
    )
    await staff.picture(owner, "recipe-form")
    await recipes.get_by_role("button", name="Translate…", exact=True).focus()
    await owner.page.keyboard.press("Enter")
    await expect(owner.page.get_by_role("textbox", name="language", exact=True)).to_be_focused()
    await staff.picture(owner, "recipe-asks")
    await owner.page.keyboard.press("Enter")
    assert model.requests == [] or "Guten Tag" not in model.requests[-1].prompt
    await owner.page.keyboard.type("English")
    model.enqueue(Script(answer="Good day\n"))
    await owner.page.keyboard.press("Enter")
    await expect(owner.review).to_contain_text("to decide")
    assert "Translate the text into English." in model.requests[-1].prompt


async def test_a_recipe_for_a_conversation_opens_it_with_what_is_selected(
    office: Server, staff: People, model: ModelServer
) -> None:
    await new_document(office, "explain.md", "alpha beta gamma\n")
    owner = await staff.owner(PHONE)
    await owner.open("explain.md")
    await owner.text("explain.md").focus()
    await owner.page.keyboard.press("Control+Home")
    await owner.page.keyboard.press("Control+Shift+ArrowRight")
    more = asyncio.Event()
    model.enqueue(Script(answer="It is the first letter.", tokens=2, goes_on=more))
    await owner.page.locator(".ask-tip").get_by_role("button", name="Ask the assistant").click()
    await staff.picture(owner, "recipe-form-phone")
    await owner.page.get_by_role("group", name="Recipes").get_by_role("button", name="Explain").click()
    await expect(owner.page.get_by_text("It is")).to_be_visible()
    await staff.picture(owner, "recipe-chat-phone")
    more.set()
    await expect(owner.page.get_by_text("It is the first letter.")).to_be_visible()
    user = model.requests[-1].body["messages"][-1]["content"]
    [selected] = [part for part in user.split("\n\n") if part.startswith("<selection-")]
    assert selected.split("\n")[1:-1] == ["alpha"]
    await expect(owner.page.get_by_role("form", name="with the assistant")).to_have_count(0)


async def test_recipes_of_the_group_reach_open_windows(office: Server, staff: People) -> None:
    await new_document(office, "own.md", "a text\n")
    owner = await staff.owner()
    await owner.open("own.md")
    await new_document(
        office, FILE, "recipes:\n  Explain: hidden\n  Haiku: {kind: edit, instruction: Make it a haiku.}\n"
    )

    async def offered() -> list[str]:
        await owner.select_all("own.md")
        await owner.page.keyboard.press("Control+k")
        found = await owner.page.get_by_role("group", name="Recipes").get_by_role("button").all_inner_texts()
        await owner.page.keyboard.press("Escape")
        return found

    found = await eventually(offered, lambda names: "Haiku" in names)
    assert "Explain" not in found


async def test_viewers_are_told_and_cannot_set_anything(office: Server, staff: People) -> None:
    await new_document(office, FILE, "temperature: 9\n")
    viewer = await staff.guest("viewer", "Vera")
    await viewer.page.get_by_role("button", name="People", exact=True).click()
    await expect(viewer.page.get_by_text("line 1: “temperature” must be")).to_be_visible()
    await expect(viewer.page.get_by_role("button", name="Settings…")).to_have_count(0)
    await viewer.page.get_by_role("button", name="theme and account").click()
    await expect(viewer.page.get_by_role("menuitem", name="This workspace…")).to_be_visible()
    await expect(viewer.page.get_by_role("menuitem", name="The assistant…")).to_have_count(0)
