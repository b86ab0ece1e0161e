"""Takes the picture of the documentation from the running product: `python -m tests.e2e.screenshots`."""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import expect

from tests.e2e.browser import People, chromium_at
from tests.services.launchers import find_program
from tests.support.server import ROOT, Server, running_server

IMAGES = ROOT / "docs" / "images"
SIZE = {"width": 1440, "height": 900}

PLAN = "exhibition/opening night.md"
ROUGH = """# Opening night

The museum opens it's doors at seven. Guests comes in by the
side entrance, because the main stairs are still beeing repaired.

## Programme

| time  | what                         | who          |
|-------|------------------------------|--------------|
| 19:00 | doors, music in the hall     | Quartet Nord |
| 19:30 | welcome                      | Ines         |
| 20:00 | first tour through the rooms | Tomás        |

## What is still open

- The lights in room three flicker when it rains alot.
- Somebody has to collect the catalogues from the printer until friday.

Who speaks after Ines?
"""

QUESTION = "What is not settled for the evening?"
MISTAKES = {
    "it's doors": "its doors",
    "Guests comes in": "Guests come in",
    "beeing repaired": "being repaired",
    "when it rains alot": "whenever it rains hard",
    "until friday": "by Friday",
}


def smooth(text: str) -> str:
    for rough, right in MISTAKES.items():
        text = text.replace(rough, right)
    return text


ROOMS = "exhibition/rooms.md"
ABOUT_ROOMS = """# Rooms

- [x] the harbour in 1850
- [ ] the astrolabe needs light from the left
- [ ] who mends the lamps?

A lamp $r$ metres away gives

$$E = \\frac{I \\cos \\varphi}{r^2}$$

and nothing on paper may have more than 50 lux.

```mermaid
flowchart LR
  hall[Hall] --> one[Room 1] --> two[Room 2]
  two --> three[Room 3] --> shop[Shop]
  hall -- no stairs --> three
```
"""

TICKETS = "website/tickets.py"
PRICES = """import os
from datetime import date


def price(age: int, day: date) -> int:
    \"\"\"In euro. Nothing on the first Sunday of a month.\"\"\"
    if age < 18 or is_free(day):
        return 0
    return 6 if age >= 65 else 9


def is_free(day: date) -> bool:
    return day.weekday() == 6 and day.day <= 7


def total(ages: list[int], day: date) -> int:
    return sum(price(age, today) for age in ages)
"""

FILES = {
    PLAN: ROUGH,
    "exhibition/labels.csv": "room,object,text\n3,astrolabe,\n",
    ROOMS: ABOUT_ROOMS,
    "website/index.html": "<!doctype html>\n<title>Harbour Museum</title>\n",
    TICKETS: PRICES,
    "budget.csv": "what,euro\nlights,1200\n",
    "README.md": "# Harbour Museum\n",
}


async def museum(server: Server) -> None:
    http = server.owner.http
    await http.patch(server.workspace_path, json={"name": "Harbour Museum"})
    await http.patch("/api/me", json={"name": "Ines Falk"})
    for path in ("Welcome.md", "untidy.py"):
        await http.delete(f"{server.workspace_path}/files/{path}")
    for path, text in FILES.items():
        (await http.put(f"{server.workspace_path}/files/{path}", content=text.encode())).raise_for_status()


async def halves(server: Server, people: People) -> None:
    """Two texts beside each other in the dark: code with what is wrong in it, and a page as it will look."""
    ines = await people.guest("editor", "Ines Falk", SIZE)
    await ines.page.emulate_media(color_scheme="dark")
    tomas = await people.guest("editor", "Tomás Ruiz", SIZE)
    await ines.open(TICKETS)
    await tomas.open(TICKETS)
    await ines.page.keyboard.press("Control+b")
    await ines.page.keyboard.press("Control+\\")
    await ines.page.keyboard.press("Control+p")
    await ines.page.keyboard.type("rooms")
    await ines.page.keyboard.press("Enter")
    await expect(ines.text(ROOMS)).to_be_visible()
    await ines.page.get_by_role("radio", name="Preview only").click()
    await expect(ines.page.get_by_role("img", name="Diagram")).to_be_visible()
    await tomas.text(TICKETS).get_by_text("return 6").click()
    await expect(ines.page.get_by_text("1 error, 1 warning").first).to_be_visible()
    await people.picture(ines, "halves")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with running_server(Path(folder) / "data") as server:
            await museum(server)
            async with chromium_at(find_program("chromium", "chromium-browser", "google-chrome")) as browser:
                people = People(browser, server, IMAGES)
                await halves(server, people)
                await people.close()


if __name__ == "__main__":
    asyncio.run(main())
