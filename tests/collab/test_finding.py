import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.searching.finding import EXCERPT, MAX_QUERY, Found, InvalidQuery, Query, Text, fold

letters = st.sampled_from(list("aAbBéÉİßΣσ😀\n \t")) | st.characters(blacklist_categories=["Cs"])
texts = st.text(letters, max_size=60)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(texts, st.text(st.sampled_from(list("aAbéÉİσ😀")), min_size=1, max_size=3))
def test_lines_are_those_that_hold_the_query(text: str, query: str) -> None:
    folds = fold(query) == query
    expected = []
    for number, line in enumerate(text.split("\n"), 1):
        at = (fold(line) if folds else line).find(query)
        if at >= 0:
            expected.append(Found(number, utf16(line[:at]), line))
    assert list(Query(query).lines(Text(text))) == expected


@given(texts)
def test_folding_keeps_every_position(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)
    assert [fold(letter) for letter in text if letter != "Σ"] == [
        folded for letter, folded in zip(text, fold(text), strict=True) if letter != "Σ"
    ]


@pytest.mark.parametrize(
    ("query", "text", "columns"),
    [
        ("readme", "See README and Readme", [4]),
        ("Readme", "See README and Readme", [15]),
        ("straße", "STRAßE", [0]),
        ("éa", "ÉA", [0]),
        (".*", "a.*b", [1]),
        ("b", "😀😀b", [4]),
        ("i", "İi", [1]),
        ("x", "", []),
    ],
)
def test_case_and_columns(query: str, text: str, columns: list[int]) -> None:
    assert [found.column for found in Query(query).lines(Text(text))] == columns


@pytest.mark.parametrize("query", ["", "a\nb", "\0", "a\rb", "x" * (MAX_QUERY + 1)])
def test_what_no_line_can_hold(query: str) -> None:
    with pytest.raises(InvalidQuery):
        Query(query)


def test_a_long_line_is_cut_around_what_was_found() -> None:
    [found] = Query("needle").lines(Text("\n" + "a" * 5000 + "needle" + "b" * 5000 + "\nc"))
    assert (found.line, found.column) == (2, 5000)
    assert len(found.text) == EXCERPT + 2
    assert found.text.startswith("…aaa")
    assert "aneedleb" in found.text
    assert found.text.endswith("bbb…")
    [at_the_end] = Query("needle").lines(Text("a" * 5000 + "needle"))
    assert at_the_end.text == "…" + "a" * (EXCERPT - 6) + "needle"
    [at_the_beginning] = Query("needle").lines(Text("needle" + "b" * 5000))
    assert at_the_beginning.text == "needle" + "b" * (EXCERPT - 6) + "…"


def test_names() -> None:
    assert Query("read").in_name("docs/README.md") == 5
    assert Query("Read").in_name("docs/README.md") is None
    assert Query("e\u0301").in_name("caf\u00e9") == 3
    assert Query("s/R").in_name("docs/README.md") == 3


def test_ten_thousand_matches_in_one_text_cost_no_more_than_reading_it() -> None:
    found = list(Query("a").lines(Text("a" * 1000 + "\n" + "a\n" * 10_000)))
    assert len(found) == 10_001
    assert found[-1].line == 10_001
