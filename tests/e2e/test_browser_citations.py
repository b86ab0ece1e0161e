"""An answer leads to the passages of the group's files that it cites."""

import pytest
from playwright.async_api import expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import DESK, PHONE, People
from tests.e2e.helpers import eventually, new_document
from tests.e2e.test_browser_chat import ask, open_chat
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

GUIDE = "\n".join(["# House guide", "", *(f"Line {n} of other things." for n in range(3, 160)), ""])
TICKETS = "## Tickets of the astrolabe\n\nA ticket for the astrolabe costs nine florins on Sundays.\n"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_a_citation_opens_the_file_at_its_line(
    site: Server, people: People, model: ModelServer, size: dict[str, int]
) -> None:
    folder = f"cited-{size['width']}"
    await new_document(site, f"{folder}/guide.md", f"{GUIDE}\n{TICKETS}")
    await new_document(site, f"{folder}/other.md", "Something else.\n")
    tab = await people.owner(size)

    async def known() -> list[dict[str, object]]:
        asked = {"q": "astrolabe florins", "folder": folder}
        answer = await site.owner.http.get(f"{site.workspace_path}/knowledge/search", params=asked)
        return list(answer.raise_for_status().json())

    await eventually(known, lambda found: len(found) == 1)
    await tab.open(f"{folder}/other.md")
    await open_chat(tab)
    model.enqueue(Script(answer="Nine florins, on Sundays [1]. Nobody says what [7] is, nor `[1]`."))
    await ask(tab, "How many florins does a ticket for the astrolabe cost?")
    answer = tab.page.get_by_role("listitem").filter(has_text="Nine florins").last
    chip = answer.locator(".prose a").filter(has_text="1")
    await expect(chip).to_have_count(1)
    await expect(answer).to_contain_text("[7]")
    await expect(answer.locator("code")).to_have_text("[1]")
    sources = answer.get_by_text("Sources")
    await expect(sources).to_be_visible()
    await people.picture(tab, f"citation-{size['width']}")
    asked = model.requests[-1].prompt
    assert "A ticket for the astrolabe costs nine florins" in asked
    await chip.click()
    text = tab.text(f"{folder}/guide.md")
    await expect(text.get_by_text("costs nine florins")).to_be_in_viewport()
    await people.picture(tab, f"citation-followed-{size['width']}")
