"""Judges hunks against the document as this process sees it, and computes what carries a decision out."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ai.deciding.decision_updates import Change, Edit, Insertion, carry_out, places, restorations, rests_on, retyped
from ai.proposals.hunks import Effect, Hunk, Transition
from collab.replicas.edits import TextEdit
from collab.rooms.arriving import until_known
from collab.rooms.room import Room

PATIENCE = 5.0
"""Seconds to wait for the log, or for what another process wrote: whoever clicked deserves an answer."""


class CannotJudgeNow(Exception):
    """The log or another process does not keep up. Nothing was decided; trying again in a moment is right."""


@dataclass(frozen=True, slots=True)
class Case:
    """`accepted` is, with the effect restore alone, what the acceptance inserted that is to be undone."""

    hunk: Hunk
    transition: Transition
    accepted: Insertion | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`edit` is None where the document stays as it is: always when not `intact`."""

    intact: bool
    edit: Edit | None = None


async def judge(room: Room, cases: Sequence[Case]) -> list[Verdict]:
    """One verdict for each of `cases`, all of hunks in the document of `room`.

    The bytes rest on logged text alone, so that no crash can leave a decision that fits nowhere: `Room.durable` comes
    after they were computed, and before anybody stores them. What people typed meanwhile is looked at once more before
    this returns; what they type from here on until the bytes are applied survives beside the proposed text, because
    bytes that delete the base do not delete anything that was typed into it since.

    Raises:
        CannotJudgeNow
    """
    try:
        async with asyncio.timeout(PATIENCE):
            await until_known(room, _needed(cases))
            room.flush()
            changed = False

            def note(update: bytes) -> None:
                nonlocal changed
                changed = True

            stop = room.audience.observe(note)
            try:
                verdicts = _compute(room, cases)
                await room.durable()
            finally:
                stop()
    except TimeoutError as error:
        raise CannotJudgeNow from error
    return _again(room, cases, verdicts) if changed else verdicts


def _needed(cases: Sequence[Case]) -> dict[int, int]:
    needed: dict[int, int] = {}
    for case in cases:
        for client, clock in rests_on(case.transition.effect, case.hunk, case.accepted).items():
            needed[client] = max(clock, needed.get(client, 0))
    return needed


def _compute(room: Room, cases: Sequence[Case]) -> list[Verdict]:
    where = iter(places(room.doc, _with_base(cases)))
    undone = [(case.hunk, case.accepted) for case in cases if case.accepted is not None]
    restored = iter(restorations(room.doc, undone))
    again = iter(retyped(room.doc, [case.hunk for case in cases if case.transition.effect is Effect.RETYPE]))
    changes: list[Change | None] = []
    stale: list[bool] = []
    for case in cases:
        place = next(where) if case.transition.needs_base else None
        stale.append(case.transition.needs_base and place is None)
        match case.transition.effect:
            case Effect.REPLACE if place is not None:
                changes.append(Change(TextEdit(*place, case.hunk.proposed)))
            case Effect.RESTORE:
                changes.append(next(restored))
            case Effect.DELETE_TYPED:
                changes.append(Change(deleted=dict(case.hunk.typed)))
            case Effect.RETYPE:
                changes.append(next(again))
            case _:
                changes.append(None)
    edits = iter(carry_out(room.doc, [change for change in changes if change is not None], room.state))
    return [
        Verdict(intact=not gone, edit=next(edits) if change is not None else None)
        for gone, change in zip(stale, changes, strict=True)
    ]


def _again(room: Room, cases: Sequence[Case], verdicts: Sequence[Verdict]) -> list[Verdict]:
    room.flush()
    where = iter(places(room.doc, _with_base(cases)))
    return [
        Verdict(intact=False) if case.transition.needs_base and next(where) is None else verdict
        for case, verdict in zip(cases, verdicts, strict=True)
    ]


def _with_base(cases: Sequence[Case]) -> list[Hunk]:
    return [case.hunk for case in cases if case.transition.needs_base]
