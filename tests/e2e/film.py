"""Makes the moving picture of the README from the running product: `python -m tests.e2e.film`.

Two people's windows beside each other, and the assistant; everything real but the model, which is the scripted one of
the tests. What each window shows is recorded while it happens, and put together afterwards, in the time that it took.
"""

import asyncio
import base64
import io
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import CDPSession, Error, expect

from tests.doubles.model_server import ModelServer, Script
from tests.e2e.browser import People, Tab, chromium_at
from tests.e2e.helpers import asking, file_text
from tests.e2e.screenshots import IMAGES, PLAN, QUESTION, museum, smooth
from tests.services.launchers import find_program
from tests.support.server import Server, running_server

SIZE = {"width": 960, "height": 900}
SHOWN = (620, 581)
"""Of one window, in the picture."""
GAP = 12
FRAMES_A_SECOND = 8
SECONDS = 30.0
DESK = (196, 189, 174)
ANSWER = """Two things, going by this page:

- who fetches the **catalogues** by Friday,
- and the **lights** in room three."""
TYPING = 70
"""Milliseconds between two letters of a person."""


@dataclass
class Recording:
    """What one window showed, and when, in seconds since the recording began."""

    began: float
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    _acknowledging: set[asyncio.Task[Any]] = field(default_factory=set)

    async def start(self, tab: Tab) -> None:
        session = await tab.page.context.new_cdp_session(tab.page)
        session.on("Page.screencastFrame", lambda frame: self._take(session, frame))
        # A window that nothing moves in sends no frame by itself.
        self.frames.append((time.monotonic() - self.began, await tab.page.screenshot(type="jpeg", quality=95)))
        await session.send("Page.startScreencast", {"format": "jpeg", "quality": 95})

    def _take(self, session: CDPSession, frame: dict[str, Any]) -> None:
        self.frames.append((time.monotonic() - self.began, base64.b64decode(frame["data"])))
        task = asyncio.create_task(_acknowledge(session, frame["sessionId"]))
        self._acknowledging.add(task)
        task.add_done_callback(self._acknowledging.discard)

    def at(self, moment: float) -> bytes:
        return [picture for when, picture in self.frames if when <= moment or when == self.frames[0][0]][-1]


async def _acknowledge(session: CDPSession, frame: int) -> None:
    with suppress(Error):  # the window has closed meanwhile
        await session.send("Page.screencastFrameAck", {"sessionId": frame})


def put_together(windows: Sequence[Recording], seconds: float, to: Path) -> None:
    frames = []
    for number in range(round(seconds * FRAMES_A_SECOND)):
        frame = Image.new("RGB", (SHOWN[0] * len(windows) + GAP * (len(windows) + 1), SHOWN[1] + 2 * GAP), DESK)
        for place, window in enumerate(windows):
            shown = Image.open(io.BytesIO(window.at(number / FRAMES_A_SECOND))).convert("RGB")
            frame.paste(shown.resize(SHOWN, Image.Resampling.LANCZOS), (GAP + place * (SHOWN[0] + GAP), GAP))
        frames.append(frame)
    frames[0].save(
        to,
        save_all=True,
        append_images=frames[1:],
        duration=1000 // FRAMES_A_SECOND,
        loop=0,
        quality=72,
        method=4,
        minimize_size=True,
    )


async def _end_of(tab: Tab, words: str) -> None:
    await tab.text(PLAN).get_by_text(words).click()
    await tab.page.keyboard.press("End")


async def evening(server: Server, ines: Tab, tomas: Tab, model: ModelServer) -> None:
    """Some thirty seconds of work."""
    # Both write at once.
    await _end_of(ines, "first tour")
    await _end_of(tomas, "Who speaks after Ines?")

    async def hers() -> None:
        await ines.page.keyboard.press("Enter")
        await ines.page.keyboard.type("| 21:00 | wine in the court            | everybody    |", delay=TYPING)

    async def his() -> None:
        await tomas.page.keyboard.type(" The mayor, for five minutes.", delay=1.6 * TYPING)

    await asyncio.gather(hers(), his())
    await asyncio.sleep(0.8)
    # She asks; the difference streams before the eyes of both.
    model.enqueue(Script(answer=smooth(await file_text(server, PLAN)), delay=0.03))
    await ines.select_all(PLAN)
    await ines.page.keyboard.press("Control+k")
    await ines.page.get_by_role("textbox", name="Instruction").press_sequentially(
        "Correct the language, keep the tone", delay=45
    )
    await ines.page.keyboard.press("Enter")
    await expect(tomas.review).to_contain_text("changes to decide", timeout=20_000)
    await asyncio.sleep(1.2)
    # He decides some of it, she the rest.
    for _ in range(2):
        await tomas.text(PLAN).get_by_role("button", name="Accept:").first.click()
        await asyncio.sleep(0.9)
    await tomas.text(PLAN).get_by_role("button", name="Reject:").first.click()
    await asyncio.sleep(1)
    await ines.review.get_by_role("button", name="Accept all").click()
    await asyncio.sleep(1.4)
    # And a question, for both to read.
    model.enqueue(Script(answer=ANSWER, delay=0.05))
    for tab in (ines, tomas):
        await tab.page.get_by_role("button", name="Conversations with the assistant").click()
    await tomas.page.get_by_role("textbox", name="Your question").press_sequentially(QUESTION, delay=45)
    await tomas.page.keyboard.press("Enter")
    await expect(ines.page.get_by_text("in room three.").last).to_be_visible()


async def film(server: Server, people: People, model: ModelServer) -> None:
    ines = await people.owner(SIZE)
    tomas = await people.guest("editor", "Tomás Ruiz", SIZE)
    for tab in (ines, tomas):
        await tab.open(PLAN)
        await tab.page.keyboard.press("Control+b")
    began = time.monotonic()
    windows = [Recording(began), Recording(began)]
    for tab, window in zip((ines, tomas), windows, strict=True):
        await window.start(tab)
    await asyncio.sleep(0.8)
    await evening(server, ines, tomas, model)
    took = time.monotonic() - began
    await asyncio.sleep(max(2.0, SECONDS - took))
    seconds = time.monotonic() - began
    await people.close()
    to = IMAGES / "together.webp"
    await asyncio.to_thread(put_together, windows, seconds, to)
    print(f"{to.name}: {seconds:.0f} s, {to.stat().st_size / 1e6:.1f} MB")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with ModelServer() as model, running_server(Path(folder) / "data", asking(model)) as server:
            await museum(server)
            async with chromium_at(find_program("chromium", "chromium-browser", "google-chrome")) as browser:
                await film(server, People(browser, server, IMAGES), model)


if __name__ == "__main__":
    asyncio.run(main())
