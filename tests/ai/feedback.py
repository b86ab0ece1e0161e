"""What tests of the feedback look at it with."""

import json
from typing import Any

from ai.record.exports import Format
from tests.ai.group import Process, eventually


async def lines(process: Process, format: Format = "raw") -> list[dict[str, Any]]:
    exported = await process.assistant.feedback_lines(process.workspace, format)
    return [json.loads(line) async for line in exported]


async def measured(process: Process) -> list[dict[str, Any]]:
    """The records once nothing is left to measure, as a process does it that has just started."""
    await process.assistant.carrying.idle()  # until then an accepted text is not watched

    async def nothing_left() -> bool:
        await process.assistant.corrections.measure_due()
        due = process.storage.db["feedback"].find({"workspace": process.workspace, "measure_at": {"$gt": 0}})
        return not [record async for record in due]

    await eventually(nothing_left)
    return await lines(process)
