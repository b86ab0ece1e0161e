"""What the group's figures and exports take over a year with many decisions, and how long they hold the event loop up.

    .venv/bin/python -m bench.figures --decisions 100000

On the embedded database, with as many calls of models as decisions, four fifths of the decisions with feedback.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from ai.clock import now
from ai.record.exports import FORMATS, Format
from ai.record.feedback import Feedback
from ai.record.feedback_reader import FeedbackReader, Window
from ai.spending.day_sums import day_at
from ai.spending.figures import Figures, report, step_for
from server.collecting import collect_regularly
from storage import Storage, open_storage
from tests.ai.test_figures import Invented

BATCH = 5_000
DAYS = 365


async def fill(storage: Storage, decisions: int) -> None:
    invented = Invented(1, "bench", [f"person {number}" for number in range(20)])
    today = day_at(now())
    for _ in range(0, decisions, BATCH):
        for name, records in invented.add(BATCH, today - timedelta(days=DAYS - 1), today).items():
            # Of the size that real ones have: a prompt and texts, or the bytes of an edit.
            padded = [record | _padding(name, record) for record in records]
            await storage.db[name].insert_many(padded)
        invented = Invented(invented.dice.randrange(1 << 30), "bench", invented.people)


def _padding(name: str, record: dict[str, Any]) -> dict[str, Any]:
    if name != "feedback":
        return {"update": b"x" * 400} if name == "decisions" else {}
    prompt = [("system", "You edit. " * 100), ("user", record["_id"] + " and its text. " * 200)]
    return {
        "suggestion": record["_id"],
        "hunk": record["_id"],
        "document": "document",
        "attempt": 1,
        "provider": "openai",
        "selection": "some words that were there. " * 20,
        "place": [0, 4] if record["kind"] == "edit" else [0, 0],
        "proposed_text": "other",
        "final_text": "others" if record["corrections"] else None,
        "answer": {"whole": True, "hunks": 1, "form": "text"},
        "messages": [{"role": role, "content": content} for role, content in prompt],
    }


@asynccontextmanager
async def longest_turn() -> AsyncIterator[list[float]]:
    """Milliseconds of CPU, so that neighbours do not count; a list of one number once this is left."""
    turns: list[float] = []

    async def watch() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0.001)
            turns.append((time.thread_time() - began) * 1e3)

    watching = asyncio.create_task(watch())
    yield turns
    watching.cancel()
    turns[:] = [max(turns, default=0.0)]


async def measure(storage: Storage, name: str, days: int) -> None:
    figures = Figures(storage.db)
    last = day_at(now())
    first = last - timedelta(days=days - 1)
    began, cpu = time.perf_counter(), time.process_time()
    async with longest_turn() as turns:
        sums = await figures.days("bench", first, last)
        made = await asyncio.to_thread(report, sums, first, last, "person", step_for(first, last))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    total = made["total"]["decisions"]
    print(
        f"{name:48} {took * 1e3:8,.0f} ms, {cpu * 1e3:8,.0f} ms of CPU here, longest turn {turns[0]:5.0f} ms, "
        f"{total['accepted'] + total['rejected']:,} decisions"
    )


async def measure_export(storage: Storage, format: Format) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    lines = letters = 0
    async with longest_turn() as turns:
        async for line in FeedbackReader(storage.db).export("bench", format, Window()):
            lines, letters = lines + 1, letters + len(line)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(
        f"{f'export of all, {format}':48} {took * 1e3:8,.0f} ms, {cpu * 1e3:8,.0f} ms of CPU here, longest turn "
        f"{turns[0]:5.0f} ms, {lines:,} lines of {letters / 1e6:,.0f} MB"
    )


async def main(decisions: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        where = {"mongo_url": None, "object_store_url": None, "redis_url": None}
        async with open_storage(**where, data_dir=Path(folder)) as storage:
            await Figures(storage.db).ensure_indexes()
            await storage.db["usage"].create_index([("workspace", 1), ("at", 1)])
            await Feedback(storage.db).ensure_indexes()
            await fill(storage, decisions)
            collecting = asyncio.create_task(collect_regularly())  # as a server does
            await measure(storage, "the last 30 days, for the first time", 30)
            await measure(storage, "the last 30 days, again", 30)
            await measure(storage, "the year, for the first time", DAYS)
            await measure(storage, "the year, again", DAYS)
            for form in FORMATS:
                await measure_export(storage, form)
            collecting.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=100_000)
    asyncio.run(main(parser.parse_args().decisions))
