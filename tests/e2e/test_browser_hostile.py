"""What people put into documents and names runs nothing and asks nobody."""

from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.e2e.browser import People
from tests.e2e.helpers import new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

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

```html
<script>window.hostile = 13</script>
```

the end of it
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
    await people.picture(tab, "hostile-markdown")
    for element in ("script", "iframe", "svg", "style", "form", "[onerror]", "[onload]", "img"):
        await expect(preview.locator(element)).to_have_count(0)
    for link in await preview.get_by_role("link").all():
        address = (await link.get_attribute("href")) or ""
        assert address.startswith(("http", "/w/", "#")), address
    # Typed now rather than opened: the preview follows the text.
    await tab.type_at_end("hostile.md", "\n<img src=y onerror=window.hostile=14>\n")
    await expect(preview.get_by_text("onerror=window.hostile=14")).to_be_visible()
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
