"""Suggestions and their hunks: collections ``suggestions`` and ``hunks``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from pymongo import ASCENDING, DESCENDING, ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from ai.clock import rfc3339
from ai.deciding.decision_record import DecisionRecord
from ai.pool.jobs import Person
from ai.proposals.hunks import Hunk, HunkState, Mode
from storage.mongo import Database

ASSISTANT = {"id": "assistant", "name": "Assistant"}
"""The author of every suggestion, as people see it; the model's name joins it once one answers."""

ALL_DOCUMENTS = "all"
"""Of `Suggestion.generations`, where one answer made all of it."""

MOST_LISTED = 200
"""Suggestions in one list, the newest."""


class SuggestionNotFound(KeyError):
    pass


class SuggestionState(StrEnum):
    """Of the stream. Whether all is decided is read off the hunks: a second record of it could only disagree."""

    STREAMING = "streaming"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`generations`: document or `ALL_DOCUMENTS` → how the newest attempt was made, for the feedback record.

    `earlier` has the same of attempts before it, each with its `document`. `note` is a sentence of the model beside its
    answer; `error` is why the stream ended early. `context` tells what the model saw
    (`ai.prompting.context.Piece.view`), without any text. `notice`: the notice that it is the edit of; people hear of
    that, and of the suggestion once it is decided. `folders` are those that were made for its new files.
    """

    id: str
    job: str
    workspace: str
    mode: Mode
    documents: tuple[str, ...]
    requested_by: Person
    instruction: str
    state: SuggestionState
    created_at: float
    attempt: int = 0
    model: str | None = None
    note: str | None = None
    error: str | None = None
    generations: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    earlier: tuple[dict[str, Any], ...] = ()
    context: Sequence[dict[str, Any]] = ()
    notice: str | None = None
    folders: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        return cls(
            record["_id"],
            record["job"],
            record["workspace"],
            record["mode"],
            tuple(record["documents"]),
            Person(record["user"], record["user_name"]),
            record["instruction"],
            SuggestionState(record["state"]),
            record["created_at"],
            record["attempt"],
            record["model"],
            record["note"],
            record["error"],
            record["generations"],
            tuple(record.get("earlier", ())),
            record.get("context", ()),  # older ones have none
            record.get("notice"),
            tuple(record.get("folders", ())),
        )

    def record(self) -> dict[str, Any]:
        return {
            "_id": self.id,
            "job": self.job,
            "workspace": self.workspace,
            "mode": self.mode,
            "documents": list(self.documents),
            "user": self.requested_by.id,
            "user_name": self.requested_by.name,
            "instruction": self.instruction,
            "state": self.state.value,
            "created_at": self.created_at,
            "attempt": self.attempt,
            "model": self.model,
            "note": self.note,
            "error": self.error,
            "generations": dict(self.generations),
            "earlier": list(self.earlier),
            "context": list(self.context),
            "notice": self.notice,
            "folders": list(self.folders),
        }

    def generation_of(self, document: str) -> dict[str, Any] | None:
        return self.generations.get(document) or self.generations.get(ALL_DOCUMENTS)

    def made_by(self, attempt: int, document: str) -> dict[str, Any] | None:
        """How the hunks of one attempt in one document were made; None where that is not kept."""
        newest = self.generation_of(document)
        earlier = [one for one in self.earlier if one["document"] in (document, ALL_DOCUMENTS)]
        return next((one for one in (newest, *earlier) if one is not None and one["attempt"] == attempt), None)

    def view(self, hunks: Iterable[Hunk]) -> dict[str, Any]:
        """As the HTTP interface and the events show it."""
        ordered = sorted(hunks, key=lambda hunk: (hunk.path, hunk.ord))
        undecided = any(hunk.state in (HunkState.STREAMING, HunkState.PENDING) for hunk in ordered)
        decided = self.state is SuggestionState.READY and not undecided
        shown = {
            "id": self.id,
            "job": self.job,
            "workspace": self.workspace,
            "documents": list(self.documents),
            "author": ASSISTANT | ({"model": self.model} if self.model else {}),
            "requested_by": self.requested_by.view(),
            "instruction": self.instruction,
            "mode": self.mode,
            "state": "done" if decided else self.state.value,
            "created_at": rfc3339(self.created_at),
            "hunks": [hunk.view() for hunk in ordered],
        }
        optional = {
            "note": self.note,
            "error": self.error,
            "context": list(self.context) or None,
            "notice": self.notice,
        }
        return shown | {name: value for name, value in optional.items() if value is not None}


class Suggestions:
    def __init__(self, db: Database) -> None:
        self._suggestions = db["suggestions"]
        self._hunks = db["hunks"]

    async def ensure_indexes(self) -> None:
        await self._suggestions.create_index([("workspace", ASCENDING), ("created_at", DESCENDING)])
        await self._hunks.create_index([("suggestion", ASCENDING)])

    async def create(self, suggestion: Suggestion) -> None:
        """Store `suggestion` unless it is there: who asks and who works on it may both be first."""
        try:
            await self._suggestions.insert_one(suggestion.record())
        except DuplicateKeyError:
            return

    async def get(self, id: str) -> Suggestion:
        """Raises SuggestionNotFound."""
        record = await self._suggestions.find_one({"_id": id})
        if record is None:
            raise SuggestionNotFound(id)
        return Suggestion.of(record)

    async def exists(self, id: str) -> bool:
        return await self._suggestions.find_one({"_id": id}, {"_id": 1}) is not None

    async def view(self, id: str) -> dict[str, Any]:
        """The whole suggestion as people see it. Raises SuggestionNotFound."""
        suggestion = await self.get(id)
        return suggestion.view(await self.hunks(id))

    async def of_workspace(self, workspace: str, document: str | None = None) -> list[Suggestion]:
        """The newest ones that somebody asked for, newest first; of one document when it is named.

        Those of notices that no job has made are shown when somebody wants to see them.
        """
        wanted: dict[str, Any] = {"workspace": workspace, "job": {"$ne": ""}}
        if document is not None:
            wanted["documents"] = document
        found = self._suggestions.find(wanted).sort([("created_at", DESCENDING)]).limit(MOST_LISTED)
        return [Suggestion.of(record) async for record in found]

    async def begin_attempt(self, id: str, attempt: int) -> Suggestion | None:
        """From now on only `attempt` may write about the suggestion. None when there is none, or a later one began."""
        record = await self._suggestions.find_one_and_update(
            {"_id": id, "attempt": {"$lte": attempt}},
            {"$set": {"attempt": attempt}},
            return_document=ReturnDocument.AFTER,
        )
        return Suggestion.of(record) if record else None

    async def reopen(self, id: str, revived_at: int, attempt: int) -> None:
        """Let a suggestion stream again whose job has failed in an attempt up to `revived_at`; any other stays."""
        failed = {"_id": id, "state": SuggestionState.FAILED.value, "attempt": {"$lte": revived_at}}
        anew = {"state": SuggestionState.STREAMING.value, "attempt": attempt, "note": None, "error": None}
        await self._suggestions.update_one(failed, {"$set": anew})

    async def change(self, id: str, attempt: int, **fields: Any) -> bool:
        """Set `fields` of the record. False when another attempt has taken over: nothing was written."""
        result = await self._suggestions.update_one({"_id": id, "attempt": attempt}, {"$set": fields})
        return result.matched_count == 1

    # ---- hunks

    async def hunks(self, *suggestions: str) -> list[Hunk]:
        """All hunks of `suggestions`, in order."""
        found = self._hunks.find({"suggestion": {"$in": list(suggestions)}}).sort([("ord", ASCENDING)])
        return [Hunk.of(record) async for record in found]

    async def add_hunks(self, hunks: Sequence[Hunk]) -> bool:
        """Store `hunks` of one attempt. False when another attempt has taken over: none of them stays."""
        if not hunks:
            return True
        await self._hunks.insert_many([hunk.record() for hunk in hunks])
        # Looked at afterwards: an attempt that begins after this finds them, and takes them back itself.
        first = hunks[0]
        later = {"_id": first.suggestion, "attempt": {"$gt": first.attempt}}
        if await self._suggestions.find_one(later, {"_id": 1}) is None:
            return True
        # One that the later attempt has made its own stays.
        ids = [hunk.id for hunk in hunks]
        await self._hunks.delete_many({"_id": {"$in": ids}, "state": "streaming", "attempt": {"$lte": first.attempt}})
        return False

    async def rewrite_hunk(self, hunk: Hunk) -> None:
        """Replace a hunk that streams; `hunk` may be its last such version.

        One that is stored in any other state is left alone: it belongs to whoever decides. So is one of a later
        attempt: a worker that was stopped for a while may still have a write to make.
        """
        record = hunk.record()
        ours = {"_id": record.pop("_id"), "state": HunkState.STREAMING.value, "attempt": {"$lte": hunk.attempt}}
        await self._hunks.update_one(ours, {"$set": record})

    async def remove_streaming(self, ids: Iterable[str]) -> None:
        """Delete hunks that nobody can have decided."""
        await self._hunks.delete_many({"_id": {"$in": list(ids)}, "state": HunkState.STREAMING.value})

    async def release_streaming(self, suggestion: str) -> None:
        """What stands of `suggestion` will not be written on any more: people decide it from now on."""
        streaming = {"suggestion": suggestion, "state": HunkState.STREAMING.value}
        await self._hunks.update_many(streaming, {"$set": {"state": HunkState.PENDING.value}})

    async def follow(self, decisions: Sequence[DecisionRecord]) -> None:
        """Let the hunks be as `decisions` say: the next revision each; superseded ones are deleted. May be repeated."""
        gone = [decision.hunk for decision in decisions if decision.name == "superseded"]
        moves = [_move(decision) for decision in decisions if decision.name != "superseded"]
        if gone:
            await self._hunks.delete_many({"_id": {"$in": gone}})
        if moves:
            await self._hunks.bulk_write(moves, ordered=False)


def _move(decision: DecisionRecord) -> UpdateOne:
    decided = decision.to not in (HunkState.PENDING, HunkState.STALE) and decision.decided_by is not None
    fields: dict[str, Any] = {
        "state": decision.to.value,
        "revision": decision.revision + 1,
        "decided_by": decision.decided_by.view() if decided and decision.decided_by else None,
        "decided_at": decision.decided_at if decided else None,
    }
    # Of writings, nothing but a rejection that is taken back inserts a text.
    if decision.about.kind == "write" and (retyped := decision.insertion) is not None:
        fields["typed"] = [{"client": retyped.client, "length": retyped.length}]
        fields["anchors"] = [anchor.encode() for anchor in retyped.anchors]
    return UpdateOne({"_id": decision.hunk, "revision": decision.revision}, {"$set": fields})
