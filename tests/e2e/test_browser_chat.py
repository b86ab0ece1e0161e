"""Conversations with the assistant in real browsers: what one asks, stops and proposes, all see and decide."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Locator, Route, WebSocketRoute, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import DESK, PHONE, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

TICKETS = "def price(age: int) -> int:\n    return 9\n\n\ndef is_open(day: str) -> bool:\n    return True\n"
ANSWER = """Children could come in free:

```python
def price(age: int) -> int:
    return 0 if age < 18 else 9
```

The opening hours stay as they are."""
INJECTIONS: list[str] = json.loads((Path(__file__).parents[1] / "vectors" / "injections.json").read_text())


async def open_chat(tab: Tab, *, fresh: bool = True) -> None:
    await tab.page.get_by_role("button", name="Conversations with the assistant").click()
    if fresh:
        await tab.page.get_by_role("button", name="New conversation").click()
        await expect(tab.page.get_by_role("heading", name="New conversation")).to_be_visible()


def box(tab: Tab) -> Locator:
    return tab.page.get_by_role("textbox", name="Your question")


async def ask(tab: Tab, question: str) -> None:
    await box(tab).fill(question)
    await tab.page.keyboard.press("Enter")


async def follow(tab: Tab, title: str) -> None:
    """Open the chat, and the conversation that begins with this."""
    await tab.page.get_by_role("button", name="Conversations with the assistant").click()
    await tab.page.get_by_role("button", name="All conversations").click()
    await tab.page.get_by_role("button", name=title).first.click()


async def test_a_file_is_named_by_a_few_letters_and_stands_with_the_question(
    site: Server, people: People, model: ModelServer
) -> None:
    await new_document(site, "chat/opening night.md", "The doors open at seven.\n")
    await new_document(site, "chat/rooms.md", "Room three holds the astrolabe.\n")
    tab = await people.owner()
    await tab.open("chat/rooms.md")
    await open_chat(tab)
    await box(tab).press_sequentially("When does @openni")
    choices = tab.page.get_by_role("listbox", name="Files")
    await expect(choices.get_by_role("option").first).to_contain_text("opening night.md")
    await people.picture(tab, "chat-mention")
    await tab.page.keyboard.press("Enter")
    await expect(box(tab)).to_have_value('When does @"chat/opening night.md" ')
    await expect(choices).to_have_count(0)
    # By touch, and with the arrow keys.
    await tab.page.get_by_role("button", name="Name a file").click()
    await expect(choices).to_be_visible()
    await tab.page.keyboard.press("ArrowDown")
    await tab.page.keyboard.press("Escape")
    await expect(choices).to_have_count(0)
    await tab.page.keyboard.press("Backspace")
    await tab.page.keyboard.type("begin?")
    await tab.page.keyboard.press("Enter")
    files = tab.page.get_by_role("list", name="Files of this question")
    await expect(files.get_by_role("link")).to_have_text(["rooms.md", "opening night.md"])
    await expect(tab.page.get_by_text("This is a scripted answer.")).to_be_visible()
    prompt = model.requests[-1].prompt
    assert "The doors open at seven." in prompt
    assert "Room three holds the astrolabe." in prompt
    await people.picture(tab, "chat-mentioned")
    await files.get_by_role("link", name="opening night.md").click()
    await expect(tab.text("chat/opening night.md")).to_be_visible()


async def test_a_file_that_is_kept_from_the_assistant_is_refused_and_the_question_stays(
    site: Server, people: People, model: ModelServer
) -> None:
    await new_document(site, "chat/.env", "KEY=1\n")
    tab = await people.owner()
    await open_chat(tab)
    asked = len(model.requests)
    await ask(tab, "What is in @chat/.env ?")
    await expect(tab.page.get_by_text("is kept from the assistant").first).to_be_visible()
    await expect(box(tab)).to_have_value("What is in @chat/.env ?")
    assert len(model.requests) == asked
    tab.errors.clear()  # the browser itself reports the refusal


async def test_a_block_that_one_proposes_is_accepted_by_the_other(
    site: Server, people: People, model: ModelServer
) -> None:
    await new_document(site, "chat/tickets.py", TICKETS)
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    for tab in (owner, editor):
        await tab.open("chat/tickets.py")
    await open_chat(owner)
    model.enqueue(Script(answer=ANSWER))
    await ask(owner, "Let children in free")
    await expect(owner.page.get_by_text("The opening hours stay as they are.", exact=True)).to_be_visible()
    await follow(editor, "Let children in free")
    await expect(editor.page.get_by_text("The opening hours stay as they are.", exact=True)).to_be_visible()
    await people.picture(editor, "chat-block")
    # Also with another file open: the question was about this one.
    await owner.open("Welcome.md")
    await follow(owner, "Let children in free")
    await owner.page.get_by_role("button", name="Propose in tickets.py").click()
    for tab in (owner, editor):
        await expect(tab.review).to_contain_text("to decide")
        await expect(tab.page.locator(".proposal").first).to_be_visible()
    assert await file_text(site, "chat/tickets.py") == TICKETS
    await expect(owner.page.get_by_text("Proposed in tickets.py", exact=True)).to_be_visible()
    for name in ("Accept: ", "Reject: "):  # a trial fails where something covers the button
        await owner.text("chat/tickets.py").get_by_role("button", name=name).first.click(trial=True, timeout=2_000)
    await people.picture(editor, "chat-proposed")
    await editor.review.get_by_role("button", name="Accept").click()
    expected = TICKETS.replace("return 9", "return 0 if age < 18 else 9")
    for tab in (owner, editor):
        await tab.reads("chat/tickets.py", expected)
    await expect(owner.review).to_contain_text("accepted by Edda")


async def test_a_block_without_a_clear_place_asks_where_to_go(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "chat/notes.md", "# Notes\n")
    await new_document(site, "chat/elsewhere.md", "# Elsewhere\n")
    tab = await people.owner()
    await tab.open("chat/notes.md")
    await open_chat(tab)
    model.enqueue(Script(answer="```markdown\nQuite another text.\n```"))
    await ask(tab, "Write something")
    await tab.page.get_by_role("button", name="Propose in notes.md").click()
    dialog = tab.page.get_by_role("dialog", name="Where in notes.md?")
    await expect(dialog).to_contain_text("is not in the file")
    await people.picture(tab, "chat-no-place")
    await dialog.get_by_role("button", name="Another file…").click()
    await tab.page.get_by_label("File", exact=True).fill("elsewh")
    await people.picture(tab, "chat-choose-file")
    await tab.page.keyboard.press("Enter")
    await tab.page.get_by_role("button", name="At the end").click()
    await expect(tab.text("chat/elsewhere.md")).to_be_visible()
    await expect(tab.review).to_contain_text("to decide")
    await tab.review.get_by_role("button", name="Accept").click()
    await tab.reads("chat/elsewhere.md", "# Elsewhere\n\nQuite another text.\n")
    tab.errors.clear()  # the browser itself reports that it was refused first


async def test_a_block_goes_to_the_file_that_is_named(site: Server, people: People, model: ModelServer) -> None:
    named = "chat/a note that was renamed twice since.py"
    await new_document(site, named, "print(1)\n")
    await new_document(site, "chat/other_side.py", "print(2)\n")
    await new_document(site, "chat/open.txt", "Some words\n")
    tab = await people.owner()
    await tab.open("chat/open.txt")
    await open_chat(tab)
    answer = (
        f"In `{named}`:\n\n```python\nprint(11)\n```\n\nThe other one:\n\n"
        "```python chat/other_side.py\nprint(22)\n```\n\nAnd then\n\n```javascript\nlet three = 3\n```\n"
    )
    model.enqueue(Script(answer=answer))
    await ask(tab, "Write larger numbers")
    blocks = tab.page.locator(".code-block")
    await expect(blocks.locator(".code-language")).to_have_text(["python", "python", "javascript"])
    await expect(blocks.nth(0).get_by_role("button", name="Propose in a note that was")).to_be_visible()
    await expect(blocks.nth(1).get_by_role("button", name="Propose in other_side.py")).to_be_visible()
    await expect(blocks.nth(2).get_by_role("button", name="Propose in open.txt")).to_be_visible()
    for words in await blocks.locator(".code-language, .code-tool").all():
        assert await words.evaluate("it => it.scrollWidth <= it.clientWidth")
    await people.picture(tab, "chat-blocks")
    # Another one, with keys alone.
    choose = blocks.nth(0).get_by_role("button", name="Propose in another file…")
    await choose.focus()
    await tab.page.keyboard.press("Enter")
    menu = tab.page.get_by_role("menu")
    await expect(menu.get_by_role("menuitem")).to_have_text(["chat/other_side.py", "chat/open.txt", "Another file…"])
    await people.picture(tab, "chat-block-menu")
    await tab.page.keyboard.press("Escape")
    await expect(choose).to_be_focused()
    await tab.page.keyboard.press("Enter")
    await expect(menu).to_be_focused()
    await tab.page.keyboard.press("End")
    await expect(menu.get_by_role("menuitem").last).to_be_focused()
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("dialog", name="Propose it in which file?")).to_be_visible()
    await tab.page.keyboard.press("Escape")
    await blocks.nth(1).get_by_role("button", name="Propose in other_side.py").click()
    await expect(tab.text("chat/other_side.py")).to_be_visible()
    await tab.review.get_by_role("button", name="Accept").click()
    await tab.reads("chat/other_side.py", "print(22)\n")


async def test_an_answer_is_stopped_by_somebody_else_and_asked_for_again(
    site: Server, people: People, model: ModelServer
) -> None:
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    await open_chat(owner)
    model.enqueue(Script("endless", answer="and so on ", delay=0.02))
    await ask(owner, "Tell me everything")
    await follow(editor, "Tell me everything")
    for tab in (owner, editor):
        await expect(tab.page.get_by_text("and so on and so on").last).to_be_visible()
    await editor.page.get_by_role("button", name="Stop", exact=True).press("Enter")
    await expect(editor.page.get_by_role("textbox", name="Your question")).to_be_focused()
    for tab in (owner, editor):
        await expect(tab.page.get_by_text("Stopped here.")).to_be_visible()
        await expect(tab.page.get_by_text("and so on and so on").last).to_be_visible()
    assert model.requests[-1].ended.is_set()
    await people.picture(owner, "chat-stopped")

    model.enqueue(Script(answer="Everything, in short."))
    await owner.page.get_by_role("button", name="Try again").click()
    for tab in (owner, editor):
        await expect(tab.page.get_by_text("Everything, in short.")).to_be_visible()
        await expect(tab.page.get_by_text("2 of 2")).to_be_visible()
        await expect(tab.page.get_by_text("Stopped here.")).to_have_count(0)
    await editor.page.get_by_role("button", name="The answer before").click()
    await expect(editor.page.get_by_text("Stopped here.")).to_be_visible()
    await expect(owner.page.get_by_text("Everything, in short.")).to_be_visible()
    await people.picture(editor, "chat-earlier-answer")


async def test_a_failing_answer_says_why_and_can_be_asked_for_again(
    site: Server, people: People, model: ModelServer
) -> None:
    tab = await people.owner()
    viewer = await people.guest("viewer", "Vera")
    await open_chat(tab)
    model.enqueue(Script("unauthorized"))
    await ask(tab, "Will this work out?")
    await expect(tab.page.get_by_role("alert").filter(has_text="key")).to_be_visible()
    await people.picture(tab, "chat-failed")
    await follow(viewer, "Will this work out?")
    await expect(viewer.page.get_by_role("alert").filter(has_text="key")).to_be_visible()
    await expect(viewer.page.get_by_role("button", name="Try again")).to_have_count(0)
    await expect(viewer.page.get_by_role("button", name="This conversation")).to_have_count(0)
    await tab.page.get_by_role("button", name="Try again").click()
    for window in (tab, viewer):
        await expect(window.page.get_by_text("This is a scripted answer.")).to_be_visible()


async def test_conversations_are_searched_renamed_and_deleted(site: Server, people: People, model: ModelServer) -> None:
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    model.enqueue(Script(answer="The astrolabe is in room three, behind the sextants."))
    await open_chat(owner)
    await ask(owner, "Where do we keep it?")
    await expect(owner.page.get_by_text("behind the sextants")).to_be_visible()
    await editor.page.get_by_role("button", name="Conversations with the assistant").click()
    await editor.page.get_by_role("button", name="All conversations").click()
    search = editor.page.get_by_role("searchbox", name="Search the conversations")
    await search.fill("SEXTANTS astrolabe")
    found = editor.page.get_by_role("list", name="Conversations").get_by_role("listitem")
    await expect(found).to_have_count(1)
    await expect(found).to_contain_text("Assistant: The astrolabe is in room three")
    await expect(found.locator("mark")).to_have_text(["astrolabe", "sextants"])
    await people.picture(editor, "chat-search")
    await search.fill("no such words anywhere")
    await expect(editor.page.get_by_text("Nothing was found.")).to_be_visible()
    await search.fill("")
    await editor.page.get_by_role("button", name="Where do we keep it?").click()

    await editor.page.get_by_role("button", name="This conversation").click()
    await editor.page.get_by_role("menuitem", name="Rename…").click()
    await editor.page.get_by_label("Name", exact=True).fill("The astrolabe")
    await editor.page.get_by_role("button", name="Rename").click()
    for tab in (owner, editor):
        await expect(tab.page.get_by_role("heading", name="The astrolabe")).to_be_visible()

    await owner.page.get_by_role("button", name="This conversation").click()
    await owner.page.get_by_role("menuitem", name="Delete…").click()
    await owner.page.get_by_role("button", name="Cancel").click()
    await expect(owner.page.get_by_role("heading", name="The astrolabe")).to_be_visible()
    await owner.page.get_by_role("button", name="This conversation").click()
    await owner.page.get_by_role("menuitem", name="Delete…").click()
    await people.picture(owner, "chat-delete")
    await owner.page.get_by_role("button", name="Delete", exact=True).click()
    for tab in (owner, editor):
        await expect(tab.page.get_by_role("heading", name="New conversation")).to_be_visible()
    await expect(editor.page.get_by_text("The conversation was deleted", exact=True)).to_be_visible()


async def test_what_was_said_elsewhere_is_marked_until_it_is_read(
    site: Server, people: People, model: ModelServer
) -> None:
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    await open_chat(editor)
    await ask(editor, "The first conversation")
    await expect(editor.page.get_by_text("This is a scripted answer.")).to_be_visible()
    await open_chat(owner)
    await ask(owner, "The second conversation")
    await expect(owner.page.get_by_text("This is a scripted answer.")).to_be_visible()
    await editor.page.get_by_role("button", name="All conversations: something new").click()
    row = editor.page.get_by_role("button", name=re.compile("The second conversation.*something new"))
    await expect(row).to_be_visible()
    await people.picture(editor, "chat-unread")
    await row.click()
    await editor.page.get_by_role("button", name="All conversations", exact=True).click()
    await expect(editor.page.get_by_role("button", name="The second conversation")).to_be_visible()
    await expect(row).to_have_count(0)


async def test_a_break_in_the_middle_of_an_answer_leaves_nothing_missing(
    site: Server, people: People, model: ModelServer
) -> None:
    owner = await people.owner()
    reader = await people.guest("viewer", "Vera")
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    await reader.page.route_web_socket("**/events*", pass_on)
    await reader.page.reload()
    more = asyncio.Event()
    words = " ".join(f"word-{number}" for number in range(400))
    model.enqueue(Script(answer=words, delay=0.01, tokens=300, goes_on=more))
    await open_chat(owner)
    await ask(owner, "Count for me")
    await follow(reader, "Count for me")
    await expect(reader.page.get_by_text("word-20 ").last).to_be_visible()
    known = len(sockets)
    await sockets[-1].close(code=1011, reason="a break")
    # Everything up to where the model waits, although none of it will be told again.
    last = "word-149"
    await expect(owner.page.get_by_text(last)).to_be_visible()
    await expect(reader.page.get_by_text(last)).to_be_visible()
    await eventually(lambda: said(reader), lambda text: "word-148 word-149" in text)
    assert len(sockets) > known
    more.set()
    await expect(reader.page.get_by_text("word-399")).to_be_visible()
    assert (await said(reader)).startswith(words[:3_000])


async def said(tab: Tab) -> str:
    return await tab.page.locator(".message[data-role=assistant] .prose").last.inner_text()


@asynccontextmanager
async def attacker() -> AsyncIterator[tuple[int, list[str]]]:
    """A server of somebody else: its port, and who has come to it."""
    came: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append((await reader.readline()).decode("latin-1").strip())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        server.close()


MATHS = """The period is \\(T = 2\\pi\\sqrt{\\ell/g}\\), so

\\[
T^2 = \\frac{4\\pi^2}{g} \\ell
\\]

```mermaid
flowchart LR
    A[Swing] --> B[Count]
```

That is all."""


async def test_formulas_and_diagrams_of_an_answer(site: Server, people: People, model: ModelServer) -> None:
    tab = await people.owner({"width": 1440, "height": 900})
    await open_chat(tab)
    goes_on = asyncio.Event()
    # It waits within the diagram, which is code until its end is there.
    model.enqueue(Script(answer=MATHS, tokens=26, goes_on=goes_on))
    await ask(tab, "Tell me of pendulums")
    prose = tab.page.locator(".message[data-role=assistant] .prose").last
    await expect(prose.locator(".katex")).to_have_count(2)
    await expect(prose.locator("[data-diagram]")).to_have_count(0)
    await prose.locator(".katex").first.evaluate("formula => { window.formula = formula }")
    goes_on.set()
    await expect(prose.get_by_role("img", name="Diagram: flowchart LR")).to_be_visible()
    await expect(prose.get_by_text("That is all.")).to_be_visible()
    # What was there already was not drawn anew, piece by piece.
    assert await prose.locator(".katex").first.evaluate("formula => formula === window.formula")
    await people.picture(tab, "chat-formulas")


async def test_no_injection_in_an_answer_runs_or_asks_anybody(site: Server, people: People, model: ModelServer) -> None:
    tab = await people.owner()
    requests: list[str] = []
    await open_chat(tab)
    async with attacker() as (port, came):
        host = f"127.0.0.1:{port}"
        tab.page.on("request", lambda request: requests.append(request.url))
        hostile = [text.replace("{attacker}", f"http://{host}").replace("{host}", host) for text in INJECTIONS]
        for number in range(0, len(hostile), 8):
            # Both while it streams, piece by piece, and once it is whole.
            answer = "\n\n".join([*hostile[number : number + 8], f"the end of part {number}"])
            model.enqueue(Script(answer=answer))
            await ask(tab, f"Say part {number}")
            await expect(tab.page.get_by_text(f"the end of part {number}").last).to_be_visible()
        await people.picture(tab, "chat-hostile")
        # What is asked for once a pointer is over it, or it comes into sight.
        for link in await tab.page.locator(".message .prose a").all():
            await link.hover()
        assert await tab.page.evaluate("window.hostile") is None
        assert came == []
    # The workspace has none of these images. Whatever the page's policy had to stop would be told here, too.
    tab.errors = [error for error in tab.errors if "the server responded with a status of 4" not in error]
    ours = f"http://127.0.0.1:{site.port}/"
    assert [url for url in requests if not url.startswith(ours)] == []
    prose = tab.page.locator(".message .prose")
    for element in ("script", "iframe", "svg", "style", "form", "input", "object", "link", "meta", "base", "video"):
        await expect(prose.locator(element)).to_have_count(0)
    for image in await prose.locator("img").all():
        assert ((await image.get_attribute("src")) or "").startswith("/api/workspaces/")
    for address in [await link.get_attribute("href") for link in await prose.locator("a[href]").all()]:
        assert address is not None
        assert address.startswith(("http:", "https:", "mailto:", "//", "/w/", "#")), address
    await expect(prose.locator("button:not(.code-tool)")).to_have_count(0)


async def test_a_new_conversation_stays_new_when_the_old_ones_come_late(
    site: Server, people: People, model: ModelServer
) -> None:
    tab = await people.owner()
    await open_chat(tab)
    model.enqueue(Script(answer="The old answer."))
    await ask(tab, "The old question")
    await expect(tab.page.get_by_text("The old answer.")).to_be_visible()
    come, asked = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        asked.set()
        await come.wait()
        await route.continue_()

    await tab.page.route("**/conversations", late)
    await tab.page.reload()
    await asked.wait()
    await open_chat(tab)
    async with tab.page.expect_response("**/conversations"):
        come.set()
    model.enqueue(Script(answer="The new answer."))
    await ask(tab, "The new question")
    await expect(tab.page.get_by_text("The new answer.")).to_be_visible()
    await expect(tab.page.get_by_text("The old answer.")).to_have_count(0)


@pytest.mark.parametrize("size", [DESK, PHONE, {"width": 1600, "height": 900}], ids=["laptop", "phone", "wide"])
async def test_the_panel_at_every_size(site: Server, people: People, model: ModelServer, size: dict[str, int]) -> None:
    name = f"chat/size-{size['width']}.py"
    await new_document(site, name, TICKETS)
    tab = await people.owner(size)
    await tab.open(name)
    await open_chat(tab)
    await people.picture(tab, f"chat-empty-{size['width']}")
    model.enqueue(Script(answer=ANSWER))
    await ask(tab, f"Compare with @{name}")
    await expect(tab.page.get_by_text("The opening hours stay as they are.", exact=True)).to_be_visible()
    code = tab.page.locator(".code-block")
    await expect(code.get_by_role("button", name="Copy")).to_be_visible()
    panel = await tab.page.locator(".chat").bounding_box()
    # Once the answer has ended it is drawn as a whole.
    block = await eventually(code.bounding_box, lambda box: box is not None)
    assert panel is not None
    assert block is not None
    assert panel["x"] <= block["x"]
    assert block["x"] + block["width"] <= panel["x"] + panel["width"]
    await people.picture(tab, f"chat-answered-{size['width']}")
    await tab.page.emulate_media(color_scheme="dark")
    await people.picture(tab, f"chat-answered-{size['width']}-dark")
