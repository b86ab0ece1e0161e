"""No secret gets into a record, wherever it stands: in any field, at any place, and across the borders of two."""

import json
import random
import string
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from ai.answers.streaming_diff import diff
from ai.record.feedback_record import FeedbackInput, build_record, correction
from collab.yjs.offsets import utf16_length
from tests.ai.test_secrets import SECRETS

WORDS = ["some", "plain", "words", "é", "😀", "(x)", "= 1", "\n", "a.b", "日本", "return", "{", "}"]
LETTERS = string.ascii_letters + string.digits


def drawn(rng: random.Random, letters: str, length: int) -> str:
    return "".join(rng.choices(letters, k=length))


PEM = "RSA PRIVATE" + " KEY"
# Put together here, so that no scanner of this repository takes them for real.
KINDS: dict[str, Callable[[random.Random], str]] = {
    "github": lambda rng: "gh" + rng.choice("pousr") + "_" + drawn(rng, LETTERS, 36),
    "aws": lambda rng: "AKIA" + drawn(rng, string.ascii_uppercase + "234567", 16),
    "anthropic": lambda rng: "sk-" + "ant-" + drawn(rng, LETTERS, 20) + "9aB" + drawn(rng, LETTERS, 20),
    "slack": lambda rng: "xox" + "b-" + drawn(rng, string.digits, 12) + "-" + drawn(rng, LETTERS, 24),
    "stripe": lambda rng: "sk_" + "live_" + drawn(rng, LETTERS, 24),
    "gitlab": lambda rng: "glpat" + "-" + drawn(rng, LETTERS, 20),
    "npm": lambda rng: "npm" + "_" + drawn(rng, LETTERS, 36),
    "google": lambda rng: "AIza" + "Sy9bX" + drawn(rng, LETTERS, 30),
    "square": lambda rng: "sq0csp" + "-" + drawn(rng, LETTERS, 43),
    "key": lambda rng: "\n".join(
        [
            "-----BEGIN RSA PRIVATE" + " KEY-----",
            *(drawn(rng, LETTERS + "+/", 64) for _ in range(6)),
            "-----END RSA PRIVATE KEY-----",
        ]
    ),
}


def text(rng: random.Random, *secrets: str) -> str:
    words = rng.choices(WORDS, k=rng.randrange(3, 25))
    for secret in secrets:
        words.insert(rng.randrange(len(words) + 1), secret)
    return " ".join(words)


def pieces(secret: str) -> Iterable[str]:
    """What nobody could have come to by chance."""
    return (secret[at : at + 12] for at in range(len(secret) - 11) if "----" not in secret[at : at + 12])


def leaks(record: dict[str, Any], *secrets: str) -> list[str]:
    written = json.dumps(record, ensure_ascii=False)
    return [piece for secret in secrets for piece in pieces(secret) if json.dumps(piece)[1:-1] in written]


def given(rng: random.Random, **fields: Any) -> FeedbackInput:
    plain: dict[str, Any] = {
        **dict.fromkeys(("id", "workspace", "document", "job", "suggestion", "hunk"), "x"),
        **{"path": "a.md", "kind": "edit", "requested_by": None, "decided_by": None, "decision": "accepted"},
        **{"decided_at": 0.0, "base_text": text(rng), "proposed_text": text(rng), "generation": {}},
    }
    return FeedbackInput(**(plain | fields))


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_in_any_field_is_taken_out_and_counted(kind: str) -> None:
    rng = random.Random(kind)
    for _ in range(25):
        secret = KINDS[kind](rng)
        fields: dict[str, Any] = {
            "reason": text(rng, secret),
            "path": f"notes/{secret}.md",
            "base_text": text(rng, secret),
            "proposed_text": text(rng, secret),
            "messages": [{"role": "system", "content": text(rng)}, {"role": "user", "content": text(rng, secret)}],
            "context": [{"role": "before", "path": "a.md", "text": [text(rng), {"more": text(rng, secret)}]}],
            "params": {"stop": [text(rng, secret)], "temperature": 0.5},
        }
        name = rng.choice(list(fields))
        inner = {"messages", "context", "params"}
        chosen = {"generation": {name: fields[name]}} if name in inner else {name: fields[name]}
        record = build_record(given(rng, **chosen))
        assert leaks(record, secret) == [], name
        assert [(found["field"], found["count"]) for found in record["redactions"]] == [(name, 1)]


@pytest.mark.parametrize("seed", range(6))
def test_a_secret_across_the_borders_of_hunks_and_texts_is_taken_out(seed: int) -> None:
    """Hunks end wherever two texts begin to be equal again, and be it in the middle of a key."""
    rng = random.Random(seed)
    cut = 0
    for _ in range(40):
        before, behind = KINDS[rng.choice(list(KINDS))](rng), KINDS[rng.choice(list(KINDS))](rng)
        base = text(rng, before) + "\n" + text(rng)
        answer = base
        if rng.random() < 0.7:  # the secret is renewed, of which a part may stay as it was
            kept = rng.randrange(len(before))
            answer = answer.replace(before, before[:kept] + behind[kept:] if rng.random() < 0.5 else behind)
        answer += text(rng, behind)
        for hunk in diff(base, answer):
            # As it is once this hunk alone is accepted, which is what people then see.
            whole = base[: position(base, hunk.start)] + hunk.proposed + base[position(base, hunk.end) :]
            secrets = [secret for secret in (before, behind) if secret in whole or secret in base]
            record = build_record(
                given(
                    rng,
                    base_text=hunk.base,
                    proposed_text=hunk.proposed,
                    selection=base,
                    place=(hunk.start, hunk.end),
                )
            )
            partly = [s for s in secrets if s not in hunk.base and s not in hunk.proposed]
            cut += any(piece in hunk.base + hunk.proposed for s in partly for piece in pieces(s))
            assert leaks(record, *secrets) == []
            start, end = record["place"]
            assert (
                record["selection"].encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le") == record["base_text"]
            )
    assert cut > 3, "some hunks held a part of a secret alone"


def position(base: str, units: int) -> int:
    return len(base.encode("utf-16-le")[: 2 * units].decode("utf-16-le"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_that_people_complete_is_taken_out_of_what_they_left(kind: str) -> None:
    rng = random.Random(kind)
    record = build_record(given(rng))
    for _ in range(25):
        secret = KINDS[kind](rng)
        whole = text(rng, secret)
        at = whole.index(secret)
        start, end = sorted((rng.randrange(at, at + len(secret)), rng.randrange(len(whole))))
        changed = correction(record, "quiet", whole[start:end], 1.0, (whole[:start], whole[end:]))
        assert leaks(changed, secret) == []
        touched = start < at + len(secret) and at < end
        assert [(one["field"], one["count"]) for one in changed["redactions"]] == [("final_text", 1)] * touched


@pytest.mark.parametrize("type", SECRETS)
def test_each_known_kind_is_taken_out_of_a_prompt(type: str) -> None:
    rng = random.Random(type)
    message = {"role": "user", "content": text(rng, SECRETS[type])}
    record = build_record(given(rng, generation={"messages": [message]}))
    assert leaks(record, SECRETS[type]) == []


def test_plain_texts_stay_as_they_are() -> None:
    rng = random.Random(1)
    for _ in range(200):
        base = text(rng)
        record = build_record(given(rng, base_text=base, selection=base, place=(0, utf16_length(base))))
        assert (record["base_text"], record["selection"], record["redactions"]) == (base, base, [])
