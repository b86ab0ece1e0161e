"""Corrections: what people made of the texts that they accepted, looked at when their time has come."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from pycrdt import Doc, Text
from pymongo import ASCENDING, UpdateOne

from ai.clock import now
from ai.record.consent import Consent
from ai.record.feedback_record import BESIDE, correction
from ai.record.watching import Watch
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.files.files import Files
from collab.replicas.positions import Anchor, deleted, resolve
from collab.rooms.rooms import Rooms
from storage.mongo import Database

MEASURING = 30.0
"""Seconds that one look may take before another process takes it for lost."""

TOGETHER = 200
"""Texts of one document that are looked at together, with one copy of the document for all of them."""

PATIENCE = 3600.0
"""Seconds after a decision in which a text that is not known here is still waited for."""

_NEEDED = dict.fromkeys(("workspace", "decided_at", "proposed_text", "redactions", "watch", "measured_by"), 1)

Look = tuple[str, str, str]
"""A text that was accepted, as it is now, between what stands in front of it and behind it."""


class Corrections:
    def __init__(self, db: Database, rooms: Rooms, files: Files, consent: Consent) -> None:
        self._feedback = db["feedback"]
        self._rooms = rooms
        self._files = files
        self._consent = consent

    async def measure_due(self) -> int:
        """Look at the accepted texts whose time has come; how many there were."""
        count = 0
        while records := await self._claim():
            document = records[0]["watch"]["document"]
            at = records[0]["claimed_at"]
            found = await self._look(document, [Watch.of(record["watch"]) for record in records])
            changes = await asyncio.to_thread(_measured, records, found, at)
            await self._feedback.bulk_write(await self._as_far_as_kept(records, changes), ordered=False)
            count += len(records)
        return count

    async def _claim(self) -> list[dict[str, Any]]:
        """Texts of one document that are due, for this process alone; the next look is the lease.

        Whoever dies over them is followed by another process.
        """
        at, ours = now(), uuid4().hex
        due = {"measure_at": {"$lte": at}}
        first = await self._feedback.find_one(due, {"watch": 1}, sort=[("measure_at", ASCENDING)])
        if first is None or first["watch"] is None:
            return []
        due["watch.document"] = first["watch"]["document"]
        found = [one["_id"] async for one in self._feedback.find(due, {"_id": 1}).limit(TOGETHER)]
        claim = {"measure_at": at + MEASURING, "measured_by": ours, "claimed_at": at}
        await self._feedback.update_many({**due, "_id": {"$in": found}}, {"$set": claim})
        claimed = self._feedback.find({"_id": {"$in": found}, "measured_by": ours}, {**_NEEDED, "claimed_at": 1})
        return [record async for record in claimed]

    async def _look(self, document: str, watches: Sequence[Watch]) -> list[Look | None] | None:
        """What stands between the anchors of each now, see `looks`; None when the document is gone."""
        if await self._files.path_of(document) is None:
            return None  # in the trash, where nobody has left it as it should be
        try:
            async with self._rooms.open(document) as room:
                await room.copyable()
                room.flush()
                return looks(room.doc, watches)
        except (DocumentGone, DocumentNotFound):
            return None

    async def _as_far_as_kept(
        self, records: Sequence[dict[str, Any]], changes: Sequence[dict[str, Any]]
    ) -> list[UpdateOne]:
        terms = await self._consent.terms(records[0]["workspace"])
        return [
            UpdateOne(
                {"_id": record["_id"], "measured_by": record["measured_by"]},
                {"$set": change if terms.cover(record["decided_at"]) else _NOTHING_MORE},
            )
            for record, change in zip(records, changes, strict=True)
        ]


_NOTHING_MORE = {"watch": None, "measure_at": None, "measured_by": None, "claimed_at": None}


def looks(doc: Doc[Any], watches: Sequence[Watch]) -> list[Look | None]:
    """The texts of `watches` as they are in `doc`; None for one that this replica has never had.

    An end whose own character was deleted reaches as far as what stood beside it at the time: people who replace the
    last words have deleted them first.
    """
    inner = [Anchor.decode(anchor) for watch in watches for anchor in watch.anchors]
    outer = [Anchor.decode(anchor) for watch in watches for anchor in watch.around]
    places = resolve(doc, [*inner, *outer])
    gone = deleted(doc, inner)
    units = str(doc.get("text", type=Text)).encode("utf-16-le")
    found: list[Look | None] = []
    for number in range(len(watches)):
        ends = slice(2 * number, 2 * number + 2)
        (start, end), (left, right) = places[ends], places[len(inner) :][ends]
        if start is None or end is None:
            found.append(None)
            continue
        if gone[2 * number] and left is not None:
            start = min(start, left)
        if gone[2 * number + 1] and right is not None:
            end = max(end, right)
        found.append(_cut(units, start, max(start, end)))
    return found


def _cut(units: bytes, start: int, end: int) -> Look:
    # Half of a character at the far ends is nothing to find a secret by.
    before = units[2 * max(0, start - BESIDE) : 2 * start].decode("utf-16-le", "ignore")
    behind = units[2 * end : 2 * (end + BESIDE)].decode("utf-16-le", "ignore")
    return before, units[2 * start : 2 * end].decode("utf-16-le"), behind


def _measured(
    records: Sequence[dict[str, Any]], found: Sequence[Look | None] | None, at: float
) -> list[dict[str, Any]]:
    """The fields to set in each of `records`. In a thread: comparing long texts takes a while."""
    if found is None:
        return [_NOTHING_MORE for _ in records]
    changes: list[dict[str, Any]] = []
    for record, look in zip(records, found, strict=True):
        if look is None:
            # It may be on its way from another process: the lease runs out, and somebody looks again.
            patient = at < record["decided_at"] + PATIENCE
            changes.append({"measured_by": None} if patient else _NOTHING_MORE)
        else:
            fields: dict[str, Any] = dict(_NOTHING_MORE)
            before, text, behind = look
            measured, watch = Watch.of(record["watch"]).look(text, at)
            for moment in measured:
                fields |= correction(record, moment, text, at, (before, behind))
            fields |= {"watch": watch.record(), "measure_at": watch.next}
            changes.append(fields)
    return changes
