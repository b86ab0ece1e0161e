"""From an answer in either form to hunks. `python -m tests.ai.corruptions` prints the shares that are asserted here."""

import random

import pytest
from pycrdt import Doc, Text

from ai.answers.blocks import mark_for
from ai.answers.matching import Ambiguous, Missing
from ai.proposals.proposal import Proposal
from ai.proposals.rewriting import Form, Rewriting
from tests.ai.corruptions import BLANK, FAULTS, case, shares, understand

BASE = "one\ntwo\nthree\nfour\ntwo\n"


def rewriting(base: str, form: Form) -> tuple[Rewriting, Proposal]:
    replica: Doc = Doc(client_id=1)
    replica.get("text", type=Text).insert(0, base)
    proposal = Proposal(replica, BLANK)
    return Rewriting(proposal, 0, base, form, mark_for(base)), proposal


def block(search: str, replacement: str) -> str:
    return f"<<<<<<< SEARCH\n{search}=======\n{replacement}>>>>>>> REPLACE\n"


def changes(proposal: Proposal) -> list[tuple[str, str]]:
    return [(hunk.base, hunk.proposed) for hunk in proposal.take_unsaved().added]


SEEDS = 120
ALL_BUT = {"two spaces": 0.05, "as a diff": 0.06, "misread": 1.0, "cut off": 1.0}
"""Share that may be refused or wrong: of the others, all is understood but for blank space and quotes."""


@pytest.mark.parametrize("fault", FAULTS)
def test_answers_of_small_models_are_understood_or_refused(fault: str) -> None:
    found = shares(FAULTS[fault], SEEDS)
    assert found["understood"] + found["nearly"] >= 1 - ALL_BUT.get(fault, 0)
    assert found["wrong"] <= (0.05 if fault == "two spaces" else 0)


@pytest.mark.parametrize("seed", range(60))
def test_an_answer_that_was_cut_off_changes_what_came_in_full_lines_and_nothing_else(seed: int) -> None:
    draw = random.Random(seed)
    made = case(draw)
    answer = FAULTS["cut off"](draw, made, mark_for(made.base))
    found = understand(made.base, answer, draw, was_cut_off=True)
    new, base = made.new.split("\n"), made.base.split("\n")
    assert all(line in new or line in base for line in found.text.split("\n"))


WRITTEN, REWRITTEN = "one\nteh two\nthree\nteh four\nlast\n", "one\nthe two\nthree\nthe four\nlast\n"
PARAGRAPH = "Whoever comes to teh house comes in by the side entrance because the stairs are being repaired."


@pytest.mark.parametrize("cut", range(1, len(REWRITTEN)))
def test_a_text_that_is_cut_off_has_no_half_lines(cut: int) -> None:
    made, proposal = rewriting(WRITTEN, "whole")
    made.push(REWRITTEN[:cut])
    made.finish(cut_off=True)
    text = WRITTEN
    for hunk in sorted(proposal.take_unsaved().added, key=lambda hunk: hunk.start, reverse=True):
        text = text[: hunk.start] + hunk.proposed + text[hunk.end :]
    came = REWRITTEN[:cut].count("\n")
    lines, old, new = (of.split("\n") for of in (text, WRITTEN, REWRITTEN))
    assert lines[came + 1 :] == old[came + 1 :]
    assert all(line in pair for line, *pair in zip(lines, old, new, strict=True))


@pytest.mark.parametrize("cut", [20, 40, 60])
def test_the_rest_of_a_sentence_is_not_deleted_because_it_did_not_come(cut: int) -> None:
    made, proposal = rewriting(PARAGRAPH, "whole")
    made.push(PARAGRAPH.replace("teh", "the")[:cut])
    made.finish(cut_off=True)
    assert all(len(hunk.base) <= len("teh ") for hunk in proposal.take_unsaved().added)


def test_what_was_asked_for_as_a_whole_may_come_in_blocks() -> None:
    made, proposal = rewriting(BASE, "whole")
    for piece in ("\n```\n<<<", "<<<< SEARCH\nthr", "ee\n=======\n3\n", ">>>>>>> REPLACE\n```"):
        made.push(piece)
    made.finish()
    assert (made.form, made.understood, changes(proposal)) == ("blocks", True, [("three", "3")])


def test_what_was_asked_for_in_blocks_may_come_as_a_whole() -> None:
    made, proposal = rewriting(BASE, "blocks")
    made.push(f"Here is the new text:\n\n```\n{BASE.replace('three', '3')}```\n")
    made.finish()
    assert (made.form, made.understood, changes(proposal)) == ("whole", True, [("three", "3")])


@pytest.mark.parametrize("answer", ["", "I cannot do that.", "one\n"])
def test_no_answer_is_not_taken_for_one_that_deletes_everything(answer: str) -> None:
    for form in ("whole", "blocks") if answer != "one\n" else ("blocks",):
        made, proposal = rewriting(BASE, form)  # type: ignore[arg-type]
        made.push(answer)
        made.finish(cut_off=answer == "")
        if form == "blocks" or not answer:
            assert not made.understood
            assert proposal.empty


NUMBERED = "".join(f"x{number} = {number}\n" for number in range(40))


@pytest.mark.parametrize("form", ["whole", "blocks"])
@pytest.mark.parametrize(
    "line",
    ["... (the rest of the text is unchanged)", "# ... rest of the code unchanged ...", "[remaining lines omitted]"],
)
def test_what_an_answer_does_not_write_out_stays(form: Form, line: str) -> None:
    made, proposal = rewriting(NUMBERED, form)
    written = NUMBERED[: NUMBERED.index("x30")].replace("x7 = 7", "x7 = seven")
    for at in range(0, len(said := f"{written}{line}\n"), 7):
        made.push(said[at : at + 7])
    made.finish()
    assert changes(proposal) == [("7", "seven")]
    assert made.left_out
    assert made.understood


def test_what_follows_upon_lines_that_are_left_out_has_no_place() -> None:
    made, proposal = rewriting(NUMBERED, "whole")
    made.push("x0 = zero\n# ... existing code ...\nx39 = last\n")
    made.finish()
    assert changes(proposal) == [("0", "zero")]
    assert not made.understood


def test_a_line_that_only_looks_as_if_it_stood_for_others_is_text() -> None:
    for base, new in [
        ("def f():\n    pass\n", "def f():\n    ...\n"),
        ("# the rest is unchanged\na\nb\n", "# the rest is unchanged\na\nc\n"),
        ("To be\n", "The rest is silence...\n"),
    ]:
        made, _ = rewriting(base, "whole")
        made.push(new)
        made.finish()
        assert not made.left_out
        assert made.understood


DIFF = "--- a/x.py\n+++ b/x.py\n@@ -6,5 +6,5 @@\n x6 = 6\n-x7 = 7\n+x7 = seven\n x8 = 8\n"


@pytest.mark.parametrize("form", ["whole", "blocks"])
@pytest.mark.parametrize("answer", [DIFF, f"```diff\n{DIFF}```\n", f"Here is the diff:\n\n```diff\n{DIFF}```\nDone!\n"])
def test_a_diff_is_read_as_one(form: Form, answer: str) -> None:
    made, proposal = rewriting(NUMBERED, form)
    for letter in answer:
        made.push(letter)
    made.finish()
    assert [(base.strip(), new.strip()) for base, new in changes(proposal)] == [("7", "seven")]
    assert made.understood


def test_a_text_that_is_a_diff_is_written_anew_as_one() -> None:
    made, proposal = rewriting(DIFF, "whole")
    made.push(DIFF.replace("seven", "7.0"))
    made.finish()
    assert (made.form, changes(proposal)) == ("whole", [("seven", "7.0")])


@pytest.mark.parametrize("greeting", ["Sure, here is the change:\n\n", "Here are the blocks:\n```\n"])
def test_a_greeting_before_blocks_does_not_make_them_text(greeting: str) -> None:
    made, proposal = rewriting(BASE, "whole")
    for letter in greeting + block("three\n", "3\n"):
        made.push(letter)
    made.finish()
    assert (made.form, changes(proposal)) == ("blocks", [("three", "3")])


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that request.",
        "I cannot assist with this.",
        "Unfortunately, I am unable to process this text.\n",
    ],
)
def test_who_will_not_is_heard_and_changes_nothing(answer: str) -> None:
    made, proposal = rewriting(BASE, "whole")
    for letter in answer:
        made.push(letter)
    made.finish()
    assert proposal.empty
    assert made.refusal == answer.strip()
    assert not made.understood


def test_an_apology_that_was_asked_for_is_text() -> None:
    made, proposal = rewriting("Sorry, no.\n", "whole")
    made.push("I'm sorry that I can't come to the meeting on Friday.\n")
    made.finish()
    assert made.refusal is None
    assert not proposal.empty


def test_remarks_about_each_line_are_not_the_text_written_anew() -> None:
    prose = "".join(
        f"{word} is what we saw on day {number}.\n" for number, word in enumerate("abcdefghijklmnopqrstuvwxyz")
    )
    made, proposal = rewriting(prose, "blocks")
    made.push("".join(f"In sentence {number} the word 'teh' should be 'the', I think.\n" for number in range(26)))
    made.finish()
    assert made.astray
    assert proposal.empty


def test_what_could_not_be_placed_stays_so_when_there_is_nothing_more() -> None:
    made, proposal = rewriting(BASE, "blocks")
    made.push(block("threw\n", "3\n"))
    made.finish()
    made.again()
    made.push("none")
    made.finish()
    assert len(made.failures) == 1
    assert not made.understood
    assert proposal.empty


def test_an_answer_with_nothing_on_purpose_deletes() -> None:
    made, proposal = rewriting(BASE, "whole")
    made.push("```\n```\n")
    made.finish()
    assert made.understood
    assert changes(proposal) == [(BASE, "")]


def test_what_cannot_be_placed_is_told_and_can_be_said_again() -> None:
    made, proposal = rewriting(BASE, "blocks")
    made.push(block("two\n", "2\n") + block("threw\n", "3\n") + block("one\n", "1\n"))
    made.finish()
    assert not made.understood
    assert [failure.problem for failure in made.failures] == [Ambiguous(2), Missing()]
    assert made.failures[1].replacement == ["3\n"]
    made.again()
    made.push(block("four\ntwo\n", "four\n2\n") + block("three\n", "3\n"))
    made.finish()
    assert made.understood
    assert made.placed == 3
    assert sorted(changes(proposal)) == [("one", "1"), ("three", "3"), ("two", "2")]


def test_of_two_blocks_for_one_piece_of_text_the_first_counts() -> None:
    made, proposal = rewriting(BASE, "blocks")
    made.push(block("three\n", "3\n") + block("three\nfour\n", "7\n"))
    made.finish()
    assert [failure.problem for failure in made.failures] == [None]
    assert changes(proposal) == [("three", "3")]


def test_an_empty_text_is_written_by_a_block_without_a_search() -> None:
    made, proposal = rewriting("", "blocks")
    made.push(block("", "new\nlines\n"))
    made.finish()
    assert changes(proposal) == [("", "new\nlines")]


def test_hunks_of_a_block_appear_while_it_is_written() -> None:
    made, proposal = rewriting(BASE, "blocks")
    made.push("<<<<<<< SEARCH\nthree\nfour\n=======\nthree\n")
    assert proposal.empty
    assert made.push("many new words\n")
    assert not proposal.empty
