"""Feedback: what was decided and what people made of it, collection ``feedback``, while the workspace collects it.

Derived from `decisions`, one record per decision under its id, so that whoever finishes a decision may derive it again.
The records are the group's own: an owner reads and erases them, and erasing never touches a decision.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog
from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import BulkWriteError

from ai.clock import now
from ai.decision_record import DecisionRecord, decision_id
from ai.exports import SORT, Format, export
from ai.feedback_record import FeedbackInput, build_record, correction
from ai.hunks import Hunk, HunkState
from ai.suggestions import Suggestion
from ai.watching import Watch
from collab.offsets import slice_utf16, utf16_length
from collab.positions import Anchor, resolve
from collab.rooms import Rooms
from collab.snapshots import DocumentGone, DocumentNotFound
from storage.mongo import Database

log = structlog.get_logger(__name__)

MEASURING = 30.0
"""Seconds that one look may take before another process takes it for lost."""


_DUPLICATE_KEY = 11000


class Feedback:
    def __init__(self, db: Database, rooms: Rooms) -> None:
        self._feedback = db["feedback"]
        self._workspaces = db["workspaces"]
        self._rooms = rooms

    async def ensure_indexes(self) -> None:
        await self._feedback.create_index([("measure_at", ASCENDING)])
        await self._feedback.create_index([("workspace", ASCENDING), ("decided_at", ASCENDING)])
        await self._feedback.create_index(
            [("workspace", ASCENDING), ("suggestion", ASCENDING), ("decided_at", ASCENDING)]
        )

    async def collects(self, workspace: str) -> bool:
        """Whether the workspace collects feedback, which is what it does unless an owner has switched it off."""
        record = await self._workspaces.find_one({"_id": workspace})
        return bool(record.get("collect_feedback", True)) if record else True

    async def derive(self, suggestion: Suggestion, decided: Sequence[tuple[Hunk, DecisionRecord]]) -> None:
        """Write what decisions on hunks of `suggestion` teach, once. Nothing while the workspace does not collect."""
        undone = [decision_id(hunk.id, made.revision - 1) for hunk, made in decided if made.name == "undone"]
        if undone:
            # What is left of an acceptance that was undone is not what people made of it.
            await self._feedback.update_many({"_id": {"$in": undone}}, {"$set": {"watch": None, "measure_at": None}})
        if not decided or not await self.collects(suggestion.workspace):
            return
        # In a thread: finding secrets in a long prompt takes a tenth of a second.
        records = await asyncio.to_thread(_records, suggestion, decided)
        try:
            await self._feedback.insert_many(records, ordered=False)
        except BulkWriteError as error:
            if any(failure["code"] != _DUPLICATE_KEY for failure in error.details["writeErrors"]):
                raise

    # ---- corrections

    async def measure_due(self) -> int:
        """Look at the accepted texts whose time has come; how many there were."""
        count = 0
        while True:
            at = now()
            # The next look is the lease: whoever dies over this one is followed by another process.
            record = await self._feedback.find_one_and_update(
                {"measure_at": {"$lte": at}},
                {"$set": {"measure_at": at + MEASURING}},
                sort=[("measure_at", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )
            if record is None:
                return count
            await self._measure(record, at)
            count += 1

    async def _measure(self, record: dict[str, Any], at: float) -> None:
        watch = Watch.of(record["watch"])
        text = await self._text(watch)
        fields: dict[str, Any] = {"watch": None, "measure_at": None}
        if text is not None:
            measured, watch = watch.look(text, at)
            for moment in measured:
                fields |= correction(record, moment, text, at)
            fields |= {"watch": watch.record(), "measure_at": watch.next}
        held = {"_id": record["_id"], "measure_at": record["measure_at"]}
        await self._feedback.update_one(held, {"$set": fields})

    async def _text(self, watch: Watch) -> str | None:
        """The text that stands between the anchors now; None when the document is gone."""
        try:
            async with self._rooms.open(watch.document) as room:
                text = room.text
                start, end = resolve(room.doc, [Anchor.decode(anchor) for anchor in watch.anchors])
        except (DocumentGone, DocumentNotFound):
            return None
        if start is None or end is None:
            log.warning("an accepted text is not known here", document=watch.document)
            return None
        return slice_utf16(text, start, max(start, end))

    # ---- the owner's rights

    def export(self, workspace: str, format: Format) -> AsyncIterator[str]:
        """The records of `workspace` as JSON lines."""
        return export(self._records(workspace, format), format)

    async def _records(self, workspace: str, format: Format) -> AsyncIterator[dict[str, Any]]:
        async for record in self._feedback.find({"workspace": workspace}).sort(list(SORT[format])):
            yield record

    async def erase(self, workspace: str) -> int:
        """Delete all records of `workspace`; how many there were."""
        result = await self._feedback.delete_many({"workspace": workspace})
        return int(result.deleted_count)


def _records(suggestion: Suggestion, decided: Sequence[tuple[Hunk, DecisionRecord]]) -> list[dict[str, Any]]:
    records = []
    for hunk, decision in decided:
        watch = _watch(hunk, decision)
        bookkeeping = {"watch": watch.record() if watch else None, "measure_at": watch.next if watch else None}
        records.append(build_record(_given(suggestion, hunk, decision)) | bookkeeping)
    return records


def _given(suggestion: Suggestion, hunk: Hunk, decision: DecisionRecord) -> FeedbackInput:
    selection, place = _selection(suggestion, hunk)
    return FeedbackInput(
        id=decision.id,
        workspace=hunk.workspace,
        document=hunk.document,
        path=hunk.path,
        kind=hunk.mode,
        job=suggestion.job,
        suggestion=suggestion.id,
        hunk=hunk.id,
        requested_by=suggestion.requested_by.view(),
        decided_by=decision.decided_by.view() if decision.decided_by else None,
        decision=decision.name,
        decided_at=decision.decided_at,
        reason=decision.reason,
        base_text=hunk.base,
        proposed_text=hunk.proposed,
        selection=selection,
        place=place,
        generation=suggestion.generation_of(hunk.document),
    )


def _selection(suggestion: Suggestion, hunk: Hunk) -> tuple[str | None, tuple[int, int] | None]:
    """What the model was given to change, and where the hunk's base text stands in it."""
    made = suggestion.generation_of(hunk.document)
    # A hunk that was decided before a worker died belongs to another request than the newest; and what comes from a
    # conversation answers a question, not the request to change a certain text.
    if made is None or made["attempt"] != hunk.attempt or made["selection"] is None:
        return None, None
    start = hunk.ord - made["start"]
    return made["selection"], (start, start + utf16_length(hunk.base))


def _watch(hunk: Hunk, decision: DecisionRecord) -> Watch | None:
    if decision.name != "accepted" or hunk.state is HunkState.UNDONE:
        return None
    anchors = hunk.anchors
    if decision.insertion is not None and decision.insertion.length:
        # Of what was inserted, not of the base, whose characters are deleted.
        first, last = decision.insertion.anchors
        anchors = (first.encode(), last.encode())
    return Watch.begin(hunk.document, anchors, hunk.proposed, decision.decided_at)
