"""What the editor costs whoever sits before it: `python bench/editor.py [--only typing|tree]`.

*Typing*: in Chromium, in a Python file of 10,000 lines, a function in the middle of it, at eight letters a second: in
CodeMirror by itself (`bare/`), alone in Scriptorium, and with four others who type in the lines that are in sight. Each
figure is from the key's own time stamp until the frame that shows it has been made: style, layout and paint, without
the wait for the screen, whose rate is not limited here.

*The tree*: 20,000 files in one folder, scrolled from end to end, 20 rows a frame. Each figure is the time from one
frame to the next, with the screen's rate of 60 in a second.

The browser has one core, the server and the four others have the other. It needs what the tests need (`make test` sets
it up), and Node with the peers of `make bench`.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx2
from playwright.async_api import Page, async_playwright
from servers import HERE, LOAD_CORE, NODE, OWNER_TOKEN, SERVER_CORE, Running, free_port, server, wait_for_port

LINES = 10_000
FILES = 20_000
LETTERS_A_SECOND = 8.0
PATH = "long.py"
# Each line as it is typed: the editor indents the next one.
WRITTEN = (
    "def weighed(things, default=None):",
    "total = 0",
    "for thing in things:",
    "total += thing.weight or default",
)
UNLIMITED = ["--disable-frame-rate-limit", "--disable-gpu-vsync"]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Chromium's own times of events come in steps of 8 ms. A message that is posted from within the frame comes right after
# it has been painted.
WATCH = """
() => {
  globalThis.times = []
  globalThis.tasks = []
  const channel = new MessageChannel()
  let pressed = null
  channel.port1.onmessage = () => {
    if (pressed !== null) times.push(performance.now() - pressed)
    pressed = null
  }
  addEventListener('keydown', (event) => {
    pressed = event.timeStamp
    requestAnimationFrame(() => channel.port2.postMessage(null))
  }, { capture: true })
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: 'longtask' })
}
"""

SCROLL = """
async () => {
  const list = document.querySelector('.files-scroller')
  const frames = []
  const frame = () => new Promise(requestAnimationFrame)
  let last = await frame()
  while (list.scrollTop + list.clientHeight < list.scrollHeight - 1) {
    list.scrollTop += 640
    const now = await frame()
    frames.push(now - last)
    last = now
  }
  return frames
}
"""


def long_file() -> str:
    """Of the standard library, which is real code with long and short lines."""
    lines: list[str] = []
    for path in sorted(Path(os.__file__).parent.glob("*.py")):
        lines += path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[:LINES]) + "\n"


@contextmanager
def writers(running: Running, document: str, people: int) -> Iterator[None]:
    """So many others type in the text meanwhile."""
    if people == 0:
        yield
        return
    given = {"url": running.targets[0]["url"], "document": document, "token": OWNER_TOKEN, "people": people}
    command = ["taskset", "-c", SERVER_CORE, str(NODE), str(HERE / "writers.mjs"), json.dumps(given)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != b"ready\n":
                raise SystemExit("the others did not come into the text")
            yield
        finally:
            process.kill()


def _keys(chance: random.Random) -> Iterator[str]:
    """Of somebody who writes a function, and mistypes one letter in 16."""
    yield from ("End", "Enter")
    while True:
        for line in WRITTEN:
            for letter in line:
                if chance.random() < 1 / 16:
                    yield from ("q", "Backspace")
                yield letter.replace(" ", "Space")
            yield "Enter"
        yield from ("Backspace", "Backspace")


async def type_in(page: Page, seconds: float) -> list[float]:
    """Milliseconds of each key."""
    await page.get_by_role("textbox", name=f"Text of {PATH}", exact=True).focus()
    await page.evaluate(WATCH)
    chance = random.Random(1)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    for key in _keys(chance):
        if loop.time() >= end:
            break
        await page.keyboard.press(key)
        await asyncio.sleep((0.5 + chance.random()) / LETTERS_A_SECOND)
    times: list[float] = await page.evaluate("() => globalThis.times")
    return times


def told(label: str, times: list[float], more: str) -> None:
    cuts = statistics.quantiles(times, n=100)
    figures = " ".join(f"{value:>7.1f}" for value in (cuts[49], cuts[94], cuts[98], max(times)))
    print(f"{label:<28} {len(times):>6} {figures}   {more}", flush=True)


@contextmanager
def workspace() -> Iterator[tuple[Running, httpx2.Client]]:
    headers = {"Authorization": f"Bearer {OWNER_TOKEN}"}
    with server("scriptorium") as running, httpx2.Client(headers=headers, timeout=300) as http:
        yield running, http


@contextmanager
def _on_the_core_of_the_load() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


async def _join(page: Page, running: Running, http: httpx2.Client, name: str, path: str) -> None:
    invite = http.post(f"{running.base}/invites", json={"role": "editor"}).raise_for_status().json()
    await page.goto(invite["url"])
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join").click()
    await page.get_by_role("navigation", name="Where you are").wait_for()
    if path:
        await page.goto(f"{page.url.rstrip('/')}/{quote(path)}")


@contextmanager
def bare() -> Iterator[str]:
    """The address of CodeMirror by itself."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(NODE), str(HERE.parent / "client/node_modules/vite/bin/vite.js"), "build", str(HERE / "bare")]
        subprocess.run([*command, "--outDir", folder, "--emptyOutDir", "--logLevel", "warn"], check=True)
        (Path(folder) / PATH).write_text(long_file(), encoding="utf-8")
        serve = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", folder]
        port = free_port()
        with subprocess.Popen([*serve, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_for_port(port, process)
                yield f"http://127.0.0.1:{port}/"
            finally:
                process.kill()


async def _measure(page: Page, seconds: float, label: str) -> None:
    await asyncio.sleep(3)
    times = await type_in(page, seconds)
    tasks = await page.evaluate("() => globalThis.tasks")
    told(label, times, f"longest task {max(tasks):.0f} ms" if tasks else "no task of 50 ms")


async def typing(seconds: float, others: list[int]) -> None:
    with workspace() as (running, http):
        http.put(f"{running.base}/files/{PATH}", content=long_file().encode()).raise_for_status()
        document = next(node["id"] for node in http.get(f"{running.base}/tree").json() if node["path"] == PATH)
        with _on_the_core_of_the_load():
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=[*ARGUMENTS, *UNLIMITED]
                )
                with bare() as address:
                    page = await browser.new_page(viewport={"width": 1280, "height": 800})
                    await page.goto(address)
                    await _measure(page, seconds, "typing, CodeMirror alone")
                    await page.close()
                for count in others:
                    page = await browser.new_page(viewport={"width": 1280, "height": 800})
                    await _join(page, running, http, f"Measured {count}", PATH)
                    await page.get_by_role("textbox", name=f"Text of {PATH}", exact=True).focus()
                    await page.keyboard.press("Control+Alt+g")
                    await page.keyboard.type(str(LINES // 2))
                    await page.keyboard.press("Enter")
                    with writers(running, document, count):
                        await _measure(page, seconds, f"typing, {count} others")
                    await page.close()
                await browser.close()


async def tree() -> None:
    with workspace() as (running, http):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            for number in range(FILES):
                files.writestr(f"many/file-{number:05}.txt", "")
        headers = {"Content-Type": "application/zip"}
        http.post(f"{running.base}/import", content=archive.getvalue(), headers=headers).raise_for_status()
        with _on_the_core_of_the_load():
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
                page = await browser.new_page(viewport={"width": 1280, "height": 800})
                await _join(page, running, http, "Measured", "many/file-00000.txt")
                await page.get_by_role("treeitem", name="file-00000.txt").wait_for()
                await asyncio.sleep(10)
                times = await page.evaluate(SCROLL)
                told(f"a tree of {FILES} files", times, f"{sum(time > 34 for time in times)} frames came late")
                await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="The editor in Chromium")
    parser.add_argument("--only", choices=["typing", "tree"])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--others", type=lambda text: [int(one) for one in text.split(",")], default=[0, 4])
    given = parser.parse_args()
    print(f"{'milliseconds':<28} {'count':>6} {'p50':>7} {'p95':>7} {'p99':>7} {'max':>7}")
    if given.only != "tree":
        asyncio.run(typing(given.seconds, given.others))
    if given.only != "typing":
        asyncio.run(tree())


if __name__ == "__main__":
    main()
