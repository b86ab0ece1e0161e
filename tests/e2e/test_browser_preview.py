"""Markdown as it will be read: formulas, diagrams, tasks, notes and links, drawn beside the text while it is typed."""

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually, file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOLDER = "preview"

EVERYTHING = r"""---
title: Not shown
tags: [a, b]
---

# The motion of a pendulum

The period is about $T = 2\pi\sqrt{\ell/g}$ for small angles[^small], and exactly

$$
T = 4\sqrt{\frac{\ell}{g}} \int_0^{\pi/2} \frac{d\theta}{\sqrt{1 - k^2 \sin^2\theta}}
$$

It costs $5, not $6. See [the method](#the-method) and [the notes](notes.md#second).

- [x] measure the length
- [ ] measure the period
  - [ ] ten times

| angle | period |
|------:|--------|
| $5°$  | 2.007 s |
| $30°$ | 2.042 s |

```python
def period(length: float, g: float = 9.81) -> float:
    return 2 * pi * sqrt(length / g)  # small angles
```

## The method

```mermaid
flowchart LR
    A[Release] --> B{Ten swings?}
    B -- no --> A
    B -- yes --> C[Divide by ten]
```

![A drawing](drawing.svg)

[^small]: Below some five degrees.
"""

DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" width="240" height="60">
<circle cx="120" cy="30" r="20" fill="none" stroke="#2747a0" stroke-width="3"/></svg>"""


async def preview_of(tab: Tab, path: str) -> Locator:
    await tab.page.get_by_role("radio", name="Text and preview side by side").click()
    return tab.page.get_by_role("region", name=f"Preview of {path}")


async def test_all_of_it_is_drawn(site: Server, people: People) -> None:
    path = f"{FOLDER}/pendulum.md"
    await new_document(site, path, EVERYTHING)
    await site.owner.http.put(f"{site.workspace_path}/files/{FOLDER}/drawing.svg", content=DRAWING)
    tab = await people.owner({"width": 1440, "height": 900})
    await tab.open(path)
    preview = await preview_of(tab, path)
    await expect(preview.get_by_role("heading", name="The motion of a pendulum")).to_be_visible()
    await expect(preview.get_by_text("Not shown")).to_have_count(0)
    await expect(preview.locator(".katex")).to_have_count(4)
    await expect(preview.get_by_text("It costs $5, not $6.")).to_be_visible()
    await expect(preview.get_by_role("checkbox", name="measure the length")).to_be_checked()
    diagram = preview.get_by_role("img", name="Diagram: flowchart LR")
    await expect(diagram).to_be_visible()
    width, height = await diagram.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert width > 200
    assert height > 40
    await expect(preview.locator("pre[data-language=python] span").first).to_be_attached()
    await eventually(lambda: preview.get_by_role("img", name="A drawing").evaluate(WIDTH), lambda width: width == 240)
    await people.picture(tab, "preview-1440-light")
    await preview.get_by_role("link", name="the method").click()
    await expect(preview.get_by_role("heading", name="The method")).to_be_focused()
    await people.picture(tab, "preview-1440-light-end")
    await tab.page.emulate_media(color_scheme="dark")
    await people.picture(tab, "preview-1440-dark-end")

    await eventually(lambda: diagram.get_attribute("src"), lambda url: url is not None and "2c2a25" in url)
    await tab.page.set_viewport_size(PHONE)
    await tab.page.get_by_role("button", name="Preview").click()
    await people.picture(tab, "preview-phone-dark")


async def test_what_is_ticked_in_the_preview_is_ticked_in_the_text_of_everybody(site: Server, people: People) -> None:
    path = f"{FOLDER}/tasks.md"
    await new_document(site, path, "# Tasks\n\n1. first\n\n   - [ ] one\n   - [ ] two\n\n> - [x] three\n")
    owner, viewer = await people.owner(), await people.guest("viewer", "Vera")
    for tab in (owner, viewer):
        await tab.open(path)
    preview = await preview_of(owner, path)
    await preview.get_by_role("checkbox", name="two").click()
    await owner.reads(path, "# Tasks\n\n1. first\n\n   - [ ] one\n   - [x] two\n\n> - [x] three\n")
    await preview.get_by_role("checkbox", name="three").focus()
    await owner.page.keyboard.press("Space")
    await viewer.reads(path, "# Tasks\n\n1. first\n\n   - [ ] one\n   - [x] two\n\n> - [ ] three\n")
    # A viewer sees them, and cannot.
    seen = await preview_of(viewer, path)
    await expect(seen.get_by_role("checkbox", name="two")).to_be_checked()
    await seen.get_by_role("checkbox", name="one").click()
    await owner.is_saved()
    assert "[ ] one" in await file_text(site, path)


async def test_links_lead_to_files_and_their_headings(site: Server, people: People) -> None:
    path, other = f"{FOLDER}/here.md", f"{FOLDER}/far/there.md"
    filler = "A paragraph.\n\n" * 80
    await new_document(site, path, f"[the end](far/there.md#the-end-of-it)\n\n{filler}")
    await new_document(site, other, f"# There\n\n{filler}## The end of it\n\n{filler}[back](../here.md)\n")
    tab = await people.owner()
    await tab.open(path)
    await (await preview_of(tab, path)).get_by_role("link", name="the end").click()
    await expect(tab.text(other)).to_be_visible()
    there = tab.page.get_by_role("region", name=f"Preview of {other}")
    await expect(there.get_by_role("heading", name="The end of it")).to_be_in_viewport()
    await there.get_by_role("link", name="back").click()
    await expect(tab.text(path)).to_be_visible()


LONG = "".join(
    f"## Part {part}\n\nA paragraph with *some* words in it, and a [link](part.md).\n\n"
    f"- an item\n- another one\n\n```python\ndef part_{part}():\n    return {part}\n```\n\n"
    for part in range(455)
)
"""Some five thousand lines."""

TOP_LINE = """box => {
  const editor = document.querySelector('.cm-scroller')
  const top = editor.getBoundingClientRect().top
  const gutter = [...document.querySelectorAll('.cm-lineNumbers .cm-gutterElement')]
  return Number(gutter.find((line) => line.getBoundingClientRect().bottom > top + 2 && line.textContent).textContent)
}"""
FIRST_HEADING = """box => {
  const top = box.getBoundingClientRect().top
  const heading = [...box.querySelectorAll('h2')].find((one) => one.getBoundingClientRect().bottom > top)
  return Number(heading.textContent.split(' ')[1])
}"""


async def test_text_and_preview_scroll_together(site: Server, people: People) -> None:
    path = f"{FOLDER}/long.md"
    await new_document(site, path, LONG)
    tab = await people.owner()
    await tab.open(path)
    preview = await preview_of(tab, path)
    await expect(preview.get_by_role("heading", name="Part 454")).to_be_attached()
    lines = len(LONG.splitlines()) // 455

    async def apart() -> int:
        """How many parts the two sides are from one another."""
        return abs(await preview.evaluate(TOP_LINE) // lines - await preview.evaluate(FIRST_HEADING))

    await tab.page.locator(".cm-scroller").hover()
    await tab.page.mouse.wheel(0, 30_000)
    await eventually(lambda: preview.evaluate(FIRST_HEADING), lambda part: part > 50)
    await eventually(apart, lambda parts: parts <= 1)
    await preview.hover()
    await tab.page.mouse.wheel(0, 60_000)
    await eventually(lambda: preview.evaluate(TOP_LINE), lambda line: line > 2_000)
    await eventually(apart, lambda parts: parts <= 1)
    await tab.page.mouse.wheel(0, -1_000_000)
    await eventually(lambda: preview.evaluate(TOP_LINE), lambda line: line == 1)


async def test_a_diagram_is_drawn_again_only_when_it_changed(site: Server, people: People) -> None:
    path = f"{FOLDER}/diagrams.md"
    await new_document(
        site,
        path,
        "```mermaid\nsequenceDiagram\n    Ann->>Ben: Hello\n```\n\n```mermaid\nnonsense here\n```\n\nThe end\n",
    )
    tab = await people.owner()
    await tab.open(path)
    preview = await preview_of(tab, path)
    diagram = preview.get_by_role("img", name="Diagram: sequenceDiagram")
    await expect(diagram).to_be_visible()
    # One that is not understood is shown as it is written, with what is wrong with it.
    await expect(preview.locator("[data-diagram=broken] pre")).to_contain_text("nonsense here")
    await expect(preview.locator("[data-diagram=broken] .diagram-problem")).to_contain_text("No diagram type")
    await people.picture(tab, "diagram-broken")
    await diagram.evaluate("image => { window.first = image; window.drawn = image.src }")
    await tab.type_at_end(path, "of it")
    await expect(preview.get_by_text("The end of it")).to_be_visible()
    assert await diagram.evaluate("image => image === window.first && image.src === window.drawn")
    # While it is being changed, the last one stays.
    await tab.page.evaluate(WATCH)
    await tab.text(path).get_by_text("Hello").click()
    await tab.page.keyboard.press("End")
    await tab.page.keyboard.type(" and good day")
    await eventually(lambda: diagram.get_attribute("src"), lambda url: url is not None and "good%20day" in url)
    assert await tab.page.evaluate("window.gaps") == 0


WATCH = """() => {
  window.gaps = 0
  const place = document.querySelector('.preview .prose')
  new MutationObserver(() => {
    if (!place.querySelector('[data-diagram] img')) window.gaps += 1
  }).observe(place, {childList: true, subtree: true})
}"""


async def test_tables_and_drawings_beside_their_text(site: Server, people: People) -> None:
    table, drawing = f"{FOLDER}/values.csv", f"{FOLDER}/live.svg"
    await new_document(site, table, 'planet,days,note\nMercury,88,"small, hot"\nVenus,224.7,\n')
    await new_document(site, drawing, DRAWING.decode())
    tab = await people.owner()
    await tab.open(table)
    preview = await preview_of(tab, table)
    await expect(preview.get_by_role("cell", name="small, hot")).to_be_visible()
    await tab.type_at_end(table, "Earth,365.25,\n")
    await expect(preview.get_by_role("row")).to_have_count(4)
    await people.picture(tab, "table-1280-light")
    await tab.open(drawing)
    image = tab.page.get_by_role("region", name=f"Preview of {drawing}").get_by_role("img")
    await eventually(lambda: image.evaluate(WIDTH), lambda width: width == 240)
    await tab.type_at_end(drawing, "<")
    await expect(tab.page.get_by_text("cannot be shown as it is written now")).to_be_visible()
    await people.picture(tab, "drawing-1280-light")


WIDTH = "image => image.naturalWidth"
