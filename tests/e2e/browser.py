"""People in a real browser. Each has a context of its own, so that nothing is shared but what the server shares."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from tests.e2e.accessibility import violations
from tests.e2e.helpers import eventually
from tests.support.server import START_WITHIN, Server
from tests.support.waiting import PATIENCE

SCREENSHOTS = "SCRIPTORIUM_SCREENSHOTS"
"""Environment variable: the folder for pictures of the main states. Default: one of the test run's own."""

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
NARROW = 860
"""Up to here the sides are drawers."""

expect.set_options(timeout=PATIENCE * 1000)

# What is drawn into a text (cursors with their names, proposals, buttons) cannot be edited, and is not of it.
READ = """
content => {
  const text = content.cloneNode(true)
  for (const drawn of text.querySelectorAll('[contenteditable="false"]')) drawn.remove()
  return [...text.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\\n')
}
"""

_sessions: dict[str, object] = {}
"""By sign-in link, which works once."""

# Chromium on its own asks its maker for updates and the like; a test must not depend on that, nor hide our requests
# among those.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Tab:
    """One person's window on the workspace."""

    def __init__(self, server: Server, page: Page) -> None:
        self._server = server
        self.page = page
        self.errors: list[str] = []
        """What the page threw and did not catch, and what the browser refused to do for it."""
        self.foreign: list[str] = []
        """Addresses of other servers that the page tried to reach."""
        self.dialogs: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("request", lambda request: self._request(request.url))
        page.on("dialog", self._dialog)

    def _console(self, kind: str, text: str) -> None:
        # While the server is away the browser itself reports each failed connection, and where a socket is being closed
        # each answer to what had come before; that is no fault of the page.
        no_faults = (
            "ERR_CONNECTION_REFUSED",
            "WebSocket connection",
            "WebSocket is already in CLOSING or CLOSED state",
        )
        if kind == "error" and not any(words in text for words in no_faults):
            self.errors.append(text)

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.port != self._server.port:
            self.foreign.append(url)

    async def _dialog(self, dialog: object) -> None:
        self.dialogs.append(str(dialog))

    # ---- coming in

    async def follow(self, link: str) -> None:
        await self.page.goto(link)

    async def come_in(self, link: str) -> None:
        """By a link that leads to the workspace."""
        await self.follow(link)
        await expect(self.page.get_by_role("navigation", name="Where you are")).to_be_visible()

    async def open(self, path: str) -> None:
        """Go to a file and wait until its text is there."""
        await self.page.goto(f"{self._server.url}/w/{self._server.workspace}/{quote(path)}")
        await expect(self.text(path)).to_be_visible()

    def text(self, path: str) -> Locator:
        """Where the text of a file is read and typed."""
        return self.page.get_by_role("textbox", name=f"Text of {path}", exact=True)

    async def reads(self, path: str, text: str) -> None:
        """Wait until this, and no more, is the text of a file in this window."""
        await eventually(lambda: self.text(path).evaluate(READ), lambda found: found == text)

    async def reads_of(self, path: str, words: str) -> None:
        """Wait until these words stand somewhere in the text of a file in this window."""
        await eventually(lambda: self.text(path).evaluate(READ), lambda found: words in found)

    def row(self, name: str) -> Locator:
        """A file or folder in the tree; ``name`` may be followed by who has it open."""
        exactly = re.compile(f"^{re.escape(name)}$")
        return self.page.get_by_role("treeitem").filter(has=self.page.locator("bdi", has_text=exactly))

    @property
    def state(self) -> Locator:
        """The words in the bar that say whether all is saved."""
        return self.page.locator(".save-status")

    async def is_saved(self) -> None:
        await expect(self.state).to_have_text("Saved")

    async def show_panel(self, name: str) -> None:
        """By its button, which a phone has no room for but in a menu."""
        size = self.page.viewport_size
        if size is None or size["width"] > NARROW:
            await self.page.get_by_role("button", name=name, exact=True).click()
            return
        await self.page.get_by_role("button", name="More", exact=True).click()
        await self.page.get_by_role("menuitem", name=name).click()

    # ---- typing

    async def type_at_end(self, path: str, text: str) -> None:
        await self.text(path).focus()
        await self.page.keyboard.press("Control+End")
        await self.page.keyboard.type(text)

    async def select_all(self, path: str) -> None:
        await eventually(lambda: self.text(path).evaluate(READ), bool)  # it may not have come yet
        await self.text(path).focus()
        await self.page.keyboard.press("Control+a")

    # ---- the assistant

    async def wants_completions(self, wanted: bool = True) -> None:
        """As a person sets it."""
        await self.page.get_by_role("button", name="theme and account").click()
        choice = "In grey, for you alone" if wanted else "Off"
        await self.page.get_by_role("menuitemradio", name=choice).click()

    async def ask(self, instruction: str) -> None:
        """For the selected text, or at the cursor."""
        await self.page.keyboard.press("Control+k")
        await self.page.get_by_role("textbox", name="Instruction").fill(instruction)
        await self.page.keyboard.press("Enter")

    @property
    def review(self) -> Locator:
        """The bar with the assistant's proposals in the open file."""
        return self.page.get_by_role("region", name="Proposals of the assistant", exact=True)


class People:
    """The people of one test, and their browser."""

    def __init__(self, browser: Browser, server: Server, pictures: Path) -> None:
        self._browser = browser
        self._server = server
        self._pictures = pictures
        self._contexts: list[BrowserContext] = []
        self._violations: list[str] = []
        self.tabs: list[Tab] = []

    async def window(self, viewport: dict[str, int] | None = None, **options: object) -> Tab:
        """A browser that nobody is signed in with, and whose person wants no grey text: it comes in every pause, and
        would take the scripted answers that are meant for something else. `Tab.wants_completions` switches it on."""
        context = await self._browser.new_context(
            viewport=viewport or DESK,  # type: ignore[arg-type]
            color_scheme="light",
            reduced_motion="reduce",
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(PATIENCE * 1000)
        # In the page alone: the frame in which diagrams are drawn has no storage.
        await context.add_init_script("if (window === top) localStorage['scriptorium:completions'] ??= 'off'")
        self._contexts.append(context)
        tab = Tab(self._server, await context.new_page())
        self.tabs.append(tab)
        return tab

    async def owner(self, viewport: dict[str, int] | None = None) -> Tab:
        """Signed in by the link that the start printed; later windows share the session that it gave."""
        if self._server.link not in _sessions:
            tab = await self.window(viewport)
            await tab.come_in(self._server.link)
            _sessions[self._server.link] = await tab.page.context.storage_state()
            return tab
        tab = await self.window(viewport, storage_state=_sessions[self._server.link])
        await tab.come_in(self._server.url)
        return tab

    async def guest(self, role: str, name: str, viewport: dict[str, int] | None = None, **options: object) -> Tab:
        """Somebody who has accepted an invitation, and comes for the first time."""
        invite = await self._server.owner.http.post(f"{self._server.workspace_path}/invites", json={"role": role})
        code = invite.raise_for_status().json()["code"]
        tab = await self.window(viewport, **options)
        # What the page of an invitation does is shown by its own tests, and loading it takes as long as the rest.
        joined = await tab.page.request.post(
            f"{self._server.url}/api/invites/{code}", data={"name": name}, headers={"Origin": self._server.url}
        )
        await expect(joined).to_be_ok()
        await tab.come_in(f"{self._server.url}/w/{self._server.workspace}")
        return tab

    async def tab_beside(self, tab: Tab) -> Tab:
        """One more tab in the same browser."""
        another = Tab(self._server, await tab.page.context.new_page())
        self.tabs.append(another)
        return another

    async def picture(self, tab: Tab, name: str) -> None:
        """Of a main state. It is also looked at with the eyes of those who do not see it."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        await tab.page.screenshot(path=self._pictures / f"{name}.png", animations="disabled")
        if found := await violations(tab.page):
            (self._pictures / f"{name}.axe.txt").write_text("\n\n".join(found))
            self._violations.append(f"{name}: {'; '.join(one.splitlines()[0] for one in found)}")

    def complain(self) -> None:
        """No page may have failed in silence, or asked a server that is not ours."""
        for tab in self.tabs:
            assert tab.errors == [], tab.errors
            assert tab.foreign == []
            assert tab.dialogs == []
        assert not self._violations, "\n\n".join(self._violations)

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()


@asynccontextmanager
async def chromium_at(executable: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=ARGUMENTS, timeout=START_WITHIN * 1000
        )
        try:
            yield browser
        finally:
            await browser.close()


def pictures_in(default: Path) -> Path:
    folder = os.environ.get(SCREENSHOTS)
    return Path(folder) if folder else default
