"""Carries out decisions that have been made: in the document, on the hunk, and in the feedback.

Every step may be repeated, by anybody, at any time: the bytes of the record are the same each time, the hunk moves on
only from the revision that was decided, and the feedback has the decision's id.
"""

import asyncio
from collections.abc import Sequence

import structlog
from pycrdt import merge_updates
from pymongo import ASCENDING

from ai.announcements import Announcements
from ai.clock import now
from ai.deciding.decision_record import DecisionRecord
from ai.proposals.suggestions import SuggestionNotFound, Suggestions, SuggestionState
from ai.record.feedback import Feedback
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.rooms.rooms import Rooms
from storage.faults import fault
from storage.mongo import Database

log = structlog.get_logger(__name__)

RECOVERY_LEASE = 30.0
"""Seconds in which one process finishes what another left behind."""


class Carrying:
    def __init__(
        self,
        db: Database,
        rooms: Rooms,
        suggestions: Suggestions,
        announcements: Announcements,
        feedback: Feedback,
    ) -> None:
        self._decisions = db["decisions"]
        self._rooms = rooms
        self._suggestions = suggestions
        self._announcements = announcements
        self._feedback = feedback
        self._learning: set[asyncio.Task[None]] = set()
        self._in_order = asyncio.Lock()

    async def ensure_indexes(self) -> None:
        await self._decisions.create_index([("state", ASCENDING), ("leased_until", ASCENDING)])

    async def show(self, records: Sequence[DecisionRecord]) -> None:
        """Carry out `records`, all of one document, as far as people see it. Durable on return."""
        if not records:
            return
        updates = [record.update for record in records if record.update is not None]
        if updates:
            try:
                async with self._rooms.open(records[0].document) as room:
                    update = merge_updates(*updates) if len(updates) > 1 else updates[0]
                    room.apply(update, records[0].author, growth=0)  # there was room for it when it was decided
                    await room.durable()
            except (DocumentGone, DocumentNotFound):
                log.warning("a decision's file is gone", document=records[0].document)
        await self._suggestions.follow(records)

    def learn_later(self, records: Sequence[DecisionRecord]) -> None:
        """Write the feedback of `records`, which `show` has carried out, while nobody waits.

        A process that dies before it has is followed by `recover`.
        """
        if records:
            self._learning.add(task := asyncio.create_task(self._learn_in_order(records)))
            task.add_done_callback(self._learning.discard)

    async def _learn_in_order(self, records: Sequence[DecisionRecord]) -> None:
        try:
            async with self._in_order:  # what undoes an acceptance looks for its record
                await self._learn(records)
        except Exception as error:
            log.error("feedback is put off", error=fault(error))

    async def _learn(self, records: Sequence[DecisionRecord]) -> None:
        notice = None
        try:
            suggestion = await self._suggestions.get(records[0].suggestion)
        except SuggestionNotFound:
            log.info("a suggestion expired before its feedback was written", suggestion=records[0].suggestion)
        else:
            notice = suggestion.notice
            hunks = {hunk.id: hunk for hunk in await self._suggestions.hunks(suggestion.id)}
            decided = [(hunks[record.hunk], record) for record in records if record.hunk in hunks]
            await self._feedback.derive(suggestion, list(hunks.values()), decided)
            if suggestion.state is SuggestionState.STREAMING:
                # Its worker may have looked for the records just before they were written.
                after = await self._suggestions.get(suggestion.id)
                await self._feedback.answered(after, await self._suggestions.hunks(after.id))
        await asyncio.gather(*(self._announcements.decision_recorded(record, notice) for record in records))
        finished = {"_id": {"$in": [record.id for record in records]}}
        await self._decisions.update_many(finished, {"$set": {"state": "finished"}})

    async def finish(self, records: Sequence[DecisionRecord]) -> None:
        """Carry out `records`, all of one document, to the last step."""
        if records:
            superseded = records[0].name == "superseded"
            if not superseded:
                await self.show(records)
            await self._learn(records)
            if superseded:
                # Last, since nothing could be learned from a hunk that is gone.
                await self.show(records)

    async def recover(self) -> int:
        """Finish what processes left behind that died between deciding and finishing; how many there were."""
        count = 0
        while True:
            moment = now()
            found = await self._decisions.find_one_and_update(
                {"state": "unfinished", "leased_until": {"$lt": moment}},
                {"$set": {"leased_until": moment + RECOVERY_LEASE}},
            )
            if found is None:
                return count
            record = DecisionRecord.of(found)
            try:
                await self.finish([record])
                await self._announcements.suggestion_changed(await self._suggestions.view(record.suggestion))
                count += 1
            except Exception as error:
                # One that cannot be finished, whatever the reason, must not keep the others from it; it comes round
                # again when its lease has run out.
                log.error("a decision could not be finished", decision=record.id, error=fault(error))

    async def idle(self) -> None:
        """Return once nothing is left to learn."""
        while self._learning:
            await asyncio.wait(self._learning)
