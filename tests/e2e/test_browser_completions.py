"""Grey text in real browsers: one person sees what may come next, and everybody what they take of it."""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

MORE = "on Tuesday, and nobody wrote it down.\nWhoever was there,\nwrites a page."


def grey(tab: Tab) -> Locator:
    return tab.page.locator(".ghost")


async def shows(tab: Tab, text: str) -> None:
    """Wait until this is the grey text, over all its lines."""
    await eventually(lambda: tab.page.locator(".ghost").all_text_contents(), lambda found: "\n".join(found) == text)


async def records(site: Server, path: str) -> list[dict[str, Any]]:
    answer = await site.owner.http.get(f"{site.workspace_path}/feedback?format=raw")
    found = [json.loads(line) for line in answer.raise_for_status().text.splitlines()]
    return [record for record in found if record["path"] == path]


async def test_one_person_sees_it_types_along_and_takes_it_piece_by_piece(
    site: Server, people: People, model: ModelServer
) -> None:
    await new_document(site, "grey.md", "# Minutes\n\n")
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    for tab in (owner, editor):
        await tab.open("grey.md")
    await owner.wants_completions()
    asked = len(model.requests)
    more = asyncio.Event()
    model.enqueue(Script(answer=MORE, tokens=8, goes_on=more))
    # At once: in a pause between two letters something would be asked for that is stale with the next.
    await owner.type_at_end("grey.md", "")
    await owner.page.keyboard.insert_text("The meeting was ")

    # It streams, for one's own eyes alone.
    await expect(grey(owner)).to_contain_text("on Tuesday")
    assert not model.requests[-1].ended.is_set()
    more.set()
    await shows(owner, MORE)
    await people.picture(owner, "grey-text")
    await expect(grey(editor)).to_have_count(0)
    assert await file_text(site, "grey.md") == "# Minutes\n\nThe meeting was "

    # Typing along makes it shorter, and asks nobody.
    await owner.page.keyboard.type("on ")
    await shows(owner, MORE.removeprefix("on "))
    await editor.reads("grey.md", "# Minutes\n\nThe meeting was on ")
    assert len(model.requests) == asked + 1

    # A word, the line, and the rest: everybody sees what was taken.
    await owner.page.keyboard.press("Control+ArrowRight")
    await shows(owner, MORE.removeprefix("on Tuesday"))
    await editor.reads("grey.md", "# Minutes\n\nThe meeting was on Tuesday")
    await owner.page.keyboard.press("End")
    await editor.reads("grey.md", "# Minutes\n\nThe meeting was on Tuesday, and nobody wrote it down.")
    await owner.page.keyboard.press("Tab")
    await expect(grey(owner)).to_have_count(0)
    for tab in (owner, editor):
        await tab.reads("grey.md", f"# Minutes\n\nThe meeting was {MORE}")

    # Each of them is one's own edit, and a step of its own.
    await owner.page.keyboard.press("Control+z")
    await editor.reads("grey.md", "# Minutes\n\nThe meeting was on Tuesday, and nobody wrote it down.")
    await owner.page.keyboard.press("Control+z")
    await editor.reads("grey.md", "# Minutes\n\nThe meeting was on Tuesday")
    await owner.page.keyboard.press("Control+z")
    await editor.reads("grey.md", "# Minutes\n\nThe meeting was on ")
    # What was asked for behind it meanwhile, in a pause, is another one.
    made = await eventually(
        lambda: records(site, "grey.md"), lambda found: MORE in [one["proposed_text"] for one in found]
    )
    [record] = [one for one in made if one["proposed_text"] == MORE]
    assert (record["kind"], record["decision"]) == ("completion", "accepted")
    assert record["corrections"]["accepted"]["part"] == "whole"
    assert record["base_text"] == ""
    assert record["requested_by"]["name"] == record["decided_by"]["name"] == "Owner"
    assert record["shown_ms"] > 0


async def test_escape_refuses_and_going_on_ignores(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "refused.md", "")
    owner = await people.owner()
    await owner.open("refused.md")
    await owner.wants_completions()
    model.enqueue(Script(answer="refused."), Script(answer="ignored."), Script(answer="left."))
    await owner.type_at_end("refused.md", "This is ")
    await shows(owner, "refused.")
    await owner.page.wait_for_timeout(600)
    await owner.page.keyboard.press("Escape")
    await expect(grey(owner)).to_have_count(0)
    await owner.page.keyboard.type("not ")
    await shows(owner, "ignored.")
    await owner.page.wait_for_timeout(600)
    await owner.page.keyboard.type("so ")
    await shows(owner, "left.")
    await owner.page.keyboard.press("Home")
    await expect(grey(owner)).to_have_count(0)
    found = await eventually(lambda: records(site, "refused.md"), lambda found: len(found) == 3)
    by_text = {record["proposed_text"]: record for record in found}
    assert (by_text["refused."]["decision"], by_text["refused."]["was_shown"]) == ("rejected", True)
    assert by_text["refused."]["shown_ms"] >= 500
    assert (by_text["ignored."]["decision"], by_text["ignored."]["was_shown"]) == ("ignored", True)
    assert by_text["left."]["decision"] == "ignored"
    assert await file_text(site, "refused.md") == "This is not so "


async def test_what_others_write_there_ends_it(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "others.md", "first\n")
    owner, editor = await people.owner(), await people.guest("editor", "Edda")
    for tab in (owner, editor):
        await tab.open("others.md")
    await owner.wants_completions()
    model.enqueue(Script(answer="grey"))
    await owner.type_at_end("others.md", "last ")
    await shows(owner, "grey")
    # Elsewhere: it stays, and moves along.
    await editor.text("others.md").focus()
    await editor.page.keyboard.press("Control+Home")
    await editor.page.keyboard.type("zero\n")
    await owner.reads("others.md", "zero\nfirst\nlast ")
    await shows(owner, "grey")
    model.enqueue(Script(answer="```\n```"))
    await editor.type_at_end("others.md", "word")
    await owner.reads("others.md", "zero\nfirst\nlast word")
    await expect(grey(owner)).to_have_count(0)


async def test_the_list_of_words_goes_first(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "words.md", "meetings were held\n")
    owner = await people.owner()
    await owner.open("words.md")
    await owner.wants_completions()
    asked = len(model.requests)
    model.enqueue(Script(answer="ting ended"))
    await owner.type_at_end("words.md", "The mee")
    words = owner.page.get_by_role("listbox", name="Completions")
    await expect(words).to_be_visible()
    await owner.page.wait_for_timeout(1_200)
    assert len(model.requests) == asked
    await owner.page.keyboard.press("Escape")
    await expect(words).to_have_count(0)
    await shows(owner, "ting ended")
    # And it does not open over what is on the screen.
    await owner.page.keyboard.type("t")
    await owner.page.wait_for_timeout(700)
    await expect(words).to_have_count(0)
    await shows(owner, "ing ended")
    await owner.page.keyboard.press("Tab")
    await owner.reads("words.md", "meetings were held\nThe meeting ended")


async def test_without_grey_text_every_key_does_what_it_always_does(
    site: Server, people: People, model: ModelServer
) -> None:
    await new_document(site, "keys.py", "one two")
    owner = await people.owner()
    await owner.open("keys.py")
    await owner.wants_completions()
    await owner.text("keys.py").focus()
    await owner.page.keyboard.press("Control+Home")
    await owner.page.keyboard.press("Tab")
    await owner.reads("keys.py", "    one two")
    await owner.page.keyboard.press("Control+ArrowRight")
    await owner.page.keyboard.type("!")
    await owner.reads("keys.py", "    one! two")
    await owner.page.keyboard.press("End")
    await owner.page.keyboard.type("?")
    await owner.reads("keys.py", "    one! two?")
    # What was chosen is remembered.
    await owner.wants_completions(False)
    await owner.page.reload()
    await expect(owner.text("keys.py")).to_be_visible()
    asked = len(model.requests)
    await owner.type_at_end("keys.py", " more ")
    await owner.page.wait_for_timeout(1_500)
    assert len(model.requests) == asked


async def test_on_a_phone_there_is_a_button_for_it(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "palm.md", "")
    guest = await people.guest("editor", "Pia", PHONE, has_touch=True, is_mobile=True)
    await guest.open("palm.md")
    await guest.wants_completions()
    model.enqueue(Script(answer=MORE))
    await guest.text("palm.md").tap()
    await guest.page.keyboard.type("The meeting was ")
    await shows(guest, MORE)
    await people.picture(guest, "grey-text-phone")
    await grey(guest).get_by_role("button", include_hidden=True).tap()
    await guest.reads("palm.md", f"The meeting was {MORE}")
    await expect(guest.text("palm.md")).to_be_focused()


async def test_a_viewer_is_not_completed(site: Server, people: People, model: ModelServer) -> None:
    await new_document(site, "viewed.md", "text ")
    viewer = await people.guest("viewer", "Vera")
    await viewer.open("viewed.md")
    await viewer.wants_completions()
    asked = len(model.requests)
    await viewer.type_at_end("viewed.md", "typed")
    await viewer.page.wait_for_timeout(1_500)
    assert len(model.requests) == asked
