"""Every match of a query, the names by which matches are found again, and the paths that are searched."""

import re
import tracemalloc
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.refusals import DocumentTooLarge
from collab.replicas.edits import TextEdit
from collab.searching import matching
from collab.searching.finding import EXCERPT, InvalidQuery, Text
from collab.searching.globs import Globs
from collab.searching.matching import Matcher, Wanted
from collab.yjs.offsets import slice_utf16, utf16_length
from tests.support.work import work

LARGEST = 2**24

texts = st.text(st.sampled_from(list("aAbé😀\n _.")), max_size=80)


def found(text: str, query: str, *, case: bool = False, word: bool = False, regex: bool = False) -> list[str]:
    """Line, column and what stands there."""
    places = Matcher(Wanted(query, case, word, regex)).places(text).places
    return [f"{one.line}:{one.column} {slice_utf16(one.text, one.start, one.end)}" for one in places]


def replaced(text: str, query: str, replacement: str, chosen: list[int], *, regex: bool = False) -> str:
    matcher = Matcher(Wanted(query, regex=regex), replacement)
    places = matcher.places(text).places
    return carried_out(text, matcher.edits(text, {places[number].id for number in chosen}, LARGEST)[0])


def carried_out(text: str, edits: list[TextEdit]) -> str:
    units = text.encode("utf-16-le")
    for edit in reversed(edits):
        units = units[: 2 * edit.start] + edit.text.encode("utf-16-le") + units[2 * edit.end :]
    return units.decode("utf-16-le")


@given(texts, st.text(st.sampled_from(list("aAbé😀.")), min_size=1, max_size=2))
def test_every_place_and_no_other(text: str, query: str) -> None:
    expected = [
        f"{number}:{utf16_length(line[: match.start()])} {match.group()}"
        for number, line in enumerate(text.split("\n"), 1)
        for match in re.finditer(re.escape(query), line)
    ]
    assert found(text, query, case=True) == expected


@given(texts, st.sets(st.integers(0, 20)))
def test_what_is_chosen_is_replaced_and_nothing_else(text: str, chosen: set[int]) -> None:
    count = len(Matcher(Wanted("a", case=True)).places(text).places)
    numbers = iter(range(count))
    expected = re.sub("a", lambda match: "😀x" if next(numbers) in chosen else match.group(), text)
    matcher = Matcher(Wanted("a", case=True), "😀x")
    places = matcher.places(text).places
    edits, _ = matcher.edits(text, {place.id for number, place in enumerate(places) if number in chosen}, LARGEST)
    assert carried_out(text, edits) == expected


def test_options() -> None:
    text = "Room rooms ROOM\nbedroom room_2 room\n"
    assert found(text, "room", case=True) == ["1:5 room", "2:3 room", "2:8 room", "2:15 room"]
    assert found(text, "room", word=True) == ["1:0 Room", "1:11 ROOM", "2:15 room"]
    assert found(text, "r.om\\b", regex=True) == ["1:0 Room", "1:11 ROOM", "2:3 room", "2:15 room"]
    assert found("Größe größer", "GRÖSSE") == []
    assert found("Größe größer", "größe", word=True) == ["1:0 Größe"]
    assert found("café cafés", "caf.", word=True, regex=True) == ["1:0 café"]
    assert found("a.b axb", "a.b") == ["1:0 a.b"]


def joined(line: str, at: int) -> bool:
    return 0 < at < len(line) and all(sign == "_" or sign.isalnum() for sign in (line[at - 1], line[at]))


words = st.text(st.sampled_from(list("aAbé😀\n _.-")), max_size=80)


@given(words, st.text(st.sampled_from(list("aAbé😀_.-")), min_size=1, max_size=3))
def test_every_whole_word_and_no_other(text: str, query: str) -> None:
    expected = []
    for number, line in enumerate(text.split("\n"), 1):
        at = line.find(query)
        while at >= 0:
            fits = not (joined(line, at) or joined(line, at + len(query)))
            expected += [f"{number}:{utf16_length(line[:at])} {query}"] if fits else []
            at = line.find(query, at + len(query) if fits else at + 1)
    assert found(text, query, case=True, word=True) == expected


@given(words, st.sampled_from(["[aé]", "[-.]", "[a-b]|_", "[^a]", "é", "(?i)A"]))
def test_an_expression_for_one_character_finds_those_that_are_words(text: str, query: str) -> None:
    expected = [
        f"{number}:{utf16_length(line[: match.start()])} {match.group()}"
        for number, line in enumerate(text.split("\n"), 1)
        for match in re.finditer(query, line)
        if not (joined(line, match.start()) or joined(line, match.end()))
    ]
    assert found(text, query, case=True, word=True, regex=True) == expected


def test_an_expression_goes_on_to_the_end_of_a_word() -> None:
    assert found("room rooms", "room|rooms", word=True, regex=True) == ["1:0 room", "1:5 rooms"]
    assert found("été", "t.", word=True, regex=True) == []
    places = Matcher(Wanted("(a)(-)", word=True, regex=True), "$2$1$0").places("a- ba- a-").places
    assert [place.replacement for place in places] == ["-aa-"] * 2


@given(texts, st.text(st.sampled_from(list("aAbé😀.")), min_size=1, max_size=2), st.booleans(), st.booleans())
def test_what_is_counted_at_once_is_what_is_there(text: str, query: str, case: bool, word: bool) -> None:
    matcher = Matcher(Wanted(query, case, word))
    assert matcher.count(Text(text)) in (None, matcher.places(text).count)


def test_what_is_no_word_is_not_looked_at() -> None:
    assert work(lambda: Matcher(Wanted("xx", word=True)).places("x" * 1000 + "\n" + "xxx " * 1000)) < 500
    assert work(lambda: Matcher(Wanted("x", word=True)).places("x " * 1000, most=0)) > 1000, "it counts"


def test_who_looks_far_behind_each_match_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a\n" * 1000
    first = Matcher(Wanted("a", word=True)).places(text, patience=0.0)
    assert (first.count, first.whole) == (1, False)
    monkeypatch.setattr(matching, "PATIENCE", 0.0)
    matcher = Matcher(Wanted("a"), "b")
    assert carried_out(text, matcher.edits(text, {matcher.places(text).places[0].id}, LARGEST)[0]) == "b" + text[1:]


def test_what_would_lie_in_two_lines_is_not_looked_for() -> None:
    text = "x\n" * 20_000 + "z"
    assert Matcher(Wanted("x[^z]*z", regex=True)).places(text, patience=1.0) == matching.Places(0, [], True)


def test_an_expression_stays_in_its_line() -> None:
    assert found("end  \nnext", r"end\s+", regex=True) == ["1:0 end  "]
    assert found("one\n\ntwo\n", r"^\w", regex=True) == ["1:0 o", "3:0 t"]
    assert found("one\ntwo", r"[^x]+$", regex=True) == ["1:0 one", "2:0 two"]
    assert found("one\ntwo", r"one\stwo", regex=True) == []


def test_an_expression_with_alternatives_is_one_expression() -> None:
    assert found("a\nb\n", "^a$|^b$", regex=True) == ["1:0 a", "2:0 b"]


@pytest.mark.parametrize("query", ["(a", "a*", "", "[", "a)|(b", "^", r"\b", r"a|\B", "x" * 201, "a\nb", r"(?P<a>b)\1"])
def test_what_is_no_expression(query: str) -> None:
    with pytest.raises(InvalidQuery):
        Matcher(Wanted(query, regex=True))


@pytest.mark.parametrize("replacement", ["$3", "x" * 10_001, "a\0", "a\rb"])
def test_what_nothing_can_become(replacement: str) -> None:
    with pytest.raises(InvalidQuery):
        Matcher(Wanted("(a)(b)?", regex=True), replacement)


def test_groups_in_a_replacement() -> None:
    assert replaced("me@home", r"(\w+)@(\w+)", r"$2: $1 $$1 \\n", [0], regex=True) == r"home: me $1 \n"
    assert replaced("ab", "(a)|(x)", r"[$2$0$&]\n\t", [0], regex=True) == "[aa]\n\tb"
    assert replaced("a.b", ".", r"$1\n", [0]) == r"a$1\nb"


def test_what_becomes_of_one_match_has_an_end() -> None:
    matcher = Matcher(Wanted(".+", regex=True), "$0" * 5000)
    text = "short\n" + "x" * 201
    with pytest.raises(InvalidQuery, match="line 2 would become more than 1000000 characters"):
        matcher.places(text)
    first, second = (place.id for place in Matcher(Wanted(".+", regex=True)).places(text).places)
    assert matcher.edits(text, {first}, LARGEST)[1] == {first}
    with pytest.raises(InvalidQuery, match="line 2"):
        matcher.edits(text, {second}, LARGEST)


def test_what_becomes_of_all_has_an_end() -> None:
    matcher = Matcher(Wanted(".+", regex=True), "é$0" * 1000)
    text = "\n".join(["x" * 999] * 10)
    with pytest.raises(InvalidQuery, match="more than 5000000 characters"):
        matcher.places(text)
    assert len(matcher.places(text, most=5).places) == 5
    chosen = {place.id for place in Matcher(Wanted(".+", regex=True)).places(text).places}
    assert sum(len(edit.text.encode()) for edit in matcher.edits(text, chosen, 10_010_000)[0]) == 10_010_000
    with pytest.raises(DocumentTooLarge):
        matcher.edits(text, chosen, 10_009_999)


def test_matches_page_by_page() -> None:
    text = "a\naa\na"
    places = Matcher(Wanted("a")).places(text).places
    page = Matcher(Wanted("a"), "b").places(text, skip=1, most=2)
    assert (page.count, [place.id for place in page.places]) == (4, [place.id for place in places[1:3]])
    assert Matcher(Wanted("a")).places(text, skip=4).places == []


def test_groups_in_groups_take_no_memory() -> None:
    text = "x" * 1_000_000
    tracemalloc.start()
    try:
        Matcher(Wanted("(" * 90 + ".+" + ")" * 90, regex=True)).places(text)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_match_is_found_again_or_not_at_all() -> None:
    matcher = Matcher(Wanted("old"), "new")
    first, second, other = (place.id for place in matcher.places("old\nx\nold\nthe old one\n").places)

    def after(text: str, *chosen: str) -> tuple[str, int]:
        edits, there = matcher.edits(text, set(chosen), LARGEST)
        return carried_out(text, edits), len(there)

    assert after("above\nold\nx, and more\n\nold\nthe old one\n", second) == (
        "above\nold\nx, and more\n\nnew\nthe old one\n",
        1,
    )
    assert after("old\nold\nthe old ones\n", other, first) == ("new\nold\nthe old ones\n", 1)
    assert after("old\nx\nthe old one\n", first) == ("new\nx\nthe old one\n", 1), "it has its neighbours"
    assert after("old\nx\nthe old one\n", second) == ("old\nx\nthe old one\n", 0)
    assert after("y\nold\nthe old one\n", first, second) == ("y\nold\nthe old one\n", 0), "nobody knows which"
    text = "old\nx\nold\nthe old one\nx\nold\nthe old one\n"
    assert after(text, first, second) == ("new" + text[3:], 1), "two have the neighbours of the second"
    assert after("old\nx\nold\nnot the old one\n", other) == ("old\nx\nold\nnot the old one\n", 0)


def test_of_too_many_matches_none_is_mistaken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST_IN_TEXT", 3)
    matcher = Matcher(Wanted("a"), "b")
    text = "a\n" * 5
    looked = matcher.places(text)
    assert (len(looked.places), looked.whole) == (3, False)
    assert carried_out(text, matcher.edits(text, {looked.places[1].id}, LARGEST)[0]) == "a\nb\n" + "a\n" * 3
    assert matcher.edits("a\n" + text, {looked.places[1].id}, LARGEST) == ([], set())


def test_a_long_line_shows_its_match() -> None:
    [place] = Matcher(Wanted("needle")).places("é😀" * 2000 + "needle" + "b" * 5000).places
    assert place.column == 6000
    assert place.text.encode("utf-16-le")[2 * place.start : 2 * place.end].decode("utf-16-le") == "needle"
    assert len(place.text) == EXCERPT + 2
    [longer] = Matcher(Wanted("a+", regex=True)).places("a" * 5000).places
    assert (longer.length, longer.start, longer.end) == (5000, 0, EXCERPT)


def test_an_expression_that_others_stumble_over_takes_no_longer() -> None:
    assert found("a" * 100_000 + "!", "(a+a+)+$", regex=True) == []


@pytest.mark.parametrize(
    ("patterns", "fitting"),
    [
        ("", {"a.md", "docs/b.md", "docs/old/c.md", "src/docs/d.py"}),
        ("*.md", {"a.md", "docs/b.md", "docs/old/c.md"}),
        ("docs", {"docs/b.md", "docs/old/c.md", "src/docs/d.py"}),
        ("docs/", {"docs/b.md", "docs/old/c.md", "src/docs/d.py"}),
        ("/docs", {"docs/b.md", "docs/old/c.md"}),
        ("docs/*.md", {"docs/b.md"}),
        ("docs/**.md", {"docs/b.md", "docs/old/c.md"}),
        ("**/old", {"docs/old/c.md"}),
        ("src/**/d.py", {"src/docs/d.py"}),
        ("DOCS, !old ,", {"docs/b.md", "src/docs/d.py"}),
        ("!docs", {"a.md"}),
        ("?.md, !docs/?.md", {"a.md", "docs/old/c.md"}),
        ("[a].md", set()),
    ],
)
def test_paths(patterns: str, fitting: set[str]) -> None:
    paths = Globs(patterns)
    assert {path for path in ("a.md", "docs/b.md", "docs/old/c.md", "src/docs/d.py") if paths.fit(path)} == fitting


@pytest.mark.parametrize("pattern", ["cafe\u0301.md", "e\u0301t?", "!cafe\u0301", "**/u\u0308"])
def test_paths_as_a_mac_types_them(pattern: str) -> None:
    for path in ("café.md", "café/x", "été", "ü", "a/ü/x", "e"):
        assert Globs(pattern).fit(path) is Globs(normalize("NFC", pattern)).fit(path)
    assert Globs("e\u0301?").fit("éa")


def test_too_many_paths() -> None:
    with pytest.raises(InvalidQuery):
        Globs("a," * 501)
