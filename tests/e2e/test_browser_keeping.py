"""KNOWLEDGE.md in real browsers: asked for and decided, its sources followed, and kept by itself."""

import pytest
from playwright.async_api import expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, People
from tests.e2e.helpers import eventually, file_text, new_document
from tests.e2e.test_browser_notices import SOON, bell, is_known, news, notice
from tests.e2e.test_browser_palette import cursor_line, do
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

WHO = "The guides are called wardens, since nobody guides them.\n"
MINUTES = f"# Minutes\n\n{WHO * 40}\n## Doors\n\nWe have decided that the doors open at ten.\n"
SECTION = MINUTES.split("\n").index("## Doors") + 1
PATH = "kept/minutes of may.md"
SOURCE = f"[kept/minutes of may.md:{SECTION}](kept/minutes%20of%20may.md#L{SECTION})"
KNOWLEDGE = (
    f"# Knowledge\n\n## Glossary\n\n- **Warden**: a guide.\n\n## Decisions\n\n- The doors open at ten ({SOURCE})\n"
)


async def is_known_to_say(site: Server, asked: str, words: str) -> None:
    async def found() -> list[str]:
        answer = await site.owner.http.get(f"{site.workspace_path}/knowledge/search", params={"q": asked})
        return [one["text"] for one in answer.raise_for_status().json()]

    await eventually(found, lambda texts: any(words in text for text in texts))


async def test_it_is_written_decided_and_leads_to_its_sources(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, PATH, MINUTES)
    await is_known(site, "the doors open at ten", PATH)
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    for tab in (owner, editor):
        await tab.open(PATH)
    model.enqueue(Script(answer=KNOWLEDGE, delay=0.02))
    await do(editor, "up to date", "Bring KNOWLEDGE.md up to date")
    await owner.open("KNOWLEDGE.md")
    for tab in (owner, editor):
        await tab.reads("KNOWLEDGE.md", KNOWLEDGE)
    for part in ("[kept/minutes of may.md:N](kept/minutes%20of%20may.md#LN)", f"{SECTION}| ## Doors"):
        assert part in model.requests[-1].prompt
    await people.picture(owner, "knowledge-written")
    await owner.review.get_by_role("button", name="Keep").click()
    assert await file_text(site, "KNOWLEDGE.md") == KNOWLEDGE

    # What has changed is changed there, line by line.
    later = MINUTES.replace("ten", "nine").encode()
    (await site.owner.http.put(f"{site.workspace_path}/files/{PATH}", content=later)).raise_for_status()
    await is_known_to_say(site, "the doors open at nine", "doors open at nine")
    changed = KNOWLEDGE.replace("at ten", "at nine")
    model.enqueue(Script(answer=changed))
    await do(editor, "up to date", "Bring KNOWLEDGE.md up to date")
    accept = owner.page.get_by_role("button", name="Accept", exact=True).first
    await expect(accept).to_be_visible()
    await people.picture(owner, "knowledge-changed")
    await accept.click()
    await eventually(lambda: file_text(site, "KNOWLEDGE.md"), lambda now: now == changed)

    # Beside the text, and in the place of it.
    link = f"kept/minutes of may.md:{SECTION}"
    await owner.page.get_by_role("radio", name="Text and preview side by side").click()
    await owner.page.get_by_role("link", name=link).click()
    await expect(owner.text(PATH)).to_be_focused()
    assert await cursor_line(owner) == "## Doors"
    await editor.page.get_by_role("radio", name="Preview only").click()
    await editor.page.get_by_role("link", name=link).click()
    preview = editor.page.get_by_role("region", name=f"Preview of {PATH}")
    await expect(preview).to_be_focused()
    await expect(preview.get_by_role("heading", name="Doors")).to_be_in_viewport()
    await expect(preview).to_contain_text("open at nine")
    await people.picture(editor, "knowledge-source")


async def test_it_is_kept_by_itself_where_a_group_wants_that(site: Server, people: People, model: ModelServer) -> None:
    url = f"{site.workspace_path}/files/.scriptorium/assistant.yaml"
    (await site.owner.http.put(url, content=b"notices: {most_per_hour: 100}\n")).raise_for_status()
    await new_document(site, "kept/plan.md", "# Plan\n\nWe go by train.\n")
    owner = await people.owner()
    await owner.open("kept/plan.md")
    await do(owner, "settings model", "The assistant…")
    settings = owner.page.get_by_role("form", name="Settings of the assistant")
    await settings.get_by_label("KNOWLEDGE.md").select_option("Brought up to date once a day")
    await people.picture(owner, "knowledge-settings")
    await settings.get_by_role("button", name="Save").click()
    await expect(settings).to_have_count(0)
    assert "knowledge: daily" in await file_text(site, ".scriptorium/assistant.yaml")
    model.enqueue(
        Script(answer="# Knowledge\n\n## Decisions\n\n- We go by train ([kept/plan.md:1](kept/plan.md#L1))\n")
    )
    phone = await people.guest("editor", "Fritzi", viewport=PHONE)
    await phone.open("kept/plan.md")
    await owner.open("kept/plan.md")
    await owner.type_at_end("kept/plan.md", "\nThat is decided.\n")
    await owner.is_saved()
    await expect(news(phone)).to_be_visible(timeout=SOON)
    await bell(phone).click()
    kept = notice(phone, "What is new in your files and comments")
    await expect(kept).to_contain_text("We go by train")
    await people.picture(phone, "knowledge-notice-phone")
    await kept.get_by_role("button", name="Apply").click()
    await expect(kept).to_contain_text("Applied")
    await eventually(lambda: file_text(site, "KNOWLEDGE.md"), lambda now: "We go by train" in now)
