"""Where hunks stand in the documents as they are now, for those who have no replica to find it out with."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ai.deciding.decision_updates import places
from ai.proposals.hunks import Hunk, HunkState
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.files.files import Files
from collab.replicas.positions import Anchor, resolve
from collab.rooms.rooms import Rooms

_OPEN = (HunkState.STREAMING, HunkState.PENDING)


async def placed(rooms: Rooms, files: Files, hunks: Sequence[Hunk]) -> list[Hunk]:
    """`hunks` as they stand now: where their text is, under which path, and stale where it has been changed.

    Those that nobody can decide any more are as they were last. That a hunk is stale is only shown here, and recorded
    with a decision alone: what made it so may be taken back.
    """
    by_document: dict[str, list[Hunk]] = defaultdict(list)
    for hunk in hunks:
        if hunk.state in _OPEN:
            by_document[hunk.document].append(hunk)
    moved: dict[str, Hunk] = {}
    for document, standing in by_document.items():
        path = await files.path_of(document)
        try:
            async with rooms.open(document) as room:
                room.flush()
                found = resolve(room.doc, [Anchor.decode(anchor) for hunk in standing for anchor in hunk.anchors])
                intact = places(room.doc, standing)
        except (DocumentGone, DocumentNotFound):
            continue
        for hunk, start, end, place in zip(standing, found[::2], found[1::2], intact, strict=True):
            now = replace(hunk, path=path or hunk.path)
            if start is not None and end is not None:
                now = replace(now, start=start, end=max(start, end))
                if place is None and hunk.mode == "edit" and hunk.state is HunkState.PENDING:
                    now = replace(now, state=HunkState.STALE)
            moved[hunk.id] = now
    return [moved.get(hunk.id, hunk) for hunk in hunks]
