"""Texts in chunks: all of them is there, each is where it says, and an edit changes only those around it."""

import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.knowledge.chunking import MOST, Chunk, chunks
from ai.knowledge.code import LANGUAGES, MOST_PARSED
from ai.languages import KNOWN

ROOT = Path(__file__).resolve().parents[2]
BODY = "".join(f"        value = value * {n} + offset\n" for n in range(25))


def checked(text: str, language: str | None) -> list[Chunk]:
    """The chunks, of which everything is true that is promised of them."""
    found = chunks(text, language)
    lines = text.split("\n")
    covered: set[int] = set()
    at = 0
    for one in found:
        assert one.text.strip()
        assert len(one.text) <= MOST
        assert one.text in "\n".join(lines[one.first - 1 : one.last])
        if all(len(line) <= MOST for line in lines[one.first - 1 : one.last]):
            assert one.text == "\n".join(lines[one.first - 1 : one.last])
        covered.update(range(one.first, one.last + 1))
        at = text.index(one.text, at) + len(one.text)
    assert [n for n, line in enumerate(lines, 1) if line.strip() and n not in covered] == []
    for before, after in pairwise(found):
        assert before.last < after.first or (before.last == after.first and len(lines[before.last - 1]) > MOST)
    for number, line in enumerate(lines, 1):
        if len(line) > MOST:
            pieces = [one.text for one in found if one.first == number]
            assert "".join("".join(pieces).split()) == "".join(line.split())
    return found


def test_a_long_class_is_cut_between_its_methods_and_what_stands_above_them_stays_with_them() -> None:
    methods = "".join(
        f"    # About {name}.\n    @decorated\n    def {name}(self, value, offset):\n{BODY}        return value\n\n"
        for name in ("first", "second", "third")
    )
    fields = "".join(f"    a_long_name_of_field_{n}: int\n" for n in range(20))
    text = f'"""What it is."""\n\nimport os\n\n\n@dataclass\nclass Thing(Base):\n{fields}\n{methods}'
    head, first, second, third = checked(text, "python")
    assert (head.within, head.text.split("\n")[-1]) == ((), "    a_long_name_of_field_19: int")
    for one, name in ((first, "first"), (second, "second"), (third, "third")):
        assert one.within == ("Thing", name)
        assert one.text.startswith(f"    # About {name}.\n    @decorated\n    def {name}(")
        assert one.text.endswith("return value")


@pytest.mark.parametrize(
    ("language", "text", "within"),
    [
        ("python", "class A:\n    async def f(self):\n{}", ("A", "f")),
        ("javascript", "export class A {{\n    f(x) {{\n{}    }}\n}}\n", ("A", "f")),
        ("javascript", "export const f = async (x) => {{\n{}}}\n", ("f",)),
        (
            "typescript",
            "export namespace N {{\n  class A<T> {{\n    f(x: T) {{\n{}}}}}}}",
            ("N", "A", "f"),
        ),
        ("typescript", "function F() {{\n{}  return <b>{{x}}</b>\n}}\n", ("F",)),
        ("go", "package a\nfunc (s *S) F(x int) {{\n{}}}\n", ("F",)),
        ("rust", "impl Thing for A {{\n    #[inline]\n    pub fn f(&self) {{\n{}    }}\n}}\n", ("A", "f")),
        ("java", "class A {{\n    @Override\n    public int f(int x) {{\n{}    }}\n}}\n", ("A", "f")),
        ("c", "static int *f(int x)\n{{\n{}}}\n", ("f",)),
        ("c", "namespace n {{ class A {{\npublic:\n    int f() {{\n{}}}\n}};\n}}\n", ("n", "f")),
        ("cpp", "namespace n {{\ntemplate <class T>\nint A::f(T x) {{\n{}}}\n}}\n", ("n", "A::f")),
        ("csharp", "namespace N {{\n  public class A {{\n    int F(int x) {{\n{}    }}\n  }}\n}}\n", ("N", "A", "F")),
        ("ruby", "module N\n  class A\n    def f(x)\n{}    end\n  end\nend\n", ("N", "A", "f")),
        ("php", "<?php\nclass A {{\n    public function f($x) {{\n{}    }}\n}}\n", ("A", "f")),
        ("shell", "f() {{\n{}}}\n", ("f",)),
    ],
)
def test_a_chunk_says_what_it_is_in(language: str, text: str, within: tuple[str, ...]) -> None:
    body = "".join(f"        value = {n};\n\n" for n in range(300))
    if language in ("python", "ruby", "shell", "go"):
        body = body.replace(" = ", "=").replace(";", "")
    found = checked(text.format(body), language)
    assert len(found) > 1
    assert found[len(found) // 2].within == within


def test_every_language_with_a_grammar_has_a_name() -> None:
    assert LANGUAGES <= KNOWN


def test_sections_of_markdown() -> None:
    words = "Some words about it. " * 30
    text = (
        f"---\ntitle: x\n---\n# One #\n\n{words}\n\nTwo\nlines\n---\n\n{words}\n\n"
        f"```sh\n# no heading\n```\n\n{words}\n\n### Three\n\n{words}\n\n## Four\n\n- {words}\n- {words}\n\n"
        f"One\n===\n{words}"
    )
    found = [(one.text.split("\n")[0][:9], one.within) for one in checked(text, "markdown")]
    assert found == [
        ("---", ()),
        ("Two", ("One", "Two lines")),
        ("### Three", ("One", "Two lines", "Three")),
        ("## Four", ("One", "Four")),
        ("One", ("One",)),
    ]


def test_what_is_one_thing_stays_together_and_small_ones_come_together() -> None:
    fence = "```\n" + "".join(f"line {n}\n" for n in range(200)) + "```"
    found = checked(f"# A\n\n{'words ' * 100}\n\n{fence}\n\n{'words ' * 100}\n", "markdown")
    assert any(fence in one.text for one in found)
    small = "".join(f"def f{n}():\n    return {n}\n\n\n" for n in range(400))
    sizes = [len(one.text) for one in checked(small, "python")]
    assert min(sizes) >= 400
    assert 900 < sum(sizes) / len(sizes) < 1_500


def test_lines_and_what_is_around_are_counted_from_where_the_text_is() -> None:
    [one] = chunks("\n# A\n\ntext\n", "markdown", 10, ("page 3",))
    assert one == Chunk("# A\n\ntext", 11, 13, ("page 3", "A"))


# ---- whatever the text

PIECES = [
    *(
        line + "\n"
        for line in ("# T", "## T", "===", "---", "```", "~~~~py", "- item", "  text", "| a | b |", "", "\r")
    ),
    *(line + "\n" for line in ("def f(x):", "class A:", "    def g(self):", "        return 1", "@d", "# c", "{", "}")),
    *(line + "\n" for line in ("function f() {", " */", "//", "end", "EOF", "#if X", "<?php", "\\", "x" * 700)),
    *("/* ", "`${", "<div>", "<<EOF\n", '"""', "'", "(", ")", ";", "\t", "\0", "\ufeff", "😀", "é", "\r", "\x0c"),
    *("\u2028", "word " * 200 + "\n", "x" * 5_000, " " * 3_000),
]
NAMES = [None, "markdown", "text", "yaml", "csv", *sorted(LANGUAGES)]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=20), max_size=120).map("".join), st.sampled_from(NAMES))
def test_any_text_has_its_chunks(text: str, language: str | None) -> None:
    checked(text, language)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_character_is_too_much_for_a_grammar(language: str) -> None:
    """In a process of its own: the grammar of shells reads past a table of the C library, which may end the process."""
    program = (
        "import sys; from ai.knowledge.chunking import chunks\n"
        "for code in (*range(0x80, 0xD800, 0x97), *range(0xE000, 0x110000, 0x1F97)):\n"
        "    for text in (f'{{{chr(code)}', f'{chr(code)}() {{ {chr(code)}; }}'): chunks(text, sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", program, language], cwd=ROOT, check=True)


def test_a_shell_function_keeps_its_name_in_any_script() -> None:
    body = "".join(f"    echo {n} && echo '😀 言' {n}\n" for n in range(300))
    found = checked(f"# 言葉 😀\n説明é😀() {{\n{body}}}\n", "shell")
    assert len(found) > 1
    assert {one.within for one in found} == {("説明é😀",)}


@pytest.mark.parametrize("seed", range(20))
def test_source_that_was_torn_has_its_chunks(seed: int) -> None:
    chance = random.Random(seed)
    lines = chance.choice([PYTHON, MARKDOWN]).split("\n")
    for _ in range(30):
        at = chance.randrange(len(lines))
        lines[at : at + chance.randrange(4)] = [lines[chance.randrange(len(lines))][chance.randrange(20) :]]
    text = "\n".join(lines)
    checked(text, chance.choice(NAMES))
    checked(text[chance.randrange(len(text)) :], chance.choice(NAMES))


@pytest.mark.alone
@pytest.mark.parametrize(
    "text",
    [
        "(" * 300_000,
        "{" * 100_000 + "}" * 100_000,
        "".join(" " * n + "if x:\n" for n in range(500)),
        "".join(" " * n + f"def f{n}():\n" for n in range(500)),
        "function f() {\n" * 10_000,
        "class A {\n" * 10_000 + "}\n" * 10_000,
        "`${\n" * 50_000,
        "x" * 5_000_000,
        "x = 1; " * 300_000,
        "\n" * 400_000,
        "\r\n" * 200_000,
        "x\n" * 200_000,
        "\0" * 300_000,
        "# a\n" * 60_000,
        "###### a\n# b\n" * 20_000,
        "a\n=\n" * 50_000,
        "a\n" * 50_000 + "=\n",
        "```\n" * 60_000,
        "- " * 100_000,
        "-\n" * 100_000,
        "😀\n" * 100_000,
        " " * 1_000_000 + "x",
        "=" * 1_000_000 + "x",
        '"""\n' * 20_000,
    ],
    ids=lambda text: repr(text[:12]),
)
@pytest.mark.parametrize("language", [None, "markdown", "python", "typescript", "cpp"])
def test_a_hostile_text_comes_to_an_end(text: str, language: str | None) -> None:
    """In quadratic time it would take hours, and the suite gives up after minutes."""
    found = chunks(text, language)
    assert max((len(one.text) for one in found), default=0) <= MOST


# ---- edits

PYTHON = "\n".join("".join((ROOT / path).read_text() for path in ("collab/aside.py", "storage/events.py")).split("\n"))
MARKDOWN = (ROOT / "docs/decisions.md").read_text()


def edited(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            lines[at] += " word"
        case 1:
            lines.insert(at, lines[chance.randrange(len(lines))])
        case 2:
            lines[at:at] = ["", "Something = new", ""]
        case 3:
            del lines[at]
        case _:
            del lines[at : at + chance.randrange(8)]
    return "\n".join(lines)


@pytest.mark.parametrize("language", ["python", "markdown", "text", "yaml"])
def test_an_edit_changes_few_chunks(language: str) -> None:
    chance = random.Random(7)
    source = [PYTHON, MARKDOWN][language in ("markdown", "text")]
    while source.count("\n") < 1_000:
        source += source.replace("e", "ee").replace("s", "ss")
    text = "\n".join(source.split("\n")[:1_000])
    known = {one.text for one in chunks(text, language)}
    assert len(known) > 20
    new = [len({one.text for one in chunks(edited(text, chance), language)} - known) for _ in range(100)]
    assert sum(new) / len(new) <= 3
    # Half of them change one or two; it is code that no longer parses which changes more.
    assert sorted(new)[75] <= 3


def test_a_line_at_the_beginning_changes_one_chunk_at_any_size() -> None:
    text = "".join(f"def f{n}(x):\n    return x * {n}\n\n\n" for n in range(3_000))
    for language in ("python", None):
        known = {one.text for one in chunks(text, language)}
        assert len({one.text for one in chunks("import os\n\n" + text, language)} - known) <= 2
    assert len(text) <= MOST_PARSED
