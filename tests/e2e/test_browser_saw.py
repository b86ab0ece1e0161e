""" "What did it see?": told at a proposal and at an answer, to everybody who may read them."""

import pytest
from playwright.async_api import expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import DESK, PHONE, People, Tab
from tests.e2e.helpers import new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
LETTER = (
    "# To the museum\n\nDear all,\n\nthe meting was on tuesday and nobody wrote it down.\n\n"
    f"token = '{TOKEN}'\n\nSee you.\U000e0041\U000e0042\n"
)
ROUGH = "the meting was on tuesday and nobody wrote it down."
SMOOTH = "The meeting was on Tuesday, and nobody wrote it down."
WIDE = {"width": 1600, "height": 900}


async def proposed(site: Server, people: People, model: ModelServer, folder: str, size: dict[str, int]) -> Tab:
    """A window with a proposal to decide, while somebody else has another file open."""
    await new_document(site, f"{folder}/programme.md", "# Programme\n\n19:00 doors\n20:00 first tour\n")
    await new_document(site, f"{folder}/letter.md", LETTER)
    guest = await people.guest("editor", "Edda")
    await guest.open(f"{folder}/programme.md")
    tab = await people.owner(size)
    await tab.open(f"{folder}/letter.md")
    await tab.text(f"{folder}/letter.md").get_by_text("the meting").click()
    await tab.page.keyboard.press("Home")
    await tab.page.keyboard.press("Shift+End")
    model.enqueue(Script(answer=SMOOTH))
    await tab.ask("Correct the spelling")
    await expect(tab.review).to_contain_text("to decide")
    return tab


async def test_a_proposal_tells_what_the_model_saw_to_whoever_asks(
    site: Server, people: People, model: ModelServer
) -> None:
    owner = await proposed(site, people, model, "saw", DESK)
    viewer = await people.guest("viewer", "Vera")
    await viewer.open("saw/letter.md")
    for tab in (owner, viewer):
        saw = tab.review.get_by_text("What it saw")
        await expect(saw).to_be_visible()
        await expect(tab.review.get_by_text("The selected text")).to_be_hidden()
        await saw.click()
        for told in (
            "The selected text line 5",
            "What stands before it lines 1–4",
            "What stands after it lines 6–9 · 1 secret taken out · 2 invisible characters taken out",
            "saw/programme.md lines 1–4 · is open",
        ):
            await expect(tab.review.get_by_role("listitem").filter(has_text=told).last).to_be_visible()
        await expect(tab.review.locator(".saw-sum")).to_contain_text("Model: scripted")
    await people.picture(owner, "saw-proposal")
    shown = model.requests[-1].prompt
    assert "20:00 first tour" in shown
    assert TOKEN not in shown
    # By keyboard as well.
    await owner.review.get_by_text("What it saw").press("Enter")
    await expect(owner.review.get_by_text("The selected text")).to_be_hidden()


async def test_so_does_an_answer_in_a_chat(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "saw-chat.md", LETTER)
    owner = await people.owner()
    viewer = await people.guest("viewer", "Vera")
    for tab in (owner, viewer):
        await tab.open("saw-chat.md")
        await tab.page.get_by_role("button", name="Conversations with the assistant").click()
    model.enqueue(Script(answer="It is a letter."))
    await owner.page.get_by_role("textbox", name="Your question").fill("What is it?")
    await owner.page.keyboard.press("Enter")
    for tab in (owner, viewer):
        message = tab.page.get_by_role("listitem").filter(has_text="It is a letter.")
        await message.get_by_text("What it saw").click()
        await expect(message).to_contain_text("saw-chat.md lines 1–9 · is open where it was asked · 1 secret taken out")
        await expect(message.locator(".saw-sum")).to_contain_text("Model: scripted")
    await people.picture(owner, "saw-chat")


@pytest.mark.parametrize("look", ["wide", "phone", "dark"])
async def test_it_has_its_place_at_every_size(site: Server, people: People, model: ModelServer, look: str) -> None:
    size = {"wide": WIDE, "phone": PHONE, "dark": DESK}[look]
    tab = await proposed(site, people, model, f"saw-{look}", size)
    if look == "dark":
        await tab.page.emulate_media(color_scheme="dark")
    await people.picture(tab, f"saw-{look}-closed")
    await tab.review.get_by_text("What it saw").click()
    await expect(tab.review.get_by_text("The selected text")).to_be_visible()
    await people.picture(tab, f"saw-{look}")
    # Nothing is pushed out of the window, and the text keeps most of it.
    overflow = await tab.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    box = await tab.review.bounding_box()
    assert box is not None
    assert box["height"] <= size["height"] * 0.45
