"""The feedback record: one decision of a person, how the text came about, and what people then made of it.

Collection ``feedback`` and the format `raw` of the export. The record is the group's training data, so it is versioned,
complete in itself, and free of secrets before anybody sees it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ai.kept_rate import kept_rate
from ai.languages import language_of
from ai.secrets import Redacted, redact
from collab.offsets import codepoint_to_utf16, utf16_to_codepoint

SCHEMA_VERSION = 1

Kind = Literal["edit", "write", "completion", "notice"]
Outcome = Literal["accepted", "rejected", "undone", "ignored", "stale", "superseded"]


@dataclass(frozen=True, slots=True)
class FeedbackInput:
    """What the record is made of, as it was: nothing in here is scrubbed yet.

    `id`: the decision's. `requested_by` and `decided_by`: `{id, name}`, None where nobody did. `decided_at`: seconds
    since 1970. `shown_ms`: how long the text was on a screen, None where that is not measured. `generation`:
    `{provider, model, params, messages, context, timings, usage}` of the attempt, as far as known.

    `selection` is the whole text that the request was about, "" where text was inserted, and `place` is where
    `base_text` stands in it (UTF-16 code units). With them an export can put the whole answer together that people
    would have wanted; without, it has to leave out edits.
    """

    id: str
    workspace: str
    document: str
    path: str
    kind: Kind
    job: str
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
    was_shown: bool = True
    shown_ms: int | None = None
    selection: str | None = None
    place: tuple[int, int] | None = None
    consent: Mapping[str, Any] = field(default_factory=lambda: {"collect_feedback": True})


def build_record(given: FeedbackInput) -> dict[str, Any]:
    """The record, ready to be stored. `final_text` and `kept_rate` are None until a `correction` is measured.

    `redactions` tells what was taken out of which field: `[{field, type, count}]`.
    """
    made = given.generation or {}
    scrub = _Scrubber()
    selection, place, base_text = _placed(given, scrub)
    return {
        "_id": given.id,
        "schema_version": SCHEMA_VERSION,
        "workspace": given.workspace,
        "document": given.document,
        "path": given.path,
        "language": language_of(given.path),
        "kind": given.kind,
        "job": given.job,
        "suggestion": given.suggestion,
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
        "params": dict(made.get("params") or {}),
        "messages": [
            {"role": message["role"], "content": scrub.text("messages", message["content"])}
            for message in made.get("messages") or ()
        ],
        "context": [dict(item) for item in made.get("context") or ()],
        "selection": selection,
        "place": place,
        "base_text": base_text,
        "proposed_text": scrub.text("proposed_text", given.proposed_text),
        "final_text": None,
        "kept_rate": None,
        "corrections": {},
        "timings": {name: (made.get("timings") or {}).get(name) for name in ("queued", "first_token", "total")},
        "usage": _usage(made.get("usage")),
        "cost": (made.get("usage") or {}).get("cost"),
        "consent": dict(given.consent),
        "redactions": scrub.redactions,
    }


def correction(record: Mapping[str, Any], moment: str, final_text: str, at: float) -> dict[str, Any]:
    """The fields to set, by dotted name, once the accepted range was looked at again.

    `moment` names the look ("quiet", "30s", "10min"); `at` is in seconds since 1970. The newest look is also the
    record's `final_text` and `kept_rate`.
    """
    text = redact(final_text).text
    rate = kept_rate(record["proposed_text"], text)
    seen = {"final_text": text, "kept_rate": rate, "at": at}
    return {f"corrections.{moment}": seen, "final_text": text, "kept_rate": rate}


class _Scrubber:
    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def redact(self, name: str, text: str) -> Redacted:
        redacted = redact(text)
        self._counts.update((name, redaction.type) for redaction in redacted.redactions)
        return redacted

    def text(self, name: str, text: str) -> str:
        return self.redact(name, text).text

    @property
    def redactions(self) -> list[dict[str, Any]]:
        return [{"field": name, "type": kind, "count": count} for (name, kind), count in sorted(self._counts.items())]


def _placed(given: FeedbackInput, scrub: _Scrubber) -> tuple[str | None, Sequence[int] | None, str]:
    """The selection, the place of the base text in it and the base text, so that they fit each other when scrubbed."""
    if given.selection is None or given.place is None:
        return None, None, scrub.text("base_text", given.base_text)
    redacted = scrub.redact("selection", given.selection)
    start = redacted.place(utf16_to_codepoint(given.selection, given.place[0]))
    end = max(start, redacted.place(utf16_to_codepoint(given.selection, given.place[1]), end=True))
    place = [codepoint_to_utf16(redacted.text, start), codepoint_to_utf16(redacted.text, end)]
    return redacted.text, place, redacted.text[start:end]


def _usage(usage: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {name: usage.get(name) for name in ("prompt_tokens", "completion_tokens")} if usage else None
