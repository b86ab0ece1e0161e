"""The feedback as training data, one JSON object a line, in formats that tuning tools read.

- `raw`: the records themselves (`ai.record.feedback_record`).
- `sft`: `{"messages": […]}`, chat fine-tuning: the prompt, and the answer as people left it.
- `dpo`: `{"input": {"messages": […]}, "preferred_output": […], "non_preferred_output": […]}`, preference tuning: what
  people made of an answer, preferred over the answer. Published at developers.openai.com/api/docs/guides (supervised
  fine-tuning, direct preference optimization); read by others too.
- `kto`: `{"prompt": […], "completion": […], "label": true|false}`, unpaired preferences in conversational form, as
  huggingface.co/docs/trl/dataset_formats has them.

A model answers a request as a whole while people decide hunk by hunk. An example is therefore a whole answer, put
together from the decisions on all of its hunks: a lone hunk would teach the model to answer with fragments. Where a
hunk is still to be decided, or the answer was cut off, there is none yet, or never. Where the prompt asks for
search/replace blocks, or for several new files, both are written so anew.

An answer belongs to the moment of its last decision. So a window of time always gives the same examples, once nothing
in it is measured any more; an answer that is decided anew comes again in the window of that decision.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ai.answers.block_writer import in_blocks
from ai.answers.blocks import mark_for
from ai.answers.files_writer import in_files
from ai.clock import rfc3339
from ai.deciding.decision_record import decision_id
from ai.models.port import ChatMessage
from ai.prompting.prompts import without_marks
from collab.yjs.offsets import slice_utf16, utf16_length, utf16_to_codepoint

Format = Literal["raw", "sft", "dpo", "kto"]
FORMATS: tuple[Format, ...] = ("raw", "sft", "dpo", "kto")

BATCH = 20
"""Records that are worked on at once: each may hold a prompt of half a megabyte."""

Record = Mapping[str, Any]
Answers = Callable[[Collection[str]], Awaitable[Mapping[str, Sequence[Record]]]]
"""All records of some suggestions, by suggestion, in the order of their decisions; their prompts may be left out."""

# The prompt asks for it where nothing is to remain; no format allows an answer without content.
_NOTHING = "```\n```"
_BOOKKEEPING = ("watch", "measure_at", "measured_by", "claimed_at")


async def export(records: AsyncIterable[Record], format: Format, answers: Answers) -> AsyncIterator[str]:
    """Lines with their line ends, without any that was given before.

    `records` come in the order of their decisions, equal times by id; `answers` looks at none that is decided later
    than the last of them may be. Memory: a batch of records, all decisions on the answers in it, and a hash per line.
    """
    given: set[bytes] = set()
    known: Mapping[str, Sequence[Record]] = {}
    async for batch in _batches(records):
        if format != "raw":
            wanted = {record["suggestion"] for record in batch}
            # Decisions made together stand together, so most answers reach from one batch into the next.
            kept = {suggestion: known[suggestion] for suggestion in wanted & known.keys()}
            known = {**kept, **(await answers(missing) if (missing := wanted - known.keys()) else {})}
        # In a thread: a long prompt takes milliseconds to write down.
        for line in await asyncio.to_thread(_lines, batch, format, known, given):
            yield line


async def _batches(records: AsyncIterable[Record]) -> AsyncIterator[list[Record]]:
    batch: list[Record] = []
    async for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _lines(
    batch: Sequence[Record], format: Format, known: Mapping[str, Sequence[Record]], given: set[bytes]
) -> list[str]:
    if format == "raw":
        return [_line(public(record)) for record in batch]
    lines = []
    for record in batch:
        whole = _decisions_on_the_answer(record, known.get(record["suggestion"], ()))
        if not whole or whole[-1]["_id"] != record["_id"]:
            continue
        answer = _Answer.of(record, whole)
        for example in _EXAMPLES[format](answer) if answer else ():
            key = hashlib.sha256(_line(_comparable(example)).encode()).digest()
            if key not in given:
                given.add(key)
                lines.append(_line(example))
    return lines


def _decisions_on_the_answer(record: Record, suggestion: Sequence[Record]) -> Sequence[Record]:
    """Each attempt at a suggestion, and each file of it, is an answer of its own; but files that were made at once are
    one."""
    same = [other for other in suggestion if other.get("attempt") == record.get("attempt")]
    return same if _form(record) == "files" else [other for other in same if other["document"] == record["document"]]


def _form(record: Record) -> str | None:
    return (record.get("answer") or {}).get("form")


@dataclass(frozen=True, slots=True)
class _Answer:
    """A whole answer as the model proposed it, and as people wanted it: None where they wanted none of it."""

    messages: list[dict[str, str]]
    proposed: str
    wanted: str | None
    taken_whole: bool

    @classmethod
    def of(cls, last: Record, records: Sequence[Record]) -> "_Answer | None":
        """Of all decisions on it, the `last` with its prompt. None where it cannot be told what people wanted of the
        answer, or no model made it."""
        decided = sorted(_decided(records), key=lambda one: _place(one[0]))
        answer = last.get("answer")
        if answer is None or not answer["whole"] or len(decided) != answer["hunks"]:
            return None
        selection = "" if last["kind"] in ("write", "completion") else last["selection"]
        if last["provider"] == "local" or not last["messages"] or selection is None:
            return None
        spelled = _SPELLINGS[answer["form"]]
        proposed = spelled(selection, [(hunk, hunk["proposed_text"]) for hunk, _ in decided])
        wanted = spelled(selection, [(hunk, _left(hunk)) for hunk, taken in decided if taken])
        if proposed is None or wanted is None:
            return None
        return cls(
            [{"role": message["role"], "content": message["content"]} for message in last["messages"]],
            proposed or _NOTHING,
            (wanted or _NOTHING) if any(taken for _, taken in decided) else None,
            all(taken and _taken_whole(hunk) and _is_left(hunk) for hunk, taken in decided),
        )


def _decided(records: Sequence[Record]) -> Iterator[tuple[Record, bool]]:
    """The last record of each hunk that was decided, with whether its text was taken."""
    history: dict[str, list[Record]] = {}
    for record in records:
        history.setdefault(record["hunk"], []).append(record)
    for decisions in history.values():
        taken = None
        for record in decisions:
            match record["decision"]:
                # To undo an acceptance is to reject, and so is to undo what nobody has decided yet, as what was typed
                # may be; to undo a rejection, or that, is to leave it open again.
                case "undone":
                    taken = False if taken or record["_id"] == decision_id(record["hunk"], 0) else None
                case name:
                    taken = {"accepted": True, "rejected": False}.get(name)
        if taken is not None:
            yield decisions[-1], taken


def _place(hunk: Record) -> tuple[int, int]:
    """In the selection, or among the files that were made at once."""
    start, end = hunk["place"] or (0, 0)
    file = hunk["answer"].get("file") if hunk["answer"] else None
    return (start, end) if file is None else (file, file)


def _left(hunk: Record) -> str:
    """The text as people left it, or as they took it where nobody has looked again."""
    text: str = hunk["proposed_text"] if hunk["final_text"] is None else hunk["final_text"]
    return text


def _is_left(hunk: Record) -> bool:
    """False where people took it and then deleted all of it."""
    return bool(_left(hunk)) or not hunk["proposed_text"]


def _taken_whole(hunk: Mapping[str, Any]) -> bool:
    """False for a completion of which a word or a line was accepted."""
    accepted = hunk["corrections"].get("accepted")
    return accepted is None or accepted["part"] == "whole"


_Pieces = Sequence[tuple[Record, str]]
"""What is to stand where a hunk's base text stands in the selection, in order."""


def _put_together(selection: str, pieces: _Pieces) -> str | None:
    """None where pieces overlap: two that touch one secret are one mark now."""
    parts: list[str] = []
    reached = 0
    for hunk, text in pieces:
        start, end = _place(hunk)
        if start < reached:
            return None
        parts += [slice_utf16(selection, reached, start), text]
        reached = end
    return "".join(parts) + slice_utf16(selection, reached, utf16_length(selection))


def _in_blocks(selection: str, pieces: _Pieces) -> str | None:
    """As the prompt asks for it; "" where nothing was taken. None as above, and where blocks cannot say it: also that
    the text stays as it was."""
    if not pieces or _put_together(selection, pieces) is None:
        return None if pieces else ""
    places = [
        (utf16_to_codepoint(selection, start), utf16_to_codepoint(selection, end), text)
        for (start, end), text in ((_place(hunk), text) for hunk, text in pieces)
    ]
    return in_blocks(selection, places, mark_for(selection))


def _in_files(_: str, pieces: _Pieces) -> str | None:
    """Each at the path where it was made, wherever it is now."""
    return in_files([(hunk["path"], text) for hunk, text in pieces])


_SPELLINGS: Mapping[str, Callable[[str, _Pieces], str | None]] = {
    "text": _put_together,
    "blocks": _in_blocks,
    "files": _in_files,
}


def _sft(answer: _Answer) -> Iterator[dict[str, Any]]:
    if answer.wanted is not None:
        yield {"messages": [*answer.messages, _said(answer.wanted)]}


def _dpo(answer: _Answer) -> Iterator[dict[str, Any]]:
    if answer.wanted is not None and answer.wanted != answer.proposed:
        yield {
            "input": {"messages": answer.messages},
            "preferred_output": [_said(answer.wanted)],
            "non_preferred_output": [_said(answer.proposed)],
        }


def _kto(answer: _Answer) -> Iterator[dict[str, Any]]:
    yield {"prompt": answer.messages, "completion": [_said(answer.proposed)], "label": answer.taken_whole}
    if answer.wanted is not None and not answer.taken_whole:
        yield {"prompt": answer.messages, "completion": [_said(answer.wanted)], "label": True}


_EXAMPLES = {"sft": _sft, "dpo": _dpo, "kto": _kto}


def _said(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def _comparable(example: dict[str, Any]) -> dict[str, Any]:
    """The example without the random words that set equal prompts apart."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(item) for name, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return without_marks([ChatMessage("user", value)])[0].content if isinstance(value, str) else value

    return {name: plain(value) for name, value in example.items()}


def public(record: Record) -> dict[str, Any]:
    """The record as it is exported: times as RFC 3339, without the bookkeeping."""
    fields = {name: value for name, value in record.items() if name not in ("_id", *_BOOKKEEPING)}
    looks = {name: {**look, "at": rfc3339(look["at"])} for name, look in record["corrections"].items()}
    return {"id": record["_id"], **fields, "decided_at": rfc3339(record["decided_at"]), "corrections": looks}


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
