"""Tokens: as OpenAI's own tokenizer counts them (`vectors/tokens.json` holds its answers), and the lines that fit."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ai.prompting.tokens import Tokenizer

VECTORS = json.loads((Path(__file__).parent / "vectors" / "tokens.json").read_text())
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("ab \n\n\t"), max_size=400)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['encoding']}-{vector['text'][:12]!r}")
def test_counts_are_those_of_the_models_own_tokenizer(vector: dict[str, object]) -> None:
    assert Tokenizer(str(vector["encoding"])).count(str(vector["text"])) == vector["tokens"]


def test_a_model_is_known_by_its_name() -> None:
    known = {
        "gpt-5.4-mini": "o200k_base",
        "gpt-4o": "o200k_base",
        "gpt-4": "cl100k_base",
        "gpt-4-turbo": "cl100k_base",
        "gpt-3.5-turbo": "cl100k_base",
        "openai/gpt-oss-20b": "o200k_harmony",
        "Qwen/Qwen3.5-27B": "qwen3.5",
        "o3-mini": "o200k_base",
    }
    assert {name: Tokenizer.of(name).encoding for name in known} == known
    assert all(Tokenizer.of(name).exact for name in known)
    assert not any(Tokenizer.of(name).exact for name in ("llama3.1:8b", "qwen3:8b", "claude-sonnet", ""))


@given(TEXTS, st.integers(0, 120))
@example("a\n" * 30, 10)
@example("a" * 300, 3)
@example(" " * 300, 1)
@example("no end of line but this\n", 3)
def test_the_beginning_and_the_end_fit_and_are_as_long_as_lines_let_them(text: str, most: int) -> None:
    tokenizer = Tokenizer()
    first, last = tokenizer.first(text, most), tokenizer.last(text, most)
    assert text.startswith(first)
    assert text.endswith(last)
    assert tokenizer.count(first) <= most
    assert tokenizer.count(last) <= most
    if tokenizer.count(text) <= most:
        assert (first, last) == (text, text)
    # Cut at a line's end, unless not even one line has room.
    if first != text and "\n" in first:
        assert first.endswith("\n")
    if last != text and "\n" in last.rstrip("\n"):
        assert text[: len(text) - len(last)].endswith("\n")


def test_of_a_long_text_as_much_is_taken_as_fits() -> None:
    tokenizer = Tokenizer()
    text = "".join(f"line number {n}\n" for n in range(20_000))
    first, last = tokenizer.first(text, 1_000), tokenizer.last(text, 1_000)
    for part in (first, last):
        assert 980 < tokenizer.count(part) <= 1_000
        assert part.startswith("line number ")
        assert part.endswith("\n")
