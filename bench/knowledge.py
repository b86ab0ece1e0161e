"""What files say: how long until it is known, how soon a change is, what a search takes, and how much memory.

    python bench/knowledge.py <dataset> [--times 300]

`<dataset>` is one of `bench/docstrings.py`. The application runs in this process on its embedded stores, as in
`bench/tree.py`, which says what "held up" is. Memory is that of this process alone, before and after the index of the
workspace is made.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import logging
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import httpx2
import structlog

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.tree import Stalls, application, checked

FRESH = 20
"""Changes of which is measured how soon they are found."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--times", type=int, default=300)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as data:
        asyncio.run(measure(Path(data), asked.dataset, asked.times))


async def measure(data: Path, dataset: Path, times: int) -> None:
    lines = (dataset / "queries.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["query"] for line in lines][:times]
    archive, files, size = packed(dataset / "corpus")
    async with application(data) as (http, w, _):
        await checked(http.post(f"{w}/import", content=archive))
        stalls = Stalls()
        print(f"{files} files, {size / 1e6:.1f} MB {'':22}  times     p50 ms     p99 ms  held up ms")
        await stalls.measure("known, from the end of the import", lambda _: known(http, w, files))
        before = resident()
        await stalls.measure("first search (makes the index)", lambda _: search(http, w, "nothing"))
        after = resident()
        await stalls.measure("a search", lambda n: search(http, w, questions[n]), len(questions))
        took = [await fresh(http, w, number) for number in range(FRESH)]
        print(
            f"found after it has settled: p50 {statistics.median(took):.0f} ms, at most {max(took):.0f} of {FRESH}\n"
            f"memory {before} MiB, with the index {after} MiB"
        )
        stalls.stop()


def packed(corpus: Path) -> tuple[bytes, int, int]:
    raw = io.BytesIO()
    files = size = 0
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(one for one in corpus.rglob("*") if one.is_file()):
            archive.writestr(path.relative_to(corpus).as_posix(), path.read_bytes())
            files, size = files + 1, size + path.stat().st_size
    return raw.getvalue(), files, size


async def known(http: httpx2.AsyncClient, w: str, files: int) -> None:
    while True:
        answer = await checked(http.get(f"{w}/knowledge"))
        if answer.json()["known"] >= files:
            return
        await asyncio.sleep(0.5)


async def search(http: httpx2.AsyncClient, w: str, question: str) -> list[object]:
    answer = await checked(http.get(f"{w}/knowledge/search", params={"q": question}))
    return list(answer.json())


async def fresh(http: httpx2.AsyncClient, w: str, number: int) -> float:
    """Milliseconds from when a new file has settled, as the tree tells by its size, until it is found."""
    word = f"heronry{number}{time.time_ns()}"
    await checked(http.put(f"{w}/files/fresh{number}.md", content=f"A {word} near the water.\n".encode()))
    settled = None
    while True:
        if settled is None:
            drive = await checked(http.get(f"{w}/tree"))
            size = next(one["size"] for one in drive.json() if one["path"] == f"fresh{number}.md")
            settled = time.perf_counter() if size else None
        if await search(http, w, word):
            return (time.perf_counter() - (settled or time.perf_counter())) * 1000
        await asyncio.sleep(0.01)


def resident() -> int:
    """MiB."""
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4096 // 1024 // 1024


if __name__ == "__main__":
    main()
