"""What the editor says when the server does not take what is typed, and what becomes of it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, WebSocketRoute, expect

from collab.yjs.codec import BARRIER
from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document, stopped_database
from tests.support.server import Server, running_server
from tests.support.sync_client import sync_client

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = "A line of some length, which is there many times.\n"


@asynccontextmanager
async def house(
    browser: Browser, pictures: Path, data_dir: Path, **limits: int
) -> AsyncIterator[tuple[Server, People]]:
    """A server with these ``limits``, and its people."""
    settings = {f"SCRIPTORIUM_LIMIT_{name.upper()}": str(value) for name, value in limits.items()}
    async with running_server(data_dir, settings) as site:
        people = People(browser, site, pictures)
        try:
            yield site, people
            people.complain()
        finally:
            await people.close()


async def go_back_to_what_is_saved(tab: Tab, path: str, text: str) -> None:
    await tab.page.get_by_role("button", name="Go back to what is saved").click()
    await tab.is_saved()
    await tab.reads(path, text)


async def test_a_text_that_becomes_too_large_says_so_and_stays_to_be_copied(
    browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    async with house(browser, pictures, tmp_path, text_document=2_000) as (site, people):
        await new_document(site, "full.md", "before\n")
        owner = await people.owner()
        phone = await people.guest("editor", "Pia", PHONE)
        for tab in (owner, phone):
            await tab.open("full.md")
            await tab.is_saved()
        await owner.type_at_end("full.md", "it fits")
        await owner.is_saved()
        await owner.page.keyboard.press("Enter")
        await owner.page.keyboard.insert_text(LONG * 40)
        await expect(owner.page.get_by_role("heading", name="This file is as large as it can be")).to_be_visible()
        await expect(owner.state).to_have_text("No longer saved")
        await expect(owner.text("full.md")).to_have_attribute("aria-readonly", "true")
        await owner.reads_of("full.md", "it fits\n" + LONG)
        await people.picture(owner, "too-large")
        # Nobody else notices, and there is room for what fits.
        await phone.reads("full.md", "before\nit fits\n")
        await phone.type_at_end("full.md", "also here")
        await phone.is_saved()

        # It is the same text that the browser has kept.
        await owner.page.reload()
        await expect(owner.page.get_by_role("heading", name="This file is as large as it can be")).to_be_visible()
        await owner.reads_of("full.md", LONG)  # before or behind what was typed at the same place meanwhile
        await go_back_to_what_is_saved(owner, "full.md", "before\nit fits\nalso here")
        assert await file_text(site, "full.md") == "before\nit fits\nalso here"


async def test_an_edit_that_the_server_refuses_ends_the_editing_and_stays_to_be_copied(
    browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    async with house(browser, pictures, tmp_path, frame=2_000) as (site, people):
        await new_document(site, "refused.md", "before\n")
        owner = await people.owner()
        await owner.open("refused.md")
        await owner.is_saved()
        await owner.page.keyboard.press("Control+End")
        await owner.text("refused.md").focus()
        await owner.page.keyboard.insert_text(LONG * 60)
        heading = owner.page.get_by_role("heading", name="The server does not take your last edit")
        await expect(heading).to_be_visible()
        await expect(owner.state).to_have_text("No longer saved")
        await expect(owner.text("refused.md")).to_have_attribute("aria-readonly", "true")
        await owner.reads_of("refused.md", LONG)
        await people.picture(owner, "refused")
        await go_back_to_what_is_saved(owner, "refused.md", "before\n")


class Way:
    """The way of one tab to the server's documents, on which frames can be held back or damaged."""

    def __init__(self, document: str) -> None:
        self._document = document
        self._held: list[WebSocketRoute] = []
        self.damages = 0
        """How many of the next edits arrive damaged."""
        self.holds = False
        """Whether edits and barriers are not read any more, as of somebody who sends too fast."""

    async def stand_between(self, tab: Tab) -> None:
        await tab.page.route_web_socket(re.compile(rf"/sync/.*/{self._document}"), self._take)
        await tab.page.reload()

    def _take(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        self._newest = socket

        def pass_on(message: str | bytes) -> None:
            assert isinstance(message, bytes)
            if self.holds and message[0] in (0, BARRIER):
                return
            # An edit, or after a new connection all that the server lacks.
            if self.damages and message[:2] in (b"\0\1", b"\0\2"):
                self.damages -= 1
                message = message[:-1]
            server.send(message)

        socket.on_message(pass_on)

    async def close(self, code: int, reason: str) -> None:
        await self._newest.close(code=code, reason=reason)


async def test_an_edit_that_arrives_damaged_is_sent_once_more(site: Server, people: People) -> None:
    document = await new_document(site, "damaged.md", "before\n")
    owner = await people.owner()
    way = Way(document)
    await way.stand_between(owner)
    await owner.open("damaged.md")
    await owner.is_saved()
    way.damages = 1
    await owner.type_at_end("damaged.md", "x")
    await eventually(lambda: file_text(site, "damaged.md"), lambda text: text == "before\nx")
    await owner.is_saved()

    # What is refused twice would be refused for ever.
    way.damages = 2
    await owner.type_at_end("damaged.md", "y")
    heading = owner.page.get_by_role("heading", name="The server does not take your last edit")
    await expect(heading).to_be_visible()
    await owner.reads("damaged.md", "before\nxy")
    await go_back_to_what_is_saved(owner, "damaged.md", "before\nx")


async def test_who_sends_too_fast_is_told_and_nothing_of_it_is_lost(site: Server, people: People) -> None:
    document = await new_document(site, "fast.md", "before\n")
    owner = await people.owner()
    way = Way(document)
    await way.stand_between(owner)
    await owner.open("fast.md")
    await owner.is_saved()
    # tests/server/test_limits.py has the server itself do this, which takes half a minute.
    way.holds = True
    await owner.type_at_end("fast.md", "typed fast")
    await expect(owner.state).to_have_text("Not saved yet: the server has not confirmed it")
    await people.picture(owner, "slowed-down")
    await way.close(4529, "you send faster than is allowed")
    words = "Not saved yet: more was sent than the server takes at once"
    await expect(owner.state).to_have_text(words)
    await people.picture(owner, "too-fast")
    await owner.page.keyboard.type(", and on")
    await expect(owner.state).to_have_text(words)
    way.holds = False
    await way.close(4529, "you send faster than is allowed")
    await owner.is_saved()
    assert await file_text(site, "fast.md") == "before\ntyped fast, and on"


async def test_a_file_that_is_full_of_people_says_so_and_opens_when_there_is_room(
    browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    async with house(browser, pictures, tmp_path, connections_per_document=2) as (site, people):
        document = await new_document(site, "crowded.md", "before\n")
        url = site.owner.socket(f"/sync/{site.workspace}/{document}")
        owner = await people.owner()
        heading = owner.page.get_by_role("heading", name="The server cannot work on this file now")
        async with sync_client(url):
            async with sync_client(url):
                await owner.row("crowded.md").click()
                await expect(heading).to_be_visible()
                await expect(owner.page.get_by_text("as many connections as it can serve")).to_be_visible()
                await people.picture(owner, "crowded")
            await owner.reads("crowded.md", "before\n")
            await owner.is_saved()
            await expect(heading).to_have_count(0)


async def test_a_server_whose_memory_is_full_while_the_database_is_away_says_so_and_recovers(
    browser: Browser, pictures: Path, tmp_path: Path
) -> None:
    async with house(browser, pictures, tmp_path, backlog=20_000) as (site, people):
        await new_document(site, "memory.md", "before\n")
        owner = await people.owner()
        phone = await people.guest("editor", "Pia", PHONE)
        for tab in (owner, phone):
            await tab.open("memory.md")
            await tab.is_saved()
        full = owner.page.get_by_role("heading", name="The server has no room for more edits now")
        long = LONG * 240
        async with stopped_database(site):
            await owner.type_at_end("memory.md", "a little\n")
            await phone.reads("memory.md", "before\na little\n")
            await owner.page.keyboard.insert_text(long)
            await phone.reads_of("memory.md", LONG)
            await owner.page.keyboard.insert_text(long)
            await expect(full).to_be_visible()
            await expect(owner.page.get_by_text(re.compile("database has been away since [0-9:]+"))).to_be_visible()
            await expect(owner.state).to_have_text("Not saved yet: your edits are kept here")
            await people.picture(owner, "memory-full")
            # One goes on writing, and nothing of what is said flickers while the page tries again.
            await owner.page.keyboard.type("and more")
            for _ in range(20):
                await asyncio.sleep(0.1)
                assert await full.is_visible()
                assert await owner.state.text_content() == "Not saved yet: your edits are kept here"
            # Who writes little has room.
            await phone.type_at_end("memory.md", "here too")
            words = re.compile("Not saved yet: the server’s database has been away since [0-9:]+")
            await expect(phone.state).to_have_text(words)
            await people.picture(phone, "memory-full-for-others-phone")
        for tab in (owner, phone):
            await expect(tab.state).to_have_text("Saved")
            tab.errors.clear()  # the browser itself reports that /readyz answers 503
        await expect(full).to_have_count(0)
        text = await file_text(site, "memory.md")
        assert text.startswith("before\na little\n")
        assert len(text) == len("before\na little\n" + long + long + "and more" + "here too")
        assert long + long + "and more" in text.replace("here too", "")
