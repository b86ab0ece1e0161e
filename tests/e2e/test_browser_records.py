"""What is brought in, what is kept, and what is said about it, as people meet it in a browser."""

import base64
import io
import zipfile

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import People
from tests.e2e.helpers import file_text, new_document
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

DROP = """
(target, [name, data]) => {
  const dataTransfer = new DataTransfer()
  const bytes = Uint8Array.from(atob(data), (unit) => unit.charCodeAt(0))
  dataTransfer.items.add(new File([bytes], name))
  for (const type of ['dragenter', 'dragover', 'drop']) {
    target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }))
  }
}
"""


async def drop(target: Locator, name: str, data: bytes) -> None:
    await target.evaluate(DROP, [name, base64.b64encode(data).decode()])


def archive(**contents: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path, data in contents.items():
            zipped.writestr(path, data)
    return file.getvalue()


async def paths(site: Server) -> set[str]:
    return {entry["path"] for entry in await site.tree()}


async def test_a_dropped_archive_is_unpacked_where_it_was_dropped(site: Server, people: People) -> None:
    await site.owner.http.put(f"{site.workspace_path}/folders/shelf")
    owner = await people.owner({"width": 1280, "height": 2400})  # all files in sight
    page = owner.page
    project = archive(**{"project/src/main.py": b"print('hi')\n", "project/LIESMICH é.md": b"# Da\n"})
    await drop(page.get_by_role("tree", name="Files"), "project.zip", project)
    await expect(page.get_by_role("dialog", name="Unpack this archive?")).to_be_visible()
    await people.picture(owner, "archive-dropped")
    await page.get_by_role("button", name="Unpack", exact=True).click()
    await expect(page.get_by_text("“project.zip” is unpacked", exact=True)).to_be_visible()
    await expect(page.get_by_text("2 new files.", exact=True)).to_be_visible()
    await people.picture(owner, "archive-unpacked")
    assert {"project/src/main.py", "project/LIESMICH é.md"} <= await paths(site)
    assert "project.zip" not in await paths(site)

    await drop(owner.row("shelf"), "project.zip", archive(**{"a.txt": b"a\n"}))
    await page.get_by_role("button", name="Unpack", exact=True).click()
    await expect(page.get_by_text("1 new file.", exact=True)).to_be_visible()
    assert await file_text(site, "shelf/a.txt") == "a\n"


async def test_an_archive_may_stay_one_and_a_broken_one_says_so(site: Server, people: People) -> None:
    owner = await people.owner({"width": 1280, "height": 2400})  # all files in sight
    page = owner.page
    files = page.locator("input[type=file][aria-label=Files]").first
    await files.set_input_files({"name": "kept.zip", "mimeType": "application/zip", "buffer": archive(x=b"x")})
    await page.get_by_role("button", name="Keep it as a file").click()
    await expect(owner.row("kept.zip")).to_be_visible()
    await files.set_input_files({"name": "broken.zip", "mimeType": "application/zip", "buffer": b"no archive"})
    await page.get_by_role("button", name="Unpack", exact=True).click()
    await expect(page.get_by_text("“broken.zip” was not unpacked", exact=True)).to_be_visible()
    owner.errors.clear()  # the browser itself reports the refusal


async def test_a_file_dropped_on_a_text_is_put_beside_it(site: Server, people: People) -> None:
    await site.owner.http.put(f"{site.workspace_path}/folders/desk")
    await new_document(site, "desk/open.txt", "mine\n")
    owner = await people.owner()
    viewer = await people.guest("viewer", "Vera")
    for tab in (owner, viewer):
        await tab.open("desk/open.txt")
    await drop(viewer.text("desk/open.txt"), "intruder.txt", b"not wanted\n")
    await drop(owner.text("desk/open.txt"), "beside.txt", b"beside\n")
    await expect(owner.page.get_by_text("“desk/beside.txt” is uploaded", exact=True)).to_be_visible()
    assert await file_text(site, "desk/beside.txt") == "beside\n"
    assert await file_text(site, "desk/open.txt") == "mine\n"
    assert "desk/intruder.txt" not in await paths(site)
