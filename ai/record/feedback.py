"""Feedback: what was decided and what people made of it, collection ``feedback``, while the workspace collects it.

Derived from `decisions`, one record per decision under its id, so that whoever finishes a decision may derive it again.
The records are the group's own: an owner reads and erases them, and erasing never touches a decision.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import BulkWriteError

from ai.deciding.decision_record import DecisionRecord, decision_id
from ai.deciding.decision_updates import neighbours
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.suggestions import Suggestion, SuggestionState
from ai.record.consent import Consent, Terms
from ai.record.feedback_record import FeedbackInput, build_record
from ai.record.watching import Watch
from collab.yjs.offsets import utf16_length
from storage.mongo import Database

_DUPLICATE_KEY = 11000

PERSON = ("requested_by.id", "decided_by.id")


class Feedback:
    def __init__(self, db: Database) -> None:
        self._feedback = db["feedback"]
        self._suggestions = db["suggestions"]
        self._generations = db["generations"]
        self.consent = Consent(db)

    async def ensure_indexes(self) -> None:
        await self._feedback.create_index([("measure_at", ASCENDING)])
        # A filter that lets little through would otherwise look at every record, and hold up the database meanwhile.
        for found_by in ((), ("decision",), ("kind",), ("requested_by.id",), ("decided_by.id",)):
            fields = ("workspace", *found_by, "decided_at", "_id")
            await self._feedback.create_index([(field, ASCENDING) for field in fields])
        await self._feedback.create_index(
            [("workspace", ASCENDING), ("suggestion", ASCENDING), ("decided_at", ASCENDING)]
        )
        await self.consent.ensure_indexes()

    async def derive(
        self, suggestion: Suggestion, hunks: Sequence[Hunk], decided: Sequence[tuple[Hunk, DecisionRecord]]
    ) -> None:
        """Write what decisions on `decided` of the `hunks` of `suggestion` teach, once, as far as it may be kept."""
        undone = [decision_id(hunk.id, made.revision - 1) for hunk, made in decided if made.name == "undone"]
        if undone:
            # What is left of an acceptance that was undone is not what people made of it.
            await self._feedback.update_many({"_id": {"$in": undone}}, {"$set": {"watch": None, "measure_at": None}})
        terms = await self.consent.terms(suggestion.workspace)
        kept = [(hunk, made) for hunk, made in decided if _covered(terms, suggestion, made)]
        if not kept:
            return
        # In a thread: finding secrets in a long prompt takes a tenth of a second.
        records = await asyncio.to_thread(_records, suggestion, hunks, kept, terms)
        await self.insert(records)
        # Once more: who erases sets down that it is done, and then deletes what is there.
        terms = await self.consent.terms(suggestion.workspace)
        late = [made.id for _, made in kept if not _covered(terms, suggestion, made)]
        if late:
            await self._feedback.delete_many({"_id": {"$in": late}})

    async def insert(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Store records of `ai.record.feedback_record`; one whose id is there already stays as it is."""
        try:
            await self._feedback.insert_many([{"watch": None, "measure_at": None, **one} for one in records], False)
        except BulkWriteError as error:
            if any(failure["code"] != _DUPLICATE_KEY for failure in error.details["writeErrors"]):
                raise

    async def answered(self, suggestion: Suggestion, hunks: Sequence[Hunk]) -> None:
        """Say in the records of `suggestion`, whose stream has ended, what belongs to its answer."""
        for document in suggestion.documents:
            made, answer = suggestion.generation_of(document), _answer(suggestion, hunks, document)
            if made is not None and answer is not None:
                of = {"workspace": suggestion.workspace, "suggestion": suggestion.id}
                of |= {"document": document, "attempt": made["attempt"]}
                await self._feedback.update_many(of, {"$set": {"answer": answer}})

    # ---- the owner's rights

    async def erase(self, workspace: str, person: str | None = None) -> int:
        """Delete all records of `workspace`, or those that come from one person, and the prompts of what was asked.

        What comes from a person is what they asked for and what they decided. Nothing of before this moment is written
        after it, whichever process is about to. Returns how many records there were.
        """
        await self.consent.erased(workspace, person)
        asked = {"workspace": workspace} if person is None else {"workspace": workspace, "user": person}
        await self._suggestions.update_many(asked, {"$set": {"generations": {}, "earlier": []}})
        await self._generations.delete_many(asked)
        return await self._delete({"workspace": workspace, **({} if person is None else from_person(person))})

    async def erase_one(self, workspace: str, id: str) -> bool:
        """Delete one record; whether it was there."""
        return await self._delete({"_id": id, "workspace": workspace}) == 1

    async def _delete(self, which: Mapping[str, Any]) -> int:
        result = await self._feedback.delete_many(which)
        return int(result.deleted_count)


def from_person(person: str) -> dict[str, Any]:
    """The filter for records of what `person` asked for or decided."""
    return {"$or": [{side: person} for side in PERSON]}


def _covered(terms: Terms, suggestion: Suggestion, made: DecisionRecord) -> bool:
    people = [suggestion.requested_by.id, *([made.decided_by.id] if made.decided_by else [])]
    return terms.cover(made.decided_at, *people)


def _answer(suggestion: Suggestion, hunks: Sequence[Hunk], document: str) -> dict[str, Any] | None:
    """What belongs to the answer of the newest attempt about `document`, or of all files that it made; None while it
    streams."""
    made = suggestion.generation_of(document)
    if made is None or suggestion.state is SuggestionState.STREAMING:
        return None
    form = made.get("form", "text")
    answered = [hunk for hunk in hunks if hunk.attempt == made["attempt"]]
    of_document = [hunk for hunk in answered if hunk.document == document]
    return {
        "hunks": len(answered if form == "files" else of_document),
        "whole": suggestion.state is SuggestionState.READY and made.get("whole", False),
        "form": form,
        "file": suggestion.documents.index(document) if form == "files" else None,
    }


def _records(
    suggestion: Suggestion, hunks: Sequence[Hunk], decided: Sequence[tuple[Hunk, DecisionRecord]], terms: Terms
) -> list[dict[str, Any]]:
    # What was asked before the last erasure, or while nothing was collected, is not to be learned from.
    may_be_known = terms.cover(suggestion.created_at, suggestion.requested_by.id)
    records = []
    for hunk, decision in decided:
        made = suggestion.made_by(hunk.attempt, hunk.document) if may_be_known else None
        watch = _watch(hunk, decision)
        bookkeeping = {"watch": watch.record() if watch else None, "measure_at": watch.next if watch else None}
        newest = made is not None and made is suggestion.generation_of(hunk.document)
        answer = _answer(suggestion, hunks, hunk.document) if newest else None
        records.append(build_record(_given(suggestion, hunk, decision, made, answer, terms)) | bookkeeping)
    return records


def _given(
    suggestion: Suggestion,
    hunk: Hunk,
    decision: DecisionRecord,
    made: Mapping[str, Any] | None,
    answer: Mapping[str, Any] | None,
    terms: Terms,
) -> FeedbackInput:
    selection, place = None, None
    # What comes from a conversation answers a question, not the request to change a certain text.
    if made is not None and made["selection"] is not None:
        # What the model was given to change, and where the hunk's base text stands in it.
        start = hunk.ord - made["start"]
        selection, place = made["selection"], (start, start + utf16_length(hunk.base))
    return FeedbackInput(
        id=decision.id,
        workspace=hunk.workspace,
        document=hunk.document,
        path=hunk.path,
        kind="notice" if suggestion.notice is not None else hunk.mode,
        job=suggestion.job,
        suggestion=suggestion.id,
        hunk=hunk.id,
        requested_by=suggestion.requested_by.view(),
        decided_by=decision.decided_by.view() if decision.decided_by else None,
        decision=decision.name,
        decided_at=decision.decided_at,
        reason=decision.reason,
        was_shown=decision.was_shown,
        shown_ms=decision.shown_ms,
        base_text=hunk.base,
        proposed_text=hunk.proposed,
        generation=made,
        attempt=hunk.attempt,
        selection=selection,
        place=place,
        answer=answer,
        consent=terms.record(),
    )


def _watch(hunk: Hunk, decision: DecisionRecord) -> Watch | None:
    if decision.name != "accepted" or hunk.state is HunkState.UNDONE:
        return None
    anchors, around = hunk.anchors, hunk.around or hunk.anchors
    if decision.insertion is not None and decision.insertion.length and decision.update is not None:
        # Of what was inserted, not of the base, whose characters are deleted.
        first, last = decision.insertion.anchors
        before, behind = neighbours(decision.update)
        anchors, around = (first.encode(), last.encode()), (before.encode(), behind.encode())
    return Watch.begin(hunk.document, anchors, around, hunk.proposed, decision.decided_at)
