"""Where a hunk stands by now, and when it is stale: the same cases as client/src/assistant/placement.test.ts."""

import json
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Text

from ai.deciding.decision_updates import places
from ai.proposals.hunks import Hunk, HunkState
from collab.replicas.edits import TextEdit, edit_update
from collab.replicas.positions import range_anchors
from collab.yjs.offsets import slice_utf16

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "hunks.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_places(case: dict[str, Any]) -> None:
    doc: Doc[Any] = Doc(client_id=5)
    text = doc.get("text", type=Text)
    text += case["text"]
    start, end = case["start"], case["end"]
    [(first, last)] = range_anchors(doc, [(start, end)])
    base = slice_utf16(case["text"], start, end)
    anchors = (first.encode(), last.encode())
    hunk = Hunk("h", "s", "w", "d", "a", "edit", 1, 0, start, end, anchors, base, "new", HunkState.PENDING)
    for number, (at, length, inserted) in enumerate(case["edits"]):
        doc.apply_update(edit_update(doc, [TextEdit(at, at + length, inserted)], 10 + number))
    [place] = places(doc, [hunk])
    assert place == (tuple(case["place"]) if case["place"] else None)
