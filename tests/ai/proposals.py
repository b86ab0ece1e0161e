"""Suggestions put straight into the records, for tests of what people do with them."""

from uuid import uuid4

from ai.clock import now
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.suggestions import Suggestion, SuggestionState
from collab.replicas.edits import TextEdit
from collab.replicas.positions import range_anchors
from collab.yjs.offsets import slice_utf16, utf16_length
from tests.ai.group import ANN, Process

GENERATION = {
    "attempt": 1,
    "provider": "openai",
    "model": "scripted",
    "params": {},
    "messages": [{"role": "user", "content": "Change it."}],
    "context": [],
    "timings": {"queued": 0.01, "first_token": 0.2, "total": 1.5},
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "cost": None},
}


async def propose(process: Process, document: str, *edits: tuple[str, str] | TextEdit) -> tuple[str, list[str]]:
    """A suggestion that is ready, with one hunk for each edit; their ids. A pair is (text that is there once, new)."""
    async with process.rooms.open(document) as room:
        text = room.text
        ranges = []
        for edit in edits:
            if isinstance(edit, TextEdit):
                ranges.append((edit.start, edit.end))
            else:
                assert text.count(edit[0]) == 1
                start = utf16_length(text[: text.index(edit[0])])
                ranges.append((start, start + utf16_length(edit[0])))
        anchors = range_anchors(room.doc, ranges)
        await room.durable()
    suggestion = Suggestion(
        uuid4().hex,
        uuid4().hex,
        process.workspace,
        "edit",
        (document,),
        ANN,
        "Change it.",
        SuggestionState.READY,
        now(),
        1,
        "scripted",
        generations={document: GENERATION | {"selection": text, "start": 0}},
    )
    hunks = [
        Hunk(
            uuid4().hex,
            suggestion.id,
            process.workspace,
            document,
            "a.md",
            "edit",
            1,
            start,
            start,
            end,
            (first.encode(), last.encode()),
            slice_utf16(text, start, end),
            edit.text if isinstance(edit, TextEdit) else edit[1],
            HunkState.PENDING,
        )
        for (start, end), (first, last), edit in zip(ranges, anchors, edits, strict=True)
    ]
    await process.assistant.suggestions.create(suggestion)
    await process.assistant.suggestions.add_hunks(sorted(hunks, key=lambda hunk: hunk.ord))
    return suggestion.id, [hunk.id for hunk in hunks]
