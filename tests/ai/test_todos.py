"""TODOs that are addressed to the assistant."""

import random

import pytest

from ai.notices.todos import MOST_SAID, todos


@pytest.mark.parametrize(
    ("text", "what", "about"),
    [
        (
            "a = 1\n\n# TODO(assistant): add a docstring\ndef f():\n    return 1\n\n\ndef g():\n    pass\n",
            "add a docstring",
            "# TODO(assistant): add a docstring\ndef f():\n    return 1",
        ),
        (
            "def f(x):\n    y = 1\n    # TODO @assistant: handle None\n    return x\n\ndef g(): pass\n",
            "handle None",
            "    y = 1\n    # TODO @assistant: handle None\n    return x",
        ),
        (
            "# Title\n\nOne.\nTODO(ai): shorten this\nmore\n\nNext\n",
            "shorten this",
            "One.\nTODO(ai): shorten this\nmore",
        ),
        (
            "<!-- todo(@scriptorium) write about the weather -->\n\nIt rains.\nMuch.\n\nOther\n",
            "write about the weather",
            "<!-- todo(@scriptorium) write about the weather -->\n\nIt rains.\nMuch.",
        ),
        (
            "x\n\n// TODO(assistant): loop\n// over all\n\nfunction f() {\n  a\n\n  b\n}\n\nfunction g() {}\n",
            "loop",
            "// TODO(assistant): loop\n// over all\n\nfunction f() {\n  a\n\n  b\n}",
        ),
        ("{# TODO: @ai translate #}", "translate", "{# TODO: @ai translate #}"),
        ("x = 1  # TODO(ai): name it\n", "name it", "x = 1  # TODO(ai): name it"),
        ("- [ ] TODO(ai): list them\n", "list them", "- [ ] TODO(ai): list them"),
    ],
    ids=[
        "above a function",
        "in a function",
        "in a paragraph",
        "above a paragraph",
        "two lines",
        "template",
        "behind code",
        "in a list",
    ],
)
def test_what_is_to_be_done_and_with_what(text: str, what: str, about: str) -> None:
    [todo] = todos(text)
    assert (todo.what, text[todo.start : todo.end]) == (what, about)
    assert text[todo.at :].lower().startswith("todo")


@pytest.mark.parametrize(
    "text",
    [
        "# TODO: mend this\n",
        "# TODO(ann): mend this\n",
        "# TODO @aiko: mend this\n",
        "# TODO(assistant):\n",
        "# TODO(assistant): */\n",
        "The assistant has a TODO list.\n",
        "Write `TODO(assistant): sum the prices` above it.\n",
        "Whoever says TODO(assistant): it is done.\n",
        's = "TODO(assistant): here"\n',
    ],
)
def test_what_is_left_to_people_or_says_nothing_is_none(text: str) -> None:
    assert list(todos(text)) == []


def test_none_within_another_and_none_is_long() -> None:
    text = "".join(f"TODO(ai): number {number}\n\n\n" for number in range(6))
    assert [todo.what for todo in todos(text)] == ["number 0", "number 2", "number 4"]
    [long] = todos("TODO(ai): " + "x" * 5_000)
    assert long.what == "x" * MOST_SAID
    [spaces] = todos("# TODO(ai): a" + " " * 100_000 + "b\n")
    assert spaces.what == "a"


@pytest.mark.parametrize("seed", range(100))
def test_whatever_the_text_is_what_it_is_about_are_whole_lines_around_it(seed: int) -> None:
    draw = random.Random(seed)
    parts = [
        "TODO(ai): do it",
        "# TODO @assistant: that",
        "😀",
        "\n",
        "\n\n",
        "    ",
        "text",
        "-->",
        "\t",
        "\r\n",
        "// ",
    ]
    text = "".join(draw.choice(parts) for _ in range(draw.randint(0, 120)))
    before = 0
    for todo in todos(text):
        assert before <= todo.start <= todo.at < todo.end <= len(text)
        assert todo.start == 0 or text[todo.start - 1] == "\n"
        assert todo.end == len(text) or text[todo.end] == "\n"
        start, end = todo.selection(text)
        assert text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le") == text[todo.start : todo.end]
        before = todo.end
