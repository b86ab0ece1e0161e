"""The words by which texts are found, and that each of them finds what it is from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.knowledge.words import MOST_IN_QUERY, MOST_LETTERS, query_words, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HTTPServer2", "httpserver2 http server 2"),
        ("parseURLs IDs userIDsList", "parseurls parse urls ids useridslist user ids list"),
        ("snake_case __init__ _private MAX_SIZE", "snake_case snake case init private max_size max size"),
        ("camelCase PascalCase", "camelcase camel case pascalcase pascal case"),
        ("sha256 v1.2", "sha256 sha 256 v1 v 1 2"),
        ("kebab-case src/app/main.test.ts", "kebab case src app main test ts"),
        ("_emphasis_ __all_items__ a___b", "emphasis all_items all items a___b a b"),
        ("Straße ÄRGER naïveÉcole", "strasse arger naiveecole naive ecole"),
        ("e\u0301te\u0301 co\u00adoperate", "ete cooperate"),
        ("Øre Łódź œuvre", "ore lodz oeuvre"),
        ("Ёлка ΣΊΣΥΦΟΣ", "елка σισυφοσ"),
        ("पानी हिन्दी", "पानी हिन्दी"),
        ("日本語のテスト2回", "日本 本語 語の のテ テス スト 2 回"),
        ("한국어 猫 ﾃｽﾄ", "한국 국어 猫 テス スト"),
        ("ภาษา", "ภา าษ ษา"),
        ("ＡＢＣ ﬁle ½ x²", "abc file 1 2 x2 x 2"),
        ("don't", "don t"),
        ("same same", "same same"),
        ("_ ___ \u0301 \u093f … 😀 +-*/ \n\0", ""),
        ("", ""),
    ],
)
def test_what_a_text_is_found_by(text: str, expected: str) -> None:
    assert words(text) == expected.split()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Where is the HTTPServer started?", "httpserver http server started"),
        ("Wo wird für die Tests über `is_valid` entschieden?", "tests is_valid valid entschieden"),
        ("to be or not to be", "to be or not"),
        ("chunk chunks chunk", "chunk chunks"),
        ("?!", ""),
    ],
)
def test_what_is_looked_for(asked: str, expected: str) -> None:
    assert query_words(asked) == expected.split()


def test_a_long_question_and_a_long_word_are_cut() -> None:
    assert query_words(" ".join(f"b{n}" for n in range(1_000)))[:4] == ["b0", "b", "0", "b1"]
    assert len(query_words(" ".join(f"b{n}" for n in range(1_000)))) == MOST_IN_QUERY
    assert words("x" * 100 + "_y")[0] == "x" * MOST_LETTERS


SIGNS = "aBsSzZ09_-.äßİıŉǅЙが가日ไ\u0e34\u0301\u0316\u093f\u3099ﷺ½㊀㊁ﾃ\u00ad\u200d😀 \n\0"
MIXED = st.text(st.sampled_from(SIGNS)) | st.text()


@given(MIXED)
def test_words_are_short_and_folded_and_each_finds_itself(text: str) -> None:
    for word in words(text):
        assert 0 < len(word) <= MOST_LETTERS
        assert any(map(str.isalnum, word))
        assert word == word.casefold()
        assert words(word)[0] == word
        assert query_words(word)[0] == word


@given(MIXED, MIXED)
def test_what_stands_apart_is_found_apart(one: str, other: str) -> None:
    assert words(f"{one}\n{other}") == words(one) + words(other)


@given(MIXED)
def test_a_question_finds_the_text_it_is(text: str) -> None:
    found = query_words(text)
    assert set(found) <= set(words(text))
    assert len(found) == len(set(found)) <= MOST_IN_QUERY
    assert bool(found) == bool(words(text))


@pytest.mark.alone
@pytest.mark.parametrize(
    "text", ["\u0301\u0316", "a", "aB", "a_", "_", "日", "é", "ﷺ", "\u0e34\u0e38", "가", "a1", "A", "As", "😀", "\n"]
)
def test_a_hostile_megabyte_comes_to_an_end(text: str) -> None:
    """In quadratic time it would take hours, and the suite gives up after minutes."""
    found = words(text * (1_000_000 // len(text)))
    assert max(map(len, found), default=0) <= MOST_LETTERS
