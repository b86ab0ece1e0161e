"""The feedback record: one decision of a person, how the text came about, and what people then made of it.

Collection ``feedback`` and the format `raw` of the export. The record is the group's training data, so it is versioned,
complete in itself, and free of secrets before anybody sees it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ai.languages import language_of
from ai.record.kept_rate import kept_rate
from ai.record.secrets import Known, Redacted, redact, secrets_in
from collab.yjs.offsets import codepoint_to_utf16, slice_utf16, utf16_length, utf16_to_codepoint

SCHEMA_VERSION = 3
"""1 lacked `attempt` and `answer`, and took every hunk for shown; 2 lacked `answer.file`."""

BESIDE = 8_000
"""Code points in front of a text and behind it that are looked at with it: more than the longest of keys."""

Kind = Literal["edit", "write", "completion", "notice"]
Outcome = Literal["accepted", "rejected", "undone", "ignored", "stale", "superseded"]


@dataclass(frozen=True, slots=True)
class FeedbackInput:
    """What the record is made of, as it was: nothing in here is scrubbed yet.

    `id`: the decision's. `requested_by` and `decided_by`: `{id, name}`, None where nobody did. `decided_at`: seconds
    since 1970. `was_shown`: whether whoever decided had it on the screen, and `shown_ms` for how long; None where their
    client did not say. `generation`: `{provider, model, params, messages, context, timings, usage}` of the `attempt`
    that proposed it, as far as known.

    `selection` is the whole text that the request was about, "" where text was inserted, and `place` is where
    `base_text` stands in it (UTF-16 code units). With them an export can put the whole answer together that people
    would have wanted; without, it has to leave out edits. `answer` tells what belongs to that answer, `{hunks: how
    many, whole: whether the model came to its end, form: "text", "blocks" or "files", file: its number among files that
    were made at once}`; None while it streams, and where nobody will ever know.
    """

    id: str
    workspace: str
    document: str
    path: str
    kind: Kind
    job: str | None
    suggestion: str
    hunk: str
    requested_by: Mapping[str, Any] | None
    decided_by: Mapping[str, Any] | None
    decision: Outcome
    decided_at: float
    base_text: str
    proposed_text: str
    generation: Mapping[str, Any] | None
    reason: str | None = None
    was_shown: bool | None = None
    shown_ms: int | None = None
    attempt: int = 1
    selection: str | None = None
    place: tuple[int, int] | None = None
    answer: Mapping[str, Any] | None = None
    consent: Mapping[str, Any] = field(default_factory=lambda: {"collect_feedback": True})


def build_record(given: FeedbackInput) -> dict[str, Any]:
    """The record, ready to be stored. `final_text` and `kept_rate` are None until a `correction` is measured.

    `redactions` tells what was taken out of which field: `[{field, type, count}]`.
    """
    made = given.generation or {}
    scrub = _Scrubber(secrets_in(_texts(given)))
    return {
        "_id": given.id,
        "schema_version": SCHEMA_VERSION,
        "workspace": given.workspace,
        "document": given.document,
        "path": scrub.text("path", given.path),
        "language": language_of(given.path),
        "kind": given.kind,
        "job": given.job,
        "suggestion": given.suggestion,
        "attempt": given.attempt,
        "hunk": given.hunk,
        "requested_by": dict(given.requested_by) if given.requested_by else None,
        "decided_by": dict(given.decided_by) if given.decided_by else None,
        "decision": given.decision,
        "decided_at": given.decided_at,
        "reason": scrub.text("reason", given.reason) if given.reason is not None else None,
        "was_shown": given.was_shown,
        "shown_ms": given.shown_ms,
        "model": made.get("model"),
        "provider": made.get("provider"),
        "params": scrub.all("params", dict(made.get("params") or {})),
        "messages": scrub.all("messages", [dict(message) for message in made.get("messages") or ()]),
        "context": scrub.all("context", [dict(item) for item in made.get("context") or ()]),
        **_scrubbed(given, scrub),
        "answer": dict(given.answer) if given.answer is not None else None,
        "final_text": None,
        "kept_rate": None,
        "corrections": {},
        "timings": {name: (made.get("timings") or {}).get(name) for name in ("queued", "first_token", "total")},
        "usage": _usage(made.get("usage")),
        "cost": (made.get("usage") or {}).get("cost"),
        "consent": dict(given.consent),
        "redactions": scrub.redactions,
    }


def correction(
    record: Mapping[str, Any], moment: str, final_text: str, at: float, beside: tuple[str, str] = ("", "")
) -> dict[str, Any]:
    """The fields to set, by dotted name, once the accepted range was looked at again.

    `moment` names the look ("quiet", "30s", "10min"); `at` is in seconds since 1970. The newest look is also the
    record's `final_text` and `kept_rate`. `beside` is what stands in front of the text and behind it: a secret that
    people completed from both sides is found in all of it together.
    """
    scrub = _Scrubber(secrets_in(["".join((beside[0], final_text, beside[1]))]))
    text, _ = scrub.between("final_text", beside[0], final_text, beside[1])
    rate = kept_rate(record["proposed_text"], text)
    seen = {"final_text": text, "kept_rate": rate, "at": at}
    others = [one for one in record["redactions"] if one["field"] != "final_text"]
    return {
        f"corrections.{moment}": seen,
        "final_text": text,
        "kept_rate": rate,
        "redactions": others + scrub.redactions,
    }


class _Scrubber:
    def __init__(self, known: Known) -> None:
        self._known = known
        self._counts: Counter[tuple[str, str]] = Counter()

    def text(self, name: str, text: str) -> str:
        redacted = redact(text, self._known)
        self._count(name, redacted, 0, len(text))
        return redacted.text

    def part(self, name: str, whole: str, place: tuple[int, int]) -> tuple[str, list[int]]:
        """What stands at `place` of `whole`, and where that is once `whole` is scrubbed (UTF-16 code units).

        Scrubbed alone, a piece of a secret would look like nothing.
        """
        redacted = redact(whole, self._known)
        first, last = (utf16_to_codepoint(whole, position) for position in place)
        start = redacted.place(first)
        end = max(start, redacted.place(last, end=True)) if first < last else start
        self._count(name, redacted, first, last)
        found = [codepoint_to_utf16(redacted.text, start), codepoint_to_utf16(redacted.text, end)]
        return redacted.text[start:end], found

    def between(self, name: str, before: str, text: str, behind: str) -> tuple[str, list[int]]:
        """`part` for a text given by what is around it."""
        return self.part(name, before + text + behind, (utf16_length(before), utf16_length(before + text)))

    def all(self, name: str, value: Any) -> Any:
        """Every text in `value`, whatever it lies in."""
        if isinstance(value, str):
            return self.text(name, value)
        if isinstance(value, Mapping):
            return {key: self.all(name, one) for key, one in value.items()}
        if isinstance(value, Sequence):
            return [self.all(name, one) for one in value]
        return value

    def _count(self, name: str, redacted: Redacted, start: int, end: int) -> None:
        self._counts.update((name, one.type) for one in redacted.redactions if one.start < end and start < one.end)

    @property
    def redactions(self) -> list[dict[str, Any]]:
        return [{"field": name, "type": kind, "count": count} for (name, kind), count in sorted(self._counts.items())]


def _texts(given: FeedbackInput) -> Iterator[str]:
    """All of them, as they were, and the proposed one as it stands once it is accepted."""
    yield from (given.path, given.base_text, given.reason or "")
    for name in ("params", "messages", "context"):
        yield from _inside((given.generation or {}).get(name))
    if given.selection is None or given.place is None:
        yield given.proposed_text
    else:
        yield given.selection
        before, behind = _beside(given.selection, given.place)
        yield before + given.proposed_text + behind


def _inside(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | Sequence):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _inside(one)


def _beside(selection: str, place: tuple[int, int]) -> tuple[str, str]:
    start, end = place
    return slice_utf16(selection, 0, start)[-BESIDE:], slice_utf16(selection, end, utf16_length(selection))[:BESIDE]


def _scrubbed(given: FeedbackInput, scrub: _Scrubber) -> dict[str, Any]:
    """The selection, the place of the base text in it, and the two texts, scrubbed so that they fit each other."""
    if given.selection is None or given.place is None:
        base, proposed = scrub.text("base_text", given.base_text), scrub.text("proposed_text", given.proposed_text)
        return {"selection": None, "place": None, "base_text": base, "proposed_text": proposed}
    before, behind = _beside(given.selection, given.place)
    base, place = scrub.part("base_text", given.selection, given.place)
    proposed, _ = scrub.between("proposed_text", before, given.proposed_text, behind)
    selection = scrub.text("selection", given.selection)
    return {"selection": selection, "place": place, "base_text": base, "proposed_text": proposed}


def _usage(usage: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {name: usage.get(name) for name in ("prompt_tokens", "completion_tokens")} if usage else None
