"""Proposals as people see and decide them: where they are drawn, what stays of them, and how they are taken back."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, WebSocketRoute, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESK = {"width": 1440, "height": 900}


async def proposed(site: Server, people: People, model: ModelServer, path: str, base: str, new: str) -> Tab:
    """The owner in a new file, with a proposal to turn all of it into `new`."""
    await new_document(site, path, base)
    owner = await people.owner(DESK)
    await owner.open(path)
    model.enqueue(Script(answer=new))
    await owner.select_all(path)
    await owner.ask("Correct it")
    await expect(owner.review).to_contain_text("to decide")
    return owner


async def picture_in_both(people: People, tab: Tab, name: str) -> None:
    await people.picture(tab, name)
    await tab.page.emulate_media(color_scheme="dark")
    await people.picture(tab, f"{name}-dark")
    await tab.page.emulate_media(color_scheme="light")


def line_of(tab: Tab, path: str, number: int) -> Locator:
    return tab.text(path).locator(".cm-line").nth(number - 1)


async def test_what_comes_before_a_blank_line_stands_there(site: Server, people: People, model: ModelServer) -> None:
    path = "proposals/paragraphs.md"
    base = (
        "The house stands on a hill. Nobody lives in it now, and Ada wrote it down\n\n"
        "last line of the first page, which she keeps\n\n"
        "Some day we shall see the garden, the well and the pond\n"
    )
    new = (
        "The house stands on a hill. Nobody lives in it now, and Ada wrote it down.\n\n"
        "The last line of the first page, which she keeps.\n\n"
        "Nothing of that has been found again since then. It is said to have been green.\n"
    )
    owner = await proposed(site, people, model, path, base, new)
    await expect(line_of(owner, path, 1).locator("ins.proposal-text")).to_have_text(".")
    await expect(line_of(owner, path, 3).locator("ins.proposal-text")).to_have_text(["The ", "."])
    await picture_in_both(people, owner, "proposal-paragraphs")
    await owner.review.get_by_role("button", name="Accept all").click()
    await owner.reads(path, new)
    assert await file_text(site, path) == new


async def test_a_block_that_is_wrapped_shows_its_new_place(site: Server, people: People, model: ModelServer) -> None:
    path = "proposals/wrapped.py"
    base = "def run(names):\n    greet(names)\n    leave(names)\n    return names\n"
    new = "def run(names):\n    with open_house():\n        greet(names)\n        leave(names)\n    return names\n"
    owner = await proposed(site, people, model, path, base, new)
    await expect(owner.review).to_contain_text("1 change to decide")
    await expect(owner.text(path).locator(".cm-replaced")).to_have_count(0)
    await expect(owner.text(path).locator(".proposal-block")).to_have_text("    with open_house():")
    await picture_in_both(people, owner, "proposal-wrapped")
    await owner.text(path).get_by_role("button", name="Accept").click()
    await owner.reads(path, new)


async def test_lines_that_change_from_their_middle_on_are_drawn_as_lines(
    site: Server, people: People, model: ModelServer
) -> None:
    path = "proposals/list.md"
    base, new = "To buy:\n- milk and bread\n- eggs of hens\n", "To buy:\n- cheese\n- apples, pears\n"
    owner = await proposed(site, people, model, path, base, new)
    await expect(owner.text(path).locator(".proposal-block .proposal-text")).to_have_text("- cheese\n- apples, pears")
    await picture_in_both(people, owner, "proposal-list")
    await owner.review.get_by_role("button", name="Accept").click()
    await owner.reads(path, new)


LONG_LINE = f'    return "{"far to the right and on, " * 7}"\n'

OVERLAPS = """
block => {
  const texts = document.createTreeWalker(block.closest('.cm-content'), NodeFilter.SHOW_TEXT)
  const buttons = [...block.querySelectorAll('.hunk-button')]
  const boxes = buttons.map(button => button.getBoundingClientRect())
  const found = []
  while (texts.nextNode()) {
    if (buttons.some(button => button.contains(texts.currentNode))) continue
    const range = document.createRange()
    range.selectNodeContents(texts.currentNode)
    for (const a of range.getClientRects()) {
      const over = b => a.left < b.right && b.left < a.right && a.top + 4 < b.bottom && b.top < a.bottom - 4
      if (boxes.some(over)) found.push(texts.currentNode.nodeValue)
    }
  }
  return [boxes.length, found]
}
"""


@pytest.mark.parametrize("where", ["desk", "narrow", "phone"])
@pytest.mark.parametrize(
    ("name", "base", "new"),
    [
        ("short", "a = 1\nz = 1\n", "b = 2\nc = 3\nz = 1\n"),
        ("long", "def f():\n    x = 1\n    return x\nz = 1\n", f"def f():\n    y = run()\n{LONG_LINE}z = 1\n"),
        ("end", "z = 1\n", f"z = 1\n\n\ndef g():\n{LONG_LINE}"),
    ],
)
async def test_the_buttons_have_room_of_their_own(
    site: Server, people: People, model: ModelServer, where: str, name: str, base: str, new: str
) -> None:
    path = f"proposals/room/{where}-{name}.py"
    await new_document(site, path, base)
    size = {"desk": DESK, "narrow": {"width": 900, "height": 700}, "phone": PHONE}[where]
    owner = await people.owner(size)
    await owner.open(path)
    model.enqueue(Script(answer=new))
    await owner.select_all(path)
    await owner.ask("Better")
    await expect(owner.review).to_contain_text("1 change to decide")
    block = owner.text(path).locator(".proposal-block")
    assert await block.evaluate(OVERLAPS) == [2, []]
    # It wraps where the lines around it do: code on a phone alone.
    drawn = await block.locator(".proposal-text").evaluate("text => getComputedStyle(text).whiteSpace")
    assert drawn == ("break-spaces" if where == "phone" else "pre")
    await picture_in_both(people, owner, f"proposal-room-{where}-{name}")


async def test_nothing_moves_when_the_buttons_appear(site: Server, people: People, model: ModelServer) -> None:
    path = "proposals/room/streaming.py"
    rest = "".join(f"z = {n}\n" for n in range(20))
    await new_document(site, path, f"a = 1\n{rest}")
    owner = await people.owner(DESK)
    await owner.open(path)
    more = asyncio.Event()
    # Until the fourth line below, which shows that the change has ended, a change has no buttons.
    model.enqueue(Script(answer=f"b = 2\nc = 3\nd = 4\n{rest}", tokens=25, goes_on=more))
    await owner.select_all(path)
    await owner.ask("Better")
    block = owner.text(path).locator(".proposal-block")
    await expect(block).to_have_text("b = 2\nc = 3\nd = 4")
    below = line_of(owner, path, 2)
    before = await below.bounding_box()
    await expect(block.get_by_role("button")).to_have_count(0)
    more.set()
    await expect(block.get_by_role("button")).to_have_count(2)
    assert await below.bounding_box() == before


async def toasts(tab: Tab) -> list[str]:
    return await tab.page.locator(".toast").all_inner_texts()


async def test_a_line_that_would_go_says_so_also_where_the_cursor_is(
    site: Server, people: People, model: ModelServer
) -> None:
    path = "proposals/cursor-in-it.py"
    owner = await proposed(
        site, people, model, path, "import os\ndef f( a ):\n    return 1\n", "def f(a):\n    return 2\n"
    )
    lines = owner.text(path).locator(".cm-replaced-line")
    await expect(lines).to_have_count(3)
    paper = "line => getComputedStyle(line).backgroundColor"
    await lines.first.click()
    for focused in (True, False):
        assert await lines.first.evaluate(paper) == await lines.nth(1).evaluate(paper), focused
        await owner.text(path).blur()


async def test_offline_the_form_says_so_and_keeps_what_was_typed(
    site: Server, people: People, model: ModelServer
) -> None:
    path = "proposals/offline.md"
    await new_document(site, path, "A line\n")
    owner = await people.owner(DESK)
    await owner.open(path)
    await owner.is_saved()
    await owner.page.context.set_offline(True)
    await expect(owner.state).to_contain_text("Offline")
    await owner.select_all(path)
    await owner.page.keyboard.press("Control+k")
    form = owner.page.get_by_role("form", name="with the assistant")
    await expect(form.get_by_role("alert")).to_contain_text("While you are offline the assistant cannot be asked")
    field = form.get_by_role("textbox", name="Instruction")
    await field.fill("Add another line")
    await owner.page.keyboard.press("Enter")
    await expect(form.get_by_role("button", name="Ask", exact=True)).to_be_disabled()
    await expect(field).to_have_value("Add another line")
    await picture_in_both(people, owner, "ask-offline")
    # Long enough for whatever is read in the background to have failed.
    await owner.page.wait_for_timeout(2_000)
    assert await toasts(owner) == []

    await owner.page.context.set_offline(False)
    await expect(form.get_by_role("alert")).to_have_count(0)
    await expect(field).to_have_value("Add another line")
    model.enqueue(Script(answer="A line\nand another\n"))
    await field.press("Enter")
    await expect(owner.review).to_contain_text("to decide")
    assert await toasts(owner) == []
    owner.errors.clear()  # the browser itself reports each request that it could not send


async def test_a_viewer_is_told_why_the_assistant_is_not_asked(
    site: Server, people: People, model: ModelServer
) -> None:
    path = "proposals/viewed.md"
    await proposed(site, people, model, path, "One plain line\n", "One short line\n")
    viewer = await people.guest("viewer", "Vera", DESK)
    await viewer.open(path)
    await expect(viewer.review).to_contain_text("to decide")
    await viewer.text(path).focus()
    said = viewer.page.get_by_role("status")
    for key, what in [
        ("Control+k", "The assistant was not asked"),
        ("Alt+y", "Nothing was decided"),
        ("Shift+Alt+n", "Nothing was decided"),
        ("Control+Alt+m", "No comment was begun"),
    ]:
        await viewer.page.keyboard.press(key)
        await expect(viewer.page.locator(".toast", has_text=what)).to_contain_text("You are here as a viewer.")
        # What a screen reader is told.
        await expect(said.filter(has_text=what).first).to_be_attached()
    await people.picture(viewer, "ask-viewer")


FEW = "one plain word here\ntwo plain words here\nthree plain words here\n"
BETTER = "one fine word here\ntwo fine words here\nthree fine words here\n"


async def test_decisions_on_neighbouring_lines_are_one_note_with_each_inside(
    site: Server, people: People, model: ModelServer
) -> None:
    path = "proposals/notes.txt"
    owner = await proposed(site, people, model, path, FEW, BETTER)
    await owner.review.get_by_role("button", name="Accept all").click()
    await owner.reads(path, BETTER)
    notes = owner.text(path).locator(".hunk-note:has(.hunk-fold)")
    await expect(notes).to_have_text("3 accepted by Owner · Undo all · Show each")
    # By keys: the text gives Tab away first.
    toggle = notes.get_by_role("button", name="Show each decision")
    await expect(toggle).to_have_attribute("aria-expanded", "false")
    await toggle.focus()
    await owner.page.keyboard.press("Enter")
    await expect(notes.get_by_role("button", name="Hide each decision")).to_be_focused()
    each = owner.text(path).get_by_role("list", name="Decisions")
    await expect(each.get_by_role("listitem")).to_have_count(3)
    await expect(each).to_contain_text("Line 2: replace “plain” by “fine”, accepted by Owner")
    await each.get_by_role("button", name="Undo: replace “plain” by “fine”, accepted by Owner").nth(1).focus()
    await owner.page.keyboard.press("Enter")
    await owner.reads(path, BETTER.replace("two fine", "two plain"))
    await expect(notes).to_contain_text("2 accepted by Owner, 1 undone by Owner")
    # And where the cursor is.
    await owner.text(path).focus()
    await owner.page.keyboard.press("Control+End")
    await owner.page.keyboard.press("ArrowUp")
    await owner.page.keyboard.press("Home")
    for _ in range(8):
        await owner.page.keyboard.press("ArrowRight")
    await owner.page.keyboard.press("Alt+u")
    await owner.reads(path, BETTER.replace("two fine", "two plain").replace("three fine", "three plain"))
    # Alone it is no longer all.
    await notes.get_by_role("button", name="Undo: ").click()
    await owner.reads(path, FEW)


# Notes every sentence that stands beside a proposal, however briefly.
LISTEN_FOR_NOTES = """
() => {
  window.said = []
  new MutationObserver(() => {
    for (const note of document.querySelectorAll('.hunk-note-stale')) window.said.push(note.textContent)
  }).observe(document.body, { childList: true, subtree: true })
}
"""


async def test_what_was_accepted_never_seems_to_fit_no_more(site: Server, people: People, model: ModelServer) -> None:
    """The changed text and the decision come by two ways; here, as on a busy server, the text is well ahead."""
    path = "proposals/ahead.txt"
    late = 0.0

    async def pass_on(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        async def delayed(message: str | bytes) -> None:
            await asyncio.sleep(late)
            route.send(message)

        waiting: set[asyncio.Task[None]] = set()

        def hear(message: str | bytes) -> None:
            waiting.add(task := asyncio.ensure_future(delayed(message)))
            task.add_done_callback(waiting.discard)

        server.on_message(hear)

    await new_document(site, path, FEW)
    owner, editor = await people.owner(DESK), await people.guest("editor", "Edda", DESK)
    for tab in (owner, editor):
        await tab.page.route_web_socket(re.compile(r"/events"), pass_on)
        await tab.open(path)
        await tab.page.evaluate(LISTEN_FOR_NOTES)
    better = f"a new first line\n{BETTER}"
    model.enqueue(Script(answer=better))
    await owner.select_all(path)
    await owner.ask("Better")
    for tab in (owner, editor):
        await expect(tab.review).to_contain_text("4 changes to decide")
    late = 1.0
    await owner.review.get_by_role("button", name="Accept all").click()
    for tab in (owner, editor):
        await tab.reads(path, better)
        await expect(tab.review).to_contain_text("4 accepted by Owner")
        assert await tab.page.evaluate("window.said") == []


async def test_how_several_notes_look(site: Server, people: People, model: ModelServer) -> None:
    path = "proposals/many notes.txt"
    owner = await proposed(site, people, model, path, FEW, BETTER)
    await owner.review.get_by_role("button", name="Accept all").click()
    await owner.reads(path, BETTER)
    toggle = owner.text(path).locator(".hunk-fold")
    await expect(toggle).to_be_visible()
    await people.picture(owner, "notes-folded")
    await toggle.click()
    await people.picture(owner, "notes-unfolded")
    await owner.page.emulate_media(color_scheme="dark")
    await people.picture(owner, "notes-unfolded-dark")
    await owner.page.set_viewport_size(PHONE)
    await people.picture(owner, "notes-unfolded-phone")


async def test_the_key_for_undoing_takes_back_the_last_decision_before_older_edits(
    site: Server, people: People, model: ModelServer
) -> None:
    path = "proposals/undone.txt"
    await new_document(site, path, FEW)
    owner = await people.owner(DESK)
    await owner.open(path)
    await owner.type_at_end(path, "mine\n")
    await owner.reads(path, f"{FEW}mine\n")
    model.enqueue(Script(answer=f"{BETTER}mine\n"))
    await owner.select_all(path)
    await owner.ask("Better")
    await expect(owner.review).to_contain_text("3 changes to decide")
    await owner.text(path).get_by_role("button", name="Accept: ").first.click()
    await expect(owner.review).to_contain_text("2 changes to decide")
    await owner.review.get_by_role("button", name="Accept all").click()
    await owner.reads(path, f"{BETTER}mine\n")
    await expect(owner.text(path)).to_be_focused()
    first_alone = f"{FEW.replace('one plain', 'one fine')}mine\n"
    await owner.page.keyboard.press("Control+z")
    await owner.reads(path, first_alone)
    await expect(owner.page.locator(".toast")).to_contain_text("Your decision was undone")
    await people.picture(owner, "decision-undone")
    await owner.page.keyboard.press("Control+z")
    await owner.reads(path, f"{FEW}mine\n")
    await owner.page.keyboard.press("Control+z")
    await owner.reads(path, FEW)
    await owner.page.keyboard.press("Control+y")
    await owner.reads(path, f"{FEW}mine\n")


async def test_whatever_is_done_in_the_bar_leaves_the_focus_in_the_text(
    site: Server, people: People, model: ModelServer
) -> None:
    path = "proposals/focus.txt"
    owner = await proposed(site, people, model, path, FEW, BETTER)
    for name in ("Reject all", "Undo", "Accept all", "Undo"):
        await owner.review.get_by_role("button", name=name, exact=True).press("Enter")
        await expect(owner.text(path)).to_be_focused()
    await expect(owner.review).to_contain_text("undone by Owner")
    await owner.review.get_by_role("button", name="Close").press("Enter")
    await expect(owner.review).to_be_hidden()
    await expect(owner.text(path)).to_be_focused()


@pytest.mark.parametrize("viewport", [{"width": 1366, "height": 768}, PHONE], ids=["desk", "phone"])
async def test_the_form_is_in_sight_wherever_one_asks(site: Server, people: People, viewport: dict[str, int]) -> None:
    path = f"proposals/low-{viewport['width']}.txt"
    await new_document(site, path, "".join(f"line number {n}\n" for n in range(80)))
    owner = await people.owner(viewport)
    await owner.open(path)
    await owner.text(path).press("Control+End")
    await owner.page.keyboard.press("Control+k")
    form = owner.page.get_by_role("form", name="with the assistant")
    await expect(form.get_by_role("button", name="Ask", exact=True)).to_be_in_viewport(ratio=1)
    await expect(form.locator(".ask-foot")).to_be_in_viewport(ratio=1)
    await people.picture(owner, f"form-at-the-end-{viewport['width']}")
    await form.get_by_role("textbox", name="Instruction").fill("one\ntwo\nthree\nfour\nfive")
    await expect(form.locator(".ask-foot")).to_be_in_viewport(ratio=1)


async def test_on_a_phone_a_selection_can_be_commented_on(site: Server, people: People) -> None:
    path = "proposals/phone-comment.txt"
    await new_document(site, path, FEW)
    owner = await people.owner(PHONE)
    await owner.open(path)
    await owner.select_all(path)
    await people.picture(owner, "selected-phone")
    await owner.page.locator(".ask-tip").get_by_role("button", name="Comment").click()
    await expect(owner.page.get_by_role("textbox", name="Your comment")).to_be_visible()


async def test_lines_that_go_are_marked_by_more_than_their_colour(
    site: Server, people: People, model: ModelServer
) -> None:
    path = "proposals/lines.py"
    owner = await proposed(site, people, model, path, "def a():\n    return 1\n", "def b(x):\n    return x + 2\n")
    gone = owner.text(path).locator(".cm-replaced-line .cm-replaced").first
    await expect(gone).to_have_css("text-decoration-line", "line-through")
    await picture_in_both(people, owner, "proposal-lines-struck")


async def test_after_writing_on_the_key_takes_back_what_was_written(
    site: Server, people: People, model: ModelServer
) -> None:
    path = "proposals/written-on.txt"
    owner = await proposed(site, people, model, path, FEW, BETTER)
    await owner.review.get_by_role("button", name="Accept all").click()
    await owner.reads(path, BETTER)
    await owner.type_at_end(path, "more\n")
    await owner.reads(path, f"{BETTER}more\n")
    await owner.page.keyboard.press("Control+z")
    await owner.reads(path, BETTER)


async def test_one_text_in_both_halves_shows_its_proposal_in_both(
    site: Server, people: People, model: ModelServer
) -> None:
    path = "proposals/halves.txt"
    long = "".join(f"line number {n}\n" for n in range(60))
    await new_document(site, path, long)
    owner = await people.owner(DESK)
    await owner.open(path)
    await owner.page.keyboard.press("Control+Backslash")
    texts = owner.text(path)
    await expect(texts).to_have_count(2)
    model.enqueue(Script(answer=long.replace("number 3\n", "number three\n")))
    await texts.nth(1).focus()
    await owner.page.keyboard.press("Control+a")
    await owner.ask("In words")
    bars = owner.page.locator(".review")
    for bar in await bars.all():
        await expect(bar).to_contain_text("1 change to decide")
    await picture_in_both(people, owner, "proposal-halves")

    async def places() -> list[object]:
        return [await it.bounding_box() for it in [*await texts.all(), *await bars.all()]]

    before = await places()
    await texts.nth(0).click(position={"x": 200, "y": 300})
    await expect(owner.page.get_by_role("region", name="Left half")).to_have_attribute("data-focused", "true")
    assert await places() == before
    await bars.nth(0).get_by_role("button", name="Accept").click()
    for bar in await bars.all():
        await expect(bar).to_contain_text("accepted by Owner")
    await bars.nth(0).get_by_role("button", name="Close").click()
    for bar in await bars.all():
        await expect(bar).to_be_hidden()
