"""What the assistant says by itself, in real browsers."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOON = 40_000
"""Milliseconds: a text rests for seventeen seconds before the assistant says anything of it."""


def panel(tab: Tab) -> Locator:
    """Beside the text, or over it on a phone."""
    beside = tab.page.get_by_role("complementary", name="Notices")
    return beside.or_(tab.page.get_by_role("dialog", name="Notices"))


def bell(tab: Tab) -> Locator:
    return tab.page.get_by_role("button", name="Notices of the assistant")


def news(tab: Tab) -> Locator:
    """The bell, when it has something new. What other tests have written is noticed as well."""
    return tab.page.get_by_role("button", name=re.compile(r"Notices of the assistant: \d+ new"))


def notice(tab: Tab, words: str) -> Locator:
    return panel(tab).get_by_role("listitem").filter(has_text=words)


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def talkative(site: Server, people: People) -> None:
    """In one hour more is said here than people would want to hear."""
    settings = b"notices: {most_per_hour: 100}\n"
    url = f"{site.workspace_path}/files/.scriptorium/assistant.yaml"
    (await site.owner.http.put(url, content=settings)).raise_for_status()


async def is_known(site: Server, words: str, path: str) -> None:
    """Wait until what is asked for in these words is found in the file at ``path``."""

    async def found() -> list[str]:
        answer = await site.owner.http.get(f"{site.workspace_path}/knowledge/search", params={"q": words})
        return [one["path"] for one in answer.raise_for_status().json()]

    await eventually(found, lambda paths: path in paths)


async def test_the_assistant_says_what_is_wrong_and_mends_it_with_one_click(site: Server, people: People) -> None:
    path = "noticed/tool.py"
    await new_document(site, path, "print(1)\n")
    await new_document(site, "noticed/data.json", "{}\n")
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    viewer = await people.guest("viewer", "Vera")
    for tab in (owner, editor):
        await tab.open(path)
    await viewer.open("noticed/data.json")
    await editor.text(path).focus()
    await editor.page.keyboard.press("Control+Home")
    await editor.page.keyboard.type("import shutil\n")
    for tab in (owner, editor, viewer):
        await expect(news(tab)).to_be_visible(timeout=SOON)
    # Nothing stands in anybody's text before somebody wants to see it.
    await expect(owner.text(path).locator(".cm-hunk, .hunk")).to_have_count(0)
    await people.picture(owner, "notices-bell")
    await bell(owner).click()
    said = notice(owner, "“shutil” imported but unused.")
    await expect(said).to_contain_text("import shutil", timeout=SOON)
    await people.picture(owner, "notices")
    await expect(owner.page.get_by_role("button", name="Notices of the assistant", exact=True)).to_be_visible()
    # It is new to the others still, and a viewer may read it.
    await expect(news(editor)).to_be_visible()
    await bell(viewer).click()
    await expect(notice(viewer, "shutil")).to_be_visible()
    await expect(panel(viewer).get_by_role("button", name="Apply")).to_have_count(0)

    # One looks at it in the text, the other takes it.
    await notice(owner, "shutil").get_by_role("button", name="Show in the text").click()
    await expect(owner.review).to_contain_text("shutil")
    await people.picture(owner, "notices-in-the-text")
    await bell(editor).click()
    await notice(editor, "shutil").get_by_role("button", name="Apply").press("Enter")
    for tab in (owner, editor):
        await tab.reads(path, "print(1)\n")
        await expect(notice(tab, "Applied by Edda")).to_be_visible()
    await expect(panel(editor).locator(":focus").or_(editor.page.locator("[aria-label=Notices]:focus"))).to_have_count(
        1
    )
    await notice(owner, "Applied by Edda").get_by_role("button", name="Undo").click()
    for tab in (owner, editor):
        await tab.reads(path, "import shutil\nprint(1)\n")
        await expect(notice(tab, "Dismissed by Owner")).to_be_visible()
    assert await file_text(site, path) == "import shutil\nprint(1)\n"


async def test_on_a_phone_a_notice_leads_to_its_place(site: Server, people: People) -> None:
    path = "noticed/plan.json"
    await new_document(site, path, '{\n  "a": 1\n}\n')
    editor = await people.guest("editor", "Fritz", viewport=PHONE)
    await editor.open(path)
    await editor.text(path).focus()
    await editor.page.keyboard.press("Control+Home")
    await editor.page.keyboard.press("End")
    await editor.page.keyboard.type('"b": 2')
    await expect(news(editor)).to_be_visible(timeout=SOON)
    await bell(editor).click()
    found = notice(editor, "This cannot be read as JSON: a comma")
    await expect(found).to_be_visible(timeout=SOON)
    await people.picture(editor, "notices-phone")
    await found.get_by_role("button", name="Go there").click()
    await expect(panel(editor)).to_have_count(0)
    await expect(editor.text(path)).to_be_focused()


async def test_what_was_renamed_in_some_places_is_offered_for_the_others(site: Server, people: People) -> None:
    path, text = "renamed/stock.py", "def get_stock(): ...\n\n\nget_stock()\nget_stock()\nassert get_stock\n"
    await new_document(site, path, text)
    await is_known(site, "get_stock", path)  # so it has a version: people begin to work on it now
    owner = await people.owner()
    await owner.open(path)
    await owner.text(path).focus()
    for way in (["ArrowRight"] * 4, ["ArrowDown"] * 3):
        for key in ("Control+Home", *way, "Delete", "Delete", "Delete"):
            await owner.page.keyboard.press(key)
        await owner.page.keyboard.type("load")
    some = text.replace("get_stock", "load_stock", 2)
    await owner.reads(path, some)
    await owner.is_saved()
    await expect(news(owner)).to_be_visible(timeout=SOON)
    await bell(owner).click()
    offered = notice(owner, "“get_stock” became “load_stock” in 2 places; in 2 other places it did not.")
    await expect(offered).to_be_visible(timeout=SOON)
    await expect(offered.get_by_role("button", name="line 5", exact=True)).to_be_visible()
    await people.picture(owner, "notices-repeated")
    await offered.get_by_role("button", name="Apply").click()
    await owner.reads(path, text.replace("get_stock", "load_stock"))


async def test_a_todo_is_done_and_a_question_leads_to_what_answers_it(
    site: Server, people: People, model: ModelServer
) -> None:
    path, text = "left/plan.md", "# Plan\n\nWe go by train.\n"
    await new_document(site, "left/prices.md", "# Prices\n\nA set of ten railway tickets costs nine florins.\n")
    document = await new_document(site, path, text)
    await is_known(site, "railway tickets", "left/prices.md")
    model.enqueue(Script(answer="We leave at nine.\n", delay=0.02))
    owner = await people.owner()
    await owner.open(path)
    await owner.type_at_end(path, "\nTODO(assistant): say when we leave\n")
    await owner.is_saved()
    asked = "How much do ten railway tickets cost?"
    comment = {"start": 8, "end": 10, "text": asked}
    url = f"{site.workspace_path}/documents/{document}/comments"
    (await site.owner.http.post(url, json=comment)).raise_for_status()
    await bell(owner).click()
    question = notice(owner, f"A comment asks “{asked}”")
    await expect(question).to_contain_text("A set of ten railway tickets costs nine florins.", timeout=SOON)
    done = notice(owner, "You have left to me: “say when we leave”")
    await expect(done).to_be_visible(timeout=SOON)
    await people.picture(owner, "notices-left")
    await done.get_by_role("button", name="Apply").click()
    await expect(done).to_contain_text("Applied")
    await eventually(lambda: file_text(site, path), lambda now: now == f"{text}\nWe leave at nine.\n")
    await question.get_by_role("button", name="prices.md, line 3").click()
    await expect(owner.text("left/prices.md")).to_be_focused()


async def test_on_a_phone_a_question_leads_to_what_answers_it(site: Server, people: People) -> None:
    await new_document(site, "phone/prices.md", "# Prices\n\nA ferry across the wide lagoon costs two florins.\n")
    document = await new_document(site, "phone/plan.md", "We cross the lagoon.\n")
    await is_known(site, "wide lagoon", "phone/prices.md")
    editor = await people.guest("editor", "Fritzi", viewport=PHONE)
    await editor.open("phone/plan.md")
    await editor.page.emulate_media(color_scheme="dark")
    comment = {"start": 0, "end": 2, "text": "Prices of the ferry across the wide lagoon?"}
    url = f"{site.workspace_path}/documents/{document}/comments"
    (await site.owner.http.post(url, json=comment)).raise_for_status()
    await expect(news(editor)).to_be_visible(timeout=SOON)
    await bell(editor).click()
    found = notice(editor, "A comment asks")
    await expect(found).to_be_visible()
    await people.picture(editor, "notices-question-phone")
    await found.get_by_role("button", name="prices.md, line 3").click()
    await expect(panel(editor)).to_have_count(0)
    await expect(editor.text("phone/prices.md")).to_be_focused()
