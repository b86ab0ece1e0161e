"""Comments in real browsers: on a piece of a text that goes on being written, between two people."""

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLAN = "buy flour\nbuy yeast\nbake bread\n"


def panel(tab: Tab) -> Locator:
    return tab.page.get_by_role("complementary", name="Comments")


def thread(tab: Tab, words: str) -> Locator:
    return panel(tab).get_by_role("listitem").filter(has=tab.page.locator("blockquote")).filter(has_text=words)


async def comment_on(tab: Tab, path: str, word: str, said: str) -> None:
    """By the key; the words of the tip are another way."""
    await tab.text(path).get_by_text(word).first.dblclick()
    await tab.page.keyboard.press("Control+Alt+m")
    await panel(tab).get_by_role("textbox", name="Your comment").fill(said)
    await tab.page.keyboard.press("Control+Enter")
    await expect(thread(tab, said.split()[0])).to_be_visible()


async def test_two_people_talk_about_a_word_while_the_text_goes_on(site: Server, people: People) -> None:
    await new_document(site, "talk/plan.md", PLAN)
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    for tab in (owner, editor):
        await tab.open("talk/plan.md")
    await comment_on(owner, "talk/plan.md", "yeast", "Fresh or **dry**?")
    marked = editor.text("talk/plan.md").locator(".cm-commented")
    await expect(marked).to_have_text("yeast")
    await expect(editor.page.get_by_role("button", name="Comments: 1 open in this file")).to_be_visible()

    # The other one types before it, finds it by the text, and answers.
    await editor.text("talk/plan.md").focus()
    await editor.page.keyboard.press("Control+Home")
    await editor.page.keyboard.type("soon: ")
    await expect(marked).to_have_text("yeast")
    await marked.click()
    await expect(thread(editor, "Fresh or dry?").locator("strong", has_text="dry")).to_be_visible()
    await panel(editor).get_by_role("textbox", name="Your answer").fill("Dry.")
    await panel(editor).get_by_role("button", name="Answer", exact=True).click()
    for tab, names in ((owner, ["You", "Edda"]), (editor, ["Owner", "You"])):
        await expect(thread(tab, "Dry.").locator(".comment-head strong")).to_have_text(names)
    await people.picture(owner, "comments")

    # One's own words can be changed, and everybody sees it.
    await panel(editor).get_by_role("button", name="This comment").click()
    await editor.page.get_by_role("menuitem", name="Change").click()
    await panel(editor).get_by_role("textbox", name="Your comment").fill("Dry, two spoons.")
    await panel(editor).get_by_role("button", name="Change", exact=True).click()
    await expect(thread(owner, "Dry, two spoons.")).to_contain_text("changed")

    # Anybody resolves; the mark goes, and the thread can be found and opened again.
    await thread(editor, "Dry").get_by_role("button", name="Resolve").press("Enter")
    await expect(panel(editor)).to_be_focused()
    for tab in (owner, editor):
        await expect(tab.text("talk/plan.md").locator(".cm-commented")).to_have_count(0)
        await expect(thread(tab, "Dry")).to_have_count(0)
    await panel(owner).get_by_role("checkbox", name="Resolved").check()
    await expect(thread(owner, "Dry")).to_contain_text("Resolved by Edda")
    await thread(owner, "Dry").get_by_role("button", name="Open again").click()
    await expect(marked).to_have_text("yeast")
    assert await file_text(site, "talk/plan.md") == "soon: " + PLAN, "comments are not in the text"


async def test_who_resolves_by_keyboard_goes_on_with_the_next_thread(site: Server, people: People) -> None:
    path = "talk/resolved.md"
    await new_document(site, path, PLAN)
    owner = await people.owner()
    await owner.open(path)
    await comment_on(owner, path, "flour", "First")
    # Without a selection, whose tip would lie over the other word.
    await owner.text(path).press("Control+Home")
    await comment_on(owner, path, "yeast", "Second")
    for said, following in (("Second", "First"), ("First", None)):
        await thread(owner, said).get_by_role("button", name="Resolve").press("Enter")
        await expect(thread(owner, said)).to_have_count(0)
        left = panel(owner) if following is None else thread(owner, following).get_by_role("button", name="Resolve")
        await expect(left).to_be_focused()


async def test_what_a_comment_was_about_goes_and_a_comment_goes(site: Server, people: People) -> None:
    await new_document(site, "talk/gone.md", PLAN)
    owner = await people.owner()
    await owner.open("talk/gone.md")
    await comment_on(owner, "talk/gone.md", "flour", "Rye")
    await owner.text("talk/gone.md").get_by_text("flour").dblclick()
    await owner.page.keyboard.press("Delete")
    await expect(thread(owner, "Rye")).to_contain_text("no longer in the text")
    await people.picture(owner, "comment-without-place")
    await panel(owner).get_by_role("button", name="This comment").click()
    await owner.page.get_by_role("menuitem", name="Delete").click()
    await expect(thread(owner, "Rye")).to_have_count(0)


async def test_viewers_read_and_other_files_are_named(site: Server, people: People) -> None:
    for name in ("one.md", "two.md"):
        await new_document(site, f"talk/{name}", PLAN)
    owner, viewer = await people.owner(), await people.guest("viewer", "Vera", PHONE)
    await owner.open("talk/one.md")
    await comment_on(owner, "talk/one.md", "flour", "How much?")
    await viewer.open("talk/two.md")
    await viewer.show_panel("Comments")
    drawer = viewer.page.get_by_role("dialog", name="Comments")
    await people.picture(viewer, "comments-phone-elsewhere")
    await drawer.get_by_role("link", name="talk/one.md").click()
    said = drawer.get_by_role("listitem").filter(has_text="How much?")
    await expect(said.first).to_be_visible()
    await expect(drawer.get_by_role("button", name="Resolve")).to_have_count(0)
    await expect(drawer.get_by_role("button", name="Answer")).to_have_count(0)
    await people.picture(viewer, "comments-phone")


async def test_a_comment_finds_its_place_while_somebody_types_before_it(site: Server, people: People) -> None:
    await new_document(site, "talk/busy.md", PLAN)
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    for tab in (owner, editor):
        await tab.open("talk/busy.md")
    await owner.text("talk/busy.md").get_by_text("yeast").dblclick()
    await owner.page.get_by_role("button", name="Comment", exact=True).click()
    await editor.text("talk/busy.md").focus()
    await editor.page.keyboard.press("Control+Home")
    await editor.page.keyboard.type("a great many words before it ")
    await panel(owner).get_by_role("textbox", name="Your comment").fill("Here?")
    await editor.page.keyboard.type("and more ")
    await owner.page.keyboard.press("Control+Enter")
    await editor.page.keyboard.type("and more ", delay=5)
    await expect(thread(owner, "Here?")).to_be_visible()
    for tab in (owner, editor):
        await expect(tab.text("talk/busy.md").locator(".cm-commented")).to_have_text("yeast")


BREAD = """# Bread

Take **fresh** yeast, and [some flour](flour.md) with it.

- salt
- water

Bake it. Wait. Bake it *longer*.
"""

SELECT = """
(preview, [words, nth]) => {
  const walker = document.createTreeWalker(preview.querySelector('.prose'), NodeFilter.SHOW_TEXT)
  const nodes = []
  let whole = ''
  while (walker.nextNode()) {
    nodes.push([walker.currentNode, whole.length])
    whole += walker.currentNode.nodeValue
  }
  let from = -1
  for (let time = 0; time <= nth; time += 1) from = whole.indexOf(words, from + 1)
  const at = (offset, inclusive) => {
    const [node, start] = nodes.findLast(([, begin]) => (inclusive ? begin <= offset : begin < offset))
    return [node, offset - start]
  }
  const range = document.createRange()
  range.setStart(...at(from, true))
  range.setEnd(...at(from + words.length, false))
  getSelection().removeAllRanges()
  getSelection().addRange(range)
  preview.focus()
}
"""

MARKED = "() => ['comment-mark', 'comment-focus'].flatMap(name => [...CSS.highlights.get(name)].map(String)).sort()"


async def test_the_preview_is_commented_on(site: Server, people: People) -> None:
    path = "talk/bread.md"
    await new_document(site, path, BREAD)
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    page = owner.page
    await owner.open(path)
    await page.get_by_role("radio", name="Preview only").click()
    preview = page.get_by_role("region", name=f"Preview of {path}")
    # Until the Markdown is drawn, its plain text stands there.
    await expect(preview.locator("em")).to_have_text("longer")

    async def comment(words: str, said: str, nth: int = 0) -> None:
        await preview.evaluate(SELECT, [words, nth])
        await expect(preview.get_by_role("button", name="Comment")).to_be_visible()
        await page.keyboard.press("Control+Alt+m")
        await panel(owner).get_by_role("textbox", name="Your comment").fill(said)
        await page.keyboard.press("Control+Enter")
        await expect(thread(owner, said)).to_be_visible()

    await comment("fresh yeast, and some", "How fresh?")
    await comment("Bake it", "At what heat?", 1)
    await comment("salt\nwater", "How much?")
    await eventually(lambda: page.evaluate(MARKED), lambda found: len(found) >= 3)
    await people.picture(owner, "comments-preview")
    # The other one sees them in the text, at the words that were meant.
    await editor.open(path)
    marked = editor.text(path).locator(".cm-commented")
    await expect(marked.filter(has_text="fresh")).to_have_count(1)
    quotes = panel(editor).locator("blockquote")
    await editor.page.get_by_role("button", name="Comments: 3 open in this file").click()
    await expect(quotes).to_have_text(["fresh yeast, and some", "salt\nwater", "Bake it"])
    threads = await site.owner.http.get(f"{site.workspace_path}/comments")
    kept = {thread["quote"] for thread in threads.json()}
    assert {"fresh** yeast, and [some", "salt\n- water"} <= kept, "only the head of a thread is without marks"
    last = editor.text(path).locator(".cm-line", has_text="longer").locator(".cm-commented")
    await expect(last).to_have_text("Bake it")
    assert await last.evaluate("mark => mark.previousSibling.textContent") == "Bake it. Wait. "

    # A click on what is marked leads to what was said; by the button one begins as well.
    await page.evaluate("getSelection().removeAllRanges()")
    await preview.get_by_text("fresh").click()
    await expect(panel(owner).locator(".thread[data-focused]")).to_contain_text("How fresh?")
    await preview.evaluate(SELECT, ["Wait", 0])
    await preview.get_by_role("button", name="Comment").click()
    await panel(owner).get_by_role("textbox", name="Your comment").fill("How long?")
    await page.keyboard.press("Control+Enter")
    await expect(quotes.nth(2)).to_have_text("Wait")


async def test_the_list_of_commands_comments_on_what_is_selected_in_the_preview(site: Server, people: People) -> None:
    path = "talk/by command.md"
    await new_document(site, path, BREAD)
    owner = await people.owner()
    page = owner.page
    await owner.open(path)
    await page.get_by_role("radio", name="Preview only").click()
    preview = page.get_by_role("region", name=f"Preview of {path}")
    await expect(preview.locator("em")).to_have_text("longer")
    await preview.focus()

    async def command() -> Locator:
        await page.keyboard.press("F1")
        await page.get_by_role("combobox").fill("comment on this")
        return page.get_by_role("option", name="Comment on this piece of the text")

    option = await command()
    await expect(option).to_contain_text("Not now: nothing is selected in the preview")
    await expect(option).to_have_attribute("aria-disabled", "true")
    await people.picture(owner, "comment-command-unavailable")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+Alt+m")
    await expect(page.locator(".toast")).to_contain_text("Nothing is selected in the preview.")

    await preview.evaluate(SELECT, ["fresh yeast", 0])
    await expect(preview.get_by_role("button", name="Comment")).to_be_visible()
    await expect(await command()).not_to_have_attribute("aria-disabled", "true")
    await page.keyboard.press("Enter")
    await panel(owner).get_by_role("textbox", name="Your comment").fill("How fresh?")
    await page.keyboard.press("Control+Enter")
    await expect(panel(owner).locator("blockquote")).to_have_text(["fresh yeast"])
    await page.get_by_role("radio", name="Text only").click()
    await expect(owner.text(path).locator(".cm-commented").first).to_contain_text("fresh")


async def test_who_only_reads_is_offered_no_comment_in_the_preview(site: Server, people: People) -> None:
    path = "talk/read.md"
    await new_document(site, path, BREAD)
    viewer = await people.guest("viewer", "Vera")
    await viewer.open(path)
    await viewer.page.get_by_role("radio", name="Preview only").click()
    preview = viewer.page.get_by_role("region", name=f"Preview of {path}")
    await expect(preview).to_contain_text("longer")
    await preview.evaluate(SELECT, ["Wait", 0])
    await viewer.page.keyboard.press("Control+Alt+m")
    await expect(preview.get_by_role("button", name="Comment")).to_have_count(0)
    await expect(panel(viewer)).to_have_count(0)
