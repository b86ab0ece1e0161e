"""Decisions on hunks, each carried out exactly once.

Whoever inserts the record of collection ``decisions`` decides: its `_id` is the hunk and its revision, so there is one
per revision, and it already holds the bytes of the Yjs update that carries it out. From then on those bytes are only
ever sent again, by whoever finds the record unfinished; the same bytes twice are one edit, while a second computation
would be a second edit.

Everything that makes a hunk leave a state goes this way, also becoming stale: two processes that judge one hunk
differently, because one has already seen the other's edit, then still agree on what happened to it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pycrdt import merge_updates
from pymongo.errors import BulkWriteError

from ai import metrics
from ai.announcements import Announcements
from ai.clock import now
from ai.deciding.carrying import Carrying
from ai.deciding.decision_record import About, DecisionName, DecisionRecord, decision_id
from ai.deciding.decision_updates import Edit, Insertion, deletion
from ai.deciding.judging import Case, Verdict, judge
from ai.languages import language_of
from ai.pool.jobs import Person
from ai.proposals.hunks import Decision, Effect, Hunk, HunkState, Transition, transition
from ai.proposals.suggestions import Suggestion, Suggestions
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.yjs.update import read_update
from storage.mongo import Database

_DUPLICATE_KEY = 11000

_GONE = "Its file is gone."

_NAMES: dict[Decision, DecisionName] = {
    Decision.ACCEPT: "accepted",
    Decision.REJECT: "rejected",
    Decision.UNDO: "undone",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision came to for one hunk: its state now, and why it was not decided, None when it was.

    `state` is None where there is no such hunk in the suggestion.
    """

    hunk: str
    state: HunkState | None
    refusal: str | None = None

    def view(self) -> dict[str, Any]:
        shown = {"id": self.hunk, "state": self.state.value if self.state else None}
        return shown | ({"reason": self.refusal} if self.refusal else {})


class Decisions:
    def __init__(
        self, db: Database, rooms: Rooms, suggestions: Suggestions, announcements: Announcements, carrying: Carrying
    ) -> None:
        self._decisions = db["decisions"]
        self._rooms = rooms
        self._suggestions = suggestions
        self._announcements = announcements
        self._carrying = carrying

    async def decide(
        self,
        suggestion: Suggestion,
        which: Sequence[str] | None,
        decision: Decision,
        by: Person,
        reason: str | None = None,
        *,
        trashed: Collection[str] = (),
        shown: Mapping[str, int] | None = None,
        seen: Mapping[str, int] | None = None,
    ) -> list[Outcome]:
        """Decide the hunks `which` of `suggestion`; None means all for which the decision can be made.

        A hunk that somebody else has decided or that has become stale is refused, and so is a change of a document that
        is among those `trashed`; the others go ahead. On return the outcome is durable, in the document too.

        `shown` is for how many ms each hunk was on the screen of whoever decides, without those that were not; None
        where their client did not say.

        `seen` is the revision in which whoever decides saw each hunk. Of two who press the same button at once the
        second must not take back what the first has done, so a hunk in another revision is refused.

        Raises:
            collab.refusals.DocumentTooLarge, collab.refusals.Overloaded: nothing more was decided.
            ai.deciding.judging.CannotJudgeNow, pymongo.errors.PyMongoError: what was decided by then is carried out
            soon.
        """
        hunks = {hunk.id: hunk for hunk in await self._suggestions.hunks(suggestion.id)}
        chosen = list(hunks) if which is None else list(dict.fromkeys(which))
        outcomes: dict[str, Outcome] = {}
        possible: dict[str, list[tuple[Hunk, Transition]]] = defaultdict(list)
        for name in chosen:
            hunk = hunks.get(name)
            if hunk is None:
                outcomes[name] = Outcome(name, None, "There is no such hunk in this suggestion.")
            elif (step := transition(hunk.mode, hunk.state, decision)) and is_meant(hunk, step, seen or {}):
                if hunk.document in trashed and step.effect is not Effect.NONE:
                    outcomes[name] = Outcome(name, hunk.state, _GONE)
                else:
                    possible[hunk.document].append((hunk, step))
            elif which is not None:
                outcomes[name] = Outcome(name, hunk.state, hunk.why_not())
        if which is None and not possible:
            streaming = [hunk for hunk in hunks.values() if hunk.state is HunkState.STREAMING]
            outcomes |= {hunk.id: Outcome(hunk.id, hunk.state, hunk.why_not()) for hunk in streaming}
        for document, steps in possible.items():
            outcomes |= await self._decide_in(document, steps, suggestion, decision, by, reason, shown)
        if possible:
            await self._announcements.suggestion_changed(await self._suggestions.view(suggestion.id))
        return [outcomes[name] for name in chosen if name in outcomes]

    async def outdate(self, suggestion: Suggestion, by: Person) -> None:
        """Put on record which of the pending hunks of `suggestion` are stale by now, found out by `by`.

        Raises:
            ai.deciding.judging.CannotJudgeNow, pymongo.errors.PyMongoError
        """
        pending: dict[str, list[Hunk]] = defaultdict(list)
        for hunk in await self._suggestions.hunks(suggestion.id):
            if hunk.mode == "edit" and hunk.state is HunkState.PENDING:
                pending[hunk.document].append(hunk)
        found = 0
        for document, hunks in pending.items():
            cases = [Case(hunk, Transition(hunk.state, Effect.NONE, needs_base=True)) for hunk in hunks]
            try:
                async with self._rooms.open(document) as room:
                    verdicts = await judge(room, cases)
            except (DocumentGone, DocumentNotFound):
                continue
            outdated = [hunk for hunk, verdict in zip(hunks, verdicts, strict=True) if not verdict.intact]
            records = [_record(suggestion, hunk, "stale", HunkState.STALE, by) for hunk in outdated]
            ours = await self._insert(records)
            won = [record for record in records if record.id in ours]
            await self._carrying.show(won)
            self._carrying.learn_later(won)
            found += len(won)
        if found:
            await self._announcements.suggestion_changed(await self._suggestions.view(suggestion.id))

    async def _decide_in(
        self,
        document: str,
        steps: Sequence[tuple[Hunk, Transition]],
        suggestion: Suggestion,
        decision: Decision,
        by: Person,
        reason: str | None,
        shown: Mapping[str, int] | None,
    ) -> dict[str, Outcome]:
        verdicts = [Verdict(intact=True) for _ in steps]
        if any(step.needs_base or step.effect is not Effect.NONE for _, step in steps):
            accepted = await self._accepted(steps)
            cases = [Case(hunk, step, accepted.get(hunk.id)) for hunk, step in steps]
            try:
                async with self._rooms.open(document) as room:
                    verdicts = await judge(room, cases)
                    _check_room(room, cases, verdicts)
            except (DocumentGone, DocumentNotFound):
                return {hunk.id: Outcome(hunk.id, hunk.state, _GONE) for hunk, _ in steps}
        records = [
            _record(suggestion, hunk, _NAMES[decision], step.state, by, reason, verdict.edit, shown)
            if verdict.intact
            else _record(suggestion, hunk, "stale", HunkState.STALE, by, reason, shown=shown)
            for (hunk, step), verdict in zip(steps, verdicts, strict=True)
        ]
        ours = await self._insert(records)
        decided = [record for record in records if record.id in ours]
        await self._carrying.show(decided)
        self._carrying.learn_later(decided)
        return {record.hunk: await self._outcome(record, ours) for record in records}

    async def _accepted(self, steps: Sequence[tuple[Hunk, Transition]]) -> dict[str, Insertion]:
        """What acceptances inserted that `steps` undo, by hunk: each is the hunk's decision before."""
        before = [decision_id(hunk.id, hunk.revision - 1) for hunk, step in steps if step.effect is Effect.RESTORE]
        found = self._decisions.find({"_id": {"$in": before}})
        records = [DecisionRecord.of(record) async for record in found] if before else []
        return {record.hunk: record.insertion for record in records if record.insertion is not None}

    async def _insert(self, records: Sequence[DecisionRecord]) -> set[str]:
        """Insert `records`; the ids of those that decided, as nobody had been before them."""
        ids = {record.id for record in records}
        if not records:
            return ids
        try:
            await self._decisions.insert_many([record.record() for record in records], ordered=False)
        except BulkWriteError as error:
            failures = error.details["writeErrors"]
            if any(failure["code"] != _DUPLICATE_KEY for failure in failures):
                raise
            ids -= {records[failure["index"]].id for failure in failures}
        for record in records:
            if record.id in ids:
                metrics.DECISIONS.labels(record.name).inc()
        return ids

    async def _outcome(self, record: DecisionRecord, ours: set[str]) -> Outcome:
        if record.id in ours:
            stale = record.to is HunkState.STALE
            return Outcome(record.hunk, record.to, _STALE if stale else None)
        # Somebody else was first, and may be about to die or still on the way: their decision holds, and nobody is
        # told of it before it is in the document.
        found = await self._decisions.find_one({"_id": record.id})
        theirs = DecisionRecord.of(found) if found else record
        if not theirs.finished:
            await self._carrying.finish([theirs])
        by = f" by {theirs.decided_by.name}" if theirs.decided_by else ""
        refusal = _STALE if theirs.to is HunkState.STALE else f"It was already {theirs.name}{by}."
        return Outcome(record.hunk, theirs.to, refusal)

    async def supersede(self, suggestion: Suggestion, hunks: Sequence[Hunk]) -> list[str]:
        """Take back `hunks`, pending ones of an earlier attempt; the ids of those that nobody had decided before.

        What was typed for them is deleted; its document is the same for all, and its room knows what was typed.
        """
        records = [
            _record(suggestion, hunk, "superseded", HunkState.STALE, None, edit=_untyped(hunk)) for hunk in hunks
        ]
        ours = await self._insert(records)
        won = [record for record in records if record.id in ours]
        await self._carrying.finish(won)
        return [record.hunk for record in won]


def _record(
    suggestion: Suggestion,
    hunk: Hunk,
    name: DecisionName,
    to: HunkState,
    by: Person | None,
    reason: str | None = None,
    edit: Edit | None = None,
    shown: Mapping[str, int] | None = None,
) -> DecisionRecord:
    return DecisionRecord(
        hunk.id,
        hunk.revision,
        suggestion.id,
        suggestion.job,
        suggestion.workspace,
        hunk.document,
        name,
        to,
        by,
        now(),
        reason,
        edit.update if edit else None,
        edit.insertion if edit else None,
        was_shown=hunk.id in shown if shown is not None else None,
        shown_ms=shown.get(hunk.id) if shown is not None else None,
        about=About(
            "notice" if suggestion.notice else hunk.mode,
            suggestion.model,
            language_of(hunk.path),
            suggestion.requested_by.id,
        ),
    )


def _untyped(hunk: Hunk) -> Edit | None:
    return Edit(deletion(dict(hunk.typed))) if any(length for _, length in hunk.typed) else None


_STALE = "Its text was changed meanwhile, so it does not fit any more. Ask for it again."


def _check_room(room: Room, cases: Sequence[Case], verdicts: Sequence[Verdict]) -> None:
    """Raises what the room would of the changes together: what is recorded is carried out, however much later."""
    changes = [(case, verdict.edit.update) for case, verdict in zip(cases, verdicts, strict=True) if verdict.edit]
    if changes:
        update = merge_updates(*(update for _, update in changes)) if len(changes) > 1 else changes[0][1]
        growth = sum(_growth(case) for case, _ in changes)
        room.check(update, read_update(update, room.kind), growth)


def is_meant(hunk: Hunk, step: Transition, seen: Mapping[str, int]) -> bool:
    """Whether whoever takes `step` means `hunk` as it is by now, see `Decisions.decide`."""
    if hunk.id in seen:
        return seen[hunk.id] == hunk.revision
    # Nobody can know that who sends this has seen it undone: it may be the very request that undid it, sent again.
    return not (hunk.state is HunkState.UNDONE and step.effect is Effect.RETYPE)


def _growth(case: Case) -> int:
    """Bytes by which the text becomes longer."""
    base, proposed = len(case.hunk.base.encode()), len(case.hunk.proposed.encode())
    match case.transition.effect:
        case Effect.REPLACE:
            return proposed - base
        case Effect.RESTORE:
            return base - proposed
        case Effect.RETYPE:
            return proposed
        case _:
            return 0
