"""Two people in two real browsers, and the assistant, in one file."""

import asyncio
import json
import re

import pytest
from playwright.async_api import Route, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = [pytest.mark.essential, pytest.mark.asyncio(loop_scope="session")]

ROUGH = "the meting was on tuesday and nobody wrote it down\n"
THANKS = "thank you for coming. It was a good day for all of us."
SMOOTH = "The meeting was on Tuesday, and nobody wrote it down.\n"


async def both_in(site: Server, people: People, path: str, text: str) -> tuple[Tab, Tab]:
    """The owner and Edda, an editor, each with the new document open."""
    await new_document(site, path, text)
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    for tab in (owner, editor):
        await tab.open(path)
    return owner, editor


async def test_two_people_see_each_other_type(site: Server, people: People) -> None:
    owner, editor = await both_in(site, people, "together.md", "# Together\n")
    await owner.type_at_end("together.md", "typed by the owner\n")
    await editor.reads("together.md", "# Together\ntyped by the owner\n")
    await editor.type_at_end("together.md", "typed by Edda")
    await owner.reads("together.md", "# Together\ntyped by the owner\ntyped by Edda")

    # Names at the cursors, in the bar, and beside the file in the tree.
    await expect(owner.text("together.md").get_by_text("Edda", exact=True)).to_be_visible()
    await expect(editor.text("together.md").get_by_text("Owner", exact=True)).to_be_attached()
    await expect(owner.page.get_by_role("group", name="Here now: Edda")).to_be_visible()
    await expect(editor.page.get_by_role("treeitem", name="together.md, open by Owner")).to_be_visible()
    await owner.is_saved()
    await editor.is_saved()
    assert await file_text(site, "together.md") == "# Together\ntyped by the owner\ntyped by Edda"
    await people.picture(owner, "two-people")


async def test_one_asks_the_other_accepts_the_first_undoes(site: Server, people: People, model: ModelServer) -> None:
    owner, editor = await both_in(site, people, "minutes.md", ROUGH)
    more = asyncio.Event()
    model.enqueue(Script(answer=SMOOTH, tokens=6, goes_on=more))
    await editor.select_all("minutes.md")
    await editor.ask("Correct the spelling")

    # Both watch the proposal while it is written.
    for tab in (editor, owner):
        await expect(tab.review).to_contain_text("Correct the spelling")
        await expect(tab.review).to_contain_text("Proposing…")
        await expect(tab.page.locator(".proposal").first).to_be_visible()
    await people.picture(owner, "proposal-streaming")
    assert not model.requests[-1].ended.is_set()
    assert await file_text(site, "minutes.md") == ROUGH

    more.set()
    for tab in (editor, owner):
        await expect(tab.review).to_contain_text("to decide")
    await people.picture(editor, "proposal-ready")
    await owner.review.get_by_role("button", name="Accept").click()
    for tab in (owner, editor):
        await tab.reads("minutes.md", SMOOTH)
        await expect(tab.review).to_contain_text("accepted by Owner")
    assert await file_text(site, "minutes.md") == SMOOTH
    await people.picture(editor, "proposal-accepted")

    await editor.review.get_by_role("button", name="Undo").click()
    for tab in (owner, editor):
        await tab.reads("minutes.md", ROUGH)
    assert await file_text(site, "minutes.md") == ROUGH

    records = [json.loads(line) for line in (await feedback(site)).splitlines()]
    mine = [record for record in records if record["path"] == "minutes.md"]
    assert {record["decision"] for record in mine} == {"accepted", "undone"}
    assert {record["requested_by"]["name"] for record in mine} == {"Edda"}


async def feedback(site: Server) -> str:
    return (await site.owner.http.get(f"{site.workspace_path}/feedback?format=raw")).raise_for_status().text


async def test_undo_takes_back_ones_own_words_alone(site: Server, people: People) -> None:
    owner, editor = await both_in(site, people, "undo.md", "base\n")
    await owner.type_at_end("undo.md", "mine ")
    await editor.reads("undo.md", "base\nmine ")
    await editor.type_at_end("undo.md", "and yours")
    await owner.reads("undo.md", "base\nmine and yours")
    await owner.text("undo.md").focus()
    await owner.page.keyboard.press("Control+z")
    await eventually(lambda: file_text(site, "undo.md"), lambda text: text == "base\nand yours")


async def test_the_assistant_types_into_the_text_and_is_undone(
    site: Server, people: People, model: ModelServer
) -> None:
    owner, editor = await both_in(site, people, "letter.md", "Dear all,\n\n")
    model.enqueue(Script(answer=THANKS, delay=0.1))
    await editor.type_at_end("letter.md", "")
    await editor.ask("Thank them")
    for tab in (owner, editor):
        await tab.reads_of("letter.md", "thank you")
    await people.picture(owner, "assistant-writes")
    for tab in (owner, editor):
        await tab.reads("letter.md", f"Dear all,\n\n{THANKS}")
    await owner.review.get_by_role("button", name="Undo").click()
    for tab in (owner, editor):
        await tab.reads("letter.md", "Dear all,\n\n")
    assert await file_text(site, "letter.md") == "Dear all,\n\n"


async def test_a_cursor_stays_before_what_the_assistant_writes_at_it(
    site: Server, people: People, model: ModelServer
) -> None:
    owner, editor = await both_in(site, people, "cursor.md", "Dear all,\n\n")
    more = asyncio.Event()
    model.enqueue(Script(answer=THANKS, tokens=1, goes_on=more))

    async def after_the_first_word(route: Route) -> None:
        """The answer to the request may be later than the first words that it asked for."""
        answer = await route.fetch()
        await editor.reads("cursor.md", "Dear all,\n\nthank")
        await route.fulfill(response=answer)

    await editor.page.route("**/ai/writes", after_the_first_word)
    await editor.type_at_end("cursor.md", "")
    await editor.ask("Thank them")
    await expect(editor.text("cursor.md")).to_be_focused()
    more.set()
    await owner.reads("cursor.md", f"Dear all,\n\n{THANKS}")
    await expect(owner.text("cursor.md").locator(".cm-line").last).to_contain_text(f"Edda{THANKS}")
    await editor.page.keyboard.type("Once more, ")
    await owner.reads("cursor.md", f"Dear all,\n\nOnce more, {THANKS}")


async def test_an_answer_in_chat_streams_to_everybody(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "chat.md", "A text to ask about.\n")
    owner = await people.owner()
    viewer = await people.guest("viewer", "Vera")
    for tab in (owner, viewer):
        await tab.open("chat.md")
        await tab.page.get_by_role("button", name="Conversations with the assistant").click()
    more = asyncio.Event()
    answer = "It says **little**, and that slowly: " + "one word after the other, " * 6 + "to its end."
    model.enqueue(Script(answer=answer, tokens=25, goes_on=more))
    await owner.page.get_by_role("textbox", name="Your question").fill("What does it say?")
    await owner.page.keyboard.press("Enter")
    for tab in (owner, viewer):
        await expect(tab.page.get_by_text("What does it say?").last).to_be_visible()
        await expect(tab.page.get_by_text("one word after the other")).to_be_visible()
    assert not model.requests[-1].ended.is_set()
    await people.picture(owner, "chat-streaming")
    more.set()
    for tab in (owner, viewer):
        await expect(tab.page.get_by_text("to its end.")).to_be_visible()
        await expect(tab.page.get_by_role("strong").get_by_text("little")).to_be_visible()
    await people.picture(viewer, "chat-viewer")
    # Kept: whoever comes later reads it too.
    await viewer.page.reload()
    await viewer.page.get_by_role("button", name="Conversations with the assistant").click()
    await expect(viewer.page.get_by_text("to its end.")).to_be_visible()


async def test_a_model_that_fails_says_so_to_everybody(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "failing.md", ROUGH)
    owner = await people.owner()
    await owner.open("failing.md")
    model.enqueue(*[Script("unauthorized")] * 5)
    await owner.select_all("failing.md")
    await owner.ask("Correct it")
    await expect(owner.review).to_contain_text("key")
    await people.picture(owner, "model-failed")
    model.scripts.clear()
    assert await file_text(site, "failing.md") == ROUGH


@pytest.mark.alone
async def test_a_proposal_can_be_stopped(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "stopped.md", ROUGH)
    owner = await people.owner()
    await owner.open("stopped.md")
    model.enqueue(Script("endless", delay=0.05))
    await owner.select_all("stopped.md")
    await owner.ask("Never end")
    await expect(owner.review).to_contain_text("Never end")
    await eventually(lambda: last_request_began(model), bool)
    await owner.review.get_by_role("button", name="Stop").click()
    await expect(owner.review).to_contain_text("Stopped.")
    await asyncio.wait_for(model.requests[-1].ended.wait(), 1)
    assert await file_text(site, "stopped.md") == ROUGH


async def last_request_began(model: ModelServer) -> bool:
    return bool(model.requests and model.requests[-1].tokens_sent)


async def test_one_follows_the_view_of_another(site: Server, people: People) -> None:
    lines = "".join(f"line {number}\n" for number in range(400))
    for name in ("here.md", "there.md"):
        await new_document(site, f"follow/{name}", lines)
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    await owner.open("follow/here.md")
    await editor.open("follow/there.md")
    await owner.page.get_by_role("button", name="Edda, in there.md: follow").click()
    await expect(owner.text("follow/there.md")).to_be_visible()
    bar = owner.page.get_by_role("status").filter(has_text="You see what Edda sees")
    await expect(bar).to_be_visible()

    # Where the other one goes in the text, and to which file.
    await editor.text("follow/there.md").focus()
    await editor.page.keyboard.press("Control+End")
    await expect(owner.text("follow/there.md").get_by_text("line 399")).to_be_in_viewport()
    await people.picture(owner, "following")
    await editor.open("follow/here.md")
    await expect(owner.text("follow/here.md")).to_be_visible()
    await expect(bar).to_be_visible()

    # Whoever does something goes a way of their own.
    await owner.type_at_end("follow/here.md", "mine")
    await expect(bar).to_have_count(0)
    await editor.open("follow/there.md")
    await owner.reads_of("follow/here.md", "mine")
    await expect(owner.text("follow/here.md")).to_be_visible()


async def test_with_six_people_the_number_of_the_others_can_be_hit(site: Server, people: People) -> None:
    owner = await people.owner()
    for name in ("Ada", "Ben", "Cleo", "Dora", "Emil"):
        await people.guest("editor", name)
    more = owner.page.get_by_role("button", name="+1: show all people")
    await expect(more).to_be_visible()
    await people.picture(owner, "six-people")
    await more.click()
    await expect(owner.page.get_by_role("complementary", name="People")).to_be_visible()


async def test_five_people_leave_room_for_the_name_of_the_file(site: Server, people: People) -> None:
    await new_document(site, "five/agenda.md", "one\n")
    names = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra", "Barbara Liskov"]
    phone = await people.owner(PHONE)
    await phone.open("five/agenda.md")
    for name in names:
        guest = await people.guest("editor", name)
        await guest.open("five/agenda.md")
    present = phone.page.get_by_role("button", name="Here now")
    await expect(present).to_have_text("+3")
    # What one sees on it is part of its name: whoever speaks to the page says what they see.
    await expect(present).to_have_accessible_name(re.compile(r"Ada Lovelace \+3 more: Barbara"))
    name = phone.page.get_by_role("navigation", name="Where you are").get_by_text("agenda.md")
    assert await name.evaluate("(it) => it.closest('li').scrollWidth <= it.closest('li').clientWidth")
    await people.picture(phone, "five-phone")

    await guest.page.set_viewport_size({"width": 1440, "height": 900})
    row = guest.row("agenda.md")
    await expect(row).to_contain_text("+1")
    await expect(row).to_have_accessible_name(re.compile(r"^agenda\.md \+1, open by Ada Lovelace, "))
    await people.picture(guest, "five-desk")
