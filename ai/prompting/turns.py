"""What of a document has changed since the question before, in one conversation: collection ``turns``.

A record is {_id: "<conversation>:<document>", workspace, question, before, marks, expires_at}: the lines as
`ai.prompting.analysis.marks` at the newest question and at the one before, no text. A question that is looked at again,
by the conversation manager first and then by the job or by its second attempt, is compared with the same.
"""

import asyncio

from pymongo import ASCENDING

from ai.clock import now
from ai.prompting.analysis import changes, marks
from storage.mongo import Database

KEPT = 7 * 24 * 3600.0
"""Seconds after which nobody remembers what the last question was about."""


class Turns:
    def __init__(self, db: Database) -> None:
        self._turns = db["turns"]

    async def ensure_indexes(self) -> None:
        await self._turns.create_index([("expires_at", ASCENDING)])
        await self._turns.create_index([("workspace", ASCENDING)])

    async def changed(
        self, workspace: str, conversation: str, document: str, question: str, text: str
    ) -> list[tuple[int, int]]:
        """The lines of `text`, first and last each, that the question before `question` did not see as they are.

        Empty where there was none. From now on `text` is what `question` has seen.
        """
        key = f"{conversation}:{document}"
        record = await self._turns.find_one({"_id": key}) or {}
        before = record.get("before") if record.get("question") == question else record.get("marks")
        # In a thread: a long text takes some milliseconds.
        seen, found = await asyncio.to_thread(_compare, bytes(before) if before is not None else None, text)
        fields = {
            "workspace": workspace,
            "question": question,
            "before": before,
            "marks": seen,
            "expires_at": now() + KEPT,
        }
        await self._turns.update_one({"_id": key}, {"$set": fields}, upsert=True)
        return found


def _compare(before: bytes | None, text: str) -> tuple[bytes | None, list[tuple[int, int]]]:
    seen = marks(text)
    return seen, changes(before, seen) if before is not None and seen is not None else []
