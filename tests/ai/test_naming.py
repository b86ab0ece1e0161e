import pytest

from ai.proposals.naming import names_in


@pytest.mark.parametrize(
    ("selection", "instruction", "names"),
    [
        ("fetch_all", "Rename this to load_all everywhere.", ["fetch_all"]),
        ("  fetch_all( ", "Rename it.", ["fetch_all"]),
        ("", "Rename `total` to `sum`.", ["total"]),
        ("", "Rename fetch_all to load.", ["fetch_all"]),
        ("", "Rename total to amount everywhere", ["total"]),
        ("", "The class Parser should be called Reader", ["Parser"]),
        ("", "Rename the function fetchAll to loadAll", ["fetchAll"]),
        ("", "Use run() with a timeout", ["run"]),
        ("def area(w, h):\n    return w * h\n", "Take the size as one argument, everywhere.", ["area"]),
        ("", "Benenne „größe“ um: rename größe", ["größe"]),
        ("", "Make it nicer.", []),
        ("Some prose that is\nlonger.", "Translate everything.", []),
    ],
)
def test_names_are_found_in_what_people_say(selection: str, instruction: str, names: list[str]) -> None:
    assert names_in(selection, instruction) == names


def test_a_word_without_an_end_takes_no_time() -> None:
    assert names_in("", "A" + "a" * 300_000) == []
    assert names_in("", "A" + "a" * 300_000 + "B") != []
