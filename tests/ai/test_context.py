"""The choice of what goes into a prompt: never more than there is room for, the nearest first, a share for each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.models import ChatMessage
from ai.pool.attempt import JobFailed
from ai.prompting.context import Candidate, Piece, Role, TooMuchForModel, Window, offers_of, organised
from ai.prompting.prompts import chat_prompt, edit_prompt, write_prompt
from ai.prompting.tokens import Tokenizer

TOKENIZER = Tokenizer()
FRAME = 26
SHARES: dict[Role, int] = {"before": 40, "after": 25, "file": 20, "example": 15}
WORDS = st.sampled_from(
    ["one two three", "x = compute(y)", "", "    return 7", "Grüße 漢字 👩‍👩‍👧‍👦", "a" * 80, "\u200b\u202e"]
)
TEXTS = st.lists(WORDS, max_size=60).map("\n".join)


def candidate(role: Role, text: str) -> Candidate:
    cut = {"before": "end", "after": "beginning", "file": "beginning", "example": "whole"}[role]
    return Candidate(role, text, "why", cut, "a.txt")  # type: ignore[arg-type]


def chosen(candidates: list[Candidate], room: int) -> list[Piece]:
    return organised(offers_of(candidates, room, TOKENIZER), room, SHARES, FRAME, TOKENIZER)


CANDIDATES = st.lists(st.builds(candidate, st.sampled_from(list(SHARES)), TEXTS), max_size=8)


@given(CANDIDATES, st.integers(-50, 3_000))
def test_it_never_takes_more_than_there_is_room_for_and_always_the_same(found: list[Candidate], room: int) -> None:
    pieces = chosen(found, room)
    assert sum(piece.tokens + FRAME for piece in pieces) <= max(room, 0)
    assert all(piece.tokens == TOKENIZER.count(piece.text) <= piece.of for piece in pieces)
    assert pieces == chosen(found, room)


@given(CANDIDATES, st.integers(0, 3_000))
def test_a_role_has_its_share_whatever_the_others_want(found: list[Candidate], room: int) -> None:
    pieces = chosen(found, room)
    roles = {one.role for one in found if one.text}
    for role in roles & {"before", "after"}:
        mine = [one for one in found if one.role == role and one.text]
        share = room * SHARES[role] // sum(SHARES[other] for other in roles)
        used = sum(piece.tokens + FRAME for piece in pieces if piece.candidate.role == role)
        wanted = sum(TOKENIZER.count(one.text) + FRAME for one in mine)
        longest_line = max(TOKENIZER.count(line + "\n") for one in mine for line in one.text.split("\n"))
        # What is cut at a line's end may leave a line's room unused, and what is too small for anything.
        assert used >= min(wanted, share) - longest_line - FRAME - 40 * len(mine)


def test_one_greedy_role_does_not_starve_another() -> None:
    lines = "".join(f"line {n}\n" for n in range(5_000))
    found = [candidate("before", lines), candidate("example", "small\n" * 20), candidate("file", lines)]
    taken = {piece.candidate.role: piece for piece in chosen(found, 2_000)}
    assert taken["example"].text == "small\n" * 20
    assert taken["file"].tokens > 400
    assert taken["before"].tokens > 1_000
    # Before it stands what is nearest to the place, after it and in other files what comes first.
    assert taken["before"].text.endswith("line 4999\n")
    assert taken["file"].text.startswith("line 0\n")
    assert taken["before"].lines == (5_000 - taken["before"].text.count("\n") + 1, 5_000)


def test_room_that_a_role_does_not_need_goes_to_the_others() -> None:
    lines = "".join(f"line {n}\n" for n in range(5_000))
    alone = chosen([candidate("before", lines), candidate("after", "x\n")], 2_000)
    assert sum(piece.tokens + FRAME for piece in alone) > 1_950


def test_lines_are_those_of_the_file_also_behind_what_was_taken_out() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(["MIIEpAIBAAKCAQEA" + "x" * 48] * 12)
    text = f"first\n{key}\n-----END RSA PRIVATE KEY-----\nlast\n"
    [piece] = chosen([candidate("before", text)], 1_000)
    assert "MIIE" not in piece.text
    assert (piece.lines, piece.secrets) == ((1, 16), 1)


@given(TEXTS, TEXTS, TEXTS, CANDIDATES, st.integers(200, 4_000), st.integers(0, 3_000))
def test_a_prompt_fits_the_window_and_holds_the_selection_as_it_stands(
    before: str, selection: str, after: str, around: list[Candidate], tokens: int, surroundings: int
) -> None:
    window = Window(tokens, surroundings)
    files = [one for one in around if one.role in ("file", "example")]
    try:
        prompt = edit_prompt(
            instruction="Change it.",
            path="a/ü.txt",
            language="text",
            before=before,
            selection=selection,
            after=after,
            around=files,
            window=window,
        )
    except TooMuchForModel:
        return
    assert sum(TOKENIZER.count(one.content) for one in prompt.messages) < prompt.tokens <= tokens
    assert f"\n{selection}\n</selection-" in prompt.messages[-1].content


@given(st.lists(TEXTS.filter(bool), max_size=12), TEXTS, st.integers(400, 4_000))
def test_a_chat_fits_the_window_and_its_turns_are_the_newest_without_a_hole(
    turns: list[str], document: str, tokens: int
) -> None:
    # An answer is the newest: a question without one goes together with the question that is asked now.
    last = len(turns) - 1
    history = [ChatMessage("user" if (last - n) % 2 else "assistant", f"{n}: {text}") for n, text in enumerate(turns)]
    window = Window(tokens)
    prompt = chat_prompt(question="And now?", history=history, path="a", document=document, window=window)
    assert sum(TOKENIZER.count(one.content) for one in prompt.messages) < prompt.tokens <= tokens
    told = [int(one.content.partition(":")[0]) for one in prompt.messages[1:-1]]
    assert told == list(range(len(history)))[len(history) - len(told) :]


def test_a_selection_that_is_too_large_is_an_error_in_words_and_never_cut() -> None:
    with pytest.raises(JobFailed, match=r"^The selected text is too long for the model, which takes 2,000 tokens"):
        edit_prompt(
            instruction="x",
            path="a",
            language=None,
            before="",
            selection="word " * 3_000,
            after="",
            window=Window(tokens=2_000),
        )
    with pytest.raises(TooMuchForModel, match=r"Ask in fewer words\.$"):
        write_prompt(
            instruction="word " * 3_000, path="a", language=None, before="", after="", window=Window(tokens=2_000)
        )


def test_what_of_the_file_found_no_room_is_told_too() -> None:
    prompt = write_prompt(
        instruction="x", path="a", language=None, before="word " * 900, after="b", window=Window(surroundings=40)
    )
    [before, after] = [item for item in prompt.context if item["role"] in ("before", "after")]
    assert (before["tokens"], before["of"]) == (0, 901)
    assert after["of"] == 1
