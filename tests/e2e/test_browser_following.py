"""Following somebody is seeing what they see: also where that is no text."""

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import People, Tab
from tests.e2e.helpers import eventually, new_document
from tests.e2e.test_browser_viewers import pdf, png, sound
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROSE = "# Long\n\n" + "".join(f"Paragraph {number}, {'words ' * 60}\n\n" for number in range(60))
ROWS = "number,square\n" + "".join(f"{number},{number * number}\n" for number in range(300))


async def put(site: Server, path: str, content: bytes) -> None:
    response = await site.owner.http.put(f"{site.workspace_path}/files/{path}", content=content)
    response.raise_for_status()


async def two(site: Server, people: People, path: str) -> tuple[Tab, Tab, Locator]:
    """The owner follows Edda, who is in this file; and the bar that says so."""
    owner, edda = await people.owner(), await people.guest("editor", "Edda")
    await edda.page.goto(f"{site.url}/w/{site.workspace}/{path}")
    name = path.rsplit("/", 1)[-1]
    await owner.page.get_by_role("button", name=f"Edda, in {name}: follow").click()
    return owner, edda, owner.page.locator(".follow-bar")


async def wheel(tab: Tab, where: Locator, by: int) -> None:
    await where.hover()
    await tab.page.mouse.wheel(0, by)


def top_of(where: Locator) -> object:
    return lambda: where.evaluate("element => Math.round(element.scrollTop)")


async def same_top(one: Locator, other: Locator, within: float = 4) -> None:
    """The followed one has scrolled, and the other has gone there."""
    await eventually(top_of(one), lambda top: top > 100)  # type: ignore[arg-type]

    async def difference() -> float:
        return abs(await top_of(one)() - await top_of(other)())  # type: ignore[operator]

    await eventually(difference, lambda found: found <= within)


async def test_the_preview_is_followed(site: Server, people: People) -> None:
    await new_document(site, "following/long.md", PROSE)
    await new_document(site, "following/other.md", "other\n")
    owner, edda, bar = await two(site, people, "following/long.md")
    await expect(bar).to_contain_text("You see what Edda sees")
    await edda.page.get_by_role("radio", name="Preview only").click()
    mine, hers = (tab.page.get_by_role("region", name="Preview of following/long.md") for tab in (owner, edda))
    # As she sees it, until one chooses otherwise.
    await expect(mine).to_be_visible()
    await expect(bar).to_contain_text("You see what Edda sees")
    await wheel(edda, hers, 3000)
    await same_top(hers, mine, 12)
    await people.picture(owner, "following-preview")
    # Back in the text, which begins where the preview was.
    await edda.page.get_by_role("radio", name="Text only").click()
    await expect(owner.text("following/long.md")).to_be_visible()
    await expect(bar).to_contain_text("You see what Edda sees")

    # Who wants the text while she reads the preview does not see what she sees.
    await edda.page.get_by_role("radio", name="Preview only").click()
    await expect(mine).to_be_visible()
    await owner.page.get_by_role("radio", name="Text only").click()
    await expect(bar).to_contain_text("You go where Edda goes")
    await edda.page.goto(f"{site.url}/w/{site.workspace}/following/other.md")
    await expect(owner.page.get_by_role("region", name="Preview of following/other.md")).to_be_visible()
    await expect(bar).to_contain_text("You see what Edda sees")

    # What one has chosen oneself is not changed for good.
    await bar.get_by_role("button", name="Stop").click()
    await owner.open("following/long.md")
    await expect(owner.text("following/long.md")).to_be_visible()


async def test_a_hand_on_the_preview_ends_following(site: Server, people: People) -> None:
    await new_document(site, "following/hand.md", PROSE)
    owner, edda, bar = await two(site, people, "following/hand.md")
    await edda.page.get_by_role("radio", name="Preview only").click()
    mine = owner.page.get_by_role("region", name="Preview of following/hand.md")
    await expect(mine).to_be_visible()
    await wheel(owner, mine, 500)
    await expect(bar).to_have_count(0)
    # Under one's hand nothing changes.
    await expect(mine).to_be_visible()
    await eventually(top_of(mine), lambda top: top > 300)  # type: ignore[arg-type]


async def test_an_image_is_followed(site: Server, people: People) -> None:
    await put(site, "following/wide.png", png(3000, 2000))
    owner, edda, bar = await two(site, people, "following/wide.png")
    await expect(bar).to_contain_text("You see what Edda sees")
    await edda.page.get_by_role("button", name="Actual size").click()
    await expect(owner.page.get_by_label("Size now")).to_have_text("100 %")
    mine, hers = (tab.page.get_by_role("group", name="The image") for tab in (owner, edda))
    await wheel(edda, hers, 700)
    # The bar takes some of the owner's window: what is in the middle is the same.
    await same_top(hers, mine, 40)
    await expect(bar).to_contain_text("You see what Edda sees")
    await edda.page.get_by_role("button", name="Fit into the window").click()
    await expect(owner.page.get_by_label("Size now")).not_to_have_text("100 %")


async def test_a_pdf_document_is_followed(site: Server, people: People) -> None:
    await put(site, "following/twelve.pdf", pdf(12))
    owner, edda, bar = await two(site, people, "following/twelve.pdf")
    await expect(bar).to_contain_text("You see what Edda sees")
    await edda.page.get_by_label("Page", exact=True).fill("7")
    await edda.page.keyboard.press("Enter")
    await expect(owner.page.get_by_label("Page", exact=True)).to_have_value("7")
    mine, hers = (tab.page.get_by_role("group", name="The pages") for tab in (owner, edda))
    await wheel(edda, hers, 300)
    await same_top(hers, mine)
    await people.picture(owner, "following-pdf")
    await mine.focus()
    await owner.page.keyboard.press("PageDown")
    await expect(bar).to_have_count(0)


async def test_the_size_of_a_pdf_document_is_followed(site: Server, people: People) -> None:
    await put(site, "following/sized.pdf", pdf(12))
    owner, edda, bar = await two(site, people, "following/sized.pdf")
    await expect(bar).to_contain_text("You see what Edda sees")
    mine, hers = (tab.page.get_by_role("group", name="The pages") for tab in (owner, edda))
    size = owner.page.get_by_label("Size now")
    await edda.page.get_by_role("button", name="Actual size").click()
    await expect(size).to_have_text("100 %")
    await edda.page.get_by_role("button", name="Larger").click()
    await expect(size).to_have_text("125 %")
    await edda.page.get_by_label("Page", exact=True).fill("7")
    await edda.page.keyboard.press("Enter")
    await expect(owner.page.get_by_label("Page", exact=True)).to_have_value("7")
    await wheel(edda, hers, 300)
    await same_top(hers, mine)
    await people.picture(owner, "following-pdf-size")
    # As it fits: into each window by itself.
    await owner.page.set_viewport_size({"width": 1000, "height": 700})
    await edda.page.get_by_role("button", name="Fit into the window").click()
    await expect(owner.page.get_by_role("button", name="Fit into the window")).to_have_attribute("aria-pressed", "true")
    await expect(size).not_to_have_text("125 %")


async def test_the_version_in_the_history_is_followed(site: Server, people: People) -> None:
    path = "following/versions.md"
    document = await new_document(site, path, "the first\n")
    for name, text in (("One", "the second\n"), ("Two", "the third\n")):
        made = await site.owner.http.post(f"{site.workspace_path}/documents/{document}/versions", json={"name": name})
        made.raise_for_status()
        await put(site, path, text.encode())
    owner, edda, bar = await two(site, people, path)
    await expect(bar).to_contain_text("You see what Edda sees")
    await owner.page.get_by_role("button", name="Conversations with the assistant").click()
    question = owner.page.get_by_role("textbox", name="Your question")
    await question.fill("Half of ")
    await edda.page.get_by_role("button", name="History", exact=True).click()
    await edda.page.locator(".version", has_text="One").click()
    shown = owner.page.get_by_role("region", name="Version: “One”")
    await expect(shown).to_be_visible()
    await expect(bar).to_contain_text("You see what Edda sees")
    await expect(bar).to_be_in_viewport()
    # Whoever types goes on.
    await owner.page.keyboard.type("a question")
    await expect(question).to_have_value("Half of a question")
    await people.picture(owner, "following-version")
    await edda.page.locator(".version", has_text="Two").click()
    await expect(owner.page.get_by_role("region", name="Version: “Two”")).to_be_visible()
    await edda.page.get_by_role("region", name="Version: “Two”").focus()
    await edda.page.keyboard.press("Escape")
    await expect(owner.page.get_by_role("region", name="Version: ")).to_have_count(0)
    await expect(bar).to_contain_text("You see what Edda sees")


async def test_a_table_is_followed(site: Server, people: People) -> None:
    await new_document(site, "following/squares.csv", ROWS)
    owner, edda, bar = await two(site, people, "following/squares.csv")
    await edda.page.get_by_role("radio", name="Preview only").click()
    mine, hers = (tab.page.get_by_role("region", name="Preview of following/squares.csv") for tab in (owner, edda))
    await expect(mine).to_be_visible()
    await expect(bar).to_contain_text("You see what Edda sees")
    await wheel(edda, hers, 2500)
    await same_top(hers, mine)


async def test_where_nothing_can_be_followed_the_bar_claims_nothing(site: Server, people: People) -> None:
    await put(site, "following/tone.wav", sound(2))
    owner, edda, bar = await two(site, people, "following/tone.wav")
    await expect(owner.page.locator("audio")).to_be_visible()
    await expect(bar).to_contain_text("You go where Edda goes")
    await edda.page.goto(f"{site.url}/w/{site.workspace}/")
    await expect(bar).to_contain_text("Edda has no file open")
