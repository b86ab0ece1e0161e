"""The feedback record and what is exported from it."""

import json
import random
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, get_args

import pytest

from ai.answers.streaming_diff import diff
from ai.prompting.prompts import edit_prompt, write_prompt
from ai.record.exports import BATCH, FORMATS, Format, export
from ai.record.feedback_record import SCHEMA_VERSION, FeedbackInput, build_record, correction
from tests.ai import published_formats

TOKEN = "ghp_" + "aZ3kQ9xW1mB7vR5tY2nC8pL4sD6fG0hJabcd"
BASE = "The quick brown fox 😀 jumps over the lazy dog.\nIt was a sunny day in May.\n"
ANSWER = "The quick red fox 😀 jumps over the lazy dog.\nIt was a rainy day in May.\n"
PROMPT = ("messages", "context", "selection")
FIELDS = {  # what DESIGN calls a record, and what an export needs besides
    *(
        "schema_version",
        "workspace",
        "document",
        "path",
        "language",
        "kind",
        "job",
        "suggestion",
        "hunk",
        "requested_by",
    ),
    *(
        "decided_by",
        "decision",
        "reason",
        "was_shown",
        "shown_ms",
        "model",
        "provider",
        "params",
        "messages",
        "context",
    ),
    *("base_text", "proposed_text", "final_text", "kept_rate", "timings", "usage", "cost", "consent", "redactions"),
    *("_id", "decided_at", "selection", "place", "corrections", "attempt", "answer"),
}


def generation(instruction: str = "Change it.", selection: str = BASE, **changed: Any) -> dict[str, Any]:
    prompt = edit_prompt(
        instruction=instruction, path="a.md", language="markdown", before="", selection=selection, after=""
    )
    return {
        "provider": "openai",
        "model": "some-model",
        "params": {"temperature": 0.2},
        "messages": [message.as_dict() for message in prompt.messages],
        "context": prompt.context,
        "timings": {"queued": 0.01, "first_token": 0.5, "total": 2.0},
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "cost": 0.002},
        **changed,
    }


def records(
    *decisions: str,
    suggestion: str = "s1",
    answer: str = ANSWER,
    base: str = BASE,
    made: Mapping[str, Any] | None = None,
    whole: bool = True,
) -> list[dict[str, Any]]:
    """One record for each hunk between the two texts, decided as told."""
    hunks = diff(base, answer)
    assert len(hunks) == len(decisions)
    return [
        build_record(
            FeedbackInput(
                id=f"{suggestion}-{number}:0",
                workspace="w",
                document="d",
                path="a.md",
                kind="edit",
                job="j",
                suggestion=suggestion,
                hunk=f"{suggestion}-{number}",
                requested_by={"id": "u1", "name": "Ada"},
                decided_by={"id": "u2", "name": "Ben"},
                decision=decision,  # type: ignore[arg-type]
                decided_at=1_800_000_000.5 + number,
                base_text=hunk.base,
                proposed_text=hunk.proposed,
                generation=generation(selection=base) if made is None else made,
                selection=base,
                place=(hunk.start, hunk.end),
                answer={"hunks": len(hunks), "whole": whole, "form": "text", "file": None},
            )
        )
        for number, (hunk, decision) in enumerate(zip(hunks, decisions, strict=True))
    ]


async def exported(format: Format, *given: dict[str, Any]) -> list[dict[str, Any]]:
    ordered = sorted(given, key=lambda record: (record["decided_at"], record["_id"]))

    async def stream() -> AsyncIterator[dict[str, Any]]:
        for record in ordered:
            yield record

    async def answers(suggestions: Collection[str]) -> Mapping[str, list[dict[str, Any]]]:
        bare = [{name: value for name, value in record.items() if name not in PROMPT} for record in ordered]
        return {one: [record for record in bare if record["suggestion"] == one] for one in suggestions}

    lines = [line async for line in export(stream(), format, answers)]
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
    assert lines == [line async for line in export(stream(), format, answers)]
    examples = [published_formats.read_line(line) for line in lines]
    for example in examples if format != "raw" else ():
        published_formats.CHECKS[format](example)
    return examples


def test_a_record_has_every_field() -> None:
    record = records("accepted", "rejected")[0]
    assert set(record) == FIELDS
    assert record["schema_version"] == SCHEMA_VERSION == 3
    assert record["language"] == "markdown"
    assert (record["base_text"], record["proposed_text"], record["cost"]) == ("brown", "red", 0.002)
    assert record["usage"] == {"prompt_tokens": 100, "completion_tokens": 20}
    assert record["redactions"] == []
    json.dumps(record)


def test_a_record_needs_no_generation() -> None:
    record = records("stale", "stale", made={})[0]
    assert set(record) == FIELDS
    assert record["messages"] == []
    assert record["timings"] == {"queued": None, "first_token": None, "total": None}


def test_secrets_are_gone_before_the_record_exists() -> None:
    base = f"one {TOKEN} two three\nfour five six seven\n"
    answer = base.replace("three", f"{TOKEN} drei").replace("six", "sechs")
    first, second = records("accepted", "accepted", base=base, answer=answer, made=generation(f"Use {TOKEN}", base))
    for record in (first, second):
        assert TOKEN not in json.dumps(record)
        start, end = record["place"]
        assert record["selection"][start:end] == record["base_text"]
    assert {(found["field"], found["type"]) for found in first["redactions"]} == {
        ("messages", "GitHub Token"),
        ("proposed_text", "GitHub Token"),
        ("selection", "GitHub Token"),
    }
    assert correction(first, "30s", f"{TOKEN} drei!", 1.0)["final_text"] == "«redacted:GitHub Token» drei!"


def test_a_hunk_that_touches_a_secret_keeps_its_mark_whole() -> None:
    base = f"key {TOKEN} end of the line"
    at = base.index(TOKEN)
    record = build_record(
        FeedbackInput(
            **{  # type: ignore[arg-type]
                **dict.fromkeys(("id", "workspace", "document", "path", "job", "suggestion", "hunk"), "x"),
                **{"kind": "edit", "requested_by": None, "decided_by": None, "decision": "accepted", "decided_at": 0.0},
                **{"base_text": base[at + 4 : at + 9], "proposed_text": "", "generation": None, "selection": base},
                "place": (at + 4, at + 9),
            }
        )
    )
    assert record["base_text"] == "«redacted:GitHub Token»"


def test_a_correction_measures_what_was_kept() -> None:
    record = records("accepted", "accepted")[1]
    assert record["proposed_text"] == "rainy"
    assert correction(record, "quiet", "rainy", 12.5) == {
        "corrections.quiet": {"final_text": "rainy", "kept_rate": 1.0, "at": 12.5},
        "final_text": "rainy",
        "kept_rate": 1.0,
        "redactions": [],
    }
    assert correction(record, "10min", "stormy", 600.0)["kept_rate"] == 0.0


async def test_raw_is_the_record_without_its_bookkeeping() -> None:
    given = records("accepted", "rejected")
    given[0] |= {"watch": {"anchors": [b"x"]}, "measure_at": 5.0}
    given[0]["corrections"] = {"quiet": {"final_text": "red", "kept_rate": 1.0, "at": 1_800_000_010.0}}
    lines = await exported("raw", *given)
    assert [line["id"] for line in lines] == ["s1-0:0", "s1-1:0"]
    assert set(lines[0]) == FIELDS - {"_id"} | {"id"}
    assert lines[0]["decided_at"] == "2027-01-15T08:00:00.500Z"
    assert lines[0]["corrections"]["quiet"]["at"] == "2027-01-15T08:00:10.000Z"


async def contents(format: Format, *given: dict[str, Any]) -> list[Any]:
    examples = await exported(format, *given)
    if format == "sft":
        return [example["messages"][-1]["content"] for example in examples]
    if format == "dpo":
        pairs = [(example["preferred_output"], example["non_preferred_output"]) for example in examples]
        return [(wanted[0]["content"], unwanted[0]["content"]) for wanted, unwanted in pairs]
    return [(example["completion"][0]["content"], example["label"]) for example in examples]


MIXED = ANSWER.replace("rainy", "sunny")


async def test_all_taken() -> None:
    given = records("accepted", "accepted")
    assert await contents("sft", *given) == [ANSWER]
    assert await contents("dpo", *given) == []
    assert await contents("kto", *given) == [(ANSWER, True)]


async def test_some_taken() -> None:
    given = records("accepted", "rejected")
    assert await contents("sft", *given) == [MIXED]
    assert await contents("dpo", *given) == [(MIXED, ANSWER)]
    assert await contents("kto", *given) == [(ANSWER, False), (MIXED, True)]


async def test_an_answer_is_no_example_before_all_of_it_is_decided() -> None:
    given = records("accepted", "accepted")
    for taught in ("sft", "dpo", "kto"):
        assert await contents(taught, given[0]) == []  # type: ignore[arg-type]
    undecided = [{**record, "answer": None} for record in given]
    assert await contents("sft", *undecided) == [], "it still streams"


async def test_an_answer_that_was_cut_off_is_no_example() -> None:
    given = records("accepted", "accepted", whole=False)
    for taught in ("sft", "dpo", "kto"):
        assert await contents(taught, *given) == []  # type: ignore[arg-type]
    assert len(await exported("raw", *given)) == 2


def in_form(form: str, *given: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**record, "answer": {**record["answer"], "form": form}} for record in given]


async def test_an_answer_that_was_asked_for_in_blocks_is_written_in_blocks() -> None:
    base = "😀 one apple\nsame\nsame\ntwo pears\nsame\nthree plums\n"
    answer = base.replace("apple", "orange").replace("pears", "figs").replace("plums", "nuts")
    given = in_form("blocks", *records("accepted", "accepted", "rejected", base=base, answer=answer))
    given[1]["final_text"] = "dates"
    first = "<<<<<<< SEARCH\n😀 one apple\n=======\n😀 one orange\n>>>>>>> REPLACE\n"
    second = "<<<<<<< SEARCH\ntwo pears\n=======\ntwo {}\n>>>>>>> REPLACE\n"
    third = "<<<<<<< SEARCH\nthree plums\n=======\nthree nuts\n>>>>>>> REPLACE\n"
    wanted, proposed = first + second.format("dates"), first + second.format("figs") + third
    assert await contents("sft", *given) == [wanted]
    [pair] = await exported("dpo", *given)
    assert pair["preferred_output"] == [{"role": "assistant", "content": wanted}]
    assert pair["non_preferred_output"] == [{"role": "assistant", "content": proposed}]
    told = await exported("kto", *given)
    assert {one["completion"][0]["content"]: one["label"] for one in told} == {proposed: False, wanted: True}


async def test_blocks_cannot_say_that_the_text_stays_as_it_was() -> None:
    given = in_form("blocks", *records("accepted", "accepted"))
    for record in given:
        record["final_text"] = record["base_text"]
    for taught in ("sft", "dpo", "kto"):
        assert await contents(taught, *given) == []  # type: ignore[arg-type]
    rejected = in_form("blocks", *records("rejected", "rejected"))
    assert await contents("sft", *rejected) == []
    [told] = await exported("kto", *rejected)
    assert told["label"] is False


def new_files(*decisions: str) -> list[dict[str, Any]]:
    """One record for each file of one answer: z.md, y.md, x.md, …"""
    made: list[dict[str, Any]] = []
    for number, decision in enumerate(decisions):
        [record] = records(decision, base="", answer=f"text {number}\n", made=generation("Make them."))
        record |= {"_id": f"f{number}:0", "hunk": f"f{number}", "document": f"d{number}", "path": f"{'zyx'[number]}.md"}
        answer = {"hunks": len(decisions), "whole": True, "form": "files", "file": number}
        made.append({**record, "kind": "write", "selection": None, "place": None, "answer": answer})
    return made


async def test_new_files_of_one_answer_are_one_example() -> None:
    given = new_files("accepted", "rejected", "accepted")
    given[2]["final_text"] = "corrected\n"
    first, second, third = (f"=== FILE: {'zyx'[number]}.md ===\ntext {number}\n" for number in range(3))
    said = "\n".join([first, second, third])
    wanted = "\n".join([first, third.replace("text 2", "corrected")])
    assert await contents("sft", *given) == [wanted]
    assert await contents("dpo", *given) == [(wanted, said)]
    assert await contents("kto", *given) == [(said, False), (wanted, True)]
    # Whatever was decided last: the model's order.
    assert await contents("kto", *reversed(new_files("accepted", "accepted", "accepted"))) == [(said, True)]
    assert await contents("kto", *new_files("rejected", "rejected", "rejected")) == [(said, False)]
    for taught in ("sft", "dpo", "kto"):
        assert await contents(taught, *given[:2]) == []  # type: ignore[arg-type]


async def test_new_files_that_the_form_cannot_hold_are_no_example() -> None:
    given = new_files("accepted", "accepted")
    given[0]["final_text"] = "=== FILE: other.md ===\n"
    for taught in ("sft", "dpo", "kto"):
        assert await contents(taught, *given) == []  # type: ignore[arg-type]


async def test_each_file_of_a_suggestion_is_an_answer_of_its_own() -> None:
    first = records("accepted", "accepted")
    second = [
        {**record, "_id": f"other {record['_id']}", "document": "other"}
        for record in records("rejected", "accepted", made=generation("Change it, the other one."))
    ]
    assert set(await contents("sft", *first, *second)) == {ANSWER, ANSWER.replace("red", "brown")}


async def test_each_attempt_is_an_answer_of_its_own() -> None:
    first = {**records("accepted", "superseded", whole=False)[0], "attempt": 1}
    second = [{**record, "attempt": 2, "_id": f"b{record['_id']}"} for record in records("accepted", "accepted")]
    assert await contents("sft", first, *second) == [ANSWER]


async def test_none_taken() -> None:
    given = records("rejected", "rejected")
    assert await contents("sft", *given) == []
    assert await contents("dpo", *given) == []
    assert await contents("kto", *given) == [(ANSWER, False)]


async def test_taken_and_corrected() -> None:
    given = records("accepted", "accepted")
    given[1]["final_text"] = "stormy"
    corrected = ANSWER.replace("rainy", "stormy")
    assert await contents("sft", *given) == [corrected]
    assert await contents("dpo", *given) == [(corrected, ANSWER)]
    assert await contents("kto", *given) == [(ANSWER, True)]


async def test_undone() -> None:
    given = records("accepted", "accepted")
    undone = {**given[1], "_id": "s1-1:1", "decision": "undone", "decided_at": 1_900_000_000.0}
    assert await contents("sft", *given, undone) == [MIXED]
    given = records("accepted", "rejected")
    reopened = {**given[1], "_id": "s1-1:1", "decision": "undone", "decided_at": 1_900_000_000.0}
    assert await contents("kto", *given, reopened) == []
    again = {**given[1], "_id": "s1-1:2", "decision": "accepted", "decided_at": 1_900_000_001.0}
    assert await contents("kto", *given, reopened, again) == [(ANSWER, True)]


async def test_what_teaches_nothing_is_left_out() -> None:
    untaught = [
        *records("accepted", "stale", suggestion="stale"),
        *records("ignored", "superseded", suggestion="ignored"),
        *records("accepted", "accepted", suggestion="local", made=generation(provider="local")),
        *records("accepted", "accepted", suggestion="unknown", made={}),
    ]
    unplaced = records("accepted", "accepted", suggestion="unplaced")
    untaught += [{**record, "selection": None, "place": None} for record in unplaced]
    for taught in ("sft", "dpo", "kto"):
        assert await exported(taught, *untaught) == []
    assert len(await exported("raw", *untaught)) == 10


async def test_a_deletion_is_answered_as_the_prompt_asks() -> None:
    given = records("accepted", answer="")
    assert await contents("sft", *given) == ["```\n```"]


async def test_an_answer_comes_at_its_last_decision_however_many_lie_between() -> None:
    """More than fit into one batch, of answers that are decided in turns."""
    many = [
        {**record, "_id": f"{number:03}-{hunk}:0", "decided_at": 1e9 + (1000 - number if hunk else number)}
        for number in range(60)
        for hunk, record in enumerate(
            records(
                *("accepted", "accepted"),
                suggestion=f"s{number}",
                made=generation(f"Change it, way {number}."),
            )
        )
    ]
    shown = await exported("sft", *many)
    asked = [example["messages"][-2]["content"].rpartition("way ")[2] for example in shown]
    assert asked == [f"{number}." for number in reversed(range(60))]


async def test_equal_requests_with_equal_answers_are_given_once() -> None:
    given = records("accepted", "rejected", suggestion="s1") + records("accepted", "rejected", suggestion="s2")
    assert given[0]["messages"] != given[2]["messages"], "each prompt has marks of its own"
    for taught, count in (("sft", 1), ("dpo", 1), ("kto", 2)):
        assert len(await exported(taught, *given)) == count  # type: ignore[arg-type]
    given += records("rejected", "accepted", suggestion="s3")
    assert len(await exported("sft", *given)) == 2


async def test_a_write_is_an_answer_by_itself() -> None:
    prompt = write_prompt(instruction="Go on.", path="a.md", language="markdown", before="Once", after="")
    made = generation(messages=[message.as_dict() for message in prompt.messages])
    record = {**records("accepted", "accepted", made=made)[0], "kind": "write", "selection": None, "place": None}
    record |= {"answer": {"hunks": 1, "whole": True, "form": "text"}}
    record |= {"base_text": "", "proposed_text": " upon a time", "final_text": " upon a midnight"}
    assert await contents("dpo", record) == [(" upon a midnight", " upon a time")]


def test_the_formats_are_those_that_are_published() -> None:
    assert get_args(Format) == FORMATS == ("raw", "sft", "dpo", "kto")


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_is_decided_is_exported_as_published(seed: int) -> None:
    """Also texts that no line should hold as they are: quotes, line ends of all kinds, halves of nothing, markup."""
    rng = random.Random(seed)
    pieces = ["word ", "“Zitat” ", '"quoted" ', "\\n", "\n", "\u2028", "\u0085", "😀", "```\n", "\t", "{}", "é"]
    given = []
    for number in range(40):
        base = "".join(rng.choices(pieces, k=rng.randrange(1, 30))) + "the end\n"
        answer = "".join(rng.choices(pieces, k=rng.randrange(30))) + rng.choice(["the end\n", ""])
        if not (hunks := diff(base, answer)):
            continue
        decisions = rng.choices(["accepted", "rejected", "stale", "superseded"], [6, 3, 0.3, 0.3], k=len(hunks))
        suggested = records(*decisions, suggestion=f"s{number}", base=base, answer=answer, whole=rng.random() < 0.9)
        for record in suggested:
            if record["decision"] == "accepted" and rng.random() < 0.4:
                record["final_text"] = "".join(rng.choices(pieces, k=3))
        given += suggested if rng.random() < 0.8 else suggested[:-1]
    assert len(await exported("raw", *given)) == len(given)
    for taught in ("sft", "dpo", "kto"):
        assert await exported(taught, *given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("format", "line"),
    [
        ("sft", '{"messages": [{"role": "user", "content": "x"}]}\n'),
        ("sft", '{"messages": [{"role": "assistant", "content": ""}]}\n'),
        ("sft", '{"messages": [{"role": "assistant", "content": "x", "id": 1}]}\n'),
        ("dpo", '{"input": {"messages": []}, "preferred_output": [], "non_preferred_output": []}\n'),
        ("kto", '{"prompt": "x", "completion": "y", "label": true}\n'),
        ("kto", '{"prompt": [{"role": "user", "content": "x"}], "completion": [], "label": 1}\n'),
        ("raw", '{"a": NaN}\n'),
        ("raw", '{"a": 1}'),
    ],
)
def test_the_rules_refuse_what_is_not_as_published(format: Format, line: str) -> None:
    with pytest.raises(AssertionError):
        published_formats.CHECKS.get(format, lambda example: None)(published_formats.read_line(line))


async def test_an_export_reads_no_further_than_it_is_read() -> None:
    """However many records there are, a batch of them is held at a time."""
    read = 0

    async def endless() -> AsyncIterator[dict[str, Any]]:
        nonlocal read
        [template, *_] = records("accepted", "accepted")
        while True:
            read += 1
            yield {**template, "_id": str(read), "suggestion": f"s{read}"}

    async def answers(suggestions: Collection[str]) -> Mapping[str, list[dict[str, Any]]]:
        return {}

    lines = export(endless(), "raw", answers)
    for number in range(1, 200):
        await anext(lines)
        assert read <= number + BATCH


@pytest.mark.parametrize("format", ["sft", "dpo", "kto"])
async def test_nothing_gives_nothing(format: Format) -> None:
    assert await exported(format) == []
