"""What people put into documents and names runs nothing and asks nobody."""

from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.e2e.browser import People
from tests.e2e.helpers import eventually, new_document
from tests.e2e.test_browser_chat import attacker
from tests.e2e.test_browser_viewers import pdf
from tests.support.server import Server

pytestmark = [pytest.mark.essential, pytest.mark.asyncio(loop_scope="session")]

MARKDOWN = """# Hostile

<script>window.hostile = 1</script>
<img src="x" onerror="window.hostile = 2">
<svg onload="window.hostile = 3"></svg>
<iframe srcdoc="<script>parent.hostile = 4</script>"></iframe>
<a href="javascript:window.hostile = 5">html link</a>
<style>* { display: none }</style>
<form action="https://attacker.example/"><button>send</button></form>

[a script link](javascript:window.hostile=6)
[a data link](data:text/html,<script>window.hostile=7</script>)
[a tricky link](JaVaScRiPt&colon;window.hostile=8)
![remote](https://attacker.example/pixel.png?who=you)
![script](javascript:window.hostile=9)
[![nested](https://attacker.example/nested.png)](javascript:window.hostile=10)
<https://attacker.example/auto>

| a | b |
|---|---|
| <img src=x onerror=window.hostile=11> | `<script>window.hostile = 12</script>` |

$\\href{javascript:window.hostile=15}{x} \\includegraphics{https://attacker.example/tex.png}$
and $\\htmlStyle{background:url(https://attacker.example/tex-style)}{y} </span><script>window.hostile=16</script>$

- [ ] <img src=x onerror=window.hostile=17>

Text[^1].

[^1]: <img src=x onerror=window.hostile=18>

```html
<script>window.hostile = 13</script>
```

the end of it
"""

DIAGRAMS = [
    """flowchart LR
    A["<img src=x onerror=window.hostile=50>"] --> B["<script>window.hostile=51</script>"]
    click A "javascript:window.hostile=52"
    click B call hostile()
    style A fill:#fff,background:none""",
    """flowchart LR
    A --> B
    style A fill:url(https://attacker.example/fill)""",
    """%%{init: {"securityLevel": "loose", "htmlLabels": true, "flowchart": {"htmlLabels": true},
    "themeCSS": "* { background: url(https://attacker.example/theme) } @import 'https://attacker.example/import.css';",
    "fontFamily": "x; background: url(https://attacker.example/font)"}}%%
    flowchart LR
    C["<img src='https://attacker.example/label.png' onerror='top.hostile=53'>"] --> D""",
    """sequenceDiagram
    participant A as <img src=x onerror=parent.hostile=54>
    links A: {"Home": "javascript:window.hostile=55"}
    A->>A: <iframe srcdoc="<script>top.hostile=56</script>"></iframe>""",
    """classDiagram
    class Shape
    link Shape "javascript:window.hostile=57"
    Shape : <svg onload=top.hostile=58>""",
    """flowchart LR
    E@{ img: "https://attacker.example/node.png", label: "picture" } --> F""",
]

SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="40"
  onload="top.hostile = 41">
<script>top.hostile = 42</script>
<image xlink:href="https://attacker.example/svg.png" width="9" height="9"/>
<style>@import 'https://attacker.example/svg.css'; rect { fill: url(https://attacker.example/svg-fill) }</style>
<foreignObject width="40" height="40"><iframe xmlns="http://www.w3.org/1999/xhtml" src="https://attacker.example/"/>
</foreignObject><rect width="40" height="40"/></svg>
"""

NAMES = [
    "<img src=x onerror=window.hostile=20>.md",
    '"onmouseover="window.hostile=21.txt',
    "<script>window.hostile=22<script>.js",
    "javascript:window.hostile=23",
    "__proto__",
    "constructor",
    "&lt;b&gt;.html",
]


async def test_markdown_runs_nothing_in_the_preview(site: Server, people: People) -> None:
    await new_document(site, "hostile.md", MARKDOWN)
    tab = await people.owner()
    await tab.open("hostile.md")
    await tab.page.get_by_role("radio", name="Text and preview side by side").click()
    preview = tab.page.get_by_role("region", name="Preview of hostile.md")
    await expect(preview.get_by_text("the end of it")).to_be_visible()
    await expect(preview.locator(".katex")).to_have_count(2)
    await people.picture(tab, "hostile-markdown")
    for element in ("script", "iframe", "style", "form", "[onerror]", "[onload]", "img", "[id]"):
        await expect(preview.locator(element)).to_have_count(0)
    for link in await preview.get_by_role("link").all():
        address = (await link.get_attribute("href")) or ""
        assert address.startswith(("http", "/w/", "#")), address
    # Typed now rather than opened: the preview follows the text.
    await tab.type_at_end("hostile.md", "\n<img src=y onerror=window.hostile=14>\n")
    await expect(preview.get_by_text("onerror=window.hostile=14")).to_be_visible()
    await ran_nothing(people)


async def test_diagrams_run_nothing_and_load_nothing(site: Server, people: People) -> None:
    async with attacker() as (port, came):
        fenced = "".join(f"```mermaid\n{source}\n```\n\n" for source in DIAGRAMS)
        text = f"{fenced}the end of it\n".replace("https://attacker.example", f"http://127.0.0.1:{port}")
        await new_document(site, "hostile-diagrams.md", text)
        tab = await people.owner()
        await tab.open("hostile-diagrams.md")
        await tab.page.get_by_role("radio", name="Text and preview side by side").click()
        preview = tab.page.get_by_role("region", name="Preview of hostile-diagrams.md")
        decided = preview.locator("[data-diagram=drawn], [data-diagram=broken]")
        await expect(decided).to_have_count(len(DIAGRAMS))
        await people.picture(tab, "hostile-diagrams")
        assert came == []
    # They are pictures, and nothing else of them is on the page.
    for element in ("script", "iframe", "svg", "style", "[onerror]"):
        await expect(preview.locator(element)).to_have_count(0)
    assert await preview.locator("[data-diagram=drawn]").count() >= len(DIAGRAMS) - 2
    for image in await preview.locator("[data-diagram] img").all():
        assert (await image.get_attribute("src") or "").startswith("data:image/svg+xml,")
    [frame] = [frame for frame in tab.page.frames if frame.url.endswith("/diagram.html")]
    assert await frame.evaluate("window.hostile") is None
    # What the frame may do, even if something ran in it.
    assert await frame.evaluate("origin") == "null"
    assert await frame.evaluate("fetch('/api/me').then(() => 'reached', () => 'refused')") == "refused"
    assert await frame.evaluate(REACHES_THE_PAGE) == "refused"
    # The library does put some of this into the frame, whose policy says no to all of it.
    tab.errors = [error for error in tab.errors if "Content Security Policy" not in error]
    tab.foreign.clear()
    await ran_nothing(people)


REACHES_THE_PAGE = """(() => {
  try {
    return parent.document.title
  } catch {
    return 'refused'
  }
})()"""


async def test_a_drawing_runs_nothing_and_loads_nothing(site: Server, people: People) -> None:
    await new_document(site, "hostile.svg", SVG)
    await new_document(site, "with-drawing.md", "![drawn](hostile.svg)\n")
    tab = await people.owner()
    await tab.open("hostile.svg")
    await tab.page.get_by_role("radio", name="Text and preview side by side").click()
    image = tab.page.get_by_role("region", name="Preview of hostile.svg").get_by_role("img")
    await eventually(lambda: image.evaluate("image => image.naturalWidth"), lambda width: width == 40)
    await tab.open("with-drawing.md")
    image = tab.page.get_by_role("region", name="Preview of with-drawing.md").get_by_role("img")
    await eventually(lambda: image.evaluate("image => image.naturalWidth"), lambda width: width == 40)
    await ran_nothing(people)


async def test_a_pdf_document_runs_nothing_and_loads_nothing(site: Server, people: People) -> None:
    script = "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\); window.hostile = 60; top.hostile = 61) >>"
    links = """/Annots [
      << /Type /Annot /Subtype /Link /Rect [72 690 400 740] /A << /S /URI /URI (javascript:window.hostile=62) >> >>
      << /Type /Annot /Subtype /Link /Rect [72 590 400 640] /A << /S /URI /URI (https://attacker.example/) >> >>
      << /Type /Annot /Subtype /Link /Rect [72 490 400 540] /A << /S /JavaScript /JS (window.hostile = 63) >> >>
      << /Type /Annot /Subtype /Text /Rect [72 390 90 400] /T (<img src=x onerror=window.hostile=64>)
         /Contents (<script>window.hostile=65</script>) >> ]
      /AA << /O << /S /JavaScript /JS (window.hostile = 66) >> >>"""
    answer = await site.owner.http.put(f"{site.workspace_path}/files/hostile.pdf", content=pdf(1, links, script))
    assert answer.status_code == 201
    tab = await people.owner()
    await tab.page.goto(f"{site.url}/w/{site.workspace}/hostile.pdf")
    viewer = tab.page.get_by_role("region", name="hostile.pdf", exact=True)
    await expect(viewer.get_by_text("The text of page 1", exact=True)).to_be_attached()
    link = viewer.locator(".annotationLayer a[href^=https]")
    await expect(link).to_have_attribute("target", "_blank")
    assert "noopener" in (await link.get_attribute("rel") or "")
    await expect(viewer.locator("a[href^=javascript]")).to_have_count(0)
    for at in await viewer.locator(".annotationLayer a:not([href^=https])").all():
        await at.dispatch_event("click")
    await ran_nothing(people)


async def test_names_of_files_run_nothing(site: Server, people: People) -> None:
    made = (await site.owner.http.post("/api/workspaces", json={"name": "<b>Hostile</b> names"})).json()["id"]
    for name in NAMES:
        answer = await site.owner.http.put(f"/api/workspaces/{made}/files/{quoted(name)}", content=b"x")
        assert answer.status_code == 201, answer.text
    tab = await people.owner()
    await tab.page.goto(f"{site.url}/w/{made}")
    for name in NAMES:
        await expect(tab.page.get_by_role("treeitem", name=name, exact=True)).to_be_visible()
    await people.picture(tab, "hostile-names")
    for name in NAMES:
        await tab.page.get_by_role("treeitem", name=name, exact=True).click()
        await expect(tab.page.get_by_role("textbox", name=f"Text of {name}")).to_be_visible()
    await ran_nothing(people)


async def test_the_name_of_a_guest_runs_nothing(site: Server, people: People) -> None:
    await new_document(site, "named.md", "text\n")
    owner = await people.owner()
    guest = await people.guest("editor", "<img src=x onerror=window.hostile=30>")
    for tab in (owner, guest):
        await tab.open("named.md")
    await guest.type_at_end("named.md", "I was here")
    await owner.page.get_by_role("button", name="People", exact=True).click()
    await expect(owner.page.get_by_text("<img src=x onerror=window.hostile=30>").first).to_be_visible()
    await ran_nothing(people)


async def test_a_file_opened_by_its_address_runs_nothing(site: Server, people: People) -> None:
    for name in ("page.html", "picture.svg"):
        content = b"<svg xmlns='http://www.w3.org/2000/svg'><script>top.hostile = 40</script></svg>"
        await site.owner.http.put(f"{site.workspace_path}/files/{name}", content=content)
        answer = await site.owner.http.get(f"{site.workspace_path}/files/{name}")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"


async def ran_nothing(people: People) -> None:
    for tab in people.tabs:
        assert await tab.page.evaluate("window.hostile") is None


def quoted(name: str) -> str:
    return quote(name, safe="")
