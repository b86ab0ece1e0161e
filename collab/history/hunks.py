"""What differs between two texts, as the JSON that people's programs get.

Millions of lines may differ. They are written where they are compared, most often in another process: to take them back
from there, look at each and write it would hold up the event loop for most of a second. They are written some thousands
at a time, since a thread that does it lets others in only between two calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from collab.replicas.differences import LineDifference, line_differences

PORTION = 5_000
"""Lines that are written at a time."""

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def hunks(old: str, new: str) -> bytes:
    """Of lines that are counted from 1."""
    return b'{"hunks":[' + b",".join(map(_hunk, line_differences(old, new))) + b"]}"


def _hunk(found: LineDifference) -> bytes:
    old, new = found.old_start + 1, found.new_start + 1
    places = {
        "old_start": old,
        "old_end": old + len(found.removed),
        "new_start": new,
        "new_end": new + len(found.added),
    }
    removed, added = (b",".join(_portions(lines)) for lines in (found.removed, found.added))
    return _json(places)[:-1].encode() + b',"removed":[' + removed + b'],"added":[' + added + b"]}"


def _portions(lines: list[str]) -> Iterator[bytes]:
    for at in range(0, len(lines), PORTION):
        yield _json(lines[at : at + PORTION])[1:-1].encode()
