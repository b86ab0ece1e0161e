"""The feedback as training data, one JSON object a line, in formats that tuning tools read.

- `raw`: the records themselves (`ai.feedback_record`).
- `sft`: `{"messages": […]}`, chat fine-tuning: the prompt, and the answer as people left it.
- `dpo`: `{"input": {"messages": […]}, "preferred_output": […], "non_preferred_output": […]}`, preference tuning: what
  people made of an answer, preferred over the answer. Published at developers.openai.com/api/docs/guides (supervised
  fine-tuning, direct preference optimization); read by others too.
- `kto`: `{"prompt": […], "completion": […], "label": true|false}`, unpaired preferences in conversational form, as
  huggingface.co/docs/trl/dataset_formats has them.

A model answers a request as a whole while people decide hunk by hunk. An example is therefore a whole answer, put
together from the decisions on all of its hunks: a lone hunk would teach the model to answer with fragments.
"""

import hashlib
import json
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ai.clock import rfc3339
from ai.models.port import ChatMessage
from ai.prompts import without_marks
from collab.offsets import slice_utf16, utf16_length

Format = Literal["raw", "sft", "dpo", "kto"]
FORMATS: tuple[Format, ...] = ("raw", "sft", "dpo", "kto")

_BY_TIME = (("decided_at", 1), ("_id", 1))
SORT: Mapping[Format, Sequence[tuple[str, int]]] = {
    "raw": _BY_TIME,
    "sft": (("suggestion", 1), *_BY_TIME),
    "dpo": (("suggestion", 1), *_BY_TIME),
    "kto": (("suggestion", 1), *_BY_TIME),
}
"""The order in which `export` has to be given the records, as MongoDB's `sort` takes it."""

# The prompt asks for it where nothing is to remain; no format allows an answer without content.
_NOTHING = "```\n```"
_BOOKKEEPING = ("watch", "measure_at")


async def export(records: AsyncIterable[Mapping[str, Any]], format: Format) -> AsyncIterator[str]:
    """Lines with their line ends, without any that was given before. `records` come in the order of `SORT[format]`."""
    if format == "raw":
        async for record in records:
            yield _line(_public(record))
        return
    given: set[bytes] = set()
    async for group in _by_suggestion(records):
        answer = _Answer.of(group)
        for example in _EXAMPLES[format](answer) if answer else ():
            key = hashlib.sha256(_line(_comparable(example)).encode()).digest()
            if key not in given:
                given.add(key)
                yield _line(example)


async def _by_suggestion(records: AsyncIterable[Mapping[str, Any]]) -> AsyncIterator[list[Mapping[str, Any]]]:
    group: list[Mapping[str, Any]] = []
    async for record in records:
        if group and record["suggestion"] != group[0]["suggestion"]:
            yield group
            group = []
        group.append(record)
    if group:
        yield group


@dataclass(frozen=True, slots=True)
class _Answer:
    """A whole answer as the model proposed it, and as people wanted it: None where they wanted none of it."""

    messages: list[dict[str, str]]
    proposed: str
    wanted: str | None
    taken_whole: bool

    @classmethod
    def of(cls, records: Sequence[Mapping[str, Any]]) -> "_Answer | None":
        """None where it cannot be told what people wanted, or no model made the answer."""
        decided = sorted(_decided(records), key=lambda one: _place(one[0]))
        if not decided or any(record["decision"] == "stale" for record in records):
            return None
        first = decided[0][0]
        selection = "" if first["kind"] in ("write", "completion") else first["selection"]
        if first["provider"] == "local" or not first["messages"] or selection is None:
            return None
        proposed = _put_together(selection, [(_place(hunk), hunk["proposed_text"]) for hunk, _ in decided])
        wanted = _put_together(selection, [(_place(hunk), _left(hunk)) for hunk, taken in decided if taken])
        if proposed is None or wanted is None:
            return None
        return cls(
            [{"role": message["role"], "content": message["content"]} for message in first["messages"]],
            proposed or _NOTHING,
            (wanted or _NOTHING) if any(taken for _, taken in decided) else None,
            all(taken for _, taken in decided),
        )


def _decided(records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """The last record of each hunk that was decided, with whether its text was taken."""
    history: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        history.setdefault(record["hunk"], []).append(record)
    for decisions in history.values():
        last, before = decisions[-1], decisions[-2]["decision"] if len(decisions) > 1 else None
        # To undo an acceptance is to reject; to undo a rejection is to leave it open again.
        if last["decision"] in ("accepted", "rejected") or (last["decision"], before) == ("undone", "accepted"):
            yield last, last["decision"] == "accepted"


def _place(hunk: Mapping[str, Any]) -> tuple[int, int]:
    start, end = hunk["place"] or (0, 0)
    return start, end


def _left(hunk: Mapping[str, Any]) -> str:
    """The text as people left it, or as they took it where nobody has looked again."""
    text: str = hunk["proposed_text"] if hunk["final_text"] is None else hunk["final_text"]
    return text


def _put_together(selection: str, pieces: Sequence[tuple[tuple[int, int], str]]) -> str | None:
    """None where pieces overlap: two that touch one secret are one mark now."""
    parts: list[str] = []
    reached = 0
    for (start, end), text in pieces:
        if start < reached:
            return None
        parts += [slice_utf16(selection, reached, start), text]
        reached = end
    return "".join(parts) + slice_utf16(selection, reached, utf16_length(selection))


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


def _public(record: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in record.items() if name not in ("_id", *_BOOKKEEPING)}
    looks = {name: {**look, "at": rfc3339(look["at"])} for name, look in record["corrections"].items()}
    return {"id": record["_id"], **fields, "decided_at": rfc3339(record["decided_at"]), "corrections": looks}


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
