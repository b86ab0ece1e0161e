"""Where hunks stand in the documents as they are now, for those who have no replica to find it out with."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from ai.hunks import Hunk, HunkState
from collab.positions import Anchor, resolve
from collab.rooms import Rooms
from collab.snapshots import DocumentGone, DocumentNotFound

_OPEN = (HunkState.STREAMING, HunkState.PENDING)


async def placed(rooms: Rooms, hunks: Sequence[Hunk]) -> list[Hunk]:
    """`hunks` with those that can still be decided where their text stands now; the others as they were last."""
    by_document: dict[str, list[Hunk]] = defaultdict(list)
    for hunk in hunks:
        if hunk.state in _OPEN:
            by_document[hunk.document].append(hunk)
    moved: dict[str, Hunk] = {}
    for document, standing in by_document.items():
        try:
            async with rooms.open(document) as room:
                room.flush()
                anchors = [Anchor.decode(anchor) for hunk in standing for anchor in hunk.anchors]
                found = resolve(room.doc, anchors)
        except (DocumentGone, DocumentNotFound):
            continue
        for hunk, start, end in zip(standing, found[::2], found[1::2], strict=True):
            if start is not None and end is not None:
                moved[hunk.id] = replace(hunk, start=start, end=max(start, end))
    return [moved.get(hunk.id, hunk) for hunk in hunks]
