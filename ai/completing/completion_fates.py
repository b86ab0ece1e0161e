"""What becomes of completions: one decision each, and the feedback that follows from it.

A completion is its asker's alone, and what they take of it is their own edit. So nothing here changes a document, and
collection ``decisions``, which proves what the assistant has put into documents, knows nothing of it. A record passes
two moments in any order, its end and its decision, each a change in place; whoever makes the second derives the
feedback, and what a process leaves behind that dies in between, a sweep of another one finishes.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import PyMongoError

from ai import metrics
from ai.clock import now
from ai.completing.completion_record import FORGOTTEN, SUPERSEDED, CompletionRecord, Decision, Fate, part_of
from ai.pool.jobs import Person
from ai.record.consent import Terms
from ai.record.feedback import Feedback
from ai.record.feedback_record import FeedbackInput, build_record, correction
from ai.record.watching import Watch
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.refusals import RoomClosed
from collab.replicas.positions import Anchor, range_anchors, resolve
from collab.rooms.arriving import needed_for, until_known
from collab.rooms.rooms import Rooms
from collab.yjs.offsets import OffsetInsideSurrogatePair, OffsetOutsideText, slice_utf16, utf16_length
from storage.faults import fault
from storage.mongo import Database

log = structlog.get_logger(__name__)

KEPT = 600.0
"""Seconds for which a decision can be made, and for which a second one is told that there was a first."""

FINISHING = 30.0
"""Seconds that finishing one may take before another process takes it for lost."""

PATIENCE = 5.0
"""Seconds for the asker's own edit to arrive: it comes another way than the word that it was made."""


class CompletionNotFound(KeyError):
    """There is none of that id, it was somebody else's, or it has expired."""


class CompletionDecided(ValueError):
    """It was decided before; the message says how."""


class CompletionFates:
    def __init__(self, db: Database, rooms: Rooms, feedback: Feedback) -> None:
        self._completions = db["completions"]
        self._rooms = rooms
        self._feedback = feedback
        self._learning: set[asyncio.Task[None]] = set()

    async def ensure_indexes(self) -> None:
        await self._completions.create_index([("due", ASCENDING)])
        await self._completions.create_index([("user", ASCENDING), ("document", ASCENDING)])

    # ---- from the first letter to the last

    async def begin(self, record: CompletionRecord) -> None:
        """Before anybody sees anything of it."""
        await self._completions.insert_one(record.record(now() + KEPT))

    def end_later(self, id: str, proposed: str, generation: dict[str, Any]) -> None:
        """All was said that will be; `proposed` is all that was shown, "" for nothing."""
        self._later(self._end(id, proposed, generation))

    def supersede_later(self, record: CompletionRecord) -> None:
        """`record` takes the place of what its asker has not decided in the same document."""
        self._later(self._supersede(record))

    async def _end(self, id: str, proposed: str, generation: dict[str, Any]) -> None:
        if not proposed:
            await self._completions.delete_one({"_id": id})
            return
        found = await self._completions.find_one({"_id": id})
        if found is None:
            return
        ended: dict[str, Any] = {"ended": True}
        if await self._terms(CompletionRecord.of(found)) is not None:
            ended |= {"proposed": proposed, "generation": generation}
        after = await self._completions.find_one_and_update(
            {"_id": id}, {"$set": ended}, return_document=ReturnDocument.AFTER
        )
        if after is not None and after["fate"] is not None and after["fate"]["decision"] != SUPERSEDED.decision:
            await self._learn(CompletionRecord.of(after))

    async def _supersede(self, record: CompletionRecord) -> None:
        older = {
            "user": record.asker.id,
            "document": record.document,
            "fate": None,
            "created_at": {"$lt": record.created_at},
        }
        for found in [one async for one in self._completions.find(older, {"_id": 1})]:
            await self._decide(found["_id"], SUPERSEDED)

    # ---- decisions

    async def decide(
        self,
        workspace: str,
        id: str,
        decision: Decision,
        shown_ms: int,
        by: Person,
        *,
        taken: int | None = None,
        anchors: tuple[bytes, bytes] | None = None,
    ) -> Fate:
        """Once for each completion, and by its asker alone. What it teaches is written while nobody waits.

        `taken` is how many UTF-16 code units of the text were accepted, None for all of it; `anchors` are encoded Yjs
        relative positions around them. Without, they are looked for where the completion was asked for.

        Raises:
            CompletionNotFound, CompletionDecided
            collab.replicas.positions.InvalidAnchor
            collab.yjs.offsets.OffsetOutsideText, collab.yjs.offsets.OffsetInsideSurrogatePair: `taken` is no part of
            the text.
        """
        found = await self._completions.find_one({"_id": id, "workspace": workspace, "user": by.id})
        if found is None:
            raise CompletionNotFound(id)
        for anchor in anchors or ():
            Anchor.decode(anchor)
        if taken is not None and found["proposed"] is not None:
            slice_utf16(found["proposed"], 0, taken)
        fate = Fate.of(decision, shown_ms, taken)
        if not await self._decide(id, fate, anchors) and not await self._decide(id, fate, anchors, superseded=True):
            now_known = await self._completions.find_one({"_id": id})
            earlier = now_known["fate"]["decision"] if now_known and now_known["fate"] else "decided"
            raise CompletionDecided(f"It was already {earlier}.")
        return fate

    async def _decide(
        self, id: str, fate: Fate, anchors: tuple[bytes, bytes] | None = None, *, superseded: bool = False
    ) -> bool:
        """False when it was decided before. ``superseded``: it is taken for that, and its asker knows better: what they
        accepted while they were offline is told later than what they typed next.
        """
        taken_for = {"fate.decision": SUPERSEDED.decision, "settled": {"$ne": True}} if superseded else {"fate": None}
        after = await self._completions.find_one_and_update(
            {"_id": id, **taken_for},
            {
                "$set": {
                    "fate": fate.record(),
                    "decided_at": now(),
                    "anchors": list(anchors) if anchors else None,
                }
            },
            return_document=ReturnDocument.AFTER,
        )
        if after is None:
            return False
        metrics.COMPLETIONS.labels(fate.decision).inc()
        if after["ended"] and fate != SUPERSEDED:  # that is learned when nobody can know better any more, by `sweep`
            self._later(self._learn(CompletionRecord.of(after)))
        return True

    # ---- what is learned

    async def _learn(self, record: CompletionRecord) -> None:
        """Derive the feedback, and keep of the completion only that it was decided. May be repeated."""
        terms = await self._terms(record) if record.proposed else None
        if terms is not None:
            watch = await self._watch(record)
            # In a thread: finding secrets in a long prompt takes a tenth of a second.
            await self._feedback.insert([await asyncio.to_thread(_feedback_record, record, watch, terms)])
            if await self._terms(record) is None:
                # Who erases sets down that it is done, and then deletes what is there.
                await self._feedback.erase_one(record.workspace, record.id)
        forgotten = {"proposed": None, "generation": None, "anchors": None, "settled": True, "due": now() + KEPT}
        await self._completions.update_one({"_id": record.id}, {"$set": forgotten})

    async def _terms(self, record: CompletionRecord) -> Terms | None:
        """Under which it may be kept; None when it may not."""
        terms = await self._feedback.consent.terms(record.workspace)
        return terms if terms.cover(record.created_at, record.asker.id) else None

    async def _watch(self, record: CompletionRecord) -> Watch | None:
        """The plan to look at what was taken; None where it is not found in the document as it was taken."""
        assert record.fate is not None
        assert record.decided_at is not None
        if record.fate.decision != "accepted":
            return None
        text = _taken(record)
        try:
            async with self._rooms.open(record.document) as room, asyncio.timeout(PATIENCE):
                if record.anchors is not None:
                    anchors = [Anchor.decode(anchor) for anchor in record.anchors]
                    await until_known(room, needed_for(anchors))
                    await room.copyable()
                    start, end = resolve(room.doc, anchors)
                    if start is None or end is None or start >= end or slice_utf16(room.text, start, end) != text:
                        return None
                else:
                    await room.copyable()
                    end = record.at + utf16_length(text)
                    if slice_utf16(room.text, record.at, end) != text:
                        return None
                    start = record.at
                    [anchors] = map(list, range_anchors(room.doc, [(start, end)]))
                # What stands beside it follows it, too, where all of it is typed anew.
                [(before, _), (_, behind)] = range_anchors(room.doc, [(start, start), (end, end)])
        except (DocumentGone, DocumentNotFound, RoomClosed, TimeoutError, OffsetOutsideText, OffsetInsideSurrogatePair):
            return None
        first, last = anchors
        around = before.encode(), behind.encode()
        return Watch.begin(record.document, (first.encode(), last.encode()), around, text, record.decided_at)

    async def sweep(self) -> None:
        """Forget what has served its time, and finish what was never decided or what a process left behind."""
        await self._completions.delete_many({"settled": True, "due": {"$lt": now()}})
        while True:
            moment = now()
            found = await self._completions.find_one_and_update(
                {"due": {"$lt": moment}},
                {"$set": {"due": moment + FINISHING, "ended": True}},
                return_document=ReturnDocument.AFTER,
            )
            if found is None:
                return
            if found["fate"] is not None:
                await self._learn(CompletionRecord.of(found))
            else:
                await self._decide(found["_id"], FORGOTTEN)

    async def erase(self, workspace: str, person: str | None = None) -> None:
        """Forget all that waits for its decision, or what `person` asked for."""
        asked = {"workspace": workspace} if person is None else {"workspace": workspace, "user": person}
        await self._completions.delete_many(asked)

    async def idle(self) -> None:
        """Return once nothing is left to write."""
        while self._learning:
            await asyncio.wait(self._learning)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        self._learning.add(task := asyncio.create_task(_logged(work)))
        task.add_done_callback(self._learning.discard)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except PyMongoError as error:
        log.warning("what became of a completion is put off, storage is away", error=str(error))
    except Exception as error:
        log.error("what became of a completion is put off", error=fault(error))


def _taken(record: CompletionRecord) -> str:
    assert record.proposed is not None
    assert record.fate is not None
    length = utf16_length(record.proposed)
    # Its end may have come after the decision, so that nothing could be said about a number that is too large.
    taken = min(length, length if record.fate.taken is None else record.fate.taken)
    try:
        return slice_utf16(record.proposed, 0, taken)
    except OffsetInsideSurrogatePair:
        return slice_utf16(record.proposed, 0, taken + 1)


def _feedback_record(record: CompletionRecord, watch: Watch | None, terms: Terms) -> dict[str, Any]:
    assert record.proposed is not None
    assert record.fate is not None
    assert record.decided_at is not None
    built = build_record(
        FeedbackInput(
            id=record.id,
            workspace=record.workspace,
            document=record.document,
            path=record.path,
            kind="completion",
            job=None,
            suggestion=record.id,
            hunk=record.id,
            requested_by=record.asker.view(),
            decided_by=record.asker.view() if record.fate.shown_ms is not None else None,
            decision=record.fate.decision,
            decided_at=record.decided_at,
            was_shown=record.fate.was_shown,
            shown_ms=record.fate.shown_ms,
            base_text="",
            proposed_text=record.proposed,
            generation=record.generation,
            answer={"hunks": 1, "whole": True, "form": "text", "file": None},
            consent=terms.record(),
        )
    )
    if record.fate.decision == "accepted":
        # The first look at it, so that of a part no export says that people wanted the rest as well.
        taken = _taken(record)
        fields = correction(built, "accepted", taken, record.decided_at)
        look = fields.pop("corrections.accepted") | {"part": part_of(record.proposed, taken)}
        built |= fields | {"corrections": {"accepted": look}}
    return built | {"watch": watch.record() if watch else None, "measure_at": watch.next if watch else None}
