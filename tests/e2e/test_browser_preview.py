"""Markdown as it will be read: formulas, diagrams, tasks, notes and links, drawn beside the text while it is typed."""

import pytest
from playwright.async_api import Locator, Page, expect

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
    assert width > 200 and height > 40
    await expect(preview.locator("pre[data-language=python] span").first).to_be_attached()
    await eventually(lambda: preview.get_by_role("img", name="A drawing").evaluate(WIDTH), lambda width: width == 240)
    await people.picture(tab, "preview-1440-light")
    await preview.get_by_role("link", name="the method").click()
    await expect(preview.get_by_role("heading", name="The method")).to_be_focused()
    await people.picture(tab, "preview-1440-light-end")
    await tab.page.emulate_media(color_scheme="dark")
    await people.picture(tab, "preview-1440-dark-end")


WIDTH = "image => image.naturalWidth"
