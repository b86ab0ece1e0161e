from hypothesis import given
from hypothesis import strategies as st

from ai.answers.matching import Ambiguous, Fitting, Missing, Place, locate, nearest_to

TEXT = """def first(a):
    if a:
        return 'one'

    return "two"


def second(a):
    if a:
        return 'one'
    return 3
"""


def found(search: str, text: str = TEXT) -> str:
    place = locate(text, search.splitlines(keepends=True))
    assert isinstance(place, Place), place
    return text[place.start : place.end]


def replaced(search: str, replacement: str, text: str = TEXT) -> str:
    lines = search.splitlines(keepends=True)
    place = locate(text, lines)
    assert isinstance(place, Place), place
    fitting, new = Fitting(place, lines), ""
    for line in replacement.splitlines(keepends=True):
        new += fitting.push(line)
    base = text[place.start : place.end]
    new += fitting.finish(line_end=place.whole_lines and base.endswith("\n"))
    return text[: place.start] + new + text[place.end :]


def test_lines_are_found_where_they_are() -> None:
    assert found("    return 3\n") == "    return 3\n"
    assert found('    return "two"\n\n\ndef second(a):\n') == '    return "two"\n\n\ndef second(a):\n'


def test_lines_that_are_there_twice_are_ambiguous_also_with_other_blank_space() -> None:
    assert locate(TEXT, ["        return 'one'\n"]) == Ambiguous(2)
    assert locate(TEXT, ["    return 'one'  \n"]) == Ambiguous(2)
    assert locate(TEXT, ["return\n"]) == Ambiguous(4)
    assert locate("a\n\n\nb\na\nb\n", ["a\n", "b\n"]) != Ambiguous(2)  # one of them as it is


def test_lines_that_are_nowhere_come_with_those_that_are_near() -> None:
    search = ["def second(a):\n", "    if b:\n", "        return 'one'\n"]
    assert locate(TEXT, search) == Missing()
    assert nearest_to(TEXT, search) == "def second(a):\n    if a:\n        return 'one'\n"
    assert nearest_to(TEXT, ["def third(b):\n", "    pass\n"]) == ""
    assert locate(TEXT, ["\n", "  \n"]) == Missing()
    assert locate("", ["a\n"]) == Missing()


def test_a_replacement_gets_the_indentation_that_its_search_lacked() -> None:
    assert replaced(
        "if a:\n    return 'one'\nreturn 3\n", "if a:\n    return 'one'\nelse:\n    return 4\n"
    ) == TEXT.replace("    return 3\n", "    else:\n        return 4\n")
    tabs = TEXT.replace("    ", "\t")
    assert replaced(
        "def second(a):\n    if a:\n", "def second(a):\n    if not a:\n        pass\n", tabs
    ) == tabs.replace("def second(a):\n\tif a:\n", "def second(a):\n\tif not a:\n\t\tpass\n")


def test_other_indentation_that_is_no_shift_is_other_text() -> None:
    assert isinstance(locate(TEXT, ["def second(a):\n", "if a:\n"]), Missing)


def test_typographic_quotes_are_a_models_own_where_the_text_has_none() -> None:
    assert replaced("    return “two”\n", "    return “2”\n") == TEXT.replace('"two"', '"2"')
    assert replaced("She said “no”.\n", "She said “yes”.\n", "She said “no”.\n") == "She said “yes”.\n"


def test_a_piece_of_a_line_is_replaced_alone() -> None:
    assert replaced("return 3\n", "return 4\n") == TEXT.replace("return 3", "return 4")
    assert replaced("second(a):\n    if a:\n", "third(a):\n    if b:\n").count("def third(a):\n    if b:\n") == 1


def test_blank_lines_that_a_search_has_at_its_ends_and_the_text_lacks_do_not_come_in() -> None:
    assert replaced("\n    return 3\n\n", "\n    return 4\n\n") == TEXT.replace("return 3", "return 4")
    assert replaced("\n\ndef second(a):\n", "\n\n\ndef second(a):\n") == TEXT.replace("\n\n\ndef", "\n\n\n\ndef")


def test_a_text_without_a_last_line_end_stays_one() -> None:
    assert replaced("b\n", "c\nd\n", "a\nb") == "a\nc\nd"
    assert replaced("b\n", "", "a\nb") == "a\n"


def test_plain_quotes_are_a_models_own_where_the_text_has_others() -> None:
    text = "Größe: “naïve” – it’s a Zeile (‘so’)\n"
    plain = "Größe: \"naïve\" - it's a Zeile ('so')\n"
    assert replaced(plain, plain.replace("naïve", "klug").replace("so", "no"), text) == text.replace(
        "naïve", "klug"
    ).replace("so", "no")
    # Code around a quotation keeps its own.
    code = 'say("one")\nsay("two")\nsay("he said “no”")\n'
    said = code.replace("“", '"').replace("”", '"')
    assert replaced(said, said.replace("one", "1"), code) == code.replace("one", "1")


def test_each_line_has_the_quotes_of_the_line_that_it_comes_from() -> None:
    text = '# it’s “fine”\nname = "x"\n'
    said = '# it\'s "fine"\nname = "x"\n'
    new = '# it\'s "better"\nname = "y" + get("z")\nother = "q"\n'
    assert replaced(said, new, text) == '# it’s “better”\nname = "y" + get("z")\nother = "q"\n'
    prose = "She said “no”.\nHe said “yes”.\n"
    plain = prose.replace("“", '"').replace("”", '"')
    assert replaced(plain, plain + 'They left, "gladly".\n', prose) == prose + "They left, “gladly”.\n"


LINES = st.lists(st.sampled_from(["a", "  b", "    c", "\td", "", "“e”", "x = 'f'  "]), max_size=12)


@given(LINES, LINES, LINES, st.booleans())
def test_whatever_is_searched_what_is_replaced_was_searched(
    text: list[str], search: list[str], replacement: list[str], ends: bool
) -> None:
    whole = "\n".join(text) + ("\n" if ends and text else "")
    lines = [line + "\n" for line in search]
    place = locate(whole, lines)
    if not isinstance(place, Place):
        return
    base = whole[place.start : place.end]
    flat = str.maketrans("“”", '""')
    wanted = [line.strip().translate(flat) for line in search if line.strip()]
    assert [line.strip().translate(flat) for line in base.split("\n") if line.strip()] == wanted
    fitting = Fitting(place, lines)
    new = "".join(fitting.push(line + "\n") for line in replacement) + fitting.finish(line_end=base.endswith("\n"))
    kept = [line.strip().translate(flat) for line in replacement if line.strip()]
    assert [line.strip().translate(flat) for line in new.split("\n") if line.strip()] == kept


@given(LINES)
def test_a_block_that_changes_nothing_changes_nothing(lines: list[str]) -> None:
    whole = "".join(line + "\n" for line in ["start", *lines, "end"])
    spelled = [line + "\n" for line in ["start", *lines, "end"]]
    place = locate(whole, spelled)
    assert isinstance(place, Place)
    fitting = Fitting(place, spelled)
    new = "".join(map(fitting.push, spelled)) + fitting.finish(line_end=True)
    assert whole[: place.start] + new + whole[place.end :] == whole
