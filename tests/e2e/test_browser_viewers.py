"""Files that are not text: PDF documents, images, sound, and what nothing here can show."""

import io
import struct
import wave
import zlib

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import PHONE, People, Tab
from tests.e2e.helpers import eventually
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOLDER = "viewers"


def png(width: int, height: int) -> bytes:
    """A picture with a transparent middle."""
    row = lambda y: b"".join(  # noqa: E731
        bytes((39, 71, 160, 0 if width // 4 < x < 3 * width // 4 and height // 4 < y < 3 * height // 4 else 255))
        for x in range(width)
    )
    pixels = b"".join(b"\0" + row(y) for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def pdf(pages: int, extra: str = "", catalog: str = "") -> bytes:
    """A document with one line of text on each page. ``extra`` stands in each page, ``catalog`` in what holds all."""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        f"<< /Type /Pages /Count {pages} /Kids [{' '.join(f'{4 + 2 * n} 0 R' for n in range(pages))}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number in range(1, pages + 1):
        text = f"BT /F1 36 Tf 72 700 Td (The text of page {number}) Tj ET 72 680 m 400 680 l S"
        objects += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {2 * number + 3} 0 R {extra} >>",
            f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
        ]
    out = io.BytesIO(b"%PDF-1.7\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n{content}\nendobj\n".encode())
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.write("".join(f"{place:010} 00000 n \n" for place in places).encode())
    out.write(f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def sound(seconds: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(128 for _ in range(8000 * seconds)))
    return out.getvalue()


async def put(site: Server, name: str, content: bytes) -> str:
    path = f"{FOLDER}/{name}"
    answer = await site.owner.http.put(f"{site.workspace_path}/files/{path}", content=content)
    assert answer.status_code in (201, 204), answer.text
    return path


async def look_at(site: Server, tab: Tab, path: str) -> Locator:
    await tab.page.goto(f"{site.url}/w/{site.workspace}/{path}")
    return tab.page.get_by_role("region", name=path.rsplit("/", 1)[-1], exact=True)


async def test_a_pdf_document_page_by_page(site: Server, people: People) -> None:
    path = await put(site, "twelve.pdf", pdf(12))
    tab = await people.owner()
    viewer = await look_at(site, tab, path)
    pages = viewer.get_by_role("group", name="The pages")
    await expect(pages.get_by_text("The text of page 1", exact=True)).to_be_attached()
    await expect(viewer.get_by_text("of 12")).to_be_visible()
    await eventually(lambda: pages.locator("canvas").first.evaluate(IS_DRAWN), bool)
    await people.picture(tab, "pdf-1280-light")

    await pages.focus()
    await tab.page.keyboard.press("ArrowRight")
    await expect(viewer.get_by_label("Page", exact=True)).to_have_value("2")
    field = viewer.get_by_label("Page", exact=True)
    await field.fill("12")
    await field.press("Enter")
    await expect(pages.get_by_text("The text of page 12", exact=True)).to_be_in_viewport()
    await expect(field).to_have_value("12")

    size = viewer.get_by_label("Size now")
    await viewer.get_by_role("button", name="Actual size").click()
    await expect(size).to_have_text("100 %")
    await pages.focus()
    await tab.page.keyboard.press("+")
    await expect(size).to_have_text("125 %")
    async with tab.page.expect_download() as download:
        await viewer.get_by_role("link", name="Download").click()
    assert (await (await download.value).path()).read_bytes() == pdf(12)

    # What it says can be selected.
    line = pages.get_by_text("The text of page 12", exact=True)
    await line.dblclick()
    assert (await tab.page.evaluate("getSelection().toString()")).strip() in "The text of page 12"
    await tab.page.emulate_media(color_scheme="dark")
    await people.picture(tab, "pdf-1280-dark")


async def test_a_pdf_document_on_a_phone(site: Server, people: People) -> None:
    path = await put(site, "phone.pdf", pdf(3))
    tab = await people.owner(PHONE)
    viewer = await look_at(site, tab, path)
    await expect(viewer.get_by_text("The text of page 1", exact=True)).to_be_attached()
    await eventually(lambda: viewer.locator("canvas").first.evaluate(IS_DRAWN), bool)
    page = await viewer.locator(".page").first.bounding_box()
    assert page is not None
    assert page["width"] <= PHONE["width"]
    await people.picture(tab, "pdf-phone")


async def test_a_pdf_document_that_is_none_says_so(site: Server, people: People) -> None:
    path = await put(site, "broken.pdf", b"%PDF-1.7\nand nothing more")
    tab = await people.owner()
    viewer = await look_at(site, tab, path)
    await expect(viewer.get_by_role("alert")).to_contain_text("may be damaged")
    await expect(viewer.get_by_role("link", name="Download")).to_be_visible()
    await people.picture(tab, "pdf-broken")


async def test_an_image_in_any_size(site: Server, people: People) -> None:
    path = await put(site, "wide.png", png(1600, 400))
    tab = await people.owner()
    viewer = await look_at(site, tab, path)
    image = viewer.get_by_role("img", name="wide.png")
    await expect(viewer.get_by_text("1600 × 400, PNG image")).to_be_visible()
    window = viewer.get_by_role("group", name="The image")
    await eventually(lambda: window.evaluate("box => box.scrollWidth - box.clientWidth"), lambda over: over == 0)
    await people.picture(tab, "image-1280-light")
    await viewer.get_by_role("button", name="Actual size").click()
    await expect(viewer.get_by_label("Size now")).to_have_text("100 %")
    assert (await image.bounding_box() or {})["width"] == 1600
    await window.focus()
    await tab.page.keyboard.press("-")
    await expect(viewer.get_by_label("Size now")).to_have_text("75 %")
    await tab.page.keyboard.press("0")
    await expect(viewer.get_by_role("button", name="Fit into the window")).to_have_attribute("aria-pressed", "true")
    # By its name, as everything else that can be done.
    await tab.page.keyboard.press("Control+Shift+p")
    await tab.page.get_by_role("combobox").fill("actual size")
    await tab.page.keyboard.press("Enter")
    await expect(viewer.get_by_label("Size now")).to_have_text("100 %")
    await tab.page.emulate_media(color_scheme="dark")
    await tab.page.set_viewport_size(PHONE)
    await viewer.get_by_role("button", name="Fit into the window").click()
    await people.picture(tab, "image-phone-dark")


async def test_sound_is_played_and_sent_in_parts(site: Server, people: People) -> None:
    path = await put(site, "quiet.wav", sound(60))
    tab = await people.owner()
    viewer = await look_at(site, tab, path)
    player = viewer.locator("audio")
    await eventually(lambda: player.evaluate("audio => audio.duration"), lambda seconds: seconds == 60)
    await player.evaluate("audio => { audio.currentTime = 50 }")
    await eventually(lambda: player.evaluate("audio => audio.seeking ? 0 : audio.currentTime"), lambda at: at == 50)
    await people.picture(tab, "sound")


async def test_a_film_that_cannot_be_played_and_bytes_of_no_known_kind(site: Server, people: People) -> None:
    tab = await people.owner()
    viewer = await look_at(site, tab, await put(site, "broken.mp4", b"\0" * 64))
    await expect(viewer.get_by_role("alert")).to_contain_text("The browser cannot play it")
    viewer = await look_at(site, tab, await put(site, "some.bin", bytes(range(256)) * 4))
    await expect(viewer.get_by_text("The first 256 bytes")).to_be_visible()
    await expect(viewer.locator("pre")).to_contain_text("0040  40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f")
    await expect(viewer.get_by_text("Binary file, 1.0 kB")).to_be_visible()
    await people.picture(tab, "unknown-1280-light")
    await tab.page.set_viewport_size(PHONE)
    await people.picture(tab, "unknown-phone")
    tab.errors = [error for error in tab.errors if "broken.mp4" not in error]


IS_DRAWN = """canvas => {
  if (canvas.width === 0) return false
  const copy = Object.assign(document.createElement('canvas'), {width: canvas.width, height: canvas.height})
  const context = copy.getContext('2d')
  context.drawImage(canvas, 0, 0)
  const {data} = context.getImageData(0, 0, copy.width, copy.height)
  return data.some((value, index) => index % 4 === 0 && value < 100 && data[index + 3] > 0)
}"""
